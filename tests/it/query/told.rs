//! Costs and staffing, from the request through the ledger into reports.

use ringtrace::costs::model::Cost;
use ringtrace::costs::rules::{Place, Told, from_csv};
use ringtrace::ledger::model::{Envelope, Event};
use serde_json::json;

use super::world::{World, site};
use crate::support::facts::{World as Pipeline, at};

fn costs(text: &str, version: &str) -> Vec<Envelope> {
    let shop = site("shop");
    let latest = "2026-03-09".parse().expect("a date");
    let place = Place { site: &shop, currency: "USD", latest };
    let entries = from_csv::<Cost>(text, place).expect("a table");
    let event = |(_, told): (usize, Result<Cost, String>)| {
        let told = told.expect("a cost");
        Envelope::new(shop.clone(), at(version), told.id(&shop), Event::Cost(Box::new(told)))
    };
    entries.into_iter().map(event).collect()
}

#[actix_web::test]
async fn what_is_told_again_replaces_what_was_told() {
    let world = World::new(&[("shop", "UTC")]);
    let text =
        "date,source,medium,amount\n2026-03-02,google,cpc,100.10\n2026-03-03,google,cpc,50\n";
    let first = costs(text, "2026-03-04T00:00:00Z");
    world.write(&first).await;
    world.write(&first).await;
    let cost = async || world.ask(json!({"metrics": ["cost"], "dimensions": ["date"]})).await;
    assert_eq!(cost().await["totals"]["cost"], 150.1);
    let corrected = "date,source,medium,amount\n2026-03-03,google,cpc,55.50\n";
    world.write(&costs(corrected, "2026-03-05T00:00:00Z")).await;
    // What comes late changes nothing.
    world.write(&first).await;
    let answer = cost().await;
    assert_eq!(answer["totals"]["cost"], 155.6);
    assert_eq!(answer["rows"][1], json!({"date": "2026-03-03", "cost": 55.5}));
}

#[tokio::test]
async fn costs_go_through_the_ledger_and_its_replay() {
    let shop = site("shop");
    let world = Pipeline::start(&[(&shop, "UTC")]).await;
    let text = "date,source,amount\n2026-03-02,google,100\n";
    world.add(&costs(text, "2026-03-04T00:00:00Z")).await;
    world.add(&costs(text, "2026-03-04T00:00:00Z")).await;
    assert_eq!(world.drain().await, 2);
    assert_eq!(world.count("SELECT count(*) FROM costs").await, 1);
    assert_eq!(world.count("SELECT sum(amount)::BIGINT FROM costs").await, 100);
}
