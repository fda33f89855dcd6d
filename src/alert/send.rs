//! Tells recipients: letters, webhooks, the log.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use crate::alert::mail::{Letter, MailError, Mailer};
use crate::alert::model::{News, Remembered};
use crate::config::model::{Alert, Config, Site};
use crate::platform::secret::Secret;
use crate::postback::client::{Client, Request, SendError};

/// The recipient that is the log.
pub const LOG: &str = "log";

/// Why a recipient did not take it.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// A letter.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A webhook was not reached.
    #[error(transparent)]
    Webhook(#[from] SendError),
    /// A webhook refused.
    #[error("the webhook answered {0}")]
    Refused(u16),
    /// An address that cannot be read.
    #[error("that is no address of a webhook")]
    Address,
    /// There is no HTTP client.
    #[error("webhooks cannot be sent")]
    NoClient,
}

/// A recipient as it is remembered: nobody reads an address out of Redis.
pub fn recipient_hash(to: &Secret) -> String {
    hex::encode(&Sha256::digest(to.reveal().as_bytes())[..8])
}

/// Whether `text` may stand as a recipient.
pub fn is_recipient(text: &str) -> bool {
    text == LOG || is_webhook(text) || crate::alert::mail::is_address(text)
}

/// Whether `text` is the address of a webhook.
pub fn is_webhook(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

/// Reaches recipients as the configuration in force says.
pub struct Teller {
    mailer: Result<Mailer, MailError>,
    client: Option<Client>,
}

impl Teller {
    /// A teller for one run.
    pub fn new(config: &Config) -> Self {
        Teller { mailer: Mailer::new(&config.mail), client: Client::new(&config.postback).ok() }
    }

    /// Tells `to` of an alert.
    pub async fn tell(&self, to: &Secret, told: &Told<'_>) -> Result<(), TellError> {
        match to.reveal() {
            LOG => {
                let (site, alert) = (&told.site.id, &told.alert.id);
                match told.news {
                    News::IsOver => {
                        tracing::info!(%site, %alert, subject = told.subject, "over: {}", told.known.text)
                    }
                    _ => {
                        tracing::warn!(%site, %alert, subject = told.subject, "{}", told.known.text)
                    }
                }
                Ok(())
            }
            url if is_webhook(url) => self.post(url, told).await,
            address => self.letter(address, &told.letter()).await,
        }
    }

    /// Sends a letter.
    pub async fn letter(&self, address: &str, letter: &Letter) -> Result<(), TellError> {
        match &self.mailer {
            Ok(mailer) => Ok(mailer.send(address, letter).await?),
            Err(MailError::NotSet) => Err(MailError::NotSet.into()),
            Err(MailError::Unreadable(what)) => Err(MailError::Unreadable(what).into()),
            Err(_) => Err(MailError::Letter.into()),
        }
    }

    async fn post(&self, url: &str, told: &Told<'_>) -> Result<(), TellError> {
        let client = self.client.as_ref().ok_or(TellError::NoClient)?;
        let url = Url::parse(url).map_err(|_| TellError::Address)?;
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let body = told.json().to_string();
        // Whoever knows the address of a chat service's webhook can write there.
        let (hidden, shown) = (vec![url.path().to_owned()], None);
        let method = Method::POST;
        let answer = client.send(Request { method, url, headers, body, hidden, shown }).await?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(TellError::Refused(status)),
        }
    }
}

/// What is told.
pub struct Told<'a> {
    /// The site.
    pub site: &'a Site,
    /// The alert.
    pub alert: &'a Alert,
    /// What it is about; empty: the site.
    pub subject: &'a str,
    /// Which news.
    pub news: News,
    /// What is known.
    pub known: &'a Remembered,
    /// Where the dashboard is.
    pub dashboard: &'a str,
}

impl Told<'_> {
    fn headline(&self) -> String {
        let name = if self.site.name.is_empty() { self.site.id.as_str() } else { &self.site.name };
        let about =
            if self.subject.is_empty() { String::new() } else { format!(" ({})", self.subject) };
        let news = match self.news {
            News::Begins => "Alert",
            News::GoesOn => "Still so",
            News::IsOver => "Over",
        };
        format!("{news}: {}{about}, {name}", self.alert.id)
    }

    fn letter(&self) -> Letter {
        let since = self.known.since.map(|since| format!("\nSince {since}.")).unwrap_or_default();
        let text = format!("{}{since}\n\n{}\n", self.known.text, self.dashboard);
        Letter { subject: self.headline(), text, ..Letter::default() }
    }

    /// `text` is what chat services show.
    fn json(&self) -> serde_json::Value {
        json!({
            "type": "alert",
            "text": format!("{}\n{}", self.headline(), self.known.text),
            "site": self.site.id,
            "alert": self.alert.id,
            "subject": self.subject,
            "news": self.news,
            "since": self.known.since.map(|since| since.to_string()),
            "at": self.known.news_at.map(|at| at.to_string()),
            "found": self.known.text,
        })
    }
}
