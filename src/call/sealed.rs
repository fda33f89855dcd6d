//! Callers as disk and Redis have them: their numbers are sealed before anything is written, and opened when it is read.

use serde::{Deserialize, Serialize};

use crate::call::model::Caller;
use crate::platform::caller_keys::{CallerKeys, SealedNumber};
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;

/// Numbers of a caller that are sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedNumbers {
    /// The number that they called from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<SealedNumber>,
    /// The number that they dialled first, where the network forwarded the call from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<SealedNumber>,
}

impl SealedNumbers {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.number.is_none() && self.forwarded_from.is_none()
    }
}

impl Caller {
    /// Seals the numbers of somebody who called `site`.
    pub fn seal(&mut self, keys: &CallerKeys, site: &SiteId) {
        seal(keys, site, &mut self.number, &mut self.sealed.number);
        seal(keys, site, &mut self.forwarded_from, &mut self.sealed.forwarded_from);
    }

    /// Opens the numbers. Those whose key is not here stay sealed, and are written so again.
    pub fn open(&mut self, keys: &CallerKeys) {
        open(keys, &mut self.sealed.number, &mut self.number);
        open(keys, &mut self.sealed.forwarded_from, &mut self.forwarded_from);
    }

    /// Whether every number is sealed by the newest key.
    pub fn is_sealed(&self, keys: &CallerKeys) -> bool {
        let sealed = [&self.sealed.number, &self.sealed.forwarded_from];
        self.number.is_none()
            && self.forwarded_from.is_none()
            && sealed.into_iter().flatten().all(|sealed| keys.is_newest(sealed))
    }
}

/// Seals a number, in whose place it is kept.
pub fn seal(
    keys: &CallerKeys,
    site: &SiteId,
    clear: &mut Option<PhoneNumber>,
    sealed: &mut Option<SealedNumber>,
) {
    // A number that cannot be sealed is not written at all.
    if let Some(number) = clear.take() {
        *sealed = keys.seal(site, &number);
    }
}

/// Opens a number, if it can be.
pub fn open(keys: &CallerKeys, sealed: &mut Option<SealedNumber>, clear: &mut Option<PhoneNumber>) {
    if let Some(number) = sealed.as_ref().and_then(|sealed| keys.open(sealed)) {
        *clear = Some(number);
        *sealed = None;
    }
}
