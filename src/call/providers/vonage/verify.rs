//! Vonage's signed webhooks: a JSON Web Token in `Authorization` (telephony facts §6).
//!
//! Vonage's own library checks the token's MAC and nothing else. Here the token must also be about
//! this body (`payload_hash`), be young (`iat`, 5 minutes), and not have been used for anything else
//! (`jti`, remembered as long as `iat` lets it pass).

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::call::providers::{Once, Unverified, Verified, Webhook, secrets};
use crate::config::model::Vonage;

/// Seconds that a token may be old, or ahead.
const TOLERANCE_S: i64 = 300;
/// Longest token that is looked at, and longest id in it.
const MAX_TOKEN: usize = 4096;
const MAX_JTI: usize = 128;

/// What a token claims.
#[derive(Debug, Deserialize)]
pub struct Claims {
    iat: Option<i64>,
    exp: Option<i64>,
    jti: Option<String>,
    iss: Option<String>,
    payload_hash: Option<String>,
    api_key: Option<String>,
    application_id: Option<String>,
}

/// Checks a webhook against every application.
pub fn verify(applications: &[Vonage], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if applications.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let token = secrets::bearer(webhook).filter(|token| token.len() <= MAX_TOKEN);
    let token = token.ok_or(Unverified::BadSignature)?;
    let claims = applications.iter().find_map(|application| {
        let keys = [&application.signature_secret, &application.second_signature_secret];
        let mut claims = secrets::given(keys).into_iter().filter_map(|key| claims(token, key));
        claims.find(|claims| is_of(claims, application))
    });
    let claims = claims.filter(|claims| fits(claims, webhook)).ok_or(Unverified::BadSignature)?;
    let value = claims.jti.filter(|jti| (1..=MAX_JTI).contains(&jti.len()));
    let keep = Duration::from_secs(2 * TOLERANCE_S.unsigned_abs());
    Ok(Verified { once: Some(Once { value: value.ok_or(Unverified::BadSignature)?, keep }) })
}

/// The claims of a token with this key's MAC, whatever they are. Only HS256: a token that names
/// another algorithm, or none, is refused.
pub fn claims(token: &str, key: &str) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Times are held against our own clock, in `fits`.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(key.as_bytes());
    jsonwebtoken::decode(token, &key, &validation).ok().map(|token| token.claims)
}

fn is_of(claims: &Claims, application: &Vonage) -> bool {
    let same =
        |known: &str, told: &Option<String>| known.is_empty() || told.as_deref() == Some(known);
    same(&application.application_id, &claims.application_id)
        && same(&application.api_key, &claims.api_key)
}

fn fits(claims: &Claims, webhook: &Webhook<'_>) -> bool {
    let now = webhook.received_at.0.div_euclid(1000);
    let is_young = claims
        .iat
        .and_then(|iat| now.checked_sub(iat)?.checked_abs())
        .is_some_and(|age| age <= TOLERANCE_S);
    let has_ended = claims.exp.is_some_and(|exp| exp.saturating_add(TOLERANCE_S) < now);
    let is_about_this = match &claims.payload_hash {
        Some(promised) => secrets::is_hash_of(promised, webhook.body),
        None => webhook.is_get && webhook.body.is_empty(),
    };
    claims.iss.as_deref() == Some("Vonage") && is_young && !has_ended && is_about_this
}
