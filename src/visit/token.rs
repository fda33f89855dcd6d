//! Signed tokens that a browser keeps: which session and which visitor it is; and link tokens, which
//! carry both to another host of the site.
//!
//! A token is base64url without padding of: version, kind, session or visitor id (16 bytes), seen
//! (ms, 8), touch fingerprint (4), visitor id (16, zero for none), consent (1: bit 0 analytics, bit 1
//! ads, bit 2 told by a page), up to eight [`Marks`] (4 each), and 16 bytes of HMAC-SHA256 over kind,
//! site and all that. The site is in the signature alone: a token of another site is unreadable.
//! Whether a page view continues its session, and whether its consent is news, is decided here,
//! without Redis.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::signing::SigningKeys;
use crate::visit::model::Consent;

const VERSION: u8 = 1;
const SESSION: u8 = b's';
const VISITOR: u8 = b'v';
const LINK: u8 = b'l';
/// How long a link token is good for: the time it takes to follow a link.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_secs(120);
/// The clocks of two nodes may differ that much, in milliseconds.
const CLOCKS: i64 = 60_000;
/// Without marks: what every token has.
const CONTENT: usize = 47;
const LONGEST: usize = CONTENT + 4 * Marks::MOST;
const MAC: usize = 16;

/// What was decided when the session opened and holds as long as it lasts: numbers above zero, in
/// the order they were set, that only those who decided can read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks([u32; Marks::MOST]);

impl Marks {
    /// Most marks of a session.
    pub const MOST: usize = 8;

    /// Adds `mark`; one too many is not kept.
    pub fn set(&mut self, mark: u32) {
        if let Some(place) = self.0.iter_mut().find(|place| **place == 0) {
            *place = mark;
        }
    }

    /// Whether `mark` was set.
    pub fn has(&self, mark: u32) -> bool {
        mark != 0 && self.0.contains(&mark)
    }

    fn all(&self) -> impl Iterator<Item = u32> {
        self.0.into_iter().take_while(|&mark| mark != 0)
    }
}

/// What a session token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// The session.
    pub session: SessionId,
    /// Its visitor, with consent to analytics.
    pub visitor: Option<VisitorId>,
    /// Last sign of life.
    pub seen: Millis,
    /// Fingerprint of the campaign click that opened it, 0 for none.
    pub touch: u32,
    /// What the visitor allowed, as it is stored with the session.
    pub consent: Consent,
    /// Whether a page told that; else it is what held by default.
    pub told: bool,
    /// What was decided for good when it opened.
    pub marks: Marks,
}

impl SessionToken {
    /// The token as the browser keeps it.
    pub fn sign(&self, keys: &SigningKeys, site: &SiteId) -> String {
        self.seal(SESSION, keys, site)
    }

    /// A token for a link to another host of the site, made at `seen`.
    pub fn sign_link(&self, keys: &SigningKeys, site: &SiteId) -> String {
        self.seal(LINK, keys, site)
    }

    fn seal(&self, kind: u8, keys: &SigningKeys, site: &SiteId) -> String {
        let visitor = self.visitor.map_or(Uuid::nil(), |visitor| visitor.0);
        let (id, consent) = (self.session.0, (self.consent, self.told));
        let mut content = Content::new(kind, id, self.seen, self.touch, visitor, consent);
        self.marks.all().for_each(|mark| content.push(mark));
        content.seal(keys, site)
    }

    /// Reads a token of `site`; `None` when it is not one, was changed, or comes from the future.
    pub fn read(keys: &SigningKeys, site: &SiteId, text: &str, now: Millis) -> Option<Self> {
        Self::open(SESSION, keys, site, text).filter(|token| token.seen <= now.plus(CLOCKS))
    }

    /// The session that a link token of `site` carries on at `now`.
    pub fn read_link(
        keys: &SigningKeys,
        site: &SiteId,
        text: &str,
        now: Millis,
    ) -> Result<Self, BadLink> {
        let token = Self::open(LINK, keys, site, text).ok_or(BadLink::Unreadable)?;
        let age = now.since(token.seen);
        let alive = (-CLOCKS..=LINK_LIFE.as_millis() as i64).contains(&age);
        if alive { Ok(token) } else { Err(BadLink::Expired) }
    }

    fn open(kind: u8, keys: &SigningKeys, site: &SiteId, text: &str) -> Option<Self> {
        let content = Content::open(keys, site, kind, text)?;
        let visitor = Uuid::from_bytes(content.array(30)?);
        Some(SessionToken {
            session: SessionId(Uuid::from_bytes(content.array(2)?)),
            seen: Millis(i64::from_be_bytes(content.array(18)?)),
            touch: u32::from_be_bytes(content.array(26)?),
            visitor: (!visitor.is_nil()).then_some(VisitorId(visitor)),
            consent: content.consent(),
            told: content.told(),
            marks: content.marks(),
        })
    }

