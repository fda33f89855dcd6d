//! Snap Conversions API, v3. The token stands in the query, which is therefore never shown.

use serde_json::{Value, json};

use super::answers::{self, Answered, by_status, text};
use super::shapes::{bodies, compact, one, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// A pixel.
pub(super) struct Snap<'a>(pub &'a Pixel);

impl Platform for Snap<'_> {
    fn traits(&self) -> Traits {
        Traits { most: 2000, oldest_ms: Some(37 * DAY_MS), trial: Trial::Validates, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        let browser = told.address().is_some() && told.user_agent().is_some();
        if browser || told.has_person() {
            return Ok(());
        }
        Err(Skip::new(
            SkipReason::NoIdentifier,
            "Snap wants a caller's number or e-mail address, or address and user agent of the visitor",
        ))
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "event_name": or(&self.0.event, "CUSTOM_EVENT_1"),
            "event_time": told.seconds(),
            "event_id": told.event_id(),
            "action_source": "OFFLINE",
            "event_source_url": told.page(),
            "user_data": {
                "em": one(told.email(EmailForm::Plain)),
                "ph": one(told.phone(PhoneForm::Digits)),
                "sc_click_id": told.click_id("sccid"),
                "sc_cookie1": told.tag_id(|facts| &facts.ad_ids.snap_visitor),
                "client_ip_address": told.address(),
                "client_user_agent": told.user_agent(),
            },
            "custom_data": { "value": told.value(), "currency": told.currency() },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://tr.snapchat.com");
        let trial = if batch.purpose == Purpose::Count { "" } else { "/validate" };
        let url = format!("{base}/{}/{}/events{trial}", or(&pixel.version, "v3"), pixel.pixel);
        let mut request =
            post(&url, &json!({ "data": bodies(batch) }))?.hiding(&pixel.access_token);
        request.url.query_pairs_mut().append_pair("access_token", pixel.access_token.reveal());
        Ok(request)
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        let why = said.as_ref().map_or("", |said| match text(said, "/reason") {
            "" => text(said, "/message"),
            reason => reason,
        });
        let status = said.as_ref().map_or("", |said| text(said, "/status")).to_ascii_uppercase();
        match by_status(answer, why) {
            Answered::All(_) if answer.is_success() => match status.as_str() {
                "VALID" | "OK" | "SUCCESS" => Answered::delivered(),
                "INVALID" | "ERROR" | "FAILED" => {
                    Answered::Poisoned { rows: Vec::new(), why: format!("{why} ({status})") }
                }
                // An empty success is one.
                "" if answer.body.reveal().trim().is_empty() => Answered::delivered(),
                _ => answers::garbage(answer),
            },
            other => other,
        }
    }
}
