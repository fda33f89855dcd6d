//! Taps on numbers that pages tell of late: a phone's dialler often holds their messages back until the call is
//! over. Whoever joins calls listens here.
//!
//! What does not fit in, or is lost when the process ends, leaves a call with the answer that it has.

use tokio::sync::mpsc;

use crate::lease::model::{Done, Gesture, Lease, PageSign};
use crate::lease::reply::Outcome;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;

/// A tap that was told sooner was told before its call came.
const LATE_MS: i64 = 1_000;
/// Most taps that wait to be looked at.
const MOST_WAITING: usize = 1_024;

/// A tap that a page told of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateClick {
    /// The site.
    pub site: SiteId,
    /// The number that was tapped.
    pub number: PhoneNumber,
    /// When.
    pub at: Millis,
}

/// Where late taps go; cheap to clone.
#[derive(Clone, Debug)]
pub struct LateClicks(mpsc::Sender<LateClick>);

/// Where late taps go, and where they come out.
pub fn late_clicks() -> (LateClicks, mpsc::Receiver<LateClick>) {
    let (sender, receiver) = mpsc::channel(MOST_WAITING);
    (LateClicks(sender), receiver)
}

impl LateClicks {
    /// Passes on the taps that a message at `now` tells late; `outcome` says which numbers its session has.
    pub(super) fn tell(&self, site: &SiteId, sign: &PageSign, outcome: &Outcome, now: Millis) {
        let Outcome::Leases(_, leases) = outcome else { return };
        let late = |done: &&Done| done.gesture == Gesture::TelClick && done.ago_ms >= LATE_MS;
        for done in sign.done.iter().filter(late) {
            let of_pool = |lease: &&Lease| lease.pool == done.pool && lease.is_pooled();
            let lease = leases.iter().find(of_pool);
            if let Some(number) = lease.and_then(|lease| lease.number.clone()) {
                let (site, at) = (site.clone(), now.plus(-done.ago_ms));
                // Full: nobody waits for it.
                let _ = self.0.try_send(LateClick { site, number, at });
            }
        }
    }
}
