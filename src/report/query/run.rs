//! Answers a question: learns what credit needs, asks the warehouse once, and makes the answer.

use std::time::Duration;

use crate::platform::clock::Millis;
use crate::report::credits::sql::shares;
use crate::report::credits::store::{learn, shares_by_site};
use crate::report::query::answer::Answer;
use crate::report::query::benchmarks::Benchmarks;
use crate::report::query::model::{Query, Selection, Yardstick};
use crate::report::query::past::of_past;
use crate::report::query::rules::{Found, answer, plan};
use crate::report::query::sql::needs_shares;
use crate::report::query::store::{Asking, Plan, Rows, RowsError};
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The question cannot be answered; for people.
    #[error("{0}")]
    Unanswerable(String),
    /// It is more work than one question may make; for people.
    #[error("{0}")]
    TooMuch(String),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
}

/// Answers `query` at `now`, in at most `limit`.
pub async fn run(
    warehouse: &Warehouse,
    query: &Query,
    benchmarks: &Benchmarks,
    limit: Duration,
    now: Millis,
) -> Result<Answer, RunError> {
    let past = match &query.yardstick {
        Some(Yardstick::OwnPast(past)) => Some(past.as_ref().clone()),
        _ => None,
    };
    let plan_of = plan(query);
    let asked = vec![
        Some((plan_of.clone(), query.selection.clone())),
        query.compare.as_ref().map(|(other, _)| (plan_of, other.clone())),
        past.map(|past| (plan(&of_past(query)), past)),
    ];
    let mut found = several(warehouse, asked, limit, now).await?.into_iter();
    let mut next = || found.next().flatten();
    let found = Found { rows: next().unwrap_or_default(), compared: next(), past: next() };
    answer(query, found, benchmarks).map_err(RunError::Unanswerable)
}

/// The rows of each plan and selection; of a DuckDB file all seen at one moment.
pub async fn several(
    warehouse: &Warehouse,
    asked: Vec<Option<(Plan, Selection)>>,
    limit: Duration,
    now: Millis,
) -> Result<Vec<Option<Rows>>, RunError> {
    let mut learnt = Vec::with_capacity(asked.len());
    for asked in asked {
        learnt.push(match asked {
            Some((plan, selection)) => {
                let shares = learn_shares(warehouse, &selection, now).await?;
                Some((plan, selection, shares))
            }
            None => None,
        });
    }
    let dialect = warehouse.dialect();
    let asking: Vec<Option<Asking<'_>>> = learnt
        .iter()
        .map(|asked| {
            let (plan, selection, shares) = asked.as_ref()?;
            Some(Asking::new(dialect, plan, selection, shares))
        })
        .collect();
    let questions = asking.iter().flatten().flat_map(Asking::questions).collect();
    let mut answers = match warehouse.ask_all(questions, limit).await {
        Ok(answers) => answers.into_iter(),
        Err(WarehouseError::TooSlow) => {
            return Err(RunError::TooMuch(format!(
                "the answer took longer than {limit:?}: ask for a shorter period or fewer dimensions"
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let mut rows = |asking: Asking<'_>| match asking.read(&mut answers) {
        Ok(rows) => Ok(rows),
        Err(RowsError::Warehouse(error)) => Err(error.into()),
        Err(too_many @ RowsError::TooMany) => Err(RunError::TooMuch(too_many.to_string())),
    };
    asking.into_iter().map(|asking| asking.map(&mut rows).transpose()).collect()
}

/// The data-driven shares of channels, where calls are shared out by them.
async fn learn_shares(
    warehouse: &Warehouse,
    selection: &Selection,
    now: Millis,
) -> Result<String, WarehouseError> {
    if !needs_shares(selection) {
        return Ok(String::new());
    }
    let learnt = learn(warehouse, &selection.bounds, now).await?;
    Ok(shares(&shares_by_site(&learnt)))
}
