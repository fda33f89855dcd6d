//! A question as it comes: JSON, or a query string that says the same. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::platform::ids::SiteId;
use crate::report::credits::model::{ByClock, Model, Weight};
use crate::report::query::filter::Filter;
use crate::report::query::names::unknown;

/// The fields of a question.
const FIELDS: [&str; 23] = [
    "metrics",
    "dimensions",
    "filters",
    "site",
    "period",
    "from",
    "to",
    "grain",
    "spam",
    "conversion",
    "model",
    "weight",
    "clock",
    "order",
    "limit",
    "cursor",
    "totals",
    "fill",
    "compare",
    "benchmark",
    "format",
    "analyse",
    "filter",
];
/// Fields whose value in a query string is a list that commas separate.
const LISTS: [&str; 4] = ["metrics", "dimensions", "site", "order"];
/// Fields whose value is true or false.
const FLAGS: [&str; 3] = ["totals", "fill", "analyse"];

/// A question. Every field may be absent.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Body {
    /// Names of metrics; absent: `calls`.
    #[schema(example = json!(["calls", "completion_rate"]))]
    pub metrics: Vec<String>,
    /// Names of dimensions, at most four; absent: one row with everything.
    #[schema(example = json!(["source", "medium"]))]
    pub dimensions: Vec<String>,
    /// Which rows count: `{"and": […]}`, `{"or": […]}`, `{"not": {…}}`, or a condition: a `dimension` with `equals`, `in`,
    /// `contains`, `prefix`, `regex`, `gt`, `gte`, `lt`, `lte` or `null`.
    #[schema(value_type = Object)]
    pub filters: Option<Value>,
    /// Site ids; absent: every site that the key may see.
    #[schema(value_type = Vec<String>)]
    pub site: OneOrMany,
    /// A period by its name: `today`, `last_7_days`, `this_month`, `last_quarter`, ….
    pub period: Option<String>,
    /// First day (`2026-03-01`), or a moment (RFC 3339). Absent: 30 days with the last one.
    pub from: Option<String>,
    /// Last day, included, or the moment before which it ends. Absent: today by the site's clock.
    pub to: Option<String>,
    /// Adds a dimension of time in front: `hour`, `day`, `week`, `month`, `quarter` or `year`.
    pub grain: Option<String>,
    /// Calls flagged as spam: `exclude` (default), `include` or `only`.
    pub spam: Option<String>,
    /// Only calls that met the site's conversion of this name.
    pub conversion: Option<String>,
    /// Shares calls out over the touches of who called; absent: each to its own source.
    pub model: Option<Model>,
    /// How much a call counts.
    pub weight: Option<Weight>,
    /// Under which time calls are filed.
    pub clock: Option<ByClock>,
    /// Names of metrics and dimensions, with `-` for the greatest first. Absent: time in its order, else the first
    /// metric, greatest first.
    #[schema(example = json!(["-calls", "source"]))]
    pub order: Vec<String>,
    /// Rows of a page, 1 to 10 000 (files: 200 000). Absent: 1 000 (files: all).
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Whether everything together is told, too. Absent: yes.
    pub totals: Option<bool>,
    /// Whether spans of time without rows are told.
    pub fill: bool,
    /// What each row is compared with: `previous_period`, `same_period_last_year`, or an object with `period`, `from` and
    /// `to`, or `filters` (another segment).
    #[schema(value_type = Object)]
    pub compare: Option<Value>,
    /// What figures are held against: an industry (`all`, `ecommerce`, …) or `own_past`.
    pub benchmark: Option<String>,
    /// `json` (default), `csv`, `ndjson`, `parquet` or `arrow`.
    pub format: Option<String>,
    /// Instead of rows: what each condition of the filter does to the totals.
    pub analyse: bool,
    /// Of query strings: conditions such as `source:equals:google`, all of which hold.
    #[serde(skip)]
    pub conditions: Vec<Filter>,
}

/// One site, or several.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// None is named.
    #[default]
    None,
    /// One.
    One(SiteId),
    /// Several.
    Many(Vec<SiteId>),
}

