//! When a call is a conversion, and what is told about it. Pure.

use jiff::SignedDuration;

use crate::call::model::{Call, CallOrigin};
use crate::config::model::{ConversionRule, Once, Site};
use crate::platform::clock::Millis;
use crate::platform::ids::DestinationId;
use crate::postback::condition::{first_unmet, value};
use crate::postback::destinations;
use crate::postback::model::{ConversionFacts, Postback, Skip};

/// The postbacks of `call` as it stands at `now`: one for each rule and destination, once the call is over. Those of
/// rules that it does not meet are withheld with the reason, so that every call has a verdict for every destination.
/// The ids depend on call, rule and destination alone, so deciding twice queues once.
pub fn decide(
    site: &Site,
    call: &Call,
    now: Millis,
    give_up_after: SignedDuration,
) -> Vec<Postback> {
    if !call.status.is_final() || call.origin() == CallOrigin::Imported {
        return Vec::new();
    }
    let mut postbacks = Vec::new();
    for rule in &site.conversions {
        let withheld = unmet(rule, call);
        for destination in &rule.destinations {
            let withheld = withheld.clone();
            postbacks.push(postback(site, (rule, destination), call, withheld, now, give_up_after));
        }
    }
    postbacks
}

/// Those of `postbacks` that are to be sent.
pub fn sent(postbacks: &[Postback]) -> impl Iterator<Item = &Postback> {
    postbacks.iter().filter(|postback| postback.withheld.is_none())
}

/// The rules that `call` meets as it stands; none while it is not over.
pub fn met<'a>(site: &'a Site, call: &'a Call) -> impl Iterator<Item = &'a ConversionRule> {
    let rules = site.conversions.iter().filter(|_| call.status.is_final());
    rules.filter(|rule| unmet(rule, call).is_none())
}

fn unmet(rule: &ConversionRule, call: &Call) -> Option<Skip> {
    first_unmet(&rule.when, call).map(|(reason, why)| Skip::new(reason, why))
}

fn postback(
    site: &Site,
    (rule, destination): (&ConversionRule, &DestinationId),
    call: &Call,
    withheld: Option<Skip>,
    now: Millis,
    give_up_after: SignedDuration,
) -> Postback {
    let converted_at = call.ended_at.unwrap_or(now);
    let not_before = match withheld {
        Some(_) => now,
        // A provider's clock may be ahead of ours: nothing waits for it.
        None => converted_at.min(now).plus(ms(rule.delay)),
    };
    let usual = now.max(not_before).plus(ms(give_up_after));
    let known = site.destinations.iter().find(|known| known.id == *destination);
    Postback {
        latest_at: known.map_or(usual, |known| destinations::latest(known, converted_at, usual)),
        not_before,
        once: once(rule, call),
        withheld,
        ..Postback::new(
            format!("{}.{}.{destination}", call.id, id_part(&rule.name)),
            (site.id.clone(), destination.clone(), call.id),
            rule.name.clone(),
            (converted_at, now),
            facts(site, value(rule, call), call),
        )
    }
}

fn ms(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}

/// What is told once only, where it is not the call.
fn once(rule: &ConversionRule, call: &Call) -> Option<String> {
    match rule.once {
        Once::Call => None,
        Once::Caller => call.caller_hash.as_ref().map(|caller| format!("caller {caller}")),
        Once::Click => {
            let clicks = call.attribution.as_ref().map(|found| found.click_ids.as_slice());
            let click = clicks.unwrap_or_default().first()?;
            Some(format!("click {}={}", click.name, click.value))
        }
    }
}

/// A rule's name as part of an id: letters, digits, '-' and '_' stand for themselves, every other
/// byte is `~` and two hex digits. So ids fit into headers and URLs, and different names differ.
pub(crate) fn id_part(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut part, byte| {
        match byte {
            b'-' | b'_' => part.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => part.push(byte.into()),
            _ => part.push_str(&format!("~{byte:02x}")),
        }
        part
    })
}

