//! Microsoft Advertising, offline conversions (Campaign Management API v13, JSON). A success lists the rows that it did
//! not take; repeats of a click and its time are ignored by themselves.

use serde_json::{Value, json};

use crate::config::model::MicrosoftAds;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::destinations::answers::{self, Answered, Judgement, by_status, text};
use crate::postback::destinations::shapes::{self, bodies, compact, or, post};
use crate::postback::destinations::{
    BadDestination, Batch, Credential, DAY_MS, HOUR_MS, Platform, Takes, Traits,
};
use crate::postback::model::{CorrectionKind, Skip};
use crate::postback::told::{PhoneForm, Told};

const TOKEN_URL: &str = "https://login.microsoftonline.com/common/oauth2/v2.0/token";
const SCOPE: &str = "https://ads.microsoft.com/msads.manage offline_access";

/// Codes of the token, of permissions and of limits (API error codes).
const CREDENTIALS: [&str; 5] = [
    "AuthenticationTokenExpired",
    "InvalidCredentials",
    "UserIsNotAuthorized",
    "InvalidDeveloperToken",
    "AccountNotAuthorized",
];
const PASSING: [&str; 4] =
    ["CallRateExceeded", "InternalError", "ConcurrentRequestOverLimit", "ServiceUnavailable"];

/// A goal for offline conversions.
pub(in crate::postback::destinations) struct Offline<'a>(pub &'a MicrosoftAds);

impl Platform for Offline<'_> {
    fn traits(&self) -> Traits {
        Traits {
            client: false,
            most: 1000,
            oldest_ms: Some(90 * DAY_MS),
            after_click_ms: 2 * HOUR_MS,
            takes: Takes::Corrections,
            ..Traits::AD
        }
    }

    fn check(&self) -> Result<(), BadDestination> {
        let config = self.0;
        shapes::needed(&[
            ("account", &config.account),
            ("customer", &config.customer),
            ("goal", &config.goal),
            ("developer_token", config.developer_token.reveal()),
            ("oauth.client_id", &config.oauth.client_id),
            ("oauth.refresh_token", config.oauth.refresh_token.reveal()),
        ])
    }

    fn credential(&self) -> Credential<'_> {
        Credential::OAuth(&self.0.oauth, TOKEN_URL, SCOPE)
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        told.need_click(&["msclkid"]).map(|_| ())
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let form = if self.0.without_plus { PhoneForm::Digits } else { PhoneForm::Plus };
        let (value, currency) = (told.value(), told.currency());
        let mut row = json!({
            "MicrosoftClickId": told.click_id("msclkid"),
            "ConversionName": self.0.goal,
            "ConversionTime": told.postback.converted_at.to_string(),
        });
        match told.change() {
            None => {
                row["ConversionValue"] = json!(value);
                row["ConversionCurrencyCode"] = json!(currency);
                row["HashedPhoneNumber"] = json!(told.phone(form));
                row["HashedEmailAddress"] = json!(told.email(EmailForm::Plain));
            }
            Some(change) => {
                let restated = change == CorrectionKind::Restated;
                row["AdjustmentType"] = if restated { "Restate" } else { "Retract" }.into();
                row["AdjustmentTime"] = told.postback.queued_at.to_string().into();
                row["AdjustmentValue"] = json!(value.filter(|_| restated));
                row["AdjustmentCurrencyCode"] = json!(currency.filter(|_| restated));
            }
        }
        compact(row)
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let config = self.0;
        let rows =
            if batch.corrects { "OfflineConversionAdjustments" } else { "OfflineConversions" };
        let base = or(&config.base, "https://campaign.api.bingads.microsoft.com");
        let version = or(&config.version, "v13");
        let url = format!("{base}/CampaignManagement/{version}/{rows}/Apply");
        let token = &config.developer_token;
        post(&url, &json!({ rows: bodies(batch) }))?
            .bearer(&batch.token)?
            .hiding(token)
            .header("developertoken", token.reveal())?
            .header("customerid", &config.customer)?
            .header("customeraccountid", &config.account)
    }

    fn classify(&self, answer: &Answer, rows: usize) -> Answered {
        let Some(said) = answers::json(answer) else {
            return if answer.is_success() {
                answers::garbage(answer)
            } else {
                by_status(answer, "")
            };
        };
        let errors = ["/Errors/0", "/OperationErrors/0", "/BatchErrors/0"];
        if let Some(error) = errors.iter().find_map(|path| said.pointer(path)) {
            return failed(answer, error);
        }
        if !answer.is_success() {
            return by_status(answer, "");
        }
        let partial = said.get("PartialErrors").and_then(Value::as_array);
        let bad = partial.into_iter().flatten().filter_map(|error| {
            let index = usize::try_from(error.get("Index")?.as_u64()?).ok()?;
            Some((index, judge(error)))
        });
        Answered::all_but(rows, bad)
    }
}

fn words(error: &Value) -> String {
    format!("{} ({})", text(error, "/Message"), text(error, "/ErrorCode"))
}

fn judge(error: &Value) -> Judgement {
    let code = text(error, "/ErrorCode");
    match code {
        // The goal or the click is too young.
        _ if code.contains("TooRecent") || code.contains("NotYet") => {
            Judgement::Later(words(error), Some(2 * HOUR_MS))
        }
        _ if PASSING.contains(&code) => Judgement::Later(words(error), None),
        "" => Judgement::Unknown(words(error)),
        _ => Judgement::Rejected(words(error)),
    }
}

/// An error of the whole request; 117 is the limit of calls, 109 the token.
fn failed(answer: &Answer, error: &Value) -> Answered {
    let code = text(error, "/ErrorCode");
    let number = error.get("Code").and_then(Value::as_i64).unwrap_or_default();
    match number {
        109 | 105 | 106 => Answered::Refused(words(error)),
        117 | 0 if code.is_empty() || number == 117 => Answered::later(words(error)),
        _ if CREDENTIALS.contains(&code) => Answered::Refused(words(error)),
        _ if PASSING.contains(&code) => Answered::later(words(error)),
        _ if answer.is_success() => Answered::Poisoned { rows: Vec::new(), why: words(error) },
        _ => by_status(answer, &words(error)),
    }
}
