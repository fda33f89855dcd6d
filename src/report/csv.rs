//! A report as comma-separated values: one header line, one line a row, no totals (a spreadsheet
//! adds up by itself, and would count them twice).

use crate::report::metrics::{Count, Metrics, Rate};
use crate::report::model::{Report, ReportKind, Row, RowKey};

/// The report as CSV (RFC 4180).
pub fn to_csv(report: &Report) -> Result<String, csv::Error> {
    let cells = |row: &Row| [key_cells(&row.key), metric_cells(&row.metrics)].concat();
    written(header(report.report), report.rows.iter().map(cells))
}

/// A table with its header line (RFC 4180).
pub fn written(
    header: Vec<String>,
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<String, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    // Only texts were written.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn header(kind: ReportKind) -> Vec<String> {
    let keys: &[&str] = match kind {
        ReportKind::Sources => &["source", "medium", "campaign", "channel"],
        ReportKind::Hours => &["weekday", "hour"],
        ReportKind::LandingPages => &["landing_host", "landing_page"],
    };
    let counts = [
        "visits",
        "calls",
        "first_time_callers",
        "repeat_callers",
        "answered_calls",
        "missed_calls",
        "average_call_duration",
        "mean_confidence",
    ];
    let mut names: Vec<String> = keys.iter().chain(&counts).map(|&name| name.to_owned()).collect();
    for rate in ["completion_rate", "call_rate", "attributed_rate"] {
        names.push(rate.to_owned());
        names.extend(
            ["numerator", "denominator", "low", "high"].map(|part| format!("{rate}_{part}")),
        );
    }
    names.push("spam_calls".to_owned());
    names
}

fn key_cells(key: &RowKey) -> Vec<String> {
    match key {
        RowKey::Source { source, medium, campaign, channel } => {
            [source, medium, campaign, channel].map(|text| harmless(text)).to_vec()
        }
        RowKey::Hour { weekday, hour } => vec![weekday.to_string(), hour.to_string()],
        RowKey::LandingPage { landing_host, landing_page } => {
            vec![harmless(landing_host), harmless(landing_page)]
        }
    }
}

fn metric_cells(metrics: &Metrics) -> Vec<String> {
    let mut cells = vec![
        metrics.visits.to_string(),
        metrics.calls.to_string(),
        metrics.first_time_callers.to_string(),
        metrics.repeat_callers.to_string(),
        metrics.answered_calls.to_string(),
        metrics.missed_calls.to_string(),
        number(metrics.average_call_duration),
        number(metrics.mean_confidence),
    ];
    for rate in [metrics.completion_rate, metrics.call_rate, metrics.attributed_rate] {
        cells.extend(rate_cells(rate));
    }
    cells.push(metrics.spam_calls.to_string());
    cells
}

/// What was not measured is an empty cell.
fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn rate_cells(rate: Option<Rate>) -> [String; 5] {
    let count = |part: fn(&Rate) -> Count| rate.as_ref().map(part).map(|n| n.to_string());
    [
        number(rate.map(|r| r.value)),
        count(|r| r.numerator).unwrap_or_default(),
        count(|r| r.denominator).unwrap_or_default(),
        number(rate.map(|r| r.low)),
        number(rate.map(|r| r.high)),
    ]
}

/// A campaign name is a stranger's text: one that a spreadsheet would run as a formula gets an
/// apostrophe in front (OWASP, "CSV Injection").
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return format!("'{text}");
    }
    text.to_owned()
}
