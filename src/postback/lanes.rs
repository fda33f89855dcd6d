//! One lane per destination: how much goes there at a time, and whether anything should go there at
//! all just now. A destination that is slow, down or refusing keeps only its own postbacks waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use crate::platform::clock::Millis;
use crate::platform::ids::{DestinationId, SiteId};

/// How many requests may wait in a lane for each that is being sent.
pub const WAITING_PER_SENDING: usize = 32;

/// How long a request that found its lane full stands back at least, and at most.
const STAND_BACK_MS: (i64, i64) = (100, 60_000);

/// Failures in a row after which a destination is left alone for a while.
const MOST_FAILURES: u32 = 5;

/// The first rest of a failing destination; every failed probe doubles it.
const FIRST_REST_MS: i64 = 10_000;

/// The longest rest of a failing destination.
const LONGEST_REST_MS: i64 = 5 * 60_000;

/// All lanes of a process.
pub struct Lanes {
    lanes: Mutex<HashMap<(SiteId, DestinationId), Arc<Lane>>>,
    at_a_time: usize,
    closed: AtomicBool,
}

impl Lanes {
    /// Lanes that send at most `at_a_time` requests each.
    pub fn new(at_a_time: usize) -> Self {
        Lanes {
            lanes: Mutex::default(),
            at_a_time: at_a_time.clamp(1, 1000),
            closed: AtomicBool::new(false),
        }
    }

    /// The lane of a configured destination, in which at most `most` requests are sent at a time; callers look the
    /// destination up first, so that there are never more lanes than destinations.
    pub fn lane(&self, site: &SiteId, destination: &DestinationId, most: usize) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (site.clone(), destination.clone());
        let at_a_time = self.at_a_time.min(most.max(1));
        let lane = lanes.entry(key).or_insert_with(|| Arc::new(Lane::new(at_a_time)));
        if self.closed.load(Ordering::Acquire) {
            lane.close();
        }
        lane.clone()
    }

    /// Lets nothing more start; what is being sent goes on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for lane in self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values() {
            lane.close();
        }
    }
}

/// The lane of one destination.
pub struct Lane {
    places: Semaphore,
    senders: Semaphore,
    health: Mutex<Health>,
    pace: Mutex<Pace>,
}

/// How fast a destination takes requests, and what those that found no place were told. Each gets a moment of its own,
/// so that a long queue for a slow destination is not claimed again and again ahead of everybody else's.
#[derive(Debug, Default)]
struct Pace {
    each_ms: f64,
    /// Up to when moments are given away (ms); a fast destination takes several in a millisecond.
    booked_ms: f64,
}

/// Why a postback did not get into its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// Too many wait already.
    Full,
    /// The process is ending.
    Closed,
}

/// The right to send one postback; dropping it lets the next one in.
pub struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _sender: SemaphorePermit<'a>,
}

impl Lane {
    /// A lane that sends `at_a_time` requests.
    pub fn new(at_a_time: usize) -> Self {
        Lane {
            places: Semaphore::new(at_a_time * (1 + WAITING_PER_SENDING)),
            senders: Semaphore::new(at_a_time),
            health: Mutex::default(),
            pace: Mutex::default(),
        }
    }

    fn close(&self) {
        self.places.close();
        self.senders.close();
    }

    /// Waits for a turn, unless too many wait already.
    pub async fn turn(&self) -> Result<Turn<'_>, NoPlace> {
        let place = self.places.try_acquire().map_err(|refused| match refused {
            TryAcquireError::NoPermits => NoPlace::Full,
            TryAcquireError::Closed => NoPlace::Closed,
        })?;
        let sender = self.senders.acquire().await.map_err(|_| NoPlace::Closed)?;
        Ok(Turn { _place: place, _sender: sender })
    }

    /// Notes that requests are taken at a pace of one in `took_ms` by each sender.
    pub fn note(&self, took_ms: f64) {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.each_ms = 0.8 * pace.each_ms + 0.2 * took_ms.max(0.0);
    }

    /// When somebody who found no place may come again: in the order of asking, at the destination's pace.
    pub fn come_again(&self, now: Millis, at_a_time: usize) -> Millis {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let (least, most) = STAND_BACK_MS;
        let step = pace.each_ms / at_a_time.max(1) as f64;
        let next = pace.booked_ms.max(now.plus(least).0 as f64) + step;
        pace.booked_ms = next.min(now.plus(most).0 as f64);
        Millis(pace.booked_ms as i64)
    }

    /// Looks at or changes the destination's health.
    pub fn health<T>(&self, look: impl FnOnce(&mut Health) -> T) -> T {
        look(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a destination takes anything: a circuit breaker that is pure but for its own state.
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
    fn who_found_no_place_comes_again_in_turn() {
        let lane = Lane::new(2);
        for _ in 0..50 {
            lane.note(1000.0);
        }
        let first = lane.come_again(NOW, 2);
        let second = lane.come_again(NOW, 2);
        assert!((490..=510).contains(&second.since(first)), "{first} {second}");
        for _ in 0..1000 {
            assert!(lane.come_again(NOW, 2).since(NOW) <= STAND_BACK_MS.1);
        }
        let wait = NOW.plus(7_000);
        let mut health = Health::default();
        health.asked_to_wait(wait);
        health.asked_to_wait(NOW);
        assert_eq!(health.admit("u", NOW, 1000), Admission::NotBefore(wait));
    }

    #[test]
    fn a_gone_destination_stays_gone_until_its_url_changes() {
        let mut health = Health::default();
        health.gone("https://old.example/");
        assert_eq!(health.admit("https://old.example/", NOW, 1000), Admission::Gone);
        assert_eq!(health.admit("https://new.example/", NOW, 1000), Admission::Go);
    }

    #[tokio::test]
    async fn a_lane_has_a_bounded_queue_and_closes() {
        let lanes = Lanes::new(1);
        let lane = lanes.lane(&"s".parse().expect("a site"), &"d".parse().expect("an id"), 4);
        let sending = lane.turn().await.expect("a turn");
        let mut waiting: Vec<_> = (0..WAITING_PER_SENDING).map(|_| Box::pin(lane.turn())).collect();
        for turn in &mut waiting {
            assert!(futures_util::poll!(turn.as_mut()).is_pending());
        }
        assert_eq!(lane.turn().await.err(), Some(NoPlace::Full));
        drop(sending);
        assert!(waiting.remove(0).await.is_ok());
        lanes.close();
        assert_eq!(lane.turn().await.err(), Some(NoPlace::Closed));
    }
}
