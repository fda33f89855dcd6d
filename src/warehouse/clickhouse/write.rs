//! Facts as insertions. Their columns are those of DuckDB's tables, in the same order; the touches of a call stand behind
//! its own, each column of them as a list. Pure.

use duckdb::types::Value;

use crate::ledger::model::EntryId;
use crate::platform::keys::Shard;
use crate::warehouse::clickhouse::values::json;
use crate::warehouse::model::{CallFact, Facts};
use crate::warehouse::write as rows;

/// Rows for one table.
pub struct Insert {
    /// The table, and the columns where not all are told.
    pub into: &'static str,
    /// `JSONCompactEachRow`.
    pub rows: Vec<u8>,
}

/// The call and its site are the first columns of a touch: of the call itself they are not repeated.
const OF_THE_CALL: usize = 2;

/// Everything that calls need not wait for.
pub fn before_calls(facts: &Facts) -> Vec<Insert> {
    let inserts = [
        insert("sessions", facts.sessions.iter().map(rows::session)),
        insert("leases", facts.leases.iter().map(rows::lease)),
        insert("postbacks", facts.postbacks.iter().map(rows::postback)),
        insert("leads", facts.leads.iter().map(rows::lead)),
        insert("costs", facts.costs.iter().map(rows::cost)),
        insert("staffing", facts.staffing.iter().map(rows::staffing)),
    ];
    inserts.into_iter().flatten().collect()
}

/// Snapshots, then the calls with their touches: a call is listed when both are there.
pub fn calls(facts: &[CallFact]) -> Vec<Insert> {
    let snapshots = facts.iter().map(|fact| rows::snapshot(&fact.snapshot));
    let calls = facts.iter().map(|fact| {
        let mut row = rows::call(&fact.call);
        row.extend(touches(fact));
        row
    });
    [insert("call_snapshots", snapshots), insert("calls", calls)].into_iter().flatten().collect()
}

/// The columns of a call's touches.
fn touches(fact: &CallFact) -> impl Iterator<Item = Value> {
    let mut columns = vec![Vec::new(); TOUCH_COLUMNS];
    for touch in &fact.touches {
        for (column, value) in columns.iter_mut().zip(rows::touch(touch).drain(OF_THE_CALL..)) {
            column.push(value);
        }
    }
    columns.into_iter().map(Value::List)
}

/// Columns of a touch behind [`OF_THE_CALL`].
const TOUCH_COLUMNS: usize = 24;

/// How far `writer` is.
pub fn offsets(writer: &str, offsets: &[(Shard, EntryId)]) -> Vec<Insert> {
    let rows = offsets.iter().map(|(shard, id)| {
        let writer = Value::Text(writer.to_owned());
        vec![writer, Value::USmallInt(shard.0), Value::UBigInt(id.ms), Value::UBigInt(id.seq)]
    });
    insert("offsets (writer, shard, ms, seq)", rows).into_iter().collect()
}

fn insert(into: &'static str, rows: impl Iterator<Item = Vec<Value>>) -> Option<Insert> {
    let mut lines = Vec::new();
    for row in rows {
        let row: serde_json::Value = row.iter().map(json).collect();
        lines.extend_from_slice(row.to_string().as_bytes());
        lines.push(b'\n');
    }
    (!lines.is_empty()).then_some(Insert { into, rows: lines })
}
