//! Twilio's form fields → our events (telephony facts §2.1, §2.3–§2.5).

use std::borrow::Cow;

use crate::call::caller::caller_number;
use crate::call::model::{CallEvent, CallEventKind, Caller, DialOutcome};
use crate::call::providers::{
    Unreadable, Webhook, believable, bounded_id, bounded_text, country_code, link,
};
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// The fields of a form; of a repeated one the first value counts, unknown ones are ignored.
struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Fields<'_> {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }

    fn seconds(&self, name: &str) -> Option<u32> {
        self.get(name).parse().ok()
    }

    fn id(&self, name: &str) -> Result<&str, Unreadable> {
        bounded_id(self.get(name)).ok_or_else(|| Unreadable(format!("{name} is missing or no id")))
    }

    /// RFC 2822, whole seconds: `Fri, 02 Jan 2026 03:04:05 +0000`.
    fn timestamp(&self) -> Option<Millis> {
        let time = jiff::fmt::rfc2822::parse(self.get("Timestamp")).ok()?;
        Some(Millis::from(time.timestamp()))
    }
}

/// What a verified webhook says; `None` when it says nothing that counts.
pub fn event(site: &Site, webhook: &Webhook<'_>) -> Result<Option<CallEvent>, Unreadable> {
    let fields = Fields(url::form_urlencoded::parse(webhook.body).collect());
    let told = match webhook.event {
        "voice" => Some((CallEventKind::Received, String::new())),
        "dial" => dial(&fields)?,
        "leg" => leg(&fields)?,
        "status" => parent(&fields),
        "recording" => recording(&fields),
        _ => None,
    };
    let Some((kind, detail)) = told else { return Ok(None) };
    // A leg's own From and To are not the caller and the tracking number.
    let is_leg = webhook.event == "leg";
    let call_field = if is_leg { "ParentCallSid" } else { "CallSid" };
    let own_time = matches!(webhook.event, "leg" | "status");
    let told_at = if own_time { fields.timestamp() } else { None };
    let to = PhoneNumber::parse_loose(fields.get("To"), Some(&site.country));
    let from = if is_leg { Caller::default() } else { caller(&fields, site) };
    Ok(Some(CallEvent {
        provider: "twilio".to_owned(),
        provider_call_id: fields.id(call_field)?.to_owned(),
        dedup: format!("{}:{detail}", webhook.event),
        site: site.id.clone(),
        at: believable(told_at, webhook.received_at),
        received_at: webhook.received_at,
        to: to.filter(|_| !is_leg),
        from,
        kind,
    }))
}

fn caller(fields: &Fields<'_>, site: &Site) -> Caller {
    let number = caller_number(fields.get("From"), &site.country);
    // The network sends a place for made-up numbers too.
    if number.is_none() {
        return Caller::default();
    }
    Caller {
        number,
        name: bounded_text(fields.get("CallerName")),
        city: bounded_text(fields.get("FromCity")),
        region: bounded_text(fields.get("FromState")),
        country: country_code(fields.get("FromCountry")),
    }
}

type Told = (CallEventKind, String);

/// `DialBridged=false` with `completed`: somebody picked up and did not take the call.
fn dial(fields: &Fields<'_>) -> Result<Option<Told>, Unreadable> {
    let status = fields.get("DialCallStatus");
    let bridged = !fields.get("DialBridged").eq_ignore_ascii_case("false");
    let outcome = match (status, bridged) {
        ("completed" | "answered", false) => DialOutcome::NoAnswer,
        _ => ended_as(status)
            .ok_or_else(|| Unreadable("DialCallStatus is missing or unknown".to_owned()))?,
    };
    let talk_s = fields.seconds("DialCallDuration").filter(|_| outcome == DialOutcome::Answered);
    let detail = format!("{}:{status}", bounded_id(fields.get("DialCallSid")).unwrap_or("-"));
    Ok(Some((CallEventKind::DialEnded { outcome, talk_s }, detail)))
}

fn leg(fields: &Fields<'_>) -> Result<Option<Told>, Unreadable> {
    let status = fields.get("CallStatus");
    let kind = match status {
        "ringing" => CallEventKind::Ringing,
        "in-progress" | "answered" => CallEventKind::Answered,
        "queued" | "initiated" => return Ok(None),
        _ => CallEventKind::LegEnded {
            outcome: ended_as(status)
                .ok_or_else(|| Unreadable("CallStatus is missing or unknown".to_owned()))?,
            talk_s: fields.seconds("CallDuration"),
        },
    };
    Ok(Some((kind, format!("{}:{status}", fields.id("CallSid")?))))
}

/// Only the end of the caller's leg counts; that it is `completed` does not mean answered.
fn parent(fields: &Fields<'_>) -> Option<Told> {
    let status = fields.get("CallStatus");
    let outcome = match ended_as(status)? {
        DialOutcome::Answered => None,
        other => Some(other),
    };
    let duration_s = fields.seconds("CallDuration");
    Some((CallEventKind::Ended { duration_s, outcome }, status.to_owned()))
}

fn recording(fields: &Fields<'_>) -> Option<Told> {
    let status = fields.get("RecordingStatus");
    if !matches!(status, "completed" | "") {
        return None;
    }
    let url = link(fields.get("RecordingUrl"))?;
    let detail = bounded_id(fields.get("RecordingSid")).unwrap_or("-").to_owned();
    let duration_s = fields.seconds("RecordingDuration");
    Some((CallEventKind::Recorded { url, duration_s }, detail))
}

fn ended_as(status: &str) -> Option<DialOutcome> {
    Some(match status {
        "completed" | "answered" => DialOutcome::Answered,
        "busy" => DialOutcome::Busy,
        "no-answer" => DialOutcome::NoAnswer,
        "failed" => DialOutcome::Failed,
        "canceled" => DialOutcome::Canceled,
        _ => return None,
    })
}
