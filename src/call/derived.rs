//! What follows from a call's record: where its caller is, who took it, how good a lead it is. Pure.

use crate::call::answer::Target;
use crate::call::dial::DialFacts;
use crate::call::model::{Call, CallOrigin, DialOutcome};
use crate::call::routing::model::RouteStep;
use crate::call::spam;
use crate::platform::clock::Millis;

impl Call {
    /// ISO 3166-1 alpha-2 country of the caller, as the provider or the number tells it; empty: unknown.
    pub fn country(&self) -> &str {
        told_or(&self.caller.country, self.home.country())
    }

    /// Subdivision of the caller, without the country; empty: unknown.
    pub fn region(&self) -> &str {
        told_or(&self.caller.region, self.home.region())
    }

    /// City of the caller; empty: unknown.
    pub fn city(&self) -> &str {
        told_or(&self.caller.city, &self.home.city)
    }

    /// The labels of where the caller is, the narrowest first: `+1415`, `US-CA`, `US`.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = self.home.labels.clone();
        let (country, region) = (self.country(), self.region());
        if !country.is_empty() {
            let of_region = (!region.is_empty()).then(|| format!("{country}-{region}"));
            for label in of_region.into_iter().chain([country.to_owned()]) {
                if !labels.contains(&label) {
                    labels.push(label);
                }
            }
        }
        labels
    }

    /// Who talked to the caller, as it was dialled, when that is known.
    pub fn answered_by(&self) -> Option<Target> {
        let answered = |dial: &&DialFacts| {
            dial.end().is_some_and(|end| dial.word(end) == DialOutcome::Answered)
        };
        let route = self.route.as_ref()?;
        let mut dials = self.facts.latest_first();
        let (stage, dial) = dials.find(|(_, dial)| answered(dial))?;
        // What carries no mark is told of the last dial.
        let dialled = |step: &&RouteStep| !step.targets.is_empty();
        let step = route.step(stage.hop).or_else(|| route.steps.iter().rfind(dialled))?;
        let told = dial.taken_by.as_ref().and_then(|by| by.address.parse().ok());
        match &step.targets[..] {
            [only] => Some(only.clone()),
            several => told.filter(|told| several.contains(told)),
        }
    }

    /// Whether it is unwanted: what people tell counts, else what the spam screen found.
    pub fn is_spam(&self) -> bool {
        spam::rules::is_spam(self)
    }

    /// How it came to be known.
    pub fn origin(&self) -> CallOrigin {
        self.facts.origin
    }

    /// How good a lead it is, 0 to 100: as somebody told, or else by the site's rules.
    pub fn lead_score(&self) -> Option<u8> {
        self.outcome.lead_score.or(self.score.map(|score| score.points))
    }

    /// Whether it is a lead worth pursuing: as somebody told, or else by the site's rules.
    pub fn qualified(&self) -> Option<bool> {
        self.outcome.qualified.or(self.score.and_then(|score| score.qualified))
    }

    /// Who of the business talked with the caller: as somebody told, or else as the telephone system did; empty:
    /// nobody told.
    pub fn agent(&self) -> &str {
        let told = self.facts.agent.as_ref().map_or("", |told| &told.name);
        told_or(&self.outcome.agent, told)
    }

    /// Seconds that it rang, from the first ring until somebody answered or the caller gave up.
    pub fn ring_s(&self) -> Option<u32> {
        let before_it_rang = self.ringing_at?.since(self.started_at).max(0) / 1000;
        self.wait_s
            .map(|wait| wait.saturating_sub(u32::try_from(before_it_rang).unwrap_or(u32::MAX)))
    }

    /// Whether the caller waits in a queue at this moment, as far as is known.
    pub fn is_queued(&self) -> bool {
        let (queued, left) = (self.facts.queued_at, self.facts.dequeued_at);
        let waits = queued.is_some_and(|queued| left.is_none_or(|left| left < queued));
        waits && self.answered_at.is_none() && !self.is_over()
    }

    /// Whether the conversation is on hold at this moment, as far as is known.
    pub fn is_held(&self) -> bool {
        !self.is_over() && self.facts.holds.last().is_some_and(|moment| !moment.resumed)
    }

    fn is_over(&self) -> bool {
        self.status.is_final() || self.ended_at.is_some()
    }

    /// When it was closed because nobody had told its end for too long; `None` once somebody has.
    pub fn given_up_at(&self) -> Option<Millis> {
        self.facts.given_up_at.filter(|_| self.facts.parent.is_none())
    }

    /// When the business first called back, and when it first reached the caller by that.
    pub fn called_back(&self) -> (Option<Millis>, Option<Millis>) {
        let mut back = self.facts.call_backs.iter();
        let first = back.clone().map(|back| back.at).next();
        (first, back.find(|back| back.answered).map(|back| back.at))
    }
}

fn told_or<'a>(told: &'a str, else_known: &'a str) -> &'a str {
    if told.is_empty() { else_known } else { told }
}