/// What may be told of `call`; its visitor's ids only as far as the visitor allows it.
pub(crate) fn facts(site: &Site, value: Option<String>, call: &Call) -> ConversionFacts {
    let attribution = call.attribution.as_ref();
    let source = attribution.and_then(|found| found.source.clone()).unwrap_or_default();
    let with_ads = attribution.filter(|found| found.consent.ads);
    let click_ids = with_ads.map(|found| {
        found.click_ids.iter().map(|id| (id.name.clone(), id.value.clone())).collect()
    });
    let landing_page =
        attribution.map(|found| format!("{}{}", found.landing_host, found.landing_page));
    ConversionFacts {
        source: source.source,
        medium: source.medium,
        campaign: source.campaign,
        term: source.term,
        content: source.content,
        channel: source.channel,
        click_ids: click_ids.unwrap_or_default(),
        landing_page: landing_page.unwrap_or_default(),
        call_started_at: call.started_at,
        talk_s: call.talk_s.unwrap_or(0),
        status: call.status.word().to_owned(),
        first_time: call.first_time,
        confidence: attribution.map_or(0.0, |found| found.confidence),
        value,
        currency: site.currency.clone(),
        tracking_number: call.tracking_number.as_ref().map(ToString::to_string).unwrap_or_default(),
        country: call.country().to_owned(),
        caller_hash: call.caller_hash.clone(),
        session: attribution.and_then(|found| found.session),
        clicked_at: attribution.and_then(|found| found.session_started_at),
        consent: attribution.map(|found| found.consent).unwrap_or_default(),
        ad_ids: with_ads.map(|found| found.ad_ids.clone()).unwrap_or_default(),
        disposition: call.outcome.disposition.clone(),
        score: call.lead_score(),
        pool: String::new(),
        routed: None,
        labels: attribution.map(|found| found.labels.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::model::CallStatus;
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
            [[destinations]]
            id = "ads"
            kind = "url"
            url = "https://ads.example/"
            [[destinations]]
            id = "crm"
            kind = "webhook"
            url = "https://crm.example/"
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

    /// What is sent; the rest is withheld.
    fn decided(call: &Call) -> Vec<Postback> {
        let all = decide(&site(), call, NOW, SignedDuration::from_hours(72));
        sent(&all).cloned().collect()
    }

    #[test]
    fn a_rule_that_is_not_met_has_a_verdict_for_each_destination_all_the_same() {
        let short = Call { talk_s: Some(59), ..call() };
        let withheld = decide(&site(), &short, NOW, SignedDuration::from_hours(72));
        let reasons: Vec<_> =
            withheld.iter().filter_map(|postback| postback.withheld.as_ref()).collect();
        assert_eq!(reasons.len(), 2);
        assert_eq!(reasons[0].reason, crate::postback::model::SkipReason::TooShort);
        assert_eq!(reasons[0].why, "59 s talked, 60 s are asked for");
    }

    #[test]
    fn a_value_comes_from_the_outcome_the_table_or_the_rule() {
        let mut site = site();
        let rule = &mut site.conversions[0];
        rule.values = vec![crate::config::model::ConversionValue {
            when: toml::from_str("dispositions = [\"sold\"]").expect("a condition"),
            value: "99".to_owned(),
        }];
        let value = |rule: &ConversionRule, call: &Call| value(rule, call).expect("a value");
        let mut call = call();
        assert_eq!(value(rule, &call), "12.50");
        call.outcome.disposition = "Sold".to_owned();
        assert_eq!(value(rule, &call), "99");
        call.outcome.value = Some("149.90".to_owned());
        assert_eq!(value(rule, &call), "99");
        rule.outcome_value = true;
        assert_eq!(value(rule, &call), "149.90");
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
        let told = decide(&wants, &call, NOW, SignedDuration::from_hours(1));
        assert_eq!(sent(&told).count(), 2);
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
