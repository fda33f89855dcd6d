//! Which calls to list. Pure.

use crate::call::model::{Call, CallStatus};
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;
use crate::warehouse::rules::{UNKNOWN, UNKNOWN_CHANNEL};

/// What must be true of a call; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// It began then or later.
    pub from: Option<Millis>,
    /// It began before.
    pub to: Option<Millis>,
    /// It stands so; any when there is none.
    pub statuses: Vec<CallStatus>,
    /// Its source; `(unknown)` without one.
    pub source: Option<String>,
    /// Its medium; `(unknown)` without one.
    pub medium: Option<String>,
    /// Its campaign.
    pub campaign: Option<String>,
    /// Its channel group; `Unknown` without one.
    pub channel: Option<String>,
    /// The number that was called.
    pub number: Option<PhoneNumber>,
    /// Who called.
    pub caller: Option<PhoneNumber>,
    /// The caller's first call, or a later one.
    pub first_time: Option<bool>,
    /// One of its tags.
    pub tag: Option<String>,
    /// What it came to.
    pub disposition: Option<String>,
    /// Whether it is a lead worth pursuing.
    pub qualified: Option<bool>,
    /// Least seconds talked.
    pub min_talk_s: Option<u32>,
    /// Words, in lower case, that all stand in its [`searchable`] text.
    pub words: Vec<String>,
}

impl Filter {
    /// Whether only the time matters.
    pub fn is_plain(&self) -> bool {
        let only_time = Filter { from: self.from, to: self.to, ..Filter::default() };
        *self == only_time
    }

    /// Whether `call` is one of those that are wanted.
    pub fn holds(&self, call: &Call) -> bool {
        let source = call.attribution.as_ref().and_then(|a| a.source.as_ref());
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        let (outcome, talked) = (&call.outcome, call.talk_s);
        self.from.is_none_or(|from| call.started_at >= from)
            && self.to.is_none_or(|to| call.started_at < to)
            && (self.statuses.is_empty() || self.statuses.contains(&call.status))
            && is(&self.source, source.map_or(UNKNOWN, |s| &s.source))
            && is(&self.medium, source.map_or(UNKNOWN, |s| &s.medium))
            && is(&self.campaign, source.map_or("", |s| &s.campaign))
            && is(&self.channel, source.map_or(UNKNOWN_CHANNEL, |s| &s.channel))
            && is(&self.disposition, &outcome.disposition)
            && self.number.is_none() | (self.number == call.tracking_number)
            && self.caller.is_none() | (self.caller == call.caller.number)
            && self.first_time.is_none_or(|wanted| call.first_time == Some(wanted))
            && self.tag.as_ref().is_none_or(|tag| outcome.tags.contains(tag))
            && self.qualified.is_none_or(|wanted| call.qualified() == Some(wanted))
            && self.min_talk_s.is_none_or(|least| talked.is_some_and(|s| s >= least))
            && self.has_words(call)
    }

    fn has_words(&self, call: &Call) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let text = searchable(call);
        // The number of a caller is sealed where the text is kept: it is found whole, or not at all.
        let called =
            |word: &str| call.caller.number.as_ref().is_some_and(|number| number.as_str() == word);
        self.words.iter().all(|word| text.contains(word) || called(word))
    }
}

/// What a search looks at, in lower case: names, the number that was called, where the call came from, what people wrote.
pub fn searchable(call: &Call) -> String {
    let mut parts = vec![
        call.id.to_string(),
        call.provider_call_id.clone(),
        call.caller.name.clone(),
        call.caller.city.clone(),
        call.tracking_number.as_ref().map_or(String::new(), PhoneNumber::to_string),
        call.destination.as_ref().map(|target| target.as_str().to_owned()).unwrap_or_default(),
    ];
    if let Some(found) = &call.attribution {
        parts.push(format!("{}{}", found.landing_host, found.landing_page));
        if let Some(source) = &found.source {
            let texts =
                [&source.source, &source.medium, &source.campaign, &source.term, &source.content];
            parts.extend(texts.map(Clone::clone));
        }
    }
    let outcome = &call.outcome;
    parts.extend([&outcome.disposition, &outcome.notes].map(Clone::clone));
    parts.push(call.agent().to_owned());
    parts.extend(outcome.tags.iter().cloned());
    parts.retain(|part| !part.is_empty());
    parts.join("\n").to_lowercase()
}
