//! The life of a number: it comes over the API or from a file, is leased, leaves, rests in quarantine,
//! and may go to another pool.

use ringtrace::config::Installation;
use ringtrace::lease::numbers::edit::{Editor, Removal};
use ringtrace::lease::numbers::list::{Wanted, list};
use ringtrace::lease::numbers::model::{AddedReply, NumberState};
use ringtrace::lease::numbers::read::{Entries, from_csv};
use ringtrace::lease::numbers::sync::{NumbersError, Synced, sync_pools};
use ringtrace::platform::ids::SessionId;
use ringtrace::platform::keys::number_registry;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::redis::TestRedis;
use crate::support::world::{START, World, config, number, site_json};

const DAY: i64 = 86_400;

/// Two sites whose pools start with one number each.
fn two_sites(id: &str) -> Value {
    let other = json!({ "numbers": [number(90).as_str()] });
    json!([site_json(id, 1, json!({})), site_json("other", 0, other)])
}

async fn added(world: &World, installation: &Installation, site: usize, csv: &str) -> AddedReply {
    let (entries, rejected): Entries = from_csv(csv, Some("US")).expect("a list");
    assert_eq!(rejected, []);
    let site = &installation.config.sites[site];
    let editor = Editor {
        store: &world.store,
        installation,
        clock: &world.clock,
        site,
        pool: &site.pools[0],
        sees: &|_| true,
    };
    editor.add(&entries).await.expect("Redis answers")
}

async fn removed(world: &World, number: u16) -> Removal {
    let editor = Editor {
        store: &world.store,
        installation: &world.installation,
        clock: &world.clock,
        site: world.site(),
        pool: world.pool(),
        sees: &|_| true,
    };
    let number = crate::support::world::number(number);
    editor.remove(&number).await.expect("Redis answers")
}

async fn states(world: &World) -> Vec<(String, NumberState)> {
    let wanted = Wanted { after: None, state: None, limit: 100 };
    let (site, pool, now) = (world.site(), world.pool(), world.clock.now());
    let listed = list(&world.store, &world.installation, site, pool, &wanted, now).await;
    let (numbers, more) = listed.expect("Redis answers");
    assert!(!more);
    numbers.into_iter().map(|n| (n.number[8..].to_owned(), n.state)).collect()
}

#[tokio::test]
async fn a_number_rests_in_quarantine_before_another_pool_may_have_it() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    let world = World::new(&redis, two_sites(id.as_str())).await;
    let installation = &world.installation;
    let five = number(5).to_string();
    assert_eq!(added(&world, installation, 0, &five).await.added, 1);
    assert_eq!(added(&world, installation, 0, &five).await.known, 1, "again changes nothing");
    let refused = added(&world, installation, 1, &five).await;
    assert_eq!(refused.rejected[0].reason, format!("it belongs to {id}/main"));

    // It is leased, then taken out while a page shows it.
    world.view(SessionId::new(), "page-one", 1).await;
    let session = SessionId::new();
    let lease = world.view(session, "page-two", 1).await;
    assert_eq!(lease.number, Some(number(5)));
    assert_eq!(removed(&world, 0).await, Removal::Configured);
    assert_eq!(removed(&world, 7).await, Removal::Unknown);
    let quarantine = Removal::Quarantined { since: START, until: START.plus(30 * DAY * 1000) };
    assert_eq!(removed(&world, 5).await, quarantine);
    assert_eq!(removed(&world, 5).await, quarantine, "again changes nothing");
    let draining = ("0005".to_owned(), NumberState::Draining);
    assert!(states(&world).await.contains(&draining));
    let kept = world.beat(session, "page-two", 2).await.expect("it is on the page");
    assert_eq!(kept.number, Some(number(5)));
    world.at(20_000);
    let resting = ("0005".to_owned(), NumberState::Quarantined);
    assert!(states(&world).await.contains(&resting));
    for _ in 0..3 {
        assert_ne!(world.view(SessionId::new(), "page-xxx", 1).await.number, Some(number(5)));
    }
    let refused = added(&world, installation, 1, &five).await;
    assert!(refused.rejected[0].reason.contains("quarantine until 20"), "{refused:?}");

    // A call on the 20th day: it rests until the 50th.
    let called = START.plus(20 * DAY * 1000).0.to_string();
    world.redis::<i64>(&["ZADD", &world.keys.called(), &called, &five]).await;
    world.at(49 * DAY);
    assert_eq!(sync_pools(&world.store, installation, &world.clock).await.unwrap().released, 0);
    assert_eq!(added(&world, installation, 1, &five).await.rejected.len(), 1);
    world.at(50 * DAY);
    assert_eq!(added(&world, installation, 1, &five).await.added, 1);
    let here: Vec<String> = states(&world).await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(here, ["0000"]);
    // Nothing of it was left behind where it was.
    for key in world.redis::<Vec<String>>(&["KEYS", &format!("*:pool:{id}:*")]).await {
        let kind: String = world.redis(&["TYPE", &key]).await;
        let members: Vec<String> = match kind.as_str() {
            "zset" => world.redis(&["ZRANGE", &key, "0", "-1"]).await,
            "hash" => world.redis(&["HKEYS", &key]).await,
            other => panic!("{key} is a {other}"),
        };
        assert!(!members.contains(&five), "{key}");
    }
}

