//! Telephony providers: each verifies, reads and answers webhooks in its own words.
//!
//! One folder (or file) per provider with the same parts: `verify` (who may speak for the
//! provider), `read` (their words → [`CallEvent`]s), `write` ([`Answer`] → their document). What
//! several of them share stands beside: [`twiml`] is the dialect of Twilio, SignalWire and
//! Telnyx' TeXML, [`pbx`] the plain form that Asterisk and Kamailio speak, [`xml`] the writer of all documents.
//!
//! What always holds: nothing is read before the signature was checked on the raw body and the
//! configured public URL; secrets are compared in constant time; what is read is bounded; what is
//! written is escaped.

pub mod accounts;
mod asterisk;
mod bandwidth;
pub(super) mod bounds;
mod fields;
mod freeswitch;
mod generic;
mod json;
mod kamailio;
#[cfg(test)]
mod lifecycles;
mod outcome;
mod pbx;
mod plivo;
mod report;
mod secrets;
mod signalwire;
mod telnyx;
#[cfg(test)]
mod tests;
mod time;
mod twilio;
mod twiml;
mod vonage;
mod xml;

use std::ops::RangeInclusive;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::call::answer::{Answer, Bookmark, Feature, Whisper};
use crate::call::command::model::Control;
use crate::call::model::CallEvent;
use crate::config::model::{Site, Telephony};
use crate::platform::clock::Millis;

pub(super) use telnyx::VOICE_API_EVENT;

/// One webhook as it came.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// The last part of its path.
    pub event: &'a str,
    /// Whether it came as GET: its fields stand in the query then.
    pub is_get: bool,
    /// The configured public URL with the request's path and raw query: what a provider signs.
    pub url: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, untouched.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: Millis,
}

impl<'a> Webhook<'a> {
    /// The value of a header, when it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The query as it came, without its `?`; empty when there is none.
    pub fn query(&self) -> &'a str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// What it brings back from an earlier answer.
    pub fn bookmark(&self) -> Bookmark {
        Bookmark::in_query(self.query())
    }

    /// What the provider waits for, in the words that most providers share: where to with a new call,
    /// what after a step, what the callee hears.
    fn wants(&self) -> Wants {
        match (self.event, Over::named(self.event)) {
            ("voice", _) => Wants::Route,
            (_, Some(over)) => Wants::Next { over, mark: self.bookmark().mark },
            ("whisper", _) => match self.bookmark().whisper {
                Some(whisper) => Wants::Whisper { whisper, mark: self.bookmark().mark },
                // Whatever it is: nobody is kept from the caller by a text that is missing.
                None => Wants::Screened { accepted: true },
            },
            _ => Wants::Receipt,
        }
    }
}

/// Why a webhook is turned away unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// The site does not use this provider, or the provider has no such event.
    NotConfigured,
    /// The signature is missing or wrong, or its time has passed.
    BadSignature,
}

/// A webhook that comes from the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// What may be used once, where the signature names something of the kind.
    pub once: Option<Once>,
}

/// Something that a signature may be used with once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The token's id or nonce.
    pub value: String,
    /// How long it must be remembered.
    pub keep: Duration,
}

/// What a webhook says, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// What happened to which call, in order; none when it says nothing that counts.
    pub events: Vec<CallEvent>,
    /// What the provider waits for.
    pub wants: Wants,
}

/// What a provider waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wants {
    /// What to do with a call that just arrived. It must get that whatever happens.
    Route,
    /// What comes next: a step of an earlier answer is over, and the caller still there.
    Next {
        /// Which kind of step.
        over: Over,
        /// The step's mark; empty when it had none.
        mark: String,
    },
    /// The next of what it was told already: so many steps of the answer are over.
    GoOn {
        /// Which step of the call's route the answer said.
        hop: u8,
        /// How many of its steps are over.
        done: u8,
    },
    /// What the person who picked up hears before they are connected.
    Whisper {
        /// What they hear, and whether they are asked.
        whisper: Whisper,
        /// The mark of the dial.
        mark: String,
    },
    /// Whether the person who picked up took the call: connect them, or hang up on them.
    Screened {
        /// Whether they did.
        accepted: bool,
    },
    /// Only that the message was kept.
    Receipt,
}

/// A step that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// A dial: somebody talked with the caller, or nobody took the call.
    Dial,
    /// A wait for keys: they are in the events, unless none was pressed.
    Gather,
    /// The recording of a message.
    Voicemail,
    /// The destination asks to hand the call on.
    Transfer,
}

impl Over {
    /// The kind of step that an event of this name ends, in the words that most providers share.
    fn named(event: &str) -> Option<Over> {
        Some(match event {
            "dial" => Over::Dial,
            "gather" => Over::Gather,
            "voicemail" => Over::Voicemail,
            "refer" => Over::Transfer,
            _ => return None,
        })
    }
}

