//! The steps of an answer.

use serde::{Deserialize, Serialize};

use crate::platform::phone::PhoneNumber;

/// One thing to do with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Says or plays something to the caller: a greeting, a notice of recording.
    Say(Prompt),
    /// Connects the caller with somebody.
    Dial(Dial),
    /// Waits for key presses: a menu, a challenge.
    Gather(Gather),
    /// Records a message of the caller. Say what to do before it.
    Voicemail(Voicemail),
    /// Turns the call away unanswered; must be the first step.
    Reject(Rejection),
    /// Ends the call.
    HangUp,
}

/// Something to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// A text that the provider speaks.
    Text {
        /// The text; markup in it is spoken, not obeyed.
        text: String,
        /// BCP 47 language such as `en-US`; empty: the provider's own.
        language: String,
    },
    /// The URL of a sound file (WAV or MP3).
    Audio(String),
}

/// Whom to connect the caller with, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The numbers or addresses; at least one.
    pub targets: Vec<Target>,
    /// Whether they ring together.
    pub order: DialOrder,
    /// Seconds that it may ring; in turn: each of them.
    pub ring_s: u16,
    /// What the destination sees as the caller.
    pub shown: ShownNumber,
    /// What the person who answers hears first.
    pub whisper: Option<Whisper>,
    /// Whether the conversation is recorded.
    pub record: Record,
    /// Comes back as the mark of `…/dial` when the dial has ended.
    pub mark: String,
}

/// Somebody to dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// A phone number.
    Phone(PhoneNumber),
    /// A SIP address.
    Sip(SipUri),
}

impl Target {
    /// As it is dialled: `+…` or `sip:…`.
    pub fn as_str(&self) -> &str {
        match self {
            Target::Phone(number) => number.as_str(),
            Target::Sip(uri) => uri.as_str(),
        }
    }
}

/// A text that is neither a phone number nor a SIP address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a phone number in E.164 nor a SIP address such as sip:sales@pbx.example.com")]
pub struct BadTarget;

impl std::str::FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let number = text.parse().map(Target::Phone);
        number.or_else(|_| text.parse().map(Target::Sip)).map_err(|BadSipUri| BadTarget)
    }
}

impl TryFrom<String> for Target {
    type Error = BadTarget;

    fn try_from(text: String) -> Result<Self, BadTarget> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> String {
        target.as_str().to_owned()
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A SIP address: `sip:` or `sips:`, a user, `@`, a host. It never holds a character that means
/// something in a dial string, a form or a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri(String);

/// A text that is no SIP address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SIP address such as sip:sales@pbx.example.com")]
pub struct BadSipUri;

/// Longest SIP address.
const MAX_SIP_URI: usize = 255;

impl SipUri {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind `sip:` or `sips:`.
    pub fn without_scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, rest)| rest)
    }
}

impl std::str::FromStr for SipUri {
    type Err = BadSipUri;

    fn from_str(text: &str) -> Result<Self, BadSipUri> {
        let (scheme, rest) = text.split_once(':').ok_or(BadSipUri)?;
        let (user, host) = rest.split_once('@').ok_or(BadSipUri)?;
        let user_fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.+*%".contains(&b);
        let host_fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:[];=".contains(&b);
        let fits = text.len() <= MAX_SIP_URI
            && ["sip", "sips"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            && !user.is_empty()
            && user.bytes().all(user_fits)
            && host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'[')
            && host.bytes().all(host_fits);
        if fits { Ok(SipUri(text.to_owned())) } else { Err(BadSipUri) }
    }
}

/// In which order targets ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialOrder {
    /// All at once; the first to answer gets the call.
    #[default]
    AtOnce,
    /// One after the other until somebody answers.
    InTurn,
}

/// What the destination sees as the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShownNumber {
    /// The caller's own number.
    #[default]
    Callers,
    /// A number of yours.
    Fixed(PhoneNumber),
}

/// What the person who answers hears before they are connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whisper {
    /// The text.
    #[serde(rename = "t")]
    pub text: String,
    /// BCP 47 language; empty: the provider's own.
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// Whether they must press 1 to take the call.
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    pub accept: bool,
}

/// Whether a conversation is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// It is not.
    #[default]
    Off,
    /// Both sides in one channel.
    On,
    /// Each side in a channel of its own.
    Dual,
}

/// Keys to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// What is said while they may be pressed already.
    pub prompt: Option<Prompt>,
    /// The number of keys that end it; `#` ends it too.
    pub max_digits: u8,
    /// Seconds to wait for the next key.
    pub timeout_s: u16,
    /// Who is asked, and so where the keys go.
    pub asks: Asks,
    /// Comes back as the mark of `…/gather`.
    pub mark: String,
}

/// Who is asked for keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// The caller: the keys go to `…/gather`.
    #[default]
    Caller,
    /// The person who answered: whether they take the call. The keys go to `…/accept`.
    Acceptance,
}

/// A message to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voicemail {
    /// Longest message in seconds.
    pub max_s: u16,
    /// Comes back as the mark of `…/voicemail`.
    pub mark: String,
}

/// How a call is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The caller hears that the line is busy.
    Busy,
    /// The caller hears that the call is not taken.
    Declined,
}
