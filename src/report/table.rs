//! An answer of the one engine for a terminal: a table, with a bar behind the first figure, and a sparkline where rows are
//! spans of time. Behind a figure stands, in round brackets, how it changed, and in square ones how it lies to its
//! benchmark.

use comfy_table::{Cell, CellAlignment, ContentArrangement};
use serde_json::Value;

use crate::report::query::metrics::metric;
use crate::report::render::{RenderOptions, bar, duration, empty_table, p_value, printable};

/// Longest name, in columns of the terminal.
const LONGEST_NAME: usize = 40;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN_SPARKS: [char; 8] = ['_', '.', ',', '-', '~', '=', '*', '#'];
/// Dimensions whose rows are spans of time in their order.
const TIMES: [&str; 8] =
    ["date_hour", "date", "week", "month", "quarter", "year", "hour", "hour_of_week"];
/// The verdict on what is held against the own past: none.
const OWN: &str = "own";

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
    table.set_header(headings.map(|name| Cell::new(name.replace('_', " "))));
    let cells = |row: &Value, name: Option<&str>, bar: String| -> Vec<Cell> {
        let names = dimensions.iter().enumerate().map(|(n, dimension)| match name {
            Some(name) if n == 0 => name.to_owned(),
            Some(_) => String::new(),
            None => printable(&told(&row[*dimension]), LONGEST_NAME),
        });
        let figures = metrics.iter().map(|(name, unit)| {
            let mut texts = vec![figure(&row[*name], unit)];
            texts.extend(change(&row["compare"][*name], unit));
            texts.extend(gap(&row["benchmark"][*name], unit));
            Cell::new(texts.join(" ")).set_alignment(CellAlignment::Right)
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
    // Where rows of the page are hidden the next page would not begin behind what is seen.
    if let Some(next) = answer["next"].as_str()
        && rows.len() <= options.max_rows
    {
        lines.push(format!("Next page: --cursor {next}"));
    }
    lines.extend(benchmarks(answer, &metrics));
    for out in answer["left_out"].as_array().into_iter().flatten() {
        lines.push(format!("{}: {}", told(&out["metric"]), told(&out["because"])));
    }
    Some(lines.join("\n"))
}

/// What each part of a filter does (the API's JSON) as a table; `None` when it is none.
pub fn analysis(answer: &Value, options: &RenderOptions) -> Option<String> {
    let parts = answer["filters"].as_array()?;
    // The answer does not tell the units.
    let unit = |name: &str| metric(name).map_or("number", |metric| metric.kind.unit());
    let metrics: Vec<(&str, &str)> = answer["unfiltered"]
        .as_object()?
        .keys()
        .map(|name| (name.as_str(), unit(name.as_str())))
        .collect();
    let mut table = empty_table(options);
    table.set_width(options.width).set_content_arrangement(ContentArrangement::Dynamic);
    let headings = ["Filter", ""].into_iter().chain(metrics.iter().map(|(name, _)| *name));
    table.set_header(headings.map(|name| Cell::new(name.replace('_', " "))));
    let cells = |filter: &str, how: &str, figures: &Value| -> Vec<Cell> {
        let told = metrics.iter().map(|(name, unit)| {
            Cell::new(figure(&figures[*name], unit)).set_alignment(CellAlignment::Right)
        });
        [Cell::new(filter), Cell::new(how)].into_iter().chain(told).collect()
    };
    table.add_row(cells("(none)", "", &answer["unfiltered"]));
    for part in parts {
        let filter = printable(&told(&part["filter"]), 2 * LONGEST_NAME);
        table.add_row(cells(&filter, "alone", &part["alone"]));
        table.add_row(cells("", "with those before", &part["so_far"]));
        table.add_row(cells("", "all but this", &part["without"]));
    }
    table.add_row(cells("(all)", "", &answer["filtered"]));
    Some(table.trim_fmt())
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
        let is_other = |name: &str| other[name] != answer[name];
        let mut against = Vec::new();
        // A segment is of the same days.
        if is_other("from") || is_other("to") || !is_other("filter") {
            against.push(format!("{} to {}", told(&other["from"]), told(&other["to"])));
        }
        if is_other("filter") {
            let filter = other["filter"].as_str().unwrap_or("no filter");
            against.push(printable(filter, 2 * LONGEST_NAME));
        }
        title.push_str(&format!(", against {}", against.join(", ")));
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

/// How a figure changed, and of shares how probable that is where nothing did.
fn change(compared: &Value, unit: &str) -> Option<String> {
    let change = compared["change"].as_f64()?;
    let change = match unit {
        "share" => format!("{:+.1} pp", change * 100.0),
        "quotient" => format!("{change:+.2}"),
        _ => format!("{:+.0} %", change * 100.0),
    };
    Some(match compared["p_value"].as_f64() {
        Some(p) => format!("({change}, {})", p_value(p)),
        None => format!("({change})"),
    })
}

/// How far a figure lies outside of what is usual, and whether that is good.
fn gap(measured: &Value, unit: &str) -> Option<String> {
    let (gap, verdict) = (measured["gap"].as_f64()?, measured["verdict"].as_str()?);
    let far = match unit {
        "share" => format!("{:.1} pp", gap.abs() * 100.0),
        _ => figure(&Value::from(gap.abs()), unit),
    };
    let sign = if gap < 0.0 { '-' } else { '+' };
    Some(match verdict {
        "usual" => "[usual]".to_owned(),
        OWN => format!("[{sign}{far}]"),
        verdict => format!("[{sign}{far}, {verdict}]"),
    })
}

/// What stands in square brackets: a line for each metric, or one for the own past.
fn benchmarks(answer: &Value, metrics: &[(&str, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, unit) in metrics {
        let rows = answer["rows"].as_array().into_iter().flatten().chain([&answer["totals"]]);
        let mut measured = rows.map(|row| &row["benchmark"][*name]);
        let Some(measured) = measured.find(|measured| measured.is_object()) else { continue };
        let from = printable(&told(&measured["from"]), 3 * LONGEST_NAME);
        if measured["verdict"] == OWN {
            return vec![format!("[ ]: how far from {from}")];
        }
        let end = |end: &Value| figure(end, unit);
        let usual = match (&measured["low"], &measured["high"]) {
            (low, Value::Null) => format!("{} or more", end(low)),
            (Value::Null, high) => format!("up to {}", end(high)),
            (low, high) => format!("{} to {}", end(low), end(high)),
        };
        lines.push(format!("[ ] {}: usual is {usual} ({from})", name.replace('_', " ")));
    }
    lines
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

    /// 40 of 200 against 25 of 250, usual is 25 to 30 %; 100 calls against 80.
    #[test]
    fn a_figure_has_its_p_value_and_its_gap_behind_it() {
        let usual = |gap: f64, verdict: &str| json!({"low": 0.25, "high": 0.3, "better": "higher", "gap": gap, "verdict": verdict, "from": "a survey"});
        let mut answer = json!({
            "from": "2026-03-01", "to": "2026-03-02", "time_zone": "UTC", "dimensions": [],
            "metrics": [{"name": "call_rate", "unit": "share"}, {"name": "average_wait", "unit": "seconds"}],
            "rows": [{
                "call_rate": {"value": 0.2}, "average_wait": 80.0,
                "compare": {
                    "call_rate": {"change": 0.1, "p_value": 0.002_713},
                    "average_wait": {"change": 0.25},
                },
                "benchmark": {
                    "call_rate": usual(-0.05, "worse"),
                    "average_wait": {"low": null, "high": 34.0, "gap": 46.0, "verdict": "worse", "from": "a mean"},
                },
            }],
            "rows_total": 1, "filter": "landing_page = /a", "next": "abc",
            "compared_with": {"from": "2026-03-01", "to": "2026-03-02", "filter": "landing_page = /b"},
        });
        let options = RenderOptions { plain: true, ..RenderOptions::default() };
        let text = table(&answer, &options).expect("a table");
        for part in [
            "query, 2026-03-01 to 2026-03-02 (UTC), landing_page = /a, against landing_page = /b",
            "20.0 % (+10.0 pp, p 0.003) [-5.0 pp, worse]",
            "1:20 (+25 %) [+0:46, worse]",
            "[ ] call rate: usual is 25.0 % to 30.0 % (a survey)",
            "[ ] average wait: usual is up to 0:34 (a mean)",
            "Next page: --cursor abc",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        answer["compared_with"]["from"] = json!("2026-02-27");
        answer["compared_with"]["filter"] = answer["filter"].clone();
        answer["rows"][0]["compare"]["call_rate"]["p_value"] = json!(0.000_4);
        answer["rows"][0]["benchmark"]["call_rate"] = usual(0.0, "usual");
        let text = table(&answer, &options).expect("a table");
        for part in [
            "(UTC), landing_page = /a, against 2026-02-27 to 2026-03-02\n",
            "(+10.0 pp, p < 0.001) [usual]",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    /// 18 calls in the 84 days before are one and a half in seven.
    #[test]
    fn the_own_past_has_no_verdict() {
        let answer = json!({
            "from": "2026-03-03", "to": "2026-03-09", "time_zone": null, "dimensions": [],
            "metrics": [{"name": "calls", "unit": "number"}], "rows": [], "rows_total": 0,
            "totals": {"calls": 3, "benchmark": {"calls": {
                "low": 1.5, "high": 1.5, "gap": 1.5, "verdict": "own", "from": "the 84 days before",
            }}},
        });
        let text = table(&answer, &RenderOptions::default()).expect("a table");
        assert!(text.contains("3 [+1.5]"), "{text}");
        assert!(text.contains("[ ]: how far from the 84 days before"), "{text}");
    }

    #[test]
    fn a_filter_is_taken_apart() {
        let answer = json!({
            "unfiltered": {"calls": 9, "call_rate": {"value": 0.5}},
            "filtered": {"calls": 1, "call_rate": null},
            "filters": [{
                "filter": "agent = ann\u{1b}", "so_far": {"calls": 4}, "alone": {"calls": 5}, "without": {"calls": 6},
            }],
        });
        let options = RenderOptions { plain: true, ..RenderOptions::default() };
        let text = analysis(&answer, &options).expect("an analysis");
        assert_eq!(text.lines().count(), 2 + 5, "{text}");
        assert!(text.contains("agent = ann") && text.contains("50.0 %"), "{text}");
        assert!(!text.contains('\u{1b}'));
        for (how, calls) in
            [("(none)", "9"), ("alone", "5"), ("before", "4"), ("but this", "6"), ("(all)", "1")]
        {
            let row = text.lines().find(|line| line.contains(how)).expect("the row");
            assert!(row.split_whitespace().any(|cell| cell == calls), "{text}");
        }
        assert_eq!(analysis(&json!({"rows": []}), &options), None);
    }
}
