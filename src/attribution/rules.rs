//! Who called, and which touches earned it. Pure.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::SignedDuration;

use crate::attribution::model::{Attribution, Basis, Candidate, TouchCredit};
use crate::attribution::prior;
use crate::config::model::StaticNumber;
use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;
use crate::visit::ad_ids::AdIds;
use crate::visit::channel::channel;
use crate::visit::learnt::Labels;
use crate::visit::model::{Consent, Machine, Place, Source, Touch, Visit};
use crate::visit::site_rules::{SiteRules, VisitFacts};
use crate::visit::tables::Tables;

/// Most candidates that are stored with a call.
pub const MAX_CANDIDATES: usize = 8;

/// Who may have made a call, best first, and how likely it was none of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Every session that was shown the number, once, the most probable first.
    pub candidates: Vec<Candidate>,
    /// Probability that it was none of them; 1 when there is no candidate.
    pub nobody: f64,
}

/// Weighs the holders of the called number as they stood at `at`. What happened later (a beat, a
/// click) is not looked at, so a call that is judged late gets the same answer.
pub fn rank(at: Millis, holders: &[Holder]) -> Ranking {
    let mut weighed: BTreeMap<SessionId, (f64, Millis, Candidate)> = BTreeMap::new();
    let mut nobody = prior::NOBODY_FLOOR;
    for holder in holders.iter().filter(|holder| holder.from <= at) {
        let idle_ms = at.since(holder.last_seen).max(0);
        let density = prior::density(idle_ms);
        nobody = nobody.max(prior::NOBODY_FLOOR + prior::NOBODY_SHARE * density);
        let click_ago = holder.tel_click.map(|click| at.since(click)).filter(|ago| *ago >= 0);
        let factor = click_ago.map_or(1.0, prior::click_factor);
        let weight = density * factor;
        let candidate = Candidate {
            session: holder.session,
            probability: 0.0,
            tier: holder.tier,
            idle_ms,
            tel_click: factor > 1.0,
        };
        // A session that had the number twice is one candidate: as it was most likely, then last.
        match weighed.entry(holder.session) {
            Entry::Vacant(place) => {
                place.insert((weight, holder.from, candidate));
            }
            Entry::Occupied(mut held) => {
                let (held_weight, held_from, known) = held.get();
                let better = weight
                    .total_cmp(held_weight)
                    .then(known.idle_ms.cmp(&idle_ms))
                    .then(holder.from.cmp(held_from));
                if better.is_gt() {
                    held.insert((weight, holder.from, candidate));
                }
            }
        }
    }
    let total = nobody + weighed.values().map(|(weight, ..)| weight).sum::<f64>();
    let mut ranked: Vec<(f64, Millis, Candidate)> = weighed.into_values().collect();
    // Equally likely: the one seen last, then the one who came last.
    ranked.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then(a.2.idle_ms.cmp(&b.2.idle_ms))
            .then(b.1.cmp(&a.1))
            .then(b.2.session.cmp(&a.2.session))
    });
    let candidates = ranked
        .into_iter()
        .map(|(weight, _, candidate)| Candidate { probability: weight / total, ..candidate })
        .collect();
    Ranking { candidates, nobody: nobody / total }
}

/// Probability that somebody who gave a number in a session is who calls from it: households share telephones.
const TOLD: f64 = 0.95;

/// The ranking when somebody told that the caller was `session`; the others share what is left as before.
pub fn certain(session: SessionId, candidates: &[Candidate]) -> Ranking {
    let (own, others): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.iter().partition(|candidate| candidate.session == session);
    let chosen = match own.first() {
        Some(own) => Candidate { probability: TOLD, ..(*own).clone() },
        None => Candidate {
            session,
            probability: TOLD,
            tier: Tier::Original,
            idle_ms: 0,
            tel_click: false,
        },
    };
    let mass: f64 = others.iter().map(|other| other.probability).sum();
    let share = |other: &&Candidate| Candidate {
        probability: other.probability / mass.max(1.0) * (1.0 - TOLD),
        ..(*other).clone()
    };
    let others: Vec<Candidate> = others.iter().map(share).collect();
    let left: f64 = others.iter().map(|other| other.probability).sum();
    let nobody = (1.0 - TOLD - left).max(0.0);
    Ranking { candidates: std::iter::once(chosen).chain(others).collect(), nobody }
}

