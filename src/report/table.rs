//! An answer of the one engine for a terminal: a table, with a bar behind the first figure, and a sparkline where rows are
//! spans of time.

use comfy_table::{Cell, CellAlignment, ContentArrangement};
use serde_json::Value;

use crate::report::render::{RenderOptions, bar, duration, empty_table, printable};

/// Longest name, in columns of the terminal.
const LONGEST_NAME: usize = 40;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN_SPARKS: [char; 8] = ['_', '.', ',', '-', '~', '=', '*', '#'];
/// Dimensions whose rows are spans of time in their order.
const TIMES: [&str; 8] =
    ["date_hour", "date", "week", "month", "quarter", "year", "hour", "hour_of_week"];

/// The answer (the API's JSON) as a table; `None` when it is none.
pub fn table(answer: &Value, options: &RenderOptions) -> Option<String> {
    let rows = answer["rows"].as_array()?;
    let dimensions: Vec<&str> =
        answer["dimensions"].as_array()?.iter().filter_map(Value::as_str).collect();
    let metrics: Vec<(&str, &str)> = answer["metrics"]
        .as_array()?
        .iter()
        .filter_map(|metric| Some((metric["name"].as_str()?, metric["unit"].as_str()?)))
        .collect();
    let first = metrics.first().map_or("", |(name, _)| name);
    let values: Vec<f64> = rows.iter().map(|row| number(&row[first]).unwrap_or(0.0)).collect();
    let most = values.iter().copied().fold(0.0, f64::max);

    let mut table = empty_table(options);
    table.set_width(options.width).set_content_arrangement(ContentArrangement::Dynamic);
    let headings =
        dimensions.iter().copied().chain([""]).chain(metrics.iter().map(|(name, _)| *name));
    let compared = rows.iter().chain([&answer["totals"]]).any(|row| row["compare"].is_object());
    table.set_header(headings.map(|name| Cell::new(name.replace('_', " "))));
    let cells = |row: &Value, name: Option<&str>, bar: String| -> Vec<Cell> {
        let names = dimensions.iter().enumerate().map(|(n, dimension)| match name {
            Some(name) if n == 0 => name.to_owned(),
            Some(_) => String::new(),
            None => printable(&told(&row[*dimension]), LONGEST_NAME),
        });
        let figures = metrics.iter().map(|(name, unit)| {
            let mut text = figure(&row[*name], unit);
            if compared {
                text = format!("{text} {}", change(&row["compare"][*name], unit));
            }
            Cell::new(text).set_alignment(CellAlignment::Right)
        });
        names.map(Cell::new).chain([Cell::new(bar)]).chain(figures).collect()
    };
    for (row, value) in rows.iter().zip(&values).take(options.max_rows) {
        table.add_row(cells(row, None, bar(*value, most, options.plain)));
    }
    if answer["totals"].is_object() {
        table.add_row(cells(&answer["totals"], Some("Total"), String::new()));
    }
    let mut lines = vec![title(answer), table.trim_fmt()];
    if dimensions.first().is_some_and(|name| TIMES.contains(name))
        && dimensions.len() == 1
        && rows.len() > 1
    {
        lines.push(format!("{} {}", first.replace('_', " "), sparkline(&values, options.plain)));
    }
    let total = answer["rows_total"].as_u64().unwrap_or_default() as usize;
    let hidden = total.saturating_sub(rows.len().min(options.max_rows));
    if hidden > 0 {
        lines.push(format!("Rows not shown, but in the total: {hidden}"));
    }
    for out in answer["left_out"].as_array().into_iter().flatten() {
        lines.push(format!("{}: {}", told(&out["metric"]), told(&out["because"])));
    }
    Some(lines.join("\n"))
}

fn title(answer: &Value) -> String {
    let name = answer["report"].as_str().unwrap_or("query");
    let zone = answer["time_zone"].as_str().unwrap_or("each site's own time zone");
    let mut title =
        format!("{name}, {} to {} ({zone})", told(&answer["from"]), told(&answer["to"]));
    if let Some(filter) = answer["filter"].as_str() {
        title.push_str(&format!(", {}", printable(filter, 2 * LONGEST_NAME)));
    }
    let other = &answer["compared_with"];
    if other.is_object() {
        title.push_str(&format!(", against {} to {}", told(&other["from"]), told(&other["to"])));
    }
    title
}

/// The one number of a figure.
fn number(figure: &Value) -> Option<f64> {
    figure.as_f64().or_else(|| figure["value"].as_f64())
}

fn figure(figure: &Value, unit: &str) -> String {
    let Some(value) = number(figure) else { return "-".to_owned() };
    match unit {
        "share" => format!("{:.1} %", value * 100.0),
        "seconds" => duration(value),
        "number" if value.fract() == 0.0 => format!("{value:.0}"),
        "number" => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn change(compared: &Value, unit: &str) -> String {
    match (compared["change"].as_f64(), unit) {
        (None, _) => String::new(),
        (Some(change), "share") => format!("({:+.1} pp)", change * 100.0),
        (Some(change), "quotient") => format!("({change:+.2})"),
        (Some(change), _) => format!("({:+.0} %)", change * 100.0),
    }
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn sparkline(values: &[f64], plain: bool) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let sparks = if plain { PLAIN_SPARKS } else { SPARKS };
    let spark = |value: &f64| match most > 0.0 {
        true => sparks[((value / most * 7.0).round() as usize).min(7)],
        false => sparks[0],
    };
    values.iter().map(spark).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_tells_figures_changes_and_what_is_missing() {
        let answer = json!({
            "from": "2026-03-01", "to": "2026-03-02", "time_zone": "UTC", "dimensions": ["date"],
            "metrics": [{"name": "calls", "unit": "number"}, {"name": "completion_rate", "unit": "share"}],
            "rows": [
                {"date": "2026-03-01", "calls": 4, "completion_rate": {"value": 0.25}},
                {"date": "2026-03-02\u{1b}[31m", "calls": 8, "completion_rate": null},
            ],
            "totals": {"calls": 12, "completion_rate": {"value": 0.25}, "compare": {"calls": {"change": 0.5}}},
            "rows_total": 3, "left_out": [{"metric": "visits", "because": "visits have no `agent`"}],
        });
        let options = RenderOptions { plain: true, ..RenderOptions::default() };
        let text = table(&answer, &options).expect("a table");
        for part in [
            "25.0 %",
            "12 (+50 %)",
            "calls ~#",
            "Rows not shown, but in the total: 1",
            "visits have no `agent`",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert_eq!(table(&json!({"error": 1}), &options), None);
    }
}
