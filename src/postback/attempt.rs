//! Sending some conversions to one destination, until each has an answer: with a token that is renewed where it was
//! refused, and in ever smaller parts where one bad row keeps the others from being taken.

use std::time::Instant;

use rand::distr::{Alphanumeric, SampleString};

use crate::platform::clock::Millis;
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request, SendError};
use crate::postback::delivery::{ClaimClock, Courier};
use crate::postback::destinations::{
    Answered, BadDestination, Batch, Credential, Judgement, Platform, Purpose, Row,
};
use crate::postback::lanes::Lane;
use crate::postback::model::Exchange;
use crate::postback::retry::retry_after;
use crate::postback::tokens::TokenError;

/// Characters of a nonce.
const NONCE: usize = 32;

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

/// What is sent, and where.
pub struct Sending<'a> {
    /// The destination.
    pub platform: &'a dyn Platform,
    /// Its lane.
    pub lane: &'a Lane,
    /// Its id, for metrics.
    pub label: &'a str,
    /// What it is known by when it is gone.
    pub mark: &'a str,
    /// The rows.
    pub rows: &'a [Row],
    /// Personal data in each row.
    pub personal: &'a [Vec<String>],
    /// Whether they correct what was told before.
    pub corrects: bool,
    /// For what.
    pub purpose: Purpose,
    /// When it must be over.
    pub until: Millis,
}

/// An answer with what it means, or why there is none.
struct Told {
    answered: Answered,
    answer: Option<Answer>,
    request: Option<Request>,
    failure: Option<SendError>,
    misconfigured: Option<BadDestination>,
}

impl Courier {
    /// Sends `sending` and tells what became of each row, in order.
    pub async fn send(&self, sending: &Sending<'_>, clock: ClaimClock) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::unsent(); sending.rows.len()];
        let mut open: Vec<Vec<usize>> = vec![(0..sending.rows.len()).collect()];
        while let Some(part) = open.pop() {
            if sending.until.since(clock.now()) < self.timeout_ms() {
                // Whoever claims them next could send them while we still do.
                break;
            }
            let told = self.tell(sending, &part, clock).await;
            let go_on = self.note_health(sending, &told, clock.now());
            for smaller in self.settle_part(sending, part, told, clock.now(), &mut outcomes) {
                open.push(smaller);
            }
            if !go_on {
                break;
            }
        }
        outcomes
    }

    /// One request with the rows of `part`, and once more when its token was refused.
    async fn tell(&self, sending: &Sending<'_>, part: &[usize], clock: ClaimClock) -> Told {
        let rows: Vec<Row> = part.iter().map(|index| sending.rows[*index].clone()).collect();
        let hidden: Vec<String> =
            part.iter().flat_map(|index| sending.personal[*index].clone()).collect();
        let make = |token: &Secret| {
            let mut request = sending.platform.request(&Batch {
                rows: &rows,
                corrects: sending.corrects,
                purpose: sending.purpose,
                token: token.clone(),
                now: clock.now(),
                nonce: Alphanumeric.sample_string(&mut rand::rng(), NONCE),
            })?;
            request.hidden.extend(hidden.iter().cloned());
            Ok(request)
        };
        let classify = |answer: &Answer| sending.platform.classify(answer, rows.len());
        self.with_token(sending.platform, sending.lane, sending.label, make, classify, clock).await
    }

    /// Asks what became of a request that was taken.
    pub async fn ask(
        &self,
        sending: &Sending<'_>,
        (request, places): (&str, &[usize]),
        clock: ClaimClock,
    ) -> Vec<Outcome> {
        let make = |token: &Secret| sending.platform.question(request, token);
        let classify = |answer: &Answer| sending.platform.classify_question(answer, places);
        let told = self
            .with_token(sending.platform, sending.lane, sending.label, make, classify, clock)
            .await;
        self.note_health(sending, &told, clock.now());
        let mut outcomes = vec![Outcome::unsent(); places.len()];
        let all = (0..places.len()).collect();
        self.settle_part(sending, all, told, clock.now(), &mut outcomes);
        outcomes
    }

