//! X conversions, with OAuth 1.0a (RFC 5849): the JSON body is no part of what is signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha1::Sha1;

use super::answers::{self, Answered, by_status, text};
use super::shapes::{self, bodies, compact, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Traits};
use crate::config::model;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// Everything but the unreserved characters (RFC 5849 §3.6).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A pixel.
pub(super) struct X<'a>(pub &'a model::X);

impl X<'_> {
    fn url(&self) -> String {
        let (base, version) =
            (or(&self.0.base, "https://ads-api.x.com"), or(&self.0.version, "12"));
        format!("{base}/{version}/measurement/conversions/{}", self.0.pixel)
    }
}

impl Platform for X<'_> {
    fn traits(&self) -> Traits {
        Traits { client: false, most: 500, oldest_ms: Some(30 * DAY_MS), ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        let config = self.0;
        shapes::needed(&[
            ("pixel", &config.pixel),
            ("event", &config.event),
            ("consumer_key", &config.consumer_key),
            ("consumer_secret", config.consumer_secret.reveal()),
            ("access_token", config.access_token.reveal()),
            ("token_secret", config.token_secret.reveal()),
        ])
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        match told.need_click(&["twclid"]) {
            Ok(_) => Ok(()),
            Err(skip) if skip.reason == SkipReason::TestValue => Err(skip),
            Err(_) if told.has_person() => Ok(()),
            Err(skip) => Err(skip),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let click = told.click_id("twclid").map(|id| json!({ "twclid": id }));
        let phone = told.phone(PhoneForm::Plus).map(|hash| json!({ "hashed_phone_number": hash }));
        let email = told.email(EmailForm::Plain).map(|hash| json!({ "hashed_email": hash }));
        compact(json!({
            "conversion_time": told.postback.converted_at.to_string(),
            "event_id": self.0.event,
            "identifiers": [click, phone, email],
            "value": told.facts().value,
            "conversion_id": told.event_id(),
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let config = self.0;
        let url = self.url();
        let seconds = batch.now.0.div_euclid(1000).to_string();
        let authorization = authorization(config, &url, &batch.nonce, &seconds);
        post(&url, &json!({ "conversions": bodies(batch) }))?
            .hiding(&config.access_token)
            .hiding(&config.consumer_secret)
            .header("authorization", &authorization)
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        if answer.is_success() {
            let taken = said.as_ref().and_then(|said| said.pointer("/data/conversions_processed"));
            return match taken {
                Some(_) => Answered::delivered(),
                None => answers::garbage(answer),
            };
        }
        by_status(answer, said.as_ref().map_or("", |said| text(said, "/errors/0/message")))
    }
}

/// The header of a request to `url`, whose query is empty: HMAC-SHA1 over method, address and parameters.
fn authorization(config: &model::X, url: &str, nonce: &str, seconds: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    // In the order of their names.
    let parameters = [
        ("oauth_consumer_key", config.consumer_key.as_str()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", seconds),
        ("oauth_token", config.access_token.reveal()),
        ("oauth_version", "1.0"),
    ];
    let pairs = parameters.map(|(name, value)| format!("{name}={}", encode(value)));
    let base = format!("POST&{}&{}", encode(url), encode(&pairs.join("&")));
    let secrets = [&config.consumer_secret, &config.token_secret];
    let key = secrets.map(|secret| encode(secret.reveal())).join("&");
    let signature = match Hmac::<Sha1>::new_from_slice(key.as_bytes()) {
        Ok(mut mac) => {
            mac.update(base.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        }
        // A key of any length will do.
        Err(_) => String::new(),
    };
    let signed = parameters.iter().copied().chain([("oauth_signature", signature.as_str())]);
    let told: Vec<String> =
        signed.map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
    format!("OAuth {}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret::Secret;

    /// Made with oauthlib.
    #[test]
    fn the_signature_is_that_of_oauth_1() {
        let config = model::X {
            pixel: "o8z6j".to_owned(),
            consumer_key: "ck_test".to_owned(),
            consumer_secret: Secret::new("cs_test"),
            access_token: Secret::new("at_test"),
            token_secret: Secret::new("ats_test"),
            ..model::X::default()
        };
        let header = authorization(&config, &X(&config).url(), "abcdef0123456789", "1767323045");
        assert!(header.ends_with("oauth_signature=\"osUq7rYgK27lYEVdYJbRvDcCQ9E%3D\""), "{header}");
    }
}
