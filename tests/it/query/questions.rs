//! Questions of all shapes.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::report::query::dimensions::DIMENSIONS;
use serde_json::{Value, json};

use super::world::{World, bearer, day, hash, site};
use crate::support::facts::{at, call, call_event, made_by, session_event, source, visit};

async fn world() -> World {
    let world = World::new(&[("shop", "UTC"), ("other", "Europe/Berlin")]);
    world.write(&day(&site("shop"))).await;
    let elsewhere = call(&site("other"), "x", at("2026-03-02T23:30:00Z"), CallStatus::Busy);
    world.write(&[call_event(&elsewhere)]).await;
    world
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["rows"].as_array().expect("rows")
}

/// The calls of each row by its one dimension.
fn calls(answer: &Value, dimension: &str) -> BTreeMap<String, f64> {
    let told = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |row: &Value| (told(&row[dimension]), row["calls"].as_f64().expect("a number"));
    rows(answer).iter().map(row).collect()
}

#[actix_web::test]
async fn every_dimension_can_be_asked_and_its_calls_sum_to_all() {
    let world = world().await;
    for dimension in DIMENSIONS {
        let question =
            json!({"metrics": ["calls"], "dimensions": [dimension.name], "site": "shop"});
        let answer = world.ask(question).await;
        let sum: f64 = calls(&answer, dimension.name).values().sum();
        // A call with two tags counts under both.
        let expected = if dimension.name == "tag" { 10.0 } else { 9.0 };
        assert_eq!(sum, expected, "{}", dimension.name);
        assert_eq!(answer["totals"]["calls"], 9, "{}", dimension.name);
        for row in rows(&answer).iter().filter(|row| !row[dimension.name].is_null()) {
            let filter = json!({"dimension": dimension.name, "equals": row[dimension.name]});
            let question = json!({"metrics": ["calls"], "filters": filter, "site": "shop"});
            assert_eq!(world.ask(question).await["totals"]["calls"], row["calls"], "{filter}");
        }
    }
}

#[actix_web::test]
async fn filters_choose_rows_of_every_kind() {
    let world = world().await;
    let count = async |filter: Value| {
        let question = json!({"metrics": ["calls"], "filters": filter, "site": "shop"});
        world.ask(question).await["totals"]["calls"].as_f64().expect("a number")
    };
    for (filter, expected) in [
        (json!({"dimension": "status", "in": ["answered", "busy"]}), 5.0),
        (json!({"dimension": "hour", "gte": 11, "lt": 14}), 3.0),
        (json!({"dimension": "tag", "equals": "new"}), 1.0),
        (json!({"dimension": "tag", "prefix": "vi"}), 2.0),
        (json!({"dimension": "tag", "null": true}), 7.0),
        (json!({"dimension": "disposition", "regex": "^(booked|sold)$"}), 2.0),
        (json!({"dimension": "landing_page", "contains": "lumb"}), 2.0),
        (json!({"not": {"dimension": "qualified", "equals": true}}), 7.0),
        (json!({"dimension": "qualified", "null": false}), 3.0),
        (json!({"dimension": "week", "equals": "2026-W10"}), 9.0),
        (json!({"dimension": "month", "gt": "2026-03"}), 0.0),
        (json!({"or": []}), 0.0),
        (
            json!([{"dimension": "agent", "equals": "ann"}, {"dimension": "converted", "equals": false}]),
            1.0,
        ),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter}");
    }
}