    async fn with_token(
        &self,
        platform: &dyn Platform,
        lane: &Lane,
        label: &str,
        make: impl Fn(&Secret) -> Result<Request, BadDestination>,
        classify: impl Fn(&Answer) -> Answered,
        clock: ClaimClock,
    ) -> Told {
        let mut renewed = false;
        loop {
            let token = match self.token(platform, clock.now()).await {
                Ok(token) => token,
                Err(answered) => return Told::without_answer(answered),
            };
            let request = match make(&token) {
                Ok(request) => request,
                Err(wrong) => {
                    return Told {
                        misconfigured: Some(wrong),
                        ..Told::without_answer(Answered::later(""))
                    };
                }
            };
            // Of the body only whether there is one: rows are shown one by one.
            let has_body = request.body.chars().take(1).collect();
            let shown = Request { body: has_body, ..request.clone() };
            let started = Instant::now();
            let answer = self.client.send(request).await;
            let took = started.elapsed();
            lane.note(took.as_secs_f64() * 1000.0);
            metrics::histogram!(
                "ringtrace_postback_attempt_seconds", "destination" => label.to_owned()
            )
            .record(took.as_secs_f64());
            let told = match answer {
                Ok(answer) => Told {
                    answered: classify(&answer),
                    answer: Some(answer),
                    request: Some(shown),
                    failure: None,
                    misconfigured: None,
                },
                Err(failure) => Told {
                    request: Some(shown),
                    failure: Some(failure.clone()),
                    ..Told::without_answer(Answered::later(failure.to_string()))
                },
            };
            match (&told.answered, platform.credential()) {
                (Answered::Refused(_), Credential::OAuth(oauth, ..)) if !renewed => {
                    renewed = true;
                    if let Err(error) = self.tokens.refused(oauth, &token).await {
                        return Told::without_answer(Answered::later(error.to_string()));
                    }
                }
                _ => return told,
            }
        }
    }

    async fn token(&self, platform: &dyn Platform, now: Millis) -> Result<Secret, Answered> {
        let Credential::OAuth(oauth, token_url, scope) = platform.credential() else {
            return Ok(Secret::default());
        };
        let token = self.tokens.access(&self.client, oauth, (token_url, scope), now).await;
        token.map_err(|error| match error {
            TokenError::Refused(_) => Answered::Refused(error.to_string()),
            TokenError::Unavailable(_) | TokenError::Store(_) => Answered::later(error.to_string()),
        })
    }

    /// Tells the lane how the destination is; whether it is worth asking it more now.
    fn note_health(&self, sending: &Sending<'_>, told: &Told, now: Millis) -> bool {
        if told.misconfigured.is_some() || matches!(told.failure, Some(SendError::Private(_))) {
            return false;
        }
        let waits = told.not_before(now);
        sending.lane.health(|health| match &told.answered {
            Answered::Refused(_) => health.refused(now, self.refused_pause_ms()),
            Answered::Gone => health.gone(sending.mark),
            Answered::All(Judgement::Later(..)) if told.is_trouble() => {
                health.failed(now);
                if let Some(until) = waits {
                    health.asked_to_wait(until);
                }
            }
            _ => health.succeeded(),
        });
        match &told.answered {
            Answered::Refused(_) | Answered::Gone => false,
            Answered::All(Judgement::Later(..)) => !told.is_trouble(),
            _ => true,
        }
    }

    /// Writes the fates of `part` into `outcomes`; answers the smaller parts that are still to be sent.
    fn settle_part(
        &self,
        sending: &Sending<'_>,
        part: Vec<usize>,
        told: Told,
        now: Millis,
        outcomes: &mut [Outcome],
    ) -> Vec<Vec<usize>> {
        let not_before = told.not_before(now);
        let answer = told.answer.as_ref().map(|answer| (answer.status, answer.shown()));
        let exchange = |index: usize| {
            let request = told.request.as_ref()?;
            let row = sending.rows.get(index).map(|row| row.body.to_string());
            let row = row.filter(|_| !request.body.is_empty());
            let personal = sending.personal.get(index).map_or(&[][..], Vec::as_slice);
            let body = row.map(|row| request.redact(&row, personal));
            let failure = || told.failure.as_ref().map(ToString::to_string).unwrap_or_default();
            let (status, answer) = answer.clone().unwrap_or_else(|| (0, failure()));
            Some(Exchange {
                request: request.line(),
                body: body.unwrap_or_default(),
                status,
                answer,
            })
        };
        let mut set = |place: usize, index: usize, fate: Fate| {
            let fate = told.cleaned(fate);
            outcomes[index] = Outcome { fate, exchange: exchange(index), not_before, place };
        };
        let mut smaller = Vec::new();
        let whole = |fate: Fate| (fate, Vec::<(usize, String)>::new());
        let (fate, named) = match (&told.misconfigured, &told.failure, &told.answered) {
            (Some(wrong), ..) => whole(Fate::Misconfigured(wrong.to_string())),
            (_, Some(SendError::Private(wrong)), _) => whole(Fate::Private(wrong.to_string())),
            (_, _, Answered::All(judgement)) => {
                whole(told.in_doubt(sending).unwrap_or_else(|| Fate::Judged(judgement.clone())))
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

impl Told {
    fn without_answer(answered: Answered) -> Self {
        Told { answered, answer: None, request: None, failure: None, misconfigured: None }
    }

    /// Whether it was the destination that failed, and not what it was told.
    fn is_trouble(&self) -> bool {
        self.failure.is_some()
            || self
                .answer
                .as_ref()
                .is_none_or(|answer| matches!(answer.status, 408 | 429 | 500..=599))
    }

    fn not_before(&self, now: Millis) -> Option<Millis> {
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
}