#[tokio::test]
async fn a_claim_that_redis_lost_is_made_again_and_no_other_pool_gets_the_number() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    let world = World::new(&redis, two_sites(id.as_str())).await;
    let installation = &world.installation;
    let numbers = [number(5).to_string(), number(6).to_string()];
    for number in &numbers {
        added(&world, installation, 0, number).await;
    }
    // One is held, the other free, when the registry's node fails over.
    world.view(SessionId::new(), "page-one", 1).await;
    world.view(SessionId::new(), "page-two", 1).await;
    for number in &numbers {
        assert_eq!(world.redis::<i64>(&["HDEL", &number_registry(), number]).await, 1);
    }
    let sync = async || sync_pools(&world.store, installation, &world.clock).await.unwrap();
    assert_eq!(sync().await.claimed, 2);
    assert_eq!(sync().await, Synced::default());
    for number in &numbers {
        let refused = added(&world, installation, 1, number).await;
        assert_eq!(refused.rejected[0].reason, format!("it belongs to {id}/main"));
    }
}

#[tokio::test]
async fn a_reload_touches_only_what_the_configuration_gave() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    let world = World::new(&redis, two_sites(id.as_str())).await;
    added(&world, &world.installation, 0, number(5).as_str()).await;

    // The configuration's number leaves, the added one stays.
    let emptied = json!({ "numbers": [] });
    let without = Installation::new(config(json!([site_json(id.as_str(), 0, emptied.clone())])));
    let synced =
        sync_pools(&world.store, &without, &world.clock).await.expect("nothing in the way");
    assert_eq!((synced.added, synced.drained), (0, 2));
    let expected = [NumberState::Quarantined, NumberState::Free];
    assert_eq!(states(&world).await.iter().map(|(_, state)| *state).collect::<Vec<_>>(), expected);
    assert_eq!(world.view(SessionId::new(), "page-one", 1).await.number, Some(number(5)));

    // A configuration that wants somebody's number in quarantine is told until when.
    let wanting = json!([site_json("third", 1, json!({}))]);
    let wanting = Installation::new(config(wanting));
    let refused = sync_pools(&world.store, &wanting, &world.clock).await;
    let Err(error @ NumbersError::Taken { until: Some(until), .. }) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(*until, START.plus(30 * DAY * 1000));
    assert!(error.to_string().contains("quarantine until 2023-12-14"), "{error}");
    world.at(30 * DAY + 1_000);
    let synced = sync_pools(&world.store, &wanting, &world.clock).await.expect("it is over");
    assert_eq!((synced.released, synced.added), (2, 1));

    // An added number that becomes a static one is leased to nobody any more.
    let fixed = json!({ "id": "main", "numbers": [] });
    let mut site = site_json(id.as_str(), 0, fixed);
    site["static_numbers"] = json!([{ "number": number(5).as_str(), "source": "billboard" }]);
    let fixed = Installation::new(config(json!([site])));
    sync_pools(&world.store, &fixed, &world.clock).await.expect("nothing in the way");
    let free: Vec<String> =
        world.redis(&["ZRANGE", &world.keys.pool_free(&world.pool().id), "0", "-1"]).await;
    assert_eq!(free, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn people_add_list_and_remove_numbers_over_the_api() {
    let mut app = TestApp::start().await;
    let path = "/v1/sites/one/pools/main/numbers";
    let post = async |key: &str, kind: &str, body: &str| {
        let request = app.client.post(format!("{}{path}", app.base)).bearer_auth(key);
        request.header("content-type", kind).body(body.to_owned()).send().await.expect("an answer")
    };
    let csv = "number;vanity;capabilities\n(844) 746-6392;844-PHONEXA;sms\n+14155550190;;\n\
               +18005550100;;\n12;;\n+18447466392;;\n";
    assert_eq!(post("rt_reader", "text/csv", csv).await.status(), 403);
    assert_eq!(post("rt_nobody", "text/csv", csv).await.status(), 401);
    let told: Value = post("rt_admin", "text/csv; charset=utf-8", csv).await.json().await.unwrap();
    assert_eq!((&told["added"], &told["known"]), (&json!(1), &json!(1)), "{told}");
    let rejected: Vec<_> =
        told["rejected"].as_array().unwrap().iter().map(|r| &r["entry"]).collect();
    assert_eq!(rejected, [4, 5, 6]);
    let body = r#"{"numbers":["+14155550199"]}"#;
    let told: Value = post("rt_admin", "application/json", body).await.json().await.unwrap();
    assert_eq!(told["added"], json!(1));
    for (kind, body) in
        [("application/json", "{}"), ("application/json", "[1]"), ("text/csv", "\u{1}\"")]
    {
        let answer = post("rt_admin", kind, body).await;
        assert!(answer.status() == 400 || answer.status() == 200, "{body}: {}", answer.status());
    }

    // Three sessions: the third gets the vanity number or the other new one, and its reply tells all.
    let mut vanity = None;
    for page in ["page-one", "page-two", "page-three", "page-four"] {
        let reply = app.page_view(page, "utm_source=a", None).await;
        let tracking = &reply["targets"][0]["tracking"];
        assert_eq!(reply["targets"][0]["tier"], "own", "{reply}");
        if tracking["number"] == "+18447466392" {
            vanity = Some((tracking["vanity"].clone(), tracking["capabilities"].clone()));
        }
    }
    assert_eq!(vanity, Some((json!("844-PHONEXA"), json!(["sms"]))));

    // Called once: the list knows.
    let call = [("CallSid", "CA1"), ("From", "+14155550133"), ("To", "+18447466392")];
    let call = [&call[..], &[("CallStatus", "ringing"), ("AccountSid", "AC1")]].concat();
    assert_eq!(app.twilio("voice", &call).await.status(), 200);
    let page: Value =
        app.get(&format!("{path}?limit=3"), "rt_reader").await.json().await.expect("JSON");
    assert_eq!(page["numbers"].as_array().unwrap().len(), 3);
    let next = page["next"].as_str().expect("one is left");
    let rest = app.get(&format!("{path}?limit=3&cursor={next}"), "rt_reader").await;
    let rest: Value = rest.json().await.expect("JSON");
    let last = &rest["numbers"][0];
    for (field, expected) in [
        ("number", json!("+18447466392")),
        ("national", json!("(844) 746-6392")),
        ("kinds", json!(["toll_free", "vanity"])),
        ("vanity", json!("844-PHONEXA")),
        ("origin", json!("api")),
        ("state", json!("held")),
    ] {
        assert_eq!(last[field], expected, "{field} of {last}");
    }
    assert!(last["last_called_at"].is_string() && rest["next"].is_null(), "{rest}");
    assert_eq!(page["numbers"][0]["origin"], "configuration");

    let delete = async |number: &str, key: &str| {
        let request = app.client.delete(format!("{}{path}/{number}", app.base)).bearer_auth(key);
        request.send().await.expect("an answer")
    };
    let gone: Value = delete("+18447466392", "rt_admin").await.json().await.expect("JSON");
    assert_eq!(gone["state"], "quarantined");
    let state = "?state=draining";
    let draining: Value =
        app.get(&format!("{path}{state}"), "rt_admin").await.json().await.unwrap();
    assert_eq!(draining["numbers"][0]["vanity"], "844-PHONEXA", "pages still show it");
    assert!(draining["numbers"][0]["origin"].is_null());
    for (number, key, status) in [
        ("+18447466392", "rt_reader", 403),
        ("+14155550190", "rt_admin", 409),
        ("+14155550177", "rt_admin", 404),
        ("nonsense", "rt_admin", 404),
    ] {
        assert_eq!(delete(number, key).await.status(), status, "{number}");
    }
    for (path, key, status) in [
        ("/v1/sites/two/pools/main/numbers", "rt_reader", 404),
        ("/v1/sites/one/pools/none/numbers", "rt_admin", 404),
        ("/v1/sites/one/pools/main/numbers?state=gone", "rt_admin", 400),
        ("/v1/sites/one/pools/main/numbers?limit=0", "rt_admin", 400),
        ("/v1/sites/one/pools/main/numbers?cursor=x", "rt_admin", 400),
    ] {
        assert_eq!(app.get(path, key).await.status(), status, "{path}");
    }
    app.stop().await;
}
