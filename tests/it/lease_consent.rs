//! What may be stored of a visitor, and where: modes by consent and country, on a real Redis.

use std::path::Path;

use ringtrace::config::model::Config;
use serde_json::{Value, json};

use crate::support::edge::{edge, view};
use crate::support::redis::TestRedis;
use crate::support::world::{START, config, number, site_json};

/// In the test database: Boxford in England, and a place in the United States.
const ENGLAND: &str = "2.125.160.217";
const AMERICA: &str = "216.160.83.57";

fn site(modes: Value) -> Config {
    let mut site = site_json("demo", 4, json!({}));
    site["consent"] = json!("granted");
    site["modes"] = modes;
    site["snippet"] = json!({ "domains": ["shop.example.org"] });
    let mut config = config(json!([site]));
    config.server.trusted_proxies = vec!["192.0.2.0/24".parse().expect("a network")];
    let file = "tests/fixtures/maxmind/GeoIP2-City-Test.mmdb";
    config.place.databases = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(file)];
    config
}

fn silent(page: &str, seq: u32) -> Value {
    let mut asked = view(page, seq);
    asked.as_object_mut().expect("an object").remove("consent");
    asked["url"] = json!("https://www.example.com/");
    asked
}

fn said(page: &str, seq: u32, analytics: bool) -> Value {
    let mut asked = silent(page, seq);
    asked["consent"] = json!({ "analytics": analytics, "ads": analytics });
    asked
}

#[actix_web::test]
async fn where_people_are_asked_first_every_view_is_a_session_of_its_own_and_nobody_is_known() {
    let edge = edge(site(json!({})), TestRedis::patient_handle).await;
    let mut asked = silent("page-one", 1);
    asked["ids"] = json!({ "crm": "4711" });
    let first = edge.view_from(ENGLAND, &asked).await;
    assert_eq!(first["mode"], "none");
    assert!(first.get("visitor").is_none() && first.get("link").is_none());
    assert_eq!(first["targets"][0]["tier"], "own", "a number all the same");
    let visit = edge.visits().await.remove(0);
    assert_eq!((visit.visitor, visit.consent.analytics, visit.consent.ads), (None, false, false));
    assert!(visit.labels.is_empty());

    // The same page goes on with its token, and a beat keeps its number.
    asked["seq"] = json!(2);
    asked["session"] = first["session"].clone();
    let again = edge.view_from(ENGLAND, &asked).await;
    assert_eq!(again["session_id"], first["session_id"]);

    // So does the same page when it comes back from the back/forward cache with its number.
    let mut back = silent("page-bfc", 1);
    back["session"] = first["session"].clone();
    back["shown"] = json!({ "main": first["targets"][0]["tracking"]["number"] });
    let back = edge.view_from(ENGLAND, &back).await;
    assert_eq!(back["session_id"], first["session_id"]);
    assert_eq!(back["targets"], first["targets"]);

    // Another page does not, even if somebody kept the token.
    let mut next = silent("page-two", 1);
    next["session"] = first["session"].clone();
    let second = edge.view_from(ENGLAND, &next).await;
    assert_ne!(second["session_id"], first["session_id"]);
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 2);
    assert!(edge.keys_like("rt:*:visitor:*").await.is_empty());
}

#[actix_web::test]
async fn consent_upgrades_a_page_and_its_withdrawal_forgets_the_visitor_at_once() {
    let edge = edge(site(json!({})), TestRedis::patient_handle).await;
    let first = edge.view_from(ENGLAND, &silent("page-one", 1)).await;
    let mut granted = said("page-one", 2, true);
    granted["session"] = first["session"].clone();
    granted["ids"] = json!({ "crm": "4711" });
    let upgraded = edge.view_from(ENGLAND, &granted).await;
    assert_eq!(upgraded["mode"], "full");
    assert_eq!(upgraded["session_id"], first["session_id"], "the same visit");
    assert_eq!(upgraded["targets"], first["targets"]);
    assert!(upgraded["visitor"].is_string() && upgraded["link"].is_string());
    let visit = edge.visits().await.remove(0);
    assert!(visit.visitor.is_some() && visit.labels.ids["crm"] == "4711");

    // What was told stays told on pages that do not speak of it.
    let mut next = silent("page-two", 1);
    next["session"] = upgraded["session"].clone();
    next["visitor"] = upgraded["visitor"].clone();
    let second = edge.view_from(ENGLAND, &next).await;
    assert_eq!((&second["mode"], &second["session_id"]), (&json!("full"), &first["session_id"]));
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": second["session"], "page": "page-two", "seq": 2,
        "kind": "beat",
    });
    assert_eq!(edge.ask("/v1/beat", &beat).await["mode"], "full");

    // Taken back on the first message of a page: it is taken back from the visit it was given in.
    let mut denied = said("page-xxx", 1, false);
    denied["session"] = second["session"].clone();
    denied["visitor"] = second["visitor"].clone();
    let last = edge.view_from(ENGLAND, &denied).await;
    assert_eq!(last["mode"], "none");
    assert!(last.get("visitor").is_none() && last.get("link").is_none());
    let visits = edge.visits().await;
    assert_eq!(visits.len(), 1);
    assert_eq!((visits[0].visitor, visits[0].labels.is_empty()), (None, true));
    assert!(edge.keys_like("rt:*:visitor:*").await.is_empty());
    let mut after = silent("page-yyy", 1);
    after["session"] = last["session"].clone();
    let after = edge.view_from(ENGLAND, &after).await;
    assert_eq!(after["mode"], "none");
    assert_ne!(after["session_id"], first["session_id"]);
}

