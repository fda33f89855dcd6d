//! When a page asks for a number: `want: auto` and the site's `lease_when`, on a real Redis; and the
//! other settings that a reply tells.

use ringtrace::config::model::Config;
use serde_json::{Value, json};

use crate::support::edge::{edge, one_site, view};
use crate::support::redis::TestRedis;
use crate::support::world::{START, config, number, site_json};

fn with_snippet(snippet: Value) -> Config {
    let mut site = site_json("demo", 2, json!({}));
    site["snippet"] = snippet;
    config(json!([site]))
}

fn auto(page: &str, seq: u32) -> Value {
    let mut asked = view(page, seq);
    asked["want"] = json!("auto");
    asked["url"] = json!("https://www.example.com/");
    asked
}

#[actix_web::test]
async fn without_a_setting_auto_is_now_and_nothing_is_told() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let reply = edge.ask("/v1/lease", &auto("page-one", 1)).await;
    assert_eq!(reply["targets"][0]["tracking"]["number"], number(0).as_str());
    assert!(reply.get("lease_when").is_none() && reply.get("link").is_none());
    assert_eq!(reply["mode"], "full");
    let session = edge.visits().await.remove(0).session.to_string();
    assert_eq!(reply["session_id"], session);
}

#[actix_web::test]
async fn a_page_that_waits_is_counted_once_and_takes_nothing_until_it_wants_it() {
    let when = json!({ "visible": true, "after": "5s" });
    let edge = edge(with_snippet(json!({ "lease_when": when })), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &auto("page-one", 1)).await;
    let target = &first["targets"][0];
    assert_eq!((&target["tier"], &target["reason"]), (&json!("original"), &json!("not_wanted")));
    assert_eq!(target["forms"].as_array().map(Vec::len), Some(2), "all forms: {target}");
    assert_eq!(first["lease_when"], json!({ "visible": true, "after_s": 5 }));
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 1, "the visit is counted");
    assert!(edge.keys_like("rt:*:lease:*").await.is_empty());

    let mut wants = auto("page-one", 2);
    wants["want"] = json!("now");
    wants["session"] = first["session"].clone();
    let got = edge.ask("/v1/lease", &wants).await;
    assert_eq!(got["targets"][0]["tracking"]["number"], number(0).as_str());
    assert!(got.get("lease_when").is_none(), "it waits no more");
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 1);

    // Later pages have it in the first reply, and keep it alive.
    edge.clock.set(START.plus(170_000));
    let mut later = auto("page-two", 1);
    later["session"] = got["session"].clone();
    let later_reply = edge.ask("/v1/lease", &later).await;
    assert_eq!(later_reply["targets"], got["targets"]);
    edge.clock.set(START.plus(340_000));
    later["seq"] = json!(2);
    assert_eq!(edge.ask("/v1/lease", &later).await["targets"], got["targets"]);
}

#[actix_web::test]
async fn a_session_whose_pool_was_used_up_waits_like_a_new_one() {
    let mut site = site_json("demo", 1, json!({ "overflow": [] }));
    site["snippet"] = json!({ "lease_when": { "after": "3s" } });
    let edge = edge(config(json!([site])), TestRedis::patient_handle).await;
    let mut holds = auto("page-one", 1);
    holds["want"] = json!("now");
    edge.ask("/v1/lease", &holds).await;

    let mut other = auto("page-two", 1);
    other["want"] = json!("now");
    let reply = edge.ask("/v1/lease", &other).await;
    assert_eq!(reply["targets"][0]["reason"], "pool_exhausted");
    let mut next = auto("page-xxx", 1);
    next["session"] = reply["session"].clone();
    let reply = edge.ask("/v1/lease", &next).await;
    assert_eq!(reply["targets"][0]["reason"], "not_wanted");
    assert_eq!(reply["lease_when"], json!({ "visible": false, "after_s": 3 }));
}

#[actix_web::test]
async fn a_number_that_is_on_the_page_is_not_waited_for() {
    let when = json!({ "lease_when": { "visible": true } });
    let edge = edge(with_snippet(when), TestRedis::patient_handle).await;
    let mut asked = auto("page-one", 1);
    asked["shown"] = json!({ "main": number(1).as_str() });
    let reply = edge.ask("/v1/lease", &asked).await;
    assert_eq!(reply["targets"][0]["tracking"]["number"], number(1).as_str());
}

#[actix_web::test]
async fn a_static_number_costs_nothing_and_is_there_at_once() {
    let mut site = site_json("demo", 1, json!({}));
    site["snippet"] = json!({ "lease_when": { "visible": true } });
    site["static_numbers"] = json!([{ "number": "+14155550199", "source": "profile" }]);
    site["trackers"] = json!([{ "target": "main", "number": "+14155550199" }]);
    let edge = edge(config(json!([site])), TestRedis::patient_handle).await;
    let reply = edge.ask("/v1/lease", &auto("page-one", 1)).await;
    assert_eq!(reply["targets"][0]["tier"], "source");
    assert_eq!(reply["targets"][0]["tracking"]["number"], "+14155550199");
}

#[actix_web::test]
async fn every_reply_tells_the_settings_and_the_written_forms() {
    let mut site = site_json("demo", 2, json!({}));
    site["targets"][0]["number"] = json!("+18003569377");
    site["targets"][0]["written"] = json!(["1-800-FLOWERS"]);
    site["snippet"] = json!({
        "exclude": ["+18005550199"], "attributes": ["data-phone"], "domains": ["shop.example.org"],
        "field": "ringtrace_session", "storage": "tab",
    });
    let edge = edge(config(json!([site])), TestRedis::patient_handle).await;
    let reply = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let settings = json!({
        "exclude": ["18005550199", "8005550199"], "attributes": ["data-phone"],
        "domains": ["shop.example.org"], "field": "ringtrace_session", "storage": "tab",
    });
    let are_told = |reply: &Value| {
        let mut settings = settings.as_object().expect("settings").iter();
        settings.all(|(name, value)| reply[name] == *value)
    };
    assert!(are_told(&reply), "{reply}");
    let letters = json!({ "digits": "18003569377", "letters": "1800FLOWERS", "form": "national" });
    let forms = reply["targets"][0]["forms"].as_array().expect("forms");
    assert!(forms.contains(&letters), "{forms:?}");
    assert_eq!(reply["targets"][0]["tracking"]["digits"]["national"], "4155550000");

    let beat = json!({
        "v": 1, "key": "pk_demo", "session": reply["session"], "page": "page-one", "seq": 2,
        "kind": "beat",
    });
    let told = edge.ask("/v1/beat", &beat).await;
    assert!(are_told(&told), "{told}");
    assert_eq!(told["session_id"], reply["session_id"]);
    let garbage = json!({ "session": "garbage" });
    let nobody = edge.ask("/v1/beat", &merged(&beat, &garbage)).await;
    assert!(nobody.get("session_id").is_none() && nobody.get("link").is_none());
}

fn merged(body: &Value, with: &Value) -> Value {
    let mut body = body.clone();
    for (name, value) in with.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}
