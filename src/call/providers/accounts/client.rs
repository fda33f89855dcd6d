//! Asks a provider's API: bounded time and answers, few tries, `Retry-After` honoured, no redirects.

use std::time::Duration;

use rand::RngExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LINK, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode, redirect};

use crate::call::providers::accounts::model::{ApiRequest, Auth, Body};
use crate::config::model::ProviderApis;
use crate::platform::secret::Secret;
use crate::platform::tls::client_builder;

/// Largest answer that is read, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// Tries of one request.
const TRIES: u32 = 4;
/// Longest that an answer may make us wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Wait before the second try; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Characters of a provider's own words that are told.
const MOST_WORDS: usize = 200;

/// Why an API did not do what was asked. No credential is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The credentials are wrong, or may not do this.
    #[error("{host} refuses the credentials ({status})")]
    Credentials {
        /// Who.
        host: String,
        /// 401 or 403.
        status: u16,
    },
    /// Asked too often, also after waiting.
    #[error("{host} asks us to slow down; try again in some minutes")]
    TooFast {
        /// Who.
        host: String,
    },
    /// It refuses, or is broken.
    #[error("{host} answers {status}: {words}")]
    Refused {
        /// Who.
        host: String,
        /// HTTP status.
        status: u16,
        /// Its own words, cut.
        words: String,
    },
    /// No answer.
    #[error("{host} does not answer: {why}")]
    Unreachable {
        /// Who.
        host: String,
        /// Why, without the address.
        why: String,
    },
    /// An answer that is none of this API.
    #[error("{host} answers what cannot be read: {why}")]
    Unreadable {
        /// Who.
        host: String,
        /// Why.
        why: String,
    },
    /// What was to be asked cannot be put together.
    #[error("{0}")]
    Unaskable(String),
}

/// An answer.
pub struct ApiAnswer {
    /// Its body.
    pub body: String,
    /// Its `Link` header.
    pub link: Option<String>,
}

/// Asks; cheap to clone.
#[derive(Clone)]
pub struct ApiClient(reqwest::Client);

impl ApiClient {
    /// A client with the configured time-outs.
    pub fn new(config: &ProviderApis) -> Result<Self, reqwest::Error> {
        let builder = client_builder()
            .user_agent(concat!("Ringtrace/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(config.connect_timeout.unsigned_abs())
            .timeout(config.timeout.unsigned_abs());
        Ok(ApiClient(builder.build()?))
    }

    /// Sends `request`, again when the provider is busy or away. `session`: the token of a login.
    pub async fn send(
        &self,
        request: &ApiRequest,
        session: Option<&Secret>,
    ) -> Result<ApiAnswer, ApiError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut pause = FIRST_WAIT;
        for left in (0..TRIES).rev() {
            let error = match self.prepared(request, session).send().await {
                Ok(response) => {
                    let status = response.status();
                    if status.is_success() {
                        return read(&host, response).await;
                    }
                    let told = retry_after(&response);
                    let error = refusal(&host, response).await;
                    let busy = matches!(status.as_u16(), 408 | 429) || status.is_server_error();
                    if !busy || told.is_some_and(|told| told > LONGEST_WAIT) {
                        return Err(error);
                    }
                    pause = told.unwrap_or(pause);
                    error
                }
                Err(error) => unreachable(&host, error),
            };
            if left == 0 {
                return Err(error);
            }
            let jitter = rand::rng().random_range(0.75..1.25);
            tokio::time::sleep(pause.mul_f64(jitter)).await;
            pause = (pause * 2).min(LONGEST_WAIT);
        }
        Err(ApiError::TooFast { host })
    }

    fn prepared(&self, request: &ApiRequest, session: Option<&Secret>) -> RequestBuilder {
        let asked = self.0.request(request.method.clone(), request.url.clone());
        let asked = match &request.auth {
            Auth::Basic { user, password } => asked.basic_auth(user, Some(password.reveal())),
            Auth::Bearer(token) => asked.bearer_auth(token.reveal()),
            Auth::Session => asked.bearer_auth(session.map_or("", Secret::reveal)),
        };
        let (kind, text) = match &request.body {
            Body::None => return asked,
            Body::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                let form = form.extend_pairs(fields).finish();
                ("application/x-www-form-urlencoded", form)
            }
            Body::Json(value) => ("application/json", value.to_string()),
            Body::Xml(text) => ("application/xml; charset=utf-8", text.clone()),
        };
        asked.header(ACCEPT, "*/*").header(CONTENT_TYPE, kind).body(text)
    }
}

async fn read(host: &str, response: Response) -> Result<ApiAnswer, ApiError> {
    let link = response.headers().get(LINK).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let body = bounded(response, MOST_BYTES).await.map_err(|why| match why {
        Some(error) => unreachable(host, error),
        None => ApiError::Unreadable {
            host: host.to_owned(),
            why: format!("it is longer than {MOST_BYTES} bytes"),
        },
    })?;
    let body = String::from_utf8(body).map_err(|_| ApiError::Unreadable {
        host: host.to_owned(),
        why: "it is not UTF-8".to_owned(),
    })?;
    Ok(ApiAnswer { body, link })
}

/// The body; the error is `None` when it is too long.
async fn bounded(mut response: Response, most: usize) -> Result<Vec<u8>, Option<reqwest::Error>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Some)? {
        if body.len() + chunk.len() > most {
            return Err(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn refusal(host: &str, response: Response) -> ApiError {
    let (host, status) = (host.to_owned(), response.status());
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ApiError::Credentials { host, status: status.as_u16() }
        }
        StatusCode::TOO_MANY_REQUESTS => ApiError::TooFast { host },
        _ => {
            let said = bounded(response, 64 << 10).await.unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let words = said.split(|c: char| c.is_whitespace() || c.is_control());
            let words = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            let words = words.chars().take(MOST_WORDS).collect();
            ApiError::Refused { host, status: status.as_u16(), words }
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let told = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: f64 = told.trim().parse().ok()?;
    (0.0..=1e6).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

fn unreachable(host: &str, error: reqwest::Error) -> ApiError {
    let why = if error.is_timeout() {
        "not in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        error.without_url().to_string()
    };
    ApiError::Unreachable { host: host.to_owned(), why }
}
