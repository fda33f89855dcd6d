//! Every error that leaves over HTTP: RFC 9457 `application/problem+json` with a stable id.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::platform::redis::StoreError;

/// The media type of every error.
pub const PROBLEM: &str = "application/problem+json";

/// A public error. The id, status and title of each come from one exhaustive match.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The body, query or path cannot be read as what the route takes.
    #[error("{0}")]
    BadRequest(String),
    /// No key, or not a known one.
    #[error("send a known API key as `Authorization: Bearer …`")]
    Unauthorized,
    /// The key may not do this.
    #[error("this needs a key with the scope {needs}")]
    Forbidden {
        /// The least scope.
        needs: &'static str,
    },
    /// The page's origin is not on the site's list.
    #[error("this origin may not use this site key; add it to the site's `origins`")]
    OriginNotAllowed,
    /// A webhook's signature is missing or wrong.
    #[error("the webhook's signature is missing or does not fit")]
    BadSignature,
    /// There is no such thing, or this key may not see it.
    #[error("there is no such {what}")]
    NotFound {
        /// What was asked for.
        what: &'static str,
    },
    /// The route exists, the method does not.
    #[error("this route does not take this method")]
    MethodNotAllowed,
    /// What is asked for contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// The body is too large.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not come in time.
    #[error("the body did not come within {longest_s} s")]
    TooSlow {
        /// The limit in seconds.
        longest_s: u64,
    },
    /// What is asked for is more work than one request may make.
    #[error("{0}")]
    TooMuch(String),
    /// Too many requests.
    #[error("too many requests; try again in {retry_after_s} s")]
    TooManyRequests {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// Redis or the warehouse cannot serve now.
    #[error("{what} cannot serve right now; try again in a moment")]
    Unavailable {
        /// Which part.
        what: &'static str,
    },
    /// A bug; the log has the details under the request id.
    #[error("something went wrong here; the log has the details under this request id")]
    Internal,
}

impl Problem {
    fn parts(&self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Problem::BadRequest(_) => ("bad_request", StatusCode::BAD_REQUEST, "Bad request"),
            Problem::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "No valid key"),
            Problem::Forbidden { .. } => ("forbidden", StatusCode::FORBIDDEN, "Not allowed"),
            Problem::OriginNotAllowed => {
                ("origin_not_allowed", StatusCode::FORBIDDEN, "Origin not allowed")
            }
            Problem::BadSignature => ("bad_signature", StatusCode::FORBIDDEN, "Bad signature"),
            Problem::NotFound { .. } => ("not_found", StatusCode::NOT_FOUND, "Not found"),
            Problem::MethodNotAllowed => {
                ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
            }
            Problem::Conflict(_) => ("conflict", StatusCode::CONFLICT, "Conflict"),
            Problem::TooLarge { .. } => ("too_large", StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
            Problem::TooSlow { .. } => ("too_slow", StatusCode::REQUEST_TIMEOUT, "Too slow"),
            Problem::TooMuch(_) => ("too_much", StatusCode::UNPROCESSABLE_ENTITY, "Too much"),
            Problem::TooManyRequests { .. } => {
                ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, "Too many requests")
            }
            Problem::Unavailable { .. } => {
                ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Unavailable")
            }
            Problem::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    /// The stable id, also an anchor in `docs/OPERATIONS.md`.
    pub fn id(&self) -> &'static str {
        self.parts().0
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Problem::TooManyRequests { retry_after_s } => Some(*retry_after_s),
            Problem::Unavailable { .. } => Some(1),
            _ => None,
        }
    }
}

/// The body of a problem.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// `urn:ringtrace:problem:<id>`
    #[serde(rename = "type")]
    pub type_: String,
    /// Short words for people.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The stable id.
    pub id: String,
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.parts().1
    }

    fn error_response(&self) -> HttpResponse {
        let (id, status, title) = self.parts();
        let mut response = HttpResponse::build(status);
        if let Some(seconds) = self.retry_after_s() {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if matches!(self, Problem::Unauthorized) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let body = ProblemBody {
            type_: format!("urn:ringtrace:problem:{id}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            id: id.to_owned(),
        };
        response.content_type(PROBLEM).body(
            serde_json::to_string(&body).unwrap_or_else(|_| "{\"id\":\"internal\"}".to_owned()),
        )
    }
}

/// Logs what happened and hides it from the outside.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Problem::Unavailable { what: "Redis" },
            other => {
                tracing::error!(error = %other, "Redis and this program disagree");
                Problem::Internal
            }
        }
    }
}
