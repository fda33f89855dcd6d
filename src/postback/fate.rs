//! What an answer makes of each conversion that was told, and what is still to be told after it. Pure.

use crate::platform::clock::Millis;
use crate::postback::attempt::Sending;
use crate::postback::client::{Answer, Request, SendError};
use crate::postback::destinations::{Answered, BadDestination, Judgement, Purpose};
use crate::postback::model::Exchange;
use crate::postback::retry::retry_after;

/// What became of one row.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The platform's word.
    Judged(Judgement),
    /// Our credentials are refused.
    Refused(String),
    /// Nobody lives there any more.
    Gone,
    /// It may have been taken, and asking again could count it twice.
    InDoubt(String),
    /// The configuration cannot work.
    Misconfigured(String),
    /// It may not go where the configuration leads.
    Private(String),
    /// It was not sent.
    Unsent,
}

/// One row with its fate.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What became of it.
    pub fate: Fate,
    /// What was sent and answered; none when nothing was.
    pub exchange: Option<Exchange>,
    /// The earliest moment at which the destination wants to hear of it again.
    pub not_before: Option<Millis>,
    /// Which row of its request it was.
    pub place: usize,
}

impl Outcome {
    /// Nothing was sent.
    pub fn unsent() -> Self {
        Outcome { fate: Fate::Unsent, exchange: None, not_before: None, place: 0 }
    }
}

/// An answer with what it means, or why there is none.
pub(super) struct Told {
    pub(super) answered: Answered,
    pub(super) answer: Option<Answer>,
    pub(super) request: Option<Request>,
    pub(super) failure: Option<SendError>,
    pub(super) misconfigured: Option<BadDestination>,
}

impl Told {
    /// What there is to say without having asked.
    pub(super) fn without_answer(answered: Answered) -> Self {
        Told { answered, answer: None, request: None, failure: None, misconfigured: None }
    }

    /// Whether it was the destination that failed, and not what it was told.
    pub(super) fn is_trouble(&self) -> bool {
        self.failure.is_some()
            || self
                .answer
                .as_ref()
                .is_none_or(|answer| matches!(answer.status, 408 | 429 | 500..=599))
    }

    /// When the destination wants to hear of it again.
    pub(super) fn not_before(&self, now: Millis) -> Option<Millis> {
        let header = self.answer.as_ref().and_then(|answer| answer.retry_after.as_deref());
        header.and_then(|header| retry_after(header, now))
    }

    /// Where repeats are counted again, only what was surely not taken is sent again.
    fn in_doubt(&self, sending: &Sending<'_>) -> Option<Fate> {
        if !sending.platform.traits().at_most_once || sending.purpose != Purpose::Count {
            return None;
        }
        let Answered::All(Judgement::Later(why, _)) = &self.answered else { return None };
        let surely_not = match (&self.failure, &self.answer) {
            (Some(failure), _) => failure.is_unsent(),
            (None, Some(answer)) => matches!(answer.status, 408 | 425 | 429 | 503),
            (None, None) => true,
        };
        (!surely_not).then(|| Fate::InDoubt(why.clone()))
    }

    /// `fate` without anything that came from the request.
    fn cleaned(&self, fate: Fate) -> Fate {
        let clean = |why: String| match &self.answer {
            Some(answer) => answer.clean(&why),
            None => why,
        };
        match fate {
            Fate::Judged(Judgement::Rejected(why)) => Fate::Judged(Judgement::Rejected(clean(why))),
            Fate::Judged(Judgement::Unknown(why)) => Fate::Judged(Judgement::Unknown(clean(why))),
            Fate::Judged(Judgement::Later(why, wait)) => {
                Fate::Judged(Judgement::Later(clean(why), wait))
            }
            Fate::Refused(why) => Fate::Refused(clean(why)),
            Fate::InDoubt(why) => Fate::InDoubt(clean(why)),
            other => other,
        }
    }

    /// Writes the fates of `part` into `outcomes`; answers the smaller parts that are still to be sent.
    pub(super) fn settle(
        self,
        sending: &Sending<'_>,
        part: Vec<usize>,
        now: Millis,
        outcomes: &mut [Outcome],
    ) -> Vec<Vec<usize>> {
        let not_before = self.not_before(now);
        let answer = self.answer.as_ref().map(|answer| (answer.status, answer.shown()));
        let exchange = |index: usize| {
            let request = self.request.as_ref()?;
            let row = sending.rows.get(index).map(|row| row.body.to_string());
            let row = row.filter(|_| !request.body.is_empty());
            let personal = sending.personal.get(index).map_or(&[][..], Vec::as_slice);
            let body = row.map(|row| request.redact(&row, personal));
            let failure = || self.failure.as_ref().map(ToString::to_string).unwrap_or_default();
            let (status, answer) = answer.clone().unwrap_or_else(|| (0, failure()));
            Some(Exchange {
                request: request.line(),
                body: body.unwrap_or_default(),
                status,
                answer,
            })
        };
        let mut set = |place: usize, index: usize, fate: Fate| {
            let fate = self.cleaned(fate);
            outcomes[index] = Outcome { fate, exchange: exchange(index), not_before, place };
        };
        let mut smaller = Vec::new();
        let whole = |fate: Fate| (fate, Vec::<(usize, String)>::new());
        let (fate, named) = match (&self.misconfigured, &self.failure, &self.answered) {
            (Some(wrong), ..) => whole(Fate::Misconfigured(wrong.to_string())),
            (_, Some(SendError::Private(wrong)), _) => whole(Fate::Private(wrong.to_string())),
            (_, _, Answered::All(judgement)) => {
                whole(self.in_doubt(sending).unwrap_or_else(|| Fate::Judged(judgement.clone())))
            }
            (_, _, Answered::Refused(why)) => whole(Fate::Refused(why.clone())),
            (_, _, Answered::Gone) => whole(Fate::Gone),
            (_, _, Answered::Each(each)) => {
                let missing =
                    Judgement::Later("it told of fewer rows than it was sent".to_owned(), None);
                let mut each = each.iter().cloned();
                for (place, index) in part.into_iter().enumerate() {
                    set(place, index, Fate::Judged(each.next().unwrap_or(missing.clone())));
                }
                return smaller;
            }
            (_, _, Answered::Poisoned { rows, why }) if part.len() > 1 => {
                let named: Vec<_> =
                    rows.iter().filter(|(place, _)| *place < part.len()).cloned().collect();
                if named.is_empty() {
                    let (first, second) = part.split_at(part.len() / 2);
                    return vec![second.to_vec(), first.to_vec()];
                }
                (Fate::Judged(Judgement::Rejected(why.clone())), named)
            }
            (_, _, Answered::Poisoned { rows, why }) => {
                let why = rows.first().map_or(why, |(_, why)| why);
                whole(Fate::Judged(Judgement::Rejected(why.clone())))
            }
        };
        let mut rest = Vec::new();
        for (place, index) in part.into_iter().enumerate() {
            match named.iter().find(|(bad, _)| *bad == place) {
                Some((_, why)) => set(place, index, Fate::Judged(Judgement::Rejected(why.clone()))),
                None if named.is_empty() => set(place, index, fate.clone()),
                None => rest.push(index),
            }
        }
        if !rest.is_empty() {
            smaller.push(rest);
        }
        smaller
    }
}
