//! A report for a terminal.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use console::{measure_text_width, truncate_str};

use crate::report::columns::{FIGURES, Figure, GAP, fit};
use crate::report::heat;
use crate::report::metrics::{Metrics, Rate};
use crate::report::model::{AbTest, Report, ReportKind, RowKey};

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
const BAR: usize = 6;
/// Longest name, in columns of the terminal: of a source, a campaign and the like, and of a page.
const LONGEST_NAME: usize = 40;
const LONGEST_PAGE: usize = 80;

/// The report as a table (sources, landing pages) or as heat maps (hours), with a title line; below it what came of two
/// pages that are held against each other.
pub fn render(report: &Report, options: &RenderOptions) -> String {
    let body = match report.report {
        ReportKind::Hours => heat::render(report, options.plain),
        ReportKind::Sources | ReportKind::LandingPages => table(report, options),
    };
    let test = report.comparison.as_ref().map(ab_test).unwrap_or_default();
    format!("{}\n{body}\n{test}", title(report))
}

fn ab_test(test: &AbTest) -> String {
    let page = |rate: Option<Rate>| match rate {
        Some(Rate { numerator, denominator, .. }) => {
            format!("{} ({numerator:.1} of {denominator:.1})", percent(rate))
        }
        None => "no visits".to_owned(),
    };
    let p = test.p_value.map(|p| format!(", {}", p_value(p))).unwrap_or_default();
    let difference = match test.difference {
        Some(difference) => format!("Difference: {:+.1} pp{p}", difference * 100.0),
        None => "They cannot be compared".to_owned(),
    };
    format!("Call rate of a: {}, of b: {}\n{difference}\n", page(test.a), page(test.b))
}

fn title(report: &Report) -> String {
    let what = match report.report {
        ReportKind::Sources => "Calls by source",
        ReportKind::Hours => "Calls by hour and weekday",
        ReportKind::LandingPages => "Calls by landing page",
    };
    let zone = report.time_zone.as_deref().unwrap_or("each site's own time zone");
    let credit = report.credit.map(|credit| format!(", {}", credit.words())).unwrap_or_default();
    let filter = match report.filter.as_str() {
        "" => String::new(),
        filter => format!(", {}", printable(filter, LONGEST_FILTER)),
    };
    format!("{what}, {} to {} ({zone}){credit}{filter}", report.from, report.to)
}

/// Longest filter that is told, in columns of the terminal.
const LONGEST_FILTER: usize = 80;

/// A column of names: its heading, and the width at which its names can still be told apart.
type NameColumn = (&'static str, usize);

fn name_columns(kind: ReportKind) -> &'static [NameColumn] {
    match kind {
        ReportKind::Sources => &[("Source / medium", 16), ("Campaign", 12), ("Channel", 13)],
        ReportKind::Hours => &[("Weekday", 7), ("Hour", 6)],
        ReportKind::LandingPages => &[("Landing page", 30)],
    }
}

fn table(report: &Report, options: &RenderOptions) -> String {
    let columns = name_columns(report.report);
    let most = report.rows.iter().map(|row| row.metrics.calls.get()).fold(0.0, f64::max);
    let mut rows: Vec<(Vec<String>, [String; FIGURES.len()])> = Vec::new();
    for row in report.rows.iter().take(options.max_rows) {
        let bar = bar(row.metrics.calls.get(), most, options.plain);
        rows.push((names(&row.key), FIGURES.map(|figure| cell(figure, &row.metrics, &bar))));
    }
    let mut total = vec![String::new(); columns.len()];
    total[0] = "Total".to_owned();
    rows.push((total, FIGURES.map(|figure| cell(figure, &report.totals, ""))));

    let widest = |texts: &mut dyn Iterator<Item = &str>| {
        texts.flat_map(str::lines).map(measure_text_width).max().unwrap_or(0)
    };
    let longest = |n: usize, &(heading, enough): &NameColumn| {
        let mut texts = rows.iter().map(|(names, _)| names[n].as_str()).chain([heading]);
        (widest(&mut texts), enough)
    };
    let longest: Vec<_> = columns.iter().enumerate().map(|(n, c)| longest(n, c)).collect();
    let widths = FIGURES.map(|figure| {
        let cells = rows.iter().map(|(_, cells)| cells[figure as usize].as_str());
        widest(&mut cells.chain([heading(figure)]))
    });
    let fitting = fit(&longest, &widths, usize::from(options.width));

    let mut table = empty_table(options);
    let ellipsis = if options.plain { ".." } else { "…" };
    let cut = |text: &str, &width: &usize| truncate_str(text, width, ellipsis).into_owned();
    let headings = columns.iter().zip(&fitting.names);
    let headings = headings.map(|((heading, _), width)| format!("\n{}", cut(heading, width)));
    let figures = fitting.figures.iter().map(|&f| figure_cell(f, heading(f)));
    table.set_header(headings.map(Cell::new).chain(figures));
    for (names, cells) in &rows {
        let figures = fitting.figures.iter().map(|&f| figure_cell(f, &cells[f as usize]));
        let names = names.iter().zip(&fitting.names).map(|(name, width)| cut(name, width));
        table.add_row(names.map(Cell::new).chain(figures));
    }
    let last = table.column_count().saturating_sub(1);
    for (n, column) in table.column_iter_mut().enumerate() {
        // The style puts one space between columns.
        column.set_padding((0, if n == last { 0 } else { GAP as u16 - 1 }));
    }
    let hidden = report.rows.len().saturating_sub(options.max_rows) + report.rows_left_off;
    let lines = table.trim_fmt();
    match hidden {
        0 => lines,
        hidden => format!("{lines}\nRows not shown, but in the total: {hidden}"),
    }
}

