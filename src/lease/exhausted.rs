//! Pools that had no number of their own for a visitor. Whoever tells people of it listens here.
//!
//! What does not fit in is not told: the next visitor who finds none is.

use tokio::sync::mpsc;

use crate::lease::model::{Lease, Tier};
use crate::lease::reply::Outcome;
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SiteId};

/// Most of them that wait to be told.
const MOST_WAITING: usize = 256;

/// A pool that had no number of its own for a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhaustion {
    /// The site.
    pub site: SiteId,
    /// The pool.
    pub pool: PoolId,
    /// When.
    pub at: Millis,
}

/// Where they go; cheap to clone.
#[derive(Clone, Debug)]
pub struct Exhaustions(mpsc::Sender<Exhaustion>);

/// Where they go, and where they come out.
pub fn exhaustions() -> (Exhaustions, mpsc::Receiver<Exhaustion>) {
    let (sender, receiver) = mpsc::channel(MOST_WAITING);
    (Exhaustions(sender), receiver)
}

impl Exhaustions {
    /// Passes on the pools in `outcome` that shared a number, or left the page alone, for the first time in a session.
    pub(super) fn tell(&self, site: &SiteId, outcome: &Outcome, now: Millis) {
        let Outcome::Leases(_, leases) = outcome else { return };
        let none_left =
            |lease: &&Lease| lease.is_new && matches!(lease.tier, Tier::Shared | Tier::Original);
        for lease in leases.iter().filter(none_left) {
            // Full: nobody waits for it.
            let _ = self.0.try_send(Exhaustion {
                site: site.clone(),
                pool: lease.pool.clone(),
                at: now,
            });
        }
    }
}
