//! Sending some conversions to one destination, until each has an answer: with a token that is renewed where it was
//! refused, and in ever smaller parts where one bad row keeps the others from being taken.

use std::time::Instant;

use rand::distr::{Alphanumeric, SampleString};
use tracing::Instrument as _;

use crate::platform::clock::Millis;
use crate::platform::secret::Secret;
use crate::platform::traces;
use crate::postback::client::{Answer, Request, SendError};
use crate::postback::delivery::{ClaimClock, Courier};
use crate::postback::destinations::{
    Answered, BadDestination, Batch, Credential, Judgement, Platform, Purpose, Row,
};
use crate::postback::fate::{Outcome, Told};
use crate::postback::lanes::Lane;
use crate::postback::tokens::TokenError;

/// Characters of a nonce.
const NONCE: usize = 32;

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
            let span = traces::postback(sending.label, part.len());
            let told = self.tell(sending, &part, clock).instrument(span).await;
            let go_on = self.note_health(sending, &told, clock.now());
            for smaller in told.settle(sending, part, clock.now(), &mut outcomes) {
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
        told.settle(sending, all, clock.now(), &mut outcomes);
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
}
