//! An answer as JSON, and its rows as one JSON object a line.

use actix_web::web::Bytes;
use serde_json::{Map, Value, json};

use crate::report::query::answer::{Answer, AnswerRow};
use crate::report::query::figure::named;

/// Rows of one chunk.
const AT_ONCE: usize = 500;

/// The answer as one object, in chunks. `report`: its name, when it has one.
pub fn chunks(answer: Answer, report: Option<&'static str>) -> impl Iterator<Item = Bytes> {
    let mut head = Map::new();
    if let Some(report) = report {
        head.insert("report".to_owned(), report.into());
    }
    if let Ok(Value::Object(rest)) = serde_json::to_value(&answer.head) {
        head.extend(rest);
    }
    let names: Vec<&str> = answer.dimensions.iter().map(|dimension| dimension.name).collect();
    head.insert("dimensions".to_owned(), json!(names));
    let unit = |name: &str, unit: &str| json!({ "name": name, "unit": unit });
    let metrics = answer.metrics.iter().map(|metric| unit(metric.name, metric.kind.unit()));
    head.insert("metrics".to_owned(), metrics.collect());
    let opening = opened(&Value::Object(head)) + ",\"rows\":[";
    let mut tail = Map::new();
    if let Some(totals) = &answer.totals {
        tail.insert("totals".to_owned(), row(&answer, totals));
    }
    tail.insert("rows_total".to_owned(), answer.rows_total.into());
    tail.insert("next".to_owned(), json!(answer.next));
    let closing = format!("],{}", Value::Object(tail).to_string().split_off(1));
    let rows = rows(answer, ",", "");
    std::iter::once(Bytes::from(opening)).chain(rows).chain([Bytes::from(closing)])
}

/// The rows as one object a line.
pub fn lines(answer: Answer) -> impl Iterator<Item = Bytes> {
    rows(answer, "\n", "\n")
}

/// The rows, `between` each two of them, `after` the last one.
fn rows(answer: Answer, between: &'static str, after: &'static str) -> impl Iterator<Item = Bytes> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let some = answer.rows.get(next..answer.rows.len().min(next + AT_ONCE))?;
        if some.is_empty() {
            return None;
        }
        let mut text = String::new();
        for one in some {
            if next > 0 {
                text.push_str(between);
            }
            text.push_str(&row(&answer, one).to_string());
            next += 1;
        }
        if next == answer.rows.len() {
            text.push_str(after);
        }
        Some(Bytes::from(text))
    })
}

/// One row, or everything together.
pub fn row(answer: &Answer, row: &AnswerRow) -> Value {
    let mut cells = Map::new();
    for (dimension, cell) in answer.dimensions.iter().zip(&row.key) {
        cells.insert(dimension.name.to_owned(), cell.json(dimension.kind));
    }
    cells.extend(named(&answer.metrics, &row.figures));
    if !row.compared.is_empty() {
        let compared = answer.metrics.iter().zip(&row.compared).map(|(metric, compared)| {
            let other = compared.other.json();
            let mut told = json!({ "value": other, "change": compared.change });
            if let Some(p_value) = compared.p_value {
                told["p_value"] = json!(p_value);
            }
            (metric.name.to_owned(), told)
        });
        cells.insert("compare".to_owned(), Value::Object(compared.collect()));
    }
    let measured = answer.metrics.iter().zip(&row.measured);
    let measured: Map<String, Value> = measured
        .filter_map(|(metric, measured)| Some((metric.name.to_owned(), json!(measured.as_ref()?))))
        .collect();
    if !row.measured.is_empty() {
        cells.insert("benchmark".to_owned(), Value::Object(measured));
    }
    Value::Object(cells)
}

/// An object without its closing brace.
fn opened(object: &Value) -> String {
    let mut text = object.to_string();
    text.pop();
    text
}
