//! Whose data is meant. Pure.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::phone::PhoneNumber;
use crate::platform::signing::SigningKeys;

/// What somebody is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The number that they called from.
    Caller,
    /// The id of their browser.
    Visitor,
    /// The id of one visit, where nobody allowed an id of the browser.
    Session,
}

/// Somebody on one site, as the list of erasures keeps them: nobody can read from it who it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The site.
    pub site: SiteId,
    /// What they are known by.
    pub kind: Kind,
    /// Of a caller the keyed hash of the number, as calls have it; of a visitor or a session SHA-256 of site and id (an id
    /// is random, so that it needs no key), cut to 128 bits. Hex.
    pub hash: String,
}

impl Subject {
    /// Who calls `site` from `number`.
    pub fn caller(signing: &SigningKeys, site: &SiteId, number: &PhoneNumber) -> Self {
        let hash = signing.caller_hash(site.as_str(), number.as_str());
        Subject { site: site.clone(), kind: Kind::Caller, hash }
    }

    /// A browser.
    pub fn visitor(site: &SiteId, visitor: VisitorId) -> Self {
        Subject { site: site.clone(), kind: Kind::Visitor, hash: digest(site, visitor.0) }
    }

    /// One visit.
    pub fn session(site: &SiteId, session: SessionId) -> Self {
        Subject { site: site.clone(), kind: Kind::Session, hash: digest(site, session.0) }
    }

    /// Whether it is this visitor.
    pub fn is_visitor(&self, visitor: VisitorId) -> bool {
        self.kind == Kind::Visitor && self.hash == digest(&self.site, visitor.0)
    }

    /// Whether it is this session.
    pub fn is_session(&self, session: SessionId) -> bool {
        self.kind == Kind::Session && self.hash == digest(&self.site, session.0)
    }
}

fn digest(site: &SiteId, id: Uuid) -> String {
    hex::encode(&Sha256::digest(format!("{site}\n{}", id.simple()).as_bytes())[..16])
}

/// The number of everybody: digits of E.164 with or without the plus sign, wherever they stand in a text. Where they
/// stand in it, as (first byte, byte behind the last).
pub fn numbers_in(text: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.iter().position(u8::is_ascii_digit)?;
            let length = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = start + length;
            // E.164 has at most 15 digits; shorter ones than 8 are no subscriber's.
            if (8..=15).contains(&length) {
                return Some((start, at));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_found_by_its_own_id_on_its_own_site_alone() {
        let (one, two): (SiteId, SiteId) = ("one".parse().unwrap(), "two".parse().unwrap());
        let (visitor, session) = (VisitorId::new(), SessionId::new());
        let known = Subject::visitor(&one, visitor);
        assert!(known.is_visitor(visitor) && !known.is_visitor(VisitorId::new()));
        assert!(!Subject::visitor(&two, visitor).hash.eq(&known.hash));
        assert!(!known.is_session(SessionId(visitor.0)), "another kind");
        assert!(Subject::session(&one, session).is_session(session));
        let text = serde_json::to_string(&known).unwrap();
        assert!(!text.contains(&visitor.to_string()), "{text}");
    }

    #[test]
    fn numbers_are_runs_of_eight_to_fifteen_digits() {
        let text = b"+14155550199, 1234567, 1234567890123456 and 49301234567x";
        let found: Vec<&[u8]> = numbers_in(text).map(|(from, to)| &text[from..to]).collect();
        assert_eq!(found, [&b"14155550199"[..], b"49301234567"]);
        assert_eq!(numbers_in(b"").count(), 0);
    }
}
