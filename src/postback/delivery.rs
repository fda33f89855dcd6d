//! One claimed entry, from claim to settlement.

use std::time::Instant;

use crate::config::Live;
use crate::config::model::{Destination, DestinationKind, PostbackDelivery};
use crate::ledger::model::{Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::redis::StoreError;
use crate::postback::client::{Answer, Client, Request, SendError};
use crate::postback::destinations::{self, Judgement, Prepared};
use crate::postback::lanes::{Admission, Lane, Lanes, NoPlace, WAITING_PER_SENDING};
use crate::postback::model::{Postback, SettledPostback, Verdict};
use crate::postback::retry::{BackOff, next_attempt, retry_after};
use crate::postback::store::{Claimed, Move, Outbox, to_json};

/// How long a destination that refuses our credentials is left alone, at most.
const REFUSED_PAUSE_MS: i64 = 15 * 60_000;

/// How long a postback stands back when its lane is full, in milliseconds.
const FULL_LANE_MS: (i64, i64) = (250, 1000);

/// What a claim lasts longer than all its waiting and sending may take.
const CLAIM_MARGIN_MS: i64 = 10_000;

/// Delivers claimed entries.
pub struct Courier {
    /// The configuration; a destination that was removed meanwhile skips its postbacks.
    pub live: Live,
    /// Where settlements go.
    pub outbox: Outbox,
    /// What sends.
    pub client: Client,
    /// The lanes of all destinations.
    pub lanes: Lanes,
    /// Time-outs and back-off, as they were when the program started.
    pub delivery: PostbackDelivery,
}

/// The clock of a claim: the moment Redis gave, and what passed since.
#[derive(Clone, Copy, Debug)]
pub struct ClaimClock {
    claimed_at: Millis,
    since: Instant,
}

impl ClaimClock {
    /// A clock that says `claimed_at` now.
    pub fn starting(claimed_at: Millis) -> Self {
        ClaimClock { claimed_at, since: Instant::now() }
    }

    fn now(&self) -> Millis {
        self.claimed_at.plus(i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// How the handling of one claim ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a verdict that was written down.
    With(Verdict),
    /// Nothing was sent; it is queued for later.
    Postponed,
    /// Somebody else had settled or claimed it meanwhile; nothing was changed.
    Lost,
    /// It cannot be read; it is in the dead set.
    Unreadable,
}

/// What to do with an entry.
enum Decision {
    Settle(Box<Postback>, Verdict),
    Postpone(Millis),
}

impl Courier {
    /// How long a claim must last: all the waiting in a lane, then the sending.
    pub fn claim_ms(&self) -> i64 {
        self.timeout_ms().saturating_mul(1 + WAITING_PER_SENDING as i64) + CLAIM_MARGIN_MS
    }

    fn timeout_ms(&self) -> i64 {
        i64::try_from(self.delivery.timeout.as_millis()).unwrap_or(i64::MAX / 8).max(1)
    }

    /// Delivers one entry and settles it. When Redis cannot be told the result, the claim runs
    /// out and the postback is sent again with the same id.
    pub async fn deliver(&self, claimed: Claimed, clock: ClaimClock) -> Result<Ended, StoreError> {
        let Ok(postback) = serde_json::from_str::<Postback>(&claimed.body) else {
            tracing::error!(id = %claimed.id, "a postback cannot be read and goes to the dead set");
            let (at, body) = (clock.now(), claimed.body.clone());
            self.outbox.settle(&claimed, &Move::Dead { at, body, ledger: String::new() }).await?;
            return Ok(Ended::Unreadable);
        };
        let (to, ended) = match self.decide(&claimed, postback, clock).await {
            Decision::Postpone(at) => {
                (Move::Later { at, body: claimed.body.clone() }, Ended::Postponed)
            }
            Decision::Settle(postback, verdict) => {
                (settlement(*postback, &verdict, clock.now())?, Ended::With(verdict))
            }
        };
        if self.outbox.settle(&claimed, &to).await? { Ok(ended) } else { Ok(Ended::Lost) }
    }

    async fn decide(&self, claimed: &Claimed, postback: Postback, clock: ClaimClock) -> Decision {
        if !postback.withdrawn.is_empty() {
            let why = postback.withdrawn.clone();
            return skip(postback, &why);
        }
        let installation = self.live.now_full();
        let destination = installation.site(&postback.site).and_then(|site| {
            site.destinations.iter().find(|destination| destination.id == postback.destination)
        });
        let Some(destination) = destination else {
            return skip(postback, "the destination is no longer configured");
        };
        if clock.now() > postback.latest_at {
            let why = if postback.last_answer.is_empty() {
                "its latest moment passed before it could be sent".to_owned()
            } else {
                postback.last_answer.clone()
            };
            return Decision::Settle(Box::new(postback), Verdict::GaveUp { why });
        }

        let lane = self.lanes.lane(&postback.site, &postback.destination);
        let _turn = match lane.turn().await {
            Ok(turn) => turn,
            Err(NoPlace::Closed) => return Decision::Postpone(clock.now()),
            Err(NoPlace::Full) => {
                let (least, most) = FULL_LANE_MS;
                let wait = least + (rand::random::<f64>() * (most - least) as f64) as i64;
                return Decision::Postpone(clock.now().plus(wait));
            }
        };
        let now = clock.now();
        if claimed.until.since(now) < self.timeout_ms() {
            // Whoever claims it next could send it while we still do.
            return Decision::Postpone(now);
        }
        let url = url_of(destination);
        match lane.health(|health| health.admit(url, now, self.timeout_ms())) {
            Admission::Go => {}
            Admission::NotBefore(at) => return Decision::Postpone(at),
            Admission::Gone => {
                return skip(postback, "the destination said that it is gone (410)");
            }
        }
        match destinations::prepare(destination, &postback, now) {
            Ok(Prepared::Send(request)) => {
                let answer = self.attempt(destination, *request).await;
                self.conclude(destination, &lane, postback, answer, clock.now())
            }
            Ok(Prepared::Skip { why }) => skip(postback, &why),
            Err(wrong) => skip(postback, &format!("the destination's configuration: {wrong}")),
        }
    }

    async fn attempt(
        &self,
        destination: &Destination,
        request: Request,
    ) -> Result<Answer, SendError> {
        let started = Instant::now();
        let answer = self.client.send(request).await;
        let label = destination.id.to_string();
        metrics::histogram!("ringtrace_postback_attempt_seconds", "destination" => label)
            .record(started.elapsed().as_secs_f64());
        answer
    }

    fn conclude(
        &self,
        destination: &Destination,
        lane: &Lane,
        postback: Postback,
        answer: Result<Answer, SendError>,
        now: Millis,
    ) -> Decision {
        let mut postback = Box::new(postback);
        let mut wanted = None;
        let (judgement, why) = match answer {
            Ok(answer) => {
                wanted = answer.retry_after.as_deref().and_then(|text| retry_after(text, now));
                let text = format!("HTTP {}: {}", answer.status, answer.text);
                let judgement = destinations::judge(destination, &answer);
                (judgement, text.trim_end_matches([' ', ':']).to_owned())
            }
            Err(error @ SendError::Private(_)) => (Judgement::Rejected, error.to_string()),
            Err(error) => (Judgement::Later, error.to_string()),
        };
        lane.health(|health| match judgement {
            Judgement::Delivered | Judgement::Rejected => health.succeeded(),
            Judgement::Gone => health.gone(url_of(destination)),
            Judgement::Later => health.failed(now),
            Judgement::Refused => health.refused(now, self.refused_pause_ms()),
        });
        postback.last_answer.clone_from(&why);
        let failures = postback.attempts;
        if judgement != Judgement::Refused {
            postback.attempts = postback.attempts.saturating_add(1);
        }
        let wait_ms = match judgement {
            Judgement::Delivered => return Decision::Settle(postback, Verdict::Delivered),
            Judgement::Rejected | Judgement::Gone => {
                return Decision::Settle(postback, Verdict::Rejected { why });
            }
            Judgement::Refused => self.refused_pause_ms(),
            Judgement::Later => {
                BackOff::configured(&self.delivery).wait_ms(failures, rand::random())
            }
        };
        let verdict = match next_attempt(now, wait_ms, wanted, postback.latest_at) {
            Some(at) => Verdict::Retry { at, why },
            None => Verdict::GaveUp { why },
        };
        Decision::Settle(postback, verdict)
    }

    fn refused_pause_ms(&self) -> i64 {
        BackOff::configured(&self.delivery).max_ms.min(REFUSED_PAUSE_MS)
    }
}

fn skip(postback: Postback, why: &str) -> Decision {
    Decision::Settle(Box::new(postback), Verdict::Skipped { why: why.to_owned() })
}

fn url_of(destination: &Destination) -> &str {
    match &destination.kind {
        DestinationKind::Url { url, .. } | DestinationKind::Webhook { url, .. } => url,
    }
}

/// Where a postback with this verdict goes, and what the ledger hears of it.
fn settlement(postback: Postback, verdict: &Verdict, at: Millis) -> Result<Move, StoreError> {
    if let Verdict::Retry { at, .. } = verdict {
        return Ok(Move::Later { at: *at, body: to_json(&postback)? });
    }
    // A postback that was replayed may be settled again after as many attempts, but not alike.
    let id = format!("{}.{}.{}", postback.id, postback.attempts, verdict.word());
    let fact = Event::Postback(Box::new(postback.fact(verdict.clone())));
    let ledger = Envelope::new(postback.site.clone(), at, id, fact).to_json();
    let settled = SettledPostback { postback, settled_at: at, verdict: verdict.clone() };
    let body = to_json(&settled)?;
    Ok(match verdict {
        Verdict::GaveUp { .. } => Move::Dead { at, body, ledger },
        _ => Move::Done { at, body, ledger },
    })
}
