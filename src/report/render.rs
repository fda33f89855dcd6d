//! A report for a terminal.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

use crate::report::heat;
use crate::report::metrics::{Metrics, Rate};
use crate::report::model::{Report, ReportKind, RowKey};

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns of the terminal.
    pub width: u16,
    /// ASCII only, for pipes and logs.
    pub plain: bool,
    /// Rows that are shown; the rest is mentioned.
    pub max_rows: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        RenderOptions { width: 120, plain: false, max_rows: 25 }
    }
}

/// Cells of the bar behind the number of calls.
const BAR: usize = 10;
/// Longest name in characters: of a source, a campaign and the like, and of a page.
const LONGEST_NAME: usize = 28;
const LONGEST_PAGE: usize = 60;

/// The report as a table (sources, landing pages) or as a heat map (hours), with a title line.
pub fn render(report: &Report, options: &RenderOptions) -> String {
    let body = match report.report {
        ReportKind::Hours => heat::render(report, options.plain),
        ReportKind::Sources | ReportKind::LandingPages => table(report, options),
    };
    format!("{}\n{body}\n", title(report))
}

fn title(report: &Report) -> String {
    let what = match report.report {
        ReportKind::Sources => "Calls by source",
        ReportKind::Hours => "Calls by hour and weekday",
        ReportKind::LandingPages => "Calls by landing page",
    };
    let zone = report.time_zone.as_deref().unwrap_or("each site's own time zone");
    format!("{what}, {} to {} ({zone})", report.from, report.to)
}

fn table(report: &Report, options: &RenderOptions) -> String {
    let keys: &[&str] = match report.report {
        ReportKind::Sources => &["Source / medium", "Campaign", "Channel"],
        ReportKind::Hours => &["Weekday", "Hour"],
        ReportKind::LandingPages => &["Landing page"],
    };
    let figures =
        ["Visits", "Calls", "", "First", "Answered", "Missed", "Avg talk", "Call rate", "Sure"];
    let mut table = Table::new();
    let line = if options.plain { '-' } else { '─' };
    let under_header = LineStyle::none().fill(line).junction(line);
    table.load_style(TableStyle::new().header_separator(under_header));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(options.width);
    table.set_header(keys.iter().chain(&figures).map(Cell::new));
    let most = report.rows.iter().map(|row| row.metrics.calls).max().unwrap_or(0);
    for row in report.rows.iter().take(options.max_rows) {
        let bar = bar(row.metrics.calls, most, options.plain);
        let names = key_cells(&row.key).into_iter().map(Cell::new);
        table.add_row(names.chain(figure_cells(&row.metrics, bar)));
    }
    let mut total = vec![String::new(); keys.len()];
    total[0] = "Total".to_owned();
    let names = total.into_iter().map(Cell::new);
    table.add_row(names.chain(figure_cells(&report.totals, String::new())));
    for column in table.column_iter_mut().skip(keys.len()) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let hidden = report.rows.len().saturating_sub(options.max_rows) + report.rows_left_off;
    match hidden {
        0 => table.to_string(),
        hidden => format!("{table}\nRows not shown, but in the total: {hidden}"),
    }
}

fn key_cells(key: &RowKey) -> Vec<String> {
    match key {
        RowKey::Source { source, medium, campaign, channel } => {
            let origin = format!("{source} / {medium}");
            [&origin, campaign, channel].map(|text| printable(text, LONGEST_NAME)).to_vec()
        }
        RowKey::Hour { weekday, hour } => vec![weekday.to_string(), hour.to_string()],
        RowKey::LandingPage { landing_host, landing_page } => {
            vec![printable(&format!("{landing_host}{landing_page}"), LONGEST_PAGE)]
        }
    }
}

fn figure_cells(metrics: &Metrics, bar: String) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    vec![
        right(metrics.visits.to_string()),
        right(metrics.calls.to_string()),
        Cell::new(bar),
        right(metrics.first_time_callers.to_string()),
        right(metrics.answered_calls.to_string()),
        right(metrics.missed_calls.to_string()),
        right(metrics.average_call_duration.map_or("-".to_owned(), duration)),
        right(percent(metrics.call_rate)),
        right(metrics.mean_confidence.map_or("-".to_owned(), |p| format!("{:.0} %", p * 100.0))),
    ]
}

fn bar(calls: u64, most: u64, plain: bool) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if most == 0 || calls == 0 {
        return String::new();
    }
    let eighths = (calls as f64 / most as f64 * (BAR * 8) as f64).round().max(1.0) as usize;
    if plain {
        return "#".repeat(eighths.div_ceil(8));
    }
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

fn percent(rate: Option<Rate>) -> String {
    rate.map_or("-".to_owned(), |rate| format!("{:.1} %", rate.value * 100.0))
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A stranger's text without what would move the cursor or colour the terminal, and cut.
fn printable(text: &str, longest: usize) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(longest).collect();
    if text.chars().count() > longest {
        shown.push_str("..");
    }
    shown
}
