//! A direct visit never overwrites a source that is known. Pure.

use jiff::SignedDuration;

use crate::platform::clock::Millis;
use crate::visit::model::{Carried, Source, Touch, Visit};

/// Last non-direct: the touch whose source a direct visit at `now` carries on, of a visitor with these
/// `touches` (any order): the newest one inside `look_back` that came from somewhere.
pub fn carried(touches: &[Touch], look_back: SignedDuration, now: Millis) -> Option<&Touch> {
    let young = |touch: &&Touch| i128::from(now.since(touch.at)) <= look_back.as_millis();
    let known = touches.iter().filter(|touch| !touch.source.is_direct()).filter(young);
    known.max_by_key(|touch| touch.at)
}

impl Visit {
    /// Lets a direct visit carry on the source and the click ids of `touch`.
    pub fn carry(&mut self, touch: &Touch) {
        self.source = touch.source.clone();
        self.click_ids = touch.click_ids.clone();
        self.carried = Some(Carried { session: touch.session, at: touch.at });
    }

    /// Forgets what was carried on: the visit is the direct one that it was.
    pub fn forget_carried(&mut self) {
        if self.carried.take().is_some() {
            self.source = Source::direct();
            self.click_ids.clear();
        }
    }
}
