//! Costs and staffing over HTTP: what is sent again replaces what was sent, and what cannot be used is told.

use serde_json::{Value, json};

use crate::support::app::TestApp;

/// Status and answer of `body` sent to `path`; a text is a CSV.
async fn tell(app: &TestApp, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = app.client.post(format!("{}{path}", app.base)).bearer_auth(key);
    let request = match body {
        Value::String(csv) => request.header("content-type", "text/csv").body(csv.clone()),
        json => request.json(json),
    };
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The totals of a question about the first days of March on site `one`.
async fn totals(app: &TestApp, metrics: &str) -> Value {
    app.reported().await;
    let path =
        format!("/v1/reports/query?metrics={metrics}&site=one&from=2026-03-01&to=2026-03-31");
    let answer: Value = app.get(&path, "rt_admin").await.json().await.expect("JSON");
    answer["totals"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_count_once_however_they_are_told() {
    let mut app = TestApp::start().await;
    let path = "/v1/costs?site=one";
    let line = json!({ "date": "2026-03-01", "source": "google", "medium": "cpc", "campaign": "spring", "amount": "100" });
    let fee = json!({ "date": "2026-03-01", "source": "google", "medium": "cpc", "campaign": "spring", "amount": 20.5, "kind": "fee" });
    for _ in 0..2 {
        let (status, told) = tell(&app, path, "rt_admin", &json!({ "costs": [line, fee] })).await;
        assert_eq!((status, told), (200, json!({ "accepted": 2, "rejected": [] })));
    }
    assert_eq!(totals(&app, "cost,ad_spend").await, json!({ "cost": 120.5, "ad_spend": 100.0 }));

    // The same thing as a table, with another figure; and lines that cannot be used.
    let csv = "date;source;medium;campaign;amount\n2026-03-01;google;cpc;spring;90\n2026-03-02;google;cpc;spring;x\n\
               2026-03-02;;cpc;spring;1\n2099-01-01;google;cpc;spring;1\n2026-03-02;bing;cpc;;7.25\n";
    let (status, told) = tell(&app, path, "rt_admin", &json!(csv)).await;
    assert_eq!((status, &told["accepted"]), (200, &json!(2)), "{told}");
    let lines: Vec<_> =
        told["rejected"].as_array().expect("a list").iter().map(|r| &r["entry"]).collect();
    assert_eq!(lines, [&json!(3), &json!(4), &json!(5)], "{told}");
    let reason = told["rejected"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("`amount`"), "{reason}");
    assert_eq!(totals(&app, "cost,ad_spend").await, json!({ "cost": 117.75, "ad_spend": 97.25 }));

    // Their channel is that of visits from there.
    let by =
        "/v1/reports/query?metrics=cost&dimensions=channel&site=one&from=2026-03-01&to=2026-03-31";
    let answer: Value = app.get(by, "rt_admin").await.json().await.expect("JSON");
    assert_eq!(answer["rows"], json!([{ "channel": "Paid Search", "cost": 117.75 }]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staffing_counts_once_however_it_is_told() {
    let mut app = TestApp::start().await;
    let path = "/v1/staffing?site=one";
    let ann =
        json!({ "date": "2026-03-01", "agent": "Ann", "shift": "day", "hours": 8, "wage": "20" });
    for _ in 0..2 {
        let (status, told) = tell(&app, path, "rt_admin", &json!({ "staffing": [ann] })).await;
        assert_eq!((status, told), (200, json!({ "accepted": 1, "rejected": [] })));
    }
    let csv =
        "date,agent,shift,hours,wage\n2026-03-01,Ann,day,7.5,20\n2026-03-01,Bob,day,many,20\n";
    let (status, told) = tell(&app, path, "rt_admin", &json!(csv)).await;
    assert_eq!((status, &told["accepted"]), (200, &json!(1)), "{told}");
    assert_eq!(told["rejected"][0]["entry"], 3);

    app.reported().await;
    let export = app.get("/v1/export?table=staffing&format=csv", "rt_admin").await;
    let text = export.text().await.expect("a file");
    let row: Vec<&str> = text.lines().skip(1).collect();
    assert!(
        matches!(row[..], [row] if row.ends_with(",one,2026-03-01,Ann,day,27000,20.0000,USD")),
        "{text}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_or_says_nothing_usable_changes_nothing() {
    let mut app = TestApp::start().await;
    let line = json!({ "date": "2026-03-01", "source": "google", "amount": "100" });
    let costs = json!({ "costs": [line] });
    for (path, key, body, expected) in [
        ("/v1/costs?site=one", "rt_reader", &costs, 403),
        ("/v1/costs?site=three", "rt_admin", &costs, 404),
        ("/v1/costs", "rt_admin", &costs, 400),
        ("/v1/costs?site=one", "rt_admin", &json!({ "costs": 5 }), 400),
        ("/v1/costs?site=one", "rt_admin", &json!({ "staffing": [] }), 400),
        ("/v1/costs?site=one", "rt_admin", &json!("day,amount\n2026-03-01,5\n"), 400),
        ("/v1/staffing?site=one", "rt_reader", &json!({ "staffing": [] }), 403),
        ("/v1/staffing?site=one", "rt_admin", &costs, 400),
    ] {
        let (status, told) = tell(&app, path, key, body).await;
        assert_eq!(status, expected, "{path} {body}: {told}");
    }
    let many: Vec<_> = (0..10_001)
        .map(|n| json!({ "date": "2026-03-01", "source": format!("s{n}"), "amount": 1 }))
        .collect();
    let (status, told) =
        tell(&app, "/v1/costs?site=one", "rt_admin", &json!({ "costs": many })).await;
    assert!(matches!(status, 400 | 413), "{told}");
    assert_eq!(totals(&app, "cost").await, json!({ "cost": null }));
    app.stop().await;
}
