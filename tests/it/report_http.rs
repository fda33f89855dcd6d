//! The report routes: who may ask, what is refused, JSON and CSV; and the report on a terminal.

use actix_web::http::StatusCode;
use actix_web::{App, test, web};
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::config::Live;
use ringtrace::config::model::{ApiKey, Scope};
use ringtrace::http::auth::key_hash;
use ringtrace::http::limits::ApiLimiter;
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::SiteId;
use ringtrace::report::http::routes;
use ringtrace::report::model::{Report, Row, RowKey};
use ringtrace::report::query::benchmarks::Benchmarks;
use ringtrace::report::render::{RenderOptions, render};
use ringtrace::warehouse::rules::facts;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::zone::site_zone;
use utoipa_actix_web::AppExt;

use crate::support::facts::{at, call, call_event, config, made_by, session_event, source, visit};

struct Edge {
    _folder: tempfile::TempDir,
    live: Live,
    clock: Clock,
    warehouse: Warehouse,
}

impl Edge {
    /// Two sites with a week of calls; `key_all` sees both, `key_shop` one of them.
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (shop, other): (SiteId, SiteId) =
            ("shop".parse().expect("an id"), "other".parse().expect("an id"));
        let mut config =
            config(folder.path(), &[(&shop, "Europe/Berlin"), (&other, "America/New_York")]);
        let key = |key: &str, sites: Vec<SiteId>| ApiKey {
            name: key.to_owned(),
            sha256: key_hash(key),
            scope: Scope::Reader,
            sites,
            expires_at: None,
        };
        config.api_keys = vec![key("key_all", Vec::new()), key("key_shop", vec![shop.clone()])];
        let live = Live::new(config);
        let warehouse = Warehouse::open(folder.path(), 1).expect("a warehouse");
        let clock = Clock::default();
        clock.set(at("2026-03-08T12:00:00Z"));

        let mut events = Vec::new();
        for (n, (name, medium, campaign, page)) in [
            ("google", "cpc", "spring", "/plumbing"),
            ("google", "organic", "", "/"),
            (
                "=HYPERLINK(\"http://evil\")",
                "cpc",
                "@sum of all words that a campaign can have",
                "/\u{1b}[31mred",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            for day in 0..5 + 2 * n as i64 {
                let when = at("2026-03-02T08:00:00Z").plus((day * 26 + n as i64) * 3_600_000);
                let visit = visit(&shop, when, source(name, medium, campaign, "Some"), page);
                events.push(session_event(&visit));
                if day % 2 == 0 {
                    let status = if day == 2 { CallStatus::NoAnswer } else { CallStatus::Answered };
                    events.push(call_event(&Call {
                        attribution: Some(made_by(&visit, 0.75)),
                        talk_s: (day != 2).then_some(61 + 10 * day as u32),
                        ..call(&shop, &format!("{n}.{day}"), when.plus(90_000), status)
                    }));
                }
            }
        }
        let elsewhere = at("2026-03-05T08:00:00Z");
        events.push(call_event(&call(&other, "x", elsewhere, CallStatus::Busy)));
        let installation = live.now_full();
        let rows = facts(events.iter(), |e| site_zone(&installation, &e.site));
        warehouse.write(rows, Vec::new()).await.expect("written");
        Edge { _folder: folder, live, clock, warehouse }
    }

