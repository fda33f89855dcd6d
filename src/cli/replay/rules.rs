//! The rules that others go by, on the same leases: what a posterior has to beat. Pure.

use serde::Serialize;

use crate::cli::replay::people::People;
use crate::cli::replay::quality::{Judged, Quality};
use crate::cli::replay::score::{Share, Truth};
use crate::lease::model::Holder;

/// Such a rule names one session and says nothing about how sure it is: it counts as so sure.
const SURE: f64 = 0.99;

/// How well one rule does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rule {
    /// Callers who were joined with their session.
    pub callers: Share,
    /// Its answers as probabilities.
    #[serde(flatten)]
    pub quality: Quality,
}

/// The naive rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rules {
    /// The session that was shown the number last.
    pub newest_holder: Rule,
    /// The session that was seen last with the number.
    pub last_seen: Rule,
}

impl Rules {
    /// Counts what the rules say of a call to a number with these holders, newest first; of a call
    /// without a number they know nothing.
    pub fn add(&mut self, truth: Truth<'_>, holders: Option<&[Holder]>, people: &People) {
        let listed = holders.unwrap_or_default();
        let newest = listed.iter().max_by_key(|holder| (holder.from, holder.last_seen));
        let last_seen = listed.iter().max_by_key(|holder| (holder.last_seen, holder.from));
        for (rule, chosen) in [(&mut self.newest_holder, newest), (&mut self.last_seen, last_seen)]
        {
            let session = chosen.and_then(|holder| people.name(holder.session));
            let right = match truth {
                Truth::Session(name) => session == Some(name),
                Truth::Nobody => session.is_none(),
                Truth::Unknown => continue,
            };
            if let Truth::Session(_) = truth {
                rule.callers.add(right);
            }
            if holders.is_some() {
                let (nobody, is_nobody) =
                    (f64::from(u8::from(session.is_none())), truth == Truth::Nobody);
                let of_truth = if right { SURE } else { 1.0 - SURE };
                rule.quality.add(Judged { confidence: SURE, right, of_truth, nobody, is_nobody });
            }
        }
    }
}
