//! A report as comma-separated values: one header line, one line a row, no totals (a spreadsheet
//! adds up by itself, and would count them twice).

use crate::report::metrics::{Count, Metrics, Rate};
use crate::report::model::{Report, ReportKind, Row, RowKey};

/// The report as CSV (RFC 4180).
pub fn to_csv(report: &Report) -> Result<String, csv::Error> {
    let cells =
        |row: &Row| [key_cells(&row.key), metric_cells(report.report, &row.metrics)].concat();
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
        names.extend(rate_names(rate));
    }
    names.push("spam_calls".to_owned());
    // Behind all others: who reads by position finds those where they were.
    if kind == ReportKind::Hours {
        names.extend(rate_names("lease_overflow_rate"));
    }
    names
}

fn rate_names(rate: &str) -> [String; 5] {
    ["", "_numerator", "_denominator", "_low", "_high"].map(|part| format!("{rate}{part}"))
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

fn metric_cells(kind: ReportKind, metrics: &Metrics) -> Vec<String> {
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
    if kind == ReportKind::Hours {
        cells.extend(rate_cells(metrics.lease_overflow_rate));
    }
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::report::metrics::Tally;
    use crate::report::model::{Period, ReportQuery, SpamFilter};
    use crate::report::rules;

    fn csv_of(kind: ReportKind, counted: Vec<(RowKey, Tally)>) -> Vec<csv::StringRecord> {
        let query = ReportQuery {
            kind,
            sites: Vec::new(),
            period: Period::Days { from: date(2026, 3, 2), to: date(2026, 3, 8) },
            time_zone: None,
            spam: SpamFilter::default(),
            conversion: String::new(),
            credit: None,
            filter: None,
            pages: None,
        };
        let text = to_csv(&rules::report(&query, counted, Tally::default())).expect("CSV");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|row| row.expect("a row")).collect()
    }

    #[test]
    fn hours_tell_overflow_behind_all_others() {
        let tally =
            Tally { calls: 4.0, missed: 2.0, wanted: 8.0, got_own: 6.0, ..Tally::default() };
        let rows = csv_of(ReportKind::Hours, vec![(RowKey::Hour { weekday: 1, hour: 9 }, tally)]);
        assert_eq!(rows.len(), 1 + 168);
        let names: Vec<&str> = rows[0].iter().collect();
        let (others, overflow) = names.split_at(names.len() - 5);
        assert_eq!((others.len(), others.last()), (2 + 8 + 3 * 5 + 1, Some(&"spam_calls")));
        assert_eq!(
            overflow,
            [
                "lease_overflow_rate",
                "lease_overflow_rate_numerator",
                "lease_overflow_rate_denominator",
                "lease_overflow_rate_low",
                "lease_overflow_rate_high",
            ]
        );
        let cells = |row: usize| rows[row].iter().skip(others.len()).collect::<Vec<_>>();
        // Two of eight; Wilson's interval is 0.0715 to 0.5907.
        let monday_at_nine = cells(1 + 9);
        assert_eq!(monday_at_nine[..3], ["0.25", "2", "8"]);
        let end = |n: usize| monday_at_nine[n].parse::<f64>().expect("a number");
        assert!((end(3) - 0.0715).abs() < 1e-4 && (end(4) - 0.5907).abs() < 1e-4);
        assert_eq!(cells(1), [""; 5], "nobody wanted one: not known, and not 0");
    }

    #[test]
    fn other_reports_have_no_overflow() {
        let key =
            RowKey::LandingPage { landing_host: "h".to_owned(), landing_page: "/".to_owned() };
        let rows = csv_of(ReportKind::LandingPages, vec![(key, Tally::default())]);
        assert!(rows.iter().all(|row| row.len() == 2 + 8 + 3 * 5 + 1));
        assert_eq!(rows[0].get(25), Some("spam_calls"));
    }
}
