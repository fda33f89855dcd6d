//! Fetching what others serve: bounded in time and size, redirects followed a few times.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use url::Url;

use crate::platform::tls::client_builder;

/// Longest wait for a connection, and for a whole answer.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(20);
/// Most redirects that are followed.
const REDIRECTS: usize = 8;
/// Most bytes of an answer.
const LARGEST: usize = 8 * 1024 * 1024;
/// A program, by its own word: the service gives it no session and no number.
pub(super) const USER_AGENT: &str = concat!("ringtrace-doctor/", env!("CARGO_PKG_VERSION"));

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// It is no address of the web.
    #[error("expected an address that begins with http:// or https://")]
    Address,
    /// Nobody answered, or not in time, or not as HTTP.
    #[error("it cannot be fetched: {0}")]
    Network(String),
    /// The answer is too large.
    #[error("the answer is larger than {} MB", LARGEST / (1024 * 1024))]
    TooLarge,
    /// It was sent on and on.
    #[error("it redirects more than {REDIRECTS} times")]
    Redirects,
    /// The page's server refuses.
    #[error("its server answers {0}")]
    Status(StatusCode),
    /// It is no page.
    #[error("it is no HTML page but {0:?}")]
    NoPage(String),
}

/// An answer.
pub(super) struct Fetched {
    /// The address that answered, after redirects.
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Fetched {
    /// The media type without its parameters, lower case.
    pub(super) fn kind(&self) -> String {
        let kind = self.content_type().split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }

    fn content_type(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
    }

    /// The body as text, in the encoding that its header, its mark or its `<meta charset>` names.
    pub(super) fn text(&self) -> String {
        let named = |text: &str| {
            let (_, rest) = text.split_once("charset=")?;
            let label = rest.trim_start_matches(['"', '\'']);
            let end = label.find(['"', '\'', ';', ' ', '>', '/']).unwrap_or(label.len());
            encoding_rs::Encoding::for_label(&label.as_bytes()[..end])
        };
        let head = String::from_utf8_lossy(&self.body[..self.body.len().min(1024)]);
        let encoding = named(&self.content_type().to_ascii_lowercase())
            .or_else(|| named(&head.to_ascii_lowercase()))
            .unwrap_or(encoding_rs::UTF_8);
        encoding.decode(&self.body).0.into_owned()
    }
}

/// A client that looks at pages.
pub(super) fn client(user_agent: &str) -> Result<Client, FetchError> {
    let client = client_builder()
        .user_agent(user_agent)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(Policy::limited(REDIRECTS));
    client.build().map_err(|error| network(&error))
}

/// What is at `url`, whatever its status.
pub(super) async fn get(client: &Client, url: &Url) -> Result<Fetched, FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Address);
    }
    let response = client.get(url.clone()).send().await.map_err(|error| network(&error))?;
    read(response).await
}

/// The whole answer, unless it is too large.
pub(super) async fn read(mut response: reqwest::Response) -> Result<Fetched, FetchError> {
    let (url, status) = (response.url().clone(), response.status());
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| network(&error))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { url, status, headers, body })
}

/// The innermost reason: what stands around it only repeats the address.
pub(super) fn network(error: &reqwest::Error) -> FetchError {
    if error.is_redirect() {
        return FetchError::Redirects;
    }
    if error.is_timeout() {
        return FetchError::Network("no answer in time".to_owned());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    FetchError::Network(innermost.to_string())
}
