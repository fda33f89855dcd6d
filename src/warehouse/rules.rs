//! How an event becomes facts. Every business decision that reports rest on is made here, once:
//! local time, what counts as answered or missed, what an unattributed call is called. Pure.

use std::collections::HashMap;

use crate::attribution::model::{Attribution, Basis};
use crate::call::list::filter::searchable;
use crate::call::model::{Call, CallStatus};
use crate::call::outcome::model::Outcome;
use crate::call::routing::model::Route;
use crate::costs::model::{Cost, Staffing};
use crate::lead::model::Lead;
use crate::lease::model::{LeaseFact, Tier};
use crate::ledger::model::{Envelope, Event};
use crate::postback::model::{PostbackFact, Verdict};
use crate::visit::model::{Source, Visit};
use crate::warehouse::derived::{confidence_band, duration_band, is_blocked, tagged};
use crate::warehouse::model::{
    CallFact, CallOutcome, CallRow, CostRow, Facts, LeadRow, LeaseRow, PostbackRow, SessionRow,
    SnapshotRow, StaffingRow, TouchRow,
};
use crate::warehouse::setting::Setting;
use crate::warehouse::versioned::Versioned;

/// Source and medium of a call that fits no visit and no static number.
pub const UNKNOWN: &str = "(unknown)";
/// Channel of such a call.
pub const UNKNOWN_CHANNEL: &str = "Unknown";
/// Landing page of a call that has a source but no visit: a static number.
pub const NO_PAGE: &str = "(none)";

/// The rows of these envelopes; of the same id only the newest version. `setting` tells what is to be known of a
/// site, or only its time zone.
pub fn facts<'a, 's, S: Into<Setting<'s>>>(
    envelopes: impl Iterator<Item = &'a Envelope>,
    mut setting: impl FnMut(&'a Envelope) -> S,
) -> Facts {
    let mut facts = Facts::default();
    for envelope in envelopes {
        let setting = setting(envelope).into();
        match &envelope.event {
            Event::Session(visit) => facts.sessions.push(session(envelope, visit, &setting)),
            Event::Lease(lease) => facts.leases.push(lease_row(envelope, lease, &setting)),
            Event::Call(call) => facts.calls.push(call_fact(envelope, call, &setting)),
            Event::Postback(fact) => facts.postbacks.push(postback(envelope, fact, &setting)),
            Event::Lead(lead) => facts.leads.push(lead_row(envelope, lead, &setting)),
            Event::Cost(cost) => facts.costs.push(cost_row(envelope, cost)),
            Event::Staffing(staffing) => facts.staffing.push(staffing_row(envelope, staffing)),
        }
    }
    Facts {
        sessions: newest(facts.sessions),
        leases: newest(facts.leases),
        calls: newest(facts.calls),
        postbacks: newest(facts.postbacks),
        leads: newest(facts.leads),
        costs: newest(facts.costs),
        staffing: newest(facts.staffing),
    }
}

/// Of rows with the same id the one with the greatest version; of equal ones the last.
pub fn newest<R: Versioned>(rows: Vec<R>) -> Vec<R> {
    let mut place: HashMap<R::Id, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<R> = Vec::with_capacity(rows.len());
    for row in rows {
        match place.get(&row.id()) {
            Some(&index) if kept[index].version() > row.version() => {}
            Some(&index) => kept[index] = row,
            None => {
                place.insert(row.id(), kept.len());
                kept.push(row);
            }
        }
    }
    kept
}

/// What reports count a call with this status as.
pub fn outcome(status: CallStatus) -> CallOutcome {
    match status {
        CallStatus::Received | CallStatus::Ringing | CallStatus::InProgress => CallOutcome::Open,
        CallStatus::Answered => CallOutcome::Answered,
        CallStatus::Busy
        | CallStatus::NoAnswer
        | CallStatus::Failed
        | CallStatus::Canceled
        | CallStatus::Voicemail => CallOutcome::Missed,
        CallStatus::Rejected => CallOutcome::Rejected,
    }
}

fn session(envelope: &Envelope, visit: &Visit, setting: &Setting<'_>) -> SessionRow {
    let (local, filed) = setting.file(visit.started_at);
    SessionRow {
        id: visit.session.0,
        version: envelope.at.0,
        site: envelope.site.to_string(),
        visitor: visit.visitor.map(|visitor| visitor.0),
        started_at: visit.started_at,
        local,
        source: visit.source.clone(),
        referrer_host: visit.referrer_host.clone(),
        landing_host: visit.landing_host.clone(),
        landing_page: visit.landing_page.clone(),
        machine: visit.machine.clone(),
        place: visit.place.clone(),
        carried: visit.carried.is_some(),
        filed,
        tagged: tagged(&visit.labels, &visit.source),
    }
}

