//! OpenAI Ads. A request is taken as a whole or not at all.

use serde_json::{Value, json};

use super::answers::{self, Answered, by_status, text};
use super::shapes::{bodies, compact, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::postback::client::{Answer, Request};
use crate::postback::model::Skip;
use crate::postback::told::Told;

/// A pixel.
pub(super) struct OpenAi<'a>(pub &'a Pixel);

impl Platform for OpenAi<'_> {
    fn traits(&self) -> Traits {
        Traits {
            caller: false,
            email: false,
            client: false,
            most: 1000,
            oldest_ms: Some(7 * DAY_MS),
            trial: Trial::Validates,
            ..Traits::AD
        }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        told.need_click(&["oppref"]).map(|_| ())
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let event = or(&self.0.event, "lead_created");
        let own = event == "lead_created";
        compact(json!({
            "id": told.event_id(),
            "type": if own { event } else { "custom" },
            "custom_event_name": (!own).then_some(event),
            "timestamp_ms": told.postback.converted_at.0,
            "oppref": told.click_id("oppref"),
            "source_url": told.page(),
            "action_source": "web",
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://bzr.openai.com");
        let url = format!("{base}/{}/events", or(&pixel.version, "v1"));
        let body = json!({
            "validate_only": batch.purpose != Purpose::Count,
            "events": bodies(batch),
        });
        let mut request = post(&url, &body)?.bearer(&pixel.access_token)?;
        request.url.query_pairs_mut().append_pair("pid", &pixel.pixel);
        Ok(request)
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        by_status(answer, said.as_ref().map_or("", |said| text(said, "/error/message")))
    }
}
