//! Calls for those who may see them.

use actix_web::http::StatusCode;
use ringtrace::platform::clock::Millis;
use serde_json::Value;

use super::world::{CALLER, T, TRACKING, World};

async fn page(world: &World, path: &str) -> Value {
    let reply = world.get(path, "analyst-key").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    serde_json::from_str(&reply.body).expect("JSON")
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat_even_in_one_millisecond() {
    let world = World::start().await;
    for i in 0..23 {
        // Five calls share each moment.
        world.clock.set(Millis(T + i / 5));
        let sid = format!("CA{i}");
        world.twilio("voice", &[("CallSid", &sid), ("From", CALLER), ("To", TRACKING)]).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/calls?limit=4".to_owned();
    for _ in 0..10 {
        let list = page(&world, &path).await;
        for call in list["calls"].as_array().expect("calls") {
            let field = |name: &str| call[name].as_str().expect(name).to_owned();
            seen.push((field("started_at"), field("id"), field("provider_call_id")));
        }
        let Some(next) = list["next"].as_str() else { break };
        path = format!("/v1/calls?limit=4&site={}&cursor={next}", world.site);
    }
    assert_eq!(seen.len(), 23);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, each once");
    let one = page(&world, &format!("/v1/calls/{}", seen[0].1)).await;
    assert_eq!(one["provider_call_id"], seen[0].2.as_str());
    assert_eq!(one["caller"]["number"], CALLER);
    assert_eq!(one["status"], "received");
}

#[tokio::test]
async fn keys_see_what_they_may() {
    let world = World::start().await;
    world.twilio("voice", &[("CallSid", "CA1"), ("From", CALLER), ("To", TRACKING)]).await;
    let id = world.call("twilio", "CA1").await.expect("the call").id;
    let (list, one) = ("/v1/calls".to_owned(), format!("/v1/calls/{id}"));
    let of_site = format!("/v1/calls?site={}", world.site);
    for path in [&list, &one] {
        assert_eq!(world.get(path, "reader-key").await.status, StatusCode::FORBIDDEN);
        assert_eq!(world.get(path, "nobody").await.status, StatusCode::UNAUTHORIZED);
    }
    let elsewhere = world.get(&list, "elsewhere-key").await;
    assert_eq!(elsewhere.body, r#"{"calls":[]}"#);
    for path in [&one, &of_site] {
        assert_eq!(world.get(path, "elsewhere-key").await.status, StatusCode::NOT_FOUND);
    }
    for path in ["/v1/calls?limit=0", "/v1/calls?limit=1000", "/v1/calls?cursor=nonsense"] {
        let reply = world.get(path, "analyst-key").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in ["/v1/calls/nonsense", "/v1/calls/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(world.get(path, "analyst-key").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
