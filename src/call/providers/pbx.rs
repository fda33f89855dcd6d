//! The plain form that Asterisk and Kamailio speak with us: their dialplan or script writes each
//! request, so that both use the same words.
//!
//! | event | says | answer |
//! |---|---|---|
//! | `voice` | the call arrived | what to do |
//! | `leg` | `state`: `ringing`, `answered`, `connected`, `held`, `resumed`, `queued`, `dequeued` | 204 |
//! | `dial` | how the dial ended, the caller is still there | what to do |
//! | `gather` | the caller's keys | what to do |
//! | `voicemail` | the message is over | what to do |
//! | `transfer` | the call was handed on | 204 |
//! | `recording` | a recording can be fetched | 204 |
//! | `status` | the call ended, and how its dial did | 204 |
//!
//! | field | |
//! |---|---|
//! | `call` | the same for all events of a call; `linkedid`, `uniqueid` and `callid` do, too |
//! | `from`, `name`, `to`, `fwd` | caller, caller's name, tracking number, number forwarded from |
//! | `verstat`, `att` | verdict and level of STIR/SHAKEN |
//! | `sip_call_id` | `Call-ID` of the caller's leg |
//! | `X-…` | headers in which an ad platform tells of its ad, by their own names (`[sites.ad_headers]`) |
//! | `at` | when it happened, RFC 3339 or epoch seconds; absent: now |
//! | `state` | of a `leg` |
//! | `cause` | how the dial ended: `DIALSTATUS`, a SIP status, a word of the outcome table |
//! | `hangup` | how the caller's leg ended: a word of the outcome table |
//! | `talk_ms`, `ring_ms`, `dial_ms` | from answer to end; from dial to ringing; from dial to end |
//! | `wait_s`, `duration_s` | of a queue; of a recording or message |
//! | `mark` | of the step that it is about, as the answer named it |
//! | `dest` | of a `leg` and of a `dial`: who was dialled, as the answer named them |
//! | `agent` | on any: who of the business talks with the caller |
//! | `digits`, `to`, `url` | keys; number that the call was handed on to; link of a recording |
//!
//! A request is a form, a query, or a flat JSON object. It carries the site's token in
//! `Authorization`: `Bearer`, or as the password of `Basic`.

use crate::call::answer::Stage;
use crate::call::attestation;
use crate::call::caller::told_number;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::fields::Fields;
use crate::call::providers::report::Report;
use crate::call::providers::{
    Unreadable, Unverified, Verified, Wants, Webhook, bounds, outcome, secrets, time,
};
use crate::config::model::{Site, TokenAccount};
use crate::platform::clock::Millis;

/// The events of a server that can play and record.
pub const EVENTS: &[&str] =
    &["voice", "leg", "dial", "gather", "voicemail", "transfer", "recording", "status"];

/// Checks the token. It covers neither body nor time; what comes again is recognised by call and
/// event, and changes nothing.
pub fn verify(accounts: &[TokenAccount], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if accounts.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let password = secrets::basic(webhook).map(|(_, password)| password);
    let told = secrets::bearer(webhook).map(str::to_owned).or(password);
    let told = told.ok_or(Unverified::BadSignature)?;
    let mut tokens =
        accounts.iter().flat_map(|account| secrets::given([&account.token, &account.second_token]));
    if tokens.any(|token| secrets::same(token.as_bytes(), told.as_bytes())) {
        Ok(Verified::default())
    } else {
        Err(Unverified::BadSignature)
    }
}

/// What the server waits for. It may send a step's mark back as a field.
pub fn wants(webhook: &Webhook<'_>) -> Wants {
    match webhook.wants() {
        Wants::Next { over, mark } if mark.is_empty() => {
            let fields = Fields::of_any(webhook);
            let told = fields.map(|fields| bounds::text(fields.get("mark")));
            Wants::Next { over, mark: told.unwrap_or_default() }
        }
        wants => wants,
    }
}

