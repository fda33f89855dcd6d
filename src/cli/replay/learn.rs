//! What is known after a question, and what its answer teaches: what is on the pages, how long leases
//! surely run, when keys end.

use crate::cli::replay::people::Who;
use crate::cli::replay::player::{Player, Sign};
use crate::lease::model::Lease;
use crate::lease::reply::Outcome;
use crate::platform::clock::Millis;
use crate::platform::ids::VisitorId;
use crate::visit::token::SessionToken;

impl<W> Player<'_, W> {
    /// A visit is written, and with a visitor its touch.
    pub(super) fn visit_is_written(&mut self, token: SessionToken, at: Millis) {
        let world = self.world;
        let look_back = world.site().look_back.as_millis() as i64;
        let mut visit_ends = at.plus(world.times.window);
        if let Some(visitor) = token.visitor {
            self.lifetimes.set(world.keys.visitor(&visitor), at.plus(look_back));
            visit_ends = visit_ends.max(at.plus(look_back));
        }
        self.lifetimes.set(world.keys.session(&token.session), visit_ends);
    }

    /// The lease of a session is written.
    pub(super) fn lease_is_written(&mut self, who: Who, at: Millis) {
        let world = self.world;
        let session = self.people.get_mut(who);
        session.known_until = at.plus(world.times.lease_key);
        let key = world.keys.lease(&world.pool().id, &session.id);
        self.lifetimes.set(key, session.known_until);
    }

    /// A page was told something.
    pub(super) fn learn(
        &mut self,
        who: Who,
        sign: Sign,
        visitor: Option<VisitorId>,
        outcome: Outcome,
    ) {
        let Sign { page, at, late, leaving } = sign;
        let world = self.world;
        let times = world.times;
        let session = self.people.get_mut(who);
        session.unanswered -= 1;
        if let Some(token) = &mut session.token {
            (token.visitor, token.seen) = (visitor, at);
        }
        let Outcome::Leases(_, leases) = outcome else { return };
        let Some(lease) = leases.into_iter().next() else { return };
        let pooled = lease.is_pooled();
        let same = |told: &Lease| (&told.number, told.since) == (&lease.number, lease.since);
        if !session.told.as_ref().is_some_and(same) {
            self.counts.leased(lease.tier);
        }
        if !pooled {
            session.runs_until = Millis(0);
        } else if !leaving && !late {
            session.runs_until = at.plus(times.hold);
        }
        if !leaving {
            session.show(&page, lease.number.clone());
        }
        session.told = Some(lease);
    }
}
