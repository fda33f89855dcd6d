//! `X-SignalWire-Signature` (also sent as `X-Twilio-Signature`), two schemes under one header
//! (telephony facts §3).
//!
//! JSON: hex HMAC-SHA1(key, URL + raw body). Form: base64 HMAC-SHA1(key, URL + parameters), names
//! sorted, repeated values as they were sent, none left out. A signature over the bare URL counts only
//! where there is no body, or where the URL's `bodySHA256` covers it: SignalWire's own library also takes
//! it for any body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::call::providers::twilio::{Hash, url_variants};
use crate::call::providers::{Unverified, Verified, Webhook, secrets};
use crate::config::model::SignalWire;

/// Checks a webhook against every project.
pub fn verify(projects: &[SignalWire], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if projects.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let header = |name| webhook.header(name);
    let signature = header("x-signalwire-signature").or_else(|| header("x-twilio-signature"));
    let signature = signature.ok_or(Unverified::BadSignature)?;
    let body = if webhook.is_get { &[] } else { webhook.body };
    let fits = projects.iter().any(|project| {
        let keys = secrets::given([&project.signing_key, &project.second_signing_key]);
        keys.iter().any(|key| fits(key, webhook.url, body, signature))
    });
    if fits { Ok(Verified::default()) } else { Err(Unverified::BadSignature) }
}

/// Whether `signature` is that of `key` over this request, by either scheme.
pub fn fits(key: &str, url: &str, body: &[u8], signature: &str) -> bool {
    if let Ok(bytes) = hex::decode(signature)
        && !body.is_empty()
    {
        return secrets::sha1_fits(key, &[url.as_bytes(), body], &bytes);
    }
    let Ok(bytes) = STANDARD.decode(signature) else { return false };
    let Some(parameters) = signed_parameters(url, body) else { return false };
    url_variants(url).iter().any(|url| Hash::Sha1.fits(key, &[url, &parameters], &bytes))
}

/// What is appended to the URL; `None` when the URL names another body than this one.
fn signed_parameters(url: &str, body: &[u8]) -> Option<String> {
    if let Some(promised) = secrets::promised_hash(url) {
        return secrets::is_hash_of(&promised, body).then(String::new);
    }
    let mut pairs: Vec<_> = url::form_urlencoded::parse(body).collect();
    // Stable: values of one name stay as they were sent.
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(pairs.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]).collect())
}
