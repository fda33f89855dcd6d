//! Conversions in the words of CRMs, so that a webhook can write them without anything in between. Each makes one record
//! for each conversion; the postback's id stands in it, so that a repeat can be found.

use serde_json::{Value, json};

use super::shapes::compact;
use crate::config::model::Mapping;
use crate::postback::told::Told;

/// The record of `told`, with the caller's number where the site wants it told.
pub(super) fn record(mapping: Mapping, told: &Told<'_>, caller: Option<String>) -> Value {
    let facts = told.facts();
    let (title, about) = (title(told), about(told));
    let from = caller.clone();
    compact(match mapping {
        Mapping::None => Value::Null,
        // https://developers.hubspot.com/docs/api/crm/calls
        Mapping::Hubspot => json!({ "properties": {
            "hs_timestamp": facts.call_started_at.to_string(),
            "hs_call_title": title,
            "hs_call_body": about,
            "hs_call_direction": "INBOUND",
            "hs_call_status": hubspot_status(&facts.status),
            "hs_call_duration": (u64::from(facts.talk_s) * 1000).to_string(),
            "hs_call_from_number": from,
            "hs_call_to_number": facts.tracking_number,
        }}),
        // A Task of the kind Call: the object that Salesforce logs calls as.
        Mapping::Salesforce => json!({
            "Subject": title,
            "Description": about,
            "Status": "Completed",
            "TaskSubtype": "Call",
            "CallType": "Inbound",
            "CallDurationInSeconds": facts.talk_s,
            "CallDisposition": (!facts.disposition.is_empty()).then_some(&facts.disposition),
            "CallObject": told.postback.call.to_string(),
            "ActivityDate": told.postback.converted_at.to_string().split('T').next(),
        }),
        // https://developers.pipedrive.com/docs/api/v1/Activities
        Mapping::Pipedrive => json!({
            "subject": title,
            "type": "call",
            "done": 1,
            "due_date": told.postback.converted_at.to_string().split('T').next(),
            "duration": clock(facts.talk_s),
            "note": about,
        }),
    })
}

fn title(told: &Told<'_>) -> String {
    let facts = told.facts();
    let from = match (facts.source.as_str(), facts.medium.as_str()) {
        ("", _) => "unknown source".to_owned(),
        (source, "") => source.to_owned(),
        (source, medium) => format!("{source} / {medium}"),
    };
    format!("Call from {from}: {}", told.postback.conversion)
}

/// One line for each fact that is known.
fn about(told: &Told<'_>) -> String {
    let facts = told.facts();
    let value = facts.value.as_ref().map(|value| format!("{value} {}", facts.currency));
    let lines = [
        ("Campaign", facts.campaign.clone()),
        ("Keyword", facts.term.clone()),
        ("Landing page", facts.landing_page.clone()),
        ("Tracking number", facts.tracking_number.clone()),
        ("Value", value.unwrap_or_default()),
        ("Ringtrace", told.postback.id.clone()),
    ];
    let known = lines.iter().filter(|(_, text)| !text.is_empty());
    known.map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>().join("\n")
}

fn hubspot_status(status: &str) -> &'static str {
    match status {
        "answered" => "COMPLETED",
        "busy" => "BUSY",
        "no_answer" | "voicemail" => "NO_ANSWER",
        "canceled" | "rejected" => "CANCELED",
        _ => "FAILED",
    }
}

/// `HH:MM`, rounded up: Pipedrive knows no seconds.
fn clock(seconds: u32) -> String {
    let minutes = seconds.div_ceil(60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
