//! Business hours and holidays on the site's wall. Pure.

use jiff::civil::{Date, DateTime};

/// Days of the week, Monday first, as they are written.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_A_DAY: u16 = 24 * 60;

/// A moment on the site's wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The date.
    pub date: Date,
    /// 0 = Monday.
    pub weekday: usize,
    /// Minutes since midnight.
    pub minute: u16,
}

impl Moment {
    /// What the wall shows.
    pub fn of(wall: DateTime) -> Self {
        let minute = u16::from(wall.hour().unsigned_abs()) * 60;
        Moment {
            date: wall.date(),
            weekday: usize::from(wall.weekday().to_monday_zero_offset().unsigned_abs()),
            minute: minute + u16::from(wall.minute().unsigned_abs()),
        }
    }

    /// 0 to 23.
    pub fn hour(&self) -> u16 {
        self.minute / 60
    }
}

/// One line of business hours: `mon-fri 09:00-17:30`. Hours that end before they begin go on past
/// midnight and belong to the day on which they begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    days: [bool; 7],
    from: u16,
    to: u16,
}

/// A text that is no line of business hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected days and hours such as \"mon-fri 09:00-17:30\" or \"sat,sun 22:00-02:00\"")]
pub struct BadSpan;

impl std::str::FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let lower = text.to_ascii_lowercase();
        let mut words = lower.split_whitespace();
        let (Some(days), Some(hours), None) = (words.next(), words.next(), words.next()) else {
            return Err(BadSpan);
        };
        let (from, to) = hours.split_once('-').ok_or(BadSpan)?;
        let (from, to) = (minute(from).ok_or(BadSpan)?, minute(to).ok_or(BadSpan)?);
        if from == MINUTES_A_DAY || from == to {
            return Err(BadSpan);
        }
        Ok(Span { days: days_of(days).ok_or(BadSpan)?, from, to })
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let (hours, minutes): (u16, u16) = (two(hours) && two(minutes))
        .then(|| Some((hours.parse().ok()?, minutes.parse().ok()?)))??;
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= MINUTES_A_DAY).then_some(minute)
}

/// `mon-fri`, `sat,sun`, `fri-mon`, `daily`.
fn days_of(text: &str) -> Option<[bool; 7]> {
    if text == "daily" {
        return Some([true; 7]);
    }
    let day = |word: &str| DAYS.iter().position(|known| *known == word);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let count = (last + 7 - first) % 7 + 1;
        (first..first + count).for_each(|day| days[day % 7] = true);
    }
    Some(days)
}

impl Span {
    /// Whether it is open at `now`; `is_closed` tells holidays.
    pub fn is_open(&self, now: &Moment, is_closed: impl Fn(Date) -> bool) -> bool {
        let today = self.days[now.weekday] && !is_closed(now.date);
        if self.from < self.to {
            return today && (self.from..self.to).contains(&now.minute);
        }
        let yesterday = || {
            let date = now.date.yesterday().unwrap_or(now.date);
            self.days[(now.weekday + 6) % 7] && !is_closed(date)
        };
        (today && now.minute >= self.from) || (now.minute < self.to && yesterday())
    }
}

/// A holiday: one date, or a day of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holiday {
    /// This date.
    On(Date),
    /// Month and day.
    Yearly(i8, i8),
}

/// A text that is no holiday.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a date such as \"2026-12-25\", or \"12-25\" for every year")]
pub struct BadHoliday;

impl std::str::FromStr for Holiday {
    type Err = BadHoliday;

    fn from_str(text: &str) -> Result<Self, BadHoliday> {
        let date = |text: &str| text.parse::<Date>().map_err(|_| BadHoliday);
        match text.len() {
            10 => date(text).map(Holiday::On),
            // A leap year has every day.
            5 => {
                date(&format!("2024-{text}")).map(|date| Holiday::Yearly(date.month(), date.day()))
            }
            _ => Err(BadHoliday),
        }
    }
}

impl Holiday {
    /// Whether it is on this date.
    pub fn is(self, date: Date) -> bool {
        match self {
            Holiday::On(day) => day == date,
            Holiday::Yearly(month, day) => (date.month(), date.day()) == (month, day),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    fn open(span: &str, day: i8, hour: i8, minute: i8) -> bool {
        // 2026-03-02 is a Monday.
        let now = Moment::of(datetime(2026, 3, day, hour, minute, 0, 0));
        let holiday: Holiday = "03-05".parse().expect("a holiday");
        span.parse::<Span>().expect("hours").is_open(&now, |date| holiday.is(date))
    }

    #[test]
    fn hours_are_open_from_their_first_to_before_their_last_minute() {
        let office = "Mon-Fri 09:00-17:30";
        assert!(open(office, 2, 9, 0) && open(office, 6, 17, 29));
        assert!(!open(office, 2, 8, 59) && !open(office, 2, 17, 30) && !open(office, 7, 12, 0));
        assert!(!open(office, 5, 12, 0), "a holiday");
        assert!(open("daily 00:00-24:00", 8, 23, 59));
        assert!(
            open("fri-mon,wed 10:00-11:00", 8, 10, 30) && open("fri-mon,wed 10:00-11:00", 4, 10, 0)
        );
        assert!(!open("fri-mon,wed 10:00-11:00", 3, 10, 30));
    }

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_begin_on() {
        let night = "sat,wed 22:00-02:00";
        assert!(open(night, 7, 22, 0) && open(night, 8, 1, 59));
        assert!(!open(night, 7, 1, 0) && !open(night, 8, 22, 0));
        assert!(open(night, 5, 1, 0), "Wednesday's night reaches into the holiday");
        assert!(!open("thu 22:00-02:00", 6, 1, 0), "the holiday's own night is closed");
    }

    #[test]
    fn what_is_neither_hours_nor_holiday_is_refused() {
        for bad in [
            "",
            "mon",
            "mon 9:00-17:00",
            "mon 09:00",
            "xyz 09:00-10:00",
            "mon 09:00-09:00",
            "mon 09:60-10:00",
            "mon 24:00-10:00",
            "mon 09:00-24:01",
            "mon 09:00-10:00 x",
            "mon- 09:00-10:00",
        ] {
            assert_eq!(bad.parse::<Span>(), Err(BadSpan), "{bad}");
        }
        for bad in ["", "2026-13-01", "13-01", "02-30", "xmas", "2026-1-1"] {
            assert_eq!(bad.parse::<Holiday>(), Err(BadHoliday), "{bad}");
        }
        assert_eq!("02-29".parse(), Ok(Holiday::Yearly(2, 29)));
    }
}