#[actix_web::test]
async fn pages_are_together_the_whole_answer() {
    let world = world().await;
    for order in [json!(["-calls"]), json!(["average_wait", "-hour"]), json!(["status"])] {
        let question = json!({
            "metrics": ["calls", "average_wait"], "dimensions": ["hour", "status"], "order": order,
        });
        let whole = world.ask(question.clone()).await;
        let (mut paged, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let mut question = question.clone();
            question["limit"] = json!(2);
            if !cursor.is_null() {
                question["cursor"] = cursor;
            }
            let page = world.ask(question).await;
            assert_eq!(page["totals"], whole["totals"]);
            paged.extend(rows(&page).clone());
            cursor = page["next"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(&paged, rows(&whole), "{order}");
        assert_eq!(whole["rows_total"], paged.len());
    }
    let other = json!({"metrics": ["calls"], "cursor": "bm9uZQ"});
    assert_eq!(world.post("/v1/reports/query", other).await.0, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn days_have_23_and_25_hours_where_clocks_change() {
    let world = World::new(&[("shop", "Europe/Berlin")]);
    let events: Vec<_> = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-03-29T01:30:00Z"]
        .iter()
        .map(|when| call_event(&call(&site("shop"), when, at(when), CallStatus::Busy)))
        .collect();
    world.write(&events).await;
    for (day, hours, calls) in [("2026-10-25", 25, 2), ("2026-03-29", 23, 1)] {
        let question = json!({"grain": "hour", "fill": true, "from": day, "to": day});
        let answer = world.ask(question).await;
        assert_eq!(rows(&answer).len(), hours, "{day}");
        assert_eq!(answer["totals"]["calls"], calls);
    }
    let question = json!({"grain": "hour", "from": "2026-10-25", "to": "2026-10-25"});
    let answer = world.ask(question).await;
    let hours: Vec<_> = rows(&answer).iter().map(|row| row["date_hour"].clone()).collect();
    assert_eq!(hours, ["2026-10-25T02:00+01:00", "2026-10-25T02:00+02:00"], "the same on the wall");
}

#[actix_web::test]
async fn a_period_is_compared_day_by_day_with_the_one_before() {
    let world = World::new(&[("shop", "UTC")]);
    let busy = |name: &str, day: &str| {
        call_event(&call(&site("shop"), name, at(&format!("{day}T10:00:00Z")), CallStatus::Busy))
    };
    let days = ["2026-03-05", "2026-03-05", "2026-03-07", "2026-03-01", "2026-03-03"];
    let events: Vec<_> =
        days.iter().enumerate().map(|(n, day)| busy(&n.to_string(), day)).collect();
    world.write(&events).await;
    let answer = world
        .ask(json!({
            "from": "2026-03-05", "to": "2026-03-08", "grain": "day", "fill": true, "compare": "previous_period",
        }))
        .await;
    assert_eq!(answer["compared_with"]["from"], "2026-03-01");
    let told: Vec<(&Value, &Value)> = rows(&answer)
        .iter()
        .map(|row| (&row["calls"], &row["compare"]["calls"]["value"]))
        .collect();
    let expected = [(2, 1), (0, 0), (1, 1), (0, 0)].map(|(now, then)| (json!(now), json!(then)));
    assert_eq!(told, expected.iter().map(|(now, then)| (now, then)).collect::<Vec<_>>());
    assert_eq!(answer["totals"]["compare"]["calls"]["change"], 0.5);
}

#[actix_web::test]
async fn segments_and_landing_pages_are_held_against_each_other() {
    let world = World::new(&[("shop", "UTC")]);
    let mut events = Vec::new();
    let ad = source("google", "cpc", "spring", "Paid Search");
    for (page, visits, with_call) in [("/a", 200, 40), ("/b", 250, 25)] {
        for n in 0..visits {
            let seen = visit(&site("shop"), at("2026-03-02T09:00:00Z"), ad.clone(), page);
            events.push(session_event(&seen));
            if n < with_call {
                events.push(call_event(&Call {
                    attribution: Some(made_by(&seen, 0.9)),
                    ..call(&site("shop"), &format!("{page}{n}"), seen.started_at, CallStatus::Busy)
                }));
            }
        }
    }
    world.write(&events).await;
    let page = |page: &str| json!({"dimension": "landing_page", "equals": page});
    let answer = world
        .ask(json!({"metrics": ["call_rate"], "filters": page("/a"), "compare": {"filters": page("/b")}}))
        .await;
    let compared = &answer["totals"]["compare"]["call_rate"];
    assert_eq!(compared["value"]["numerator"], 25);
    assert_eq!(compared["change"], 0.1);
    assert!((compared["p_value"].as_f64().expect("a p-value") - 0.002_713_111).abs() < 1e-8);
    let path = "/v1/reports/landing-pages?from=2026-03-01&to=2026-03-08&a=/a&b=/b";
    let (_, report) = world.get(path).await;
    assert_eq!(report["comparison"]["p_value"], compared["p_value"]);
    assert_eq!(world.get("/v1/reports/hours?a=/a&b=/b").await.0, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn what_rows_do_not_have_is_left_out_and_told() {
    let world = world().await;
    let answer = world
        .ask(json!({"metrics": ["calls", "visits", "cost"], "dimensions": ["status"], "site": "shop"}))
        .await;
    let out: Vec<&Value> =
        answer["left_out"].as_array().expect("a list").iter().map(|out| &out["metric"]).collect();
    assert_eq!(out, ["visits", "cost"]);
    assert!(rows(&answer).iter().all(|row| row["visits"].is_null() && row["calls"].is_number()));
    let (status, problem) = world
        .post("/v1/reports/query", json!({"metrics": ["visits"], "dimensions": ["agent"]}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("visits have no `agent`")));
}

#[actix_web::test]
async fn benchmarks_are_an_industry_or_the_own_past() {
    let world = world().await;
    let question =
        json!({"metrics": ["blocked_rate", "calls"], "benchmark": "finance", "site": "shop"});
    let answer = world.ask(question).await;
    let measured = &answer["totals"]["benchmark"];
    assert_eq!(
        (&measured["blocked_rate"]["verdict"], &measured["calls"]),
        (&json!("worse"), &Value::Null)
    );
    let gap = measured["blocked_rate"]["gap"].as_f64().expect("a gap");
    assert!((gap - (2.0 / 9.0 - 0.05)).abs() < 1e-9);
    let question = json!({
        "metrics": ["calls"], "benchmark": "own_past", "site": "shop", "from": "2026-03-03", "to": "2026-03-09",
    });
    let own = world.ask(question).await["totals"]["benchmark"]["calls"].take();
    // Nine calls in 84 days, in the six and a half days of the seven that are over: it is noon.
    let usual = 9.0 / 84.0 * 6.5;
    let is = |told: &Value, expected: f64| {
        let told = told.as_f64().expect("a number");
        assert!((told - expected).abs() < 1e-9, "{told}, not {expected}");
    };
    is(&own["low"], usual);
    is(&own["gap"], -usual);
    // Each day is held against a usual day, today against as much of one as is over; what was never is not told.
    let question = json!({
        "metrics": ["calls", "unique_callers"], "benchmark": "own_past", "site": "shop", "grain": "day", "fill": true,
        "from": "2026-03-08", "to": "2026-03-10",
    });
    let days = world.ask(question).await;
    let lows: Vec<f64> = rows(&days)
        .iter()
        .map(|row| row["benchmark"]["calls"]["low"].as_f64().expect("a number"))
        .collect();
    for (low, expected) in lows.iter().zip([1.0, 0.5, 0.0]) {
        assert!((low - expected * 9.0 / 84.0).abs() < 1e-9, "{lows:?}");
    }
    assert!(rows(&days).iter().all(|row| row["benchmark"]["unique_callers"].is_null()));
}

#[actix_web::test]
async fn a_filter_is_taken_apart() {
    let world = world().await;
    let question = json!({
        "metrics": ["calls"], "from": "2026-03-01", "to": "2026-03-08", "site": "shop",
        "filters": {"and": [
            {"dimension": "status", "equals": "answered"},
            {"dimension": "first_time", "equals": false},
            {"dimension": "agent", "equals": "ann"},
        ]},
    });
    let (status, analysis) = world.post("/v1/reports/query/analyse", question).await;
    assert_eq!(status, StatusCode::OK, "{analysis}");
    assert_eq!(
        (&analysis["unfiltered"]["calls"], &analysis["filtered"]["calls"]),
        (&json!(9), &json!(1))
    );
    let told = |name: &str| -> Vec<i64> {
        let parts = analysis["filters"].as_array().expect("parts").iter();
        parts.map(|part| part[name]["calls"].as_i64().expect("a number")).collect()
    };
    assert_eq!(told("so_far"), [4, 3, 1]);
    assert_eq!(told("alone"), [4, 4, 2]);
    assert_eq!(told("without"), [1, 2, 3]);
}

#[actix_web::test]
async fn nobody_asks_about_sites_of_others_or_what_there_is_not() {
    let world = world().await;
    let ask = async |key: &str, question: Value| {
        let request = TestRequest::post().uri("/v1/reports/query").insert_header(bearer(key));
        world.send(request.set_payload(question.to_string())).await
    };
    assert_eq!(ask("shop", json!({"site": "other"})).await.0, StatusCode::NOT_FOUND);
    let own: Value =
        serde_json::from_slice(&ask("shop", json!({"period": "last_30_days"})).await.1)
            .expect("JSON");
    assert_eq!((&own["sites"], &own["totals"]["calls"]), (&json!(["shop"]), &json!(9)));
    assert_eq!(ask("nobody", json!({})).await.0, StatusCode::UNAUTHORIZED);
    for (question, help) in [
        (json!({"metrics": ["cals"]}), "`calls`"),
        (json!({"dimensions": ["sourse"]}), "`source`"),
        (json!({"period": "last_8_days"}), "`last_7_days`"),
        (json!({"benchmark": "e-commerce"}), "`ecommerce`"),
        (json!({"order": ["visits"]}), "there are `calls`"),
        (json!({"limit": 0}), "1 to 10000"),
        (json!({"compare": "last_period"}), "`previous_period`"),
        (json!({"dimensions": ["hour", "date", "week", "month", "year"]}), "at most 4"),
        (json!({"format": "pdf"}), "`parquet`"),
    ] {
        let (status, body) = world.post("/v1/reports/query", question.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{question}");
        assert!(
            body["detail"].as_str().is_some_and(|why| why.contains(help)),
            "{question}: {body}"
        );
    }
    let (status, body) = world.get("/v1/reports/sauces").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["detail"].as_str().is_some_and(|why| why.contains("`sources`")), "{body}");
}

/// Words that would matter if they got into the text of a statement.
const HOSTILE: [&str; 10] = [
    "'; DROP TABLE calls; --",
    "' OR '1'='1",
    "$1",
    "\\' OR 1=1 --",
    "{sites}",
    "\u{1f}",
    "%",
    "_",
    "\"",
    "x' UNION SELECT 1 --",
];

#[actix_web::test]
async fn what_comes_from_outside_stays_a_value() {
    let world = World::new(&[("shop", "UTC")]);
    let events: Vec<_> = HOSTILE
        .iter()
        .map(|word| {
            let mut call = Call {
                caller_hash: hash('a'),
                ..call(&site("shop"), word, at("2026-03-02T10:00:00Z"), CallStatus::Busy)
            };
            call.outcome.disposition = (*word).to_owned();
            call_event(&call)
        })
        .collect();
    world.write(&events).await;
    for word in HOSTILE {
        for test in ["equals", "contains", "prefix"] {
            let filter = json!({"dimension": "disposition", test: word});
            let question =
                json!({"metrics": ["calls"], "dimensions": ["disposition"], "filters": filter});
            let answer = world.ask(question).await;
            let found = calls(&answer, "disposition");
            assert_eq!(found.get(word), Some(&1.0), "{filter}");
            assert!(test != "equals" || found.len() == 1, "{filter}: {found:?}");
        }
        let question = json!({"metrics": ["calls"], "conversion": word, "model": "linear"});
        assert_eq!(world.ask(question).await["totals"]["calls"], 0, "{word}");
    }
    assert_eq!(world.ask(json!({})).await["totals"]["calls"], HOSTILE.len());
}

#[actix_web::test]
async fn every_named_report_answers() {
    let world = world().await;
    for preset in ringtrace::report::presets::PRESETS {
        let path = format!("/v1/reports/{}?site=shop&period=last_30_days", preset.name);
        let (status, answer) = world.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{}: {answer}", preset.name);
        assert_eq!(answer["report"], preset.name);
        assert!(!rows(&answer).is_empty(), "{}", preset.name);
        assert!(answer["left_out"].is_null(), "{}: {}", preset.name, answer["left_out"]);
        let by_site =
            world.get(&format!("{path}&dimensions=site&order=-{}", preset.metrics[0])).await.1;
        assert_eq!(by_site["rows_total"], 1, "{}", preset.name);
    }
    let (_, catalogue) = world.get("/v1/reports/catalogue").await;
    assert_eq!(catalogue["dimensions"].as_array().map(Vec::len), Some(DIMENSIONS.len()));
}

#[actix_web::test]
async fn pages_of_a_question_that_ends_now_are_about_the_same_time() {
    let world = world().await;
    let mut question = json!({
        "metrics": ["calls"], "dimensions": ["status"], "from": "2026-03-01T00:00:00Z", "limit": 1,
    });
    let (_, first) = world.post("/v1/reports/query", question.clone()).await;
    world.clock.set(world.clock.now().plus(3_600_000));
    question["cursor"] = first["next"].clone();
    let (status, second) = world.post("/v1/reports/query", question.clone()).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    assert_eq!((&second["to"], &second["rows_total"]), (&first["to"], &first["rows_total"]));
    assert_ne!(rows(&second), rows(&first));
}

#[actix_web::test]
async fn pages_in_the_order_of_a_share_tell_every_row_once() {
    let world = World::new(&[("shop", "UTC")]);
    // Ten of eleven: a decimal that some readers read as its neighbour.
    let mut events = Vec::new();
    for (hour, answered, missed) in [(10, 10, 1), (11, 10, 1), (12, 1, 10), (13, 5, 6)] {
        for n in 0..answered + missed {
            let status = if n < answered { CallStatus::Answered } else { CallStatus::Busy };
            let when = at(&format!("2026-03-02T{hour}:00:00Z"));
            events.push(call_event(&call(&site("shop"), &format!("{hour}-{n}"), when, status)));
        }
    }
    world.write(&events).await;
    for order in ["-completion_rate", "completion_rate"] {
        let question = json!({
            "metrics": ["completion_rate"], "dimensions": ["hour"], "order": [order], "limit": 1,
            "from": "2026-03-01", "to": "2026-03-08",
        });
        let (mut hours, mut cursor) = (Vec::new(), Value::Null);
        for _ in 0..6 {
            let mut question = question.clone();
            if !cursor.is_null() {
                question["cursor"] = cursor;
            }
            let page = world.ask(question).await;
            hours.extend(rows(&page).iter().map(|row| row["hour"].clone()));
            cursor = page["next"].clone();
            if cursor.is_null() {
                break;
            }
        }
        let expected = match order {
            "-completion_rate" => [10, 11, 13, 12],
            _ => [12, 13, 10, 11],
        };
        assert_eq!(hours, expected, "{order}");
    }
}

#[actix_web::test]
async fn moments_are_compared_with_moments_and_filled_with_their_own_hours() {
    let world = World::new(&[("shop", "Europe/Berlin")]);
    let events: Vec<_> = ["2025-03-02T10:30:00Z", "2025-03-02T20:30:00Z", "2026-03-02T11:30:00Z"]
        .iter()
        .map(|when| call_event(&call(&site("shop"), when, at(when), CallStatus::Busy)))
        .collect();
    world.write(&events).await;
    let question = json!({
        "metrics": ["calls"], "grain": "hour", "fill": true, "compare": "same_period_last_year",
        "from": "2026-03-02T10:00:00Z", "to": "2026-03-02T12:00:00Z",
    });
    let answer = world.ask(question).await;
    let hours: Vec<_> = rows(&answer).iter().map(|row| row["date_hour"].clone()).collect();
    assert_eq!(hours, ["2026-03-02T11:00+01:00", "2026-03-02T12:00+01:00"]);
    // The call of the evening is not of these two hours.
    assert_eq!(answer["totals"]["compare"]["calls"]["value"], 1, "{}", answer["totals"]);
    let question = json!({
        "metrics": ["calls"], "dimensions": ["weekday", "hour"], "fill": true,
        "from": "2026-03-02", "to": "2026-03-08",
    });
    let week = world.ask(question).await;
    assert_eq!(week["rows_total"], 168, "every hour of the week");
    assert_eq!(week["totals"]["calls"], 1);
}
