//! Asks the warehouse: the sums of every row, and of everything together.

use std::collections::{BTreeMap, HashMap};

use duckdb::types::Value;
use duckdb::{Connection, params_from_iter};
use jiff::ToSpan;
use jiff::civil::date;

use crate::report::query::cell::{Cell, Kind};
use crate::report::query::dialect::DuckDb;
use crate::report::query::dimensions::Dimension;
use crate::report::query::fact::Fact;
use crate::report::query::model::{MAX_GROUPS, Selection, Thresholds};
use crate::report::query::sql::{Asked, Bound, Statement, statement};
use crate::report::query::sums::Sum;

/// What a row is about.
pub type Key = Vec<Cell>;

/// Sums by what they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums(BTreeMap<Sum, f64>);

impl Sums {
    /// A sum; `None` where it is not known.
    pub fn get(&self, sum: Sum) -> Option<f64> {
        self.0.get(&sum).copied()
    }

    /// Adds those of `other` for which `adds_up` holds.
    fn add(&mut self, other: &Sums, adds_up: impl Fn(Sum) -> bool) {
        for (sum, value) in other.0.iter().filter(|(sum, _)| adds_up(**sum)) {
            *self.0.entry(*sum).or_default() += value;
        }
    }
}

/// The rows of an answer before anything is made of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The sums of each row.
    pub groups: HashMap<Key, Sums>,
    /// The sums of everything.
    pub totals: Sums,
    /// Kinds of rows that could not be asked, with the dimension that they do not have.
    pub left_out: BTreeMap<Fact, &'static str>,
    /// What was summed.
    pub asked: Vec<Sum>,
}

impl Rows {
    /// What a row has that nothing happened in.
    pub fn empty(&self) -> Sums {
        let count = |sum: &Sum| {
            (sum.is_count() && !self.left_out.contains_key(&sum.definition().fact))
                .then_some((*sum, 0.0))
        };
        Sums(self.asked.iter().filter_map(count).collect())
    }
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// More than [`MAX_GROUPS`].
    #[error(
        "the answer would have more than {MAX_GROUPS} rows: ask for fewer dimensions, a shorter period or a filter"
    )]
    TooMany,
    /// The warehouse refused.
    #[error(transparent)]
    Warehouse(#[from] duckdb::Error),
}

/// What is summed, and by what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// By what rows are told apart.
    pub dimensions: Vec<&'static Dimension>,
    /// What is summed, each once.
    pub sums: Vec<Sum>,
    /// Whether everything together is needed.
    pub totals: bool,
    /// What counts as in time and the like.
    pub thresholds: Thresholds,
}

impl Plan {
    /// Whether the rows' sums together are that of everything: callers, medians and numbers do not add up, and a call with
    /// two words is in two rows.
    pub fn adds_up(&self, sum: Sum) -> bool {
        let has_words = self.dimensions.iter().any(|dimension| dimension.kind == Kind::Words);
        self.dimensions.is_empty() || sum.is_additive() && !has_words
    }
}

/// The rows of `selection`, all seen at one moment: the connection's transaction must be open. `shares`: of channels,
/// where calls are shared out by them.
pub fn rows(
    connection: &Connection,
    plan: &Plan,
    selection: &Selection,
    shares: &str,
) -> Result<Rows, RowsError> {
    let mut rows = Rows { asked: plan.sums.clone(), ..Rows::default() };
    let mut asked =
        Asked { selection, shares, dimensions: &plan.dimensions, thresholds: plan.thresholds };
    let mut by_fact: BTreeMap<Fact, Vec<Sum>> = BTreeMap::new();
    for sum in &plan.sums {
        by_fact.entry(sum.definition().fact).or_default().push(*sum);
    }
    for (fact, sums) in &by_fact {
        match statement(&DuckDb, *fact, &asked, sums) {
            Ok(statement) => {
                read(connection, &statement, &plan.dimensions, sums, &mut rows.groups)?
            }
            Err(dimension) => _ = rows.left_out.insert(*fact, dimension),
        }
        if rows.groups.len() > MAX_GROUPS {
            return Err(RowsError::TooMany);
        }
    }
    by_fact.retain(|fact, _| !rows.left_out.contains_key(fact));
    let empty = rows.empty();
    let complete = |sums: &mut Sums| {
        empty.0.keys().for_each(|count| _ = sums.0.entry(*count).or_insert(0.0));
    };
    rows.groups.values_mut().for_each(complete);
    rows.groups.values().for_each(|sums| rows.totals.add(sums, |sum| plan.adds_up(sum)));
    if plan.totals {
        asked.dimensions = &[];
        let mut whole = HashMap::new();
        for (fact, sums) in &mut by_fact {
            sums.retain(|sum| !plan.adds_up(*sum));
            if let Some(Ok(statement)) =
                (!sums.is_empty()).then(|| statement(&DuckDb, *fact, &asked, sums))
            {
                read(connection, &statement, &[], sums, &mut whole)?;
            }
        }
        whole.values().for_each(|sums| rows.totals.add(sums, |_| true));
    }
    complete(&mut rows.totals);
    Ok(rows)
}

fn read(
    connection: &Connection,
    Statement { text, bound }: &Statement,
    dimensions: &[&'static Dimension],
    sums: &[Sum],
    groups: &mut HashMap<Key, Sums>,
) -> Result<(), RowsError> {
    let bound = bound.iter().map(|bound| match bound {
        Bound::Text(text) => Value::Text(text.clone()),
        Bound::Whole(number) => Value::BigInt(*number),
    });
    let mut statement = connection.prepare_cached(text)?;
    let mut found = statement.query(params_from_iter(bound))?;
    while let Some(row) = found.next()? {
        let key: Key =
            (0..dimensions.len()).map(|n| row.get(n).map(cell)).collect::<Result<_, _>>()?;
        let group = groups.entry(key).or_default();
        for (n, sum) in sums.iter().enumerate() {
            if let Some(value) = row.get::<_, Option<f64>>(dimensions.len() + n)? {
                *group.0.entry(*sum).or_default() += value;
            }
        }
    }
    Ok(())
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::None,
        Value::Text(text) if text.is_empty() => Cell::None,
        Value::Text(text) => Cell::Text(text),
        Value::Boolean(flag) => Cell::Flag(flag),
        Value::TinyInt(number) => Cell::Whole(number.into()),
        Value::SmallInt(number) => Cell::Whole(number.into()),
        Value::Int(number) => Cell::Whole(number.into()),
        Value::BigInt(number) => Cell::Whole(number),
        Value::Date32(days) => {
            let day = date(1970, 1, 1).checked_add(i64::from(days).days());
            day.map_or(Cell::None, Cell::Day)
        }
        // No column of a dimension has another type.
        _ => Cell::None,
    }
}
