//! Google Analytics 4, Measurement Protocol. It answers 204 to anything, so what is wrong must be found before; and it
//! knows no key by which it could tell a repeat, so each event is sent at most once.

use serde_json::{Value, json};

use super::answers::{self, Answered, Judgement, by_status, text};
use super::shapes::{self, compact, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model;
use crate::platform::clock::Millis;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};
use crate::visit::ad_ids::GaSession;

/// Longest name of an event, and longest value of a parameter.
const LONGEST_NAME: usize = 40;
const LONGEST_VALUE: usize = 100;

/// A conversion joins its session when it is told within this time of the session's start.
const SESSION_MS: i64 = DAY_MS;

/// Names that are Google's own, or begin so.
const RESERVED: [&str; 12] = [
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "error",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "session_start",
    "user_engagement",
];
const RESERVED_PREFIXES: [&str; 12] = [
    "_",
    "app_",
    "dynamic_link_",
    "firebase_",
    "ga_",
    "google_",
    "gtag.",
    "notification_",
    "os_update",
    "screen_view",
    "firebase_campaign",
    "firebase_in_app_message_",
];

/// A data stream.
pub(super) struct Ga4<'a>(pub &'a model::Ga4);

impl Ga4<'_> {
    fn stream(&self) -> &str {
        self.0.measurement_id.strip_prefix("G-").unwrap_or(&self.0.measurement_id)
    }

    fn name(&self, conversion: &str) -> String {
        let usual = format!("phone_call_{}", conversion.replace('-', "_"));
        or(&self.0.event, &usual).chars().take(LONGEST_NAME).collect()
    }

    fn session(&self, told: &Told<'_>) -> Option<GaSession> {
        told.facts().ad_ids.ga_sessions.get(self.stream()).copied()
    }
}

impl Platform for Ga4<'_> {
    fn traits(&self) -> Traits {
        Traits {
            client: false,
            oldest_ms: Some(3 * DAY_MS),
            at_most_once: true,
            trial: Trial::Validates,
            ..Traits::AD
        }
    }

    fn check(&self) -> Result<(), BadDestination> {
        let config = self.0;
        shapes::needed(&[
            ("measurement_id", &config.measurement_id),
            ("api_secret", config.api_secret.reveal()),
        ])?;
        shapes::absolute(or(&config.base, "https://www.google-analytics.com"))?;
        if config.event.is_empty() || is_event_name(&config.event) {
            return Ok(());
        }
        Err(BadDestination::Missing("event (letters, digits and '_', none of Google's own names)"))
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        match told.tag_id(|facts| &facts.ad_ids.ga_client) {
            Some(_) => Ok(()),
            None => Err(Skip::new(
                SkipReason::NoIdentifier,
                "the visit has no client id of Google Analytics",
            )),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let facts = told.facts();
        let session = self.session(told).map(|session| (session, started(session)));
        // Later it would count for no session at all.
        let joined =
            session.filter(|(_, start)| told.postback.converted_at.since(*start) < SESSION_MS);
        let at = match joined {
            // Inside the session, whose start is all that is known for sure.
            Some((_, start)) => facts.call_started_at.min(told.postback.converted_at).max(start),
            None => told.postback.converted_at,
        };
        compact(json!({
            "client_id": facts.ad_ids.ga_client,
            "timestamp_micros": at.0.saturating_mul(1000),
            "consent": { "ad_user_data": "GRANTED", "ad_personalization": "GRANTED" },
            "user_data": {
                "sha256_phone_number": shapes::one(told.phone(PhoneForm::Plus)),
                "sha256_email_address": shapes::one(told.email(EmailForm::Google)),
            },
            "events": [{
                "name": self.name(&told.postback.conversion),
                "params": {
                    "session_id": joined.map(|(session, _)| session.id.to_string()),
                    "engagement_time_msec": 1,
                    "value": told.value(),
                    "currency": told.currency(),
                    "call_duration": facts.talk_s,
                    "transaction_id": cut(&told.event_id()),
                },
            }],
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let base = or(&self.0.base, "https://www.google-analytics.com");
        let path = if batch.purpose == Purpose::Count { "mp/collect" } else { "debug/mp/collect" };
        let row = batch.rows.first().map(|row| &row.body).unwrap_or(&Value::Null);
        let mut request = post(&format!("{base}/{path}"), row)?.hiding(&self.0.api_secret);
        request
            .url
            .query_pairs_mut()
            .append_pair("measurement_id", &self.0.measurement_id)
            .append_pair("api_secret", self.0.api_secret.reveal());
        Ok(request)
    }

    /// Google advises against repeating a request that was answered, whatever the answer.
    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        if !answer.is_success() {
            return match by_status(answer, "") {
                Answered::Refused(why) => Answered::Refused(why),
                _ => Answered::All(Judgement::Rejected(answer.words())),
            };
        }
        let said = answers::json(answer);
        let messages = said.as_ref().and_then(|said| said.get("validationMessages")?.as_array());
        match messages.and_then(|messages| messages.first()) {
            Some(message) => Answered::All(Judgement::Rejected(format!(
                "{}: {} ({})",
                text(message, "/fieldPath"),
                text(message, "/description"),
                text(message, "/validationCode"),
            ))),
            None => Answered::delivered(),
        }
    }
}

/// A session's id is its start in seconds.
fn started(session: GaSession) -> Millis {
    Millis(i64::try_from(session.id).unwrap_or(i64::MAX).saturating_mul(1000))
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_VALUE).collect()
}

/// Letters, digits and `_`, a letter first, at most 40, and none of Google's own.
fn is_event_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !RESERVED.contains(&name)
        && !RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
