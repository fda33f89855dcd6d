//! The questions: as the API takes them, and as what they mean.

use std::path::Path;
use std::time::Instant;

use futures_util::future::join_all;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use ringtrace::http::auth::key_hash;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::tls::client_builder;
use ringtrace::report::model::{Period, ReportKind};
use ringtrace::report::presets::{PRESETS, Preset};
use ringtrace::report::query::model::{Selection, Thresholds};
use ringtrace::report::query::read::{Body, from_query};
use ringtrace::report::query::resolve::{AskedSite, Circumstances, resolve};
use ringtrace::report::query::rules::plan;
use ringtrace::report::query::store::Plan;
use ringtrace::report::store::plan as fixed_plan;

const KEY: &str = "rt_bench";
const SITES: [&str; 4] = ["bench-0", "bench-1", "bench-2", "bench-3"];
/// How often each question is asked.
pub const ROUNDS: usize = 5;

/// What the dashboard's first page asks at once (`src/dashboard/page/pages/overview`).
const OVERVIEW: [&str; 8] = [
    "metrics=calls,first_time_callers,answered_calls,qualified_leads,revenue,cost_per_lead&compare=previous_period",
    "metrics=calls,first_time_callers,answered_calls,qualified_leads,revenue,cost_per_lead&grain=day&fill=true&totals=false",
    "metrics=calls&dimensions=channel&grain=day&fill=true&limit=5000&totals=false",
    "metrics=visits&dimensions=source&compare=previous_period&limit=1000&totals=false",
    "metrics=calls,missed_calls,answered_calls,lease_overflow_rate&dimensions=weekday,hour&limit=168&totals=false",
    "metrics=calls,visits,call_rate,first_time_rate,completion_rate,qualified_leads,revenue,cost,cost_per_lead&dimensions=source&compare=previous_period&order=-calls&limit=500",
    "metrics=visits,calls,missed_calls,call_rate&dimensions=landing_page&order=-visits&limit=500",
    "metrics=calls,completion_rate,average_call_duration,qualified_rate,conversion_rate,revenue_per_call&dimensions=first_time&order=-first_time",
];

/// A question with its name.
pub struct Question {
    pub name: &'static str,
    pub path: String,
}

/// First and last day: the year that there is.
fn days() -> (String, String) {
    let today = Millis::system_now().timestamp().to_zoned(TimeZone::UTC).date();
    let first = today.checked_sub(364.days()).expect("a day");
    (first.to_string(), today.to_string())
}

/// Every named report, over a year of all sites.
pub fn questions() -> Vec<Question> {
    let (from, to) = days();
    let fixed = ReportKind::ALL.iter().map(|kind| kind.word());
    let names = fixed.chain(PRESETS.iter().map(|preset| preset.name));
    let path = |name| format!("/v1/reports/{name}?from={from}&to={to}");
    names.map(|name| Question { name, path: path(name) }).collect()
}

/// The same as plans for the warehouse.
pub fn planned() -> Vec<(&'static str, Plan, Selection)> {
    let like = selection(&PRESETS[0]).1;
    let fixed = ReportKind::ALL.iter().map(|kind| (kind.word(), fixed_plan(*kind), like.clone()));
    let presets = PRESETS.iter().map(|preset| {
        let (plan, selection) = selection(preset);
        (preset.name, plan, selection)
    });
    fixed.chain(presets).collect()
}

fn selection(preset: &Preset) -> (Plan, Selection) {
    let (from, to) = days();
    let body = from_query(&format!("from={from}&to={to}")).expect("a question");
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let body =
        Body { metrics: names(preset.metrics), dimensions: names(preset.dimensions), ..body };
    let site = |id: &str| AskedSite {
        id: id.parse().expect("a site id"),
        zone: TimeZone::UTC,
        currency: "USD".to_owned(),
    };
    let circumstances = Circumstances {
        sites: SITES.map(site).to_vec(),
        thresholds: Thresholds {
            service_level_s: 20,
            short_abandon_s: 5,
            resolution_ms: 604_800_000,
        },
        now: Millis::system_now(),
        whole: false,
    };
    let query = resolve(body, circumstances).expect("a question");
    assert!(matches!(query.selection.period, Period::Days { .. }));
    (plan(&query), query.selection)
}

/// The service on a folder that has facts.
pub struct Service {
    app: App,
    base: String,
    client: reqwest::Client,
}

impl Service {
    pub async fn start(folder: &Path) -> Self {
        let sites = SITES.map(|id| {
            format!("[[sites]]\nid = \"{id}\"\nkey = \"pk_{id}\"\nforward_to = \"+18005550100\"\n")
        });
        let text = format!(
            "data_folder = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:1\"\n\
             [limits]\napi_per_minute = 100000\n[reports]\ntime_limit = \"300s\"\n\
             [[api_keys]]\nname = \"bench\"\nsha256 = \"{}\"\nscope = \"admin\"\n{}",
            folder.display(),
            key_hash(KEY),
            sites.concat(),
        );
        let config = load_text("the bench", &text).expect("a good configuration");
        let app = App::start(config, Options::default()).await.expect("it starts");
        let base = format!("http://{}", app.address());
        Service { app, base, client: client_builder().build().expect("a client") }
    }

    pub async fn stop(self) {
        self.app.stop().await;
    }

    /// Milliseconds of the best of some rounds.
    pub async fn best(&self, path: &str) -> f64 {
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            best = best.min(self.once(path).await);
        }
        best
    }

    async fn once(&self, path: &str) -> f64 {
        let started = Instant::now();
        let asked = self.client.get(format!("{}{path}", self.base)).bearer_auth(KEY).send().await;
        let answer = asked.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap_or_default());
        let bytes = answer.bytes().await.expect("a body");
        assert!(bytes.len() > 100, "{path}: an answer has rows");
        started.elapsed().as_secs_f64() * 1e3
    }

    /// Milliseconds until all panels of the overview have their answers, of a week and of a year.
    pub async fn overview(&self) -> [f64; 2] {
        let (from, to) = days();
        let mut took = [f64::MAX; 2];
        for (best, period) in
            took.iter_mut().zip(["period=last_7_days".to_owned(), format!("from={from}&to={to}")])
        {
            for _ in 0..ROUNDS {
                let started = Instant::now();
                let paths = OVERVIEW.map(|panel| format!("/v1/reports/query?{panel}&{period}"));
                join_all(paths.iter().map(|path| self.once(path))).await;
                *best = best.min(started.elapsed().as_secs_f64() * 1e3);
            }
        }
        took
    }
}
