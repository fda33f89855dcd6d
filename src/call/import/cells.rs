//! Cells as people's tables have them → values. Pure.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::call::model::DialOutcome;
use crate::platform::clock::Millis;

/// Times without a zone, as tables write them; an hour on twelve hours is written in capitals first.
const FORMATS: [&str; 14] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%y %I:%M %p",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y, %I:%M %p",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
];

/// Where dates with slashes begin with the month (ISO 3166-1 alpha-2); elsewhere with the day.
const MONTH_FIRST: [&str; 11] = ["US", "CA", "PH", "PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW"];

/// The clock and the calendar of a site.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    month_first: bool,
}

impl Calendar {
    /// Of a site in this zone and country.
    pub fn new(zone: TimeZone, country: &str) -> Self {
        Calendar { zone, month_first: MONTH_FIRST.contains(&country) }
    }

    /// A date without a zone; one that its country cannot have meant may be of the other kind.
    fn read(&self, text: &str) -> Option<DateTime> {
        let orders = if self.month_first { ["%m/%d", "%d/%m"] } else { ["%d/%m", "%m/%d"] };
        orders.iter().find_map(|order| {
            let formats = FORMATS.iter().map(|format| format.replace("%m/%d", order));
            formats.into_iter().find_map(|format| DateTime::strptime(format, text).ok())
        })
    }
}

/// A moment: with its zone, or by the clock on the site's wall.
pub fn moment(text: &str, calendar: &Calendar) -> Option<Millis> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.into());
    }
    // `2023-05-01 10:00:00 -0400`, `… UTC`
    for format in ["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %I:%M %p %z"] {
        if let Ok(at) = jiff::Timestamp::strptime(format, text) {
            return Some(at.into());
        }
    }
    let (text, zone) = match text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
        Some(rest) => (rest, &TimeZone::UTC),
        None => (text, &calendar.zone),
    };
    let read = calendar.read(&with_space_before_half(text))?;
    Some(read.to_zoned(zone.clone()).ok()?.timestamp().into())
}

/// `10:00am` → `10:00 AM`
fn with_space_before_half(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    for half in ["AM", "PM"] {
        if let Some(rest) = upper.strip_suffix(half) {
            // Month names are read whatever their case.
            return format!("{} {half}", rest.trim_end());
        }
    }
    text.to_owned()
}

/// Seconds, also as `4:05` or `1:04:05`.
pub fn seconds(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (0.0..=1e6).contains(&seconds).then(|| seconds.round() as u32);
    }
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts[..] {
        [minutes, seconds] if seconds < 60 && minutes < 10_000 => Some(minutes * 60 + seconds),
        [hours, minutes, seconds] if hours < 1_000 && minutes < 60 && seconds < 60 => {
            Some(hours * 3600 + minutes * 60 + seconds)
        }
        _ => None,
    }
}

/// Yes or no, in the words of tables.
pub fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "x" | "first" | "new" | "good" | "good lead" | "good_lead"
        | "qualified" => Some(true),
        "false" | "no" | "n" | "0" | "repeat" | "returning" | "not a lead" | "not_a_lead"
        | "not scored" | "not_scored" | "unqualified" => Some(false),
        _ => None,
    }
}

/// Money without currency and thousands, with a point: `$1,250.00`, `1.250,00 €` and `1 250` come to `1250.00` and
/// `1250`; in parentheses it is negative. One comma with three digits behind it parts thousands.
pub fn money(text: &str) -> Option<String> {
    let told: String =
        text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let is_negative = told.starts_with('-') || text.trim().starts_with('(');
    let told = told.strip_prefix('-').unwrap_or(&told);
    let last = told.rfind(['.', ',']);
    let is_decimal = |at: usize| {
        let (mark, behind) = (&told[at..=at], told.len() - at - 1);
        told.matches(mark).count() == 1 && (mark == "." || behind != 3 || told.contains('.'))
    };
    let (whole, cents) = match last.filter(|at| is_decimal(*at)) {
        Some(at) => (&told[..at], Some(&told[at + 1..])),
        None => (told, None),
    };
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let are_thousands = groups.iter().skip(1).all(|group| group.len() == 3);
    if !groups.iter().all(is_digits) || !are_thousands || !cents.iter().all(is_digits) {
        return None;
    }
    let sign = if is_negative { "-" } else { "" };
    let cents = cents.map(|cents| format!(".{cents}")).unwrap_or_default();
    let amount = format!("{sign}{}{cents}", groups.concat());
    (amount.len() <= 17).then_some(amount)
}

