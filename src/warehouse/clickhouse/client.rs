//! ClickHouse's HTTP interface: <https://clickhouse.com/docs/interfaces/http>. Statements are sent as bodies, batches as bodies
//! behind a statement in the query string, settings in the query string, user and password in headers.

use std::time::Duration;

use duckdb::types::Value;
use reqwest::{Response, StatusCode};
use serde_json::Value as Json;

use crate::config;
use crate::platform::secret::Secret;
use crate::platform::tls::client_builder;
use crate::warehouse::clickhouse::values::{value, with_values};
use crate::warehouse::clickhouse::write::Insert;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::question::{Question, Row};

/// What every question is asked with: tables are read as if they were merged, joins and casts keep what is not known, days
/// may lie before 1970 (functions give `Date32`), numbers come as such, errors come before any row.
const ASKING: [(&str, &str); 11] = [
    ("final", "1"),
    ("join_use_nulls", "1"),
    ("cast_keep_nullable", "1"),
    ("enable_extended_results_for_datetime_functions", "1"),
    ("output_format_json_quote_64bit_integers", "0"),
    ("output_format_json_quote_denormals", "0"),
    ("wait_end_of_query", "1"),
    // Rows of a joined table may be on another shard.
    ("distributed_product_mode", "global"),
    // A filter may list a thousand texts.
    ("max_query_size", "16777216"),
    ("max_result_bytes", "1073741824"),
    ("date_time_overflow_behavior", "saturate"),
];
/// What files are asked with: whole things as in questions, texts as texts, empty cells for what is not known. Memory does not
/// grow with them, and what fails half-way breaks off.
const FILES: [(&str, &str); 8] = [
    ("final", "1"),
    // A cell that is written in another form has the name of its column.
    ("prefer_column_name_to_alias", "1"),
    ("cast_keep_nullable", "1"),
    ("distributed_product_mode", "global"),
    ("output_format_parquet_compression_method", "zstd"),
    ("output_format_parquet_string_as_string", "1"),
    ("format_csv_null_representation", ""),
    ("http_write_exception_in_output_format", "0"),
];
/// The header with the code of an error.
const EXCEPTION: &str = "x-clickhouse-exception-code";
/// What batches are inserted with: one block, which is there as a whole or not at all. Repeats are not looked for: the
/// version replaces them, and what a rebuild writes anew must not be taken for one.
const INSERTING: [(&str, &str); 6] = [
    ("insert_deduplicate", "0"),
    ("input_format_parallel_parsing", "0"),
    ("max_insert_block_size", "1048576"),
    ("min_insert_block_size_bytes", "0"),
    // A batch is on its shard before its entries are acknowledged.
    ("distributed_foreground_insert", "1"),
    ("wait_end_of_query", "1"),
];
/// Longest wait for a connection.
const CONNECTING: Duration = Duration::from_secs(5);
/// Longest wait for a batch to be written.
const WRITING: Duration = Duration::from_secs(120);
/// How long an answer may be on its way after ClickHouse's own limit.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// ClickHouse's code for a question that took too long.
const TIMEOUT_EXCEEDED: u32 = 159;
/// Most characters of an error that are told.
const MAX_WHY: usize = 400;

/// Asks one server, or whatever stands before several; cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    database: String,
    user: String,
    password: Secret,
    threads: usize,
}

impl Client {
    /// A client of the server that `config` names.
    pub fn new(config: &config::model::Warehouse) -> Result<Self, WarehouseError> {
        let http = client_builder().connect_timeout(CONNECTING).build();
        Ok(Client {
            http: http.map_err(|error| unreachable("make a client", error))?,
            url: config.url.clone(),
            database: config.database.clone(),
            user: config.user.clone(),
            password: config.password.clone(),
            threads: config.threads,
        })
    }