#[actix_web::test]
async fn a_visitor_who_withdraws_after_the_session_ended_is_forgotten_too() {
    let edge = edge(site(json!({})), TestRedis::patient_handle).await;
    let mut asked = said("page-one", 1, true);
    asked["ids"] = json!({ "crm": "4711" });
    asked["tags"] = json!(["vip"]);
    let first = edge.view_from(AMERICA, &asked).await;
    assert_eq!(edge.keys_like("rt:*:visitor:*").await.len(), 1);
    edge.clock.set(START.plus(3_600_000));
    let mut denied = said("page-two", 1, false);
    denied["visitor"] = first["visitor"].clone();
    let reply = edge.view_from(AMERICA, &denied).await;
    assert!(reply.get("visitor").is_none());
    assert_eq!(reply["mode"], "session");
    assert!(edge.keys_like("rt:*:visitor:*").await.is_empty());
    let visits = edge.visits().await;
    assert_eq!(visits.len(), 2);
    assert!(visits.iter().all(|visit| visit.labels.ids.is_empty()), "those of old visits, too");
    assert!(visits.iter().any(|visit| visit.labels.tags == ["vip"]));
}

#[actix_web::test]
async fn elsewhere_and_for_unknown_countries_the_site_decides() {
    let modes = json!({ "elsewhere": "session", "unknown": "none", "denied": "none" });
    let edge = edge(site(modes), TestRedis::patient_handle).await;
    let american = edge.view_from(AMERICA, &silent("page-one", 1)).await;
    assert_eq!(american["mode"], "session");
    assert!(american.get("visitor").is_none(), "the site's default is no consent there");
    let mut next = silent("page-two", 1);
    next["session"] = american["session"].clone();
    let second = edge.view_from(AMERICA, &next).await;
    assert_eq!(second["session_id"], american["session_id"], "the tab keeps it");

    let unknown = edge.view_from("203.0.113.9", &silent("page-xxx", 1)).await;
    assert_eq!(unknown["mode"], "none");
    let denied = edge.view_from(AMERICA, &said("page-yyy", 1, false)).await;
    assert_eq!(denied["mode"], "none");
    let granted = edge.view_from("203.0.113.9", &said("page-zzz", 1, true)).await;
    assert_eq!(granted["mode"], "full");
}

#[actix_web::test]
async fn who_is_turned_away_hears_the_mode_as_well() {
    let mut config = site(json!({}));
    (config.limits.snippet_per_minute, config.limits.snippet_burst) = (1, 1);
    let edge = edge(config, TestRedis::patient_handle).await;
    let granted = edge.view_from(ENGLAND, &said("page-one", 1, true)).await;
    let mut next = silent("page-two", 1);
    next["session"] = granted["session"].clone();
    next["visitor"] = granted["visitor"].clone();
    let reply = edge.view_from(ENGLAND, &next).await;
    assert_eq!(reply["targets"][0]["reason"], "rate_limited");
    let named = |name: &str| (reply[name].clone(), granted[name].clone());
    for name in ["mode", "session", "session_id", "visitor"] {
        let (told, before) = named(name);
        assert_eq!(told, before, "{name}");
    }
    let stranger = edge.view_from(ENGLAND, &silent("page-xxx", 1)).await;
    assert_eq!(stranger["mode"], "none");
    assert!(stranger.get("session").is_none() && stranger.get("session_id").is_none());
    assert_eq!(granted["targets"][0]["tracking"]["number"], number(0).as_str());
}
