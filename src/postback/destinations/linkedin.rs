//! LinkedIn Conversions API. It knows no phone numbers: only a visit with LinkedIn's own click id can be told.

use serde_json::{Value, json};

use super::answers::{self, Answered, Judgement, by_status, text};
use super::shapes::{bodies, compact, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Traits};
use crate::config::model::Pixel;
use crate::postback::client::{Answer, Request};
use crate::postback::model::Skip;
use crate::postback::told::Told;

/// A conversion rule.
pub(super) struct Linkedin<'a>(pub &'a Pixel);

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
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        told.need_click(&["li_fat_id"]).map(|_| ())
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let value = told.facts().value.as_deref();
        compact(json!({
            "conversion": format!("urn:lla:llaPartnerConversion:{}", self.0.pixel),
            "conversionHappenedAt": told.postback.converted_at.0,
            "conversionValue": value.map(|value| {
                json!({ "currencyCode": told.currency(), "amount": value })
            }),
            "eventId": told.event_id(),
            "user": {
                "userIds": [{
                    "idType": "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID",
                    "idValue": told.click_id("li_fat_id"),
                }],
            },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let url = format!("{}/rest/conversionEvents", or(&pixel.base, "https://api.linkedin.com"));
        post(&url, &json!({ "elements": bodies(batch) }))?
            .bearer(&pixel.access_token)?
            .header("linkedin-version", or(&pixel.version, "202603"))?
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
