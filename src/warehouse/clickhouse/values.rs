//! Values on their way to ClickHouse and back. Pure.
//!
//! To it: as literals in a statement, and as JSON in a batch. From it: lines of JSON behind the names and types of their
//! columns (`JSONCompactEachRowWithNamesAndTypes`).

use duckdb::types::Value;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::Value as Json;

const EPOCH: Date = date(1970, 1, 1);

/// `text` with a literal for each `$1`, `$2`, …; what stands for none of `bound` is left as it is.
pub fn with_values(text: &str, bound: &[Value]) -> String {
    let mut written = String::with_capacity(text.len() + bound.len() * 16);
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        written.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let place: Option<usize> = rest[..digits].parse().ok();
        match place.and_then(|n| n.checked_sub(1)).and_then(|n| bound.get(n)) {
            Some(value) => {
                literal(value, &mut written);
                rest = &rest[digits..];
            }
            None => written.push('$'),
        }
    }
    written.push_str(rest);
    written
}

/// Writes a value as SQL. Texts are quoted as ClickHouse reads them: only `\` and `'` mean something in one.
fn literal(value: &Value, out: &mut String) {
    match value {
        Value::Text(text) | Value::Enum(text) => {
            out.push('\'');
            for c in text.chars() {
                match c {
                    '\\' | '\'' => out.extend(['\\', c]),
                    '\0' => out.push_str("\\0"),
                    c => out.push(c),
                }
            }
            out.push('\'');
        }
        Value::List(values) | Value::Array(values) => {
            out.push('[');
            for (n, value) in values.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                literal(value, out);
            }
            out.push(']');
        }
        Value::Date32(days) => {
            out.push_str(&format!("'{}'::Date32", day(*days)));
        }
        // Without a point it would be a whole number, and a negative number after a minus a comment.
        Value::Double(number) if number.is_finite() => out.push_str(&format!("({number:?})")),
        other => match json(other) {
            Json::Number(number) => out.push_str(&format!("({number})")),
            Json::Bool(flag) => out.push_str(if flag { "true" } else { "false" }),
            _ => out.push_str("NULL"),
        },
    }
}

/// A value in a batch. Numbers keep all their digits, and decimals are texts.
pub fn json(value: &Value) -> Json {
    match value {
        Value::Boolean(flag) => Json::from(*flag),
        Value::TinyInt(number) => Json::from(*number),
        Value::SmallInt(number) => Json::from(*number),
        Value::Int(number) => Json::from(*number),
        Value::BigInt(number) => Json::from(*number),
        Value::UTinyInt(number) => Json::from(*number),
        Value::USmallInt(number) => Json::from(*number),
        Value::UInt(number) => Json::from(*number),
        Value::UBigInt(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Double(number) => Json::from(*number),
        Value::Text(text) | Value::Enum(text) => Json::from(text.as_str()),
        Value::Date32(days) => Json::from(day(*days)),
        Value::List(values) | Value::Array(values) => values.iter().map(json).collect(),
        // No fact has another type.
        _ => Json::Null,
    }
}

fn day(days: i32) -> String {
    EPOCH.checked_add(i64::from(days).days()).unwrap_or(Date::MAX).to_string()
}

/// The cell of a column of type `kind`; `None` when it is none.
pub fn value(kind: &str, cell: Json) -> Option<Value> {
    Some(match (inner(kind), cell) {
        (_, Json::Null) => Value::Null,
        (_, Json::Bool(flag)) => Value::Boolean(flag),
        ("Date" | "Date32", Json::String(text)) => {
            let day: Date = text.parse().ok()?;
            Value::Date32(i32::try_from(day.duration_since(EPOCH).as_hours() / 24).ok()?)
        }
        (_, Json::String(text)) => Value::Text(text),
        (kind, Json::Number(number)) => match (number.as_i64(), number.as_u64()) {
            // 3 of a floating point column comes without a point.
            _ if kind.starts_with("Float") => Value::Double(number.as_f64()?),
            (Some(whole), _) => Value::BigInt(whole),
            (None, Some(whole)) => Value::UBigInt(whole),
            (None, None) => Value::Double(number.as_f64()?),
        },
        (_, Json::Array(_) | Json::Object(_)) => return None,
    })
}

/// The type within `Nullable(…)` and `LowCardinality(…)`.
fn inner(kind: &str) -> &str {
    let within = |name: &str| kind.strip_prefix(name)?.strip_suffix(')');
    match within("Nullable(").or_else(|| within("LowCardinality(")) {
        Some(kind) => inner(kind),
        None => kind,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Reads a quoted text as ClickHouse does; what follows it is the second part.
    fn unquoted(sql: &str) -> Option<(String, &str)> {
        let mut text = String::new();
        let mut rest = sql.strip_prefix('\'')?.char_indices();
        while let Some((at, c)) = rest.next() {
            match c {
                '\'' => return Some((text, &sql[at + 2..])),
                '\\' => text.push(match rest.next()?.1 {
                    '0' => '\0',
                    c => c,
                }),
                c => text.push(c),
            }
        }
        None
    }

    proptest! {
        #[test]
        fn a_text_is_one_literal_whatever_it_holds(text in "[\0-\u{7f}ü'\\\\$1]{0,40}") {
            let sql = with_values("$1 AND $2", &[Value::Text(text.clone()), Value::BigInt(-3)]);
            prop_assert_eq!(unquoted(&sql), Some((text, " AND (-3)")));
        }
    }

    #[test]
    fn values_are_written_where_their_number_stands() {
        let bound = [
            Value::Text("a$2".to_owned()),
            Value::Double(2.0),
            Value::Null,
            Value::List(vec![Value::Text("'".to_owned()), Value::Boolean(true)]),
            Value::Date32(20_514),
        ];
        assert_eq!(
            with_values("$2, $1, $3, $4, $5, $6, $", &bound),
            "(2.0), 'a$2', NULL, ['\\'',true], '2026-03-02'::Date32, $6, $"
        );
    }

    #[test]
    fn cells_are_what_their_column_says() {
        let read = |kind, cell| value(kind, cell).expect("a value");
        assert_eq!(read("LowCardinality(Nullable(String))", json!("a")), Value::Text("a".into()));
        assert_eq!(read("Nullable(Date32)", json!("1969-12-31")), Value::Date32(-1));
        assert_eq!(read("Float64", json!(3)), Value::Double(3.0));
        assert_eq!(read("UInt64", json!(u64::MAX)), Value::UBigInt(u64::MAX));
        assert_eq!(read("Nullable(Bool)", json!(false)), Value::Boolean(false));
        assert_eq!(read("Nullable(Float64)", Json::Null), Value::Null);
        assert_eq!(value("Array(String)", json!([])), None);
    }
}
