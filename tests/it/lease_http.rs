//! `/v1/lease` and `/v1/beat` as the snippet sees them (`docs/protocol.md`), on a real Redis.

use std::time::{Duration, Instant};

use actix_web::test::read_body;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::keys::Shards;
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::visit::model::Visit;
use serde_json::{Value, json};

use crate::support::edge::{CHROME, ORIGIN, edge, one_site, view};
use crate::support::redis::TestRedis;
use crate::support::world::{START, number};

#[actix_web::test]
async fn a_page_view_opens_a_session_and_shows_a_number() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let response = edge.post("/v1/lease", view("page-one", 1).to_string()).await;
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned()
    };
    assert_eq!(header("access-control-allow-origin"), ORIGIN);
    assert_eq!(header("vary"), "Origin");
    assert_eq!(header("cache-control"), "no-store");
    let reply: Value = serde_json::from_slice(&read_body(response).await).expect("JSON");
    assert_eq!(reply["v"], 1);
    assert_eq!(reply["beat_s"], 30);
    assert_eq!(reply["hold_s"], 180);
    assert!(reply["session"].as_str().is_some_and(|token| token.len() <= 200));
    assert!(reply["visitor"].is_string());
    assert_eq!(
        reply["targets"],
        json!([{
            "id": "main", "number": "+18005550100", "tier": "own",
            "forms": [
                { "digits": "18005550100", "form": "international" },
                { "digits": "8005550100", "form": "national" },
            ],
            "tracking": {
                "number": "+14155550000", "international": "+1 415-555-0000",
                "national": "(415) 555-0000",
                "digits": { "international": "14155550000", "national": "4155550000" },
            },
        }])
    );

    let sessions = edge.keys_like("rt:*:session:demo:*").await;
    assert_eq!(sessions.len(), 1);
    let visit = edge.visits().await.remove(0);
    assert_eq!(visit.source.channel, "Paid Search");
    assert_eq!(visit.landing_page, "/plumbing");
    assert_eq!(visit.click_ids[0].value, "Abc");
    let visitor = edge.keys_like("rt:*:visitor:demo:*").await.remove(0);
    let known: Vec<String> = edge.redis(&["ZRANGE", &visitor, "0", "-1"]).await;
    assert_eq!(known.len(), 2, "its touch, and the number it had");
    assert!(known.contains(&visit.session.short()));
    assert!(known.contains(&"main=+14155550000".to_owned()));
    let ledger = Shards(16).of(&"demo".parse().expect("an id")).ledger();
    let entries: Vec<(String, Vec<String>)> = edge.redis(&["XRANGE", &ledger, "-", "+"]).await;
    assert_eq!(entries.len(), 1, "one message for the session and its number");
    let told: Vec<Envelope> =
        entries[0].1[1].lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(told.len(), 2);
    assert!(matches!(&told[0].event, Event::Session(opened) if **opened == visit));
    assert!(matches!(&told[1].event, Event::Lease(fact) if fact.session == visit.session));
}

#[actix_web::test]
async fn cookies_of_tags_are_kept_while_ads_are_allowed_and_change_no_source() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let stored = async || -> Visit {
        let mut visits = edge.visits().await;
        assert_eq!(visits.len(), 1);
        visits.remove(0)
    };
    let mut asked = view("page-one", 1);
    asked["url"] = json!("https://www.example.com/contact");
    asked["consent"] = json!({ "analytics": false, "ads": false });
    asked["cookies"] = json!(["_ga=GA1.1.1.2", "_gcl_aw=GCL.1767323000.Cj0x"]);
    let first = edge.ask("/v1/lease", &asked).await;
    assert!(stored().await.ad_ids.is_empty(), "nobody allowed it");

    asked["session"] = first["session"].clone();
    asked["consent"] = json!({ "analytics": false, "ads": true });
    asked["seq"] = json!(2);
    let second = edge.ask("/v1/lease", &asked).await;
    let visit = stored().await;
    assert_eq!(visit.ad_ids.ga_client, "1.2");
    assert_eq!(visit.ad_ids.click_ids[0].value, "Cj0x");
    assert_eq!(
        (visit.source.medium.as_str(), visit.source.click_platform.as_str()),
        ("organic", "")
    );
    assert!(visit.click_ids.is_empty());

    // Most tags write theirs after the first page view.
    asked["session"] = second["session"].clone();
    asked["page"] = json!("page-two");
    asked["cookies"] = json!(["_ttp=tiktok", "rt_session=none of them"]);
    let third = edge.ask("/v1/lease", &asked).await;
    let ad_ids = stored().await.ad_ids;
    assert_eq!((ad_ids.ga_client.as_str(), ad_ids.ttp.as_str()), ("1.2", "tiktok"));

    asked["session"] = third["session"].clone();
    asked["consent"] = json!({ "analytics": false, "ads": false });
    asked["seq"] = json!(2);
    edge.ask("/v1/lease", &asked).await;
    assert!(stored().await.ad_ids.is_empty());

    // What is too long or too much is not looked at, and costs the page nothing.
    asked["consent"] = json!({ "analytics": true, "ads": true });
    let long = format!("_ga=GA1.1.{}.1", "1".repeat(1025));
    asked["cookies"] = (0..33).map(|i| format!("IR_{i}=x")).chain([long]).collect();
    asked["seq"] = json!(3);
    edge.ask("/v1/lease", &asked).await;
    assert_eq!(stored().await.ad_ids.ga_client, "");
}

