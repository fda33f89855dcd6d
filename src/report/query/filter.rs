//! Which rows count: a tree of conditions on dimensions, read from JSON or from `dimension:test:value`. Pure.

use std::sync::{LazyLock, Mutex, PoisonError};

use duckdb::Connection;
use serde_json::Value;

use crate::report::query::cell::{Cell, Kind};
use crate::report::query::dimensions::{DIMENSIONS, Dimension, dimension};
use crate::report::query::names::unknown;

/// How deep conditions may be nested.
const MAX_DEPTH: usize = 8;
/// Most conditions of a filter.
pub const MAX_CONDITIONS: usize = 50;
/// Most values of one condition.
const MAX_VALUES: usize = 1_000;
/// Longest text of a value, in bytes.
const MAX_TEXT: usize = 1_024;
/// Longest regular expression, in bytes.
const MAX_REGEX: usize = 256;
/// The tests of a condition.
const TESTS: [&str; 9] = ["equals", "in", "contains", "prefix", "regex", "gt", "gte", "lt", "lte"];

/// Which rows count.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these hold.
    All(Vec<Filter>),
    /// Any of these holds.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// This holds.
    Is(Condition),
}

/// A condition on one dimension.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Of what.
    pub dimension: &'static Dimension,
    /// What must hold. What is not known meets no test but [`Test::OneOf`] with [`Cell::None`].
    pub test: Test,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.dimension.name == other.dimension.name && self.test == other.test
    }
}

/// What must hold of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is one of these.
    OneOf(Vec<Cell>),
    /// It holds this text.
    Contains(String),
    /// It begins with this text.
    Prefix(String),
    /// This regular expression is found in it.
    Regex(String),
    /// It lies between these.
    Range(Vec<(Order, Cell)>),
}

/// How a value lies to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Above it.
    Above,
    /// Not below it.
    AtLeast,
    /// Below it.
    Below,
    /// Not above it.
    AtMost,
}

impl Order {
    /// The word in a request.
    pub fn word(self) -> &'static str {
        match self {
            Order::Above => "gt",
            Order::AtLeast => "gte",
            Order::Below => "lt",
            Order::AtMost => "lte",
        }
    }

    /// The sign in SQL.
    pub fn sign(self) -> &'static str {
        match self {
            Order::Above => ">",
            Order::AtLeast => ">=",
            Order::Below => "<",
            Order::AtMost => "<=",
        }
    }

    const ALL: [Order; 4] = [Order::Above, Order::AtLeast, Order::Below, Order::AtMost];
}

impl Filter {
    /// Reads a filter: `{"and": […]}`, `{"or": […]}`, `{"not": {…}}`, or a condition such as
    /// `{"dimension": "source", "equals": "google"}`. The error is for people.
    pub fn read(value: &Value) -> Result<Self, String> {
        let filter = read(value, 0)?;
        match filter.conditions().len() {
            0..=MAX_CONDITIONS => Ok(filter),
            _ => Err(format!("at most {MAX_CONDITIONS} conditions")),
        }
    }

    /// Reads the short form of one condition, `source:equals:google`; several values of `in` are separated by `|`.
    pub fn read_short(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.splitn(3, ':').collect();
        let (name, test, value) = match parts[..] {
            [name, "null"] => return condition(find(name)?, "null", &Value::from(true)),
            [name, value] => (name, "equals", value),
            [name, test, value] => (name, test, value),
            _ => return Err("a filter is `dimension:value` or `dimension:test:value`".to_owned()),
        };
        let value = match test {
            "in" => value.split('|').collect(),
            "null" => Value::from(value == "true"),
            _ => Value::from(value),
        };
        condition(find(name)?, test, &value)
    }

    /// Reads a parameter of a query string: JSON, or the short form of a condition.
    pub fn read_parameter(text: &str) -> Result<Self, String> {
        match text.starts_with('{') {
            true => {
                Filter::read(&serde_json::from_str(text).map_err(|e| format!("`filter`: {e}"))?)
            }
            false => Filter::read_short(text),
        }
    }

    /// The filter by which all of `parts` hold; `None` where there are none.
    pub fn all_of(mut parts: Vec<Filter>) -> Result<Option<Self>, String> {
        let filter = match parts.len() {
            0 => return Ok(None),
            1 => parts.remove(0),
            _ => Filter::All(parts),
        };
        match filter.conditions().len() {
            0..=MAX_CONDITIONS => Ok(Some(filter)),
            _ => Err(format!("at most {MAX_CONDITIONS} conditions")),
        }
    }

    /// Its conditions, from left to right.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Filter::All(parts) | Filter::Any(parts) => {
                parts.iter().flat_map(Filter::conditions).collect()
            }
            Filter::Not(part) => part.conditions(),
            Filter::Is(condition) => vec![condition],
        }
    }
}

