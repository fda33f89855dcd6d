//! When reports are due, by the clock on the site's wall. Pure.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::call::routing::hours::DAYS;
use crate::config::model::{Every, Schedule};
use crate::platform::clock::Millis;

/// A schedule that makes no sense, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// `at`.
    #[error("expected a time such as \"07:00\"")]
    At,
    /// `on` of a week.
    #[error("expected a day: mon, tue, wed, thu, fri, sat or sun")]
    Weekday,
    /// `on` of a month.
    #[error("expected a day of the month from 1 to 28")]
    MonthDay,
    /// `on` of a day.
    #[error("a daily report has no day")]
    NoDay,
}

/// When, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    at: Time,
    on: On,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    EachDay,
    Weekday(Weekday),
    MonthDay(i8),
}

impl When {
    /// What `schedule` says.
    pub fn of(schedule: &Schedule) -> Result<Self, BadSchedule> {
        let at = schedule.at.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2);
        let at = at.and_then(|(h, m)| Time::new(h.parse().ok()?, m.parse().ok()?, 0, 0).ok());
        let at = at.ok_or(BadSchedule::At)?;
        let on = match (schedule.every, schedule.on.as_str()) {
            (Every::Day, "") => On::EachDay,
            (Every::Day, _) => return Err(BadSchedule::NoDay),
            (Every::Week, "") => On::Weekday(Weekday::Monday),
            (Every::Week, day) => {
                let day = DAYS.iter().position(|known| *known == day.to_ascii_lowercase());
                let day = day.and_then(|day| i8::try_from(day).ok());
                let day = day.and_then(|day| Weekday::from_monday_zero_offset(day).ok());
                On::Weekday(day.ok_or(BadSchedule::Weekday)?)
            }
            (Every::Month, "") => On::MonthDay(1),
            (Every::Month, day) => {
                let day = day.parse().ok().filter(|day| (1..=28).contains(day));
                On::MonthDay(day.ok_or(BadSchedule::MonthDay)?)
            }
        };
        Ok(When { at, on })
    }

    /// The latest moment at or before `now` when it was due on a wall in `zone`. A time that the wall skips is due when it
    /// goes on, one that it shows twice the first time.
    pub fn last_due(self, zone: &TimeZone, now: Millis) -> Option<Millis> {
        let today = zone.to_datetime(now.timestamp()).date();
        let mut day = today;
        // A month has 31 days, and today's time may still come.
        for _ in 0..=31 {
            if self.is_on(day) {
                let moment = zone.to_zoned(day.to_datetime(self.at)).ok()?.timestamp();
                if moment <= now.timestamp() {
                    return Some(moment.into());
                }
            }
            day = day.checked_sub(1.day()).ok()?;
        }
        None
    }

    fn is_on(self, day: Date) -> bool {
        match self.on {
            On::EachDay => true,
            On::Weekday(weekday) => day.weekday() == weekday,
            On::MonthDay(number) => day.day() == number,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn due(every: Every, on: &str, at: &str, zone: &str, now: &str) -> String {
        let schedule = Schedule {
            id: "s".parse().expect("an id"),
            every,
            at: at.to_owned(),
            on: on.to_owned(),
            reports: Vec::new(),
            period: String::new(),
            to: Vec::new(),
        };
        let when = When::of(&schedule).expect("a schedule");
        let zone = TimeZone::get(zone).expect("a zone");
        let now = now.parse::<Timestamp>().expect("a time").into();
        when.last_due(&zone, now).expect("it was due").timestamp().to_string()
    }

    #[test]
    fn it_is_due_on_the_sites_wall_across_changes_of_the_clock() {
        let ny = "America/New_York";
        let daily = |now| due(Every::Day, "", "07:00", ny, now);
        assert_eq!(daily("2026-03-07T11:59:59Z"), "2026-03-06T12:00:00Z");
        assert_eq!(daily("2026-03-07T12:00:00Z"), "2026-03-07T12:00:00Z");
        // Clocks go forward on 8 March.
        assert_eq!(daily("2026-03-08T11:30:00Z"), "2026-03-08T11:00:00Z");
        // 02:30 does not exist that night: it is due at 03:30; in autumn 01:30 is there twice.
        assert_eq!(
            due(Every::Day, "", "02:30", ny, "2026-03-08T12:00:00Z"),
            "2026-03-08T07:30:00Z"
        );
        assert_eq!(
            due(Every::Day, "", "01:30", ny, "2026-11-01T12:00:00Z"),
            "2026-11-01T05:30:00Z"
        );
        assert_eq!(
            due(Every::Week, "fri", "18:15", "UTC", "2026-03-11T00:00:00Z"),
            "2026-03-06T18:15:00Z"
        );
        assert_eq!(
            due(Every::Week, "", "07:00", "UTC", "2026-03-09T07:00:00Z"),
            "2026-03-09T07:00:00Z"
        );
        assert_eq!(
            due(Every::Month, "", "00:00", "UTC", "2026-03-31T23:00:00Z"),
            "2026-03-01T00:00:00Z"
        );
        assert_eq!(
            due(Every::Month, "28", "07:00", "UTC", "2026-03-28T06:00:00Z"),
            "2026-02-28T07:00:00Z"
        );
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let bad = |every, on: &str, at: &str| {
            let schedule = Schedule {
                id: "s".parse().expect("an id"),
                every,
                at: at.to_owned(),
                on: on.to_owned(),
                reports: Vec::new(),
                period: String::new(),
                to: Vec::new(),
            };
            When::of(&schedule).expect_err("bad")
        };
        assert_eq!(bad(Every::Day, "", "7:00"), BadSchedule::At);
        assert_eq!(bad(Every::Day, "", "24:00"), BadSchedule::At);
        assert_eq!(bad(Every::Day, "mon", "07:00"), BadSchedule::NoDay);
        assert_eq!(bad(Every::Week, "31", "07:00"), BadSchedule::Weekday);
        assert_eq!(bad(Every::Month, "31", "07:00"), BadSchedule::MonthDay);
    }
}
