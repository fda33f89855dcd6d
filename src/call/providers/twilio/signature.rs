//! `X-Twilio-Signature`, as Twilio's own libraries compute it (telephony facts §2.7).
//!
//! base64(HMAC(token, URL + parameters)): each distinct parameter name in byte order with each of
//! its distinct values in byte order, nothing between them. With `bodySHA256` in the URL the body
//! is covered by that hash instead and no parameter is appended.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether `signature` is that of one of `tokens` over this request. `settings` is the value of
/// `X-Twilio-Webhooks-Signature-Settings`, empty when absent: it names the HMAC's hash.
pub fn fits(tokens: &[&str], url: &str, body: &[u8], signature: &str, settings: &str) -> bool {
    let Some(hash) = Hash::named_in(settings) else { return false };
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let Some(parameters) = signed_parameters(url, body) else { return false };
    url_variants(url)
        .iter()
        .any(|url| tokens.iter().any(|token| hash.fits(token, &[url, &parameters], &signature)))
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// No settings or settings without an algorithm mean SHA-1; an unknown one is refused.
    fn named_in(settings: &str) -> Option<Hash> {
        let algorithm = settings.split(',').find_map(|part| part.trim().strip_prefix("algorithm="));
        match algorithm {
            None | Some("HMAC_SHA1") => Some(Hash::Sha1),
            Some("HMAC_SHA256") => Some(Hash::Sha256),
            Some(_) => None,
        }
    }

    /// Compares in constant time.
    fn fits(self, token: &str, parts: &[&str], signature: &[u8]) -> bool {
        match self {
            Hash::Sha1 => mac_fits::<Hmac<sha1::Sha1>>(token, parts, signature),
            Hash::Sha256 => mac_fits::<Hmac<Sha256>>(token, parts, signature),
        }
    }
}

fn mac_fits<M: Mac + hmac::digest::KeyInit>(token: &str, parts: &[&str], signature: &[u8]) -> bool {
    let Ok(mut mac) = <M as Mac>::new_from_slice(token.as_bytes()) else { return false };
    for part in parts {
        mac.update(part.as_bytes());
    }
    mac.verify_slice(signature).is_ok()
}

/// What is appended to the URL; `None` when the URL names another body than this one.
fn signed_parameters(url: &str, body: &[u8]) -> Option<String> {
    if let Some(promised) = body_hash(url) {
        let actual = hex::encode(Sha256::digest(body));
        let same = actual.as_bytes().ct_eq(promised.to_ascii_lowercase().as_bytes());
        return bool::from(same).then(String::new);
    }
    let mut values: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        values.entry(name).or_default().insert(value);
    }
    let mut text = String::with_capacity(body.len());
    for (name, values) in &values {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    Some(text)
}

fn body_hash(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "bodySHA256").map(|(_, value)| value.into_owned())
}

/// The URL as configured, without a port, and with the standard port: Twilio's edges differ in
/// which of them they sign. Each also with the apostrophes of its query encoded, which servers and
/// proxies decode on the way (so does Twilio's own Node library).
fn url_variants(url: &str) -> Vec<String> {
    let mut variants = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return variants };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, host) = authority.split_at(host_at);
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|b| b.is_ascii_digit()) => bare,
        _ => host,
    };
    let standard = if scheme == "https" { 443 } else { 80 };
    variants.push(format!("{scheme}://{user}{bare}{path}"));
    variants.push(format!("{scheme}://{user}{bare}:{standard}{path}"));
    let encoded = variants.iter().filter_map(|url| {
        let (before, query) = url.split_once('?')?;
        query.contains('\'').then(|| format!("{before}?{}", query.replace('\'', "%27")))
    });
    let encoded: Vec<String> = encoded.collect();
    variants.extend(encoded);
    variants
}
