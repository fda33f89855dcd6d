//! Records of mod_json_cdr → our events (telephony facts §8.2).
//!
//! The record of the caller's leg tells everything at once. A body is JSON, or a form with that in
//! `cdr`, or with base64 of it; unless told not to, FreeSWITCH percent-encodes every text inside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::call::attestation;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::fields::Fields;
use crate::call::providers::freeswitch::NAME;
use crate::call::providers::json::Tree;
use crate::call::providers::report::Report;
use crate::call::providers::{Unreadable, Webhook, bounds, outcome, time};
use crate::config::model::Site;
use crate::platform::clock::Millis;

/// What a record says. That of the dialled leg says nothing more.
pub fn events(site: &Site, webhook: &Webhook<'_>) -> Result<Vec<CallEvent>, Unreadable> {
    let record = Record(body(webhook)?.decoded());
    if record.variable("direction") == "outbound" {
        return Ok(Vec::new());
    }
    let id = record.0.first(&[
        "/variables/uuid",
        "/variables/call_uuid",
        "/callflow/0/caller_profile/uuid",
    ]);
    let mut report = about_the_call(Report::new(NAME, site, webhook, &id)?, &record);
    let times = Times::of(&record);
    report.add(CallEventKind::Received, "received", times.start);
    if times.rang.is_some() {
        report.add(CallEventKind::Ringing, "ringing", times.rang);
    }
    if times.bridged.is_some() {
        report.add(CallEventKind::Connected, "connected", times.bridged);
    }
    if let Some(seconds) =
        record.0.seconds("/variables/hold_accum_seconds").filter(|held| *held > 0)
    {
        report.add(CallEventKind::HeldFor { seconds }, "held", times.end);
    }
    if !record.variable("transfer_history").is_empty() {
        report.add(CallEventKind::Transferred { to: None, onward: None }, "transferred", times.end);
    }
    if let Some(outcome) = dialled(&record, times.bridged) {
        let talked = times.bridged.zip(times.end);
        let talk_s = talked.map(|(from, until)| time::between(from, until));
        report.add(CallEventKind::DialEnded { outcome, talk_s }, "dialled", times.end);
    }
    let duration_s = record.0.seconds("/variables/billsec");
    let outcome = outcome::of(&record.variable("hangup_cause"));
    let outcome = outcome.filter(|outcome| *outcome != DialOutcome::Answered);
    report.add(CallEventKind::Ended { duration_s, outcome }, "ended", times.end);
    Ok(report.events())
}

fn body(webhook: &Webhook<'_>) -> Result<Tree, Unreadable> {
    if webhook.body.trim_ascii_start().starts_with(b"{") {
        return Tree::of(webhook.body);
    }
    let fields = Fields::of(webhook);
    let packed = fields.get("cdr");
    if packed.starts_with('{') {
        return Tree::of(packed.as_bytes());
    }
    // A form turns the plus signs of base64 into spaces.
    let bytes = STANDARD.decode(packed.replace(' ', "+"));
    Tree::of(&bytes.map_err(|_| Unreadable("the form has no readable `cdr`".to_owned()))?)
}

struct Record(Tree);

impl Record {
    fn variable(&self, name: &str) -> String {
        self.0.text(&format!("/variables/{name}"))
    }

    /// A moment that happened: in microseconds, or in seconds.
    fn moment(&self, name: &str) -> Option<Millis> {
        time::micros(&self.variable(&format!("{name}_uepoch")))
            .or_else(|| time::seconds(&self.variable(&format!("{name}_epoch"))))
    }
}

struct Times {
    start: Option<Millis>,
    rang: Option<Millis>,
    bridged: Option<Millis>,
    end: Option<Millis>,
}

impl Times {
    fn of(record: &Record) -> Self {
        Times {
            start: record.moment("start"),
            rang: record.moment("progress").or_else(|| record.moment("progress_media")),
            bridged: record.moment("bridge"),
            end: record.moment("end"),
        }
    }
}

fn about_the_call<'a>(report: Report<'a>, record: &Record) -> Report<'a> {
    let profile = |name: &str| format!("/callflow/0/caller_profile/{name}");
    let first = |own: &str, of_profile: &str| {
        record.0.first(&[&format!("/variables/{own}"), &profile(of_profile)])
    };
    let mut report = report
        .numbers(
            &first("sip_from_user", "caller_id_number"),
            &first("caller_id_name", "caller_id_name"),
            &first("sip_to_user", "destination_number"),
        )
        .forwarded_from(&record.variable("sip_h_Diversion"))
        .ad(record.0.members("/variables"));
    let word = record.0.first(&["/variables/sip_verstat_detailed", "/variables/sip_verstat"]);
    report.from.attestation = attestation::from_verstat(&word);
    report.sip_call_id = bounds::id(&record.variable("sip_call_id")).map(str::to_owned);
    report
}

/// How the bridge ended; `None` when nothing was dialled.
fn dialled(record: &Record, bridged: Option<Millis>) -> Option<DialOutcome> {
    if bridged.is_some() {
        return Some(DialOutcome::Answered);
    }
    let words =
        ["originate_disposition", "last_bridge_hangup_cause"].map(|name| record.variable(name));
    let word = words.iter().find(|word| !word.is_empty())?;
    Some(match outcome::of(word) {
        // Picked up, but never connected.
        Some(DialOutcome::Answered) => DialOutcome::NoAnswer,
        None if word == "SUCCESS" => DialOutcome::NoAnswer,
        other => other.unwrap_or(DialOutcome::Failed),
    })
}