/// How a call ended, in the words of tables; `None`: not told.
pub fn outcome(text: &str) -> Option<DialOutcome> {
    let word: String =
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let has = |part: &str| word.contains(part);
    Some(match () {
        () if word.is_empty() => return None,
        () if has("voicemail") || has("message") => DialOutcome::Voicemail,
        () if has("unanswered") || has("noanswer") || has("notanswered") || has("missed") => {
            DialOutcome::NoAnswer
        }
        () if has("busy") => DialOutcome::Busy,
        () if has("abandon") || has("cancel") || has("hangup") || has("hungup") => {
            DialOutcome::Canceled
        }
        () if has("reject") || has("block") || has("spam") => DialOutcome::Rejected,
        () if has("fail") || has("error") => DialOutcome::Failed,
        () if has("answer") || has("complete") || has("connected") => DialOutcome::Answered,
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_tables_write_them() {
        let zone = TimeZone::get("America/New_York").expect("a zone");
        let zone = Calendar::new(zone, "US");
        let at = Some(Millis(1_767_323_045_000));
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.000Z",
            "2026-01-01 22:04:05",
            "2026-01-01 22:04:05 -0500",
            "2026-01-02 03:04:05 UTC",
            "01/01/2026 10:04:05 PM",
            "2026-01-01 10:04:05pm",
            "01.01.2026 22:04:05",
        ] {
            assert_eq!(moment(text, &zone), at, "{text}");
        }
        let minute = at.map(|at| at.plus(-5_000));
        for text in ["1/1/2026 10:04 PM", "Jan 01, 2026 10:04 PM", "2026-01-01 10:04pm"] {
            assert_eq!(moment(text, &zone), minute, "{text}");
        }
        for text in ["", "yesterday", "2026-13-01 00:00:00", "13/13/2026 10:00 AM", "22:04"] {
            assert_eq!(moment(text, &zone), None, "{text}");
        }
    }

    #[test]
    fn dates_with_slashes_are_read_as_their_country_writes_them() {
        let read = |text: &str, country: &str| {
            moment(text, &Calendar::new(TimeZone::UTC, country)).map(|at| at.to_string())
        };
        for (text, country, expected) in [
            ("05/06/2026 10:00", "US", "2026-05-06T10:00:00Z"),
            ("05/06/2026 10:00", "GB", "2026-06-05T10:00:00Z"),
            ("25/06/2026 10:00", "US", "2026-06-25T10:00:00Z"),
            ("06/25/2026 10:00", "AU", "2026-06-25T10:00:00Z"),
        ] {
            let read = read(text, country).expect("a time");
            assert_eq!(&read[..16], &expected[..16], "{text} {country}");
        }
    }

    #[test]
    fn numbers_flags_money_and_ends() {
        assert_eq!(["75", "1:15", "0:01:15", "75.2"].map(seconds), [Some(75); 4]);
        assert_eq!(["", "-1", "1:75", "a:b", "1:2:3:4", "1e99"].map(seconds), [None; 6]);
        assert_eq!(
            (flag("Yes"), flag("good lead"), flag("0"), flag("?")),
            (Some(true), Some(true), Some(false), None)
        );
        for (text, expected) in [
            ("$1,250.00", "1250.00"),
            ("1.250,00 €", "1250.00"),
            ("1 250,5", "1250.5"),
            ("CHF 1'250.00", "1250.00"),
            ("149,90", "149.90"),
            ("1,250", "1250"),
            ("1.250.000", "1250000"),
            ("-3.5", "-3.5"),
            ("(12.00)", "-12.00"),
            ("0", "0"),
        ] {
            assert_eq!(money(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "-", "1.2.3", "1,25,000", ".", "5-", "--5", "12345678901234567890"] {
            assert_eq!(money(text), None, "{text}");
        }
        for (text, expected) in [
            ("Answered Call", Some(DialOutcome::Answered)),
            ("Missed Call", Some(DialOutcome::NoAnswer)),
            ("no-answer", Some(DialOutcome::NoAnswer)),
            ("Unanswered", Some(DialOutcome::NoAnswer)),
            ("Voicemail", Some(DialOutcome::Voicemail)),
            ("completed", Some(DialOutcome::Answered)),
            ("hangup", Some(DialOutcome::Canceled)),
            ("", None),
            ("in progress", None),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
    }
}
