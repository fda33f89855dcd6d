//! When a call is a conversion, and what is told about it. Pure.

use jiff::SignedDuration;

use crate::call::model::{Call, CallStatus};
use crate::config::model::{ConversionCondition, ConversionRule, Site};
use crate::platform::clock::Millis;
use crate::postback::model::{ConversionFacts, Postback};

/// The postbacks that `call` causes as it stands at `now`: one for each met rule and destination.
/// The ids depend on call, rule and destination alone, so deciding twice queues once.
pub fn decide(
    site: &Site,
    call: &Call,
    now: Millis,
    give_up_after: SignedDuration,
) -> Vec<Postback> {
    if !call.status.is_final() {
        return Vec::new();
    }
    let met = site.conversions.iter().filter(|rule| is_met(&rule.when, call));
    met.flat_map(|rule| {
        rule.destinations.iter().map(|destination| Postback {
            id: format!("{}.{}.{destination}", call.id, id_part(&rule.name)),
            site: site.id.clone(),
            destination: destination.clone(),
            call: call.id,
            conversion: rule.name.clone(),
            converted_at: call.ended_at.unwrap_or(now),
            queued_at: now,
            latest_at: now.plus(give_up_after.as_millis() as i64),
            attempts: 0,
            last_answer: String::new(),
            facts: facts(site, rule, call),
        })
    })
    .collect()
}

/// A rule's name as part of an id: letters, digits, '-' and '_' stand for themselves, every other
/// byte is `~` and two hex digits. So ids fit into headers and URLs, and different names differ.
fn id_part(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut part, byte| {
        match byte {
            b'-' | b'_' => part.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => part.push(byte.into()),
            _ => part.push_str(&format!("~{byte:02x}")),
        }
        part
    })
}

fn is_met(when: &ConversionCondition, call: &Call) -> bool {
    let source = call.attribution.as_ref().and_then(|a| a.source.as_ref());
    let confidence = call.attribution.as_ref().map_or(0.0, |a| a.confidence);
    let one_of = |allowed: &[String], value: Option<&String>| {
        allowed.is_empty()
            || value.is_some_and(|v| allowed.iter().any(|a| a.eq_ignore_ascii_case(v)))
    };
    when.answered.is_none_or(|wanted| wanted == (call.status == CallStatus::Answered))
        && when.min_talk_s.is_none_or(|least| call.talk_s.unwrap_or(0) >= least)
        && when.first_time.is_none_or(|wanted| call.first_time == Some(wanted))
        && when.min_confidence.is_none_or(|least| confidence >= least)
        && one_of(&when.sources, source.map(|s| &s.source))
        && one_of(&when.media, source.map(|s| &s.medium))
}

fn facts(site: &Site, rule: &ConversionRule, call: &Call) -> ConversionFacts {
    let attribution = call.attribution.clone();
    let source = attribution.as_ref().and_then(|a| a.source.clone()).unwrap_or_default();
    let click_ids = attribution
        .as_ref()
        .filter(|a| a.consent.ads)
        .map(|a| a.click_ids.iter().map(|id| (id.name.clone(), id.value.clone())).collect())
        .unwrap_or_default();
    let landing_page =
        attribution.as_ref().map(|a| format!("{}{}", a.landing_host, a.landing_page));
    ConversionFacts {
        source: source.source,
        medium: source.medium,
        campaign: source.campaign,
        term: source.term,
        content: source.content,
        click_ids,
        landing_page: landing_page.unwrap_or_default(),
        call_started_at: call.started_at,
        talk_s: call.talk_s.unwrap_or(0),
        status: call.status.word().to_owned(),
        first_time: call.first_time,
        confidence: attribution.as_ref().map_or(0.0, |a| a.confidence),
        value: rule.value.clone(),
        currency: site.currency.clone(),
        tracking_number: call.tracking_number.as_ref().map(ToString::to_string).unwrap_or_default(),
        country: call.caller.country.clone(),
        caller_hash: call.caller_hash.clone(),
    }
}
