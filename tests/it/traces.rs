//! Traces as a collector gets them: OTLP over HTTP, protobuf, and nothing personal in it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::process::Home;

async fn collected(collector: &MockServer) -> Vec<ExportTraceServiceRequest> {
    let requests = collector.received_requests().await.expect("they are kept");
    let decoded = requests.iter().map(|request| {
        ExportTraceServiceRequest::decode(request.body.as_slice()).expect("protobuf of OTLP")
    });
    decoded.collect()
}

fn spans(batches: &[ExportTraceServiceRequest]) -> Vec<Span> {
    let resources = batches.iter().flat_map(|batch| &batch.resource_spans);
    resources.flat_map(|one| &one.scope_spans).flat_map(|one| one.spans.clone()).collect()
}

fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let read = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pairs = span.attributes.iter();
    let pairs = pairs
        .filter_map(|pair| Some((pair.key.as_str(), read(pair.value.as_ref()?.value.as_ref()?))));
    pairs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_requests_with_their_questions_and_nothing_personal() {
    let collector = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/traces"))
        .and(header("content-type", "application/x-protobuf"))
        .and(header("authorization", "Bearer for the collector"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&collector)
        .await;
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let address = format!("{}/v1/traces", collector.uri());
    let environment = [
        ("RINGTRACE__TELEMETRY__TRACES", address.as_str()),
        ("RINGTRACE__TELEMETRY__SHARE", "1.0"),
        ("RINGTRACE__TELEMETRY__AUTHORIZATION", "Bearer for the collector"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    let service = home.serve_until("/readyz", &environment).await;
    let client = ringtrace::platform::tls::client_builder().no_proxy().build().expect("a client");
    for path in
        ["/v1/calls?q=2125550123&site=one", "/v1/reports/sources", "/v1/calls/unknown-2125550123"]
    {
        let asked = client
            .get(home.url(path))
            .bearer_auth("rt_admin")
            .header("x-request-id", "secret-2125550123");
        asked.send().await.expect("an answer");
    }
    let end = Instant::now() + Duration::from_secs(20);
    let found = loop {
        let batches = collected(&collector).await;
        let names: Vec<String> = spans(&batches).into_iter().map(|span| span.name).collect();
        if names.iter().any(|name| name == "GET /v1/calls/{id}") {
            break batches;
        }
        assert!(Instant::now() < end, "no spans come: {names:?}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let resource = found[0].resource_spans[0].resource.as_ref().expect("a resource");
    assert!(format!("{resource:?}").contains("\"ringtrace\""), "{resource:?}");
    let all = spans(&found);
    let request = all
        .iter()
        .find(|span| span.name == "GET /v1/calls")
        .unwrap_or_else(|| panic!("{:?}", all.iter().map(|span| &span.name).collect::<Vec<_>>()));
    assert_eq!(request.kind, 2, "a server's span");
    let told = attributes(request);
    assert_eq!(
        (told["http.route"].as_str(), told["http.response.status_code"].as_str()),
        ("/v1/calls", "200")
    );
    let question = all.iter().find(|span| span.parent_span_id == request.span_id);
    let question = question.expect("what the request asked is a span below it");
    assert_eq!(
        (&question.trace_id, attributes(question)["db.system.name"].as_str()),
        (&request.trace_id, "redis")
    );
    for request in collector.received_requests().await.expect("they are kept") {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        for personal in ["2125550123", "rt_admin", "127.0.0.1", "q="] {
            assert!(!text.contains(personal), "`{personal}` is in a span");
        }
    }
    let log = service.log();
    assert!(!log.contains("ringtrace::trace") && !log.contains("request{"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_stops_nobody() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let environment = [
        ("RINGTRACE__TELEMETRY__TRACES", "http://127.0.0.1:9/v1/traces"),
        ("RINGTRACE__TELEMETRY__SHARE", "1.0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ];
    let service = home.serve_until("/readyz", &environment).await;
    let client = ringtrace::platform::tls::client_builder().no_proxy().build().expect("a client");
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let asked = client.get(home.url("/metrics")).send().await.expect("an answer");
        let metrics = asked.text().await.expect("a text");
        if metrics.contains("ringtrace_trace_batches_total{outcome=\"failed\"}") {
            break;
        }
        assert!(Instant::now() < end, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
