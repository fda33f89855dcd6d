//! The Google Ads API, v26: clicks, calls and adjustments, each row with its own error. Developer tokens that uploaded
//! nothing by June 2026 are refused: those use the Data Manager API.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{CLICKS, GOOGLE, TOKEN_URL, digits, eligible, identifiers};
use crate::config::model::{GoogleAction, GoogleAds};
use crate::platform::clock::Millis;
use crate::postback::client::{Answer, Request};
use crate::postback::destinations::answers::{self, Answered, Judgement, by_status, text};
use crate::postback::destinations::shapes::{self, bodies, compact, or, post};
use crate::postback::destinations::{
    BadDestination, Batch, Credential, DAY_MS, HOUR_MS, Platform, Purpose, Takes, Traits,
};
use crate::postback::model::{CorrectionKind, Skip};
use crate::postback::told::Told;

const SCOPE: &str = "https://www.googleapis.com/auth/adwords";

/// Errors that pass: 6 hours after a click, 24 hours after a conversion.
const TOO_RECENT: [(&str, i64); 4] = [
    ("TOO_RECENT_EVENT", 6 * HOUR_MS),
    ("TOO_RECENT_CALL", 6 * HOUR_MS),
    ("TOO_RECENT_CONVERSION_ACTION", 6 * HOUR_MS),
    ("TOO_RECENT_CONVERSION", DAY_MS),
];

/// Errors that may only mean that Google does not know it yet.
const NOT_FOUND: [&str; 3] = ["EVENT_NOT_FOUND", "CLICK_NOT_FOUND", "CALL_NOT_FOUND"];

/// Errors that say that it was there already.
const KNOWN: [&str; 5] = [
    "CLICK_CONVERSION_ALREADY_EXISTS",
    "CALL_CONVERSION_ALREADY_EXISTS",
    "ORDER_ID_ALREADY_IN_USE",
    "RESTATEMENT_ALREADY_EXISTS",
    "CONVERSION_ALREADY_RETRACTED",
];

const EXHAUSTED: [&str; 2] = ["RESOURCE_EXHAUSTED", "RESOURCE_TEMPORARILY_EXHAUSTED"];

/// A conversion action at the Google Ads API.
pub(in crate::postback::destinations) struct Ads<'a>(pub &'a GoogleAds);

impl Ads<'_> {
    fn action(&self) -> String {
        format!(
            "customers/{}/conversionActions/{}",
            digits(&self.0.account),
            self.0.conversion_action
        )
    }
}

impl Platform for Ads<'_> {
    fn traits(&self) -> Traits {
        Traits { takes: Takes::Corrections, after_conversion_ms: DAY_MS, ..GOOGLE }
    }

    fn check(&self) -> Result<(), BadDestination> {
        let config = self.0;
        shapes::needed(&[
            ("account", &config.account),
            ("conversion_action", &config.conversion_action),
            ("developer_token", config.developer_token.reveal()),
        ])?;
        shapes::absolute(or(&config.base, "https://googleads.googleapis.com"))?;
        shapes::oauth_is_complete(&config.oauth)
    }

    fn credential(&self) -> Credential<'_> {
        Credential::OAuth(&self.0.oauth, TOKEN_URL, SCOPE)
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        eligible(self.0.action, told)
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let (value, currency) = (told.value(), told.currency());
        let consent = json!({ "adUserData": "GRANTED" });
        let converted_at = local(told.postback.converted_at);
        if let Some(change) = told.change() {
            return compact(json!({
                "adjustmentType": match change {
                    CorrectionKind::Restated => "RESTATEMENT",
                    CorrectionKind::Retracted => "RETRACTION",
                },
                "conversionAction": self.action(),
                "orderId": told.event_id(),
                "adjustmentDateTime": local(told.postback.queued_at),
                "restatementValue": value.filter(|_| change == CorrectionKind::Restated).map(
                    |value| json!({ "adjustedValue": value, "currencyCode": currency }),
                ),
            }));
        }
        let mut row = json!({
            "conversionAction": self.action(),
            "conversionDateTime": converted_at,
            "conversionValue": value,
            "currencyCode": currency,
            "consent": consent,
        });
        match self.0.action {
            GoogleAction::Click => {
                if let Ok((name, value)) = told.need_click(&CLICKS) {
                    row[name] = value.into();
                }
                row["orderId"] = told.event_id().into();
                row["userIdentifiers"] = identifiers(told, "hashedPhoneNumber", "hashedEmail");
            }
            GoogleAction::Call => {
                row["callerId"] = json!(told.person.caller.as_ref().map(ToString::to_string));
                row["callStartDateTime"] = local(told.facts().call_started_at).into();
            }
        }
        compact(row)
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let config = self.0;
        let (method, rows) = match (batch.corrects, config.action) {
            (true, _) => ("uploadConversionAdjustments", "conversionAdjustments"),
            (false, GoogleAction::Click) => ("uploadClickConversions", "conversions"),
            (false, GoogleAction::Call) => ("uploadCallConversions", "conversions"),
        };
        let base = or(&config.base, "https://googleads.googleapis.com");
        let version = or(&config.version, "v26");
        let url = format!("{base}/{version}/customers/{}:{method}", digits(&config.account));
        let body = json!({
            rows: bodies(batch),
            "partialFailure": true,
            "validateOnly": batch.purpose != Purpose::Count,
        });
        let token = &config.developer_token;
        let request = post(&url, &body)?.bearer(&batch.token)?.hiding(token);
        let request = request.header("developer-token", token.reveal())?;
        match config.login_account.as_str() {
            "" => Ok(request),
            login => request.header("login-customer-id", &digits(login)),
        }
    }

    fn classify(&self, answer: &Answer, rows: usize) -> Answered {
        let Some(said) = answers::json(answer) else {
            return if answer.is_success() {
                answers::garbage(answer)
            } else {
                by_status(answer, "")
            };
        };
        if !answer.is_success() {
            return refused(answer, &said);
        }
        let failure = said.get("partialFailureError");
        let details = failure.and_then(|failure| failure.get("details")).and_then(Value::as_array);
        let errors = details
            .into_iter()
            .flatten()
            .filter_map(|detail| detail.get("errors").and_then(Value::as_array));
        let mut unplaced = None;
        let placed: Vec<_> = errors
            .flatten()
            .filter_map(|error| {
                let judgement = judge(error);
                match index(error) {
                    Some(index) => Some((index, judgement)),
                    None => {
                        unplaced = Some(judgement);
                        None
                    }
                }
            })
            .collect();
        match (unplaced, failure) {
            (Some(judgement), _) => Answered::All(judgement),
            (None, Some(failure)) if placed.is_empty() => {
                Answered::All(Judgement::Unknown(text(failure, "/message").to_owned()))
            }
            (None, _) => Answered::all_but(rows, placed),
        }
    }
}

