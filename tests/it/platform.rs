//! The private Redis and the handle on it.

use crate::support::redis::TestRedis;

#[tokio::test]
async fn a_private_redis_answers_on_its_socket_and_keeps_an_append_only_file() {
    let redis = TestRedis::start().await;
    let handle = redis.handle();
    let answer: String = handle
        .command("a test", redis::cmd("SET").arg("rt:{s00}:test").arg("1"))
        .await
        .expect("redis answers");
    assert_eq!(answer, "OK");
    let policy: Vec<String> = handle
        .command("a test", redis::cmd("CONFIG").arg("GET").arg("appendonly"))
        .await
        .expect("redis answers");
    assert_eq!(policy, ["appendonly", "yes"]);
}
