//! Calls by hour and weekday as a heat map: one line a weekday, one cell an hour, the darker the
//! more calls.

use crate::report::metrics::Count;
use crate::report::model::{Report, RowKey};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// From no call to most calls.
const BLOCKS: [&str; 5] = ["· ", "░░", "▒▒", "▓▓", "██"];
const PLAIN: [&str; 5] = [". ", "- ", "+ ", "* ", "# "];

/// The heat map of an `hours` report; `plain` for ASCII only.
pub fn render(report: &Report, plain: bool) -> String {
    let cells = calls_by_cell(report);
    let most = cells.iter().flatten().copied().fold(0.0, f64::max);
    let shades = if plain { PLAIN } else { BLOCKS };
    let mut lines = vec![format!("    {}", hour_marks())];
    for (day, hours) in DAYS.iter().zip(&cells) {
        let shaded: String = hours.iter().map(|&calls| shades[shade(calls, most)]).collect();
        lines.push(format!("{day} {shaded} {:>6}", told(hours.iter().sum())));
    }
    let totals = &report.totals;
    lines.push(format!(
        "{:.1} calls, {:.1} answered, {:.1} missed; darkest cell: {}",
        totals.calls,
        totals.answered_calls,
        totals.missed_calls,
        told(most)
    ));
    lines.join("\n")
}

fn calls_by_cell(report: &Report) -> [[f64; 24]; 7] {
    let mut cells = [[0.0; 24]; 7];
    for row in &report.rows {
        if let RowKey::Hour { weekday, hour } = row.key
            && let Some(day) = cells.get_mut(usize::from(weekday).wrapping_sub(1))
            && let Some(cell) = day.get_mut(usize::from(hour))
        {
            *cell = row.metrics.calls.get();
        }
    }
    cells
}

/// `0` for no call, 1 to 4 for quarters of the most.
fn shade(calls: f64, most: f64) -> usize {
    if calls <= 0.0 { 0 } else { (calls * 4.0 / most).ceil().clamp(1.0, 4.0) as usize }
}

fn told(calls: f64) -> String {
    format!("{:.1}", Count::from(calls))
}

/// A mark every three hours, two characters an hour.
fn hour_marks() -> String {
    (0..24).map(|hour| if hour % 3 == 0 { format!("{hour:<2}") } else { "  ".to_owned() }).collect()
}
