//! A caller who was heard of before: which sessions they may have been, and which people those are. Pure.

use std::collections::HashMap;

use crate::attribution::model::{Attribution, Basis, Reason};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::visit::model::Visit;

/// Most sessions that are remembered of a caller.
const MOST: usize = 8;
/// How likely one must be for that.
const WORTH: f64 = 0.02;

/// Sessions that a caller may have been, the likeliest first, with how likely each is. Together at most 1.
pub type MayBe = Vec<(SessionId, f64)>;

/// A caller who called before, or left their number in a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownCaller {
    /// Which sessions they may have been.
    pub sessions: MayBe,
    /// What tells it.
    pub told_by: ToldBy,
    /// Whether they called before, whoever they were then.
    pub calls_again: bool,
    /// When they were heard of first.
    pub first_at: Millis,
}

/// What tells which session a caller was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToldBy {
    /// Their latest call was joined with it.
    #[default]
    Call,
    /// They gave their number in a form or chat of it.
    Lead,
}

impl ToldBy {
    /// What speaks for a candidate who is known so.
    pub fn reason(self) -> Reason {
        match self {
            ToldBy::Call => Reason::KnownCaller,
            ToldBy::Lead => Reason::Lead,
        }
    }
}

/// What a call that was answered so tells of its caller, of whom `before` was known: all who may have been it. Those
/// of before who were not shown the number are there still, as likely as it was none who was. Nothing new where a
/// number or a platform told the source, and nobody was asked for.
pub fn remembered(answer: Option<&Attribution>, before: &[(SessionId, f64)]) -> MayBe {
    let Some(answer) = answer.filter(|answer| !answer.basis.is_certain()) else {
        return before.to_vec();
    };
    let mut sessions: MayBe =
        answer.candidates.iter().map(|one| (one.session, one.probability)).collect();
    let absent =
        before.iter().filter(|(id, _)| !answer.candidates.iter().any(|c| c.session == *id));
    let left = if answer.basis == Basis::Told { 0.0 } else { answer.nobody };
    let absent: MayBe = absent.map(|(id, sure)| (*id, sure * left)).collect();
    sessions.extend(absent);
    sessions.retain(|(_, sure)| *sure >= WORTH);
    sessions.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    sessions.truncate(MOST);
    sessions
}

/// One of the people whom a caller may be: a visitor with all the sessions that are remembered, or a session without
/// a visitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    sessions: Vec<SessionId>,
    visitor: Option<VisitorId>,
    sure: f64,
}

/// A candidate who is one of the people whom the caller may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Which of them; several sessions may be of one.
    pub person: usize,
    /// How likely the caller is that one, 0.0 to 1.0.
    pub sure: f64,
}

/// The people whom a caller may be who was one of `sessions`, as far as `visits` tell.
pub fn people(sessions: &[(SessionId, f64)], visits: &HashMap<SessionId, Visit>) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for &(session, sure) in sessions {
        let visitor = visits.get(&session).and_then(|visit| visit.visitor);
        let same = |one: &&mut Person| visitor.is_some() && one.visitor == visitor;
        match people.iter_mut().find(same) {
            Some(one) => {
                one.sessions.push(session);
                one.sure += sure;
            }
            None => people.push(Person { sessions: vec![session], visitor, sure }),
        }
    }
    people
}

/// Which of `people` the candidate `session` is, whose visit may not be known any more.
pub fn who(people: &[Person], session: SessionId, visit: Option<&Visit>) -> Option<Known> {
    let visitor = visit.and_then(|visit| visit.visitor);
    let is_one = |one: &Person| {
        one.sessions.contains(&session) || (visitor.is_some() && one.visitor == visitor)
    };
    let person = people.iter().position(is_one)?;
    Some(Known { person, sure: people[person].sure })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::attribution::answer::nobody;
    use crate::attribution::model::Candidate;
    use crate::lease::model::Tier;

    fn session(n: u8) -> SessionId {
        SessionId(Uuid::from_bytes([n; 16]))
    }

    fn answer(basis: Basis, candidates: &[(u8, f64)], of_nobody: f64) -> Attribution {
        let candidate = |&(n, probability): &(u8, f64)| Candidate {
            session: session(n),
            probability,
            tier: Tier::Own,
            idle_ms: 0,
            tel_click: false,
            reasons: Vec::new(),
        };
        let candidates = candidates.iter().map(candidate).collect();
        Attribution { basis, candidates, nobody: of_nobody, ..nobody() }
    }

    #[test]
    fn who_may_have_called_is_remembered_and_who_could_not_have_is_there_still() {
        let before = [(session(1), 0.6), (session(9), 0.4)];
        let found = answer(Basis::Holder, &[(2, 0.5), (1, 0.2), (3, 0.01)], 0.29);
        let now = remembered(Some(&found), &before);
        let expected = [(session(2), 0.5), (session(1), 0.2), (session(9), 0.4 * 0.29)];
        assert_eq!(now, expected);
        // Somebody told who it was: the others were not there.
        let told = answer(Basis::Told, &[(2, 0.95)], 0.05);
        assert_eq!(remembered(Some(&told), &before), [(session(2), 0.95)]);
    }

    #[test]
    fn a_certain_source_and_no_answer_tell_nothing_of_the_caller() {
        let before = [(session(1), 0.6)];
        let fixed = answer(Basis::Static, &[], 0.0);
        assert_eq!(remembered(Some(&fixed), &before), before);
        assert_eq!(remembered(None, &before), before);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let many: Vec<(u8, f64)> = (1..=20).map(|n| (n, 0.05)).collect();
        let now = remembered(Some(&answer(Basis::Holder, &many, 0.0)), &[]);
        assert_eq!(now.len(), MOST);
    }
}
