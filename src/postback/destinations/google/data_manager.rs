//! Google's Data Manager API, `events:ingest` (discovery document of 2026-11-06). A request is taken as a whole, and
//! refused as a whole for one bad field; what became of its rows is told half an hour later.

use serde_json::{Value, json};

use super::{CLICKS, GOOGLE, TOKEN_URL, digits, eligible, identifiers};
use crate::config::model::{self, GoogleAction};
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request};
use crate::postback::destinations::answers::{self, Answered, Judgement, by_status, text};
use crate::postback::destinations::shapes::{self, bodies, compact, get, or, post};
use crate::postback::destinations::{
    BadDestination, Batch, Credential, HOUR_MS, Platform, Purpose, Traits,
};
use crate::postback::model::Skip;
use crate::postback::told::Told;

const SCOPE: &str = "https://www.googleapis.com/auth/datamanager";

/// Before all processing reasons.
const REASON: &str = "PROCESSING_ERROR_REASON_";

/// Reasons that pass: hours after the click or the action was made.
const PASSING: [&str; 5] = [
    "TOO_RECENT_CLICK",
    "TOO_RECENT_CALL",
    "DESTINATION_TOO_RECENTLY_CREATED",
    "INTERNAL_ERROR",
    "CLICK_NOT_FOUND",
];

/// Reasons that say that it was there already.
const KNOWN: [&str; 2] = ["DUPLICATE_TRANSACTION_ID", "DUPLICATE_GCLID"];

/// A conversion action at the Data Manager API.
pub(in crate::postback::destinations) struct DataManager<'a>(pub &'a model::DataManager);

impl DataManager<'_> {
    fn api(&self) -> String {
        let base = or(&self.0.base, "https://datamanager.googleapis.com");
        format!("{base}/{}", or(&self.0.version, "v1"))
    }
}

impl Platform for DataManager<'_> {
    fn traits(&self) -> Traits {
        GOOGLE
    }

    fn check(&self) -> Result<(), BadDestination> {
        let config = self.0;
        shapes::needed(&[
            ("account", &config.account),
            ("conversion_action", &config.conversion_action),
        ])?;
        shapes::absolute(&self.api())?;
        shapes::oauth_is_complete(&config.oauth)
    }

    fn credential(&self) -> Credential<'_> {
        Credential::OAuth(&self.0.oauth, TOKEN_URL, SCOPE)
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        eligible(self.0.action, told)
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let is_call = self.0.action == GoogleAction::Call;
        let click = told.need_click(&CLICKS).ok().filter(|_| !is_call);
        compact(json!({
            "destinationReferences": ["action"],
            "transactionId": told.event_id(),
            "eventTimestamp": told.postback.converted_at.to_string(),
            "eventSource": "PHONE",
            "conversionValue": told.value(),
            "currency": told.currency(),
            "adIdentifiers": click.map(|(name, value)| json!({ name: value })),
            "callInfo": is_call.then(|| {
                json!({ "startTimestamp": told.facts().call_started_at.to_string() })
            }),
            "userData": { "userIdentifiers": identifiers(told, "phoneNumber", "emailAddress") },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let config = self.0;
        let account = |id: &str| json!({ "accountType": "GOOGLE_ADS", "accountId": digits(id) });
        let login = or(&config.login_account, &config.account);
        let body = json!({
            "destinations": [{
                "reference": "action",
                "operatingAccount": account(&config.account),
                "loginAccount": account(login),
                "productDestinationId": config.conversion_action,
            }],
            "encoding": "HEX",
            "consent": {
                "adUserData": "CONSENT_GRANTED",
                "adPersonalization": "CONSENT_GRANTED",
            },
            "validateOnly": batch.purpose != Purpose::Count,
            "events": bodies(batch),
        });
        post(&format!("{}/events:ingest", self.api()), &body)?.bearer(&batch.token)
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        let Some(said) = answers::json(answer) else {
            return if answer.is_success() {
                answers::garbage(answer)
            } else {
                by_status(answer, "")
            };
        };
        if answer.is_success() {
            return match text(&said, "/requestId") {
                "" => answers::garbage(answer),
                request => Answered::All(Judgement::Taken(request.to_owned())),
            };
        }
        let why = text(&said, "/error/message");
        match by_status(answer, why) {
            Answered::Poisoned { why, .. } => Answered::Poisoned { rows: violations(&said), why },
            other => other,
        }
    }

    fn question(&self, request: &str, token: &Secret) -> Result<Request, BadDestination> {
        let mut asked = get(&format!("{}/requestStatus:retrieve", self.api()))?;
        asked.url.query_pairs_mut().append_pair("requestId", request);
        asked.bearer(token)
    }

    fn classify_question(&self, answer: &Answer, rows: &[usize]) -> Answered {
        let Some(said) = answers::json(answer).filter(|_| answer.is_success()) else {
            return match by_status(answer, "") {
                // The question has no rows that could be bad.
                Answered::Poisoned { why, .. } => Answered::later(why),
                Answered::All(Judgement::Delivered) => answers::garbage(answer),
                other => other,
            };
        };
        let Some(status) = said.pointer("/requestStatusPerDestination/0") else {
            return answers::garbage(answer);
        };
        let word = text(status, "/requestStatus");
        if word == "PROCESSING" {
            return Answered::All(Judgement::Taken(String::new()));
        }
        let reasons = status.pointer("/errorInfo/errorCounts").and_then(Value::as_array);
        let reasons: Vec<&Value> = reasons.into_iter().flatten().collect();
        if !matches!(word, "SUCCESS" | "FAILED" | "PARTIAL_SUCCESS") {
            return answers::garbage(answer);
        }
        Answered::Each(rows.iter().map(|row| of_row(*row, word, &reasons)).collect())
    }
}

/// What the reasons say of one row. A failure that names no rows means all of them.
fn of_row(row: usize, word: &str, reasons: &[&Value]) -> Judgement {
    let names = |reason: &&&Value| {
        let indices = reason.get("recordIndices").and_then(Value::as_array);
        match indices.filter(|indices| !indices.is_empty()) {
            Some(indices) => indices.iter().any(|index| whole(index) == Some(row)),
            None => word == "FAILED",
        }
    };
    match reasons.iter().find(names) {
        Some(reason) => judge(text(reason, "/reason")),
        None if word == "FAILED" && reasons.is_empty() => {
            Judgement::Unknown("the request failed, and no reason is told".to_owned())
        }
        None => Judgement::Delivered,
    }
}

/// Google writes 64-bit numbers as texts.
fn whole(value: &Value) -> Option<usize> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    usize::try_from(number).ok()
}

