//! Form fields → our events (telephony facts §2.1, §2.3–§2.5, §3, §4.3).

use crate::call::answer::accepts;
use crate::call::attestation;
use crate::call::caller::told_number;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::fields::Fields;
use crate::call::providers::report::Report;
use crate::call::providers::twiml::Dialect;
use crate::call::providers::{Unreadable, Wants, Webhook, bounds, outcome, time};
use crate::config::model::Site;
use crate::platform::clock::Millis;

/// What the provider waits for.
pub fn wants(webhook: &Webhook<'_>) -> Wants {
    match webhook.event {
        "accept" => Wants::Screened { accepted: accepts(Fields::of(webhook).get("Digits")) },
        _ => webhook.wants(),
    }
}

/// What a verified webhook says.
pub fn events(
    dialect: &Dialect,
    site: &Site,
    webhook: &Webhook<'_>,
) -> Result<Vec<CallEvent>, Unreadable> {
    let fields = Fields::of(webhook);
    // A leg's own From and To are not the caller and the tracking number.
    let is_leg = matches!(webhook.event, "leg" | "whisper" | "accept");
    let call_id = fields.get(if is_leg { "ParentCallSid" } else { "CallSid" });
    let mut report = match Report::new(dialect.provider, site, webhook, call_id) {
        // The provider does not promise to name the parent on what runs on the leg.
        Err(_) if matches!(webhook.event, "whisper" | "accept") => return Ok(Vec::new()),
        report => report?,
    };
    if is_leg {
        report.leg_to(fields.first(&["To", "Called"]));
    } else {
        report = about_the_call(report, &fields);
    }
    match webhook.event {
        "voice" => report.add(CallEventKind::Received, "", None),
        "status" => status(&mut report, &fields),
        "dial" => dial(&mut report, &fields, webhook)?,
        "leg" => leg(&mut report, &fields)?,
        "whisper" if webhook.bookmark().asks_acceptance() => {
            report.add(CallEventKind::Screened { accepted: false }, "", None);
        }
        "accept" if accepts(fields.get("Digits")) => {
            report.add(CallEventKind::Screened { accepted: true }, "yes", None);
            report.add(CallEventKind::Connected, "connected", None);
        }
        "gather" => report.add_keys(webhook.bookmark().mark, fields.get("Digits"), None),
        "voicemail" => message(&mut report, &fields),
        "recording" => recording(&mut report, &fields),
        "refer" => {
            let to = told_number(fields.get("ReferTransferTarget"), &site.country);
            report.add(CallEventKind::Transferred { to, onward: None }, "", None);
        }
        _ => {}
    }
    Ok(report.events())
}

fn about_the_call<'a>(report: Report<'a>, fields: &Fields<'_>) -> Report<'a> {
    let name = fields.first(&["CallerName", "CallerIdName"]);
    let mut report = report
        .numbers(fields.first(&["From", "Caller"]), name, fields.first(&["To", "Called"]))
        .forwarded_from(fields.get("ForwardedFrom"))
        .ad(fields.all());
    report.from.attestation = attestation::from_verstat(fields.get("StirVerstat")).or_else(|| {
        let verdict = fields.get("ShakenStirValidated");
        attestation::from_words(verdict, fields.get("ShakenStirAttestation"))
    });
    report.sip_call_id = bounds::id(fields.get("SipCallId")).map(str::to_owned);
    // The network sends a place for made-up numbers too.
    if report.from.number.is_some() {
        report.from.city = bounds::text(fields.get("FromCity"));
        report.from.region = bounds::text(fields.get("FromState"));
        let country = bounds::country_code(fields.get("FromCountry"));
        if !country.is_empty() {
            report.from.country = country;
        }
    }
    report
}

fn moment(fields: &Fields<'_>) -> Option<Millis> {
    time::moment(fields.get("Timestamp"))
}

/// Only the end of the caller's leg counts; that it is `completed` does not mean answered.
fn status(report: &mut Report<'_>, fields: &Fields<'_>) {
    let word = fields.get("CallStatus");
    let Some(end) = ended_as(word) else { return };
    let outcome = Some(end).filter(|end| *end != DialOutcome::Answered);
    let duration_s = fields.seconds("CallDuration");
    report.add(CallEventKind::Ended { duration_s, outcome }, word, moment(fields));
}

/// `DialBridged=false` with `completed`: somebody picked up and did not take the call.
fn dial(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    webhook: &Webhook<'_>,
) -> Result<(), Unreadable> {
    let word = fields.get("DialCallStatus");
    let bridged = fields.get("DialBridged");
    let end = ended_as(word)
        .ok_or_else(|| Unreadable("DialCallStatus is missing or unknown".to_owned()))?;
    let outcome = match end {
        DialOutcome::Answered if bridged.eq_ignore_ascii_case("false") => DialOutcome::NoAnswer,
        end => end,
    };
    let talk_s = fields.seconds("DialCallDuration").filter(|_| outcome == DialOutcome::Answered);
    let detail = format!("{}:{word}", fields.id_or_dash("DialCallSid"));
    // That they were bridged proves that the call was accepted, also when the key's report is lost.
    if bridged.eq_ignore_ascii_case("true") && webhook.bookmark().asks_acceptance() {
        report.add(CallEventKind::Screened { accepted: true }, "bridged", None);
    }
    report.add(CallEventKind::DialEnded { outcome, talk_s }, &detail, None);
    Ok(())
}

fn leg(report: &mut Report<'_>, fields: &Fields<'_>) -> Result<(), Unreadable> {
    let word = fields.get("CallStatus");
    let kind = match word {
        "ringing" => CallEventKind::Ringing,
        "in-progress" | "answered" => CallEventKind::Answered,
        "queued" | "initiated" => return Ok(()),
        _ => CallEventKind::LegEnded {
            outcome: ended_as(word)
                .ok_or_else(|| Unreadable("CallStatus is missing or unknown".to_owned()))?,
            talk_s: fields.seconds("CallDuration"),
            conclusive: false,
        },
    };
    report.add(kind, &format!("{}:{word}", fields.id("CallSid")?), moment(fields));
    Ok(())
}

/// Without a link there is no message.
fn message(report: &mut Report<'_>, fields: &Fields<'_>) {
    let url = bounds::link(fields.get("RecordingUrl"));
    if url.is_some() {
        report.add_message(url, fields.seconds("RecordingDuration"), None);
    }
}

fn recording(report: &mut Report<'_>, fields: &Fields<'_>) {
    if !matches!(fields.get("RecordingStatus"), "completed" | "") {
        return;
    }
    if fields.get("RecordingSource") == "RecordVerb" {
        return message(report, fields);
    }
    let Some(url) = bounds::link(fields.get("RecordingUrl")) else { return };
    let duration_s = fields.seconds("RecordingDuration");
    let detail = fields.id_or_dash("RecordingSid").to_owned();
    report.add(CallEventKind::Recorded { url, duration_s }, &detail, None);
}

fn ended_as(word: &str) -> Option<DialOutcome> {
    // Words of this dialect only: a number among them would be a status of something else.
    let known =
        matches!(word, "completed" | "answered" | "busy" | "no-answer" | "failed" | "canceled");
    known.then(|| outcome::of(word)).flatten()
}