    /// Whether a page view at `now` belongs to this session: it was heard of less than `timeout`
    /// ago, and the view is no click on another campaign (`touch`, 0 for no campaign at all).
    pub fn continues(&self, now: Millis, timeout: SignedDuration, touch: u32) -> bool {
        let silent = i128::from(now.since(self.seen));
        silent <= timeout.as_millis() && (touch == 0 || touch == self.touch)
    }
}

/// Why a link token carries nothing on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLink {
    /// It is none of this site, or was changed.
    Unreadable,
    /// It is too old, or from the future.
    Expired,
}

/// What a visitor token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorToken {
    /// The visitor.
    pub visitor: VisitorId,
    /// What the visitor allowed when it was made.
    pub consent: Consent,
    /// Whether a page told that.
    pub told: bool,
}

/// The visitor token of `visitor` on `site`, made at `now`, with what the visitor allowed and whether
/// a page told that.
pub fn sign_visitor(
    keys: &SigningKeys,
    site: &SiteId,
    visitor: VisitorId,
    consent: (Consent, bool),
    now: Millis,
) -> String {
    Content::new(VISITOR, visitor.0, now, 0, Uuid::nil(), consent).seal(keys, site)
}

/// Reads a visitor token of `site`; `None` when it is not one or was changed.
pub fn read_visitor(keys: &SigningKeys, site: &SiteId, text: &str) -> Option<VisitorToken> {
    let content = Content::open(keys, site, VISITOR, text)?;
    let visitor = VisitorId(Uuid::from_bytes(content.array(2)?));
    Some(VisitorToken { visitor, consent: content.consent(), told: content.told() })
}

/// What stands before the signature.
struct Content {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Content {
    fn new(
        kind: u8,
        id: Uuid,
        seen: Millis,
        touch: u32,
        visitor: Uuid,
        (consent, told): (Consent, bool),
    ) -> Self {
        let mut bytes = [0; LONGEST];
        bytes[0] = VERSION;
        bytes[1] = kind;
        bytes[2..18].copy_from_slice(id.as_bytes());
        bytes[18..26].copy_from_slice(&seen.0.to_be_bytes());
        bytes[26..30].copy_from_slice(&touch.to_be_bytes());
        bytes[30..46].copy_from_slice(visitor.as_bytes());
        bytes[46] = u8::from(consent.analytics) | u8::from(consent.ads) << 1 | u8::from(told) << 2;
        Content { bytes, length: CONTENT }
    }

    fn push(&mut self, mark: u32) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + 4) {
            place.copy_from_slice(&mark.to_be_bytes());
            self.length += 4;
        }
    }

    fn marks(&self) -> Marks {
        let mut marks = Marks::default();
        let (words, _) = self.bytes[CONTENT..self.length].as_chunks::<4>();
        words.iter().for_each(|word| marks.set(u32::from_be_bytes(*word)));
        marks
    }

    fn consent(&self) -> Consent {
        Consent { analytics: self.bytes[46] & 1 != 0, ads: self.bytes[46] & 2 != 0 }
    }

    fn told(&self) -> bool {
        self.bytes[46] & 4 != 0
    }

    fn array<const N: usize>(&self, from: usize) -> Option<[u8; N]> {
        self.bytes.get(from..from + N)?.try_into().ok()
    }

    fn seal(&self, keys: &SigningKeys, site: &SiteId) -> String {
        let content = &self.bytes[..self.length];
        let mut bytes = [0; LONGEST + MAC];
        bytes[..self.length].copy_from_slice(content);
        bytes[self.length..self.length + MAC].copy_from_slice(&mac(keys, site, content));
        URL_SAFE_NO_PAD.encode(&bytes[..self.length + MAC])
    }

    fn open(keys: &SigningKeys, site: &SiteId, kind: u8, text: &str) -> Option<Self> {
        // The decoder checks the length before it writes; a longer text is an error, not a panic.
        let mut decoded = [0u8; LONGEST + MAC];
        let all = URL_SAFE_NO_PAD.decode_slice(text, &mut decoded).ok()?;
        let length = all
            .checked_sub(MAC)
            .filter(|&length| length >= CONTENT && (length - CONTENT).is_multiple_of(4))?;
        let (content, signature) = decoded[..all].split_at(length);
        if content[0] != VERSION || content[1] != kind {
            return None;
        }
        let mut bytes = [0; LONGEST];
        bytes[..length].copy_from_slice(content);
        bool::from(mac(keys, site, content).ct_eq(signature)).then_some(Content { bytes, length })
    }
}

fn mac(keys: &SigningKeys, site: &SiteId, content: &[u8]) -> [u8; MAC] {
    let kind = &content[1..2];
    let whole = keys.session_token_mac(&[kind, site.as_str().as_bytes(), b"\n", content]);
    std::array::from_fn(|at| whole[at])
}