#[actix_web::test]
async fn the_token_carries_the_session_and_another_campaign_ends_it() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let mut second = view("page-two", 1);
    second["session"] = first["session"].clone();
    second["visitor"] = first["visitor"].clone();
    second["url"] = json!("https://www.example.com/contact");
    edge.clock.set(START.plus(60_000));
    let next = edge.ask("/v1/lease", &second).await;
    assert_eq!(next["targets"], first["targets"]);
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 1);

    // The same campaign link again is no new visit; another click is.
    second["page"] = json!("page-three");
    second["url"] = view("", 1)["url"].clone();
    edge.ask("/v1/lease", &second).await;
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 1);
    second["page"] = json!("page-four");
    second["url"] = json!("https://www.example.com/?gclid=other");
    let other = edge.ask("/v1/lease", &second).await;
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 2);
    assert_ne!(other["targets"], first["targets"]);

    // So is a tampered token, and half an hour of silence.
    second["url"] = json!("https://www.example.com/");
    second["session"] = json!("AXM".repeat(27));
    second["page"] = json!("page-five");
    edge.ask("/v1/lease", &second).await;
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 3);
    second["session"] = next["session"].clone();
    second["page"] = json!("page-six6");
    edge.clock.set(START.plus(60_000 + 1_800_001));
    edge.ask("/v1/lease", &second).await;
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 4);
}

#[actix_web::test]
async fn beats_keep_the_number_and_tell_it_again() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    edge.clock.set(START.plus(400_000));
    let mut beat = json!({
        "v": 1, "key": "pk_demo", "session": first["session"], "page": "page-one", "seq": 2,
        "kind": "beat", "shown": { "main": number(0).as_str() }, "tel_click": { "target": "main", "ago_ms": 120.5 },
    });
    let reply = edge.ask("/v1/beat", &beat).await;
    assert_eq!(reply["targets"], first["targets"]);
    assert!(reply["visitor"].is_string());
    let leases = edge.keys_like("rt:*:lease:demo:*").await;
    let lease: String = edge.redis(&["GET", &leases[0]]).await;
    let click = START.0 + 400_000 - 120;
    assert!(lease.contains(&format!(" {click} page-one=2")), "{lease}");

    beat["kind"] = json!("leave");
    beat["seq"] = json!(3);
    edge.ask("/v1/beat", &beat).await;
    let lease: String = edge.redis(&["GET", &leases[0]]).await;
    assert!(lease.ends_with(" page-one=3-"), "{lease}");

    beat["session"] = json!("nonsense");
    let reply = edge.ask("/v1/beat", &beat).await;
    assert_eq!(reply["targets"][0]["reason"], "not_wanted");
    assert!(reply.get("session").is_none());
}

