//! Reports as a letter: tables to look at, and the same as files.

use std::fmt::Write as _;

use crate::alert::mail::{Enclosed, Letter};
use crate::alert::mailable::mailable;
use crate::alert::question::Reports;
use crate::config::model::{Every, Schedule, Site};
use crate::platform::clock::Millis;
use crate::report::query::answer::{Answer, AnswerRow};
use crate::report::query::figure::Figure;
use crate::report::query::write::flat::{Plain, cells};
use crate::report::query::write::text;

/// Rows of a report that a letter shows; its file has all.
const SHOWN: usize = 25;
/// Stands for a report that failed.
const NOT_MADE: &str = "This report could not be made; the log of the service says why.";

/// The letter of a schedule. A report that cannot be made is told of in it; where none can, that is the error, for people.
pub async fn compose(
    reports: &Reports,
    site: &Site,
    schedule: &Schedule,
    now: Millis,
) -> Result<Letter, String> {
    let period = match (schedule.period.as_str(), schedule.every) {
        ("", Every::Day) => "yesterday",
        ("", Every::Week) => "last_week",
        ("", Every::Month) => "last_month",
        (period, _) => period,
    };
    let name = if site.name.is_empty() { site.id.as_str() } else { &site.name };
    let mut letter = Letter::default();
    let mut html = String::new();
    let mut failed = Vec::new();
    for report in &schedule.reports {
        let about = mailable(report).map_or(report.as_str(), |known| known.about);
        _ = write!(html, "<h2 style=\"{H2}\">{}</h2>", escaped(about));
        let answer = match reports.report(site, report, period, now).await {
            Ok(answer) => answer,
            Err(why) => {
                tracing::warn!(site = %site.id, schedule = %schedule.id, %report, %why, "a report could not be made");
                _ = write!(html, "<p>{NOT_MADE}</p>");
                _ = writeln!(letter.text, "{about}\n{NOT_MADE}\n");
                failed.push(why);
                continue;
            }
        };
        if letter.subject.is_empty() {
            let (from, to) = (&answer.head.from, &answer.head.to);
            let days = if from == to { from.clone() } else { format!("{from} to {to}") };
            letter.subject = format!("{name}: {days}");
        }
        html.push_str(&table(&answer));
        _ = writeln!(letter.text, "{about}\n{}", plain(&answer));
        let mut csv = String::new();
        text::chunks(answer).for_each(|chunk| csv.push_str(&String::from_utf8_lossy(&chunk)));
        letter.enclosed.push(Enclosed { name: format!("{report}-{period}.csv"), csv });
    }
    if letter.enclosed.is_empty() {
        return Err(failed.join("; "));
    }
    letter.html = format!(
        "<!doctype html><html lang=\"en\"><body style=\"{BODY}\"><h1 style=\"{H1}\">{}</h1>{html}</body></html>",
        escaped(&letter.subject)
    );
    Ok(letter)
}

// Mail programs know no style sheets.
const BODY: &str = "font-family:system-ui,sans-serif;color:#1c2733;margin:24px";
const H1: &str = "font-size:20px;margin:0 0 8px";
const H2: &str = "font-size:16px;margin:24px 0 8px";
const TABLE: &str = "border-collapse:collapse;font-size:14px";
const HEAD: &str =
    "text-align:left;padding:6px 14px 6px 0;border-bottom:2px solid #b8c4d0;color:#51606f";
const CELL: &str = "padding:6px 14px 6px 0;border-bottom:1px solid #e3e9ef";
const FIGURE: &str = "padding:6px 14px 6px 0;border-bottom:1px solid #e3e9ef;text-align:right";

fn table(answer: &Answer) -> String {
    let mut out = format!("<table style=\"{TABLE}\"><tr>");
    for name in header(answer) {
        _ = write!(out, "<th style=\"{HEAD}\">{}</th>", escaped(&name.replace('_', " ")));
    }
    out.push_str("</tr>");
    for row in shown(answer) {
        out.push_str("<tr>");
        for (n, cell) in row.iter().enumerate() {
            let style = if n < answer.dimensions.len() { CELL } else { FIGURE };
            _ = write!(out, "<td style=\"{style}\">{}</td>", escaped(cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    if let Some(left) = left(answer) {
        _ = write!(out, "<p>{left}</p>");
    }
    out
}

fn plain(answer: &Answer) -> String {
    let mut out = header(answer).join("\t");
    out.push('\n');
    for row in shown(answer) {
        out.push_str(&row.join("\t"));
        out.push('\n');
    }
    left(answer).into_iter().for_each(|left| out.push_str(&left));
    out
}

fn header(answer: &Answer) -> Vec<&'static str> {
    let dimensions = answer.dimensions.iter().map(|dimension| dimension.name);
    dimensions.chain(answer.metrics.iter().map(|metric| metric.name)).collect()
}

/// The first rows, and everything together.
fn shown(answer: &Answer) -> Vec<Vec<String>> {
    let total = answer.totals.as_ref().map(|totals| {
        let names = answer.dimensions.iter().enumerate();
        let names = names.map(|(n, _)| if n == 0 { "Total".to_owned() } else { String::new() });
        names.chain(figures(totals)).collect()
    });
    let row = |row: &AnswerRow| {
        let names = cells(answer, row).into_iter().take(answer.dimensions.len()).map(name);
        names.chain(figures(row)).collect()
    };
    answer.rows.iter().take(SHOWN).map(row).chain(total).collect()
}

fn left(answer: &Answer) -> Option<String> {
    let left = answer.rows_total.saturating_sub(SHOWN);
    (left > 0).then(|| format!("{left} more rows are in the file."))
}

fn name(cell: Plain) -> String {
    match cell {
        Plain::None => "–".to_owned(),
        Plain::Text(text) => text,
        Plain::Whole(number) => number.to_string(),
        Plain::Flag(flag) => if flag { "yes" } else { "no" }.to_owned(),
        Plain::Number(number) => number.to_string(),
    }
}

fn figures(row: &AnswerRow) -> impl Iterator<Item = String> {
    row.figures.iter().map(|figure| match figure {
        Figure::Unknown => "–".to_owned(),
        Figure::Rate(rate) => format!("{:.1} %", rate.value * 100.0),
        Figure::Count(count) => format!("{}", (count.get() * 10.0).round() / 10.0),
        Figure::Number(value) | Figure::Quotient { value, .. } => format!("{value:.2}"),
    })
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
