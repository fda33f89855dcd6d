//! Everything that belongs to one person: first found, then told apart from what belongs to others. Pure.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use serde_json::Value;
use uuid::Uuid;

use crate::call::model::Call;
use crate::lead::model::Lead;
use crate::ledger::model::{Envelope, Event};
use crate::platform::caller_keys::SealedNumber;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, LeadId, SessionId, VisitorId};
use crate::platform::signing::SigningKeys;
use crate::privacy::judge::Fate;
use crate::privacy::subject::{Kind, Subject, numbers_in};
use crate::visit::model::Visit;

/// What a person left behind up to a moment.
pub struct Traces {
    /// Who it is.
    pub subject: Subject,
    /// What is younger is none of it: they may have come again.
    pub before: Millis,
    /// The visitor's ids.
    pub visitors: BTreeSet<VisitorId>,
    /// Visits.
    pub sessions: BTreeSet<SessionId>,
    /// Calls; none of a visitor, whose calls stay with their callers.
    pub calls: BTreeSet<CallId>,
    /// Leads.
    pub leads: BTreeSet<LeadId>,
    /// Visits that a caller's calls were joined with: told with an export, and nobody's by that.
    pub joined: BTreeSet<SessionId>,
    signing: SigningKeys,
    needles: Option<AhoCorasick>,
}

impl Traces {
    /// Of `subject`, before anything was looked through.
    pub fn new(subject: Subject, before: Millis, signing: SigningKeys) -> Self {
        let (visitors, sessions, calls, leads, joined) = Default::default();
        let needles = None;
        Traces { subject, before, visitors, sessions, calls, leads, joined, signing, needles }
    }

    /// Learns from an entry of the ledger.
    pub fn learn(&mut self, envelope: &Envelope) {
        if envelope.site != self.subject.site {
            return;
        }
        match &envelope.event {
            Event::Session(visit) => self.learn_visit(visit),
            Event::Call(call) => self.learn_call(call),
            Event::Lead(lead) => self.learn_lead(lead),
            Event::Lease(_) | Event::Postback(_) | Event::Cost(_) | Event::Staffing(_) => {}
        }
    }

    /// Learns from a visit.
    pub fn learn_visit(&mut self, visit: &Visit) {
        self.learn_session(visit.session, visit.visitor, visit.started_at);
    }

    /// Learns from the ids and the beginning of a visit.
    pub fn learn_session(
        &mut self,
        session: SessionId,
        visitor: Option<VisitorId>,
        started_at: Millis,
    ) {
        let is_visitors = visitor.filter(|visitor| self.subject.is_visitor(*visitor));
        self.visitors.extend(is_visitors);
        if started_at < self.before && (is_visitors.is_some() || self.subject.is_session(session)) {
            self.sessions.insert(session);
        }
    }

    /// Learns from a call.
    pub fn learn_call(&mut self, call: &Call) {
        let is_theirs = self.subject.kind == Kind::Caller
            && call.caller_hash.as_ref() == Some(&self.subject.hash);
        if is_theirs && call.started_at < self.before {
            self.calls.insert(call.id);
            self.joined.extend(call.attribution.as_ref().and_then(|joined| joined.session));
        }
    }

    /// Learns from a lead.
    pub fn learn_lead(&mut self, lead: &Lead) {
        let is_theirs = match self.subject.kind {
            Kind::Caller => lead.caller_hash.as_ref() == Some(&self.subject.hash),
            Kind::Visitor => lead.visitor.is_some_and(|visitor| self.subject.is_visitor(visitor)),
            Kind::Session => lead.session.is_some_and(|session| self.subject.is_session(session)),
        };
        if is_theirs && lead.at < self.before {
            self.leads.insert(lead.id);
        }
    }

    /// Ends the learning: from now on [`Traces::mentions`] knows everything that was learnt.
    pub fn complete(&mut self) {
        let ids = |ids: Vec<Uuid>| ids.into_iter().flat_map(spellings).collect::<Vec<_>>();
        let mut needles = ids(self.visitors.iter().map(|id| id.0).collect());
        needles.extend(ids(self.sessions.iter().map(|id| id.0).collect()));
        needles.extend(ids(self.calls.iter().map(|id| id.0).collect()));
        needles.extend(ids(self.leads.iter().map(|id| id.0).collect()));
        if self.subject.kind == Kind::Caller {
            needles.push(self.subject.hash.clone().into_bytes());
        }
        // Only gigabytes of ids cannot be searched for.
        self.needles = AhoCorasick::new(needles).ok();
    }

    /// Whether `bytes` say an id, a hash or, unless `ids_only`, the number of the person.
    pub fn mentions(&self, bytes: &[u8], ids_only: bool) -> bool {
        self.needles.as_ref().is_some_and(|needles| needles.is_match(bytes))
            || (!ids_only && numbers_in(bytes).any(|(from, to)| self.is_number(&bytes[from..to])))
    }

    /// The same text without the ids of the person: a nobody stands in their place.
    pub fn without_ids(&self, text: &str) -> Option<String> {
        let needles = self.needles.as_ref()?;
        let nobody = SessionId::new().short();
        let replaced = vec![nobody; needles.patterns_len()];
        needles.is_match(text).then(|| needles.replace_all(text, &replaced))
    }

