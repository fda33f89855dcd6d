//! Whether a destination takes anything just now: a circuit breaker that is pure but for its own state.

use crate::platform::clock::Millis;

/// Failures in a row after which a destination is left alone for a while.
const MOST_FAILURES: u32 = 5;

/// The first rest of a failing destination; every failed probe doubles it.
const FIRST_REST_MS: i64 = 10_000;

/// The longest rest of a failing destination.
const LONGEST_REST_MS: i64 = 5 * 60_000;

/// How a destination is, as far as this process knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    circuit: Circuit,
    presence: Presence,
}

/// Whether somebody lives at the destination's address, as far as this process knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Presence {
    /// Nobody has looked yet ([`crate::postback::gone`]).
    #[default]
    Unknown,
    Lives,
    /// It said that it is gone: by what its address is known.
    Gone(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Circuit {
    /// All is sent; `failures` in a row so far.
    Closed { failures: u32 },
    /// Nothing is sent until then.
    Resting { until: Millis, rests: u32 },
    /// One is sent to see whether it works again; the others wait until then for its result.
    Probing { until: Millis, rests: u32 },
}

impl Default for Circuit {
    fn default() -> Self {
        Circuit::Closed { failures: 0 }
    }
}

/// Whether a destination rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It takes what it is sent, as far as anybody knows.
    None,
    /// It rests, or somebody sees whether it works again.
    Until(Millis),
    /// It has rested; one may see whether it works again.
    Over,
}

/// Whether a postback may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Send it.
    Go,
    /// Not before this moment.
    NotBefore(Millis),
    /// The destination said that it is gone (410).
    Gone,
}

impl Health {
    /// Whether the destination rests at `now`. Of one that is gone, postbacks are skipped, which needs no rest.
    pub fn rest(&self, now: Millis) -> Rest {
        match self.circuit {
            _ if matches!(self.presence, Presence::Gone(_)) => Rest::None,
            Circuit::Closed { .. } => Rest::None,
            Circuit::Resting { until, .. } | Circuit::Probing { until, .. } if now < until => {
                Rest::Until(until)
            }
            Circuit::Resting { .. } | Circuit::Probing { .. } => Rest::Over,
        }
    }

    /// May a postback be sent to the address `mark` at `now`? The first one after a rest is a probe, whose
    /// result the others await for at most `probe_ms`.
    pub fn admit(&mut self, mark: &str, now: Millis, probe_ms: i64) -> Admission {
        if self.is_gone(mark) {
            return Admission::Gone;
        }
        match self.circuit {
            Circuit::Closed { .. } => Admission::Go,
            Circuit::Resting { until, .. } | Circuit::Probing { until, .. } if now < until => {
                Admission::NotBefore(until)
            }
            Circuit::Resting { rests, .. } | Circuit::Probing { rests, .. } => {
                self.circuit = Circuit::Probing { until: now.plus(probe_ms.max(1)), rests };
                Admission::Go
            }
        }
    }

    /// It answered as it should.
    pub fn succeeded(&mut self) {
        self.circuit = Circuit::default();
        self.presence = Presence::Lives;
    }

    /// It failed, or did not answer.
    pub fn failed(&mut self, now: Millis) {
        let rest_ms = |rests: u32| (FIRST_REST_MS << rests.min(10)).min(LONGEST_REST_MS);
        self.circuit = match self.circuit {
            Circuit::Closed { failures } if failures + 1 < MOST_FAILURES => {
                Circuit::Closed { failures: failures + 1 }
            }
            Circuit::Closed { .. } => Circuit::Resting { until: now.plus(rest_ms(0)), rests: 0 },
            Circuit::Probing { rests, .. } => {
                let rests = rests.saturating_add(1);
                Circuit::Resting { until: now.plus(rest_ms(rests)), rests }
            }
            // What was under way when the rest began says nothing new.
            Circuit::Resting { until, rests } => Circuit::Resting { until, rests },
        };
    }

