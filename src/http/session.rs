//! Sessions of the dashboard: a signed cookie that stands for an API key, so that no page ever keeps the key.
//!
//! The cookie says which key and until when; a key that is taken out of the configuration takes its sessions along. It is
//! `HttpOnly` and `SameSite=Strict`. With it alone nothing can be changed: changes need a header that no other site's page
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
use crate::platform::clock::{Clock, Millis};
use crate::platform::signing::SigningKeys;

/// The header that changes need; its value does not matter. A page of somebody else cannot send it without asking first, and
/// is never told that it may.
pub const ASKED_BY: &str = "x-requested-with";

/// Longest cookie that is looked at, in bytes.
const MAX_TOKEN: usize = 128;
/// Bytes that name the key, that say when it ends, and of the signature.
const MARK: usize = 16;
const ENDS: usize = 8;
const SIGNATURE: usize = 32;

/// The cookie's name; with the prefix browsers take it from this host over TLS alone (RFC 6265bis, section 4.1.3).
fn cookie_name(server: &Server) -> &'static str {
    if is_secure(server) { "__Host-ringtrace" } else { "ringtrace" }
}

fn is_secure(server: &Server) -> bool {
    server.public_url.starts_with("https://")
}

/// A session of `key` that ends at `ends_at`.
pub fn token(signing: &SigningKeys, key: &ApiKey, ends_at: Millis) -> String {
    let mut content = mark(signing, key).to_vec();
    content.extend_from_slice(&ends_at.0.to_be_bytes());
    content.extend_from_slice(&signature(signing, &content));
    URL_SAFE_NO_PAD.encode(content)
}

/// The key among `keys` that `token` stands for; `None` when it is none of ours, over, or of a key that is gone.
pub fn read<'a>(
    signing: &SigningKeys,
    keys: impl IntoIterator<Item = &'a ApiKey>,
    token: &str,
    now: Millis,
) -> Option<&'a ApiKey> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (content, signed) = bytes.split_at_checked(MARK + ENDS)?;
    let is_ours =
        signed.len() == SIGNATURE && bool::from(signed.ct_eq(&signature(signing, content)));
    if !is_ours {
        return None;
    }
    let (named, ends) = content.split_at(MARK);
    let ends_at = i64::from_be_bytes(ends.try_into().ok()?);
    if now.0 >= ends_at {
        return None;
    }
    keys.into_iter().find(|key| mark(signing, key) == named)
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

/// The key that the request's session stands for, if it may be used for this request.
pub fn key_of<'a>(
    request: &HttpRequest,
    server: &Server,
    keys: impl IntoIterator<Item = &'a ApiKey>,
) -> Option<&'a ApiKey> {
    let changes = ![Method::GET, Method::HEAD].contains(request.method());
    if changes && !request.headers().contains_key(ASKED_BY) {
        return None;
    }
    let cookie = request.cookie(cookie_name(server))?;
    let signing = request.app_data::<Data<SigningKeys>>()?;
    let clock = request.app_data::<Data<Clock>>()?;
    read(signing, keys, cookie.value(), clock.now())
}

/// Names a key without telling its hash.
fn mark(signing: &SigningKeys, key: &ApiKey) -> [u8; MARK] {
    let digest =
        signing.dashboard_session_mac(&[b"key\n", key.sha256.to_ascii_lowercase().as_bytes()]);
    let mut mark = [0; MARK];
    mark.copy_from_slice(&digest[..MARK]);
    mark
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
        let (signing, keys) = (signing(), [key("a", "a"), key("b", "b")]);
        let session = token(&signing, &keys[1], NOW.plus(1_000));
        let at = |now| read(&signing, &keys, &session, now).map(|key| key.name.as_str());
        assert_eq!(at(NOW), Some("b"));
        assert_eq!(at(NOW.plus(999)), Some("b"));
        assert_eq!(at(NOW.plus(1_000)), None);
        assert!(!session.contains(&keys[1].sha256[..8]));
    }

    #[test]
    fn without_its_key_it_is_over() {
        let (signing, gone) = (signing(), key("gone", "c"));
        let session = token(&signing, &gone, NOW.plus(1_000));
        assert_eq!(read(&signing, &[key("a", "a")], &session, NOW), None);
        let others = SigningKeys::from_master(&[8; 32]);
        assert_eq!(read(&others, &[gone], &session, NOW), None);
    }

    proptest! {
        #[test]
        fn nobody_makes_or_changes_one(text in "[A-Za-z0-9_-]{0,140}", at in 0usize..74, bit in 0u8..6) {
            let (signing, keys) = (signing(), [key("a", "a")]);
            prop_assert_eq!(read(&signing, &keys, &text, NOW), None);
            let mut bytes = URL_SAFE_NO_PAD.decode(token(&signing, &keys[0], NOW.plus(1_000))).expect("base64");
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(read(&signing, &keys, &URL_SAFE_NO_PAD.encode(bytes), NOW), None);
        }
    }
}
