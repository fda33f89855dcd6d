//! The HTTP client of all destinations: no redirects (a 307 would carry a signed body elsewhere), no
//! proxy from the environment (it would go round the guard), bounded time and answer, and errors that
//! name the host but neither path, query nor secret.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, redirect};
use url::Url;

use crate::config::model::PostbackDelivery;
use crate::platform::secret::Secret;
use crate::platform::tls::client_builder;
use crate::postback::guard::{PrivateTarget, PublicResolver, check_literal};

/// Most bytes of an answer that are read; nothing that matters is longer
/// than the row errors of a whole batch.
pub const MOST_ANSWER_BYTES: usize = 1024 * 1024;

/// Most characters of an answer or an error that are kept as its words.
const MOST_TEXT: usize = 200;

/// Most characters of a request or an answer that are kept for people.
const MOST_SHOWN: usize = 2_000;

/// Most bytes of a text that are looked at for what must be hidden, before it is cut further.
const MOST_CLEANED: usize = 64 * 1024;

/// Parts of a URL shorter than this are too common to be looked for in texts.
const LEAST_HIDDEN: usize = 6;

/// One request of one attempt. It holds secrets and therefore has no `Debug`.
#[derive(Clone)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where to, with everything substituted.
    pub url: Url,
    /// Headers besides those the client sets.
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: String,
    /// Secrets and personal data in it that nothing may show.
    pub hidden: Vec<String>,
    /// The URL for people; none: as it is, without its query.
    pub shown: Option<String>,
}

/// What a destination said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The body, bounded. It may repeat what it was told, and therefore does not show itself.
    pub body: Secret,
    hidden: Hidden,
}

impl Answer {
    /// An answer to nobody.
    pub fn new(status: u16, body: &str) -> Self {
        let hidden = Hidden(Vec::new());
        Answer { status, retry_after: None, body: Secret::new(body), hidden }
    }

    /// Whether its status is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Status and the beginning of the body on one line, with everything hidden that came from the request.
    pub fn words(&self) -> String {
        let text = format!("HTTP {}: {}", self.status, self.clean(self.body.reveal()));
        text.trim_end_matches([' ', ':']).to_owned()
    }

    /// A text that came out of it, on one line, cut, and without what came from the request.
    pub fn clean(&self, text: &str) -> String {
        self.hidden.clean(text, MOST_TEXT)
    }

    /// The body for people.
    pub fn shown(&self) -> String {
        self.hidden.clean(self.body.reveal(), MOST_SHOWN)
    }
}

impl Request {
    /// Method and URL for people.
    pub fn line(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let shown = self.shown.clone().unwrap_or_else(|| url.to_string());
        format!("{} {}", self.method, self.redact(&shown, &[]))
    }

    /// `text` for people, without this request's secrets and without `personal` data.
    pub fn redact(&self, text: &str, personal: &[String]) -> String {
        Hidden::sorted(self.hidden.iter().chain(personal).cloned().collect())
            .clean(text, MOST_SHOWN)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The address must not be reached; nothing was sent.
    #[error(transparent)]
    Private(#[from] PrivateTarget),
    /// No answer in time; the destination may have taken the request.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// Host of the URL.
        host: String,
    },
    /// No connection, or it broke.
    #[error("{host}: {why}")]
    Failed {
        /// Host of the URL.
        host: String,
        /// What went wrong, redacted.
        why: String,
        /// Whether nothing was sent yet.
        unsent: bool,
    },
}

impl SendError {
    /// Whether the destination cannot have heard anything.
    pub fn is_unsent(&self) -> bool {
        matches!(self, SendError::Private(_) | SendError::Failed { unsent: true, .. })
    }
}

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    allow_private: bool,
}

