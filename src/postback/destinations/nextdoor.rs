//! Nextdoor conversions: one event a request.

use serde_json::{Value, json};

use super::answers::{self, Answered, by_status, text};
use super::shapes::{compact, or, post};
use super::{BadDestination, Batch, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// A client id.
pub(super) struct Nextdoor<'a>(pub &'a Pixel);

impl Platform for Nextdoor<'_> {
    fn traits(&self) -> Traits {
        Traits { trial: Trial::TestCode, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        match told.need_click(&["ndclid"]) {
            Ok(_) => Ok(()),
            Err(skip) if skip.reason == SkipReason::TestValue => Err(skip),
            Err(_) if told.has_person() => Ok(()),
            Err(skip) => Err(skip),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "event_name": or(&self.0.event, "lead"),
            "event_id": told.event_id(),
            "event_time": told.postback.converted_at.to_string(),
            "action_source": "phone_call",
            "action_source_url": told.page(),
            "customer": {
                "click_id": told.click_id("ndclid"),
                "email": told.email(EmailForm::Plain),
                "phone_number": told.phone(PhoneForm::Plus),
                "client_ip_address": told.address(),
            },
            "custom": { "order_value": told.value(), "currency": told.currency() },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://ads.nextdoor.com");
        let url = format!("{base}/{}/api/conversions/track", or(&pixel.version, "v2"));
        let mut body = batch.rows.first().map(|row| row.body.clone()).unwrap_or_default();
        body["client_id"] = json!(pixel.pixel);
        if batch.purpose == Purpose::Test && !pixel.test_code.is_empty() {
            body["test_event"] = json!(pixel.test_code);
        }
        post(&url, &body)?.bearer(&pixel.access_token)
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        by_status(answer, said.as_ref().map_or("", |said| text(said, "/message")))
    }
}