    /// Whether the database is there.
    pub async fn has_database(&self) -> Result<bool, WarehouseError> {
        let bound = vec![Value::Text(self.database.clone())];
        let text = "SELECT count() FROM system.databases WHERE name = $1";
        let asked = Question::new("look for its database", text, bound);
        let rows = self.rows(&asked, "default", CONNECTING).await?;
        Ok(rows.first().map(|row| row.get::<i64>(0)).transpose()? == Some(1))
    }

    /// The rows that answer `question`, in at most `limit`.
    pub async fn ask(
        &self,
        question: &Question,
        limit: Duration,
    ) -> Result<Vec<Row>, WarehouseError> {
        self.rows(question, &self.database, limit).await
    }

    /// The answer to `question` as a file of this format, piece by piece as it is made, in at most `limit`.
    pub async fn file(
        &self,
        question: &Question,
        format: &str,
        limit: Duration,
    ) -> Result<Response, WarehouseError> {
        let Question { what, text, bound } = question;
        let text = format!("{} FORMAT {format}", with_values(text, bound));
        let request = self.request(&self.database, limit.saturating_add(ON_THE_WAY));
        let request = request.query(&FILES).query(&[("max_execution_time", limit.as_secs())]);
        let sent = request.body(text).send().await;
        let response = sent.map_err(|error| too_slow_or(what, error))?;
        if response.headers().contains_key(EXCEPTION) || response.status() != StatusCode::OK {
            let refused = answered(what, response, |why| without(why, bound)).await;
            return Err(refused.err().unwrap_or(WarehouseError::TooSlow));
        }
        Ok(response)
    }

    /// Runs a statement that has no answer.
    pub async fn run(&self, statement: &Question, limit: Duration) -> Result<(), WarehouseError> {
        self.send(statement, &self.database, limit).await.map(|_| ())
    }

    /// The same where the database is not there yet.
    pub async fn run_anywhere(
        &self,
        statement: &Question,
        limit: Duration,
    ) -> Result<(), WarehouseError> {
        self.send(statement, "default", limit).await.map(|_| ())
    }

    /// Adds rows to a table.
    pub async fn insert(&self, Insert { into, rows }: Insert) -> Result<(), WarehouseError> {
        let what = "take a batch";
        let statement = format!("INSERT INTO {into} FORMAT JSONCompactEachRow");
        let request = self.request(&self.database, WRITING).query(&[("query", statement.as_str())]);
        let request = request.query(&INSERTING).body(rows);
        let response = request.send().await.map_err(|error| unreachable(what, error))?;
        // What it says of a row that it cannot read holds the row.
        answered(what, response, |_| String::new()).await.map(|_| ())
    }

    async fn rows(
        &self,
        question: &Question,
        database: &str,
        limit: Duration,
    ) -> Result<Vec<Row>, WarehouseError> {
        let body = self.send(question, database, limit).await?;
        read(question.what, &body).ok_or_else(|| WarehouseError::Refused {
            what: question.what,
            code: 0,
            why: "its answer cannot be read".to_owned(),
        })
    }

    async fn send(
        &self,
        question: &Question,
        database: &str,
        limit: Duration,
    ) -> Result<Vec<u8>, WarehouseError> {
        let Question { what, text, bound } = question;
        let seconds = limit.as_secs().max(1).to_string();
        let mut request = self.request(database, limit.saturating_add(ON_THE_WAY));
        request = request.query(&ASKING).query(&[
            ("default_format", "JSONCompactEachRowWithNamesAndTypes"),
            ("max_execution_time", &seconds),
        ]);
        if self.threads > 0 {
            request = request.query(&[("max_threads", self.threads)]);
        }
        let sent = request.body(with_values(text, bound)).send().await;
        let response = sent.map_err(|error| too_slow_or(what, error))?;
        answered(what, response, |why| without(why, bound)).await
    }

    fn request(&self, database: &str, limit: Duration) -> reqwest::RequestBuilder {
        let request = self.http.post(&self.url).timeout(limit).query(&[("database", database)]);
        request
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", self.password.reveal())
    }
}

