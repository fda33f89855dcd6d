//! What every warehouse promises beside answers to questions: versions, repeats, offsets, the archive.

use ringtrace::attribution::credit::Credits;
use ringtrace::attribution::model::TouchCredit;
use ringtrace::call::archive::Archive;
use ringtrace::call::list::filter::Filter;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::ledger::model::EntryId;
use ringtrace::platform::cursor::Cursor;
use ringtrace::platform::keys::Shard;
use ringtrace::warehouse::model::Facts;
use serde_json::{Value, json};

use super::query::world::{World, site};
use crate::support::caller_keys;
use crate::support::facts::{at, call, call_event, made_by, session_event, source, visit};

fn world() -> World {
    World::new(&[("shop", "UTC"), ("york", "America/New_York")])
}

async fn calls(world: &World, question: Value) -> Value {
    world.ask(question).await["totals"]["calls"].clone()
}

#[actix_web::test]
async fn the_newest_version_counts_before_anything_is_merged_and_brings_its_touches() {
    let world = world();
    let touch = |name: &str| TouchCredit {
        session: visit(&site("shop"), at("2026-03-01T00:00:00Z"), source("", "", "", ""), "/")
            .session,
        at: at("2026-03-01T00:00:00Z"),
        source: source(name, "cpc", "", "Paid Search"),
        landing_page: "/".to_owned(),
        credits: Credits { linear: 0.5, last: 1.0, ..Credits::default() },
    };
    let made = visit(&site("shop"), at("2026-03-02T09:00:00Z"), source("a", "b", "", "c"), "/");
    let first = call(&site("shop"), "one", at("2026-02-28T23:59:59Z"), CallStatus::Received);
    let mut second = Call { version: 2, ..first.clone() };
    second.attribution = Some(made_by(&made, 1.0));
    second.attribution.iter_mut().for_each(|a| a.touches = vec![touch("old"), touch("older")]);
    // It turns out to have begun in the next month, by one touch.
    let mut third = Call { version: 3, started_at: at("2026-03-02T10:00:00Z"), ..second.clone() };
    third.attribution.iter_mut().for_each(|a| a.touches = vec![touch("new")]);
    for batch in [vec![&second], vec![&third], vec![&first, &second], vec![&third]] {
        let events: Vec<_> = batch.into_iter().map(call_event).collect();
        world.write(&events).await;
    }
    let of = |from: &str, to: &str| json!({"metrics": ["calls"], "from": from, "to": to});
    assert_eq!(calls(&world, of("2026-02-01", "2026-02-28")).await, 0, "an older version");
    assert_eq!(calls(&world, of("2026-03-01", "2026-03-08")).await, 1);
    let by_touch = json!({"metrics": ["calls"], "dimensions": ["source"], "model": "linear"});
    let answer = world.ask(by_touch).await;
    assert_eq!(answer["rows"], json!([{"source": "new", "calls": 0.5}]), "{answer}");
    // Of the same version whatever was written last counts.
    let corrected = Call { status: CallStatus::Answered, ..third.clone() };
    world.write(&[call_event(&corrected)]).await;
    let answered =
        json!({"metrics": ["calls"], "filters": {"dimension": "status", "equals": "answered"}});
    assert_eq!(calls(&world, answered).await, 1);
}

