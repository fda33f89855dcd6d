//! The lines of a file. Pure.

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::platform::clock::Millis;
use crate::platform::email::EmailForm;
use crate::postback::told::{PhoneForm, Told};
use crate::report::csv::harmless;

/// Whose format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Google Ads, conversions from clicks.
    Google,
    /// Microsoft Advertising, offline conversions.
    Microsoft,
    /// Meta, offline events.
    Meta,
}

impl Format {
    /// The word in the URL.
    pub fn word(self) -> &'static str {
        match self {
            Format::Google => "google",
            Format::Microsoft => "microsoft",
            Format::Meta => "meta",
        }
    }

    /// What stands before the column names.
    pub fn preamble(self) -> &'static str {
        match self {
            Format::Google => "Parameters:TimeZone=+0000\r\n",
            Format::Microsoft => "Parameters:TimeZone=+0000\r\n",
            Format::Meta => "",
        }
    }

    /// The names of the columns.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Format::Google => &[
                "Google Click ID",
                "GBRAID",
                "WBRAID",
                "Conversion Name",
                "Conversion Time",
                "Conversion Value",
                "Conversion Currency",
                "Order ID",
                "Email",
                "Phone Number",
            ],
            Format::Microsoft => &[
                "Microsoft Click ID",
                "Conversion Name",
                "Conversion Time",
                "Conversion Value",
                "Conversion Currency",
            ],
            Format::Meta => &[
                "event_name",
                "event_time",
                "event_id",
                "action_source",
                "email",
                "phone",
                "fbc",
                "fbp",
                "value",
                "currency",
            ],
        }
    }

    /// The line of `told`; none when the platform could not match it, or nobody allowed it.
    pub fn line(self, told: &Told<'_>, name: &str) -> Option<Vec<String>> {
        if !told.person.ads {
            return None;
        }
        let click = |name: &str| told.click_id(name).unwrap_or_default().to_owned();
        let facts = told.facts();
        let value = facts.value.clone().unwrap_or_default();
        let currency = told.currency().unwrap_or_default().to_owned();
        let time = local(told.postback.converted_at);
        let name = harmless(name);
        match self {
            Format::Google => {
                let (used, _) = told.need_click(&["gclid", "gbraid", "wbraid"]).ok()?;
                let only = |name: &str| if name == used { click(name) } else { String::new() };
                let phone = told.phone(PhoneForm::Plus).unwrap_or_default();
                let ids = [only("gclid"), only("gbraid"), only("wbraid")];
                let email = told.email(EmailForm::Google).unwrap_or_default().to_owned();
                let rest = [name, time, value, currency, told.event_id(), email, phone];
                Some(ids.into_iter().chain(rest).collect())
            }
            Format::Microsoft => {
                told.need_click(&["msclkid"]).ok()?;
                Some(vec![click("msclkid"), name, time, value, currency])
            }
            Format::Meta => {
                let phone = told.phone(PhoneForm::Digits).unwrap_or_default();
                let tag = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let fbc = tag(told.tag_id(|facts| &facts.ad_ids.fbc));
                let fbp = tag(told.tag_id(|facts| &facts.ad_ids.fbp));
                let email = tag(told.email(EmailForm::Plain));
                if !told.has_person() && fbc.is_empty() && fbp.is_empty() {
                    return None;
                }
                let (seconds, source) = (told.seconds().to_string(), "phone_call".to_owned());
                let id = told.event_id();
                Some(vec![name, seconds, id, source, email, phone, fbc, fbp, value, currency])
            }
        }
    }
}

/// `yyyy-MM-dd HH:mm:ss`, in the zone that the preamble names.
fn local(at: Millis) -> String {
    at.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