impl Client {
    /// A client with the configured timeouts and guard.
    pub fn new(delivery: &PostbackDelivery) -> Result<Self, reqwest::Error> {
        let mut builder = client_builder()
            .user_agent(concat!("Ringtrace/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(delivery.connect_timeout.unsigned_abs())
            .timeout(delivery.timeout.unsigned_abs())
            .pool_idle_timeout(Duration::from_secs(30));
        if !delivery.allow_private_targets {
            builder = builder.dns_resolver(PublicResolver);
        }
        Ok(Client { http: builder.build()?, allow_private: delivery.allow_private_targets })
    }

    /// Sends `request` and reads the beginning of the answer.
    pub async fn send(&self, request: Request) -> Result<Answer, SendError> {
        if !self.allow_private {
            check_literal(&request.url)?;
        }
        let hidden = Hidden::of(&request);
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let asked = self
            .http
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body);
        let mut response = asked.send().await.map_err(|e| failure(&host, &hidden, e))?;

        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|v| v.to_str().ok()).map(str::to_owned);
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() < MOST_ANSWER_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                // The status is the answer; a body that breaks off changes nothing.
                Ok(None) | Err(_) => break,
            }
        }
        body.truncate(MOST_ANSWER_BYTES);
        let body = Secret::new(String::from_utf8_lossy(&body));
        Ok(Answer { status, retry_after, body, hidden })
    }
}

fn failure(host: &str, hidden: &Hidden, error: reqwest::Error) -> SendError {
    let host = host.to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(private) = cause.downcast_ref::<PrivateTarget>() {
            return SendError::Private(private.clone());
        }
        source = cause.source();
    }
    let unsent = error.is_connect();
    if error.is_timeout() && !unsent {
        return SendError::TimedOut { host };
    }
    let error = error.without_url();
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        why.push_str(": ");
        why.push_str(&cause.to_string());
        source = cause.source();
    }
    SendError::Failed { host, why: hidden.clean(&why, MOST_TEXT), unsent }
}

/// The parts of a request that no log may repeat, even when a destination echoes them.
#[derive(Clone)]
struct Hidden(Vec<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Hidden {
    fn of(request: &Request) -> Self {
        let url = &request.url;
        let mut parts = vec![url.path().to_owned()];
        parts.extend(url.query().map(str::to_owned));
        parts.extend(url.password().map(str::to_owned));
        parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
        parts.extend(url.query().iter().flat_map(|query| {
            query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1.to_owned()))
        }));
        let headers = request.headers.values();
        parts.extend(headers.filter_map(|value| value.to_str().ok().map(str::to_owned)));
        // What every JSON request has would only make answers hard to read.
        parts.retain(|part| part != "application/json");
        parts.extend(request.hidden.iter().cloned());
        Hidden::sorted(parts)
    }

    fn sorted(mut parts: Vec<String>) -> Self {
        parts.retain(|part| part.len() >= LEAST_HIDDEN);
        // The longest first: a part of a hidden text must not break the whole.
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        Hidden(parts)
    }

    /// `text` on one line, cut at `most` characters, without the hidden parts.
    fn clean(&self, text: &str, most: usize) -> String {
        let mut text = text[..text.floor_char_boundary(MOST_CLEANED)].to_owned();
        for part in &self.0 {
            text = text.replace(part, "[…]");
        }
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        line.chars().take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_of_the_request_is_hidden_in_texts() {
        let request = Request {
            method: Method::GET,
            url: Url::parse("https://u:passw0rd@x.example/hooks/T01?token=s3cr3t%20x&gclid=Cj0abc")
                .expect("a URL"),
            headers: HeaderMap::from_iter([(
                reqwest::header::AUTHORIZATION,
                "Bearer abcdef".parse().expect("a header"),
            )]),
            body: String::new(),
            hidden: Vec::new(),
            shown: None,
        };
        let hidden = Hidden::of(&request);
        let said = "no\r\nroute /hooks/T01?token=s3cr3t%20x&gclid=Cj0abc (s3cr3t x, Bearer abcdef, \
                    passw0rd, Cj0abc)";
        let clean = hidden.clean(said, MOST_TEXT);
        assert_eq!(clean, "no route […]?[…] ([…], […], […], […])");
        assert_eq!(hidden.clean(&"a".repeat(5000), MOST_TEXT).len(), MOST_TEXT);
    }
}
