//! An answer as a Parquet file, which DuckDB writes.

use std::fs::File;
use std::io;

use duckdb::types::Value;
use duckdb::{Connection, ToSql};

use crate::report::query::answer::Answer;
use crate::report::query::write::flat::{Plain, Type, cells, columns};

/// Why the file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// DuckDB refused.
    #[error("DuckDB cannot write a Parquet file: {0}")]
    Sql(#[from] duckdb::Error),
    /// There is no room for a temporary file.
    #[error("no temporary file: {0}")]
    Io(#[from] io::Error),
    /// The folder for temporary files has a name that is no text.
    #[error("the folder for temporary files has a name that is no text")]
    Path,
}

/// The answer as a file, which is gone from its folder already. Blocks.
pub fn file(answer: &Answer) -> Result<File, ParquetError> {
    let folder = tempfile::Builder::new().prefix("ringtrace-").tempdir()?;
    let path = folder.path().join("answer.parquet");
    // A database of its own: it shares nothing with the warehouse.
    let database = Connection::open_in_memory()?;
    let column = |(name, kind): &(String, Type)| format!("\"{name}\" {}", sql_type(*kind));
    let columns: Vec<String> = columns(answer).iter().map(column).collect();
    database.execute_batch(&format!("CREATE TABLE answer ({})", columns.join(", ")))?;
    let mut appender = database.appender("answer")?;
    for row in &answer.rows {
        let values: Vec<Value> = cells(answer, row).into_iter().map(value).collect();
        let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        appender.append_row(values.as_slice())?;
    }
    drop(appender);
    let name = path.to_str().ok_or(ParquetError::Path)?.replace('\'', "''");
    database
        .execute_batch(&format!("COPY answer TO '{name}' (FORMAT parquet, COMPRESSION zstd)"))?;
    Ok(File::open(&path)?)
}

fn sql_type(kind: Type) -> &'static str {
    match kind {
        Type::Text => "VARCHAR",
        Type::Whole => "BIGINT",
        Type::Flag => "BOOLEAN",
        Type::Number => "DOUBLE",
    }
}

fn value(cell: Plain) -> Value {
    match cell {
        Plain::None => Value::Null,
        Plain::Text(text) => Value::Text(text),
        Plain::Whole(number) => Value::BigInt(number),
        Plain::Flag(flag) => Value::Boolean(flag),
        Plain::Number(number) => Value::Double(number),
    }
}
