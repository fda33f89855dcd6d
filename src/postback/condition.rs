//! Whether a call meets the condition of a rule, and what it is worth. Pure.

use crate::call::model::{Call, CallStatus};
use crate::config::model::{ConversionCondition, ConversionRule};
use crate::postback::model::SkipReason;

/// The first condition that `call` does not meet, in words; none when it meets all.
pub fn first_unmet(when: &ConversionCondition, call: &Call) -> Option<(SkipReason, String)> {
    let spam = (!when.spam && call.is_spam())
        .then(|| (SkipReason::Spam, "the call is flagged as unwanted".to_owned()));
    spam.or_else(|| of_conversation(when, call))
        .or_else(|| of_source(when, call))
        .or_else(|| of_outcome(when, call))
}

fn of_conversation(when: &ConversionCondition, call: &Call) -> Option<(SkipReason, String)> {
    let answered = call.status == CallStatus::Answered;
    let talked = call.talk_s.unwrap_or(0);
    let status = call.status.word();
    if when.answered.is_some_and(|wanted| wanted != answered)
        || !(when.statuses.is_empty() || when.statuses.contains(&call.status))
    {
        return Some((SkipReason::NotAnswered, format!("the call ended as {status}")));
    }
    if let Some(least) = when.min_talk_s.filter(|least| talked < *least) {
        return Some((SkipReason::TooShort, format!("{talked} s talked, {least} s are asked for")));
    }
    if let Some(most) = when.max_talk_s.filter(|most| talked > *most) {
        return Some(unmet(format!("{talked} s talked, at most {most} s are asked for")));
    }
    let first = when.first_time.is_some_and(|wanted| call.first_time != Some(wanted));
    first.then(|| {
        unmet(match call.first_time {
            Some(true) => "it is the caller's first call".to_owned(),
            Some(false) => "it is not the caller's first call".to_owned(),
            None => "nobody knows whether it is the caller's first call".to_owned(),
        })
    })
}

fn of_source(when: &ConversionCondition, call: &Call) -> Option<(SkipReason, String)> {
    let found = call.attribution.as_ref();
    let source = found.and_then(|found| found.source.as_ref());
    let lists = [
        ("source", &when.sources, source.map(|source| source.source.as_str())),
        ("medium", &when.media, source.map(|source| source.medium.as_str())),
        ("campaign", &when.campaigns, source.map(|source| source.campaign.as_str())),
        ("channel", &when.channels, source.map(|source| source.channel.as_str())),
    ];
    for (name, wanted, is) in lists {
        if !one_of(wanted, is) {
            return Some(unmet(format!("its {name} is {}", is.unwrap_or("unknown"))));
        }
    }
    let confidence = found.map_or(0.0, |found| found.confidence);
    let least = when.min_confidence.filter(|least| confidence < *least);
    least.map(|least| unmet(format!("its confidence is {confidence:.2}, {least:.2} is asked for")))
}

fn of_outcome(when: &ConversionCondition, call: &Call) -> Option<(SkipReason, String)> {
    let outcome = &call.outcome;
    let told = [
        ("qualified", when.qualified, call.qualified()),
        ("converted", when.converted, outcome.converted),
        ("appointment", when.appointment, outcome.appointment),
    ];
    for (name, wanted, is) in told {
        if wanted.is_some() && wanted != is {
            let is = is.map_or("not told".to_owned(), |is| is.to_string());
            return Some(unmet(format!("`{name}` is {is}")));
        }
    }
    if !one_of(&when.dispositions, Some(&outcome.disposition)) {
        return Some(unmet(format!("its disposition is {:?}", outcome.disposition)));
    }
    let tagged = |tag: &String| outcome.tags.iter().any(|has| has.eq_ignore_ascii_case(tag));
    if !(when.tags.is_empty() || when.tags.iter().any(tagged)) {
        return Some(unmet("it has none of the tags".to_owned()));
    }
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    if let Some(least) = number(&when.min_value)
        && number(&outcome.value).is_none_or(|value| value < least)
    {
        return Some(unmet(format!("its revenue is not told, or below {least}")));
    }
    let score = call.lead_score();
    let least = when.min_score.filter(|least| score.is_none_or(|score| score < *least));
    least.map(|least| unmet(format!("its lead score is unknown, or below {least}")))
}

fn one_of(wanted: &[String], is: Option<&str>) -> bool {
    wanted.is_empty()
        || is.is_some_and(|is| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(is)))
}

fn unmet(why: String) -> (SkipReason, String) {
    (SkipReason::RuleNotMet, why)
}

/// What `call` is worth by `rule`: the revenue that somebody told, where the rule wants it; else the first value of its
/// table whose condition holds; else its fixed value.
pub fn value(rule: &ConversionRule, call: &Call) -> Option<String> {
    let told = call.outcome.value.clone().filter(|_| rule.outcome_value);
    let listed = || {
        let fits = rule.values.iter().find(|value| first_unmet(&value.when, call).is_none());
        fits.map(|fits| fits.value.clone())
    };
    told.or_else(listed).or_else(|| rule.value.clone())
}
