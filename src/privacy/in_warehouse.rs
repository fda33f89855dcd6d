//! A person's traces in the warehouse: finding them, and taking them out.

use duckdb::{Connection, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::call::model::Call;
use crate::ledger::model::{Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, LeadId, SessionId, VisitorId};
use crate::privacy::subject::Kind;
use crate::privacy::traces::Traces;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

/// Ids that one statement names.
const AT_ONCE: usize = 500;

/// Learns which visits, calls and leads are the person's; `traces` comes back.
pub async fn learn(warehouse: &Warehouse, mut traces: Traces) -> Result<Traces, WarehouseError> {
    let read = move |reader: &Connection| {
        let site = traces.subject.site.to_string();
        let before = traces.before.0;
        if traces.subject.kind == Kind::Caller {
            let number = u64::from_str_radix(traces.subject.hash.get(..16).unwrap_or("x"), 16);
            // A hash that is none belongs to nobody.
            let Ok(number) = number else { return Ok(traces) };
            for (id, joined) in pairs(
                reader,
                "SELECT id::VARCHAR, session::VARCHAR FROM calls \
                 WHERE site = ? AND caller = ? AND started_at < ?",
                params![site, number, before],
            )? {
                traces.calls.insert(CallId(id));
                traces.joined.extend(joined.map(SessionId));
            }
            let leads = "SELECT id::VARCHAR, NULL::VARCHAR FROM leads \
                         WHERE site = ? AND caller = ? AND created_at < ?";
            let leads = pairs(reader, leads, params![site, number, before])?;
            traces.leads.extend(leads.into_iter().map(|(id, _)| LeadId(id)));
            return Ok(traces);
        }
        let text = "SELECT id::VARCHAR, visitor::VARCHAR FROM sessions \
                    WHERE site = ? AND started_at < ?";
        for (session, visitor) in pairs(reader, text, params![site, before])? {
            // What is asked for is old enough.
            traces.learn_session(SessionId(session), visitor.map(VisitorId), Millis(before - 1));
        }
        let of_sessions = one_of("session", traces.sessions.iter().map(|id| id.0));
        let of_visitors = one_of("visitor", traces.visitors.iter().map(|id| id.0));
        let text = format!(
            "SELECT id::VARCHAR, NULL::VARCHAR FROM leads \
             WHERE site = ? AND created_at < ? AND ({of_sessions} OR {of_visitors})"
        );
        let leads = pairs(reader, &text, params![site, before])?;
        traces.leads.extend(leads.into_iter().map(|(id, _)| LeadId(id)));
        Ok(traces)
    };
    warehouse.read(read).await
}

/// Calls of others that say something of the person, without it, as entries of the ledger.
pub fn others(reader: &Connection, traces: &Traces) -> Result<Vec<Envelope>, WarehouseError> {
    let failed = sql("read snapshots of calls");
    let mut statement =
        reader.prepare("SELECT snapshot FROM call_snapshots WHERE site = ?").map_err(&failed)?;
    let mut rows = statement.query([traces.subject.site.to_string()]).map_err(&failed)?;
    let mut changed = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let text: String = row.get(0).map_err(&failed)?;
        if !traces.mentions(text.as_bytes(), false) {
            continue;
        }
        let Ok(mut call) = serde_json::from_str::<Call>(&text) else { continue };
        if !traces.calls.contains(&call.id) && traces.clean_call(&mut call) {
            let (site, at) = (call.site.clone(), call.started_at);
            let id = format!("{}.{}", call.id, call.version);
            changed.push(Envelope::new(site, at, id, Event::Call(Box::new(call))));
        }
    }
    Ok(changed)
}

/// The tables that have rows of people, and which of those are this person's.
fn conditions(traces: &Traces) -> Vec<(&'static str, String)> {
    let calls = |column| one_of(column, traces.calls.iter().map(|id| id.0));
    let sessions = |column| one_of(column, traces.sessions.iter().map(|id| id.0));
    vec![
        ("touches", format!("{} OR {}", calls("call"), sessions("session"))),
        ("postbacks", calls("call")),
        ("call_snapshots", calls("id")),
        ("calls", calls("id")),
        ("leads", one_of("id", traces.leads.iter().map(|id| id.0))),
        ("leases", sessions("session")),
        ("sessions", sessions("id")),
    ]
}

/// Deletes the person's rows; how many there were.
pub fn delete(writer: &mut Connection, traces: &Traces) -> Result<u64, WarehouseError> {
    let failed = sql("delete rows");
    let transaction = writer.transaction().map_err(&failed)?;
    let mut gone = 0;
    for (table, condition) in conditions(traces) {
        let text = format!("DELETE FROM {table} WHERE {condition}");
        gone += transaction.execute(&text, []).map_err(&failed)? as u64;
    }
    transaction.commit().map_err(&failed)?;
    Ok(gone)
}

/// The person's rows, by table.
pub fn rows(reader: &Connection, traces: &Traces) -> Result<Map<String, Value>, WarehouseError> {
    let failed = sql("read rows");
    let mut tables = Map::new();
    for (table, condition) in conditions(traces) {
        // As text: there are kinds of cells that the driver cannot tell otherwise.
        let text = format!("SELECT COLUMNS(*)::VARCHAR FROM {table} WHERE {condition}");
        let mut statement = reader.prepare(&text).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(&failed)? {
            let mut fields = Map::new();
            for (place, name) in row.as_ref().column_names().into_iter().enumerate() {
                let cell: Option<String> = row.get(place).map_err(&failed)?;
                fields.insert(name, cell.map_or(Value::Null, Value::String));
            }
            found.push(Value::Object(fields));
        }
        tables.insert(table.to_owned(), Value::Array(found));
    }
    Ok(tables)
}

/// A condition: `column` is one of these ids.
fn one_of(column: &str, ids: impl Iterator<Item = Uuid>) -> String {
    let ids: Vec<String> = ids.map(|id| format!("'{}'", id.hyphenated())).collect();
    if ids.is_empty() {
        return "false".to_owned();
    }
    let some = ids.chunks(AT_ONCE).map(|some| format!("{column} IN ({})", some.join(",")));
    format!("({})", some.collect::<Vec<_>>().join(" OR "))
}

fn pairs(
    reader: &Connection,
    text: &str,
    values: &[&dyn duckdb::ToSql],
) -> Result<Vec<(Uuid, Option<Uuid>)>, WarehouseError> {
    let failed = sql("look for a person's rows");
    let mut statement = reader.prepare(text).map_err(&failed)?;
    let read =
        |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
    let found = statement.query_map(values, read).map_err(&failed)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(&failed)?;
    let id = |text: &str| Uuid::try_parse(text).ok();
    let both =
        |(one, other): (String, Option<String>)| Some((id(&one)?, other.as_deref().and_then(id)));
    Ok(found.into_iter().filter_map(both).collect())
}
