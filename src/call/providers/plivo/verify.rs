//! `X-Plivo-Signature-V3`: base64(HMAC-SHA256(auth token, URL and form, sorted, and a nonce))
//! (telephony facts §5.4). Version 2 covers neither query nor body and is not taken.
//!
//! Nothing signed has a time: the nonce is remembered for a day instead.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::call::providers::{Once, Unverified, Verified, Webhook, secrets};
use crate::config::model::Plivo;

/// How long a nonce is remembered.
const KEEP_NONCES: Duration = Duration::from_secs(24 * 3600);
/// Longest nonce that is taken; real ones have 20 digits.
const MAX_NONCE: usize = 64;
/// Most signatures of one header that are looked at.
const MAX_SIGNATURES: usize = 8;

/// Checks a webhook against every account. A sub-account signs with its own token, the main account
/// signs the same in a header of its own: the token of either will do.
pub fn verify(accounts: &[Plivo], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if accounts.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let nonce = webhook.header("x-plivo-signature-v3-nonce").unwrap_or_default();
    if nonce.is_empty() || nonce.len() > MAX_NONCE {
        return Err(Unverified::BadSignature);
    }
    let headers = ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"];
    let signatures: Vec<Vec<u8>> = headers
        .iter()
        .filter_map(|name| webhook.header(name))
        .flat_map(|list| list.split(',').take(MAX_SIGNATURES))
        .filter_map(|signature| STANDARD.decode(signature.trim()).ok())
        .collect();
    let form = if webhook.is_get { &[] } else { webhook.body };
    let text = signed_text(webhook.url, form, nonce);
    let tokens = accounts
        .iter()
        .flat_map(|account| secrets::given([&account.auth_token, &account.second_auth_token]));
    let fits = tokens.into_iter().any(|token| {
        signatures
            .iter()
            .any(|signature| secrets::sha256_fits(token, &[text.as_bytes()], signature))
    });
    if fits {
        Ok(Verified { once: Some(Once { value: nonce.to_owned(), keep: KEEP_NONCES }) })
    } else {
        Err(Unverified::BadSignature)
    }
}

/// What is signed. With a form the question mark stays also where there is no query.
pub fn signed_text(url: &str, form: &[u8], nonce: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let mut form: Vec<_> = url::form_urlencoded::parse(form).collect();
    query.sort();
    form.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut text = base.to_owned();
    if !query.is_empty() || !form.is_empty() {
        text.push('?');
        text.push_str(&query.join("&"));
    }
    if !query.is_empty() && !form.is_empty() {
        text.push('.');
    }
    for (name, value) in &form {
        text.push_str(name);
        text.push_str(value);
    }
    text.push('.');
    text.push_str(nonce);
    text
}
