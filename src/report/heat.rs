//! Calls by hour and weekday as a heat map: one line a weekday, one cell an hour, the darker the
//! more calls. Below it, where there is any, the same of missed calls and of overflow.

use crate::report::metrics::{Count, Metrics, Rate};
use crate::report::model::{Report, RowKey};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// From no call to most calls.
const BLOCKS: [&str; 5] = ["· ", "░░", "▒▒", "▓▓", "██"];
const PLAIN: [&str; 5] = [". ", "- ", "+ ", "* ", "# "];
/// A cell of which nothing is known.
const UNKNOWN: &str = "  ";

/// The hours of a week, Monday's first.
type Week<T> = [[T; 24]; 7];

/// The heat maps of an `hours` report; `plain` for ASCII only.
pub fn render(report: &Report, plain: bool) -> String {
    let totals = &report.totals;
    let calls = week(report, |metrics| Some(metrics.calls.get()));
    let mut lines = map(&calls, sums(&calls), plain);
    lines.push(format!(
        "{:.1} calls, {:.1} answered, {:.1} missed; darkest cell: {}",
        totals.calls,
        totals.answered_calls,
        totals.missed_calls,
        told(most(&calls))
    ));
    let missed = week(report, |metrics| Some(metrics.missed_calls.get()));
    if most(&missed) > 0.0 {
        lines.push(format!("Missed calls; darkest cell: {}", told(most(&missed))));
        lines.extend(map(&missed, sums(&missed), plain));
    }
    let overflow = week(report, |metrics| metrics.lease_overflow_rate);
    if overflow.iter().flatten().any(Option::is_some) {
        let shares = overflow.map(|hours| hours.map(|rate| rate.map(|rate| rate.value)));
        lines.push(format!(
            "Sessions that got no number of their own: {}; darkest cell: {}",
            percent(totals.lease_overflow_rate.map(|rate| rate.value)),
            percent(Some(most(&shares)))
        ));
        lines.extend(map(&shares, overflow.map(|hours| share(&hours)), plain));
    }
    lines.join("\n")
}

fn week<T: Copy>(report: &Report, of: impl Fn(&Metrics) -> Option<T>) -> Week<Option<T>> {
    let mut cells = [[None; 24]; 7];
    for row in &report.rows {
        if let RowKey::Hour { weekday, hour } = row.key
            && let Some(day) = cells.get_mut(usize::from(weekday).wrapping_sub(1))
            && let Some(cell) = day.get_mut(usize::from(hour))
        {
            *cell = of(&row.metrics);
        }
    }
    cells
}

/// A line of hours, and one for each day with what it comes to.
fn map(cells: &Week<Option<f64>>, days: [String; 7], plain: bool) -> Vec<String> {
    let most = most(cells);
    let shades = if plain { PLAIN } else { BLOCKS };
    let mut lines = vec![format!("    {}", hour_marks())];
    for ((day, hours), sum) in DAYS.iter().zip(cells).zip(days) {
        let shaded = hours.iter().map(|cell| cell.map_or(UNKNOWN, |n| shades[shade(n, most)]));
        lines.push(format!("{day} {} {sum:>6}", shaded.collect::<String>()));
    }
    lines
}

fn most(cells: &Week<Option<f64>>) -> f64 {
    cells.iter().flatten().flatten().copied().fold(0.0, f64::max)
}

fn sums(cells: &Week<Option<f64>>) -> [String; 7] {
    cells.map(|hours| told(hours.iter().flatten().sum()))
}

/// The share of several hours together.
fn share(hours: &[Option<Rate>]) -> String {
    let parts = hours.iter().flatten().map(|rate| (rate.numerator.get(), rate.denominator.get()));
    let (numerator, denominator) = parts.fold((0.0, 0.0), |(n, d), (m, e)| (n + m, d + e));
    percent(Rate::of(numerator, denominator).map(|rate| rate.value))
}

