//! TikTok Events API. It answers 200 to everything; `code` says what it means.

use serde_json::{Value, json};

use super::answers::{self, Answered, Judgement, by_status, text};
use super::shapes::{bodies, compact, one, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// An event source.
pub(super) struct Tiktok<'a>(pub &'a Pixel);

impl Platform for Tiktok<'_> {
    fn traits(&self) -> Traits {
        Traits { most: 1000, oldest_ms: Some(7 * DAY_MS), trial: Trial::TestCode, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        let browser = told.address().is_some() && told.user_agent().is_some();
        let tag = told.tag_id(|facts| &facts.ad_ids.ttp).is_some();
        match told.need_click(&["ttclid"]) {
            Ok(_) => Ok(()),
            Err(_) if tag || browser || told.has_person() => Ok(()),
            Err(skip) if skip.reason == SkipReason::TestValue => Err(skip),
            Err(_) => Err(Skip::new(
                SkipReason::NoIdentifier,
                "neither a click id nor a caller's number or e-mail address nor anything that TikTok knows the browser by",
            )),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "event": or(&self.0.event, "Contact"),
            "event_time": told.seconds(),
            "event_id": told.event_id(),
            "user": {
                "ttclid": told.click_id("ttclid"),
                "ttp": told.tag_id(|facts| &facts.ad_ids.ttp),
                "email": one(told.email(EmailForm::Plain)),
                "phone": one(told.phone(PhoneForm::Plus)),
                "ip": told.address(),
                "user_agent": told.user_agent(),
            },
            "properties": { "value": told.value(), "currency": told.currency() },
            "page": { "url": told.page() },
            "limited_data_use": false,
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://business-api.tiktok.com");
        let url = format!("{base}/open_api/{}/event/track/", or(&pixel.version, "v1.3"));
        let test = (batch.purpose == Purpose::Test && !pixel.test_code.is_empty())
            .then_some(&pixel.test_code);
        let body = json!({
            "event_source": "web",
            "event_source_id": pixel.pixel,
            "test_event_code": test,
            "data": bodies(batch),
        });
        let token = &pixel.access_token;
        post(&url, &compact(body))?.hiding(token).header("access-token", token.reveal())
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let said = answers::json(answer);
        let code = said.as_ref().and_then(|said| said.get("code")?.as_i64());
        let Some((said, code)) = said.as_ref().zip(code) else {
            return if answer.is_success() {
                answers::garbage(answer)
            } else {
                by_status(answer, "")
            };
        };
        let why = format!("{} (code {code})", text(said, "/message"));
        match code {
            // Partly taken, and which part is not told; or there already.
            0 | 20001 | 40050 => Answered::delivered(),
            40100 | 40132 | 50000 | 50002 | 51000..=51999 => Answered::later(why),
            40102 | 40104 | 40105 => Answered::Refused(why),
            40000..=40002 | 40061..=40063 => Answered::Poisoned { rows: Vec::new(), why },
            _ => Answered::All(Judgement::Unknown(why)),
        }
    }
}
