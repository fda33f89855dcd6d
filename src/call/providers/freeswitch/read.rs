//! Requests of mod_httapi → our events (telephony facts §8.2).

use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::fields::Fields;
use crate::call::providers::freeswitch::NAME;
use crate::call::providers::report::Report;
use crate::call::providers::{Unreadable, Wants, Webhook, bounds, outcome};
use crate::config::model::Site;

/// What FreeSWITCH waits for. On the last request of a call it waits for nothing.
pub fn wants(webhook: &Webhook<'_>) -> Wants {
    match Fields::of(webhook).get("exiting") {
        "true" => Wants::Receipt,
        _ => webhook.wants(),
    }
}

/// What a request says.
pub fn events(site: &Site, webhook: &Webhook<'_>) -> Result<Vec<CallEvent>, Unreadable> {
    let fields = Fields::of(webhook);
    let mut report = Report::new(NAME, site, webhook, fields.id("session_id")?)?.numbers(
        fields.get("Caller-Caller-ID-Number"),
        fields.get("Caller-Caller-ID-Name"),
        fields.get("Caller-Destination-Number"),
    );
    report = report.ad(fields.all());
    report.sip_call_id = bounds::id(fields.get("variable_sip_call_id")).map(str::to_owned);
    match webhook.event {
        "voice" if fields.get("exiting") != "true" => {
            report.add(CallEventKind::Received, "", None);
        }
        "dial" => dial(&mut report, &fields),
        "gather" => report.add_keys(webhook.bookmark().mark, fields.get("digits"), None),
        "voicemail" => report.add_message(None, fields.seconds("record_seconds"), None),
        _ => {}
    }
    Ok(report.events())
}

/// `originate_disposition` is `SUCCESS` when a leg picked up; otherwise it names the cause.
fn dial(report: &mut Report<'_>, fields: &Fields<'_>) {
    let word = fields.get("originate_disposition");
    let outcome = match word {
        "" => return,
        "SUCCESS" => DialOutcome::Answered,
        cause => outcome::of(cause).unwrap_or(DialOutcome::Failed),
    };
    report.add(CallEventKind::DialEnded { outcome, talk_s: None }, "", None);
}
