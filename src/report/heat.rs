//! Calls by hour and weekday as a heat map: one line a weekday, one cell an hour, the darker the
//! more calls.

use crate::report::model::{Report, RowKey};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// From no call to most calls.
const BLOCKS: [&str; 5] = ["· ", "░░", "▒▒", "▓▓", "██"];
const PLAIN: [&str; 5] = [". ", "- ", "+ ", "* ", "# "];

/// The heat map of an `hours` report; `plain` for ASCII only.
pub fn render(report: &Report, plain: bool) -> String {
    let cells = calls_by_cell(report);
    let most = cells.iter().flatten().copied().max().unwrap_or(0);
    let shades = if plain { PLAIN } else { BLOCKS };
    let mut lines = vec![format!("    {}", hour_marks())];
    for (day, hours) in DAYS.iter().zip(&cells) {
        let shaded: String = hours.iter().map(|&calls| shades[shade(calls, most)]).collect();
        lines.push(format!("{day} {shaded} {:>6}", hours.iter().sum::<u64>()));
    }
    let totals = &report.totals;
    lines.push(format!(
        "{} calls, {} answered, {} missed; darkest cell: {most}",
        totals.calls, totals.answered_calls, totals.missed_calls
    ));
    lines.join("\n")
}

fn calls_by_cell(report: &Report) -> [[u64; 24]; 7] {
    let mut cells = [[0; 24]; 7];
    for row in &report.rows {
        if let RowKey::Hour { weekday, hour } = row.key
            && let Some(day) = cells.get_mut(usize::from(weekday).wrapping_sub(1))
            && let Some(cell) = day.get_mut(usize::from(hour))
        {
            *cell = row.metrics.calls;
        }
    }
    cells
}

/// `0` for no call, 1 to 4 for quarters of the most.
fn shade(calls: u64, most: u64) -> usize {
    match calls {
        0 => 0,
        _ => (calls * 4).div_ceil(most.max(1)).clamp(1, 4) as usize,
    }
}

/// A mark every three hours, two characters an hour.
fn hour_marks() -> String {
    (0..24).map(|hour| if hour % 3 == 0 { format!("{hour:<2}") } else { "  ".to_owned() }).collect()
}