    /// What becomes of an entry of the ledger; [`Fate::Change`] has changed it.
    pub fn judge(&self, envelope: &mut Envelope) -> Fate {
        if envelope.site != self.subject.site {
            return Fate::Keep;
        }
        let goes = match &envelope.event {
            Event::Session(visit) => self.sessions.contains(&visit.session),
            Event::Lease(lease) => self.sessions.contains(&lease.session),
            Event::Call(call) => self.calls.contains(&call.id),
            Event::Postback(fact) => self.calls.contains(&fact.call),
            Event::Lead(lead) => self.leads.contains(&lead.id),
            Event::Cost(_) | Event::Staffing(_) => false,
        };
        if goes {
            return Fate::Remove;
        }
        let changed = match &mut envelope.event {
            Event::Call(call) => self.clean_call(call),
            Event::Session(visit) => self.clean_numbers(visit.as_mut()),
            Event::Lead(lead) => self.clean_numbers(lead.as_mut()),
            Event::Lease(_) | Event::Postback(_) | Event::Cost(_) | Event::Staffing(_) => false,
        };
        if changed { Fate::Change } else { Fate::Keep }
    }

    /// Takes out of somebody else's call what it says of the person; whether it said anything.
    pub fn clean_call(&self, call: &mut Call) -> bool {
        if self.subject.kind == Kind::Caller {
            return self.clean_numbers(call);
        }
        let Some(joined) = &mut call.attribution else { return false };
        let is_theirs = joined.session.is_some_and(|session| self.sessions.contains(&session))
            || joined.visitor.is_some_and(|visitor| self.visitors.contains(&visitor));
        if is_theirs {
            // Whose call it was is all about the visit: the call is nobody's from now on.
            call.attribution = None;
            return true;
        }
        let before = joined.candidates.len();
        joined.candidates.retain(|candidate| !self.sessions.contains(&candidate.session));
        joined.candidates.len() < before
    }

    /// Takes the person's number out of every text of `thing`; what would then be unreadable stays as it is.
    fn clean_numbers<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        thing: &mut T,
    ) -> bool {
        if self.subject.kind != Kind::Caller {
            return false;
        }
        let Ok(mut value) = serde_json::to_value(&*thing) else { return false };
        if !self.clean_value(&mut value) {
            return false;
        }
        match serde_json::from_value(value) {
            Ok(cleaned) => *thing = cleaned,
            Err(error) => {
                tracing::error!(%error, "an erased number is needed where it stands");
                return false;
            }
        }
        true
    }

    fn clean_value(&self, value: &mut Value) -> bool {
        match value {
            Value::Object(fields) => {
                let before = fields.len();
                fields.retain(|_, field| !self.is_all(field));
                let less = fields.len() < before;
                fields.values_mut().fold(less, |changed, field| self.clean_value(field) | changed)
            }
            Value::Array(list) => {
                let before = list.len();
                list.retain(|one| !self.is_all(one));
                let less = list.len() < before;
                list.iter_mut().fold(less, |changed, one| self.clean_value(one) | changed)
            }
            Value::String(text) => match self.without_number(text) {
                Some(cleaned) => {
                    *text = cleaned;
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    /// Whether a text is the number and nothing else.
    fn is_all(&self, value: &Value) -> bool {
        let Value::String(text) = value else { return false };
        if let Ok(sealed) = SealedNumber::try_from(text.clone()) {
            return self.subject.kind == Kind::Caller && sealed.hash() == self.subject.hash;
        }
        let digits = text.strip_prefix('+').unwrap_or(text);
        numbers_in(digits.as_bytes()).next() == Some((0, digits.len()))
            && self.is_number(digits.as_bytes())
    }

    fn without_number(&self, text: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let found = numbers_in(bytes).filter(|&(from, to)| self.is_number(&bytes[from..to]));
        let places: Vec<(usize, usize)> = found.collect();
        let mut cleaned = text.to_owned();
        for &(from, to) in places.iter().rev() {
            let plus = usize::from(from > 0 && bytes[from - 1] == b'+');
            cleaned.replace_range(from - plus..to, "");
        }
        (!places.is_empty()).then_some(cleaned)
    }

    fn is_number(&self, digits: &[u8]) -> bool {
        let Some(digits) = std::str::from_utf8(digits).ok() else { return false };
        let hash = || self.signing.caller_hash(self.subject.site.as_str(), &format!("+{digits}"));
        self.subject.kind == Kind::Caller && hash() == self.subject.hash
    }
}

/// Every way in which an id is written down: as text with and without hyphens, short, and as bytes.
fn spellings(id: Uuid) -> [Vec<u8>; 4] {
    [
        id.hyphenated().to_string().into_bytes(),
        id.simple().to_string().into_bytes(),
        SessionId(id).short().into_bytes(),
        id.as_bytes().to_vec(),
    ]
}

#[cfg(test)]
#[path = "traces_tests.rs"]
mod tests;
