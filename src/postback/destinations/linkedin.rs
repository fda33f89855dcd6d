//! LinkedIn Conversions API. It knows no phone numbers: only a visit with LinkedIn's own click id, or somebody whose
//! e-mail address is known, can be told.

use serde_json::{Value, json};

use super::answers::{self, Answered, Judgement, by_status, text};
use super::shapes::{self, bodies, compact, or, post};
use super::{BadDestination, Batch, Credential, DAY_MS, Platform, Traits};
use crate::config::model;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::Skip;
use crate::postback::told::Told;

/// Where tokens are issued. A renewal names no scope: it has what was consented to.
const TOKEN_URL: &str = "https://www.linkedin.com/oauth/v2/accessToken";

/// A conversion rule.
pub(super) struct Linkedin<'a>(pub &'a model::LinkedIn);

impl Platform for Linkedin<'_> {
    fn traits(&self) -> Traits {
        Traits {
            caller: false,
            client: false,
            most: 5000,
            oldest_ms: Some(90 * DAY_MS),
            ..Traits::AD
        }
    }

    fn check(&self) -> Result<(), BadDestination> {
        let config = self.0;
        shapes::needed(&[("pixel", &config.pixel)])?;
        let has_token = !config.access_token.is_empty();
        match &config.oauth {
            None => shapes::needed(&[("access_token", config.access_token.reveal())]),
            Some(_) if has_token => Err(BadDestination::Both("access_token", "oauth")),
            Some(oauth) => shapes::oauth_is_complete(oauth),
        }
    }

    fn credential(&self) -> Credential<'_> {
        let renews = |oauth| Credential::OAuth(oauth, TOKEN_URL, "");
        self.0.oauth.as_ref().map_or(Credential::Own, renews)
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        match told.need_click(&["li_fat_id"]) {
            Err(_) if told.email(EmailForm::Plain).is_some() => Ok(()),
            click => click.map(|_| ()),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let value = told.facts().value.as_deref();
        let click = told.click_id("li_fat_id").map(
            |click| json!({ "idType": "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID", "idValue": click }),
        );
        let email = told.email(EmailForm::Plain);
        let email = email.map(|hash| json!({ "idType": "SHA256_EMAIL", "idValue": hash }));
        compact(json!({
            "conversion": format!("urn:lla:llaPartnerConversion:{}", self.0.pixel),
            "conversionHappenedAt": told.postback.converted_at.0,
            "conversionValue": value.map(|value| {
                json!({ "currencyCode": told.currency(), "amount": value })
            }),
            "eventId": told.event_id(),
            "user": { "userIds": [click, email] },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let config = self.0;
        let base = or(&config.base, "https://api.linkedin.com");
        let url = format!("{base}/rest/conversionEvents");
        let token = if config.oauth.is_some() { &batch.token } else { &config.access_token };
        post(&url, &json!({ "elements": bodies(batch) }))?
            .bearer(token)?
            .header("linkedin-version", or(&config.version, "202603"))?
            .header("x-restli-protocol-version", "2.0.0")?
            .header("x-restli-method", "BATCH_CREATE")
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        let elements = said.as_ref().and_then(|said| said.get("elements")?.as_array());
        match elements {
            Some(elements) if answer.is_success() => {
                Answered::Each(elements.iter().map(of_element).collect())
            }
            _ => by_status(answer, said.as_ref().map_or("", |said| text(said, "/message"))),
        }
    }
}

fn of_element(element: &Value) -> Judgement {
    let status = element.get("status").and_then(Value::as_u64).unwrap_or(201);
    let said = match text(element, "/error/message") {
        "" => text(element, "/message"),
        said => said,
    };
    let why = format!("{said} (status {status})");
    match status {
        200..=299 => Judgement::Delivered,
        408 | 429 | 500..=599 => Judgement::Later(why, None),
        _ => Judgement::Rejected(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::{LinkedIn, OAuth};
    use crate::platform::secret::Secret;

    #[test]
    fn a_token_or_what_renews_one_is_wanted_and_not_both() {
        let (token, none) = (Secret::new("token"), Secret::default());
        let oauth = OAuth {
            client_id: "id".to_owned(),
            client_secret: Secret::new("secret"),
            refresh_token: Secret::new("refresh"),
            ..OAuth::default()
        };
        let check = |access_token: &Secret, oauth: Option<&OAuth>| {
            let config = LinkedIn {
                pixel: "7".to_owned(),
                access_token: access_token.clone(),
                oauth: oauth.cloned(),
                ..LinkedIn::default()
            };
            Linkedin(&config).check()
        };
        assert!(check(&token, None).is_ok() && check(&none, Some(&oauth)).is_ok());
        assert!(check(&none, None).is_err() && check(&none, Some(&OAuth::default())).is_err());
        let both = check(&token, Some(&oauth));
        assert!(matches!(both, Err(BadDestination::Both("access_token", "oauth"))));
    }
}
