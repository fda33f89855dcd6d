//! What every request passes: a request id, counting, security headers, HEAD as GET without the body,
//! and a readable body for errors that no handler wrote.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use tracing::Instrument as _;

use crate::http::problem::{PROBLEM, Problem};
use crate::platform::shutdown::ShutdownSignal;
use crate::platform::traces;

/// Header that carries the request id in both directions.
pub const REQUEST_ID: &str = "x-request-id";

/// The id of one request, in its extensions and in the reply.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

fn request_id(request: &ServiceRequest) -> String {
    // A proxy's id is kept when it is harmless to log.
    let given = request.headers().get(REQUEST_ID).and_then(|v| v.to_str().ok());
    let harmless = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if let Some(id) = given.filter(harmless) {
        return id.to_owned();
    }
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:08x}-{number:08x}", std::process::id())
}

/// What an HTML page that says nothing itself (`/docs`) may do. Swagger UI writes styles into its
/// elements.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'none'";

/// The middleware; wraps the whole application.
pub async fn edge<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let started = Instant::now();
    let id = request_id(&request);
    // Answers of the API tell of people: no cache on the way, nor a browser's, keeps them.
    let is_answer = request.path().starts_with("/v1/");
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = method_word(request.method());
    if request.method() == Method::HEAD {
        // The connection knows that it was HEAD and sends no body.
        request.head_mut().method = Method::GET;
    }
    if is_hot(&request) {
        // Small answers on hot paths: compressing them costs more than it saves.
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }

    let is_ending = request.app_data::<web::Data<ShutdownSignal>>().is_some_and(|e| e.is_over());
    let span = traces::request(method, || request.match_pattern());
    let answered = next.call(request).instrument(span.clone()).await?;
    let route = answered.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let status = answered.status();
    traces::answered(&span, status);
    observe(method, route, status, started, &id);

    let mut response = if lacks_problem_body(&answered) {
        let problem = problem_for(status);
        answered.into_response(problem.error_response()).map_into_right_body()
    } else {
        answered.map_into_left_body()
    };
    let headers = response.headers_mut();
    if let Ok(value) = header::HeaderValue::from_str(&id) {
        headers.insert(header::HeaderName::from_static(REQUEST_ID), value);
    }
    if is_ending {
        // The next request on this connection would meet one that is being closed.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    if is_answer && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    if is_html(headers) && !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, header::HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

fn is_html(headers: &header::HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"text/html"))
}

/// The method as metrics show it: anybody may invent more, and each would be a series of its own.
fn method_word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn is_hot(request: &ServiceRequest) -> bool {
    let path = request.path();
    path == "/v1/lease" || path == "/v1/beat" || path.starts_with("/v1/telephony/")
}

fn observe(method: &'static str, route: String, status: StatusCode, started: Instant, id: &str) {
    let seconds = started.elapsed().as_secs_f64();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request_id = id, method, %route, status = status.as_u16(), "request failed");
    } else {
        tracing::debug!(request_id = id, method, %route, status = status.as_u16(), seconds, "request");
    }
    metrics::counter!(
        "ringtrace_http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.as_u16().to_string()
    )
    .increment(1);
    metrics::histogram!("ringtrace_http_request_seconds", "route" => route).record(seconds);
}

/// An error that no handler wrote: its body, if any, is not for programs.
fn lacks_problem_body<B>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return false;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    // Readiness tells in JSON of its own what is missing; the framework's own errors are plain text.
    !kind.is_some_and(|kind| kind.starts_with(PROBLEM) || kind.starts_with("application/json"))
}

fn problem_for(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::NotFound { what: "route" },
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge { limit: 0 },
        StatusCode::UNAUTHORIZED => Problem::Unauthorized,
        status if status.is_client_error() => {
            Problem::BadRequest("the request cannot be read".to_owned())
        }
        _ => Problem::Internal,
    }
}
