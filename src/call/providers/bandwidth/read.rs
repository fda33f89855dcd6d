//! Bandwidth's JSON → our events (telephony facts §7).

use crate::call::answer::accepts;
use crate::call::attestation;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::bandwidth::NAME;
use crate::call::providers::json::Tree;
use crate::call::providers::report::Report;
use crate::call::providers::{Unreadable, Wants, Webhook, bounds, outcome, time};
use crate::config::model::Site;
use crate::platform::clock::Millis;

/// What Bandwidth waits for.
pub fn wants(webhook: &Webhook<'_>) -> Wants {
    match webhook.event {
        "accept" => {
            let digits = Tree::of(webhook.body).map(|tree| tree.text("/digits"));
            Wants::Screened { accepted: digits.is_ok_and(|digits| accepts(&digits)) }
        }
        _ => webhook.wants(),
    }
}

/// What a verified webhook says.
pub fn events(site: &Site, webhook: &Webhook<'_>) -> Result<Vec<CallEvent>, Unreadable> {
    let tree = Tree::of(webhook.body)?;
    let is_leg = matches!(webhook.event, "leg" | "whisper" | "accept");
    let call_id = if is_leg { tree.text("/parentCallId") } else { tree.text("/callId") };
    let mut report = Report::new(NAME, site, webhook, &call_id)?;
    if is_leg {
        report.leg_to(&tree.text("/to"));
    } else {
        report = about_the_call(report, &tree);
    }
    let happened = Happened::of(&tree);
    match webhook.event {
        "voice" => report.add(CallEventKind::Received, "", happened.started.or(happened.at)),
        "status" => status(&mut report, &tree, &happened),
        "dial" => {
            let cause = tree.text("/cause");
            let outcome = if cause == "hangup" { DialOutcome::Answered } else { ended_as(&cause) };
            report.add(CallEventKind::DialEnded { outcome, talk_s: None }, &cause, happened.at);
        }
        "leg" => leg(&mut report, &tree, &happened),
        "whisper" => {
            report.add(CallEventKind::Answered, "answered", happened.at);
            if webhook.bookmark().asks_acceptance() {
                report.add(CallEventKind::Screened { accepted: false }, "asked", happened.at);
            }
        }
        "accept" if accepts(&tree.text("/digits")) => {
            report.add(CallEventKind::Screened { accepted: true }, "yes", happened.at);
            report.add(CallEventKind::Connected, "connected", happened.at);
        }
        "gather" => {
            report.add_keys(webhook.bookmark().mark, &tree.text("/digits"), happened.at);
        }
        "voicemail" | "message" => {
            let url = bounds::link(&tree.text("/mediaUrl"));
            let duration_s = time::iso_duration(&tree.text("/duration"));
            report.add_message(url, duration_s, happened.at);
        }
        "recording" => recording(&mut report, &tree, &happened),
        "refer" => {
            report.add(CallEventKind::Transferred { to: None, onward: None }, "", happened.at)
        }
        _ => {}
    }
    Ok(report.events())
}

/// The times of an event.
struct Happened {
    at: Option<Millis>,
    started: Option<Millis>,
    answered: Option<Millis>,
    ended: Option<Millis>,
}

impl Happened {
    fn of(tree: &Tree) -> Self {
        let moment = |pointer| time::moment(&tree.text(pointer));
        Happened {
            at: moment("/eventTime"),
            started: moment("/startTime"),
            answered: moment("/answerTime"),
            ended: moment("/endTime"),
        }
    }

    fn talked_s(&self) -> Option<u32> {
        self.answered.zip(self.ended).map(|(from, until)| time::between(from, until))
    }
}

/// A withheld number comes as a word.
fn about_the_call<'a>(report: Report<'a>, tree: &Tree) -> Report<'a> {
    let name = tree.first(&["/callerDisplayName", "/callerName"]);
    let mut report = report
        .numbers(&tree.text("/from"), &name, &tree.text("/to"))
        .forwarded_from(&tree.text("/diversion/origTo"));
    let letter = tree.text("/stirShaken/attestationIndicator");
    report.from.attestation = attestation::from_words(&tree.text("/stirShaken/verstat"), &letter);
    report
}

/// A caller's leg that nobody answered lasted no time at all. Only its end is told there; whatever else comes says
/// nothing of it.
fn status(report: &mut Report<'_>, tree: &Tree, happened: &Happened) {
    if !matches!(tree.text("/eventType").as_str(), "disconnect" | "") {
        return;
    }
    let cause = tree.text("/cause");
    let outcome = match cause.as_str() {
        "hangup" => None,
        other => Some(ended_as(other)),
    };
    let duration_s = happened.talked_s().or(Some(0).filter(|_| happened.ended.is_some()));
    let at = happened.ended.or(happened.at);
    report.add(CallEventKind::Ended { duration_s, outcome }, &cause, at);
}

/// Told of every leg, also when the caller hung up first: the only word on the conversation then.
fn leg(report: &mut Report<'_>, tree: &Tree, happened: &Happened) {
    let leg = tree.text("/callId");
    let leg = bounds::id(&leg).unwrap_or("-");
    if let Some(at) = happened.answered {
        report.add(CallEventKind::Answered, &format!("{leg}:answered"), Some(at));
    }
    let outcome = match happened.answered {
        Some(_) => DialOutcome::Answered,
        None => ended_as(&tree.text("/cause")),
    };
    let kind = CallEventKind::LegEnded { outcome, talk_s: happened.talked_s(), conclusive: true };
    report.add(kind, &format!("{leg}:ended"), happened.ended.or(happened.at));
}

fn recording(report: &mut Report<'_>, tree: &Tree, happened: &Happened) {
    if tree.text("/status") == "error" {
        return;
    }
    let Some(url) = bounds::link(&tree.text("/mediaUrl")) else { return };
    let duration_s = time::iso_duration(&tree.text("/duration"));
    let detail = bounds::id(&tree.text("/recordingId")).unwrap_or("-").to_owned();
    report.add(CallEventKind::Recorded { url, duration_s }, &detail, happened.at);
}

/// The list of causes is open: what is not known failed.
fn ended_as(cause: &str) -> DialOutcome {
    match cause {
        "hangup" => DialOutcome::Canceled,
        other => outcome::of(other).unwrap_or(DialOutcome::Failed),
    }
}
