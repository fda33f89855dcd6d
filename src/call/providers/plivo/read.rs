//! Plivo's form fields → our events (telephony facts §5.1, §5.3).

use crate::call::attestation;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::fields::Fields;
use crate::call::providers::plivo::NAME;
use crate::call::providers::report::Report;
use crate::call::providers::{Unreadable, Webhook, bounds, outcome, time};
use crate::config::model::Site;

/// What a verified webhook says.
pub fn events(site: &Site, webhook: &Webhook<'_>) -> Result<Vec<CallEvent>, Unreadable> {
    // It runs on the other leg and names no call of ours.
    if webhook.event == "whisper" {
        return Ok(Vec::new());
    }
    let fields = Fields::of(webhook);
    let is_leg = webhook.event == "leg";
    let call_id =
        if is_leg { fields.first(&["DialALegUUID", "CallUUID"]) } else { fields.get("CallUUID") };
    let mut report = Report::new(NAME, site, webhook, call_id)?;
    if is_leg {
        report.leg_to(&bounds::with_plus(fields.get("DialBLegTo")));
    } else {
        report = about_the_call(report, &fields);
    }
    match webhook.event {
        "voice" => {
            let at = time::moment(fields.get("SessionStart"));
            report.add(CallEventKind::Received, "", at);
        }
        "status" => status(&mut report, &fields),
        "dial" => dial(&mut report, &fields, webhook)?,
        "leg" => leg(&mut report, &fields, webhook),
        "gather" => report.add_keys(webhook.bookmark().mark, fields.get("Digits"), None),
        "voicemail" => {
            let (url, duration_s) = recording(&fields);
            if url.is_some() {
                report.add_message(url, duration_s, None);
            }
        }
        "recording" => {
            if let (Some(url), duration_s) = recording(&fields) {
                let detail = fields.id_or_dash("RecordingID").to_owned();
                report.add(CallEventKind::Recorded { url, duration_s }, &detail, None);
            }
        }
        _ => {}
    }
    Ok(report.events())
}

/// Numbers come without their `+`.
fn about_the_call<'a>(report: Report<'a>, fields: &Fields<'_>) -> Report<'a> {
    let number = |name| bounds::with_plus(fields.get(name));
    let mut report = report
        .numbers(&number("From"), fields.get("CallerName"), &number("To"))
        .forwarded_from(&number("ForwardedFrom"))
        .ad(fields.all());
    let verdict = fields.get("STIRVerification");
    report.from.attestation = attestation::from_words(verdict, fields.get("STIRAttestation"));
    report
}

/// Its times are in the zone of the account's console, without saying which: only the start of the
/// session and our own clock count.
fn status(report: &mut Report<'_>, fields: &Fields<'_>) {
    let word = fields.get("CallStatus");
    let Some(end) = outcome::of(word) else { return };
    let outcome = Some(end).filter(|end| *end != DialOutcome::Answered);
    let duration_s = fields.seconds("Duration");
    report.add(CallEventKind::Ended { duration_s, outcome }, word, None);
}

/// The dial's end. The leg's own reports tell how long was talked, unless none of them comes; and where the person
/// who picked up was asked, that they took the call.
fn dial(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    webhook: &Webhook<'_>,
) -> Result<(), Unreadable> {
    let word = fields.get("DialStatus");
    let outcome = outcome::of(word)
        .ok_or_else(|| Unreadable("DialStatus is missing or unknown".to_owned()))?;
    let talk_s = fields.seconds("DialBLegDuration").filter(|_| outcome == DialOutcome::Answered);
    let detail = format!("{}:{word}", fields.id_or_dash("DialBLegUUID"));
    if webhook.bookmark().asks_acceptance() {
        report.add(CallEventKind::Screened { accepted: false }, "asked", None);
    }
    report.add(CallEventKind::DialEnded { outcome, talk_s }, &detail, None);
    Ok(())
}

fn leg(report: &mut Report<'_>, fields: &Fields<'_>, webhook: &Webhook<'_>) {
    let kind = match fields.first(&["DialAction", "Event"]) {
        "answer" | "DialAnswer" => CallEventKind::Answered,
        "connected" | "DialConnected" => CallEventKind::Connected,
        "hangup" | "DialHangup" => {
            let cause = fields.first(&["DialBLegStatus", "DialBLegHangupCauseName"]);
            let cause = if cause == "hangup" { fields.get("DialBLegHangupCause") } else { cause };
            CallEventKind::LegEnded {
                outcome: outcome::of(cause).unwrap_or(DialOutcome::Failed),
                talk_s: fields.seconds("DialBLegDuration"),
                conclusive: false,
            }
        }
        _ => return,
    };
    let leg = fields.id_or_dash("DialBLegUUID");
    let word = fields.first(&["DialAction", "Event"]);
    let detail = format!("{leg}:{}", bounds::text(word));
    if kind == CallEventKind::Connected && webhook.bookmark().asks_acceptance() {
        report.add(CallEventKind::Screened { accepted: true }, &format!("{detail}:yes"), None);
    }
    report.add(kind, &detail, None);
}

fn recording(fields: &Fields<'_>) -> (Option<String>, Option<u32>) {
    let url = bounds::link(fields.first(&["RecordUrl", "RecordFile"]));
    (url, fields.seconds("RecordingDuration"))
}
