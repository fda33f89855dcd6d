//! The answer for one call: the chosen candidate with its visit, and the touches that earned it. Pure.

use jiff::SignedDuration;

use crate::attribution::credit::{Contact, credits};
use crate::attribution::known::ToldBy;
use crate::attribution::model::{Attribution, Basis, Candidate, Reason};
use crate::attribution::observation::Observation;
use crate::attribution::rules::Ranking;
use crate::config::model::StaticNumber;
use crate::lease::model::Tier;
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;
use crate::visit::ad_ids::AdIds;
use crate::visit::channel::channel;
use crate::visit::learnt::Labels;
use crate::visit::model::{Consent, Machine, Place, Source, Touch, Visit};
use crate::visit::site_rules::{SiteRules, VisitFacts};
use crate::visit::tables::Tables;

/// How much of "none of them" a caller takes who is known from an earlier call, or from a form: that
/// session was found by another way than this number.
const REJOINED: f64 = 0.6;

/// What was found for one call.
#[derive(Clone, Debug, Default)]
pub struct Joined<'a> {
    /// When it came.
    pub at: Millis,
    /// Who may have called.
    pub ranking: Ranking,
    /// The likeliest visit that the caller is known from and that was not shown the number, and how sure that is.
    pub earlier: Option<(&'a Visit, f64)>,
    /// What tells it.
    pub told_by: ToldBy,
    /// The winner's visit; `None` when it is no longer known.
    pub visit: Option<&'a Visit>,
    /// The touches of the winner's visitor, in any order; empty without consent.
    pub touches: Vec<Touch>,
    /// When the caller called first, when that was before.
    pub first_contact: Option<Millis>,
    /// Which fit of the delays judged it.
    pub fit: u32,
    /// What the call teaches the next fit.
    pub observed: Option<Observation>,
}

impl Joined<'_> {
    /// The session that is named.
    pub fn winner(&self) -> Option<SessionId> {
        match self.inferred() {
            Some((session, _)) => Some(session),
            None => self.ranking.best().map(|best| best.session),
        }
    }

    /// The session that the caller is known from with its probability, where that is more likely than
    /// the best candidate.
    fn inferred(&self) -> Option<(SessionId, f64)> {
        let (session, sure) = self.earlier.map(|(visit, sure)| (visit.session, sure))?;
        let probability = REJOINED * sure * self.ranking.nobody;
        let best = self.ranking.candidates.first().map_or(0.0, |best| best.probability);
        (probability > best).then_some((session, probability))
    }
}

/// Probability that somebody who gave a number in a session is who calls from it: households share
/// telephones.
pub const TOLD: f64 = 0.95;

/// The ranking when somebody told that the caller was `session`; the others share what is left as before.
pub fn certain(session: SessionId, candidates: &[Candidate]) -> Ranking {
    let (own, others): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.iter().partition(|candidate| candidate.session == session);
    let chosen = match own.first() {
        Some(own) => Candidate { probability: TOLD, ..(*own).clone() },
        None => elsewhere(session, TOLD, Vec::new()),
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

/// A candidate who was found by another way than the number, which it was not shown.
fn elsewhere(session: SessionId, probability: f64, reasons: Vec<Reason>) -> Candidate {
    let tier = Tier::Original;
    Candidate { session, probability, tier, idle_ms: 0, tel_click: false, reasons }
}

/// The answer for a call to a pooled number, or to one that is nobody's.
pub fn attribute(joined: Joined<'_>, look_back: SignedDuration) -> Attribution {
    let inferred = joined.inferred();
    let told_by = joined.told_by;
    let Joined { at, ranking, visit, touches, first_contact, fit, observed, .. } = joined;
    let best = ranking.best().cloned();
    let mut candidates = ranking.candidates;
    if let Some((session, probability)) = inferred {
        candidates.insert(0, elsewhere(session, probability, vec![told_by.reason()]));
    }
    let found = Attribution { nobody: ranking.nobody, candidates, fit, observed, ..nobody() };
    let chosen = match (inferred, best) {
        (Some((session, probability)), _) => Attribution {
            basis: Basis::Inferred,
            session: Some(session),
            confidence: probability,
            nobody: ranking.nobody - probability,
            ..found
        },
        (None, Some(best)) => Attribution {
            basis: Basis::Holder,
            session: Some(best.session),
            confidence: best.probability,
            tier: best.tier,
            ..found
        },
        (None, None) => return found,
    };
    let Some(visit) = visit else { return chosen };
    let touches = counted_touches(at, visit, &touches, look_back);
    let contact = Contact { call: at, first: first_contact.map_or(at, |first| first.min(at)) };
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
        touches: credits(&touches, contact),
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
pub(super) fn nobody() -> Attribution {
    Attribution {
        basis: Basis::None,
        session: None,
        visitor: None,
        confidence: 0.0,
        nobody: 0.0,
        fit: 0,
        observed: None,
        tier: Tier::Original,
        source: None,
        landing_host: String::new(),
        landing_page: String::new(),
        page: String::new(),
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
        revised: None,
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
