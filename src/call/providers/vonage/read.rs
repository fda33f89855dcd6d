//! Vonage's fields → our events (telephony facts §6).

use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::json::Tree;
use crate::call::providers::report::Report;
use crate::call::providers::vonage::NAME;
use crate::call::providers::{Unreadable, Wants, Webhook, bounds, outcome, time};
use crate::config::model::Site;

/// What Vonage waits for.
pub fn wants(webhook: &Webhook<'_>) -> Wants {
    match webhook.event {
        // Vonage tells of every state of the leg there, but goes by a reply only when it failed.
        "dial" => {
            let status = Tree::of_webhook(webhook).map(|tree| tree.text("/status"));
            match status.ok().and_then(|status| ended_as(&status)) {
                None | Some(DialOutcome::Answered) => Wants::Receipt,
                Some(_) => webhook.wants(),
            }
        }
        // The message is told of when the caller has gone.
        "voicemail" => Wants::Receipt,
        _ => webhook.wants(),
    }
}

/// What a verified webhook says.
pub fn events(site: &Site, webhook: &Webhook<'_>) -> Result<Vec<CallEvent>, Unreadable> {
    let tree = Tree::of_webhook(webhook)?;
    if tree.text("/status") == "transfer" || !tree.text("/conversation_uuid_from").is_empty() {
        let mut report = Report::new(NAME, site, webhook, &tree.text("/conversation_uuid_from"))?;
        let at = time::moment(&tree.text("/timestamp"));
        let onward = bounds::id(&tree.text("/conversation_uuid_to")).map(str::to_owned);
        let detail = format!("transfer:{}", onward.as_deref().unwrap_or("-"));
        report.add(CallEventKind::Transferred { to: None, onward }, &detail, at);
        return Ok(report.events());
    }
    let mut report =
        Report::new(NAME, site, webhook, &tree.first(&["/conversation_uuid", "/uuid"]))?;
    let is_callers = webhook.event == "voice" || tree.text("/direction") == "inbound";
    if is_callers {
        let number = |pointer| bounds::with_plus(&tree.text(pointer));
        report = report.numbers(&number("/from"), "", &number("/to")).ad(tree.members(""));
    } else {
        report.leg_to(&bounds::with_plus(&tree.text("/to")));
    }
    match webhook.event {
        "voice" => report.add(CallEventKind::Received, "", time::moment(&tree.text("/timestamp"))),
        "status" | "dial" => leg(&mut report, &tree, is_callers),
        "gather" => {
            let told = tree.first(&["/dtmf/digits", "/dtmf"]);
            report.add_keys(webhook.bookmark().mark, &told, None);
        }
        "recording" | "voicemail" => recording(&mut report, &tree, webhook.event == "voicemail"),
        _ => {}
    }
    Ok(report.events())
}

fn leg(report: &mut Report<'_>, tree: &Tree, is_callers: bool) {
    let status = tree.text("/status");
    let kind = match (status.as_str(), is_callers) {
        // The caller's leg is answered as soon as something is played to it.
        ("started" | "ringing" | "answered", true) => return,
        ("ringing", false) => CallEventKind::Ringing,
        ("answered", false) => CallEventKind::Connected,
        _ => {
            let Some(outcome) = ended_as(&status) else { return };
            let duration_s = tree.seconds("/duration");
            if is_callers {
                let outcome = Some(outcome).filter(|outcome| *outcome != DialOutcome::Answered);
                CallEventKind::Ended { duration_s, outcome }
            } else {
                CallEventKind::LegEnded { outcome, talk_s: duration_s, conclusive: true }
            }
        }
    };
    // A leg's word may come to both addresses: it is the same event.
    let leg = bounds::id(&tree.text("/uuid")).unwrap_or("-").to_owned();
    let ended_at = if status == "completed" { tree.text("/end_time") } else { String::new() };
    let at = time::moment(&ended_at).or_else(|| time::moment(&tree.text("/timestamp")));
    report.add(kind, &format!("{leg}:{status}"), at);
}

fn recording(report: &mut Report<'_>, tree: &Tree, is_message: bool) {
    let url = bounds::link(&tree.text("/recording_url"));
    let from = time::moment(&tree.text("/start_time"));
    let until = time::moment(&tree.text("/end_time"));
    let duration_s = from.zip(until).map(|(from, until)| time::between(from, until));
    let detail = bounds::id(&tree.text("/recording_uuid")).unwrap_or("-").to_owned();
    match url {
        Some(url) if is_message => report.add_message(Some(url), duration_s, None),
        Some(url) => report.add(CallEventKind::Recorded { url, duration_s }, &detail, None),
        None => {}
    }
}

fn ended_as(status: &str) -> Option<DialOutcome> {
    match status {
        "completed" | "busy" | "cancelled" | "unanswered" | "rejected" | "failed" | "timeout" => {
            outcome::of(status)
        }
        _ => None,
    }
}