fn read(value: &Value, depth: usize) -> Result<Filter, String> {
    let object = value.as_object().ok_or("a filter is an object")?;
    if depth > MAX_DEPTH {
        return Err(format!("filters may be nested {MAX_DEPTH} times"));
    }
    let several = |value: &Value| -> Result<Vec<Filter>, String> {
        let parts = value.as_array().ok_or("`and` and `or` have a list of filters")?;
        parts.iter().take(MAX_CONDITIONS + 1).map(|part| read(part, depth + 1)).collect()
    };
    if let (1, Some((word, value))) = (object.len(), object.iter().next()) {
        match word.as_str() {
            "and" => return Ok(Filter::All(several(value)?)),
            "or" => return Ok(Filter::Any(several(value)?)),
            "not" => return Ok(Filter::Not(Box::new(read(value, depth + 1)?))),
            _ => {}
        }
    }
    let name = object.get("dimension").and_then(Value::as_str);
    let name = name.ok_or("a filter has `and`, `or`, `not`, or a `dimension` with a test")?;
    let dimension = find(name)?;
    let tests = object.iter().filter(|(key, _)| key.as_str() != "dimension");
    let mut conditions: Vec<Filter> =
        tests.map(|(test, value)| condition(dimension, test, value)).collect::<Result<_, _>>()?;
    match conditions.len() {
        0 => Err(format!("`{name}` has no test; there are `{}`, `null`", TESTS.join("`, `"))),
        1 => Ok(conditions.remove(0)),
        _ => Ok(Filter::All(conditions)),
    }
}

fn find(name: &str) -> Result<&'static Dimension, String> {
    let known = DIMENSIONS.iter().map(|dimension| dimension.name);
    dimension(name).ok_or_else(|| unknown("dimension", name, known))
}

fn condition(dimension: &'static Dimension, test: &str, value: &Value) -> Result<Filter, String> {
    let name = dimension.name;
    let is = |test| Ok(Filter::Is(Condition { dimension, test }));
    let text = || -> Result<String, String> {
        if !matches!(dimension.kind, Kind::Text | Kind::Words | Kind::DateHour) {
            return Err(format!(
                "`{name}` is {}: `{test}` is for texts",
                dimension.kind.expected()
            ));
        }
        let text = value.as_str().ok_or_else(|| format!("`{test}` takes a text"))?;
        fits(text).map(|()| text.to_owned())
    };
    match test {
        "equals" => is(Test::OneOf(vec![cell(dimension, value)?])),
        "in" => {
            let values = value.as_array().ok_or("`in` takes a list")?;
            if values.len() > MAX_VALUES {
                return Err(format!("`in` takes at most {MAX_VALUES} values"));
            }
            let cells = values.iter().map(|value| cell(dimension, value));
            is(Test::OneOf(cells.collect::<Result<_, _>>()?))
        }
        "contains" => is(Test::Contains(text()?)),
        "prefix" => is(Test::Prefix(text()?)),
        "regex" => {
            let text = text()?;
            if text.len() > MAX_REGEX {
                return Err(format!("a regular expression has at most {MAX_REGEX} bytes"));
            }
            match is_regex(&text) {
                true => is(Test::Regex(text)),
                false => {
                    Err("`regex` is no regular expression of RE2, or one too large".to_owned())
                }
            }
        }
        "null" => {
            let null = value.as_bool().ok_or("`null` is true or false")?;
            let unknown = Condition { dimension, test: Test::OneOf(vec![Cell::None]) };
            let unknown = Filter::Is(unknown);
            Ok(if null { unknown } else { Filter::Not(Box::new(unknown)) })
        }
        other => {
            let order = Order::ALL.into_iter().find(|order| order.word() == other);
            let order =
                order.ok_or_else(|| unknown("test", other, TESTS.into_iter().chain(["null"])))?;
            // Bands are ordered by what they mean, not by their words.
            if matches!(dimension.kind, Kind::Flag | Kind::Words) || name.ends_with("_band") {
                return Err(format!("`{name}` has no order"));
            }
            match cell(dimension, value)? {
                Cell::None => Err(format!("`{other}` takes a value; `null` asks for none")),
                cell => is(Test::Range(vec![(order, cell)])),
            }
        }
    }
}

/// Whether the engines of warehouses, which all have RE2, can read it: one of them is asked.
fn is_regex(text: &str) -> bool {
    static ENGINE: LazyLock<Option<Mutex<Connection>>> =
        LazyLock::new(|| Connection::open_in_memory().ok().map(Mutex::new));
    // Without an engine there is no warehouse that could be asked either.
    let Some(engine) = ENGINE.as_ref() else { return false };
    let engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
    let tried =
        engine.query_row("SELECT regexp_matches('', $1)", [text], |row| row.get::<_, bool>(0));
    tried.is_ok()
}