fn lease_row(envelope: &Envelope, lease: &LeaseFact, setting: &Setting<'_>) -> LeaseRow {
    let (local, filed) = setting.file(envelope.at);
    LeaseRow {
        id: envelope.id.clone(),
        version: envelope.at.0,
        site: envelope.site.to_string(),
        session: lease.session.0,
        pool: lease.pool.to_string(),
        target: lease.target.as_ref().map(ToString::to_string),
        number: lease.number.as_ref().map(ToString::to_string),
        tier: lease.tier.word(),
        granted_at: envelope.at,
        local,
        filed,
        number_kind: lease.number.as_ref().map_or("", |number| setting.number_kind(number)),
    }
}

fn call_fact(envelope: &Envelope, call: &Call, setting: &Setting<'_>) -> CallFact {
    let site = envelope.site.to_string();
    let number = call.tracking_number.as_ref();
    let attribution = call.attribution.as_ref();
    let source = attribution.and_then(|a| a.source.as_ref());
    let touches = attribution.map_or(&[][..], |a| &a.touches).iter().enumerate();
    let touches = touches.map(|(position, touch)| TouchRow {
        call: call.id.0,
        site: site.clone(),
        position: i16::try_from(position).unwrap_or(i16::MAX),
        session: touch.session.0,
        touched_at: touch.at,
        source: touch.source.clone(),
        landing_page: touch.landing_page.clone(),
        credits: touch.credits,
    });
    let touches = touches.collect();
    let text = |part: fn(&Attribution) -> &String| attribution.map(part).cloned();
    let (local, filed) = setting.file(call.started_at);
    let confidence = attribution.filter(|_| source.is_some()).map(|a| a.confidence);
    let source_of = source.cloned().unwrap_or_else(unknown_source);
    let row = CallRow {
        id: call.id.0,
        version: i64::from(call.version),
        site,
        provider: call.provider.clone(),
        provider_call_id: call.provider_call_id.clone(),
        tracking_number: call.tracking_number.as_ref().map(ToString::to_string),
        destination: call.destination.as_ref().map(ToString::to_string),
        caller: call.caller_hash.as_deref().and_then(caller_number),
        caller_place: [call.country(), call.region(), call.city()].map(str::to_owned),
        first_time: call.first_time,
        status: call.status.word(),
        outcome: outcome(call.status),
        started_at: call.started_at,
        moments: [call.ringing_at, call.answered_at, call.ended_at],
        wait_s: call.wait_s,
        talk_s: call.talk_s,
        local,
        attributed: source.is_some(),
        basis: attribution.map_or(Basis::None, |a| a.basis).word(),
        confidence,
        tier: attribution.map_or(Tier::Original, |a| a.tier).word(),
        session: attribution.and_then(|a| a.session).map(|session| session.0),
        visitor: attribution.and_then(|a| a.visitor).map(|visitor| visitor.0),
        session_started_at: attribution.and_then(|a| a.session_started_at),
        tagged: attribution.map(|a| tagged(&a.labels, &source_of)).unwrap_or_default(),
        source: source_of,
        referrer_host: text(|a| &a.referrer_host).unwrap_or_default(),
        landing_host: text(|a| &a.landing_host).unwrap_or_default(),
        landing_page: landing_page(attribution),
        machine: attribution.map(|a| a.machine.clone()).unwrap_or_default(),
        place: attribution.map(|a| a.place.clone()).unwrap_or_default(),
        waits: [call.queue_s, call.hold_s],
        transferred: call.transferred_at.map(|_| true),
        told: Outcome {
            lead_score: call.lead_score(),
            qualified: call.qualified(),
            agent: call.agent().to_owned(),
            ..call.outcome.clone()
        },
        routed: routed(call),
        unwanted: call.is_spam(),
        spam_reasons: spam_reasons(call),
        origin: call.origin().word(),
        called_back: call.called_back().into(),
        conversions: call.conversions.join("\u{1f}"),
        filed,
        page: text(|a| &a.page).unwrap_or_default(),
        tracker: number.map(|number| setting.tracker(number)).unwrap_or_default(),
        number_kind: number.map_or("", |number| setting.number_kind(number)),
        caller_area_code: call.home.area().to_owned(),
        duration_band: duration_band(call.talk_s),
        confidence_band: confidence_band(confidence),
        forwarded: call.caller.was_forwarded().then_some(true),
        blocked: is_blocked(call),
        converted_at: call.outcome.at.filter(|_| call.outcome.converted == Some(true)),
        call_backs: call_backs(call),
    };
    CallFact { call: row, touches, snapshot: snapshot(call) }
}