/// The body of an answer, or what ClickHouse says instead, as `shown` shows it.
async fn answered(
    what: &'static str,
    response: Response,
    shown: impl FnOnce(&str) -> String,
) -> Result<Vec<u8>, WarehouseError> {
    let status = response.status();
    let code = response.headers().get(EXCEPTION);
    let code: Option<u32> = code.and_then(|code| code.to_str().ok()?.parse().ok());
    let body = response.bytes().await.map_err(|error| too_slow_or(what, error))?;
    match code {
        Some(TIMEOUT_EXCEEDED) => Err(WarehouseError::TooSlow),
        Some(code) => {
            let text = String::from_utf8_lossy(&body);
            let shown = shown(&text);
            let why = if shown.is_empty() { name(&text).to_owned() } else { shown };
            Err(WarehouseError::Refused { what, code, why })
        }
        None if status == StatusCode::OK => Ok(body.into()),
        // Something in between: a proxy, or no ClickHouse at all.
        None => Err(WarehouseError::Unreachable { what, why: format!("HTTP {status}") }),
    }
}

/// The name of the error, which stands in capitals in brackets.
fn name(text: &str) -> &str {
    let is_name = |part: &&str| part.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let mut parts = text.split(['(', ')']).filter(|part| part.len() > 3);
    parts.rfind(is_name).unwrap_or("")
}

/// The beginning of an error without what was looked for: that may be a caller's number.
fn without(why: &str, bound: &[Value]) -> String {
    let mut why = why.trim().to_owned();
    for value in bound {
        if let Value::Text(text) = value
            && !text.is_empty()
        {
            why = why.replace(text.as_str(), "…");
        }
    }
    why.chars().take(MAX_WHY).collect()
}

/// The rows of an answer: names, types, and a line for each. `None`: it is no such answer.
fn read(what: &'static str, body: &[u8]) -> Option<Vec<Row>> {
    let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).skip(1);
    let Some(kinds) = lines.next() else { return Some(Vec::new()) };
    let kinds: Vec<String> = serde_json::from_slice(kinds).ok()?;
    let row = |line: &[u8]| {
        let cells: Vec<Json> = serde_json::from_slice(line).ok()?;
        let values = kinds.iter().zip(cells).map(|(kind, cell)| value(kind, cell));
        Some(Row::new(what, values.collect::<Option<_>>()?))
    };
    lines.map(row).collect()
}

/// What a request that has failed says.
pub fn too_slow_or(what: &'static str, error: reqwest::Error) -> WarehouseError {
    match error.is_timeout() && !error.is_connect() {
        true => WarehouseError::TooSlow,
        false => unreachable(what, error),
    }
}

/// Without the address: it may be long, and the configuration has it.
fn unreachable(what: &'static str, error: reqwest::Error) -> WarehouseError {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    WarehouseError::Unreachable { what, why: cause.unwrap_or_else(|| error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_without_what_was_looked_for() {
        let why = "Code: 60. DB::Exception: no table for '+14155550111'. (UNKNOWN_TABLE) (version 26.9.2.1)";
        let bound = [Value::Text("+14155550111".to_owned()), Value::Text(String::new())];
        let told = without(why, &bound);
        assert!(!told.contains("4155550111") && told.contains("no table for '…'"), "{told}");
        assert_eq!(name(why), "UNKNOWN_TABLE");
        assert_eq!(name("nothing of the kind"), "");
    }

    #[test]
    fn an_answer_is_rows_of_typed_cells() {
        let rows = read("test", b"[\"a\",\"b\"]\n[\"String\",\"Float64\"]\n[\"x\",2]\n");
        let rows = rows.expect("an answer");
        assert_eq!(rows[0].get::<String>(0).expect("a text"), "x");
        assert_eq!(rows[0].get::<f64>(1).expect("a number"), 2.0);
        assert_eq!(read("test", b""), Some(Vec::new()));
        assert_eq!(read("test", b"[\"a\"]\n[\"String\"]\nCode: 1"), None);
    }
}
