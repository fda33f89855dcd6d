//! Quora conversions: each event has its own answer.

use serde_json::{Value, json};

use super::answers::{self, Answered, Judgement, by_status, text};
use super::shapes::{bodies, compact, or, post};
use super::{BadDestination, Batch, Platform, Traits};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::Skip;
use crate::postback::told::{PhoneForm, Told};

/// An account.
pub(super) struct Quora<'a>(pub &'a Pixel);

impl Platform for Quora<'_> {
    fn traits(&self) -> Traits {
        Traits { most: 1000, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        told.need_click(&["qclid"]).map(|_| ())
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "user": {
                "email": told.email(EmailForm::Plain),
                "phone_number": told.phone(PhoneForm::Plus),
                "ip": told.address(),
            },
            "device": { "user_agent": told.user_agent() },
            "conversion": {
                "event_name": or(&self.0.event, "GenerateLead"),
                "timestamp": told.postback.converted_at.0.saturating_mul(1000),
                "click_id": told.click_id("qclid"),
                "value": told.value(),
                "event_id": told.event_id(),
            },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://api.quora.com");
        let url = format!("{base}/ads/{}/conversions", or(&pixel.version, "v0"));
        // A number where it is one, as Quora writes it.
        let account = pixel.pixel.parse::<u64>().map_or(json!(pixel.pixel), |id| json!(id));
        let body = json!({ "account_id": account, "data": bodies(batch) });
        post(&url, &body)?.bearer(&pixel.access_token)
    }

    fn classify(&self, answer: &Answer, rows: usize) -> Answered {
        let said = answers::json(answer);
        let events = said.as_ref().and_then(|said| said.get("events")?.as_array());
        match events {
            Some(events) if answer.is_success() => {
                Answered::all_but(rows, events.iter().enumerate().filter_map(failed))
            }
            _ if answer.is_success() => {
                match said.and_then(|said| said.get("events_errored")?.as_u64()) {
                    Some(0) => Answered::delivered(),
                    _ => answers::garbage(answer),
                }
            }
            _ => by_status(answer, said.as_ref().map_or("", |said| text(said, "/message"))),
        }
    }
}

fn failed((place, event): (usize, &Value)) -> Option<(usize, Judgement)> {
    let index = event.get("index").and_then(Value::as_u64);
    let index = index.and_then(|index| usize::try_from(index).ok()).unwrap_or(place);
    let code = event.get("error_code").filter(|code| !code.is_null() && **code != json!(0));
    let status = event.get("status");
    let is_bad_status = status.is_some_and(|status| match status {
        Value::Number(status) => !(200..300).contains(&status.as_u64().unwrap_or(500)),
        Value::String(word) => {
            !matches!(word.to_ascii_lowercase().as_str(), "ok" | "success" | "200")
        }
        _ => false,
    });
    let why = text(event, "/error_message");
    let passes = matches!(status.and_then(Value::as_u64), Some(429 | 500..=599));
    match (code.is_some() || is_bad_status, passes) {
        (false, _) => None,
        (true, true) => Some((index, Judgement::Later(why.to_owned(), None))),
        (true, false) => Some((index, Judgement::Rejected(why.to_owned()))),
    }
}
