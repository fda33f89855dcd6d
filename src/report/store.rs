//! The one question that reports ask the warehouse: count and sum by some columns.

use duckdb::{Connection, Row as SqlRow, params};

use crate::platform::clock::Millis;
use crate::report::credits::model::{Bounds, Crediting, Model};
use crate::report::credits::sql::{column, credited, periods, shared_by, shares};
use crate::report::credits::store::{learn, shares_by_site};
use crate::report::metrics::Tally;
use crate::report::model::{Period, Report, ReportKind, ReportQuery, RowKey};
use crate::report::rules;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

/// Days before and after every fact, for a period that is not bounded by days.
const ANY_DAY: (&str, &str) = ("0001-01-01", "9999-12-31");

/// Answers `query` at `now`. Without sites the answer is empty.
pub async fn answer(
    warehouse: &Warehouse,
    query: ReportQuery,
    now: Millis,
) -> Result<Report, WarehouseError> {
    let learnt = match &query.credit {
        Some((Crediting { model: Some(Model::DataDriven), .. }, bounds)) => {
            learn(warehouse, bounds, now).await?
        }
        _ => Vec::new(),
    };
    warehouse
        .read(move |connection| {
            let counted = match &query.credit {
                Some((crediting, bounds)) => {
                    let shares = shares(&shares_by_site(&learnt));
                    credited_rows(connection, &query, (*crediting, bounds, shares))
                }
                None => rows(connection, &query),
            };
            Ok(rules::report(&query, counted.map_err(sql("answer a report"))?))
        })
        .await
}

fn rows(
    connection: &Connection,
    query: &ReportQuery,
) -> Result<Vec<(RowKey, Tally)>, duckdb::Error> {
    // Both come from closed lists of this program: nothing from outside gets into the text.
    let question = include_str!("sql/rows.sql").replace("{dimensions}", query.kind.dimensions());
    // A site id has no comma; without sites the list is one empty name, which no site has.
    let sites: Vec<&str> = query.sites.iter().map(|site| site.as_str()).collect();
    let (any_from, any_to) = (ANY_DAY.0.to_owned(), ANY_DAY.1.to_owned());
    let (first_day, last_day, from_ms, to_ms) = match query.period {
        Period::Days { from, to } => (from.to_string(), to.to_string(), i64::MIN, i64::MAX),
        Period::Moments { from, to } => (any_from, any_to, from.0, to.0),
    };
    let mut statement = connection.prepare(&question)?;
    let (spam, conversion) = (query.spam.word(), &query.conversion);
    let bounds = params![sites.join(","), first_day, last_day, from_ms, to_ms, spam, conversion];
    let counted = statement.query_map(bounds, |row| counted(query.kind, row))?;
    counted.collect()
}

/// The same with calls shared out. `shares`: of channels, where the model needs them.
fn credited_rows(
    connection: &Connection,
    query: &ReportQuery,
    (crediting, bounds, shares): (Crediting, &Bounds, String),
) -> Result<Vec<(RowKey, Tally)>, duckdb::Error> {
    let question = include_str!("sql/credited_rows.sql");
    let question = question.replace("{dimensions}", query.kind.dimensions());
    let question = question.replace("{credit}", &column(crediting.model));
    let mut statement = connection.prepare(&credited(&question, crediting))?;
    let (spam, conversion) = (query.spam.word(), &query.conversion);
    let asked = params![periods(bounds), shares, spam, conversion, shared_by(crediting.model)];
    let counted = statement.query_map(asked, |row| counted(query.kind, row))?;
    counted.collect()
}

fn counted(kind: ReportKind, row: &SqlRow<'_>) -> Result<(RowKey, Tally), duckdb::Error> {
    let (key, next) = key(kind, row)?;
    Ok((key, tally(row, next)?))
}

/// The row's key, and the index of the column after it.
fn key(kind: ReportKind, row: &SqlRow<'_>) -> Result<(RowKey, usize), duckdb::Error> {
    Ok(match kind {
        ReportKind::Sources => {
            let (source, medium) = (row.get(0)?, row.get(1)?);
            (RowKey::Source { source, medium, campaign: row.get(2)?, channel: row.get(3)? }, 4)
        }
        ReportKind::Hours => (RowKey::Hour { weekday: row.get(0)?, hour: row.get(1)? }, 2),
        ReportKind::LandingPages => {
            (RowKey::LandingPage { landing_host: row.get(0)?, landing_page: row.get(1)? }, 2)
        }
    })
}

/// The sums in the order of `sql/rows.sql`.
fn tally(row: &SqlRow<'_>, first: usize) -> Result<Tally, duckdb::Error> {
    Ok(Tally {
        visits: row.get(first)?,
        visits_with_call: row.get(first + 1)?,
        calls: row.get(first + 2)?,
        first_time: row.get(first + 3)?,
        repeated: row.get(first + 4)?,
        answered: row.get(first + 5)?,
        missed: row.get(first + 6)?,
        timed: row.get(first + 7)?,
        talk_s: row.get(first + 8)?,
        attributed: row.get(first + 9)?,
        confidence: row.get(first + 10)?,
        spam: row.get(first + 11)?,
    })
}
