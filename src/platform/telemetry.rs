//! Logs and metrics.

use std::io::IsTerminal;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::platform::shutdown::ShutdownSignal;
use crate::platform::traces::{self, Traces};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to standard error; `filter` is a `tracing` filter such as `info` or
/// `ringtrace=debug,warn`. Spans go to `traces`. A second call does nothing.
pub fn start_logs(filter: &str, format: LogFormat, traces: Option<&Traces>) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // Log lines do not repeat the spans that they stand in.
    let filter = filter.and(filter_fn(|told| told.target() != traces::TARGET));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // Colours are for people; in a file they are noise that no search finds through.
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let collected = traces.map(Traces::layer);
    let _ =
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(collected).try_init();
}

/// Counters that alert rules watch for their first rise: it is seen as one only from a zero.
const ALARMING: [&str; 8] = [
    "ringtrace_audit_failures_total",
    "ringtrace_ledger_dead_total",
    "ringtrace_projector_failures_total",
    "ringtrace_redis_restarts_total",
    "ringtrace_retention_failures_total",
    "ringtrace_sealed_numbers_unreadable_total",
    "ringtrace_segment_damages_total",
    "ringtrace_spool_failures_total",
];

/// Installs the process-wide metrics recorder once and returns what renders `/metrics`.
pub fn start_metrics() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new()
                .set_buckets(&[
                    0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
                ])
                .map(|builder| builder.build_recorder())
                .unwrap_or_else(|_| PrometheusBuilder::new().build_recorder());
            let handle = recorder.handle();
            let _ = metrics::set_global_recorder(recorder);
            for name in ALARMING {
                metrics::counter!(name).increment(0);
            }
            handle
        })
        .clone()
}

/// Folds samples of histograms into their buckets until `shutdown`. Else they pile up in memory
/// when nobody reads `/metrics`.
pub async fn upkeep(mut shutdown: ShutdownSignal) {
    let metrics = start_metrics();
    while !shutdown.sleep(Duration::from_secs(5)).await {
        metrics.run_upkeep();
    }
}