#[actix_web::test]
async fn an_hour_that_comes_twice_is_two_hours_and_one_that_is_left_out_is_none() {
    let world = world();
    let moments = [
        "2025-11-02T05:30:00Z",
        "2025-11-02T06:30:00Z",
        "2026-03-08T06:59:59Z",
        "2026-03-08T07:00:00Z",
    ];
    let york = site("york");
    let events = moments.map(|m| call_event(&call(&york, m, at(m), CallStatus::Answered)));
    world.write(&events).await;
    let question = json!({
        "metrics": ["calls"], "dimensions": ["date_hour"], "site": "york", "from": "2025-11-01", "to": "2026-03-08",
        "order": ["date_hour"],
    });
    let answer = world.ask(question).await;
    let hours: Vec<&str> = answer["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["date_hour"].as_str())
        .collect();
    assert_eq!(
        hours,
        [
            "2025-11-02T01:00-04:00",
            "2025-11-02T01:00-05:00",
            "2026-03-08T01:00-05:00",
            "2026-03-08T03:00-04:00"
        ]
    );
    for (hour, expected) in [(1, 3), (2, 0), (3, 1)] {
        let question = json!({
            "metrics": ["calls"], "site": "york", "from": "2025-11-01", "to": "2026-03-08",
            "filters": {"dimension": "hour", "equals": hour},
        });
        assert_eq!(calls(&world, question).await, expected, "{hour} o'clock");
    }
}

#[actix_web::test]
async fn whatever_a_text_holds_is_found_as_it_is() {
    let world = world();
    let names = ["o'neil", "back\\slash\\", "$1 \"q\"", "Grüße", "two\nlines", "a%b_c", "');--"];
    for (n, name) in names.iter().enumerate() {
        let started = at("2026-03-02T10:00:00Z").plus(n as i64);
        let made = visit(&site("shop"), started, source(name, "cpc", "", "Email"), "/");
        let attribution = Some(made_by(&made, 1.0));
        let made_call = call(&site("shop"), name, started, CallStatus::Answered);
        let events = [session_event(&made), call_event(&Call { attribution, ..made_call })];
        world.write(&events).await;
    }
    let all = json!({"metrics": ["calls"], "dimensions": ["source"], "order": ["source"]});
    let answer = world.ask(all).await;
    let mut told: Vec<&str> = answer["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["source"].as_str())
        .collect();
    told.sort_unstable();
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(told, expected);
    let count = async |test: &str, text: &str| {
        let filter = json!({"dimension": "source", test: text});
        calls(&world, json!({"metrics": ["calls"], "filters": filter})).await
    };
    for name in names {
        for test in ["equals", "contains", "prefix"] {
            assert_eq!(count(test, name).await, 1, "{test} {name:?}");
        }
    }
    for (regex, expected) in [
        ("^Gr[üu]ße$", 1),
        ("^Gr..e$", 1),
        ("^two.lines$", 0),
        ("(?s)^two.lines$", 1),
        ("(?i)^O'NEIL$", 1),
        ("^O'NEIL$", 0),
        ("\\\\$", 1),
        ("^\\$1", 1),
        ("[a-z]%", 1),
        ("", 7),
    ] {
        assert_eq!(count("regex", regex).await, expected, "{regex}");
    }
}

#[actix_web::test]
async fn offsets_never_move_back() {
    let world = world();
    let write = async |offsets: &[(u16, u64, u64)]| {
        let offsets =
            offsets.iter().map(|(s, ms, seq)| (Shard(*s), EntryId { ms: *ms, seq: *seq }));
        let offsets = offsets.collect();
        world.warehouse.write(Facts::default(), offsets).await.expect("written");
        let mut found = world.warehouse.offsets().await.expect("offsets");
        found.sort();
        found.into_iter().map(|(s, id)| (s.0, id.ms, id.seq)).collect::<Vec<_>>()
    };
    assert_eq!(write(&[(0, 7, 3), (2, 9, 0)]).await, [(0, 7, 3), (2, 9, 0)]);
    assert_eq!(write(&[(0, 7, 2), (2, 8, 99)]).await, [(0, 7, 3), (2, 9, 0)]);
    assert_eq!(
        write(&[(0, 7, 10), (1, u64::MAX, 1)]).await,
        [(0, 7, 10), (1, u64::MAX, 1), (2, 9, 0)]
    );
    let mut furthest = world.warehouse.furthest_offsets().await.expect("offsets");
    furthest.sort();
    assert_eq!(furthest.len(), 3);
    assert_eq!(furthest[0].1, EntryId { ms: 7, seq: 10 });
}

#[actix_web::test]
async fn the_archive_is_walked_page_by_page_and_finds_what_it_is_asked_for() {
    let world = world();
    let archive = Archive::new(world.warehouse.clone(), caller_keys());
    let shop = site("shop");
    // Many of the same moment: their ids decide.
    let one = |n: u8| {
        let started = at("2026-03-02T10:00:00Z").plus(i64::from(n / 8));
        let mut one = call(&shop, &n.to_string(), started, CallStatus::Answered);
        let number = format!("+141555501{n:02}").parse().expect("a number");
        one.caller_hash = Some(caller_keys().hash(&shop, &number));
        one.caller.number = Some(number);
        one.outcome.tags = (0..n % 3).map(|t| format!("t{t}")).collect();
        one.talk_s = Some(u32::from(n));
        one
    };
    let all: Vec<Call> = (0..20).map(one).collect();
    let events: Vec<_> = all.iter().map(call_event).collect();
    world.write(&events).await;
    let (sites, late) = ([shop.clone(), site("york")], at("2026-03-09T00:00:00Z"));
    let mut expected = all.clone();
    expected.sort_by_key(|call| std::cmp::Reverse((call.started_at, call.id.0)));
    let (mut walked, mut cursor) = (Vec::new(), None);
    loop {
        let page = archive.page(&sites, &Filter::default(), late, cursor, 3).await.expect("a page");
        let Some(last) = page.last() else { break };
        cursor = Some(Cursor { at: last.started_at, id: last.id.0 });
        walked.extend(page);
    }
    assert_eq!(walked, expected);
    let found = async |filter: Filter| {
        let mut page = archive.page(&sites, &filter, late, None, 100).await.expect("a page");
        page.retain(|call| filter.holds(call));
        page.len()
    };
    let any = Filter::default;
    assert_eq!(found(Filter { tag: Some("t1".to_owned()), ..any() }).await, 6);
    assert_eq!(found(Filter { words: vec!["+14155550107".to_owned()], ..any() }).await, 1);
    assert_eq!(found(Filter { min_talk_s: Some(15), first_time: Some(true), ..any() }).await, 5);
    assert_eq!(found(Filter { statuses: vec![CallStatus::Busy], ..any() }).await, 0);
    assert_eq!(found(Filter { qualified: Some(true), ..any() }).await, 0);
    let ids = vec![all[3].id, all[4].id];
    assert_eq!(archive.load(sites.to_vec(), ids.clone()).await.expect("calls").len(), 2);
    assert_eq!(archive.load(vec![site("york")], ids).await.expect("calls").len(), 0);
    let caller = "+14155550105".parse().expect("a number");
    let known = archive.by_caller(&shop, &caller, (at("2026-03-01T00:00:00Z"), late)).await;
    assert_eq!(known.expect("calls"), [all[5].clone()]);
}
