//! What follows from the fate of a postback: its verdict, when it is tried again, and what is written down. Pure.

use crate::ledger::model::{Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::redis::StoreError;
use crate::postback::destinations::{HOUR_MS, Judgement};
use crate::postback::fate::{Fate, Outcome};
use crate::postback::model::{
    CorrectionKind, Postback, Receipt, SettledPostback, Skip, SkipReason, Verdict,
};
use crate::postback::retry::{BackOff, next_attempt};
use crate::postback::store::{Move, to_json};

/// How long after a request was taken its platform is asked what became of it, first and then.
const FIRST_QUESTION_MS: i64 = HOUR_MS / 2;
const NEXT_QUESTION_MS: i64 = HOUR_MS;

/// A platform that has not told by then never will.
const LAST_QUESTION_MS: i64 = 72 * HOUR_MS;

/// After so many tries an error that nobody knows is believed.
const MOST_UNKNOWN: u32 = 3;

/// What to do with an entry.
pub enum Decision {
    /// It got a verdict.
    Settle(Box<Postback>, Verdict),
    /// Nothing was sent; it comes again.
    Postpone(Millis),
    /// It was taken; its platform is asked then what became of it.
    Await(Box<Postback>, Millis),
}

/// How waits are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// After failures.
    pub back_off: BackOff,
    /// After our credentials were refused.
    pub refused_ms: i64,
    /// A random draw in `0.0..1.0`.
    pub draw: f64,
}

/// What follows from `outcome` for `postback` at `now`.
pub fn conclude(mut postback: Postback, outcome: Outcome, waits: Waits, now: Millis) -> Decision {
    let Outcome { fate, exchange, not_before, place } = outcome;
    if matches!(fate, Fate::Unsent) {
        return Decision::Postpone(now);
    }
    if let Some(exchange) = exchange {
        postback.exchange = Some(Box::new(exchange));
    }
    postback.in_doubt = false;
    let failures = postback.attempts;
    let was_asked = postback.receipt.is_some();
    let counts = !matches!(fate, Fate::Refused(_) | Fate::Misconfigured(_) | Fate::Private(_));
    if counts && !was_asked {
        postback.attempts = postback.attempts.saturating_add(1);
    }
    let backed_off = waits.back_off.wait_ms(failures, waits.draw);
    let (why, wait) = match fate {
        Fate::Judged(Judgement::Delivered) => {
            postback.last_answer.clear();
            postback.receipt = None;
            let verdict = delivered(&postback);
            return Decision::Settle(Box::new(postback), verdict);
        }
        Fate::Judged(Judgement::Taken(request)) => return taken(postback, request, place, now),
        Fate::Judged(Judgement::Rejected(why)) | Fate::Private(why) => {
            return with(postback, why.clone(), Verdict::Rejected { why });
        }
        Fate::Judged(Judgement::Unknown(why)) if postback.attempts >= MOST_UNKNOWN => {
            return with(postback, why.clone(), Verdict::Rejected { why });
        }
        Fate::Judged(Judgement::Unknown(why)) => (why, backed_off),
        // A question that was not answered is asked again; nothing is sent anew.
        Fate::Judged(Judgement::Later(why, None)) if was_asked => {
            postback.last_answer = why;
            return Decision::Await(Box::new(postback), now.plus(NEXT_QUESTION_MS));
        }
        Fate::Judged(Judgement::Later(why, wait)) => (why, wait.unwrap_or(backed_off)),
        Fate::Refused(why) if was_asked => {
            postback.last_answer = why;
            return Decision::Await(Box::new(postback), now.plus(NEXT_QUESTION_MS));
        }
        Fate::Refused(why) => (why, waits.refused_ms),
        Fate::Gone => {
            let why = "HTTP 410: nobody lives there any more".to_owned();
            return with(postback, why.clone(), Verdict::Rejected { why });
        }
        Fate::InDoubt(why) => {
            let why = format!("it may have been counted and is not sent twice: {why}");
            return with(postback, why.clone(), Verdict::GaveUp { why });
        }
        Fate::Misconfigured(why) => {
            let why = format!("the destination's configuration: {why}");
            return with(postback, why.clone(), Skip::new(SkipReason::Misconfigured, why).into());
        }
        Fate::Unsent => return Decision::Postpone(now),
    };
    postback.receipt = None;
    let verdict = match next_attempt(now, wait, not_before, postback.latest_at) {
        Some(at) => Verdict::Retry { at, why: why.clone() },
        None => Verdict::GaveUp { why: why.clone() },
    };
    with(postback, why, verdict)
}

fn with(mut postback: Postback, why: String, verdict: Verdict) -> Decision {
    postback.last_answer = why;
    postback.receipt = None;
    Decision::Settle(Box::new(postback), verdict)
}

fn delivered(postback: &Postback) -> Verdict {
    match postback.corrects.as_ref().map(|correction| correction.change) {
        Some(CorrectionKind::Retracted) => Verdict::Retracted,
        _ => Verdict::Delivered,
    }
}

fn taken(mut postback: Postback, request: String, row: usize, now: Millis) -> Decision {
    match &postback.receipt {
        None => {
            let why = "it was taken; what becomes of it is asked later".to_owned();
            postback.last_answer = why;
            postback.receipt = Some(Receipt { request, row, at: now });
            Decision::Await(Box::new(postback), now.plus(FIRST_QUESTION_MS))
        }
        Some(receipt) if now.since(receipt.at) > LAST_QUESTION_MS => {
            let why = "it was taken, and never told what became of it".to_owned();
            with(postback, why.clone(), Verdict::GaveUp { why })
        }
        Some(_) => Decision::Await(Box::new(postback), now.plus(NEXT_QUESTION_MS)),
    }
}

/// Where a postback with this verdict goes, and what the ledger hears of it.
pub fn settlement(postback: Postback, verdict: &Verdict, at: Millis) -> Result<Move, StoreError> {
    // A postback that was replayed may be settled again after as many attempts, but not alike.
    let id = format!("{}.{}.{}", postback.id, postback.attempts, verdict.word());
    let fact = Event::Postback(Box::new(postback.fact(verdict.clone())));
    let ledger = Envelope::new(postback.site.clone(), at, id, fact).to_json();
    if let Verdict::Retry { at, .. } = verdict {
        return Ok(Move::Later { at: *at, body: to_json(&postback)?, ledger });
    }
    let settled = SettledPostback { postback, settled_at: at, verdict: verdict.clone() };
    let body = to_json(&settled)?;
    Ok(match verdict {
        Verdict::GaveUp { .. } => Move::Dead { at, body, ledger },
        _ => Move::Done { at, body, ledger },
    })
}
