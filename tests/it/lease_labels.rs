//! External ids and tags of `identify` and `tag`: kept on the visit, told to the ledger, bounded.

use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::keys::Shards;
use ringtrace::visit::learnt::Labels;
use serde_json::{Value, json};

use crate::support::edge::{edge, one_site, view};
use crate::support::redis::TestRedis;

fn beat(session: &Value, seq: u32) -> Value {
    json!({
        "v": 1, "key": "pk_demo", "session": session, "page": "page-one", "seq": seq, "kind": "beat",
    })
}

#[actix_web::test]
async fn labels_of_views_and_beats_reach_visit_and_ledger() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let mut asked = view("page-one", 1);
    asked["tags"] = json!(["vip", ""]);
    let first = edge.ask("/v1/lease", &asked).await;
    let mut beat = beat(&first["session"], 2);
    beat["ids"] = json!({ "crm": "4711", "shop": " " });
    beat["tags"] = json!(["vip", "quote"]);
    edge.ask("/v1/beat", &beat).await;
    // Said again, it changes nothing.
    beat["seq"] = json!(3);
    edge.ask("/v1/beat", &beat).await;

    let visit = edge.visits().await.remove(0);
    let ids = [("crm".to_owned(), "4711".to_owned())].into();
    let tags = vec!["vip".to_owned(), "quote".to_owned()];
    assert_eq!(visit.labels, Labels { ids, tags });
    let ledger = Shards(16).of(&visit.site).ledger();
    let entries: Vec<(String, Vec<String>)> = edge.redis(&["XRANGE", &ledger, "-", "+"]).await;
    let told: Vec<Labels> = entries
        .iter()
        .flat_map(|(_, fields)| fields[1].lines())
        .filter_map(|line| match serde_json::from_str::<Envelope>(line) {
            Ok(Envelope { event: Event::Session(visit), .. }) => Some(visit.labels),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told.last(), Some(&visit.labels));

    // A later view adds to them, too.
    let mut later = view("page-two", 1);
    later["session"] = first["session"].clone();
    later["ids"] = json!({ "crm": "4712" });
    edge.ask("/v1/lease", &later).await;
    assert_eq!(edge.visits().await.remove(0).labels.ids["crm"], "4712");
}

#[actix_web::test]
async fn ids_need_consent_and_tags_do_not() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let mut asked = view("page-one", 1);
    asked["consent"] = json!({ "analytics": false, "ads": true });
    asked["ids"] = json!({ "crm": "4711" });
    asked["tags"] = json!(["vip"]);
    let first = edge.ask("/v1/lease", &asked).await;
    let mut beat = beat(&first["session"], 2);
    beat["ids"] = json!({ "crm": "4711" });
    let told = edge.ask("/v1/beat", &beat).await;
    let labels = edge.visits().await.remove(0).labels;
    assert_eq!((labels.ids.len(), labels.tags.as_slice()), (0, &["vip".to_owned()][..]));

    let mut granted = view("page-one", 3);
    granted["session"] = told["session"].clone();
    granted["ids"] = json!({ "crm": "4711" });
    let granted_reply = edge.ask("/v1/lease", &granted).await;
    assert_eq!(edge.visits().await.remove(0).labels.ids["crm"], "4711");

    let mut denied = view("page-one", 4);
    denied["session"] = granted_reply["session"].clone();
    denied["consent"] = json!({ "analytics": false, "ads": false });
    edge.ask("/v1/lease", &denied).await;
    let labels = edge.visits().await.remove(0).labels;
    assert_eq!((labels.ids.len(), labels.tags.len()), (0, 1), "forgotten with the consent");
}

#[actix_web::test]
async fn labels_beyond_the_contract_are_left_out_and_cost_the_page_nothing() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let mut asked = view("page-one", 1);
    asked["ids"] = (0..9).map(|n| (format!("id{n}"), json!("x"))).collect();
    asked["ids"]["CRM"] = json!("x");
    asked["ids"][""] = json!("x");
    asked["ids"]["a".repeat(33)] = json!("x");
    asked["ids"]["crm"] = json!("x".repeat(129));
    asked["tags"] = (0..17).map(|n| json!(format!("{n}{}", "x".repeat(70)))).collect();
    let first = edge.ask("/v1/lease", &asked).await;
    let labels = edge.visits().await.remove(0).labels;
    let expected: Vec<String> = (0..8).map(|n| format!("id{n}")).collect();
    assert_eq!(labels.ids.into_keys().collect::<Vec<_>>(), expected);
    assert_eq!(labels.tags.len(), 16);
    assert!(labels.tags.iter().all(|tag| tag.len() == 64));

    let mut beat = beat(&first["session"], 2);
    beat["ids"] = json!({ "Bad": "x" });
    edge.ask("/v1/beat", &beat).await;
    assert!(!edge.visits().await.remove(0).labels.ids.contains_key("Bad"));
    // What is no name and text at all costs the page nothing either.
    for (seq, ids) in [(3, json!({ "crm": { "a": 1 } })), (4, json!("crm"))] {
        (beat["ids"], beat["seq"]) = (ids, json!(seq));
        assert_eq!(edge.post("/v1/beat", beat.to_string()).await.status(), 200);
    }
    assert!(!edge.visits().await.remove(0).labels.ids.contains_key("crm"));
}