impl OneOrMany {
    /// Each once.
    pub fn list(&self) -> Vec<SiteId> {
        let mut sites = match self {
            OneOrMany::None => Vec::new(),
            OneOrMany::One(site) => vec![site.clone()],
            OneOrMany::Many(sites) => sites.clone(),
        };
        sites.sort_unstable();
        sites.dedup();
        sites
    }
}

/// Reads a question in JSON. The error is for people.
pub fn from_json(body: &[u8]) -> Result<Body, String> {
    let value: Value = serde_json::from_slice(body).map_err(|e| format!("the body: {e}"))?;
    from_value(value)
}

fn from_value(value: Value) -> Result<Body, String> {
    let Value::Object(fields) = value else { return Err("a question is an object".to_owned()) };
    let known = FIELDS.iter().copied().filter(|field| *field != "filter");
    if let Some(field) = fields.keys().find(|field| !known.clone().any(|known| known == *field)) {
        return Err(unknown("parameter", field, known));
    }
    for (field, value) in &fields {
        serde_json::from_value::<Body>(Value::Object(Map::from_iter([(
            field.clone(),
            value.clone(),
        )])))
        .map_err(|e| format!("`{field}`: {e}"))?;
    }
    serde_json::from_value(Value::Object(fields)).map_err(|e| e.to_string())
}

/// Reads a query string: lists are separated by commas or repeated; `filter` is a condition (`source:equals:google`) or
/// JSON, and may be repeated; `compare` may be JSON. The error is for people.
pub fn from_query(query: &str) -> Result<Body, String> {
    let mut fields = Map::new();
    let mut conditions = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let (name, value) = (name.into_owned(), value.into_owned());
        if name == "filter" {
            conditions.push(Filter::read_parameter(&value)?);
            continue;
        }
        if LISTS.contains(&name.as_str()) {
            let parts = value.split(',').filter(|part| !part.is_empty()).map(Value::from);
            if let Value::Array(list) = fields.entry(name).or_insert_with(|| Value::Array(vec![])) {
                list.extend(parts);
            }
            continue;
        }
        let value = match name.as_str() {
            flag if FLAGS.contains(&flag) => match value.as_str() {
                "" | "true" | "1" => Value::from(true),
                "false" | "0" => Value::from(false),
                _ => return Err(format!("`{name}` is true or false")),
            },
            "limit" => {
                let number = value.parse::<u32>();
                Value::from(number.map_err(|_| "`limit` is a whole number".to_owned())?)
            }
            "filters" => json(&name, &value)?,
            "compare" if value.starts_with('{') => json(&name, &value)?,
            _ => Value::from(value),
        };
        if fields.insert(name.clone(), value).is_some() {
            return Err(format!("`{}` is given twice", name.chars().take(40).collect::<String>()));
        }
    }
    Ok(Body { conditions, ..from_value(Value::Object(fields))? })
}

fn json(name: &str, text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("`{name}`: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_says_what_json_says() {
        let text = "metrics=calls,revenue&metrics=csat&dimensions=source&site=a&site=b&fill&limit=5\
            &order=-calls&filter=hour:gte:8&filter=%7B%22dimension%22:%22tag%22,%22equals%22:%22vip%22%7D&model=linear";
        let body = from_query(text).expect("a question");
        assert_eq!(body.metrics, ["calls", "revenue", "csat"]);
        assert_eq!((body.site.list().len(), body.fill, body.limit), (2, true, Some(5)));
        assert_eq!((body.conditions.len(), body.model), (2, Some(Model::Linear)));
    }

    #[test]
    fn what_is_not_known_is_refused_with_help() {
        let why = |text: &str| from_query(text).expect_err("it cannot be read");
        assert!(why("metric=calls").contains("did you mean `metrics`"));
        assert!(why("limit=many").contains("whole number"));
        assert!(why("limit=1&limit=2").contains("given twice"));
        assert!(why("model=middle").contains("`model`: unknown variant"));
        assert!(why("filter=sorce:x").contains("did you mean `source`"));
        assert!(from_json(b"[]").expect_err("no object").contains("an object"));
        assert!(from_json(br#"{"metrics": "calls"}"#).expect_err("no list").contains("`metrics`"));
        assert!(from_json(br#"{"filter": 1}"#).is_err());
    }
}