    async fn get(&self, key: &str, path: &str, accept: &str) -> (StatusCode, String, String) {
        let (app, _) = App::new()
            .app_data(web::Data::new(ApiLimiter::new(&self.live.now().config.limits)))
            .app_data(web::Data::new(self.live.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(self.warehouse.clone()))
            .app_data(web::Data::new(Benchmarks::embedded().expect("benchmarks")))
            .into_utoipa_app()
            .configure(routes)
            .split_for_parts();
        let app = test::init_service(app).await;
        let request = test::TestRequest::get()
            .uri(path)
            .insert_header(("authorization", format!("Bearer {key}")))
            .insert_header(("accept", accept));
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status();
        let kind = response.headers().get("content-type").map(|v| v.to_str().expect("text"));
        let kind = kind.unwrap_or_default().to_owned();
        let body = test::read_body(response).await;
        (status, kind, String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn report(&self, path: &str) -> Report {
        let (status, _, body) = self.get("key_all", path, "*/*").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).expect("a report")
    }
}

#[actix_web::test]
async fn a_report_says_what_it_is_about_and_can_be_read_back() {
    let edge = Edge::start().await;
    let report = edge.report("/v1/reports/sources?site=shop").await;
    assert_eq!((report.from.as_str(), report.to.as_str()), ("2026-02-07", "2026-03-08"));
    assert_eq!(report.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(report.totals.calls.get(), 11.0, "the last call is after today");
    let both = edge.report("/v1/reports/hours?from=2026-03-01&to=2026-03-31").await;
    assert_eq!(both.time_zone, None, "two sites, two zones");
    assert_eq!(both.totals.calls.get(), 13.0);
    let (_, _, text) = edge.get("key_all", "/v1/reports/sources?site=shop", "*/*").await;
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let keys = ["report", "sites", "from", "to", "time_zone", "rows", "totals"];
    assert!(keys.iter().all(|key| json.get(key).is_some()), "{text}");
    assert_eq!(json["rows"][0]["completion_rate"]["denominator"], json["rows"][0]["calls"]);
    assert!(json["rows"][0]["channel"].is_string());
}

#[actix_web::test]
async fn a_filter_leaves_what_a_row_of_the_whole_says() {
    let edge = Edge::start().await;
    let days = "from=2026-03-01&to=2026-03-31";
    let whole = edge.report(&format!("/v1/reports/sources?{days}")).await;
    let filter = "filter=campaign:equals:spring&filter=source:google";
    let spring = edge.report(&format!("/v1/reports/sources?{days}&{filter}")).await;
    let is_spring = |row: &&Row| matches!(&row.key, RowKey::Source { source, campaign, .. } if campaign == "spring" && source == "google");
    let rows: Vec<_> = whole.rows.iter().filter(is_spring).cloned().collect();
    assert!(!rows.is_empty() && whole.rows.len() > rows.len());
    assert_eq!(spring.rows, rows);
    let visits: f64 = rows.iter().map(|row| row.metrics.visits.get()).sum();
    assert_eq!(spring.totals.visits.get(), visits);
    assert!(spring.filter.contains("spring") && whole.filter.is_empty(), "{}", spring.filter);
    let hours = edge.report(&format!("/v1/reports/hours?{days}&{filter}")).await;
    assert_eq!((hours.rows.len(), hours.totals.calls), (168, spring.totals.calls));
    let path = format!("/v1/reports/credits?{days}&{filter}");
    let (status, _, body) = edge.get("key_all", &path, "*/*").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("no `filter`"), "{body}");
}

#[actix_web::test]
async fn a_key_sees_its_own_sites_only() {
    let edge = Edge::start().await;
    let (status, _, body) = edge.get("key_shop", "/v1/reports/sources", "*/*").await;
    assert_eq!(status, StatusCode::OK);
    let report: Report = serde_json::from_str(&body).expect("a report");
    assert_eq!(report.sites.len(), 1);
    for path in ["/v1/reports/sources?site=other", "/v1/reports/hours?site=shop&site=nobody"] {
        assert_eq!(edge.get("key_shop", path, "*/*").await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let unknown = edge.get("wrong", "/v1/reports/landing-pages", "*/*").await;
    assert_eq!(unknown.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn what_cannot_be_understood_is_refused_with_help() {
    let edge = Edge::start().await;
    for (query, help) in [
        ("sit=shop", "did you mean `site`?"),
        ("form=2026-03-01", "did you mean `from`?"),
        ("group_by=hour", "there are `site`"),
        ("from=yesterday", "`from` is a date"),
        ("from=2026-03-05&to=2026-03-01", "`from` is after `to`"),
        ("from=2026-03-05&to=2026-03-06T00:00:00Z", "both dates or both times"),
        ("from=2026-03-05&from=2026-03-06", "given twice"),
        ("format=pdf", "`json` or `csv`"),
        ("site=a%20b", "site id"),
        ("filter=sorce:google", "did you mean `source`"),
        ("filter=%7B%22dimension%22:1%7D", "dimension"),
    ] {
        let path = format!("/v1/reports/sources?{query}");
        let (status, kind, body) = edge.get("key_all", &path, "*/*").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(kind, "application/problem+json");
        assert!(body.contains(help), "{query}: {body}");
    }
}

#[actix_web::test]
async fn csv_has_a_header_and_no_formulas() {
    let edge = Edge::start().await;
    let by_parameter = edge.get("key_all", "/v1/reports/sources?format=csv", "*/*").await;
    let by_header = edge.get("key_all", "/v1/reports/sources", "text/csv").await;
    assert_eq!(by_parameter, by_header);
    let (status, kind, body) = by_parameter;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/csv; charset=utf-8"));
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{body}");
    let column = |name: &str| header.iter().position(|h| h == name).expect("the column");
    let google = rows.iter().find(|row| &row[2] == "spring").expect("the row");
    assert_eq!(&google[column("visits")], "5");
    assert_eq!(&google[column("completion_rate_denominator")], "3");
    let unknown = rows.iter().find(|row| &row[0] == "(unknown)").expect("the row");
    assert_eq!(&unknown[column("call_rate")], "", "not measured is empty, not 0");
    let hours = edge.get("key_all", "/v1/reports/hours?format=csv", "*/*").await.2;
    assert_eq!(hours.lines().count(), 169);
}

#[actix_web::test]
async fn reports_look_right_on_a_terminal() {
    let edge = Edge::start().await;
    let options = RenderOptions { width: 130, plain: false, max_rows: 2 };
    let plain = RenderOptions { plain: true, max_rows: 25, ..options };
    let query = "site=shop&from=2026-03-01&to=2026-03-08";
    let sources = edge.report(&format!("/v1/reports/sources?{query}")).await;
    let pages = edge.report(&format!("/v1/reports/landing-pages?{query}")).await;
    let hours = edge.report(&format!("/v1/reports/hours?{query}")).await;
    insta::assert_snapshot!("sources", render(&sources, &plain));
    insta::assert_snapshot!("landing_pages", render(&pages, &options));
    insta::assert_snapshot!("hours", render(&hours, &options));
    insta::assert_snapshot!("hours_plain", render(&hours, &plain));
    // 3 of 5 against 4 of 7: pooled 7/12, z = 0.0990.
    let path = format!("/v1/reports/landing-pages?{query}&a=/plumbing&b=/");
    let told =
        "Call rate of a: 60.0 % (3 of 5), of b: 57.1 % (4 of 7)\nDifference: +2.9 pp, p 0.921\n";
    let text = render(&edge.report(&path).await, &plain);
    assert!(text.ends_with(told), "{text}");
    let path = format!("/v1/reports/landing-pages?{query}&a=/plumbing&b=/nowhere");
    let told = "(3 of 5), of b: no visits\nThey cannot be compared\n";
    let text = render(&edge.report(&path).await, &plain);
    assert!(text.ends_with(told), "{text}");
    // On any terminal the lines fit, and every row is one line.
    for width in 80..=160 {
        let options = RenderOptions { width, ..plain };
        for report in [&sources, &pages] {
            let text = render(report, &options);
            assert_eq!(text.lines().count(), 4 + report.rows.len() + 1, "{text}");
            assert!(text.lines().all(|line| line.len() <= usize::from(width)), "{width}:\n{text}");
        }
    }
}
