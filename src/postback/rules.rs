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
    met(site, call)
        .flat_map(|rule| {
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
                corrects: None,
                withdrawn: String::new(),
            })
        })
        .collect()
}

/// The rules that `call` meets as it stands; none while it is not over.
pub fn met<'a>(site: &'a Site, call: &'a Call) -> impl Iterator<Item = &'a ConversionRule> {
    let counts = |rule: &&ConversionRule| rule.when.spam || !call.is_spam();
    let rules = site.conversions.iter().filter(|_| call.status.is_final());
    rules.filter(counts).filter(|rule| is_met(&rule.when, call))
}

/// A rule's name as part of an id: letters, digits, '-' and '_' stand for themselves, every other
/// byte is `~` and two hex digits. So ids fit into headers and URLs, and different names differ.
pub(super) fn id_part(name: &str) -> String {
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
        && when.qualified.is_none_or(|wanted| call.qualified() == Some(wanted))
        && when.converted.is_none_or(|wanted| call.outcome.converted == Some(wanted))
        && one_of(&when.dispositions, Some(&call.outcome.disposition))
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
        country: call.country().to_owned(),
        caller_hash: call.caller_hash.clone(),
        labels: attribution.map(|a| a.labels).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ids::CallId;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_767_323_145_000);

    /// A site that tells `qualified` (answered, at least 60 s) to two destinations.
    fn site() -> Site {
        toml::from_str(
            r#"
            id = "s"
            key = "pk"
            forward_to = "+14155550100"
            [[conversions]]
            name = "qualified"
            value = "12.50"
            destinations = ["ads", "crm"]
            when = { answered = true, min_talk_s = 60 }
            "#,
        )
        .expect("a site")
    }

    /// A call that was answered for 95 s, from a visit of google / cpc that allowed ads.
    fn call() -> Call {
        let source = serde_json::json!({
            "source": "google", "medium": "cpc", "campaign": "spring", "channel": "Paid Search",
        });
        let mut call: Call = serde_json::from_value(serde_json::json!({
            "id": CallId::of(&"s".parse().expect("a site id"), "twilio", "CA1"),
            "version": 5, "site": "s", "provider": "twilio", "provider_call_id": "CA1",
            "caller": {"number": "+14155550123", "country": "US"}, "caller_hash": "ab12",
            "status": "answered", "started_at": 1_767_323_045_000_i64,
            "ended_at": 1_767_323_145_000_i64, "talk_s": 95,
            "attribution": {
                "basis": "holder", "confidence": 0.9, "tier": "own",
                "landing_host": "www.example.com", "landing_page": "/plumbing",
                "click_ids": [{"name": "gclid", "value": "Cj0"}],
                "consent": {"analytics": true, "ads": true},
                "ids": {"crm": "4711"}, "tags": ["vip"],
            },
        }))
        .expect("a call");
        let attribution = call.attribution.as_mut().expect("an attribution");
        attribution.source = serde_json::from_value(source).ok();
        assert!(attribution.source.is_some(), "a source");
        call
    }

    fn decided(call: &Call) -> Vec<Postback> {
        decide(&site(), call, NOW, SignedDuration::from_hours(72))
    }

    #[test]
    fn a_call_that_meets_a_rule_is_told_to_each_of_its_destinations() {
        let call = call();
        let postbacks = decided(&call);
        assert_eq!(postbacks[0].facts.campaign, "spring");
        let ids: Vec<_> = postbacks.iter().map(|postback| postback.id.clone()).collect();
        assert_eq!(
            ids,
            [format!("{}.qualified.ads", call.id), format!("{}.qualified.crm", call.id)]
        );
        let told = &postbacks[0];
        assert_eq!(told.latest_at, NOW.plus(72 * 3_600_000));
        assert_eq!(told.facts.click_ids, [("gclid".to_owned(), "Cj0".to_owned())]);
        assert_eq!(told.facts.landing_page, "www.example.com/plumbing");
        assert_eq!(told.facts.labels.ids["crm"], "4711");
        assert_eq!(told.facts.labels.tags, ["vip"]);
        assert_eq!(told.facts.value.as_deref(), Some("12.50"));
        let text = serde_json::to_string(told).expect("JSON");
        assert!(!text.contains("5550123"), "the caller's number stays here");
    }

    #[test]
    fn spam_makes_no_conversion_unless_a_rule_wants_it_or_people_know_better() {
        let mut call = call();
        call.screen = serde_json::from_value(serde_json::json!({"reasons": ["rate"]})).ok();
        assert_eq!(decided(&call), []);
        let mut wants = site();
        wants.conversions[0].when.spam = true;
        assert_eq!(decide(&wants, &call, NOW, SignedDuration::from_hours(1)).len(), 2);
        call.outcome.spam = Some(false);
        assert_eq!(decided(&call).len(), 2);
        call.screen = None;
        call.outcome.spam = Some(true);
        assert_eq!(decided(&call), []);
    }

    #[test]
    fn deciding_again_gives_the_same_ids() {
        let ids = |call: &Call| decided(call).into_iter().map(|p| p.id).collect::<Vec<_>>();
        let mut later = call();
        later.version += 1;
        assert_eq!(ids(&call()), ids(&later));
    }

    #[test]
    fn a_call_that_is_not_over_or_does_not_meet_the_rule_is_not_told() {
        for (status, talk_s) in [
            (CallStatus::InProgress, Some(95)),
            (CallStatus::NoAnswer, Some(95)),
            (CallStatus::Voicemail, Some(95)),
            (CallStatus::Answered, Some(59)),
            (CallStatus::Answered, None),
        ] {
            let call = Call { status, talk_s, ..call() };
            assert!(decided(&call).is_empty(), "{status:?} {talk_s:?}");
        }
    }

    #[test]
    fn without_consent_to_advertising_no_click_id_is_told() {
        let mut call = call();
        if let Some(attribution) = &mut call.attribution {
            attribution.consent.ads = false;
        }
        assert!(decided(&call).iter().all(|postback| postback.facts.click_ids.is_empty()));
    }

    proptest! {
        #[test]
        fn names_of_rules_become_plain_and_stay_different(a in ".{0,20}", b in ".{0,20}") {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~".contains(&b);
            prop_assert!(id_part(&a).bytes().all(plain));
            prop_assert_eq!(a == b, id_part(&a) == id_part(&b));
        }
    }
}