/// A whole request that was refused: its first error decides.
fn refused(answer: &Answer, said: &Value) -> Answered {
    let why = text(said, "/error/message");
    let details = said.pointer("/error/details/0/errors/0");
    match details.map(|error| (code(error), judge(error))) {
        Some(("CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE", _)) => Answered::Refused(
            "this developer token may not upload conversions any more; use google_data_manager"
                .to_owned(),
        ),
        Some((code, Judgement::Later(why, wait))) if EXHAUSTED.contains(&code) => {
            Answered::All(Judgement::Later(why, wait))
        }
        _ => by_status(answer, why),
    }
}

/// The one value under `errorCode`, whichever its kind.
fn code(error: &Value) -> &str {
    let codes = error.get("errorCode").and_then(Value::as_object);
    codes.and_then(|codes| codes.values().next()?.as_str()).unwrap_or_default()
}

/// The first index on the way to the field.
fn index(error: &Value) -> Option<usize> {
    let path = error.pointer("/location/fieldPathElements")?.as_array()?;
    let index = path.iter().find_map(|element| element.get("index"))?;
    let number = index.as_u64().or_else(|| index.as_str()?.parse().ok())?;
    usize::try_from(number).ok()
}

fn judge(error: &Value) -> Judgement {
    let code = code(error);
    let why = format!("{} ({code})", text(error, "/message"));
    let wait = TOO_RECENT.iter().find(|(known, _)| *known == code).map(|(_, wait)| *wait);
    match code {
        _ if wait.is_some() => Judgement::Later(why, wait),
        _ if NOT_FOUND.contains(&code) => Judgement::Later(why, Some(DAY_MS)),
        _ if KNOWN.contains(&code) => Judgement::Delivered,
        _ if code.starts_with("DUPLICATE_") && code.ends_with("_IN_REQUEST") => {
            Judgement::Delivered
        }
        _ if EXHAUSTED.contains(&code) => Judgement::Later(why, retry_delay(error)),
        "" | "UNKNOWN" | "UNSPECIFIED" | "INTERNAL_ERROR" | "TRANSIENT_ERROR" => {
            Judgement::Unknown(why)
        }
        _ => Judgement::Rejected(why),
    }
}

/// `"30s"`, where the error of a quota tells it.
fn retry_delay(error: &Value) -> Option<i64> {
    let delay = text(error, "/details/quotaErrorDetails/retryDelay").strip_suffix('s')?;
    Some((delay.parse::<f64>().ok()? * 1000.0) as i64)
}

/// `yyyy-MM-dd HH:mm:ss+00:00`
fn local(at: Millis) -> String {
    at.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S+00:00").to_string()
}
