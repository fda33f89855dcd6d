//! What several providers check the same way: a MAC, a shared secret in `Authorization`. All
//! comparisons take the same time whatever is wrong.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::call::providers::Webhook;
use crate::platform::secret::Secret;

/// The secrets among `secrets` that are set.
pub fn given<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Vec<&'a str> {
    secrets.into_iter().filter(|secret| !secret.is_empty()).map(Secret::reveal).collect()
}

/// Whether `signature` is HMAC-SHA1 of all `parts` under `key`.
pub fn sha1_fits(key: &str, parts: &[&[u8]], signature: &[u8]) -> bool {
    mac_fits::<Hmac<sha1::Sha1>>(key, parts, signature)
}

/// Whether `signature` is HMAC-SHA256 of all `parts` under `key`.
pub fn sha256_fits(key: &str, parts: &[&[u8]], signature: &[u8]) -> bool {
    mac_fits::<Hmac<Sha256>>(key, parts, signature)
}

fn mac_fits<M: Mac + KeyInit>(key: &str, parts: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(mut mac) = <M as Mac>::new_from_slice(key.as_bytes()) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}

/// Whether `promised` is the SHA-256 of `body` in hex.
pub fn is_hash_of(promised: &str, body: &[u8]) -> bool {
    same(hex::encode(Sha256::digest(body)).as_bytes(), promised.to_ascii_lowercase().as_bytes())
}

/// The hash of the body that the URL's `bodySHA256` promises, when it promises one.
pub fn promised_hash(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "bodySHA256").map(|(_, value)| value.into_owned())
}

/// Compares in constant time.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Name and password of `Authorization: Basic …`.
pub fn basic(webhook: &Webhook<'_>) -> Option<(String, String)> {
    let (scheme, rest) = webhook.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(rest.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// The token of `Authorization: Bearer …`.
pub fn bearer<'a>(webhook: &Webhook<'a>) -> Option<&'a str> {
    let (scheme, rest) = webhook.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}
