//! Signed tokens that a browser keeps: which session and which visitor it is.
//!
//! A token is base64url without padding of: version, kind, session or visitor id (16 bytes), seen
//! (ms, 8), touch fingerprint (4), visitor id (16, zero for none), and 16 bytes of HMAC-SHA256 over
//! kind, site and all that. The site is in the signature alone: a token of another site is
//! unreadable. Whether a page view continues its session is decided here, without Redis.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::signing::SigningKeys;

const VERSION: u8 = 1;
const SESSION: u8 = b's';
const VISITOR: u8 = b'v';
const CONTENT: usize = 46;
const MAC: usize = 16;

/// What a session token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// The session.
    pub session: SessionId,
    /// Its visitor, when the session began with consent.
    pub visitor: Option<VisitorId>,
    /// Last sign of life.
    pub seen: Millis,
    /// Fingerprint of the campaign click that opened it, 0 for none.
    pub touch: u32,
}

impl SessionToken {
    /// The token as the browser keeps it.
    pub fn sign(&self, keys: &SigningKeys, site: &SiteId) -> String {
        let visitor = self.visitor.map_or(Uuid::nil(), |visitor| visitor.0);
        seal(keys, site, SESSION, self.session.0, self.seen, self.touch, visitor)
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

/// The visitor token of `visitor` on `site`, made at `now`.
pub fn sign_visitor(keys: &SigningKeys, site: &SiteId, visitor: VisitorId, now: Millis) -> String {
    seal(keys, site, VISITOR, visitor.0, now, 0, Uuid::nil())
}

/// The visitor that a token of `site` names; `None` when it is not one or was changed.
pub fn read_visitor(keys: &SigningKeys, site: &SiteId, text: &str) -> Option<VisitorId> {
    let content = open(keys, site, VISITOR, text)?;
    Some(VisitorId(Uuid::from_bytes(array(&content, 2)?)))
}

fn seal(
    keys: &SigningKeys,
    site: &SiteId,
    kind: u8,
    id: Uuid,
    seen: Millis,
    touch: u32,
    visitor: Uuid,
) -> String {
    let mut bytes = Vec::with_capacity(CONTENT + MAC);
    bytes.extend([VERSION, kind]);
    bytes.extend(id.as_bytes());
    bytes.extend(seen.0.to_be_bytes());
    bytes.extend(touch.to_be_bytes());
    bytes.extend(visitor.as_bytes());
    let mac = keys.session_token_mac(&[&[kind], site.as_str().as_bytes(), b"\n", &bytes]);
    bytes.extend(&mac[..MAC]);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn open(keys: &SigningKeys, site: &SiteId, kind: u8, text: &str) -> Option<[u8; CONTENT]> {
    // The decoder checks the length before it writes; a longer text is an error, not a panic.
    let mut bytes = [0u8; CONTENT + MAC + 2];
    if text.len() != (CONTENT + MAC).div_ceil(3) * 4 - 1 {
        return None;
    }
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != CONTENT + MAC || bytes[0] != VERSION || bytes[1] != kind {
        return None;
    }
    let content: [u8; CONTENT] = array(&bytes, 0)?;
    let mac = keys.session_token_mac(&[&[kind], site.as_str().as_bytes(), b"\n", &content]);
    bool::from(mac[..MAC].ct_eq(&bytes[CONTENT..CONTENT + MAC])).then_some(content)
}

fn array<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from + N)?.try_into().ok()
}