impl Understood {
    /// Puts together what a webhook says and wants. A caller is on the line while the provider waits
    /// for an answer: an unreadable message must not keep them from it; an unreadable report is
    /// refused.
    fn of(
        wants: Wants,
        events: Result<Vec<CallEvent>, Unreadable>,
        site: &Site,
        webhook: &Webhook<'_>,
    ) -> Result<Self, Unreadable> {
        match (events, wants) {
            (Ok(events), wants) => Ok(Understood { events, wants }),
            (Err(unreadable), Wants::Receipt) => Err(unreadable),
            (Err(unreadable), wants) => {
                tracing::warn!(site = %site.id, event = webhook.event, why = %unreadable,
                    "a signed webhook cannot be read; the call goes on without a record");
                Ok(Understood { events: Vec::new(), wants })
            }
        }
    }
}

/// A signed webhook that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// An answer in the words of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its content type.
    pub content_type: &'static str,
    /// Its text; empty: the provider goes on with what it was told before.
    pub body: String,
}

/// How far a provider goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most targets that ring at once.
    pub at_once: usize,
    /// Seconds that a target may ring.
    pub ring_s: RangeInclusive<u16>,
}

impl Default for Limits {
    /// Those that the configuration knows for all.
    fn default() -> Self {
        Limits { at_once: 10, ring_s: 5..=600 }
    }
}

/// A telephony provider.
pub trait Provider: Sync {
    /// Its name in paths, metrics and calls.
    fn name(&self) -> &'static str;

    /// The events of its webhooks: the last part of their paths.
    fn events(&self) -> &'static [&'static str];

    /// Checks that the webhook comes from one of the provider's accounts of this site.
    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified>;

    /// Reads a verified webhook.
    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable>;

    /// The document that tells a call what to do; `keys` are for a provider that must be told how to
    /// identify itself on the addresses in it. What the provider [cannot](Provider::can) do is
    /// left out or done in the nearest way; a caller is never left without a dial that was asked for.
    fn render(&self, keys: &Telephony, answer: &Answer) -> Document;

    /// Whether it can do this.
    fn can(&self, feature: Feature) -> bool;

    /// How far it goes in what it can do. Beyond that it does what it can.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Whether its calls go on under another id once they are handed on.
    fn renames_calls(&self) -> bool {
        false
    }

    /// How its calls are told what to do when that is by commands; `None`: by documents.
    fn control(&self) -> Option<&dyn Control> {
        None
    }
}

/// Every provider.
pub static ALL: [&'static dyn Provider; 10] = [
    &twilio::Twilio,
    &signalwire::SignalWire,
    &telnyx::Telnyx,
    &plivo::Plivo,
    &vonage::Vonage,
    &bandwidth::Bandwidth,
    &freeswitch::FreeSwitch,
    &asterisk::Asterisk,
    &kamailio::Kamailio,
    &generic::Generic,
];

/// The names of all providers.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(Provider::name)
}

/// The provider with this name.
pub fn by_name(name: &str) -> Option<&'static dyn Provider> {
    ALL.into_iter().find(|provider| provider.name() == name)
}

/// The provider that speaks in a webhook of a site: by the words of the same name, unless the site's calls are
/// told what to do in another way there.
pub fn serving(name: &str, event: &str, telephony: &Telephony) -> Option<&'static dyn Provider> {
    let by_voice_api = telephony.telnyx.iter().any(|account| account.voice_api);
    if name == telnyx::VoiceApi.name() && event == VOICE_API_EVENT && by_voice_api {
        return Some(&telnyx::VoiceApi);
    }
    by_name(name)
}

/// In which ways calls of the provider `name` come to a site.
pub fn ways(name: &str, telephony: &Telephony) -> Vec<&'static dyn Provider> {
    let accounts = &telephony.telnyx;
    if name != telnyx::VoiceApi.name() || !accounts.iter().any(|account| account.voice_api) {
        return by_name(name).into_iter().collect();
    }
    let documents = accounts.iter().any(|account| !account.voice_api);
    let documents = by_name(name).filter(|_| documents);
    documents.into_iter().chain([&telnyx::VoiceApi as &dyn Provider]).collect()
}

/// The event of `provider` that `event` names, from its closed list.
pub fn event_name(provider: &dyn Provider, event: &str) -> Option<&'static str> {
    provider.events().iter().copied().find(|known| *known == event)
}

/// What `answer` needs and `provider` cannot do.
pub fn lacks(provider: &dyn Provider, answer: &Answer) -> Vec<Feature> {
    answer.needs().into_iter().filter(|feature| !provider.can(*feature)).collect()
}