/// The answer when the best candidate is chosen. `visit` is the candidate's, `None` when it is no
/// longer known; `touches` are its visitor's, in any order, empty without consent.
pub fn attribute(
    at: Millis,
    ranking: &Ranking,
    visit: Option<&Visit>,
    touches: &[Touch],
    look_back: SignedDuration,
) -> Attribution {
    let Some(best) = ranking.candidates.first() else {
        return Attribution { nobody: ranking.nobody, ..nobody() };
    };
    let mut candidates = ranking.candidates.clone();
    candidates.truncate(MAX_CANDIDATES);
    let chosen = Attribution {
        basis: Basis::Holder,
        session: Some(best.session),
        confidence: best.probability,
        nobody: ranking.nobody,
        tier: best.tier,
        candidates,
        ..nobody()
    };
    let Some(visit) = visit else { return chosen };
    let touches = counted_touches(at, visit, touches, look_back);
    Attribution {
        visitor: visit.visitor,
        source: Some(credited_source(visit, &touches)),
        landing_host: visit.landing_host.clone(),
        landing_page: visit.landing_page.clone(),
        referrer_host: visit.referrer_host.clone(),
        session_started_at: Some(visit.started_at),
        machine: visit.machine.clone(),
        place: visit.place.clone(),
        click_ids: visit.click_ids.clone(),
        ad_ids: visit.ad_ids.clone(),
        labels: visit.labels.clone(),
        consent: visit.consent,
        touches: credits(&touches),
        ..chosen
    }
}

/// The answer for a static number: its source is certain, the session is not known. Its channel is
/// that of a visit from this source, by the site's own rules too, or "Offline" where the web's rules
/// have none.
pub fn attribute_static(tables: &Tables, rules: &SiteRules, number: &StaticNumber) -> Attribution {
    let default = match channel(tables, &number.source, &number.medium, &number.campaign) {
        "Unassigned" => "Offline",
        known => known,
    };
    let mut source = Source {
        source: number.source.clone(),
        medium: number.medium.clone(),
        campaign: number.campaign.clone(),
        ..Source::default()
    };
    let own = rules.channel(&VisitFacts::of_source(&source, default));
    source.channel = own.map_or(default, |(_, name)| name).to_owned();
    Attribution {
        basis: Basis::Static,
        confidence: 1.0,
        tier: Tier::Source,
        source: Some(source),
        ..nobody()
    }
}

/// The answer of another system for a call that was taken over from there: the source that it told is
/// believed. A channel that it did not tell is that of a visit from this source. `page`: host and path.
pub fn attribute_imported(
    tables: &Tables,
    rules: &SiteRules,
    source: Option<Source>,
    (landing_host, landing_page): (String, String),
) -> Attribution {
    let imported = Attribution { basis: Basis::Imported, landing_host, landing_page, ..nobody() };
    let Some(mut source) = source else { return imported };
    if source.channel.is_empty() {
        let default = channel(tables, &source.source, &source.medium, &source.campaign);
        let own = rules.channel(&VisitFacts::of_source(&source, default));
        source.channel = own.map_or(default, |(_, name)| name).to_owned();
    }
    Attribution { confidence: 1.0, tier: Tier::Source, source: Some(source), ..imported }
}

/// No candidate was chosen, so there is no confidence in one.
fn nobody() -> Attribution {
    Attribution {
        basis: Basis::None,
        session: None,
        visitor: None,
        confidence: 0.0,
        nobody: 0.0,
        tier: Tier::Original,
        source: None,
        landing_host: String::new(),
        landing_page: String::new(),
        referrer_host: String::new(),
        session_started_at: None,
        machine: Machine::default(),
        place: Place::default(),
        click_ids: Vec::new(),
        ad_ids: AdIds::default(),
        labels: Labels::default(),
        consent: Consent::default(),
        candidates: Vec::new(),
        touches: Vec::new(),
    }
}

/// The visitor's touches up to the call and inside the look-back, oldest first, always with the
/// winning session's own.
fn counted_touches(
    at: Millis,
    visit: &Visit,
    touches: &[Touch],
    look_back: SignedDuration,
) -> Vec<Touch> {
    let oldest = at.plus(-i64::try_from(look_back.as_millis()).unwrap_or(i64::MAX));
    let mut counted: Vec<Touch> = touches
        .iter()
        .filter(|touch| touch.at <= at && touch.at >= oldest && touch.session != visit.session)
        .cloned()
        .collect();
    counted.push(visit.touch());
    counted.sort_by_key(|touch| (touch.at, touch.session));
    counted.dedup_by_key(|touch| touch.session);
    counted
}

/// The session's own source; a direct visit never overwrites a source that is known from before.
fn credited_source(visit: &Visit, touches: &[Touch]) -> Source {
    if !visit.source.is_direct() {
        return visit.source.clone();
    }
    let known = touches.iter().rev().find(|touch| !touch.source.is_direct());
    known.map_or_else(|| visit.source.clone(), |touch| touch.source.clone())
}

/// Each model's credits sum to 1.
fn credits(touches: &[Touch]) -> Vec<TouchCredit> {
    let last = touches.len().saturating_sub(1);
    let credit = |(i, touch): (usize, &Touch)| TouchCredit {
        session: touch.session,
        at: touch.at,
        source: touch.source.clone(),
        landing_page: touch.landing_page.clone(),
        first: if i == 0 { 1.0 } else { 0.0 },
        last: if i == last { 1.0 } else { 0.0 },
    };
    touches.iter().enumerate().map(credit).collect()
}
