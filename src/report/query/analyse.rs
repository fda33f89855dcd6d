//! What each condition of a filter does to the result: without it, by itself, and with those before it. Pure, but for
//! [`analyse`].

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::platform::clock::Millis;
use crate::report::query::answer::Answer;
use crate::report::query::benchmarks::Benchmarks;
use crate::report::query::figure::named;
use crate::report::query::filter::Filter;
use crate::report::query::model::{Query, Selection};
use crate::report::query::rules::{Found, answer, plan};
use crate::report::query::run::{RunError, several};
use crate::warehouse::store::Warehouse;

/// Most parts of a filter that are looked at one by one.
pub const MAX_PARTS: usize = 20;

/// What a filter does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Analysis {
    /// The figures without any filter.
    #[schema(value_type = Object)]
    pub unfiltered: Map<String, Value>,
    /// The figures with the whole filter.
    #[schema(value_type = Object)]
    pub filtered: Map<String, Value>,
    /// The parts of the filter that all must hold, in order.
    pub filters: Vec<Part>,
}

/// One part of the filter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Part {
    /// In words.
    pub filter: String,
    /// The figures with it and all before it.
    #[schema(value_type = Object)]
    pub so_far: Map<String, Value>,
    /// The figures with it alone.
    #[schema(value_type = Object)]
    pub alone: Map<String, Value>,
    /// The figures with all others.
    #[schema(value_type = Object)]
    pub without: Map<String, Value>,
}

/// What the filter of `query` does to everything together; all figures are of one moment.
pub async fn analyse(
    warehouse: &Warehouse,
    query: &Query,
    limit: Duration,
    now: Millis,
) -> Result<Analysis, RunError> {
    let parts = parts(query.selection.filter.as_ref());
    if parts.len() > MAX_PARTS {
        let why = format!("at most {MAX_PARTS} filters can be looked at one by one");
        return Err(RunError::Unanswerable(why));
    }
    let whole = Query {
        dimensions: Vec::new(),
        order: Vec::new(),
        cursor: None,
        fill: false,
        compare: None,
        yardstick: None,
        totals: true,
        ..query.clone()
    };
    let mut filters = vec![Vec::new(), parts.clone()];
    for n in 0..parts.len() {
        let others = parts.iter().enumerate().filter(|(other, _)| *other != n);
        filters.push(parts[..=n].to_vec());
        filters.push(vec![parts[n].clone()]);
        filters.push(others.map(|(_, part)| part.clone()).collect());
    }
    let selection = |filters: Vec<Filter>| {
        let filter = (!filters.is_empty()).then_some(Filter::All(filters));
        Some((plan(&whole), Selection { filter, ..query.selection.clone() }))
    };
    let asked = filters.into_iter().map(selection).collect();
    let found = several(warehouse, asked, limit, now).await?;
    let none = Benchmarks { benchmarks: Vec::new(), targets: Vec::new() };
    let figures = |rows| {
        let found = Found { rows, ..Found::default() };
        answer(&whole, found, &none).map(|answer| totals(&answer)).map_err(RunError::Unanswerable)
    };
    let figures: Result<Vec<_>, RunError> = found.into_iter().flatten().map(figures).collect();
    let mut figures = figures?.into_iter();
    let mut next = || figures.next().unwrap_or_default();
    let (unfiltered, filtered) = (next(), next());
    let filters = parts.iter().map(|part| Part {
        filter: part.to_string(),
        so_far: next(),
        alone: next(),
        without: next(),
    });
    let filters = filters.collect();
    Ok(Analysis { unfiltered, filtered, filters })
}

/// What all must hold; a filter of another shape is one part.
fn parts(filter: Option<&Filter>) -> Vec<Filter> {
    match filter {
        None => Vec::new(),
        Some(Filter::All(parts)) => parts.iter().flat_map(|part| self::parts(Some(part))).collect(),
        Some(other) => vec![other.clone()],
    }
}

fn totals(answer: &Answer) -> Map<String, Value> {
    let figures = answer.totals.as_ref().map(|row| named(&answer.metrics, &row.figures));
    figures.unwrap_or_default()
}
