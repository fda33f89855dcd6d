//! Questions that every engine answers: SQL with bound values, and rows of values.
//!
//! Values are bound as `$1`, `$2`, …. What engines say differently is in [`super::dialect`].

use std::time::Duration;

use duckdb::types::{FromSql, Value, ValueRef};
use duckdb::{Connection, params_from_iter};
use reqwest::Response;

use crate::warehouse::store::{Engine, Warehouse, WarehouseError, sql};

/// How long a question may take that says nothing else.
pub(super) const LONGEST: Duration = Duration::from_secs(300);

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What it is for; errors say it.
    pub what: &'static str,
    /// The SQL.
    pub text: String,
    /// What is bound, `$1` first.
    pub bound: Vec<Value>,
}

impl Question {
    /// A statement with its bound values.
    pub fn new(what: &'static str, text: impl Into<String>, bound: Vec<Value>) -> Self {
        Question { what, text: text.into(), bound }
    }
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    what: &'static str,
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(what: &'static str, values: Vec<Value>) -> Self {
        Row { what, values }
    }

    /// The value in column `n` (from 0). An error when there is none, or of another type.
    pub fn get<T: FromSql>(&self, n: usize) -> Result<T, WarehouseError> {
        let value = self.value(n).ok_or(duckdb::Error::InvalidColumnIndex(n));
        let value = value.map(ValueRef::from).map_err(sql(self.what))?;
        T::column_result(value).map_err(|source| {
            let kind = value.data_type();
            sql(self.what)(duckdb::Error::FromSqlConversionFailure(n, kind, Box::new(source)))
        })
    }

    /// The same as it came.
    pub fn value(&self, n: usize) -> Option<&Value> {
        self.values.get(n)
    }
}

impl Warehouse {
    /// The rows that answer `question`.
    pub async fn ask(&self, question: Question) -> Result<Vec<Row>, WarehouseError> {
        match self.engine() {
            Engine::ClickHouse(clickhouse) => clickhouse.ask(&question, LONGEST).await,
            Engine::DuckDb(_) => self.read(move |connection| answer(connection, &question)).await,
        }
    }

    /// The one row that answers `question`, if there is any.
    pub async fn ask_one(&self, question: Question) -> Result<Option<Row>, WarehouseError> {
        Ok(self.ask(question).await?.into_iter().next())
    }

    /// The rows that answer each of `questions`, in at most `limit`. DuckDB answers all of them as of one moment;
    /// ClickHouse, which has no transactions, one after the other.
    pub async fn ask_all(
        &self,
        questions: Vec<Question>,
        limit: Duration,
    ) -> Result<Vec<Vec<Row>>, WarehouseError> {
        match self.engine() {
            Engine::ClickHouse(clickhouse) => {
                let all = async {
                    let mut answers = Vec::with_capacity(questions.len());
                    for question in &questions {
                        answers.push(clickhouse.ask(question, limit).await?);
                    }
                    Ok(answers)
                };
                tokio::time::timeout(limit, all).await.unwrap_or(Err(WarehouseError::TooSlow))
            }
            Engine::DuckDb(_) => {
                let all = move |connection: &Connection| {
                    let moment = connection.unchecked_transaction().map_err(sql("begin"))?;
                    questions.iter().map(|question| answer(&moment, question)).collect()
                };
                self.read_within(limit, all).await
            }
        }
    }

    /// The answer to `question` as ClickHouse sends it in this format, in at most `limit`. DuckDB writes files on disk.
    pub async fn file_of(
        &self,
        question: &Question,
        format: &str,
        limit: Duration,
    ) -> Result<Response, WarehouseError> {
        match self.engine() {
            Engine::ClickHouse(clickhouse) => clickhouse.file(question, format, limit).await,
            Engine::DuckDb(_) => {
                Err(WarehouseError::OfOtherKind { engine: "DuckDB", what: question.what })
            }
        }
    }

    /// Names of a table's columns in their order, with the engine's words for their types.
    pub async fn columns(&self, table: &str) -> Result<Vec<(String, String)>, WarehouseError> {
        // DuckDB's own schema is `main`; in ClickHouse it is the database.
        let text = match self.engine() {
            Engine::DuckDb(_) => {
                "SELECT column_name, data_type FROM information_schema.columns \
                 WHERE table_schema = 'main' AND table_name = $1 AND column_name <> 'alone' ORDER BY ordinal_position"
            }
            Engine::ClickHouse(_) => {
                "SELECT name, type FROM system.columns \
                 WHERE database = currentDatabase() AND table = $1 ORDER BY position"
            }
        };
        let bound = vec![Value::Text(table.to_owned())];
        let rows = self.ask(Question::new("tell the columns of a table", text, bound)).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// Runs statements that change tables that are no facts; in DuckDB in one transaction.
    pub async fn run(&self, statements: Vec<Question>) -> Result<(), WarehouseError> {
        match self.engine() {
            Engine::ClickHouse(clickhouse) => {
                for statement in &statements {
                    clickhouse.run(statement).await?;
                }
                Ok(())
            }
            Engine::DuckDb(_) => {
                let all = move |writer: &mut Connection| {
                    let transaction = writer.transaction().map_err(sql("begin"))?;
                    for Question { what, text, bound } in &statements {
                        transaction.execute(text, params_from_iter(bound)).map_err(sql(what))?;
                    }
                    transaction.commit().map_err(sql("commit"))
                };
                self.change(all).await
            }
        }
    }
}

/// What a DuckDB connection answers.
fn answer(
    connection: &Connection,
    Question { what, text, bound }: &Question,
) -> Result<Vec<Row>, WarehouseError> {
    let failed = sql(what);
    // Planned anew each time: a kept plan may have been made with what the tables held then (a count of all rows is a
    // constant in it).
    let mut statement = connection.prepare(text).map_err(&failed)?;
    let mut found = statement.query(params_from_iter(bound)).map_err(&failed)?;
    let columns = found.as_ref().map_or(0, |statement| statement.column_count());
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(&failed)? {
        let values = (0..columns).map(|n| row.get(n)).collect::<Result<_, _>>();
        rows.push(Row::new(what, values.map_err(&failed)?));
    }
    Ok(rows)
}
