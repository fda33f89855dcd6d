//! The kinds of destinations. Each has one shape: is this postback for it, what is the request, and
//! what does the answer mean.

pub mod macros;
#[cfg(test)]
mod tests;
pub mod url;
pub mod webhook;

use std::collections::BTreeMap;

use crate::config::model::{Destination, DestinationKind};
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request};
use crate::postback::model::Postback;

/// A destination whose configuration cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// The URL template.
    #[error(transparent)]
    Template(#[from] url::BadTemplate),
    /// The URL of a webhook.
    #[error("the URL must be an absolute http:// or https:// URL")]
    Url,
    /// The secret of a webhook.
    #[error("the secret must be `whsec_` and the base64 of at least {} bytes", webhook::LEAST_KEY)]
    Secret,
    /// A header that is sent along.
    #[error("the header {name:?} {why}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
}

/// What to do with one postback now.
pub enum Prepared {
    /// Send this.
    Send(Box<Request>),
    /// It is not for this destination.
    Skip {
        /// Why not.
        why: String,
    },
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It was taken.
    Delivered,
    /// It will never be taken.
    Rejected,
    /// The whole destination is gone: this postback is rejected, and nothing else is sent there.
    Gone,
    /// It may be taken later.
    Later,
    /// Our credentials are refused: not this postback's fault, but the connection's.
    Refused,
}

/// Checks a destination's configuration without sending anything.
pub fn check(destination: &Destination) -> Result<(), BadDestination> {
    match &destination.kind {
        DestinationKind::Url { url, require, .. } => {
            url::check_template(url)?;
            Ok(url::check_required(require)?)
        }
        DestinationKind::Webhook { url, secret, headers, .. } => {
            webhook::check(url, secret, texts(headers))
        }
    }
}

/// Configured headers as the texts they are sent as.
fn texts(headers: &BTreeMap<String, Secret>) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.reveal()))
}

/// The request that tells `postback` to `destination` in an attempt at `now`.
pub fn prepare(
    destination: &Destination,
    postback: &Postback,
    now: Millis,
) -> Result<Prepared, BadDestination> {
    match &destination.kind {
        DestinationKind::Url { .. } if postback.corrects.is_some() => Ok(Prepared::Skip {
            why: "the call was attributed anew after this was told, and a URL takes nothing back"
                .to_owned(),
        }),
        DestinationKind::Url { url, method, require, hmac_secret, .. } => {
            Ok(url::prepare(url, *method, require, hmac_secret, postback)?)
        }
        DestinationKind::Webhook { url, secret, headers, .. } => {
            webhook::prepare(url, secret, texts(headers), postback, now)
                .map(|request| Prepared::Send(Box::new(request)))
        }
    }
}

/// Judges the answer of `destination` by its status: 2xx is taken; time-outs, limits and server
/// faults pass; refused credentials are the connection's matter; 410 tells a webhook that nobody
/// lives there (Standard Webhooks); everything else, redirects too, will be the same next time.
pub fn judge(destination: &Destination, answer: &Answer) -> Judgement {
    match answer.status {
        200..=299 => Judgement::Delivered,
        401 | 403 => Judgement::Refused,
        408 | 423 | 425 | 429 | 500..=599 => Judgement::Later,
        410 if matches!(destination.kind, DestinationKind::Webhook { .. }) => Judgement::Gone,
        _ => Judgement::Rejected,
    }
}
