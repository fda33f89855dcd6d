//! Asks the warehouse: the sums of every row, and of everything together.

use std::collections::{BTreeMap, HashMap};

use duckdb::types::Value;
use jiff::ToSpan;
use jiff::civil::date;

use crate::report::query::cell::{Cell, Kind};
use crate::report::query::dimensions::Dimension;
use crate::report::query::fact::Fact;
use crate::report::query::model::{MAX_GROUPS, Selection, Thresholds};
use crate::report::query::sql::{Asked, Bound, Part, Statement, statement};
use crate::report::query::sums::Sum;
use crate::warehouse::dialect::Dialect;
use crate::warehouse::question::{Question, Row};
use crate::warehouse::store::WarehouseError;

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

    fn add(&mut self, sum: Sum, value: f64) {
        *self.0.entry(sum).or_default() += value;
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
    /// The warehouse answered with something else.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
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
    pub fn adds_up(&self, part: Part, sum: Sum) -> bool {
        self.dimensions.is_empty() || part.is_additive(sum) && !self.has_words()
    }

    fn has_words(&self) -> bool {
        self.dimensions.iter().any(|dimension| dimension.kind == Kind::Words)
    }
}

/// One selection's statements, and what their answers mean.
#[derive(Debug)]
pub struct Asking<'a> {
    plan: &'a Plan,
    groups: Vec<Summed>,
    totals: Vec<Summed>,
    left_out: BTreeMap<Fact, &'static str>,
}

/// What one statement sums.
#[derive(Debug)]
struct Summed {
    part: Part,
    sums: Vec<Sum>,
    /// Whether a row of everything together is among its rows.
    with_total: bool,
    question: Question,
}

impl<'a> Asking<'a> {
    /// What to ask for the rows of `selection`. `shares`: of channels, where calls are shared out by them.
    pub fn new(dialect: &dyn Dialect, plan: &'a Plan, selection: &Selection, shares: &str) -> Self {
        let mut by_fact: BTreeMap<Fact, Vec<Sum>> = BTreeMap::new();
        for sum in &plan.sums {
            by_fact.entry(sum.definition().fact).or_default().push(*sum);
        }
        let by_part = by_fact.into_iter().flat_map(|(fact, sums)| {
            let parts = Part::of(dialect, fact).iter();
            parts.map(move |part| ((fact, *part), sums.clone()))
        });
        let asked = |dimensions, with_total| Asked {
            selection,
            shares,
            dimensions,
            with_total,
            thresholds: plan.thresholds,
        };
        let mut asking =
            Asking { plan, groups: Vec::new(), totals: Vec::new(), left_out: BTreeMap::new() };
        for ((fact, part), mut sums) in by_part {
            let needs_total = plan.totals && sums.iter().any(|sum| !plan.adds_up(part, *sum));
            let with_total = needs_total && !plan.has_words() && dialect.groups_several_ways();
            let by_row = asked(&plan.dimensions, with_total);
            match statement(dialect, (fact, part), &by_row, &sums) {
                Ok(statement) => {
                    let (sums, question) = (sums.clone(), question(statement));
                    asking.groups.push(Summed { part, sums, with_total, question });
                }
                Err(dimension) => {
                    asking.left_out.insert(fact, dimension);
                    continue;
                }
            }
            if !needs_total || with_total {
                continue;
            }
            sums.retain(|sum| !plan.adds_up(part, *sum));
            if let Ok(statement) = statement(dialect, (fact, part), &asked(&[], false), &sums) {
                let question = question(statement);
                asking.totals.push(Summed { part, sums, with_total, question });
            }
        }
        asking
    }

    /// The statements, in the order in which [`Asking::read`] takes their answers.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        self.groups.iter().chain(&self.totals).map(|summed| summed.question.clone())
    }

    /// The rows that the next of `answers` are.
    pub fn read(self, answers: &mut impl Iterator<Item = Vec<Row>>) -> Result<Rows, RowsError> {
        let Asking { plan, groups, totals, left_out } = self;
        let mut rows = Rows { asked: plan.sums.clone(), left_out, ..Rows::default() };
        for (summed, answer) in groups.iter().zip(&mut *answers) {
            for row in answer {
                let keys = plan.dimensions.len();
                let is_total = summed.with_total && row.get::<i64>(keys + summed.sums.len())? == 1;
                let values = values(&row, keys, &summed.sums)?;
                if is_total {
                    let rest =
                        values.into_iter().filter(|(sum, _)| !plan.adds_up(summed.part, *sum));
                    rest.for_each(|(sum, value)| rows.totals.add(sum, value));
                    continue;
                }
                let key = (0..keys).map(|n| row.value(n).map_or(Cell::None, cell)).collect();
                let group = rows.groups.entry(key).or_default();
                for (sum, value) in values {
                    group.add(sum, value);
                    if plan.adds_up(summed.part, sum) {
                        rows.totals.add(sum, value);
                    }
                }
            }
            if rows.groups.len() > MAX_GROUPS {
                return Err(RowsError::TooMany);
            }
        }
        for (summed, answer) in totals.iter().zip(answers) {
            for row in answer {
                let values = values(&row, 0, &summed.sums)?;
                values.into_iter().for_each(|(sum, value)| rows.totals.add(sum, value));
            }
        }
        let empty = rows.empty();
        for sums in rows.groups.values_mut().chain([&mut rows.totals]) {
            empty.0.keys().for_each(|count| _ = sums.0.entry(*count).or_insert(0.0));
        }
        Ok(rows)
    }
}

fn question(Statement { text, bound }: Statement) -> Question {
    let bound = bound.into_iter().map(|bound| match bound {
        Bound::Text(text) => Value::Text(text),
        Bound::Whole(number) => Value::BigInt(number),
    });
    Question::new("answer a report", text, bound.collect())
}

/// The sums of a row that are known; they stand behind its `keys`.
fn values(row: &Row, keys: usize, sums: &[Sum]) -> Result<Vec<(Sum, f64)>, WarehouseError> {
    let mut values = Vec::with_capacity(sums.len());
    for (n, sum) in sums.iter().enumerate() {
        if let Some(value) = row.get::<Option<f64>>(keys + n)? {
            values.push((*sum, value));
        }
    }
    Ok(values)
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::None,
        Value::Text(text) if text.is_empty() => Cell::None,
        Value::Text(text) => Cell::Text(text.clone()),
        Value::Boolean(flag) => Cell::Flag(*flag),
        Value::TinyInt(number) => Cell::Whole((*number).into()),
        Value::SmallInt(number) => Cell::Whole((*number).into()),
        Value::Int(number) => Cell::Whole((*number).into()),
        Value::BigInt(number) => Cell::Whole(*number),
        Value::Date32(days) => {
            let day = date(1970, 1, 1).checked_add(i64::from(*days).days());
            day.map_or(Cell::None, Cell::Day)
        }
        // No column of a dimension has another type.
        _ => Cell::None,
    }
}
