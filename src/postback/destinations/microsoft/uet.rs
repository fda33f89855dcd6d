//! Microsoft Advertising, Conversions API of its tag (UET). Rows that are wrong are named by index, and the others taken.

use serde_json::{Value, json};

use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::destinations::answers::{self, Answered, Judgement, by_status, text};
use crate::postback::destinations::shapes::{bodies, compact, or, post};
use crate::postback::destinations::{BadDestination, Batch, Platform, Traits};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// A tag.
pub(in crate::postback::destinations) struct Uet<'a>(pub &'a Pixel);

impl Platform for Uet<'_> {
    fn traits(&self) -> Traits {
        Traits { most: 1000, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        let visitor = told.tag_id(|facts| &facts.ad_ids.uet_visitor);
        match told.need_click(&["msclkid"]) {
            Ok(_) => Ok(()),
            Err(_) if visitor.is_some() || told.has_person() => Ok(()),
            Err(skip) if skip.reason == SkipReason::TestValue => Err(skip),
            Err(_) => Err(Skip::new(
                SkipReason::NoIdentifier,
                "neither a click id nor a caller's number or e-mail address nor a browser id",
            )),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "eventType": "custom",
            "eventName": or(&self.0.event, "call"),
            "eventId": told.event_id(),
            "eventTime": told.seconds(),
            "adStorageConsent": "G",
            "eventSourceUrl": told.page(),
            "userData": {
                "em": told.email(EmailForm::Plain),
                "ph": told.phone(PhoneForm::Digits),
                "msclkid": told.click_id("msclkid"),
                "anonymousId": told.tag_id(|facts| &facts.ad_ids.uet_visitor),
                "clientIpAddress": told.address(),
                "clientUserAgent": told.user_agent(),
            },
            "customData": { "value": told.value(), "currency": told.currency() },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://capi.uet.microsoft.com");
        let url = format!("{base}/{}/{}/events", or(&pixel.version, "v1"), pixel.pixel);
        let body = json!({ "data": bodies(batch), "continueOnValidationError": true });
        post(&url, &body)?.bearer(&pixel.access_token)
    }

    fn classify(&self, answer: &Answer, rows: usize) -> Answered {
        let said = answers::json(answer);
        let details = said.as_ref().and_then(|said| said.pointer("/error/details")?.as_array());
        let bad: Vec<_> = details
            .into_iter()
            .flatten()
            .filter_map(|detail| {
                let index = usize::try_from(detail.get("index")?.as_u64()?).ok()?;
                let why = match text(detail, "/errorMessage") {
                    "" => text(detail, "/message"),
                    why => why,
                };
                Some((index, why.to_owned()))
            })
            .collect();
        let taken = said.as_ref().and_then(|said| said.get("eventsReceived")?.as_u64());
        let why = said.as_ref().map_or("", |said| text(said, "/error/message"));
        match by_status(answer, why) {
            Answered::Poisoned { why, .. } if taken.is_none() => {
                Answered::Poisoned { rows: bad, why }
            }
            Answered::Poisoned { .. } | Answered::All(Judgement::Delivered) if taken.is_some() => {
                let bad = bad.into_iter().map(|(index, why)| (index, Judgement::Rejected(why)));
                Answered::all_but(rows, bad)
            }
            Answered::All(Judgement::Delivered) => answers::garbage(answer),
            other => other,
        }
    }
}