fn judge(reason: &str) -> Judgement {
    let word = reason.strip_prefix(REASON).unwrap_or(reason);
    let why = plain(word);
    match word {
        _ if KNOWN.contains(&word) => Judgement::Delivered,
        _ if PASSING.contains(&word) => Judgement::Later(why, Some(6 * HOUR_MS)),
        _ if word.is_empty() || word.ends_with("UNSPECIFIED") => Judgement::Unknown(why),
        _ => Judgement::Rejected(why),
    }
}

/// `INVALID_GCLID` → `invalid gclid`, with what to do where that helps.
fn plain(word: &str) -> String {
    let words = word.to_ascii_lowercase().replace('_', " ");
    let hint = match word {
        "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID" => {
            "; let the conversion action count every conversion"
        }
        "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED" => {
            "; accept the customer data terms in Google Ads"
        }
        "CLICK_NOT_FOUND" | "INVALID_OPERATING_ACCOUNT_FOR_CLICK" => {
            "; is it a click of this account?"
        }
        "EVENT_TOO_OLD" | "EXPIRED_CLICK" | "EXPIRED_CALL" => {
            "; the conversion action's window is over"
        }
        _ => "",
    };
    format!("{words} ({word}){hint}")
}

/// The rows that field violations name: `events[3].…`.
fn violations(said: &Value) -> Vec<(usize, String)> {
    let details = said.pointer("/error/details").and_then(Value::as_array);
    let violations = details
        .into_iter()
        .flatten()
        .filter_map(|detail| detail.get("fieldViolations").and_then(Value::as_array));
    let named = violations.flatten().filter_map(|violation| {
        let field = text(violation, "/field");
        let (_, rest) = field.split_once("events[").or_else(|| field.split_once("events."))?;
        let index: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let why = format!("{field}: {}", text(violation, "/description"));
        Some((index.parse().ok()?, why))
    });
    named.collect()
}
