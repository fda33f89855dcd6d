//! Google Ads: the Data Manager API, which new installations use, and the Google Ads API, for developer tokens that may
//! still upload.

mod ads;
mod data_manager;

pub(super) use ads::Ads;
pub(super) use data_manager::DataManager;

use serde_json::{Value, json};

use crate::config::model::GoogleAction;
use crate::platform::email::EmailForm;
use crate::postback::destinations::{HOUR_MS, Takes, Traits, Trial};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// Where tokens are issued.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// The click ids that conversions are uploaded by; one of them for each conversion.
const CLICKS: [&str; 3] = ["gclid", "gbraid", "wbraid"];

/// The longest click-through window that a conversion action can have is 90 days.
const OLDEST_MS: i64 = 90 * super::DAY_MS;

/// What both have in common: 2,000 conversions a request, 6 hours after the click.
const GOOGLE: Traits = Traits {
    client: false,
    most: 2000,
    oldest_ms: Some(OLDEST_MS),
    after_click_ms: 6 * HOUR_MS,
    takes: Takes::Restated,
    trial: Trial::Validates,
    ..Traits::AD
};

/// Conversions of clicks need a click id; of calls, the caller's number.
fn eligible(action: GoogleAction, told: &Told<'_>) -> Result<(), Skip> {
    match action {
        GoogleAction::Click => told.need_click(&CLICKS).map(|_| ()),
        GoogleAction::Call if told.change().is_some() => Err(Skip::new(
            SkipReason::NotAdjustable,
            "Google takes no corrections of conversions from calls",
        )),
        GoogleAction::Call if told.phone(PhoneForm::Plus).is_none() => Err(Skip::new(
            SkipReason::NoIdentifier,
            "the caller withheld the number, and Google matches calls by nothing else",
        )),
        GoogleAction::Call => Ok(()),
    }
}

/// Whom a conversion may be matched by besides: one identifier each under these names, or nothing.
fn identifiers(told: &Told<'_>, phone: &str, email: &str) -> Value {
    let phone = told.phone(PhoneForm::Plus).map(|hash| json!({ phone: hash }));
    let email = told.email(EmailForm::Google).map(|hash| json!({ email: hash }));
    let known: Vec<Value> = [phone, email].into_iter().flatten().collect();
    if known.is_empty() { Value::Null } else { Value::Array(known) }
}

/// An id as people copy it from the screen, `123-456-7890`, without its dashes.
fn digits(id: &str) -> String {
    id.chars().filter(|c| *c != '-').collect()
}
