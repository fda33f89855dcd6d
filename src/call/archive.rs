//! Calls that Redis no longer keeps, as the warehouse has them: the newest snapshot of every call.

use duckdb::types::Value;

use crate::call::list::filter::Filter;
use crate::call::model::Call;
use crate::http::problem::Problem;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Millis;
use crate::platform::cursor::Cursor;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::phone::PhoneNumber;
use crate::warehouse::dialect::Dialect;
use crate::warehouse::question::Question;
use crate::warehouse::rules::caller_number;
use crate::warehouse::store::{Warehouse, WarehouseError};

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
pub struct Archive {
    warehouse: Warehouse,
    keys: CallerKeys,
}

impl Archive {
    /// The archive in this warehouse, which has callers' numbers sealed.
    pub fn new(warehouse: Warehouse, keys: CallerKeys) -> Self {
        Archive { warehouse, keys }
    }

    /// Where it is.
    pub fn warehouse(&self) -> &Warehouse {
        &self.warehouse
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
        let mut narrow = Narrow::new(&self.warehouse);
        narrow.one_of("id", ids.iter().map(|id| id.0.to_string()));
        narrow.one_of("site", sites.iter().map(ToString::to_string));
        let text = format!("SELECT snapshot FROM call_snapshots WHERE {}", narrow.all());
        self.snapshots(text, narrow.bound).await
    }

    /// The calls of `caller` to `site` that began between two moments.
    pub async fn by_caller(
        &self,
        site: &SiteId,
        caller: &PhoneNumber,
        (from, to): (Millis, Millis),
    ) -> Result<Vec<Call>, ArchiveError> {
        let mut narrow = Narrow::new(&self.warehouse);
        narrow.add("c.site =", site.to_string());
        narrow.add("c.started_at >=", from.0);
        narrow.add("c.started_at <=", to.0);
        let theirs = narrow.called_by(&self.keys, std::slice::from_ref(site), caller);
        narrow.conditions.push(theirs);
        let text = format!(
            "SELECT s.snapshot FROM calls c JOIN call_snapshots s ON s.id = c.id WHERE {}",
            narrow.all()
        );
        let mut calls = self.snapshots(text, narrow.bound).await?;
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
        let mut narrow = Narrow::new(&self.warehouse);
        narrow.one_of("c.site", sites.iter().map(ToString::to_string));
        narrow.add("c.started_at <", before.0);
        let id = narrow.dialect.ordered("c.id");
        narrow.after(cursor, "c.started_at", &id);
        narrow.by(filter, &self.keys, sites);
        let text = format!(
            "SELECT s.snapshot FROM (\
               SELECT c.id AS id, c.started_at AS started_at \
               FROM calls c JOIN call_snapshots t ON t.id = c.id \
               WHERE {} ORDER BY c.started_at DESC, {id} DESC LIMIT {limit}\
             ) p JOIN call_snapshots s ON s.id = p.id ORDER BY p.started_at DESC, {} DESC",
            narrow.all(),
            narrow.dialect.ordered("p.id")
        );
        self.snapshots(text, narrow.bound).await
    }

    async fn snapshots(&self, text: String, bound: Vec<Value>) -> Result<Vec<Call>, ArchiveError> {
        let rows = self.warehouse.ask(Question::new("read archived calls", text, bound)).await?;
        let call = |text: String| {
            let mut call: Call = serde_json::from_str(&text)
                .map_err(|error| ArchiveError::Unreadable(error.to_string()))?;
            call.caller.open(&self.keys);
            Ok(call)
        };
        rows.into_iter().map(|row| row.get(0).map_err(ArchiveError::from).and_then(call)).collect()
    }
}

/// Conditions of a question with their values.
pub struct Narrow {
    dialect: &'static dyn Dialect,
    conditions: Vec<String>,
    /// The values, `$1` first.
    pub bound: Vec<Value>,
}

impl Narrow {
    /// None yet, of a question to `warehouse`.
    pub fn new(warehouse: &Warehouse) -> Self {
        let (conditions, bound) = Default::default();
        Narrow { dialect: warehouse.dialect(), conditions, bound }
    }

    /// All of them as SQL.
    pub fn all(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// Adds what must hold of a value: `started_at <`.
    pub fn add(&mut self, condition: &str, value: impl Into<Value>) {
        let value = self.bind(value);
        self.conditions.push(format!("{condition} {value}"));
    }

    /// Only what comes after `cursor`, newest first.
    pub fn after(&mut self, cursor: Option<Cursor>, moment: &str, id: &str) {
        let Some(cursor) = cursor else { return };
        let (at, last) = (self.bind(cursor.at.0), self.bind(cursor.id.to_string()));
        // The column says what a text is: a UUID, or the text that it is ordered by.
        self.conditions.push(format!("({moment} < {at} OR ({moment} = {at} AND {id} < {last}))"));
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.bound.push(value.into());
        format!("${}", self.bound.len())
    }

    fn one_of(&mut self, column: &str, values: impl Iterator<Item = String>) {
        let places: Vec<String> = values.map(|value| self.bind(value)).collect();
        self.conditions.push(format!("{column} IN ({})", places.join(", ")));
    }

    fn contains(&mut self, text: &str, part: String) {
        let part = self.bind(part);
        self.conditions.push(self.dialect.contains(text, &part));
    }

    /// That a call of one of `sites` came from this number, which each site hashes in its own way.
    fn called_by(&mut self, keys: &CallerKeys, sites: &[SiteId], caller: &PhoneNumber) -> String {
        let hashes = sites.iter().filter_map(|site| caller_number(&keys.hash(site, caller)));
        let places: Vec<String> = hashes.map(|hash| self.bind(Value::UBigInt(hash))).collect();
        format!("c.caller IN ({})", places.join(", "))
    }

    fn by(&mut self, filter: &Filter, keys: &CallerKeys, sites: &[SiteId]) {
        if let Some(from) = filter.from {
            self.add("c.started_at >=", from.0);
        }
        if let Some(to) = filter.to {
            self.add("c.started_at <", to.0);
        }
        if !filter.statuses.is_empty() {
            self.one_of("c.status", filter.statuses.iter().map(|status| status.word().to_owned()));
        }
        let texts = [
            ("c.source =", &filter.source),
            ("c.medium =", &filter.medium),
            ("c.campaign =", &filter.campaign),
            ("c.channel =", &filter.channel),
            ("c.disposition =", &filter.disposition),
        ];
        for (condition, wanted) in texts {
            if let Some(wanted) = wanted {
                self.add(condition, wanted.clone());
            }
        }
        if let Some(tag) = &filter.tag {
            self.contains("concat(',', c.tags, ',')", format!(",{tag},"));
        }
        if let Some(number) = &filter.number {
            self.add("c.tracking_number =", number.to_string());
        }
        if let Some(caller) = &filter.caller {
            let theirs = self.called_by(keys, sites, caller);
            self.conditions.push(theirs);
        }
        for (condition, wanted) in
            [("c.first_time =", filter.first_time), ("c.qualified =", filter.qualified)]
        {
            if let Some(wanted) = wanted {
                self.add(condition, wanted);
            }
        }
        if let Some(least) = filter.min_talk_s {
            self.add("c.talk_s >=", i64::from(least));
        }
        for word in &filter.words {
            let part = self.bind(word.clone());
            let mut found = self.dialect.contains("t.searchable", &part);
            if let Ok(caller) = word.parse() {
                let theirs = self.called_by(keys, sites, &caller);
                found = format!("({found} OR {theirs})");
            }
            self.conditions.push(found);
        }
    }
}
