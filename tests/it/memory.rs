//! How much of Redis a session takes, as the snippet opens it: every key but the ledger.

use serde_json::{Value, json};

use crate::support::edge::{edge, one_site};
use crate::support::redis::TestRedis;

/// A page view of a tagged campaign; `more` has further click ids.
fn paid_view(page: &str, more: &str) -> Value {
    let query = "utm_source=google&utm_medium=cpc&utm_campaign=spring-sale&utm_id=20751194421\
        &gclid=CjwKCAjw7pO_BhAlEiwA4pMQvK3ZqVd0xJmT8uYhB5oLrGfN1sXcWtEiDkPz9aQb6RnMw2HyVu7JgRoCq4sQAvD_BwE";
    json!({
        "v": 1, "key": "pk_demo", "page": page, "seq": 1,
        "url": format!("https://www.example.com/services/water-heater-repair?{query}{more}"),
        "referrer": "https://www.google.com/",
        "consent": { "analytics": true, "ads": true },
    })
}

#[actix_web::test]
async fn a_live_session_with_a_paid_click_takes_little() {
    let lengths = bytes_of_a_session("", 840).await;
    assert_eq!(lengths, [("gclid".to_owned(), 91)]);
}

#[actix_web::test]
async fn a_live_session_with_three_click_ids_takes_little_more() {
    let more = "&wbraid=CloKCQjw1Yi_BhDnARJKAE5cKqf3mTtR8uZbXw0LhJvPoGd7sYeNiWk2aQxCrVg9HjB4lFMt6pUz\
        &fbclid=IwZXh0bgNhZW0CMTEAAR1p7mKq3vXtYbWc9dLzRfJhGsNuPoE5iTa8kVx2CyBnQw4MlHrUj6ZgDs0_aem_V1rKq8Yt3LmWz5XcPb7NhA";
    let lengths = bytes_of_a_session(more, 1_000).await;
    let expected = [("gclid", 91), ("wbraid", 76), ("fbclid", 104)];
    assert_eq!(lengths, expected.map(|(name, length)| (name.to_owned(), length)));
}

/// Opens a session, asserts what it takes, and returns name and length of the click ids that it kept.
async fn bytes_of_a_session(more: &str, most: usize) -> Vec<(String, usize)> {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let keys_of_pools = edge.keys_like("*").await;
    let reply = edge.ask("/v1/lease", &paid_view("aK3J9abcdK3J9abcd", more)).await;
    assert_eq!(reply["targets"][0]["tier"], "own");
    let token = reply["session"].clone();
    let beat = json!({ "v": 1, "key": "pk_demo", "session": token, "page": "aK3J9abcdK3J9abcd",
        "seq": 2, "kind": "beat" });
    edge.ask("/v1/beat", &beat).await;

    // Of a number's holders only the session's own entry; the list has one for each.
    let holders = edge.keys_like("*:holders:*").await.remove(0);
    let entry: Vec<String> = edge.redis(&["LRANGE", &holders, "0", "-1"]).await;
    let (mut live, mut kept) = (entry[0].len() + 3, entry[0].len() + 3);
    for key in edge.keys_like("*").await {
        let shared = keys_of_pools.contains(&key)
            || key.contains(":pool:")
            || key == holders
            || key.ends_with(":ledger");
        if shared {
            continue;
        }
        let bytes: usize = edge.redis(&["MEMORY", "USAGE", &key]).await;
        println!("{bytes:5} {key}");
        live += bytes;
        kept += if key.contains(":lease:") { 0 } else { bytes };
    }
    println!("{live} bytes of a live session, {kept} of them for as long as it may be asked for");
    assert!(live <= most, "{live} bytes");

    // Nothing of it was lost on the way.
    let visit = edge.visits().await.remove(0);
    visit.click_ids.iter().map(|id| (id.name.to_string(), id.value.len())).collect()
}
