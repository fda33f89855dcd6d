//! What is known after a question, and what its answer teaches: what is on the pages, how long leases
//! surely run, when keys end.

use crate::cli::replay::people::Who;
use crate::cli::replay::player::{Player, Sign};
use crate::config::model::Pool;
use crate::lease::model::{Lease, Tier};
use crate::lease::reply::{Outcome, answer};
use crate::lease::trackers::Serves;
use crate::platform::clock::Millis;
use crate::platform::ids::VisitorId;
use crate::visit::token::SessionToken;

impl<W> Player<'_, W> {
    /// A visit is written, and with a visitor its touch.
    pub(super) fn visit_is_written(&mut self, token: SessionToken, at: Millis) {
        let world = self.world;
        let look_back = world.site().look_back.as_millis() as i64;
        let mut visit_ends = at.plus(world.site().attribution_window.as_millis() as i64);
        if let Some(visitor) = token.visitor {
            self.lifetimes.set(world.keys.visitor(&visitor), at.plus(look_back));
            visit_ends = visit_ends.max(at.plus(look_back));
        }
        self.lifetimes.set(world.keys.session(&token.session), visit_ends);
    }

    /// The lease of a session in `pool` is written.
    pub(super) fn lease_is_written(&mut self, who: Who, pool: &Pool, at: Millis) {
        let world = self.world;
        let until = at.plus(world.times(pool).lease_key);
        let session = self.people.get_mut(who);
        session.of_pool_mut(&pool.id).known_until = until;
        self.lifetimes.set(world.keys.lease(&pool.id, &session.id), until);
    }

    /// A page was told something.
    pub(super) fn learn(
        &mut self,
        who: Who,
        sign: Sign,
        visitor: Option<VisitorId>,
        outcome: Outcome,
    ) {
        let world = self.world;
        let session = self.people.get_mut(who);
        session.unanswered -= 1;
        let is_first = sign.opens;
        if let Some(token) = &mut session.token {
            (token.visitor, token.seen) = (visitor, sign.at);
        }
        let Outcome::Leases(marks, leases) = outcome else { return };
        if let Some(token) = &mut session.token {
            token.marks = marks;
        }
        let serving = world.serving(marks);
        if is_first {
            for pool in serving.pools() {
                self.lease_is_written(who, pool, sign.at);
            }
            let fixed = serving.targets().filter(|(_, by)| matches!(by, Serves::Number(_)));
            fixed.for_each(|_| self.counts.leased(Tier::Source));
        }
        if !sign.leaving {
            let shown = serving.targets().filter_map(|(target, by)| {
                let (_, number, _) = answer(by, &leases);
                Some((target.id.clone(), number?.clone()))
            });
            self.people.get_mut(who).show(&sign.page, shown.collect());
        }
        for lease in leases {
            if let Some(pool) = world.site().pool(&lease.pool) {
                self.learn_lease(who, &sign, pool, lease);
            }
        }
    }

    fn learn_lease(&mut self, who: Who, sign: &Sign, pool: &Pool, lease: Lease) {
        let (world, at) = (self.world, sign.at);
        let times = world.times(pool);
        let known = self.people.get_mut(who).of_pool_mut(&pool.id);
        let pooled = lease.is_pooled();
        let same = |told: &Lease| (&told.number, told.since) == (&lease.number, lease.since);
        if !known.told.as_ref().is_some_and(same) {
            self.counts.leased(lease.tier);
        }
        if !pooled {
            known.runs_until = Millis(0);
        } else if !sign.leaving && !sign.late {
            known.runs_until = at.plus(times.hold);
        }
        known.told = Some(lease);
    }
}
