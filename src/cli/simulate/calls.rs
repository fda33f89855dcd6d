//! Who calls, when, and how often.

use rand::RngExt;
use serde_json::json;

use crate::cli::simulate::Delays;
use crate::cli::simulate::author::{Author, members};
use crate::cli::simulate::visits::Visited;
use crate::platform::clock::Millis;

/// Seconds until somebody calls once more, on average.
const AGAIN_S: f64 = 86_400.0;

impl Author<'_> {
    /// The end of a visit: a call or none, and leaving.
    pub(super) fn calls_of(&mut self, visit: &Visited) {
        if !self.draws(visit.calls) {
            let left = if self.draws(self.args.idle_clicks) { self.tap(visit) } else { visit.to };
            return self.leave(visit, left);
        }
        // Only phones tap, so that of all calls the share that was asked for does, where there are
        // enough of them.
        let by_phone = self.args.tel_clicks / self.args.mobile.max(f64::EPSILON);
        if visit.mobile && self.draws(by_phone) {
            let left = self.tap(visit);
            let at = visit.to.plus(1_000 + self.wait(self.args.click_delay_s));
            self.calls_at(visit, at);
            return self.leave(visit, left);
        }
        let at = self.moment(visit);
        self.calls_at(visit, at);
        self.leave(visit, visit.to);
    }

    /// When somebody calls who did not tap the number.
    fn moment(&mut self, visit: &Visited) -> Millis {
        let Delays { page, just, day, later } = self.args.delays.clone();
        let mut drawn = self.rng.random::<f64>() * (page + just.0 + day.0 + later.0);
        for (share, mean) in [just, day, later] {
            if drawn < share {
                return visit.to.plus(self.wait(mean.as_secs_f64()));
            }
            drawn -= share;
        }
        let length = visit.to.since(visit.from);
        visit.from.plus(self.rng.random_range(0..length).max(1))
    }

    fn calls_at(&mut self, visit: &Visited, first: Millis) {
        let caller = self.caller();
        let mut at = first;
        loop {
            let call = json!({ "caller": caller, "dials_number_shown_to": visit.session });
            if !self.say(at, "call", members(call)) {
                return;
            }
            self.told.calls += 1;
            if !self.draws(self.args.repeat) {
                return;
            }
            at = at.plus(self.wait(AGAIN_S));
        }
    }

    /// A number that nobody had before, most likely.
    pub(super) fn caller(&mut self) -> String {
        const AREAS: [u32; 6] = [617, 857, 508, 781, 978, 212];
        let area = AREAS[self.rng.random_range(0..AREAS.len())];
        // 200 to 999: an exchange does not begin with 0 or 1.
        format!(
            "+1{area}{:03}{:04}",
            self.rng.random_range(200..1_000),
            self.rng.random_range(0..10_000)
        )
    }
}
