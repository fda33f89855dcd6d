//! What a site's rules make of a call that is over: points, and whether it is a lead. Pure.

use serde::{Deserialize, Serialize};

use crate::call::model::{Call, CallStatus};
use crate::config::model::{ScoreCondition, Scoring};

/// What the rules say of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 100.
    pub points: u8,
    /// Whether that is enough; `None` where the site does not say how much is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualified: Option<bool>,
}

/// The score of `call`: the points of every rule that holds, at least 0 and at most 100. `None` while the call
/// lasts, and where there are no rules.
pub fn score(scoring: &Scoring, call: &Call) -> Option<Score> {
    if scoring.rules.is_empty() || !call.status.is_final() {
        return None;
    }
    let held = scoring.rules.iter().filter(|rule| holds(&rule.when, call));
    let sum: i64 = held.map(|rule| i64::from(rule.points)).sum();
    let points = u8::try_from(sum.clamp(0, 100)).unwrap_or(0);
    Some(Score {
        points,
        qualified: scoring.qualified_from.map(|least| u32::from(points) >= least),
    })
}

fn holds(when: &ScoreCondition, call: &Call) -> bool {
    let source = call.attribution.as_ref().and_then(|a| a.source.as_ref());
    let talked = call.talk_s.unwrap_or(0);
    let one_of = |wanted: &[String], value: Option<&str>| {
        wanted.is_empty()
            || value.is_some_and(|value| wanted.iter().any(|one| one.eq_ignore_ascii_case(value)))
    };
    let pressed = |keys: &String| call.keys.iter().any(|press| press.digits == *keys);
    when.answered.is_none_or(|wanted| wanted == (call.status == CallStatus::Answered))
        && when.min_talk_s.is_none_or(|least| talked >= least)
        && when.max_talk_s.is_none_or(|most| talked <= most)
        && when.first_time.is_none_or(|wanted| call.first_time == Some(wanted))
        && (when.keys.is_empty() || when.keys.iter().any(pressed))
        && one_of(&when.dispositions, Some(&call.outcome.disposition))
        && one_of(&when.sources, source.map(|source| source.source.as_str()))
        && one_of(&when.media, source.map(|source| source.medium.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::answer::Stage;
    use crate::call::facts::KeyPress;
    use crate::call::model::{CallEvent, CallEventKind, Caller};
    use crate::call::rules::apply;
    use crate::config::model::ScoreRule;
    use crate::platform::clock::Millis;

    fn call() -> Call {
        let event = CallEvent {
            controlled: None,
            provider: "generic".to_owned(),
            provider_call_id: "1".to_owned(),
            dedup: "1".to_owned(),
            site: "demo".parse().expect("a site"),
            at: Millis(0),
            received_at: Millis(0),
            to: None,
            from: Caller::default(),
            sip_call_id: None,
            stage: Stage::default(),
            dialled: None,
            kind: CallEventKind::Received,
        };
        let (mut call, _) = apply(None, &event);
        call.status = CallStatus::Answered;
        call.talk_s = Some(75);
        call.first_time = Some(true);
        call
    }

    fn rule(points: i32, change: impl FnOnce(&mut ScoreCondition)) -> ScoreRule {
        let mut when = ScoreCondition::default();
        change(&mut when);
        ScoreRule { points, when }
    }

    #[test]
    fn the_rules_that_hold_add_up_within_bounds() {
        let mut call = call();
        call.keys.push(KeyPress { at: Millis(1), mark: String::new(), digits: "1".to_owned() });
        let mut scoring = Scoring {
            qualified_from: Some(50),
            rules: vec![
                rule(40, |when| when.min_talk_s = Some(60)),
                rule(15, |when| when.keys = vec!["1".to_owned(), "2".to_owned()]),
                rule(30, |when| when.first_time = Some(false)),
                rule(-10, |when| when.max_talk_s = Some(30)),
            ],
        };
        let scored = |scoring: &Scoring, call: &Call| score(scoring, call);
        assert_eq!(scored(&scoring, &call), Some(Score { points: 55, qualified: Some(true) }));
        call.talk_s = Some(20);
        assert_eq!(scored(&scoring, &call), Some(Score { points: 5, qualified: Some(false) }));
        call.keys.clear();
        assert_eq!(scored(&scoring, &call), Some(Score { points: 0, qualified: Some(false) }));
        scoring.rules.push(rule(i32::MAX, |when| when.dispositions = vec!["Booked".to_owned()]));
        call.outcome.disposition = "booked".to_owned();
        assert_eq!(scored(&scoring, &call), Some(Score { points: 100, qualified: Some(true) }));
        scoring.qualified_from = None;
        assert_eq!(scored(&scoring, &call), Some(Score { points: 100, qualified: None }));
        call.status = CallStatus::InProgress;
        assert_eq!(scored(&scoring, &call), None);
        assert_eq!(scored(&Scoring::default(), &self::call()), None);
    }

    #[test]
    fn what_somebody_told_counts_more_than_the_rules() {
        let mut call = call();
        call.score = Some(Score { points: 80, qualified: Some(true) });
        assert_eq!((call.lead_score(), call.qualified()), (Some(80), Some(true)));
        call.outcome.lead_score = Some(10);
        call.outcome.qualified = Some(false);
        assert_eq!((call.lead_score(), call.qualified()), (Some(10), Some(false)));
    }
}
