//! Sessions of the dashboard: a signed cookie that stands for an API key, so that no page ever keeps the key.
//!
//! The cookie says which key, which session and until when; a key that is revoked or taken out of the configuration takes its
//! sessions along, and who signs out ends the session on the server ([`crate::http::ended`]). The cookie is `HttpOnly` and `SameSite=Strict`. With it alone nothing can be changed: changes need a header that no other site's page
//! can send without being asked first, which this service never grants.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Method;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::config::model::{ApiKey, Server};
use crate::http::ended::{EndedSessions, SessionMark};
use crate::platform::clock::{Clock, Millis};
use crate::platform::signing::SigningKeys;

/// The header that changes need; its value does not matter. A page of somebody else cannot send it without asking first, and
/// is never told that it may.
pub const ASKED_BY: &str = "x-requested-with";

/// Longest cookie that is looked at, in bytes.
const MAX_TOKEN: usize = 128;
/// Bytes that name the key, that name the session, that say when it ends, and of the signature.
const KEY: usize = 16;
const SESSION: usize = 16;
const ENDS: usize = 8;
const SIGNATURE: usize = 32;

/// The cookie's name; with the prefix browsers take it from this host over TLS alone (RFC 6265bis, section 4.1.3).
fn cookie_name(server: &Server) -> &'static str {
    if is_secure(server) { "__Host-ringtrace" } else { "ringtrace" }
}

fn is_secure(server: &Server) -> bool {
    server.public_url.starts_with("https://")
}

/// What a cookie of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    key: [u8; KEY],
    /// Names the session among all.
    pub mark: SessionMark,
    /// When it is over by itself.
    pub ends_at: Millis,
}

/// A mark that no other session has.
pub fn new_mark() -> SessionMark {
    rand::random()
}

/// The cookie's content for the session `mark` of `key` that ends at `ends_at`.
pub fn token(signing: &SigningKeys, key: &ApiKey, mark: SessionMark, ends_at: Millis) -> String {
    let mut content = name_of(signing, key).to_vec();
    content.extend_from_slice(&mark);
    content.extend_from_slice(&ends_at.0.to_be_bytes());
    content.extend_from_slice(&signature(signing, &content));
    URL_SAFE_NO_PAD.encode(content)
}

/// What `token` says; `None` when it is none of ours or its time is over.
pub fn read(signing: &SigningKeys, token: &str, now: Millis) -> Option<Session> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (content, signed) = bytes.split_at_checked(KEY + SESSION + ENDS)?;
    let is_ours =
        signed.len() == SIGNATURE && bool::from(signed.ct_eq(&signature(signing, content)));
    if !is_ours {
        return None;
    }
    let (key, rest) = content.split_first_chunk::<KEY>()?;
    let (mark, ends) = rest.split_first_chunk::<SESSION>()?;
    let ends_at = Millis(i64::from_be_bytes(ends.try_into().ok()?));
    (now < ends_at).then_some(Session { key: *key, mark: *mark, ends_at })
}

/// The cookie that holds `token` for `seconds`; with 0 the browser forgets it.
pub fn cookie(server: &Server, token: String, seconds: i64) -> Cookie<'static> {
    Cookie::build(cookie_name(server), token)
        .path("/")
        .http_only(true)
        .secure(is_secure(server))
        .same_site(SameSite::Strict)
        .max_age(CookieDuration::seconds(seconds))
        .finish()
}

/// The session of the request's cookie that nobody signed out of.
pub fn of(request: &HttpRequest, server: &Server) -> Option<Session> {
    let cookie = request.cookie(cookie_name(server))?;
    let signing = request.app_data::<Data<SigningKeys>>()?;
    let clock = request.app_data::<Data<Clock>>()?;
    let ended = request.app_data::<Data<EndedSessions>>()?;
    read(signing, cookie.value(), clock.now()).filter(|session| !ended.is_over(&session.mark))
}

/// The request's session and the key among `keys` that it stands for, if it may be used for this request; `None` when the key
/// is gone.
pub fn key_of<'a>(
    request: &HttpRequest,
    server: &Server,
    keys: impl IntoIterator<Item = &'a ApiKey>,
) -> Option<(Session, &'a ApiKey)> {
    let changes = ![Method::GET, Method::HEAD].contains(request.method());
    if changes && !request.headers().contains_key(ASKED_BY) {
        return None;
    }
    let session = of(request, server)?;
    let signing = request.app_data::<Data<SigningKeys>>()?;
    let key = keys.into_iter().find(|key| name_of(signing, key) == session.key)?;
    Some((session, key))
}

/// Names a key without telling its hash.
fn name_of(signing: &SigningKeys, key: &ApiKey) -> [u8; KEY] {
    let digest =
        signing.dashboard_session_mac(&[b"key\n", key.sha256.to_ascii_lowercase().as_bytes()]);
    let mut name = [0; KEY];
    name.copy_from_slice(&digest[..KEY]);
    name
}

fn signature(signing: &SigningKeys, content: &[u8]) -> [u8; SIGNATURE] {
    signing.dashboard_session_mac(&[b"session\n", content])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::model::Scope;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn key(name: &str, hash: &str) -> ApiKey {
        let (name, sha256) = (name.to_owned(), hash.repeat(64));
        let (scope, sites) = (Scope::Reader, Vec::new());
        ApiKey { name, sha256, scope, sites, expires_at: None }
    }

    fn signing() -> SigningKeys {
        SigningKeys::from_master(&[7; 32])
    }

    #[test]
    fn a_session_stands_for_its_key_until_it_ends() {
        let (signing, key, mark) = (signing(), key("b", "b"), new_mark());
        let session = token(&signing, &key, mark, NOW.plus(1_000));
        let at = |now| read(&signing, &session, now);
        let said = Session { key: name_of(&signing, &key), mark, ends_at: NOW.plus(1_000) };
        assert_eq!(at(NOW), Some(said));
        assert_eq!(at(NOW.plus(999)), Some(said));
        assert_eq!(at(NOW.plus(1_000)), None);
        assert!(!session.contains(&key.sha256[..8]));
        assert_ne!(new_mark(), mark);
    }

    #[test]
    fn it_stands_for_no_other_key_and_is_read_by_no_other_installation() {
        let signing = signing();
        let session = token(&signing, &key("gone", "c"), new_mark(), NOW.plus(1_000));
        let said = read(&signing, &session, NOW).expect("ours");
        assert_ne!(said.key, name_of(&signing, &key("a", "a")));
        assert_eq!(read(&SigningKeys::from_master(&[8; 32]), &session, NOW), None);
    }

    proptest! {
        #[test]
        fn nobody_makes_or_changes_one(text in "[A-Za-z0-9_-]{0,140}", at in 0usize..72, bit in 0u8..6) {
            let signing = signing();
            prop_assert_eq!(read(&signing, &text, NOW), None);
            let token = token(&signing, &key("a", "a"), new_mark(), NOW.plus(1_000));
            let mut bytes = URL_SAFE_NO_PAD.decode(token).expect("base64");
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(read(&signing, &URL_SAFE_NO_PAD.encode(bytes), NOW), None);
        }
    }
}
