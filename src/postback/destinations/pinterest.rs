//! Pinterest conversions. It wants an email, or address and user agent: a phone number alone is refused. Events that
//! happened offline are never told apart from their repeats, so each is sent at most once.

use serde_json::{Value, json};

use super::answers::{self, Answered, Judgement, by_status, text};
use super::shapes::{bodies, compact, one, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// An ad account.
pub(super) struct Pinterest<'a>(pub &'a Pixel);

impl Platform for Pinterest<'_> {
    fn traits(&self) -> Traits {
        Traits {
            most: 1000,
            oldest_ms: Some(7 * DAY_MS),
            at_most_once: true,
            trial: Trial::Validates,
            ..Traits::AD
        }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        let browser = told.address().is_some() && told.user_agent().is_some();
        if browser || told.email(EmailForm::Plain).is_some() {
            return Ok(());
        }
        Err(Skip::new(
            SkipReason::NoIdentifier,
            "Pinterest wants an e-mail address, or address and user agent of the visitor, and neither is known",
        ))
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "event_name": or(&self.0.event, "lead"),
            "action_source": "offline",
            "event_time": told.seconds(),
            "event_id": told.event_id(),
            "event_source_url": told.page(),
            "user_data": {
                "em": one(told.email(EmailForm::Plain)),
                "ph": one(told.phone(PhoneForm::Digits)),
                "click_id": told.click_id("epik"),
                "client_ip_address": told.address(),
                "client_user_agent": told.user_agent(),
            },
            "custom_data": {
                "value": told.facts().value,
                "currency": told.currency(),
                "order_id": told.event_id(),
            },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://api.pinterest.com");
        let version = or(&pixel.version, "v5");
        let mut url = format!("{base}/{version}/ad_accounts/{}/events", pixel.pixel);
        if batch.purpose != Purpose::Count {
            url.push_str("?test=true");
        }
        post(&url, &json!({ "data": bodies(batch) }))?.bearer(&pixel.access_token)
    }

    fn classify(&self, answer: &Answer, rows: usize) -> Answered {
        let said = answers::json(answer);
        let events = said.as_ref().and_then(|said| said.get("events")?.as_array());
        match events {
            // 422 tells of the rows as 200 does.
            Some(events) if answer.is_success() || answer.status == 422 => {
                let bad = events
                    .iter()
                    .enumerate()
                    .filter(|(_, event)| text(event, "/status") == "failed");
                Answered::all_but(
                    rows,
                    bad.map(|(index, event)| {
                        (index, Judgement::Rejected(text(event, "/error_message").to_owned()))
                    }),
                )
            }
            _ if answer.is_success() => answers::garbage(answer),
            _ => by_status(answer, said.as_ref().map_or("", |said| text(said, "/message"))),
        }
    }
}