fn snapshot(call: &Call) -> SnapshotRow {
    SnapshotRow {
        id: call.id.0,
        version: i64::from(call.version),
        site: call.site.to_string(),
        started_at: call.started_at,
        searchable: searchable(call),
        // It was read from JSON a moment ago.
        snapshot: serde_json::to_string(call).unwrap_or_default(),
    }
}

fn lead_row(envelope: &Envelope, lead: &Lead, setting: &Setting<'_>) -> LeadRow {
    let (local, filed) = setting.file(lead.at);
    LeadRow {
        id: lead.id.0,
        version: envelope.at.0,
        site: envelope.site.to_string(),
        kind: lead.kind.clone(),
        created_at: lead.at,
        local,
        session: lead.session.map(|session| session.0),
        visitor: lead.visitor.map(|visitor| visitor.0),
        caller: lead.caller_hash.as_deref().and_then(caller_number),
        source: lead.source.clone().unwrap_or_else(unknown_source),
        landing_host: lead.landing_host.clone(),
        landing_page: lead.landing_page.clone(),
        filed,
    }
}

fn cost_row(envelope: &Envelope, cost: &Cost) -> CostRow {
    CostRow {
        id: envelope.id.clone(),
        version: envelope.at.0,
        site: envelope.site.to_string(),
        cost: cost.clone(),
    }
}

fn staffing_row(envelope: &Envelope, staffing: &Staffing) -> StaffingRow {
    StaffingRow {
        id: envelope.id.clone(),
        version: envelope.at.0,
        site: envelope.site.to_string(),
        staffing: staffing.clone(),
    }
}

/// How often the business called back, and how often it reached the caller.
fn call_backs(call: &Call) -> [u32; 2] {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let backs = &call.facts.call_backs;
    [count(backs.len()), count(backs.iter().filter(|back| back.answered).count())]
}

/// The rule, the last route, and the keys.
fn routed(call: &Call) -> [String; 3] {
    let route = call.route.as_ref();
    let rule = route.and_then(Route::rule).map(ToString::to_string);
    let last =
        route.and_then(|route| route.steps.iter().rev().find_map(|step| step.route.as_ref()));
    let keys: Vec<&str> = call.keys.iter().map(|press| press.digits.as_str()).collect();
    [rule.unwrap_or_default(), last.map(ToString::to_string).unwrap_or_default(), keys.join(",")]
}

fn spam_reasons(call: &Call) -> String {
    let reasons = call.screen.as_ref().map_or(&[][..], |screen| &screen.reasons);
    reasons.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(",")
}

fn postback(envelope: &Envelope, fact: &PostbackFact, setting: &Setting<'_>) -> PostbackRow {
    let verdict = fact.verdict.word();
    let (why, retry_at) = match &fact.verdict {
        Verdict::Retry { at, why } => (why.as_str(), Some(*at)),
        // Reports group by it.
        Verdict::Skipped { reason, .. } => (reason.word(), None),
        other => (other.why(), None),
    };
    PostbackRow {
        id: envelope.id.clone(),
        version: envelope.at.0,
        site: envelope.site.to_string(),
        postback: fact.id.clone(),
        destination: fact.destination.to_string(),
        call: fact.call.0,
        conversion: fact.conversion.clone(),
        attempts: fact.attempts,
        verdict,
        why: why.to_owned(),
        retry_at,
        settled_at: envelope.at,
        local: setting.file(envelope.at).0,
    }
}

fn unknown_source() -> Source {
    Source {
        source: UNKNOWN.to_owned(),
        medium: UNKNOWN.to_owned(),
        channel: UNKNOWN_CHANNEL.to_owned(),
        ..Source::default()
    }
}

fn landing_page(attribution: Option<&Attribution>) -> String {
    match attribution {
        Some(a) if !a.landing_page.is_empty() => a.landing_page.clone(),
        Some(a) if a.source.is_some() => NO_PAGE.to_owned(),
        _ => UNKNOWN.to_owned(),
    }
}

/// The first 64 bits of the keyed hash: an integer is counted much faster than a text.
pub fn caller_number(hash: &str) -> Option<u64> {
    u64::from_str_radix(hash.get(..16)?, 16).ok()
}
