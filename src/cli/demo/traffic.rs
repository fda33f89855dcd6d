//! Days of visits and calls as a list of steps in time order. Pure: the same seed, zone and
//! end give the same steps.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::cli::demo::world::{
    AGENTS, AREA_CODES, ARRIVALS, Arrival, BILLBOARD_CALLS_A_WEEK, CALLS_AGAIN, COMES_BACK, HOURS,
    VISITS_A_DAY, WEEKDAYS,
};
use crate::platform::clock::Millis;

/// How many days are played when nobody says otherwise.
pub const DAYS: i64 = 14;

/// Something that happens at a moment.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Millis,
    /// To whom: an index into [`Traffic::people`].
    pub person: usize,
    /// What.
    pub kind: StepKind,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A page is opened.
    View {
        /// Path and query.
        url: String,
        /// `document.referrer`.
        referrer: &'static str,
    },
    /// The page is still there; perhaps the number was just tapped.
    Beat {
        /// The `tel:` link was tapped.
        tel_click: bool,
    },
    /// The page is closed.
    Leave,
    /// A call to the number this person saw last (or to the billboard's) arrives.
    Call(PlannedCall),
}

/// A call with the end that it will have.
#[derive(Clone, Debug)]
pub struct PlannedCall {
    /// Distinguishes the calls of the play.
    pub number: usize,
    /// Dials the billboard's static number.
    pub billboard: bool,
    /// Twilio's `DialCallStatus`.
    pub dial_status: &'static str,
    /// Seconds of ringing.
    pub ring_s: i64,
    /// Seconds of talking; 0 when nobody answered.
    pub talk_s: i64,
}

/// Somebody who visits, calls, or both.
#[derive(Clone, Debug)]
pub struct Person {
    /// Caller number in E.164.
    pub caller: String,
    /// `User-Agent`.
    pub agent: &'static str,
    /// Address, from the range for benchmarks (RFC 2544).
    pub address: String,
}

/// The whole play.
pub struct Traffic {
    /// Who takes part.
    pub people: Vec<Person>,
    /// What happens, in time order.
    pub steps: Vec<Step>,
}

impl Traffic {
    /// The first and the last day of the play on the calendar of `zone`.
    pub fn days(&self, zone: &TimeZone) -> (Date, Date) {
        let day = |step: Option<&Step>| {
            let at = step.map_or(Millis(0), |step| step.at);
            at.timestamp().to_zoned(zone.clone()).date()
        };
        (day(self.steps.first()), day(self.steps.last()))
    }
}

struct Author {
    rng: StdRng,
    zone: TimeZone,
    end: Millis,
    days: i64,
    traffic: Traffic,
    calls: usize,
}

/// Plans the `days` days before `end`.
pub fn plan(seed: u64, zone: &TimeZone, end: Millis, days: i64) -> Traffic {
    let mut author = Author {
        rng: StdRng::seed_from_u64(seed),
        zone: zone.clone(),
        end,
        days,
        traffic: Traffic { people: Vec::new(), steps: Vec::new() },
        calls: 0,
    };
    let last = end.timestamp().to_zoned(zone.clone()).date();
    for back in (0..=days).rev() {
        let day = last.saturating_sub(back.days());
        author.day(day);
    }
    author.billboard();
    let mut traffic = author.traffic;
    let start = Millis(end.0 - days * 86_400_000);
    traffic.steps.retain(|step| step.at >= start && step.at < end);
    traffic.steps.sort_by_key(|step| step.at);
    traffic
}

impl Author {
    fn day(&mut self, day: Date) {
        let weight = WEEKDAYS[day.weekday().to_monday_zero_offset() as usize];
        let visits = (VISITS_A_DAY * weight * self.rng.random_range(0.8..1.2)) as usize;
        for _ in 0..visits {
            let hour = pick(&mut self.rng, HOURS.iter().copied().enumerate());
            let local = day.at(hour as i8, 0, 0, 0);
            let Ok(hour_start) = local.to_zoned(self.zone.clone()) else { continue };
            let at = Millis::from(hour_start.timestamp()).plus(self.rng.random_range(0..3_600_000));
            self.visitor(at);
        }
    }

    fn person(&mut self) -> usize {
        let area = AREA_CODES[self.rng.random_range(0..AREA_CODES.len())];
        let line: u32 = self.rng.random_range(0..100);
        let index = self.traffic.people.len();
        // Fictional lines (555-01xx); an exchange of their own keeps callers apart.
        let exchange = 200 + index % 700;
        self.traffic.people.push(Person {
            caller: format!("+1{area}{exchange}01{line:02}"),
            agent: pick(&mut self.rng, AGENTS.iter().map(|(agent, weight)| (*agent, *weight))),
            address: format!(
                "198.{}.{}.{}",
                18 + index / 65_025 % 2,
                index / 255 % 255,
                1 + index % 255
            ),
        });
        index
    }

    fn visitor(&mut self, at: Millis) {
        let person = self.person();
        let arrival = pick(&mut self.rng, ARRIVALS.iter().map(|a| (a, a.weight)));
        let calls = self.rng.random_bool(arrival.calls);
        let left = self.visit(person, at, arrival, calls);
        if self.rng.random_bool(COMES_BACK) {
            let later = left.plus(self.rng.random_range(3_600_000..7 * 86_400_000));
            let direct = &ARRIVALS[ARRIVALS.len() - 1];
            let calls = self.rng.random_bool(0.15);
            self.visit(person, later, direct, calls);
        }
    }

