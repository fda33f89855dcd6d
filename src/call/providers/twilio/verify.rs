//! `X-Twilio-Signature`, as Twilio's own libraries compute it (telephony facts §2.7).
//!
//! base64(HMAC(secret, URL + parameters)): each distinct parameter name in byte order with each of
//! its distinct values in byte order, nothing between them. With `bodySHA256` in the URL the body
//! is covered by that hash instead and no parameter is appended.
//!
//! SHA-1 goes with the auth token. SHA-256 (`X-Twilio-Webhooks-Signature-Settings`) goes with the
//! account's shared keys when it has any. An account with shared keys and no auth token takes no SHA-1:
//! nobody can downgrade it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::call::providers::fields::Fields;
use crate::call::providers::{Unverified, Verified, Webhook, secrets};
use crate::config::model::Twilio;

/// Checks a webhook against every account.
pub fn verify(accounts: &[Twilio], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if accounts.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let signature = webhook.header("x-twilio-signature").ok_or(Unverified::BadSignature)?;
    let settings = webhook.header("x-twilio-webhooks-signature-settings").unwrap_or_default();
    let hash = Hash::named_in(settings).ok_or(Unverified::BadSignature)?;
    let is_told = |sid: &str| {
        let fields = Fields::of(webhook);
        let told = fields.get("AccountSid");
        told.is_empty() || told == sid
    };
    let fits = accounts.iter().any(|account| {
        let is_its = account.account.is_empty() || is_told(&account.account);
        is_its && fits(&keys(account, hash), hash, webhook.url, signed_body(webhook), signature)
    });
    if fits { Ok(Verified::default()) } else { Err(Unverified::BadSignature) }
}

/// A GET has its parameters in the URL.
fn signed_body<'a>(webhook: &Webhook<'a>) -> &'a [u8] {
    if webhook.is_get { &[] } else { webhook.body }
}

fn keys(account: &Twilio, hash: Hash) -> Vec<&str> {
    let tokens = || secrets::given([&account.auth_token, &account.second_auth_token]);
    let shared = secrets::given([&account.shared_key, &account.second_shared_key]);
    match hash {
        Hash::Sha256 if !shared.is_empty() => shared,
        _ => tokens(),
    }
}

/// Whether `signature` is that of one of `keys` over this request.
pub fn fits(keys: &[&str], hash: Hash, url: &str, body: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let Some(parameters) = signed_parameters(url, body) else { return false };
    let is_signed =
        |url: &str| keys.iter().any(|key| hash.fits(key, &[url, &parameters], &signature));
    is_signed(url) || url_variants(url).iter().skip(1).any(|url| is_signed(url))
}

/// The hash of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Hash {
    /// No settings or settings without an algorithm mean SHA-1; an unknown one is refused.
    pub fn named_in(settings: &str) -> Option<Hash> {
        let algorithm = settings.split(',').find_map(|part| part.trim().strip_prefix("algorithm="));
        match algorithm {
            None | Some("HMAC_SHA1") => Some(Hash::Sha1),
            Some("HMAC_SHA256") => Some(Hash::Sha256),
            Some(_) => None,
        }
    }

    /// Compares in constant time.
    pub fn fits(self, key: &str, parts: &[&str], signature: &[u8]) -> bool {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        match self {
            Hash::Sha1 => secrets::sha1_fits(key, &parts, signature),
            Hash::Sha256 => secrets::sha256_fits(key, &parts, signature),
        }
    }
}

/// What is appended to the URL; `None` when the URL names another body than this one.
fn signed_parameters(url: &str, body: &[u8]) -> Option<String> {
    if let Some(promised) = secrets::promised_hash(url) {
        return secrets::is_hash_of(&promised, body).then(String::new);
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

/// The URL as configured, without a port, and with the standard port: Twilio's edges differ in
/// which of them they sign. Each also with the apostrophes of its query encoded, which servers and
/// proxies decode on the way (so does Twilio's own Node library).
pub fn url_variants(url: &str) -> Vec<String> {
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
