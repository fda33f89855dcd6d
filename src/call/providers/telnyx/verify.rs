//! `telnyx-signature-ed25519`: Ed25519 over `timestamp|body` with the account's public key, at most 300
//! seconds old (telephony facts §4.4). The time stamp is the replay protection: what comes again
//! within it is the same event and changes nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::call::providers::{Unverified, Verified, Webhook};
use crate::config::model::Telnyx;

/// Seconds that a signature may be old, or ahead.
const TOLERANCE_S: i64 = 300;

/// Checks a webhook against every account.
pub fn verify(accounts: &[Telnyx], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if accounts.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let keys =
        accounts.iter().flat_map(|account| [&account.public_key, &account.second_public_key]);
    let mut keys = keys.filter_map(|key| public_key(key));
    let signed = signed(webhook).ok_or(Unverified::BadSignature)?;
    if keys.any(|key| key.verify_strict(&signed.message, &signed.signature).is_ok()) {
        Ok(Verified::default())
    } else {
        Err(Unverified::BadSignature)
    }
}

struct Signed {
    message: Vec<u8>,
    signature: Signature,
}

/// What was signed, when its time is near.
fn signed(webhook: &Webhook<'_>) -> Option<Signed> {
    let stamp = webhook.header("telnyx-timestamp")?;
    let seconds: i64 = stamp.parse().ok()?;
    let age_s = (webhook.received_at.0.div_euclid(1000)).checked_sub(seconds)?;
    if age_s.checked_abs()? > TOLERANCE_S {
        return None;
    }
    let bytes = STANDARD.decode(webhook.header("telnyx-signature-ed25519")?).ok()?;
    let signature = Signature::from_slice(&bytes).ok()?;
    let message = [stamp.as_bytes(), b"|", webhook.body].concat();
    Some(Signed { message, signature })
}

fn public_key(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}
