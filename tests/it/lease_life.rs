//! What changes in the life of a session, as the snippet tells it: consent, and numbers that a page
//! shows after their lease is over.

use actix_web::http::StatusCode;
use ringtrace::visit::model::Visit;
use serde_json::{Value, json};

use crate::support::edge::{edge, one_site, view};
use crate::support::redis::TestRedis;
use crate::support::world::START;

#[actix_web::test]
async fn consent_of_a_running_session_is_stored_and_kept_until_it_is_taken_back() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let mut asked = view("page-one", 1);
    asked["consent"] = json!({ "analytics": false, "ads": false });
    let denied = edge.ask("/v1/lease", &asked).await;
    assert!(denied.get("visitor").is_none());
    let stored = async || -> Visit { edge.visits().await.remove(0) };
    assert_eq!((stored().await.visitor, stored().await.consent.ads), (None, false));

    // The banner: same page, higher seq, other consent. Said twice, since the reply was lost.
    asked["session"] = denied["session"].clone();
    asked["consent"] = json!({ "analytics": true, "ads": true });
    for seq in [2, 3] {
        asked["seq"] = json!(seq);
        let granted = edge.ask("/v1/lease", &asked).await;
        assert_eq!(granted["targets"], denied["targets"]);
        assert!(granted["visitor"].is_string());
        assert!(stored().await.consent.ads && stored().await.visitor.is_some());
        assert_eq!(edge.keys_like("rt:*:visitor:demo:*").await.len(), 1);
        if seq == 3 {
            asked["session"] = granted["session"].clone();
            asked["visitor"] = granted["visitor"].clone();
        }
    }

    // The next page says nothing of consent, or the same: nothing changes, in one script.
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": asked["session"], "page": "page-one", "seq": 4,
        "kind": "beat",
    });
    let _: String = edge.redis(&["CONFIG", "RESETSTAT"]).await;
    assert!(edge.ask("/v1/beat", &beat).await["visitor"].is_string());
    asked["page"] = json!("page-two");
    assert!(edge.ask("/v1/lease", &asked).await["visitor"].is_string());
    let said = asked.as_object_mut().and_then(|asked| asked.remove("consent"));
    asked["page"] = json!("page-three");
    assert!(edge.ask("/v1/lease", &asked).await["visitor"].is_string());
    let stats: String = edge.redis(&["INFO", "commandstats"]).await;
    for calls in ["evalsha:calls=3,", "get:calls=3,", "set:calls=3,"] {
        assert!(stats.contains(&format!("cmdstat_{calls}")), "{stats}");
    }
    // Nor does a new session of the same visitor, who said so once.
    asked["session"] = Value::Null;
    asked["page"] = json!("page-four");
    assert!(edge.ask("/v1/lease", &asked).await["visitor"].is_string());
    assert!(said.is_some());

    // Taken back: the visitor is gone, and the number stays.
    asked["session"] = beat["session"].clone();
    asked["page"] = json!("page-one");
    asked["seq"] = json!(5);
    asked["consent"] = json!({ "analytics": false, "ads": false });
    let withdrawn = edge.ask("/v1/lease", &asked).await;
    assert!(withdrawn.get("visitor").is_none());
    assert_eq!(withdrawn["targets"], denied["targets"]);
    assert_eq!((stored().await.visitor, stored().await.consent.ads), (None, false));
    assert!(edge.keys_like("rt:*:visitor:demo:*").await.is_empty());
}

