//! Nothing from outside gets into the text of a statement, and every sum and dimension makes one that DuckDB understands.

use duckdb::Connection;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::report::credits::model::Crediting;
use crate::report::query::dimensions::DIMENSIONS;
use crate::warehouse::dialect::DuckDb;
use crate::warehouse::migrate::{STEPS, migrate};

const THRESHOLDS: Thresholds =
    Thresholds { service_level_s: 20, short_abandon_s: 5, resolution_ms: 1_000 };

fn selection(filter: Option<Filter>, conversion: &str, credit: Option<Crediting>) -> Selection {
    let day = date(2026, 3, 1);
    Selection {
        sites: vec!["shop".parse().expect("an id")],
        period: Period::Days { from: day, to: day },
        bounds: Vec::new(),
        filter,
        spam: SpamFilter::Exclude,
        conversion: conversion.to_owned(),
        credit,
    }
}

fn written(
    (fact, part): (Fact, Part),
    selection: &Selection,
    dimensions: &[&'static Dimension],
    with_total: bool,
) -> Option<Statement> {
    let sums: Vec<Sum> =
        Sum::ALL.iter().copied().filter(|sum| sum.definition().fact == fact).collect();
    let asked = Asked { selection, shares: "", dimensions, with_total, thresholds: THRESHOLDS };
    statement(&DuckDb, (fact, part), &asked, &sums).ok()
}

/// All kinds of rows, part by part.
fn parts() -> impl Iterator<Item = (Fact, Part)> {
    let parts = |fact: Fact| Part::of(&DuckDb, fact).iter().map(move |part| (fact, *part));
    Fact::ALL.iter().copied().flat_map(parts)
}

fn filter(test: &str, value: &str) -> Filter {
    let condition = |dimension: &str| json!({"dimension": dimension, test: value});
    let both = json!({"and": [condition("source"), {"not": condition("campaign")}]});
    Filter::read(&both).expect("a filter")
}

proptest! {
    #[test]
    fn statements_are_the_same_whatever_is_looked_for(
        a in "[^\0]{6,40}", b in "[^\0]{6,40}", test in prop::sample::select(vec!["equals", "contains", "prefix"]),
        shared in any::<bool>(),
    ) {
        let credit = shared.then(Crediting::default);
        for fact in parts() {
            let of = |value: &str| written(fact, &selection(Some(filter(test, value)), value, credit), &[], false);
            let (Some(first), Some(second)) = (of(&a), of(&b)) else { continue };
            prop_assert_eq!(&first.text, &second.text);
            let bound = first.bound.iter().any(|bound| matches!(bound, Bound::Text(text) if text.contains(&a)));
            prop_assert!(bound, "{:?}", first.bound);
        }
    }
}

#[test]
fn every_statement_is_understood() {
    let mut connection = Connection::open_in_memory().expect("a database");
    migrate(&mut connection, STEPS).expect("tables");
    for credit in [None, Some(Crediting::default())] {
        let plain = selection(None, "won", credit);
        let asked = DIMENSIONS.iter().flat_map(|d| parts().map(move |fact| (d, fact)));
        for (dimension, fact) in asked {
            for with_total in [false, true] {
                let Some(statement) = written(fact, &plain, &[dimension], with_total) else {
                    continue;
                };
                let bound = statement.bound.iter().map(|bound| match bound {
                    Bound::Text(text) => duckdb::types::Value::Text(text.clone()),
                    Bound::Whole(number) => duckdb::types::Value::BigInt(*number),
                });
                let mut prepared = connection.prepare(&statement.text).unwrap_or_else(|e| {
                    panic!("{fact:?} {}: {e}\n{}", dimension.name, statement.text)
                });
                let rows = prepared
                    .query(duckdb::params_from_iter(bound))
                    .map(|mut rows| rows.next().map(|row| row.is_some()));
                let is_understood = match with_total {
                    // The row of everything may stand there, alone.
                    true => matches!(rows, Ok(Ok(_))),
                    false => matches!(rows, Ok(Ok(false))),
                };
                assert!(is_understood, "{fact:?} {}: {rows:?}", dimension.name);
            }
        }
    }
}
