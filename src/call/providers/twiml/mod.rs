//! The dialect of Twilio, SignalWire (cXML) and Telnyx (TeXML): the same fields, the same verbs.
//!
//! | event | configured as | says | answer |
//! |---|---|---|---|
//! | `voice` | the number's voice URL | the call arrived | a document |
//! | `status` | the number's status callback URL | the caller's leg ended | 204 |
//! | `dial` | `<Dial action>` | how the dial ended | a document |
//! | `leg` | `<Number statusCallback>` | the destination rings, answers, ends | 204 |
//! | `whisper` | `<Number url>` | the destination picked up | what it hears |
//! | `accept` | `<Gather action>` of the whisper | its keys | connect or hang up |
//! | `gather` | `<Gather action>` | the caller's keys | a document |
//! | `voicemail` | `<Record action>` | the message is over | a document |
//! | `recording` | a recording status callback | a recording can be fetched | 204 |
//! | `refer` | `<Dial referUrl>` | the destination hands the call on | a document |
//!
//! Only the first two are set by people; we set the others in our documents.

mod read;
mod write;

pub use read::{events, wants};
pub use write::render;

/// The events of the dialect.
pub const EVENTS: &[&str] = &[
    "voice",
    "status",
    "dial",
    "leg",
    "whisper",
    "accept",
    "gather",
    "voicemail",
    "recording",
    "refer",
];

/// Where the three differ.
pub struct Dialect {
    /// Name of the provider.
    pub provider: &'static str,
    /// Seconds that a destination may ring.
    pub ring_s: std::ops::RangeInclusive<u16>,
    /// Whether the caller's own number must be named to be shown; otherwise it is shown by default.
    pub names_caller: bool,
    /// Whether targets can ring in turn.
    pub in_turn: bool,
}
