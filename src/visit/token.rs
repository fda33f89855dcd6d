//! Signed tokens that a browser keeps: which session and which visitor it is.
//!
//! A token is base64url without padding of: version, kind, session or visitor id (16 bytes), seen
//! (ms, 8), touch fingerprint (4), visitor id (16, zero for none), consent (1: bit 0 analytics, bit 1
//! ads), and 16 bytes of HMAC-SHA256 over kind, site and all that. The site is in the signature
//! alone: a token of another site is unreadable. Whether a page view continues its session, and
//! whether its consent is news, is decided here, without Redis.

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
const CONTENT: usize = 47;
const MAC: usize = 16;

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
}

impl SessionToken {
    /// The token as the browser keeps it.
    pub fn sign(&self, keys: &SigningKeys, site: &SiteId) -> String {
        let visitor = self.visitor.map_or(Uuid::nil(), |visitor| visitor.0);
        let content =
            content(SESSION, self.session.0, self.seen, self.touch, visitor, self.consent);
        seal(keys, site, &content)
    }

    /// Reads a token of `site`; `None` when it is not one, was changed, or comes from the future.
    pub fn read(keys: &SigningKeys, site: &SiteId, text: &str, now: Millis) -> Option<Self> {
        let content = open(keys, site, SESSION, text)?;
        let visitor = Uuid::from_bytes(array(&content, 30)?);
        let token = SessionToken {
            session: SessionId(Uuid::from_bytes(array(&content, 2)?)),
            seen: Millis(i64::from_be_bytes(array(&content, 18)?)),
            touch: u32::from_be_bytes(array(&content, 26)?),
            visitor: (!visitor.is_nil()).then_some(VisitorId(visitor)),
            consent: consent(&content),
        };
        // A minute of difference between the clocks of two nodes is no forgery.
        (token.seen <= now.plus(60_000)).then_some(token)
    }

    /// Whether a page view at `now` belongs to this session: it was heard of less than `timeout`
    /// ago, and the view is no click on another campaign (`touch`, 0 for no campaign at all).
    pub fn continues(&self, now: Millis, timeout: SignedDuration, touch: u32) -> bool {
        let silent = i128::from(now.since(self.seen));
        silent <= timeout.as_millis() && (touch == 0 || touch == self.touch)
    }
}

/// The visitor token of `visitor` on `site`, made at `now`, with what the visitor allowed.
pub fn sign_visitor(
    keys: &SigningKeys,
    site: &SiteId,
    visitor: VisitorId,
    consent: Consent,
    now: Millis,
) -> String {
    seal(keys, site, &content(VISITOR, visitor.0, now, 0, Uuid::nil(), consent))
}

/// The visitor that a token of `site` names, and what they allowed when it was made; `None` when it
/// is not one or was changed.
pub fn read_visitor(keys: &SigningKeys, site: &SiteId, text: &str) -> Option<(VisitorId, Consent)> {
    let content = open(keys, site, VISITOR, text)?;
    Some((VisitorId(Uuid::from_bytes(array(&content, 2)?)), consent(&content)))
}

fn content(
    kind: u8,
    id: Uuid,
    seen: Millis,
    touch: u32,
    visitor: Uuid,
    consent: Consent,
) -> [u8; CONTENT] {
    let mut bytes = [0; CONTENT];
    bytes[0] = VERSION;
    bytes[1] = kind;
    bytes[2..18].copy_from_slice(id.as_bytes());
    bytes[18..26].copy_from_slice(&seen.0.to_be_bytes());
    bytes[26..30].copy_from_slice(&touch.to_be_bytes());
    bytes[30..46].copy_from_slice(visitor.as_bytes());
    bytes[46] = u8::from(consent.analytics) | u8::from(consent.ads) << 1;
    bytes
}

fn consent(content: &[u8; CONTENT]) -> Consent {
    Consent { analytics: content[46] & 1 != 0, ads: content[46] & 2 != 0 }
}

fn seal(keys: &SigningKeys, site: &SiteId, content: &[u8; CONTENT]) -> String {
    let mac = mac(keys, site, content);
    let mut bytes = [0; CONTENT + MAC];
    bytes[..CONTENT].copy_from_slice(content);
    bytes[CONTENT..].copy_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn mac(keys: &SigningKeys, site: &SiteId, content: &[u8; CONTENT]) -> [u8; MAC] {
    let kind = &content[1..2];
    let whole = keys.session_token_mac(&[kind, site.as_str().as_bytes(), b"\n", content]);
    std::array::from_fn(|at| whole[at])
}

fn open(keys: &SigningKeys, site: &SiteId, kind: u8, text: &str) -> Option<[u8; CONTENT]> {
    // The decoder checks the length before it writes; a longer text is an error, not a panic.
    let mut bytes = [0u8; CONTENT + MAC];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != CONTENT + MAC || bytes[0] != VERSION || bytes[1] != kind {
        return None;
    }
    let content: [u8; CONTENT] = array(&bytes, 0)?;
    bool::from(mac(keys, site, &content).ct_eq(&bytes[CONTENT..])).then_some(content)
}

fn array<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from + N)?.try_into().ok()
}