    /// It refused our credentials: nothing is sent for `pause_ms`, since every postback would
    /// meet the same refusal.
    pub fn refused(&mut self, now: Millis, pause_ms: i64) {
        self.circuit = Circuit::Resting { until: now.plus(pause_ms), rests: 0 };
    }

    /// It asked for patience: nothing is sent before `until`.
    pub fn asked_to_wait(&mut self, until: Millis) {
        let is_longer = match self.circuit {
            Circuit::Closed { .. } => true,
            Circuit::Resting { until: rests, .. } | Circuit::Probing { until: rests, .. } => {
                rests < until
            }
        };
        if is_longer {
            self.circuit = Circuit::Resting { until, rests: 0 };
        }
    }

    /// It said that nobody lives at the address `mark`.
    pub fn gone(&mut self, mark: &str) {
        self.presence = Presence::Gone(mark.to_owned());
    }

    /// Nothing says that it is gone.
    pub fn lives(&mut self) {
        self.presence = Presence::Lives;
    }

    /// Whether it said that nobody lives at the address `mark`.
    pub fn is_gone(&self, mark: &str) -> bool {
        self.presence == Presence::Gone(mark.to_owned())
    }

    /// Whether somebody looked and found nothing to say against it.
    pub fn is_known_to_live(&self) -> bool {
        self.presence == Presence::Lives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn tired() -> Health {
        let mut health = Health::default();
        for _ in 0..MOST_FAILURES {
            assert_eq!(health.admit("u", NOW, 1000), Admission::Go);
            health.failed(NOW);
        }
        health
    }

    #[test]
    fn a_failing_destination_rests_and_is_probed_by_one() {
        let mut health = tired();
        let awake = NOW.plus(FIRST_REST_MS);
        assert_eq!(health.admit("u", NOW, 1000), Admission::NotBefore(awake));
        assert_eq!(health.admit("u", awake, 1000), Admission::Go);
        assert_eq!(health.admit("u", awake, 1000), Admission::NotBefore(awake.plus(1000)));
        health.failed(awake);
        let later = awake.plus(2 * FIRST_REST_MS);
        assert_eq!(health.admit("u", awake, 1000), Admission::NotBefore(later));
        assert_eq!(health.admit("u", later, 1000), Admission::Go);
        health.succeeded();
        assert_eq!(health.circuit, Circuit::default());
    }

    #[test]
    fn a_probe_whose_result_never_came_is_repeated() {
        let mut health = tired();
        let awake = NOW.plus(FIRST_REST_MS);
        assert_eq!(health.admit("u", awake, 1000), Admission::Go);
        assert_eq!(health.admit("u", awake.plus(1000), 1000), Admission::Go);
    }

    #[test]
    fn rests_are_bounded_and_refusals_pause() {
        let mut health = tired();
        let mut now = NOW;
        for _ in 0..100 {
            let Admission::NotBefore(until) = health.admit("u", now, 1000) else {
                panic!("it should rest");
            };
            assert!(until.since(now) <= LONGEST_REST_MS);
            now = until;
            assert_eq!(health.admit("u", now, 1000), Admission::Go);
            health.failed(now);
        }
        let mut refused = Health::default();
        refused.refused(NOW, 60_000);
        assert_eq!(refused.admit("u", NOW, 1000), Admission::NotBefore(NOW.plus(60_000)));
    }

    #[test]
    fn who_asks_for_patience_gets_it() {
        let wait = NOW.plus(7_000);
        let mut health = Health::default();
        health.asked_to_wait(wait);
        health.asked_to_wait(NOW);
        assert_eq!(health.rest(NOW), Rest::Until(wait));
        assert_eq!(health.admit("u", NOW, 1000), Admission::NotBefore(wait));
    }

    #[test]
    fn a_gone_destination_stays_gone_until_its_url_changes() {
        let mut health = Health::default();
        health.gone("https://old.example/");
        assert_eq!(health.admit("https://old.example/", NOW, 1000), Admission::Gone);
        assert_eq!(health.admit("https://new.example/", NOW, 1000), Admission::Go);
    }
}
