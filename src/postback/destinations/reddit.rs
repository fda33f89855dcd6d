//! Reddit conversions, v3.

use serde_json::{Value, json};

use super::answers::{self, Answered, by_status, text};
use super::shapes::{bodies, compact, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// Reddit's own names of events; others are custom ones.
const NAMES: [&str; 9] = [
    "PAGE_VISIT",
    "VIEW_CONTENT",
    "SEARCH",
    "ADD_TO_CART",
    "ADD_TO_WISHLIST",
    "PURCHASE",
    "LEAD",
    "SIGN_UP",
    "CUSTOM",
];

/// A pixel.
pub(super) struct Reddit<'a>(pub &'a Pixel);

impl Platform for Reddit<'_> {
    fn traits(&self) -> Traits {
        Traits { most: 1000, oldest_ms: Some(7 * DAY_MS), trial: Trial::TestCode, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        let browser = told.address().is_some() && told.user_agent().is_some();
        let tag = told.tag_id(|facts| &facts.ad_ids.reddit_visitor).is_some();
        match told.need_click(&["rdt_cid"]) {
            Ok(_) => Ok(()),
            Err(_) if tag || browser || told.has_person() => Ok(()),
            Err(skip) if skip.reason == SkipReason::TestValue => Err(skip),
            Err(_) => Err(Skip::new(
                SkipReason::NoIdentifier,
                "neither a click id nor a caller's number or e-mail address nor anything that Reddit knows the browser by",
            )),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let name = or(&self.0.event, "LEAD");
        let own = NAMES.contains(&name);
        compact(json!({
            "event_at": told.postback.converted_at.0,
            "action_source": "WEBSITE",
            "event_source_url": told.page(),
            "click_id": told.click_id("rdt_cid"),
            "type": {
                "tracking_type": if own { name } else { "CUSTOM" },
                "custom_event_name": (!own).then_some(name),
            },
            "user": {
                "email": told.email(EmailForm::Reddit),
                "phone_number": told.phone(PhoneForm::Plus),
                "ip_address": told.address(),
                "user_agent": told.user_agent(),
                "uuid": told.tag_id(|facts| &facts.ad_ids.reddit_visitor),
            },
            "metadata": {
                "conversion_id": told.event_id(),
                "value": told.value(),
                "currency": told.currency(),
                "item_count": 1,
            },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://ads-api.reddit.com");
        let version = or(&pixel.version, "v3");
        let url = format!("{base}/api/{version}/pixels/{}/conversion_events", pixel.pixel);
        let test = (batch.purpose == Purpose::Test && !pixel.test_code.is_empty())
            .then_some(&pixel.test_code);
        let body = json!({ "data": { "test_id": test, "events": bodies(batch) } });
        post(&url, &compact(body))?.bearer(&pixel.access_token)
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        let why = said.as_ref().map_or("", |said| match text(said, "/error/message") {
            "" => text(said, "/message"),
            why => why,
        });
        match by_status(answer, why) {
            Answered::Poisoned { why, .. } => {
                let rows = said.as_ref().map(invalid).unwrap_or_default();
                Answered::Poisoned { rows, why }
            }
            other => other,
        }
    }
}

/// The events that an error names: `data.events.3.…` or `data.events[3]…`.
fn invalid(said: &Value) -> Vec<(usize, String)> {
    let fields = said.pointer("/error/fields").and_then(Value::as_array);
    let named = fields.into_iter().flatten().filter_map(|field| {
        let path = text(field, "/field");
        let (_, rest) = path.split_once("events")?;
        let digits = rest.trim_start_matches(['.', '[']);
        let index: String = digits.chars().take_while(char::is_ascii_digit).collect();
        Some((index.parse().ok()?, format!("{path}: {}", text(field, "/message"))))
    });
    named.collect()
}