/// What a request says.
pub fn events(
    provider: &'static str,
    site: &Site,
    webhook: &Webhook<'_>,
) -> Result<Vec<CallEvent>, Unreadable> {
    let fields = Fields::of_any(webhook)?;
    let call_id = fields.first(&["call", "linkedid", "uniqueid", "callid"]);
    let mut report = Report::new(provider, site, webhook, call_id)?;
    report.sip_call_id = bounds::id(fields.first(&["sip_call_id", "callid"])).map(str::to_owned);
    if webhook.event != "transfer" {
        report = about_the_call(report, &fields);
    }
    if report.stage.is_unknown() {
        report.stage = Stage::of_mark(fields.get("mark"));
    }
    report.leg_to(fields.get("dest"));
    let at = time::moment(fields.get("at"));
    let told_by = format!("{}:{}", fields.get("state"), at.map_or(0, |at| at.0));
    report.add_agent(fields.get("agent"), &told_by, at);
    match webhook.event {
        "voice" => report.add(CallEventKind::Received, "", at),
        "leg" => leg(&mut report, &fields, at)?,
        "dial" => dial(&mut report, &fields, at)?,
        "gather" => {
            let mark = match webhook.bookmark().mark {
                mark if mark.is_empty() => bounds::text(fields.get("mark")),
                mark => mark,
            };
            report.add_keys(mark, fields.get("digits"), at);
        }
        "voicemail" => {
            let url = bounds::link(fields.get("url"));
            report.add_message(url, fields.seconds("duration_s"), at);
        }
        "transfer" => {
            let to = told_number(fields.get("to"), &site.country);
            report.add(CallEventKind::Transferred { to, onward: None }, "", at);
        }
        "recording" => {
            let url = bounds::link(fields.get("url"))
                .ok_or_else(|| Unreadable("url is missing or no link".to_owned()))?;
            let duration_s = fields.seconds("duration_s");
            report.add(CallEventKind::Recorded { url, duration_s }, "", at);
        }
        "status" => status(&mut report, &fields, at)?,
        _ => {}
    }
    Ok(report.events())
}

fn about_the_call<'a>(report: Report<'a>, fields: &Fields<'_>) -> Report<'a> {
    let mut report = report
        .numbers(fields.get("from"), fields.get("name"), fields.get("to"))
        .forwarded_from(fields.get("fwd"))
        .ad(fields.all());
    report.from.attestation = attestation::from_words(fields.get("verstat"), fields.get("att"));
    report
}

fn leg(report: &mut Report<'_>, fields: &Fields<'_>, at: Option<Millis>) -> Result<(), Unreadable> {
    let state = fields.get("state");
    let kind = match state {
        "ringing" => CallEventKind::Ringing,
        "answered" => CallEventKind::Answered,
        "connected" => CallEventKind::Connected,
        "queued" => CallEventKind::Queued,
        "dequeued" => CallEventKind::Dequeued { wait_s: fields.seconds("wait_s") },
        // Without a moment of its own, a report that comes twice would count twice.
        "held" | "resumed" if at.is_none() => {
            return Err(Unreadable(format!("`{state}` needs `at`")));
        }
        "held" => CallEventKind::Held,
        "resumed" => CallEventKind::Resumed,
        _ => return Err(Unreadable("state is missing or unknown".to_owned())),
    };
    let detail = format!("{}:{state}:{}", fields.id_or_dash("leg"), at.map_or(0, |at| at.0));
    report.add(kind, &detail, at);
    Ok(())
}

/// The dial's end, and what its durations tell of ringing.
fn dial(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    at: Option<Millis>,
) -> Result<(), Unreadable> {
    let cause = fields.get("cause");
    let outcome =
        outcome::of(cause).ok_or_else(|| Unreadable("cause is missing or unknown".to_owned()))?;
    let milliseconds = |name| fields.get(name).parse::<i64>().ok().filter(|ms| *ms >= 0);
    let seconds = |ms: i64| u32::try_from(ms.saturating_add(500) / 1000).unwrap_or(u32::MAX);
    let talk_s = milliseconds("talk_ms").map(seconds).filter(|_| outcome == DialOutcome::Answered);
    if let (Some(ring_ms), Some(dial_ms), Some(at)) =
        (milliseconds("ring_ms"), milliseconds("dial_ms"), at)
    {
        report.add(CallEventKind::Ringing, "rang", Some(at.plus(ring_ms.saturating_sub(dial_ms))));
    }
    report.add(CallEventKind::DialEnded { outcome, talk_s }, &cause.to_ascii_lowercase(), at);
    Ok(())
}

/// The end of the call. A `cause` tells of the dial too, when its own report did not come.
fn status(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    at: Option<Millis>,
) -> Result<(), Unreadable> {
    if !fields.get("cause").is_empty() {
        dial(report, fields, at)?;
    }
    let outcome = outcome::of(fields.get("hangup"));
    let outcome = outcome.filter(|outcome| *outcome != DialOutcome::Answered);
    report.add(CallEventKind::Ended { duration_s: fields.seconds("duration_s"), outcome }, "", at);
    Ok(())
}