#[actix_web::test]
async fn a_number_on_a_page_survives_a_redis_that_forgot_it() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let shown = first["targets"][0]["tracking"]["number"].clone();
    let leases = edge.keys_like("rt:*:lease:demo:*").await;
    let _: i64 = edge.redis(&["DEL", &leases[0]]).await;
    let mut beat = json!({
        "v": 1, "key": "pk_demo", "session": first["session"], "page": "page-one", "seq": 2,
        "kind": "beat",
    });
    let reply = edge.ask("/v1/beat", &beat).await;
    assert_eq!(reply["targets"][0]["reason"], "not_wanted", "it does not say what it shows");
    edge.clock.set(START.plus(7_200_000));
    beat["seq"] = json!(3);
    beat["shown"] = json!({ "main": shown, "elsewhere": "+14155559999" });
    let reply = edge.ask("/v1/beat", &beat).await;
    assert_eq!(reply["targets"][0]["tracking"]["number"], shown);

    // After hours in a frozen tab the session is another one, the number on the page is not.
    edge.clock.set(START.plus(20_000_000));
    let mut resumed = view("page-one", 4);
    resumed["session"] = first["session"].clone();
    resumed["visitor"] = Value::Null;
    resumed["shown"] = json!({ "main": "+14155550001" });
    let reply = edge.ask("/v1/lease", &resumed).await;
    assert_eq!(reply["targets"][0]["tracking"]["number"], "+14155550001");

    let many: serde_json::Map<String, Value> =
        (0..65).map(|n| (format!("t{n}"), json!("+14155550001"))).collect();
    for bad in
        [json!({ "main": "415" }), json!(["main"]), json!({ "?": "+14155550001" }), json!(many)]
    {
        beat["shown"] = bad;
        let response = edge.post("/v1/beat", beat.to_string()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
}

/// Last non-direct: who comes back by typing the address is still the ad's visitor, until they take
/// their consent back; what they were by themselves stays in their touches.
#[actix_web::test]
async fn a_direct_visit_of_a_known_visitor_carries_on_its_source() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let mut back = view("page-two", 1);
    back["url"] = json!("https://www.example.com/contact");
    back["referrer"] = json!("");
    back["visitor"] = first["visitor"].clone();
    edge.clock.set(START.plus(3 * 86_400_000));
    let second = edge.ask("/v1/lease", &back).await;

    let visits = async || -> Vec<Visit> {
        let mut visits = edge.visits().await;
        visits.sort_by_key(|visit| visit.started_at);
        visits
    };
    let [opened, returned] = &visits().await[..] else { panic!("two sessions") };
    assert_eq!(returned.source, opened.source);
    assert_eq!(returned.click_ids, opened.click_ids);
    assert_eq!(returned.landing_page, "/contact");
    let carried = returned.carried.expect("it says from where");
    assert_eq!((carried.session, carried.at), (opened.session, opened.started_at));
    assert!(returned.touch().source.is_direct() && returned.touch().click_ids.is_empty());

    // Another campaign is a source of its own, and what counts from then on.
    let mut other = view("page-three", 1);
    other["url"] = json!("https://www.example.com/?utm_source=newsletter&utm_medium=email");
    other["visitor"] = second["visitor"].clone();
    edge.clock.set(START.plus(4 * 86_400_000));
    edge.ask("/v1/lease", &other).await;
    back["page"] = json!("page-four");
    edge.clock.set(START.plus(5 * 86_400_000));
    let fourth = edge.ask("/v1/lease", &back).await;
    let [_, _, newsletter, again] = &visits().await[..] else { panic!("four sessions") };
    assert_eq!(again.carried.map(|carried| carried.session), Some(newsletter.session));
    assert_eq!(again.source.source, "newsletter");

    // What is known of a forgotten visitor is forgotten.
    back["session"] = fourth["session"].clone();
    back["seq"] = json!(2);
    back["consent"] = json!({ "analytics": false, "ads": false });
    edge.ask("/v1/lease", &back).await;
    let last = visits().await.remove(3);
    assert!(last.source.is_direct() && last.carried.is_none());

    // Nobody knows who came without consent, nor after the look-back.
    let look_back = one_site().sites[0].look_back.as_millis() as i64;
    back = view("page-five", 1);
    back["url"] = json!("https://www.example.com/contact");
    back["referrer"] = json!("");
    back["visitor"] = second["visitor"].clone();
    back["consent"] = json!({ "analytics": true, "ads": true });
    edge.clock.set(START.plus(5 * 86_400_000 + look_back));
    edge.ask("/v1/lease", &back).await;
    assert!(visits().await[4].source.is_direct());
}
