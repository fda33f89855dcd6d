//! Link tokens: a visit that goes on on another host of its site, and what must not go on.

use ringtrace::config::model::Config;
use serde_json::{Value, json};

use crate::support::edge::{edge, view};
use crate::support::redis::TestRedis;
use crate::support::world::{START, config, site_json};

fn site(id: &str, domains: Value) -> Value {
    let mut site = site_json(id, 4, json!({}));
    site["origins"] = json!(["https://www.example.com", "https://shop.example.org"]);
    site["snippet"] = json!({ "domains": domains });
    site
}

fn linked_sites() -> Config {
    let mut other = site("other", json!(["shop.example.org"]));
    other["pools"][0]["numbers"] = json!(["+14155559990"]);
    other["targets"][0]["number"] = json!("+18005550190");
    config(json!([site("demo", json!(["shop.example.org", "www.example.com"])), other]))
}

fn arrives(link: &Value, page: &str) -> Value {
    json!({
        "v": 1, "key": "pk_demo", "page": page, "seq": 1, "link": link,
        "url": "https://shop.example.org/cart", "referrer": "https://www.example.com/",
    })
}

#[actix_web::test]
async fn a_link_carries_session_visitor_and_number_over() {
    let edge = edge(linked_sites(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let link = first["link"].as_str().expect("a link token");
    assert!(link.len() <= 600);
    edge.clock.set(START.plus(119_000));
    let next = edge.ask("/v1/lease", &arrives(&first["link"], "page-two")).await;
    assert_eq!(next["session_id"], first["session_id"]);
    assert_eq!(next["targets"], first["targets"]);
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 1);
    let visitor = edge.visits().await.remove(0).visitor;
    assert!(visitor.is_some() && next["visitor"].is_string());

    // It comes before a session that the other host still had, and a beat refreshes it.
    let mut elsewhere = arrives(&json!(null), "page-xxx");
    elsewhere["consent"] = json!({ "analytics": false, "ads": false });
    let own = edge.ask("/v1/lease", &elsewhere).await;
    assert_ne!(own["session_id"], first["session_id"]);
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": next["session"], "page": "page-two", "seq": 2,
        "kind": "beat",
    });
    let fresh = edge.ask("/v1/beat", &beat).await["link"].clone();
    let mut arrives = arrives(&fresh, "page-yyy");
    arrives["session"] = own["session"].clone();
    let back = edge.ask("/v1/lease", &arrives).await;
    assert_eq!(back["session_id"], first["session_id"]);
    assert_eq!(edge.visits().await.iter().filter(|visit| visit.visitor == visitor).count(), 1);
}

#[actix_web::test]
async fn no_other_token_carries_anything_on() {
    let edge = edge(linked_sites(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let link = first["link"].as_str().expect("a link token").to_owned();
    let mut of_other = view("page-two", 1);
    of_other["key"] = json!("pk_other");
    let other = edge.ask("/v1/lease", &of_other).await;

    let mut forged = link.clone().into_bytes();
    forged[30] = if forged[30] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    let bad = [
        ("forged", json!(forged)),
        ("of another site", other["link"].clone()),
        ("a session token", first["session"].clone()),
        ("a visitor token", first["visitor"].clone()),
        ("cut", json!(link[..40])),
        ("long", json!(link.repeat(8))),
        ("empty", json!("")),
        ("none", json!(null)),
    ];
    for (n, (what, token)) in bad.iter().enumerate() {
        let reply = edge.ask("/v1/lease", &arrives(token, &format!("page-1{n:03}"))).await;
        assert_ne!(reply["session_id"], first["session_id"], "{what}");
        assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), n + 2, "{what}");
    }
    edge.clock.set(START.plus(120_001));
    let late = edge.ask("/v1/lease", &arrives(&json!(link), "page-late")).await;
    assert_ne!(late["session_id"], first["session_id"]);

    // A bad one does no harm to the session that the page has.
    let mut own = arrives(&json!(forged), "page-own1");
    own["session"] = late["session"].clone();
    assert_eq!(edge.ask("/v1/lease", &own).await["session_id"], late["session_id"]);
    // Nor does a link token pass for a session.
    let mut as_session = arrives(&json!(null), "page-as-1");
    as_session["session"] = late["link"].clone();
    assert_ne!(edge.ask("/v1/lease", &as_session).await["session_id"], late["session_id"]);
}

#[actix_web::test]
async fn a_site_without_further_hosts_has_no_links() {
    let mut config = linked_sites();
    let edge_with = edge(config.clone(), TestRedis::patient_handle).await;
    let link = edge_with.ask("/v1/lease", &view("page-one", 1)).await["link"].clone();
    config.sites[0].snippet.domains.clear();
    let edge = edge(config, TestRedis::patient_handle).await;
    let reply = edge.ask("/v1/lease", &arrives(&link, "page-two")).await;
    assert!(reply.get("link").is_none());
    let visits = edge.visits().await;
    assert_eq!((visits.len(), visits[0].visitor), (1, None));
}

#[actix_web::test]
async fn another_campaign_behind_a_link_is_another_visit_of_the_same_visitor() {
    let edge = edge(linked_sites(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &view("page-one", 1)).await;
    let mut arrives = arrives(&first["link"], "page-two");
    arrives["url"] = json!("https://shop.example.org/?utm_source=newsletter&utm_medium=email");
    let next = edge.ask("/v1/lease", &arrives).await;
    assert_ne!(next["session_id"], first["session_id"]);
    let visits = edge.visits().await;
    assert_eq!(visits.len(), 2);
    assert!(visits[0].visitor.is_some() && visits[0].visitor == visits[1].visitor);
}
