//! Traces for an OpenTelemetry collector: a span for each request, each question to Redis and to the warehouse, and each request
//! to an ad platform, sent as OTLP over HTTP with protobuf bodies (<https://opentelemetry.io/docs/specs/otlp/>, "OTLP/HTTP").
//!
//! In: what [`crate::config::model::Telemetry`] says; without an address nothing is collected, and a span costs one comparison.
//! Out: spans with the names of routes, questions and destinations. What always holds: no address, query, header, body, number
//! or key is in a span; a collector that is slow or away loses spans and delays nothing.

use std::time::Duration;

use actix_web::http::StatusCode;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Level, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::model::Telemetry;
use crate::platform::tls::client_builder;

/// Target of the spans that go to the collector, and of nothing else.
pub const TARGET: &str = "ringtrace::trace";
/// Longest that the collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer of a collector that is read, in bytes; only its status matters.
const MOST_ANSWER: u64 = 64 << 10;

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The client cannot be made.
    #[error("cannot make an HTTP client for traces: {0}")]
    Client(#[from] reqwest::Error),
    /// The exporter cannot be made.
    #[error("cannot send traces: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// What collects spans and sends them in batches, from a thread of its own.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// What `told` wants; `None` when it names no address. Call it inside the runtime that serves.
    pub fn start(told: &Telemetry) -> Result<Option<Self>, TracesError> {
        if told.traces.is_empty() {
            return Ok(None);
        }
        let client = client_builder().timeout(PATIENCE).build()?;
        let sender = Sender {
            client,
            runtime: Handle::current(),
            authorization: told.authorization.clone(),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&told.traces)
            .with_timeout(PATIENCE)
            .build()?;
        let about = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", told.service_name.clone()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ]);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::TraceIdRatioBased(told.share))
            .with_resource(about.build())
            .build();
        Ok(Some(Traces(provider)))
    }

    /// The layer that hands spans to the collector.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("ringtrace"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|told| told.is_span() && told.target() == TARGET))
    }

    /// Sends what is left, in bounded time.
    pub async fn finish(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE));
        if let Ok(Err(error)) = ended.await {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The span of a request to `route` (its pattern, never the address; asked for when somebody collects); [`answered`] completes it.
pub fn request(method: &'static str, route: impl FnOnce() -> Option<String>) -> Span {
    if !tracing::span_enabled!(target: TARGET, Level::INFO) {
        return Span::none();
    }
    let route = route().unwrap_or_else(|| "unmatched".to_owned());
    tracing::info_span!(
        target: TARGET, "request", otel.name = format!("{method} {route}"), otel.kind = "server",
        http.request.method = method, http.route = route,
        http.response.status_code = tracing::field::Empty, otel.status_code = tracing::field::Empty
    )
}

/// Says how the request was answered.
pub fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of a question to Redis; `what` says what is asked for. Workers ask all the time: only what a request or a postback
/// waits for is told.
pub fn redis(what: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    tracing::info_span!(target: TARGET, "redis", otel.name = what, otel.kind = "client", db.system.name = "redis")
}

/// The span of work on the warehouse that a request waits for: `read` or `write`.
pub fn warehouse(what: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    tracing::info_span!(target: TARGET, "warehouse", otel.name = what, otel.kind = "client", db.system.name = "duckdb")
}

/// The span of a request to the destination with this id.
pub fn postback(destination: &str, conversions: usize) -> Span {
    tracing::info_span!(
        target: TARGET, "postback", otel.kind = "client", ringtrace.destination = destination, ringtrace.conversions = conversions
    )
}

/// Sends batches by the service's own client, on its runtime: the exporter's thread has none.
#[derive(Debug)]
struct Sender {
    client: reqwest::Client,
    runtime: Handle,
    authorization: crate::platform::secret::Secret,
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        if !self.authorization.is_empty() {
            let mut value = reqwest::header::HeaderValue::from_str(self.authorization.reveal())?;
            value.set_sensitive(true);
            request.headers_mut().insert(reqwest::header::AUTHORIZATION, value);
        }
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let response = client.execute(request).await.map_err(reqwest::Error::without_url)?;
            let status = response.status();
            let is_small = response.content_length().is_some_and(|length| length <= MOST_ANSWER);
            let body = if is_small { response.bytes().await? } else { Bytes::new() };
            Ok::<_, reqwest::Error>((status, body))
        });
        let (status, body) = match sent.await? {
            Ok(answer) => answer,
            Err(error) => {
                count("failed");
                return Err(error.into());
            }
        };
        count(if status.is_success() { "sent" } else { "refused" });
        Ok(Response::builder().status(status).body(body)?)
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("ringtrace_trace_batches_total", "outcome" => outcome).increment(1);
}