/// `0` for no call, 1 to 4 for quarters of the most.
fn shade(calls: f64, most: f64) -> usize {
    if calls <= 0.0 { 0 } else { (calls * 4.0 / most).ceil().clamp(1.0, 4.0) as usize }
}

fn told(calls: f64) -> String {
    format!("{:.1}", Count::from(calls))
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// A mark every three hours, two characters an hour.
fn hour_marks() -> String {
    (0..24).map(|hour| if hour % 3 == 0 { format!("{hour:<2}") } else { "  ".to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::report::metrics::Tally;
    use crate::report::model::{Period, ReportKind, ReportQuery, SpamFilter};
    use crate::report::rules;

    /// Cells by weekday and hour: calls, missed ones, sessions that wanted a number of their own, and that got one.
    fn report(cells: &[((u8, u8), [f64; 4])], totals: [f64; 4]) -> Report {
        let tally = |[calls, missed, wanted, got_own]: [f64; 4]| Tally {
            calls,
            missed,
            answered: calls - missed,
            wanted,
            got_own,
            ..Tally::default()
        };
        let cell = |&((weekday, hour), counts): &((u8, u8), [f64; 4])| {
            (RowKey::Hour { weekday, hour }, tally(counts))
        };
        let query = ReportQuery {
            kind: ReportKind::Hours,
            sites: Vec::new(),
            period: Period::Days { from: date(2026, 3, 2), to: date(2026, 3, 8) },
            time_zone: None,
            spam: SpamFilter::default(),
            conversion: String::new(),
            credit: None,
            filter: None,
            pages: None,
        };
        rules::report(&query, cells.iter().map(cell).collect(), tally(totals))
    }

    #[test]
    fn missed_calls_and_overflow_have_maps_of_their_own() {
        let cells = [
            ((1, 9), [4.0, 2.0, 8.0, 6.0]),
            ((1, 10), [1.0, 0.0, 2.0, 2.0]),
            ((2, 9), [2.0, 1.0, 2.0, 1.0]),
        ];
        let text = render(&report(&cells, [7.0, 3.0, 12.0, 9.0]), true);
        let lines: Vec<&str> = text.lines().collect();
        let day = |name: &str, other: &str, cells: &str, sum: &str| {
            let rest = other.repeat(24 - 9 - cells.len() / 2);
            format!("{name} {}{cells}{rest} {sum:>6}", other.repeat(9))
        };
        assert_eq!(lines.len(), 9 + 9 + 9, "{text}");
        // The most is 4: a whole, a quarter and a half of it.
        assert_eq!(lines[1], day("Mon", ". ", "# - ", "5"));
        assert_eq!(lines[2], day("Tue", ". ", "+ ", "2"));
        assert_eq!(lines[8], "7 calls, 4 answered, 3 missed; darkest cell: 4");
        assert_eq!(lines[9], "Missed calls; darkest cell: 2");
        assert_eq!(lines[11], day("Mon", ". ", "# . ", "2"));
        assert_eq!(lines[12], day("Tue", ". ", "+ ", "1"));
        // 2 of 8, none of 2 and 1 of 2; Monday 2 of 10, all days 3 of 12. Where nobody wanted one nothing is known.
        assert_eq!(lines[18], "Sessions that got no number of their own: 25 %; darkest cell: 50 %");
        assert_eq!(lines[20], day("Mon", "  ", "+ . ", "20 %"));
        assert_eq!(lines[21], day("Tue", "  ", "# ", "50 %"));
        assert_eq!(lines[22], day("Wed", "  ", "", "-"));
    }

    #[test]
    fn what_there_is_not_has_no_map() {
        let text = render(&report(&[((7, 23), [1.0, 0.0, 0.0, 0.0])], [1.0, 0.0, 0.0, 0.0]), true);
        assert_eq!(text.lines().count(), 9, "{text}");
    }
}