    /// One visit; returns when it ended.
    fn visit(&mut self, person: usize, at: Millis, arrival: &Arrival, calls: bool) -> Millis {
        let page = pick(&mut self.rng, arrival.pages.iter().copied());
        let click = format!("demo{:016x}", self.rng.random::<u64>());
        let query = arrival.query.replace("{id}", &click);
        let mark = if query.is_empty() { "" } else { "?" };
        self.step(
            at,
            person,
            StepKind::View { url: format!("{page}{mark}{query}"), referrer: arrival.referrer },
        );
        let stay = self.rng.random_range(15_000..240_000);
        let mut beat = 30_000;
        while beat < stay {
            self.step(at.plus(beat), person, StepKind::Beat { tel_click: false });
            beat += 30_000;
        }
        let left = at.plus(stay);
        if calls {
            self.calls_after(person, left);
        } else {
            self.step(left, person, StepKind::Leave);
        }
        left
    }

    fn calls_after(&mut self, person: usize, left: Millis) {
        let tapped = self.rng.random_bool(0.6);
        let delay = if tapped {
            self.step(left, person, StepKind::Beat { tel_click: true });
            self.rng.random_range(3_000..12_000)
        } else if self.rng.random_bool(0.75) {
            self.rng.random_range(10_000..120_000)
        } else {
            self.rng.random_range(600_000..5 * 3_600_000)
        };
        let at = left.plus(delay);
        self.step(left.plus(delay.min(60_000)), person, StepKind::Leave);
        let call = self.planned(at, false);
        let missed = call.talk_s == 0;
        self.step(at, person, StepKind::Call(call));
        let again = if missed { 0.5 } else { CALLS_AGAIN };
        if self.rng.random_bool(again) {
            let later = at.plus(self.rng.random_range(600_000..3 * 86_400_000));
            let call = self.planned(later, false);
            self.step(later, person, StepKind::Call(call));
        }
    }

    fn billboard(&mut self) {
        for _ in 0..(BILLBOARD_CALLS_A_WEEK * self.days + 6) / 7 {
            let person = self.person();
            let at = Millis(self.end.0 - self.rng.random_range(0..self.days * 86_400_000));
            let local = self.local(at);
            if (8..20).contains(&local.hour()) {
                let call = self.planned(at, true);
                self.step(at, person, StepKind::Call(call));
            }
        }
    }

    fn planned(&mut self, at: Millis, billboard: bool) -> PlannedCall {
        let local = self.local(at);
        let weekend = local.weekday().to_monday_zero_offset() >= 5;
        let open = (8..18).contains(&local.hour());
        let answered = match (open, weekend) {
            // Monday morning is when the phones are short of people.
            (true, false) if local.weekday().to_monday_zero_offset() == 0 && local.hour() < 11 => {
                0.6
            }
            (true, false) => 0.88,
            (true, true) => 0.65,
            (false, _) => 0.3,
        };
        let (dial_status, talk_s) = if self.rng.random_bool(answered) {
            let short = self.rng.random_bool(0.2);
            ("completed", self.rng.random_range(if short { 12..60 } else { 60..720 }))
        } else {
            let endings = [("no-answer", 5.0), ("busy", 2.0), ("canceled", 2.0), ("failed", 0.3)];
            (pick(&mut self.rng, endings.into_iter()), 0)
        };
        self.calls += 1;
        PlannedCall {
            number: self.calls,
            billboard,
            dial_status,
            ring_s: self.rng.random_range(3..24),
            talk_s,
        }
    }

    fn local(&self, at: Millis) -> Zoned {
        at.timestamp().to_zoned(self.zone.clone())
    }

    fn step(&mut self, at: Millis, person: usize, kind: StepKind) {
        self.traffic.steps.push(Step { at, person, kind });
    }
}

/// Draws one of `choices` by weight.
fn pick<T>(rng: &mut StdRng, choices: impl Iterator<Item = (T, f64)> + Clone) -> T {
    let total: f64 = choices.clone().map(|(_, weight)| weight).sum();
    let mut left = rng.random_range(0.0..total);
    let mut last = None;
    for (choice, weight) in choices {
        last = Some(choice);
        left -= weight;
        if left <= 0.0 {
            break;
        }
    }
    last.expect("there is always a choice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_play_is_the_same_for_a_seed_and_covers_two_weeks_in_order() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let end = Millis(1_700_000_000_000);
        let traffic = plan(7, &zone, end, DAYS);
        let again = plan(7, &zone, end, DAYS);
        assert_eq!(traffic.steps.len(), again.steps.len());
        assert!(traffic.steps.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(traffic.steps.last().unwrap().at < end);
        let calls = traffic.steps.iter().filter(|s| matches!(s.kind, StepKind::Call(_))).count();
        let views =
            traffic.steps.iter().filter(|s| matches!(s.kind, StepKind::View { .. })).count();
        assert!(views > 2_000 && calls > 150, "{views} views, {calls} calls");
        let day = plan(7, &zone, end, 1);
        assert!(day.steps.first().unwrap().at >= end.plus(-86_400_000));
        assert!(day.steps.len() * 8 < traffic.steps.len());
    }
}