/// A table without lines but one under its heading.
pub(super) fn empty_table(options: &RenderOptions) -> Table {
    let line = if options.plain { '-' } else { '─' };
    let under_header = LineStyle::none().fill(line).junction(line);
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(under_header));
    // Every cell was made to fit.
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn names(key: &RowKey) -> Vec<String> {
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

/// Two lines; the second stands above the figures.
fn heading(figure: Figure) -> &'static str {
    match figure {
        Figure::Visits => "\nVisits",
        Figure::Calls => "\nCalls",
        Figure::Bar => "\n",
        Figure::First => "First\ntime",
        Figure::Answered => "\nAnswered",
        Figure::Missed => "\nMissed",
        Figure::Talk => "Avg\ntalk",
        Figure::CallRate => "Call\nrate",
        Figure::Sure => "\nSure",
    }
}

fn cell(figure: Figure, metrics: &Metrics, bar: &str) -> String {
    match figure {
        Figure::Visits => format!("{:.1}", metrics.visits),
        Figure::Calls => format!("{:.1}", metrics.calls),
        Figure::Bar => bar.to_owned(),
        Figure::First => format!("{:.1}", metrics.first_time_callers),
        Figure::Answered => format!("{:.1}", metrics.answered_calls),
        Figure::Missed => format!("{:.1}", metrics.missed_calls),
        Figure::Talk => metrics.average_call_duration.map_or("-".to_owned(), duration),
        Figure::CallRate => percent(metrics.call_rate),
        Figure::Sure => {
            metrics.mean_confidence.map_or("-".to_owned(), |p| format!("{:.0} %", p * 100.0))
        }
    }
}

fn figure_cell(figure: Figure, text: &str) -> Cell {
    let alignment = match figure {
        Figure::Bar => CellAlignment::Left,
        _ => CellAlignment::Right,
    };
    Cell::new(text).set_alignment(alignment)
}

/// A bar as long as the part of `most` that `calls` is.
pub(super) fn bar(calls: f64, most: f64, plain: bool) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if most <= 0.0 || calls <= 0.0 {
        return String::new();
    }
    let eighths = (calls / most * (BAR * 8) as f64).round().max(1.0) as usize;
    if plain {
        return "#".repeat(eighths.div_ceil(8));
    }
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

fn percent(rate: Option<Rate>) -> String {
    rate.map_or("-".to_owned(), |rate| format!("{:.1} %", rate.value * 100.0))
}

/// How probable a difference is where there is none.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p {p:.3}") }
}

/// Minutes and seconds.
pub(super) fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A stranger's text without what would move the cursor, colour the terminal or turn the line
/// around, and cut.
pub(super) fn printable(text: &str, longest: usize) -> String {
    // More characters than columns: some have no width.
    let shown: String = text.chars().filter(|&c| !moves_text(c)).take(4 * longest).collect();
    truncate_str(&shown, longest, "..").into_owned()
}

/// Control characters, and the format characters that are invisible or change the direction.
fn moves_text(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
