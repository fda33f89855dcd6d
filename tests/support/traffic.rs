//! A trace of a small business' visits and calls, drawn by a seed: what `ringtrace replay` plays.
//!
//! The traffic of the table in the design: so many visits an hour at the peak, short visits, most
//! calls by tapping the number, some later, some of nobody. Invented figures, not measured ones.

use std::fmt::Write;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// What the traffic is like.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Draws everything.
    pub seed: u64,
    /// How many hours.
    pub hours: u32,
    /// Visits in the busiest hour.
    pub visits_at_peak: f64,
    /// Share of visits that call.
    pub calls: f64,
    /// Share of those calls that tap the number on the page.
    pub by_click: f64,
}

/// The design's: 240 visits an hour at the peak, 65 % of calls by tel click.
pub const BUSY: Traffic =
    Traffic { seed: 1, hours: 12, visits_at_peak: 240.0, calls: 0.12, by_click: 0.65 };

/// Monday, 8:00.
const START: i64 = 1_772_438_400_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

const ARRIVALS: [(&str, &str); 4] = [
    ("?utm_source=google&utm_medium=cpc&utm_campaign=emergency&gclid=x", "https://www.google.com/"),
    ("", "https://www.google.com/"),
    ("?utm_source=facebook&utm_medium=paid_social&utm_campaign=spring", "https://l.facebook.com/"),
    ("", ""),
];

struct Author {
    rng: StdRng,
    lines: Vec<(i64, Value)>,
    visits: usize,
}

/// The trace, one JSON object a line, in time order.
pub fn trace(traffic: Traffic) -> String {
    let Traffic { seed, hours, visits_at_peak, .. } = traffic;
    let mut author = Author { rng: StdRng::seed_from_u64(seed), lines: Vec::new(), visits: 0 };
    let end = START + i64::from(hours) * HOUR;
    let mut at = START;
    loop {
        // Fewest at the edges of the day, most in its middle.
        let of_day = (at - START) as f64 / (end - START) as f64;
        let rate = visits_at_peak * (0.3 + 0.7 * (of_day * std::f64::consts::PI).sin());
        at += author.wait(HOUR as f64 / rate);
        if at >= end {
            break;
        }
        author.visit(at, traffic);
    }
    let mut lines = author.lines;
    lines.sort_by_key(|(at, _)| *at);
    let mut text = String::new();
    for (at, mut line) in lines {
        let at = Timestamp::from_millisecond(at).expect("a moment").to_string();
        line["at"] = at.into();
        writeln!(text, "{line}").expect("a string");
    }
    text
}

impl Author {
    /// A time to wait, around `mean` ms.
    fn wait(&mut self, mean: f64) -> i64 {
        (-mean * (1.0 - self.rng.random::<f64>()).ln()).ceil() as i64
    }

    fn say(&mut self, at: i64, line: Value) {
        self.lines.push((at, line));
    }

    fn visit(&mut self, at: i64, traffic: Traffic) {
        self.visits += 1;
        let session = format!("s{}", self.visits);
        let (query, referrer) = ARRIVALS[self.rng.random_range(0..ARRIVALS.len())];
        let (mut now, mut page) = (at, 0);
        let left = loop {
            page += 1;
            let (query, referrer) = if page == 1 { (query, referrer) } else { ("", "") };
            self.view(now, &session, page, query, referrer);
            let stays = 5 * SECOND + self.wait(45.0 * SECOND as f64);
            let beats = (1..).map(|beat| now + beat * 30 * SECOND).take_while(|b| *b < now + stays);
            for beat in beats.collect::<Vec<_>>() {
                self.say(beat, json!({ "type": "beat", "session": session }));
            }
            now += stays;
            if page == 6 || self.rng.random_bool(0.55) {
                break now;
            }
        };
        let calls = self.rng.random_bool(traffic.calls);
        let clicks = calls && self.rng.random_bool(traffic.by_click);
        if clicks {
            self.say(left, json!({ "type": "beat", "session": session, "tel_click": true }));
            self.call(left + 4 * SECOND, "dials_number_shown_to", &session);
        } else if calls {
            let late = match self.rng.random_range(0..10) {
                // On the page, on a second screen; soon after; the same day.
                0..5 => -self.wait(20.0 * SECOND as f64).min(left - at),
                5..8 => self.wait(4.0 * MINUTE as f64),
                _ => self.wait(3.0 * HOUR as f64),
            };
            self.call(left + late.max(at - left + SECOND), "dials_number_shown_to", &session);
        }
        // The page stays open behind the dialler for a while.
        let closes = if clicks { left + 30 * SECOND } else { left };
        // Some pages are never heard of again: a flat battery, a tunnel.
        if self.rng.random_bool(0.9) {
            self.say(closes, json!({ "type": "leave", "session": session }));
        }
        if self.rng.random_bool(traffic.calls * 0.05) {
            let later = self.wait(HOUR as f64);
            self.call(left + later, "dials", "any");
        }
    }

    fn view(&mut self, at: i64, session: &str, page: u32, query: &str, referrer: &str) {
        let url = format!(
            "https://www.example.com/{}{query}",
            ["", "prices", "contact"][page as usize % 3]
        );
        let mut line = json!({ "type": "view", "session": session, "url": url });
        if !referrer.is_empty() {
            line["referrer"] = referrer.into();
        }
        self.say(at, line);
    }

    fn call(&mut self, at: i64, how: &str, whom: &str) {
        let caller = format!("+1617555{:04}", self.rng.random_range(0..10_000));
        self.say(at, json!({ "type": "call", "caller": caller, how: whom }));
    }
}