#[actix_web::test]
async fn who_gets_no_number_takes_nothing() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let body = view("page-one", 1).to_string();
    for agent in ["Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0.0.0 Safari/537.36", ""] {
        let response = edge.post_as("/v1/lease", body.clone(), agent, Some(ORIGIN)).await;
        let reply: Value = serde_json::from_slice(&read_body(response).await).expect("JSON");
        assert_eq!(reply["targets"][0]["tier"], "original");
        assert_eq!(reply["targets"][0]["reason"], "bot");
        assert!(reply["targets"][0].get("tracking").is_none());
    }
    let mut prerendered = view("page-one", 1);
    prerendered["prerender"] = json!(true);
    let reply = edge.ask("/v1/lease", &prerendered).await;
    assert_eq!(reply["targets"][0]["reason"], "prerender");
    assert!(edge.keys_like("rt:*:session:*").await.is_empty());

    // Only counted: a session, no lease.
    let mut later = view("page-one", 1);
    later["want"] = json!("later");
    let reply = edge.ask("/v1/lease", &later).await;
    assert_eq!(reply["targets"][0]["reason"], "not_wanted");
    assert_eq!(edge.keys_like("rt:*:session:*").await.len(), 1);
    assert!(edge.keys_like("rt:*:lease:*").await.is_empty());
    later["want"] = json!("now");
    later["seq"] = json!(2);
    later["session"] = reply["session"].clone();
    let reply = edge.ask("/v1/lease", &later).await;
    assert_eq!(reply["targets"][0]["tracking"]["number"], number(0).as_str());
    assert_eq!(edge.keys_like("rt:*:session:*").await.len(), 1);
}

#[actix_web::test]
async fn over_the_limit_a_page_keeps_its_own_number() {
    let mut config = one_site();
    config.limits.snippet_per_minute = 1;
    config.limits.snippet_burst = 2;
    let edge = edge(config, TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    edge.ask("/v1/lease", &view("page-two", 1)).await;
    let mut third = view("page-xxx", 1);
    third["session"] = first["session"].clone();
    let reply = edge.ask("/v1/lease", &third).await;
    assert_eq!(reply["targets"][0]["reason"], "rate_limited");
    assert_eq!(reply["session"], first["session"]);
}

#[actix_web::test]
async fn what_is_no_request_of_this_site_is_refused() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let body = view("page-one", 1).to_string();
    let status = async |body: String, origin: Option<&str>| {
        edge.post_as("/v1/lease", body, CHROME, origin).await.status().as_u16()
    };
    assert_eq!(status(body.clone(), Some("https://evil.test")).await, 403);
    assert_eq!(status(body.clone(), Some("null")).await, 403);
    assert_eq!(status(body.clone(), None).await, 200);
    assert_eq!(status(body.replace("pk_demo", "pk_none"), Some(ORIGIN)).await, 404);
    for garbage in ["", "{}", "[1,2", "\u{0}", "{\"v\":2}", "null"] {
        assert_eq!(status(garbage.to_owned(), Some(ORIGIN)).await, 400, "{garbage}");
    }
    assert_eq!(status(body.replace("page-one", "päge"), Some(ORIGIN)).await, 400);
    assert_eq!(status(body.replace("\"v\":1", "\"v\":9"), Some(ORIGIN)).await, 400);
    let long = body.replace("/plumbing", &"x".repeat(5_000));
    assert_eq!(status(long, Some(ORIGIN)).await, 400);
    assert_eq!(status(" ".repeat(20_000), Some(ORIGIN)).await, 413);
}

#[actix_web::test]
async fn without_redis_every_page_keeps_its_own_number_at_once() {
    let mut config = one_site();
    config.limits.snippet_burst = 100_000;
    let edge = edge(config, TestRedis::handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let pid = nix::unistd::Pid::from_raw(edge.redis.pid() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it runs");

    let began = Instant::now();
    for n in 0..20 {
        let reply = edge.ask("/v1/lease", &view(&format!("page-{n:04}"), 1)).await;
        assert_eq!(reply["targets"][0]["tier"], "original");
        assert_eq!(reply["targets"][0]["reason"], "store_unavailable");
        assert!(reply.get("session").is_none(), "no session was opened");
    }
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": first["session"], "page": "page-one", "seq": 2,
        "kind": "beat",
    });
    let reply = edge.ask("/v1/beat", &beat).await;
    assert_eq!(reply["targets"][0]["reason"], "store_unavailable");
    assert_eq!(reply["session"], first["session"]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    // When Redis is back (without its scripts), so are the lease and its number.
    let _back = RedisServer::start("redis-server", &edge.redis.folder()).await.expect("it starts");
    let mut next = view("page-one", 2);
    next["session"] = first["session"].clone();
    let reply = loop {
        let reply = edge.ask("/v1/lease", &next).await;
        if reply["targets"][0]["reason"] != "store_unavailable" {
            break reply;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it never came back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(reply["targets"], first["targets"]);
}
