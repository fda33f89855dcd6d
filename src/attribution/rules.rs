//! Who called, and how sure we are. Pure.

use crate::attribution::delays::Delays;
use crate::attribution::evidence::{Evidence, Nearness};
use crate::attribution::model::{Candidate, Reason};
use crate::lease::model::Tier;

/// "None of them" is the answer only when it is so many times as likely as the best candidate: a wrong
/// name costs a report less than a caller who is given up.
pub const NOBODY_LEAD: f64 = 10.0;

/// How likely a repeated call is of the session, or the visitor, of the call before, if that was joined
/// right. The rest stands for phones that several people use, and for people who came back as somebody
/// else.
const KNOWN: f64 = 0.95;
/// Two known sessions of which neither is likely by the delay share what is known alike.
const LEAST: f64 = 1e-12;

/// Milliseconds since the last sign of life that a reason calls "just after" and "the same day".
const JUST_MS: i64 = 15 * 60_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// Holders whom the list has no room for: those seen last between so many seconds before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Older {
    /// The newest of them.
    pub from_s: f64,
    /// The attribution window.
    pub to_s: f64,
}

/// Who may have made a call, best first, and how likely it was none of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Every session that was shown the number, once, the most probable first.
    pub candidates: Vec<Candidate>,
    /// Probability that it was none of them; 1 when there is no candidate.
    pub nobody: f64,
}

impl Default for Ranking {
    fn default() -> Self {
        Ranking { candidates: Vec::new(), nobody: 1.0 }
    }
}

impl Ranking {
    /// The candidate that is named; `None`: none of them.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|best| best.probability * NOBODY_LEAD >= self.nobody)
    }
}

/// Weighs the holders of the called number by the `delays` of the site. Each session is there once, as
/// it stood at the call: what happened later is not looked at, so a call that is judged late gets the
/// same answer.
pub fn rank(candidates: &[Evidence], delays: &Delays, older: Option<Older>) -> Ranking {
    let plain: Vec<f64> = candidates.iter().map(|one| one.weight(delays)).collect();
    let older = older.map_or(0.0, |older| delays.of_older(older.from_s, older.to_s));
    let nobody = delays.of_nobody() + older;
    let total = nobody + plain.iter().sum::<f64>();
    // A caller who is known calls because of the earlier call, whenever that is; if it was joined wrong, it
    // says nothing.
    let known_share = known_share(candidates);
    let known = |n: usize| candidates[n].beside.known_caller > 0.0;
    let of_known: f64 = (0..plain.len()).filter(|n| known(*n)).map(|n| plain[n] + LEAST).sum();
    let share = |n: usize, weight: f64| {
        let known = if known(n) { known_share * (weight + LEAST) / of_known } else { 0.0 };
        known + (1.0 - known_share) * weight / total
    };
    let weights: Vec<f64> = plain.iter().enumerate().map(|(n, weight)| share(n, *weight)).collect();
    let live = candidates.iter().filter(|one| one.on_page).count();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    // Equally likely: the one seen last, then the one who came last.
    order.sort_by(|&a, &b| {
        let (one, other) = (&candidates[a], &candidates[b]);
        weights[b]
            .total_cmp(&weights[a])
            .then(one.idle_ms.cmp(&other.idle_ms))
            .then(other.from.cmp(&one.from))
            .then(other.session.cmp(&one.session))
    });
    let ranked = order.into_iter().map(|n| {
        let one = &candidates[n];
        let tel_click =
            one.spent < 0.5 && one.clicked_s.is_some_and(|ago| delays.by_click(ago) > 0.0);
        Candidate {
            session: one.session,
            probability: weights[n],
            tier: one.tier,
            idle_ms: one.idle_ms,
            tel_click,
            reasons: reasons(one, tel_click, live),
        }
    });
    Ranking { candidates: ranked.collect(), nobody: nobody / total * (1.0 - known_share) }
}

/// How likely the call is of the session that an earlier call of the caller was joined with, or of its
/// visitor: 0 when nobody among the candidates is.
pub fn known_share(candidates: &[Evidence]) -> f64 {
    KNOWN * candidates.iter().map(|one| one.beside.known_caller).fold(0.0, f64::max)
}

fn reasons(one: &Evidence, tel_click: bool, live: usize) -> Vec<Reason> {
    let seen = match one.idle_ms {
        _ if one.on_page => Reason::OnPage,
        idle_ms if idle_ms <= JUST_MS => Reason::JustAfter,
        idle_ms if idle_ms <= DAY_MS => Reason::SameDay,
        _ => Reason::Later,
    };
    let near = match one.beside.nearness {
        Nearness::Unknown | Nearness::SameCountry => None,
        Nearness::SameArea => Some(Reason::SameArea),
        Nearness::SameRegion => Some(Reason::SameRegion),
        Nearness::OtherCountry => Some(Reason::OtherCountry),
    };
    let others = live > usize::from(one.on_page);
    [
        tel_click.then_some(Reason::TelClick),
        one.gesture.then_some(Reason::Gesture),
        Some(seen),
        (one.beside.known_caller > 0.0).then_some(one.beside.told_by.reason()),
        near,
        others.then_some(Reason::Shared),
        (one.tier == Tier::Unrested).then_some(Reason::Unrested),
    ]
    .into_iter()
    .flatten()
    .collect()
}
