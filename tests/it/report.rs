//! Reports: every figure by hand, then against a plain recount of random facts.

use proptest::prelude::*;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::config::Live;
use ringtrace::ledger::model::Envelope;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SiteId;
use ringtrace::report::credits;
use ringtrace::report::credits::model::{ByClock, Question, Weight};
use ringtrace::report::metrics::Rate;
use ringtrace::report::model::{Period, Report, ReportKind, ReportQuery, RowKey, SpamFilter};
use ringtrace::report::store::answer;
use ringtrace::visit::model::Visit;
use ringtrace::warehouse::rules::facts;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::zone::site_zone;

use crate::support::facts::{at, call, call_event, config, made_by, session_event, source, visit};

/// A warehouse without a ledger: envelopes go straight in.
struct Facts {
    _folder: tempfile::TempDir,
    live: Live,
    warehouse: Warehouse,
}

impl Facts {
    fn new(sites: &[(&SiteId, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let live = Live::new(config(folder.path(), sites));
        let warehouse = Warehouse::open(folder.path(), 1).expect("a warehouse");
        Facts { _folder: folder, live, warehouse }
    }

    async fn write(&self, envelopes: &[Envelope]) {
        let installation = self.live.now_full();
        let facts = facts(envelopes.iter(), |e| site_zone(&installation, &e.site));
        self.warehouse.write(facts, Vec::new()).await.expect("written");
    }

    async fn ask(&self, kind: ReportKind, sites: &[&SiteId], period: Period) -> Report {
        self.ask_with(kind, sites, period, SpamFilter::default()).await
    }

    async fn ask_with(
        &self,
        kind: ReportKind,
        sites: &[&SiteId],
        period: Period,
        spam: SpamFilter,
    ) -> Report {
        let sites = sites.iter().map(|&site| site.clone()).collect();
        let query = ReportQuery {
            kind,
            sites,
            period,
            time_zone: Some("UTC".to_owned()),
            spam,
            conversion: String::new(),
            credit: None,
            filter: None,
            pages: None,
        };
        answer(&self.warehouse, query, Millis(0)).await.expect("an answer")
    }
}

fn days(from: &str, to: &str) -> Period {
    let day = |text: &str| text.parse().expect("a date");
    Period::Days { from: day(from), to: day(to) }
}

fn site(id: &str) -> SiteId {
    id.parse().expect("a site id")
}

/// Two visits from an ad, one from a search, one direct; five calls.
fn fixture(site: &SiteId) -> Vec<Envelope> {
    let ad = source("google", "cpc", "spring", "Paid Search");
    let ad_visit = visit(site, at("2026-03-02T09:10:00Z"), ad.clone(), "/plumbing");
    let other_ad_visit = visit(site, at("2026-03-02T09:20:00Z"), ad, "/plumbing");
    let search = source("google", "organic", "", "Organic Search");
    let search_visit = visit(site, at("2026-03-03T14:00:00Z"), search, "/");
    let direct = source("(direct)", "(none)", "", "Direct");
    let direct_visit = visit(site, at("2026-03-03T14:30:00Z"), direct, "/");

    let answered = |name, when, visit: &Visit, confidence, talk_s, first_time| Call {
        talk_s: Some(talk_s),
        first_time: Some(first_time),
        attribution: Some(made_by(visit, confidence)),
        ..call(site, name, at(when), CallStatus::Answered)
    };
    let calls = [
        answered("1", "2026-03-02T09:15:00Z", &ad_visit, 0.9, 95, true),
        answered("2", "2026-03-02T11:00:00Z", &ad_visit, 0.7, 25, false),
        Call {
            attribution: Some(made_by(&search_visit, 0.5)),
            first_time: None,
            ..call(site, "3", at("2026-03-03T14:05:00Z"), CallStatus::NoAnswer)
        },
        // Still ringing: a call, but neither answered nor missed.
        Call {
            attribution: Some(made_by(&search_visit, 0.6)),
            ..call(site, "4", at("2026-03-03T14:06:00Z"), CallStatus::Ringing)
        },
        call(site, "5", at("2026-03-03T20:00:00Z"), CallStatus::Rejected),
    ];
    let visits = [ad_visit, other_ad_visit, search_visit, direct_visit];
    visits.iter().map(session_event).chain(calls.iter().map(call_event)).collect()
}

#[tokio::test]
async fn unwanted_calls_are_left_out_and_told_unless_they_are_asked_for() {
    let site = site("shop");
    let facts = Facts::new(&[(&site, "UTC")]);
    let mut envelopes = fixture(&site);
    let ad = source("google", "cpc", "spring", "Paid Search");
    let caught = visit(&site, at("2026-03-02T10:00:00Z"), ad, "/plumbing");
    let told = |by_screen: bool, by_people: Option<bool>, name| {
        let reasons = if by_screen { vec!["rate"] } else { Vec::new() };
        let mut call = Call {
            attribution: Some(made_by(&caught, 0.8)),
            screen: serde_json::from_value(serde_json::json!({"reasons": reasons})).ok(),
            ..call(&site, name, at("2026-03-02T10:05:00Z"), CallStatus::Answered)
        };
        call.outcome.spam = by_people;
        call_event(&call)
    };
    envelopes.push(session_event(&caught));
    envelopes.push(told(true, None, "6"));
    envelopes.push(told(false, Some(true), "7"));
    envelopes.push(told(true, Some(false), "8"));
    facts.write(&envelopes).await;
    let period = || days("2026-03-02", "2026-03-03");
    let counted = async |filter| {
        let report = facts.ask_with(ReportKind::Sources, &[&site], period(), filter).await;
        (report.totals.calls.get(), report.totals.spam_calls.get())
    };
    assert_eq!(counted(SpamFilter::Exclude).await, (6.0, 2.0));
    assert_eq!(counted(SpamFilter::Include).await, (8.0, 2.0));
    assert_eq!(counted(SpamFilter::Only).await, (2.0, 2.0));

    // Six count, and one of them is nobody's.
    let (from, to) = (at("2026-03-02T00:00:00Z"), at("2026-03-04T00:00:00Z"));
    let (weight, clock) = (Weight::Calls, ByClock::Call);
    let (spam, conversion) = (SpamFilter::default(), String::new());
    let question = Question { sites: vec![(site, from, to)], weight, clock, spam, conversion };
    let credits = credits::store::answer(&facts.warehouse, question, Millis(0)).await;
    let credits = credits.expect("an answer");
    assert_eq!((credits.totals.first, credits.totals.last), (6.0, 6.0));
    let unknown = credits.rows.iter().find(|row| row.key.source == "(unknown)");
    assert_eq!(unknown.expect("nobody's call").credits.linear, 1.0);
}

#[tokio::test]
async fn every_figure_of_the_sources_report_is_right() {
    let site = site("shop");
    let facts = Facts::new(&[(&site, "UTC")]);
    facts.write(&fixture(&site)).await;
    let report = facts.ask(ReportKind::Sources, &[&site], days("2026-03-02", "2026-03-03")).await;
    let row = |name: (&str, &str)| {
        let found = report.rows.iter().find(|row| {
            matches!(&row.key, RowKey::Source { source, medium, .. }
                if (source.as_str(), medium.as_str()) == name)
        });
        found.expect("the row").metrics
    };
    assert_eq!(report.rows.len(), 4);

    let ad = row(("google", "cpc"));
    assert_eq!(
        (ad.visits.get(), ad.calls.get(), ad.answered_calls.get(), ad.missed_calls.get()),
        (2.0, 2.0, 2.0, 0.0)
    );
    assert_eq!((ad.first_time_callers.get(), ad.repeat_callers.get()), (1.0, 1.0));
    assert_eq!(ad.average_call_duration, Some(60.0));
    assert_eq!(ad.completion_rate, Rate::of(2.0, 2.0));
    assert_eq!(
        ad.call_rate,
        Rate::of(1.0, 2.0),
        "two calls of one visit are one visit with a call"
    );
    assert_eq!(ad.attributed_rate, Rate::of(2.0, 2.0));
    assert!((ad.mean_confidence.expect("sure") - 0.8).abs() < 1e-9);

    let search = row(("google", "organic"));
    assert_eq!((search.visits.get(), search.calls.get()), (1.0, 2.0));
    assert_eq!((search.answered_calls.get(), search.missed_calls.get()), (0.0, 1.0));
    assert_eq!((search.first_time_callers.get(), search.repeat_callers.get()), (1.0, 0.0));
    assert_eq!(search.average_call_duration, None);
    assert_eq!(search.completion_rate, Rate::of(0.0, 2.0));

    let direct = row(("(direct)", "(none)"));
    assert_eq!((direct.visits.get(), direct.calls.get()), (1.0, 0.0));
    assert_eq!((direct.completion_rate, direct.attributed_rate), (None, None));
    assert_eq!(direct.call_rate, Rate::of(0.0, 1.0));

    let unknown = row(("(unknown)", "(unknown)"));
    assert_eq!(
        (unknown.visits.get(), unknown.calls.get(), unknown.missed_calls.get()),
        (0.0, 1.0, 0.0)
    );
    assert_eq!((unknown.call_rate, unknown.mean_confidence), (None, None));
    assert_eq!(unknown.attributed_rate, Rate::of(0.0, 1.0));

    let all = report.totals;
    assert_eq!(
        (all.visits.get(), all.calls.get(), all.answered_calls.get(), all.missed_calls.get()),
        (4.0, 5.0, 2.0, 1.0)
    );
    assert_eq!(all.call_rate, Rate::of(2.0, 4.0));
    assert_eq!(all.attributed_rate, Rate::of(4.0, 5.0));
    assert!((all.mean_confidence.expect("sure") - 0.675).abs() < 1e-9);
    let first = &report.rows[0].key;
    assert!(matches!(first, RowKey::Source { medium, .. } if medium == "cpc"), "{first:?}");
}

#[tokio::test]
async fn hours_are_always_168_and_landing_pages_have_their_calls() {
    let site = site("shop");
    let facts = Facts::new(&[(&site, "UTC")]);
    facts.write(&fixture(&site)).await;
    let period = days("2026-03-02", "2026-03-03");
    let hours = facts.ask(ReportKind::Hours, &[&site], period).await;
    assert_eq!(hours.rows.len(), 168);
    let cell = |weekday: usize, hour: usize| hours.rows[(weekday - 1) * 24 + hour].metrics;
    let visits_and_calls = |weekday, hour| {
        let cell = cell(weekday, hour);
        (cell.visits.get(), cell.calls.get())
    };
    assert_eq!(visits_and_calls(1, 9), (2.0, 1.0));
    assert_eq!(visits_and_calls(1, 11), (0.0, 1.0));
    assert_eq!(visits_and_calls(2, 14), (2.0, 2.0));
    assert_eq!(cell(7, 23).completion_rate, None);
    assert_eq!(hours.totals.calls.get(), 5.0);

    let pages = facts.ask(ReportKind::LandingPages, &[&site], period).await;
    let rows: Vec<_> = pages.rows.iter().map(|row| (&row.key, row.metrics.calls.get())).collect();
    let page = |host: &str, page: &str| RowKey::LandingPage {
        landing_host: host.to_owned(),
        landing_page: page.to_owned(),
    };
    let expected = [
        (&page("example.com", "/"), 2.0),
        (&page("example.com", "/plumbing"), 2.0),
        (&page("", "(unknown)"), 1.0),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn days_are_included_at_both_ends_and_moments_are_half_open() {
    let site = site("shop");
    let facts = Facts::new(&[(&site, "America/New_York")]);
    let when = ["2026-03-02T04:59:59Z", "2026-03-02T05:00:00Z", "2026-03-03T04:59:59Z"];
    let calls: Vec<_> = when
        .iter()
        .map(|when| call_event(&call(&site, when, at(when), CallStatus::Busy)))
        .collect();
    facts.write(&calls).await;
    let calls = async |period| {
        facts.ask(ReportKind::Sources, &[&site], period).await.totals.calls.get() as u64
    };
    assert_eq!(calls(days("2026-03-02", "2026-03-02")).await, 2);
    assert_eq!(calls(days("2026-03-01", "2026-03-02")).await, 3);
    assert_eq!(calls(days("2026-03-03", "2026-03-03")).await, 0);
    let moments = |from, to| Period::Moments { from: at(from), to: at(to) };
    assert_eq!(calls(moments(when[0], when[1])).await, 1);
    assert_eq!(calls(moments(when[0], when[2])).await, 2);
}

#[tokio::test]
async fn days_of_23_and_25_hours_land_right() {
    let (berlin, new_york) = (site("berlin"), site("newyork"));
    let facts = Facts::new(&[(&berlin, "Europe/Berlin"), (&new_york, "America/New_York")]);
    let mut events = Vec::new();
    // Every half hour from two days before to two days after each change of the clocks in 2026.
    let changes = [
        (&berlin, "2026-03-29T01:00:00Z"),
        (&berlin, "2026-10-25T01:00:00Z"),
        (&new_york, "2026-03-08T07:00:00Z"),
        (&new_york, "2026-11-01T06:00:00Z"),
    ];
    for (site, change) in changes {
        for half_hour in -96..96 {
            let when = at(change).plus(half_hour * 1_800_000);
            events.push(call_event(&call(site, &when.to_string(), when, CallStatus::Answered)));
        }
    }
    facts.write(&events).await;
    for (site, day, hours_of_day, hour, calls_in_hour) in [
        (&berlin, "2026-03-29", 23, 2, 0),
        (&berlin, "2026-10-25", 25, 2, 4),
        (&new_york, "2026-03-08", 23, 2, 0),
        (&new_york, "2026-11-01", 25, 1, 4),
    ] {
        let report = facts.ask(ReportKind::Hours, &[site], days(day, day)).await;
        assert_eq!(report.totals.calls.get() as u64, 2 * hours_of_day, "{day}");
        // Both days are Sundays.
        assert_eq!(report.rows[6 * 24 + hour].metrics.calls.get() as u64, calls_in_hour, "{day}");
        assert_eq!(report.rows[6 * 24 + 12].metrics.calls.get() as u64, 2, "{day}");
    }
}

#[tokio::test]
async fn a_report_is_about_its_sites_only() {
    let (one, other) = (site("one"), site("other"));
    let facts = Facts::new(&[(&one, "UTC"), (&other, "UTC")]);
    facts.write(&fixture(&one)).await;
    facts.write(&fixture(&other)).await;
    let calls = async |sites: &[&SiteId]| {
        let period = days("2026-01-01", "2026-12-31");
        facts.ask(ReportKind::Sources, sites, period).await.totals.calls.get() as u64
    };
    assert_eq!(calls(&[&one]).await, 5);
    assert_eq!(calls(&[&one, &other]).await, 10);
    assert_eq!(calls(&[&site("nobody")]).await, 0);
    assert_eq!(calls(&[]).await, 0);
}

/// A random call: which visit (if any), minutes after the start, status, first-time, talk seconds,
/// and how many earlier versions it had.
type Drawn = (Option<usize>, i64, CallStatus, Option<bool>, Option<u32>, u32);

fn status() -> impl Strategy<Value = CallStatus> {
    proptest::sample::select(vec![
        CallStatus::Ringing,
        CallStatus::Answered,
        CallStatus::Busy,
        CallStatus::Voicemail,
        CallStatus::Rejected,
    ])
}

fn drawn(visits: usize) -> impl Strategy<Value = Drawn> {
    let visit = proptest::option::of(0..visits);
    let talk_s = proptest::option::of(0u32..900);
    let first = proptest::option::of(any::<bool>());
    (visit, 0i64..6 * 24 * 60, status(), first, talk_s, 0u32..3)
}

/// The figures of everything that is in `visits` and `calls`, counted one by one.
fn recount(visits: &[&Visit], calls: &[&Call], all_calls: &[Call]) -> (Vec<u64>, [Option<f64>; 2]) {
    let of = |wanted: fn(&Call) -> bool| calls.iter().filter(|call| wanted(call)).count() as u64;
    let called = |visit: &&&Visit| {
        let by_it =
            |call: &Call| call.attribution.as_ref().and_then(|a| a.session) == Some(visit.session);
        all_calls.iter().any(by_it)
    };
    let talks: Vec<f64> = calls
        .iter()
        .filter(|call| call.status == CallStatus::Answered)
        .filter_map(|call| call.talk_s.map(f64::from))
        .collect();
    let sure: Vec<f64> =
        calls.iter().filter_map(|call| call.attribution.as_ref().map(|a| a.confidence)).collect();
    let mean = |numbers: &[f64]| {
        (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
    };
    let counts = vec![
        visits.len() as u64,
        visits.iter().filter(called).count() as u64,
        calls.len() as u64,
        of(|call| call.first_time == Some(true)),
        of(|call| call.first_time == Some(false)),
        of(|call| call.status == CallStatus::Answered),
        of(|call| matches!(call.status, CallStatus::Busy | CallStatus::Voicemail)),
        of(|call| call.attribution.is_some()),
    ];
    (counts, [mean(&talks), mean(&sure)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the order, however often: the report is the recount of the newest versions.
    #[test]
    fn reports_agree_with_a_plain_recount(
        begins in proptest::collection::vec((0i64..6 * 24 * 60, 0usize..3, 0usize..2), 1..12),
        draws in proptest::collection::vec(drawn(12), 0..30),
        seed in any::<u64>(),
    ) {
        let site = site("shop");
        let origin = at("2026-03-26T00:00:00Z");
        let sources = ["google", "bing", "(direct)"].map(|name| source(name, "m", "", "c"));
        let visits: Vec<Visit> = begins
            .iter()
            .map(|&(minute, from, page)| {
                let when = origin.plus(minute * 60_000);
                visit(&site, when, sources[from].clone(), ["/", "/a"][page])
            })
            .collect();
        let calls: Vec<Call> = draws
            .iter()
            .enumerate()
            .map(|(n, &(by, minute, status, first_time, talk_s, version))| {
                let by = by.and_then(|index| visits.get(index));
                let attribution = by.map(|visit| made_by(visit, 0.25 + (n % 4) as f64 / 8.0));
                let when = origin.plus(minute * 60_000);
                let call = call(&site, &n.to_string(), when, status);
                Call { version, first_time, talk_s, attribution, ..call }
            })
            .collect();
        // Earlier versions knew less, everything comes twice, and in any order.
        let earlier = calls.iter().flat_map(|newest| (0..newest.version).map(|version| Call {
            version,
            status: CallStatus::Received,
            attribution: None,
            talk_s: None,
            ..newest.clone()
        }));
        let mut events: Vec<Envelope> = visits.iter().map(session_event).collect();
        events.extend(earlier.chain(calls.iter().cloned()).map(|call| call_event(&call)));
        events.extend(events.clone());
        let length = events.len() as u64;
        for i in (1..events.len()).rev() {
            events.swap(i, (seed.rotate_left(i as u32 % 64) % length) as usize % (i + 1));
        }

        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let facts = Facts::new(&[(&site, "Europe/Berlin")]);
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone");
        for batch in events.chunks(7) {
            runtime.block_on(facts.write(batch));
        }
        for kind in [ReportKind::Sources, ReportKind::Hours, ReportKind::LandingPages] {
            let period = days("2026-03-27", "2026-03-30");
            let report = runtime.block_on(facts.ask(kind, &[&site], period));
            let inside = |when: ringtrace::platform::clock::Millis| {
                let day = zone.to_datetime(when.timestamp()).date();
                (jiff::civil::date(2026, 3, 27)..=jiff::civil::date(2026, 3, 30)).contains(&day)
            };
            let key = |when: ringtrace::platform::clock::Millis, by: Option<&Visit>| {
                let wall = zone.to_datetime(when.timestamp());
                match kind {
                    ReportKind::Sources => by.map_or("(unknown)", |v| &v.source.source).to_owned(),
                    ReportKind::Hours => {
                        format!("{} {}", wall.weekday().to_monday_one_offset(), wall.hour())
                    }
                    ReportKind::LandingPages => {
                        by.map_or("(unknown)", |v| &v.landing_page).to_owned()
                    }
                }
            };
            let of_call = |call: &Call| {
                let session = call.attribution.as_ref().and_then(|a| a.session);
                key(call.started_at, visits.iter().find(|v| Some(v.session) == session))
            };
            for row in &report.rows {
                let name = match &row.key {
                    RowKey::Source { source, .. } => source.clone(),
                    RowKey::Hour { weekday, hour } => format!("{weekday} {hour}"),
                    RowKey::LandingPage { landing_page, .. } => landing_page.clone(),
                };
                let its_visits: Vec<&Visit> = visits
                    .iter()
                    .filter(|v| inside(v.started_at) && key(v.started_at, Some(v)) == name)
                    .collect();
                let its_calls: Vec<&Call> = calls
                    .iter()
                    .filter(|call| inside(call.started_at) && of_call(call) == name)
                    .collect();
                let (counts, [talk, sure]) = recount(&its_visits, &its_calls, &calls);
                let m = row.metrics;
                let found = vec![
                    m.visits.get(),
                    m.call_rate.map_or(0.0, |rate| rate.numerator.get()),
                    m.calls.get(),
                    m.first_time_callers.get(),
                    m.repeat_callers.get(),
                    m.answered_calls.get(),
                    m.missed_calls.get(),
                    m.attributed_rate.map_or(0.0, |rate| rate.numerator.get()),
                ];
                let counts: Vec<f64> = counts.into_iter().map(|count| count as f64).collect();
                prop_assert_eq!(found, counts, "{:?}", row.key);
                let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                    (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                    (a, b) => a == b,
                };
                prop_assert!(close(m.average_call_duration, talk));
                prop_assert!(close(m.mean_confidence, sure));
            }
            let total = calls.iter().filter(|call| inside(call.started_at)).count() as f64;
            prop_assert_eq!(report.totals.calls.get(), total);
            prop_assert_eq!(report.rows.iter().map(|row| row.metrics.calls.get()).sum::<f64>(), total);
        }
    }
}