fn cell(dimension: &'static Dimension, value: &Value) -> Result<Cell, String> {
    if value.is_null() || (value == "" && dimension.kind == Kind::Text) {
        return Ok(Cell::None);
    }
    let (name, expected) = (dimension.name, dimension.kind.expected());
    let cell = dimension.kind.read(value).ok_or_else(|| format!("`{name}` is {expected}"))?;
    if let Cell::Text(text) = &cell {
        fits(text)?;
    }
    Ok(cell)
}

fn fits(text: &str) -> Result<(), String> {
    match text.len() > MAX_TEXT || text.contains('\0') {
        true => Err(format!("a value is a text of at most {MAX_TEXT} bytes")),
        false => Ok(()),
    }
}

/// For people: `source = google and (hour >= 8 or not (tag = vip))`.
impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let several = |f: &mut std::fmt::Formatter<'_>, parts: &[Filter], word: &str| {
            f.write_str("(")?;
            for (n, part) in parts.iter().enumerate() {
                if n > 0 {
                    write!(f, " {word} ")?;
                }
                part.fmt(f)?;
            }
            f.write_str(")")
        };
        match self {
            Filter::All(parts) => several(f, parts, "and"),
            Filter::Any(parts) => several(f, parts, "or"),
            Filter::Not(part) => write!(f, "not ({part})"),
            Filter::Is(condition) => condition.fmt(f),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Dimension { name, kind, .. } = *self.dimension;
        match &self.test {
            Test::OneOf(cells) => match &cells[..] {
                [Cell::None] => write!(f, "{name} is null"),
                [one] => write!(f, "{name} = {}", one.text(kind)),
                cells => {
                    let texts: Vec<String> = cells.iter().map(|cell| cell.text(kind)).collect();
                    write!(f, "{name} in {}", texts.join(", "))
                }
            },
            Test::Contains(text) => write!(f, "{name} contains {text}"),
            Test::Prefix(text) => write!(f, "{name} begins with {text}"),
            Test::Regex(text) => write!(f, "{name} matches {text}"),
            Test::Range(bounds) => {
                for (order, cell) in bounds {
                    write!(f, "{name} {} {}", order.sign(), cell.text(kind))?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(filter: Value) -> String {
        Filter::read(&filter).expect_err("it cannot be read")
    }

    #[test]
    fn trees_and_short_forms_say_the_same() {
        let long = json!({"and": [
            {"dimension": "source", "equals": "google"},
            {"or": [{"dimension": "hour", "gte": 8, "lt": 18}, {"not": {"dimension": "campaign", "null": true}}]},
        ]});
        let read = Filter::read(&long).expect("a filter");
        assert_eq!(
            read.to_string(),
            "(source = google and ((hour >= 8 and hour < 18) or not (campaign is null)))"
        );
        for (short, said) in [
            ("source:google", "source = google"),
            ("landing_page:prefix:/a:b", "landing_page begins with /a:b"),
            ("source:in:a|b", "source in a, b"),
            ("week:gte:2026-W10", "week >= 2026-W10"),
            ("campaign:null", "campaign is null"),
        ] {
            assert_eq!(Filter::read_short(short).expect("a filter").to_string(), said);
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert!(why(json!({"dimension": "sorce", "equals": "x"})).contains("`source`"));
        assert!(why(json!({"dimension": "source", "equal": "x"})).contains("`equals`"));
        assert!(why(json!({"dimension": "hour", "equals": 24})).contains("a whole number"));
        assert!(why(json!({"dimension": "hour", "prefix": "1"})).contains("is for texts"));
        // What other engines take and RE2 does not is refused before a warehouse meets it.
        for regex in ["(", "a{1001}", "(?x)a", "\\p{Alphabetic}", "(?=a)"] {
            let why = why(json!({"dimension": "source", "regex": regex}));
            assert!(why.contains("regular expression"), "{regex}: {why}");
        }
        for regex in ["^(a|b)+$", "[[:alpha:]]", "\\bx\\d{2,3}", "(?i)\u{e4}"] {
            Filter::read(&json!({"dimension": "source", "regex": regex})).expect(regex);
        }
        assert!(why(json!({"dimension": "hour", "gte": null})).contains("takes a value"));
        assert!(why(json!({"dimension": "duration_band", "gte": "1m_to_2m"})).contains("no order"));
        assert!(why(json!({"dimension": "source", "equals": "a\u{0}"})).contains("at most"));
        assert!(why(json!({"dimension": "source"})).contains("no test"));
        assert!(why(json!({"dimension": "first_time", "gt": true})).contains("no order"));
        let deep =
            (0..20).fold(json!({"dimension": "hour", "equals": 1}), |f, _| json!({"not": f}));
        assert!(why(deep).contains("nested"));
        let condition = json!({"dimension": "hour", "equals": 1});
        assert!(why(json!({"or": vec![condition; 60]})).contains("at most 50"));
    }
}
