//! Calls that Redis no longer keeps, as the warehouse has them: the newest snapshot of every call.

use duckdb::{Connection, ToSql, params_from_iter};

use crate::call::list::filter::Filter;
use crate::call::model::Call;
use crate::http::problem::Problem;
use crate::platform::clock::Millis;
use crate::platform::cursor::Cursor;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::phone::PhoneNumber;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

/// Why the archive does not answer.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A snapshot that this program cannot read.
    #[error("a call in the archive cannot be read: {0}")]
    Unreadable(String),
}

/// Logs what happened and hides it from the outside.
impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        tracing::error!(%error, "the archive of calls does not answer");
        match error {
            ArchiveError::Warehouse(_) => Problem::Unavailable { what: "the warehouse" },
            ArchiveError::Unreadable(_) => Problem::Internal,
        }
    }
}

/// The archive; cheap to clone.
#[derive(Clone)]
pub struct Archive(Warehouse);

impl Archive {
    /// The archive in this warehouse.
    pub fn new(warehouse: Warehouse) -> Self {
        Archive(warehouse)
    }

    /// Where it is.
    pub fn warehouse(&self) -> &Warehouse {
        &self.0
    }

    /// The calls of `sites` with these ids; those that nobody knows are left out.
    pub async fn load(
        &self,
        sites: Vec<SiteId>,
        ids: Vec<CallId>,
    ) -> Result<Vec<Call>, ArchiveError> {
        if sites.is_empty() || ids.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT snapshot FROM call_snapshots WHERE id IN ({}) AND site IN ({})",
            places(ids.len()),
            places(sites.len())
        );
        let mut values: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
        values.extend(sites.iter().map(ToString::to_string));
        self.snapshots(text, values.into_iter().map(Value::Text).collect()).await
    }

    /// The calls of `caller` to `site` that began between two moments.
    pub async fn by_caller(
        &self,
        site: &SiteId,
        caller: &PhoneNumber,
        (from, to): (Millis, Millis),
    ) -> Result<Vec<Call>, ArchiveError> {
        let text = "SELECT snapshot FROM call_snapshots \
                    WHERE site = ? AND started_at BETWEEN ? AND ? AND contains(searchable, ?)";
        let values = vec![
            Value::Text(site.to_string()),
            Value::Number(from.0),
            Value::Number(to.0),
            Value::Text(caller.to_string()),
        ];
        let mut calls = self.snapshots(text.to_owned(), values).await?;
        calls.retain(|call| call.caller.number.as_ref() == Some(caller));
        Ok(calls)
    }

    /// At most `limit` calls of `sites` that began before `before` and come after `cursor`, newest first.
    /// `filter` only narrows here: whoever asks has the last word on each.
    pub async fn page(
        &self,
        sites: &[SiteId],
        filter: &Filter,
        before: Millis,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Call>, ArchiveError> {
        if sites.is_empty() {
            return Ok(Vec::new());
        }
        let mut narrow = Narrow::default();
        let sites_in = format!("c.site IN ({})", places(sites.len()));
        narrow.add_many(&sites_in, sites.iter().map(|site| Value::Text(site.to_string())));
        narrow.add("c.started_at < ?", Value::Number(before.0));
        if let Some(Cursor { at, id }) = cursor {
            narrow.add_many(
                "(c.started_at < ? OR (c.started_at = ? AND c.id < ?::UUID))",
                [Value::Number(at.0), Value::Number(at.0), Value::Text(id.to_string())],
            );
        }
        narrow.by(filter);
        let text = format!(
            "SELECT s.snapshot FROM (\
               SELECT c.id, c.started_at FROM calls c JOIN call_snapshots t ON t.id = c.id \
               WHERE {} ORDER BY c.started_at DESC, c.id DESC LIMIT {limit}\
             ) p JOIN call_snapshots s ON s.id = p.id ORDER BY p.started_at DESC, p.id DESC",
            narrow.conditions.join(" AND ")
        );
        self.snapshots(text, narrow.values).await
    }

    async fn snapshots(&self, text: String, values: Vec<Value>) -> Result<Vec<Call>, ArchiveError> {
        let read = move |reader: &Connection| {
            let failed = sql("read archived calls");
            let mut statement = reader.prepare(&text).map_err(&failed)?;
            let bound = params_from_iter(values.iter().map(Value::as_sql));
            let rows = statement.query_map(bound, |row| row.get::<_, String>(0));
            rows.map_err(&failed)?.collect::<Result<Vec<_>, _>>().map_err(&failed)
        };
        let texts = self.0.read(read).await?;
        let unreadable = |error: serde_json::Error| ArchiveError::Unreadable(error.to_string());
        texts.iter().map(|text| serde_json::from_str(text).map_err(unreadable)).collect()
    }
}

/// A value of a question.
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// As the driver binds it.
    pub fn as_sql(&self) -> &dyn ToSql {
        match self {
            Value::Text(text) => text,
            Value::Number(number) => number,
            Value::Flag(flag) => flag,
        }
    }
}

/// Conditions of a question with their values.
#[derive(Default)]
struct Narrow {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Narrow {
    fn add(&mut self, condition: &str, value: Value) {
        self.add_many(condition, [value]);
    }

    fn add_many(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values);
    }

    fn by(&mut self, filter: &Filter) {
        if let Some(from) = filter.from {
            self.add("c.started_at >= ?", Value::Number(from.0));
        }
        if let Some(to) = filter.to {
            self.add("c.started_at < ?", Value::Number(to.0));
        }
        if !filter.statuses.is_empty() {
            let one_of = format!("c.status IN ({})", places(filter.statuses.len()));
            let words = filter.statuses.iter().map(|status| Value::Text(status.word().to_owned()));
            self.add_many(&one_of, words);
        }
        let texts = [
            ("c.source = ?", &filter.source),
            ("c.medium = ?", &filter.medium),
            ("c.campaign = ?", &filter.campaign),
            ("c.channel = ?", &filter.channel),
            ("c.disposition = ?", &filter.disposition),
            ("list_contains(string_split(c.tags, ','), ?)", &filter.tag),
        ];
        for (condition, wanted) in texts {
            if let Some(wanted) = wanted {
                self.add(condition, Value::Text(wanted.clone()));
            }
        }
        if let Some(number) = &filter.number {
            self.add("c.tracking_number = ?", Value::Text(number.to_string()));
        }
        if let Some(caller) = &filter.caller {
            self.add("contains(t.searchable, ?)", Value::Text(caller.to_string()));
        }
        for (condition, wanted) in
            [("c.first_time = ?", filter.first_time), ("c.qualified = ?", filter.qualified)]
        {
            if let Some(wanted) = wanted {
                self.add(condition, Value::Flag(wanted));
            }
        }
        if let Some(least) = filter.min_talk_s {
            self.add("c.talk_s >= ?", Value::Number(least.into()));
        }
        for word in &filter.words {
            self.add("contains(t.searchable, ?)", Value::Text(word.clone()));
        }
    }
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}
