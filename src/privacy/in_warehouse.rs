//! A person's traces in the warehouse, and calls that are not kept as they are: finding them, and what is to become of them.

use duckdb::types::Value as Bound;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::call::model::Call;
use crate::ledger::model::{Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, LeadId, SessionId, SiteId, VisitorId};
use crate::privacy::judge::{Fate, Judge};
use crate::privacy::subject::Kind;
use crate::privacy::traces::Traces;
use crate::warehouse::question::Question;
use crate::warehouse::removal::Removal;
use crate::warehouse::rules::caller_number;
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Ids that one condition names.
const AT_ONCE: usize = 500;
/// Learns which visits, calls and leads are the person's.
pub async fn learn(warehouse: &Warehouse, traces: &mut Traces) -> Result<(), WarehouseError> {
    let site = Bound::Text(traces.subject.site.to_string());
    let before = traces.before;
    if traces.subject.kind == Kind::Caller {
        // A hash that is none belongs to nobody.
        let Some(number) = caller_number(&traces.subject.hash) else { return Ok(()) };
        let bound = vec![site, Bound::UBigInt(number), before.0.into()];
        let text = "SELECT id::VARCHAR, session::VARCHAR FROM calls \
                    WHERE site = $1 AND caller = $2 AND started_at < $3";
        for (id, joined) in pairs(warehouse, text, bound.clone()).await? {
            traces.calls.insert(CallId(id));
            traces.joined.extend(joined.map(SessionId));
        }
        let text = "SELECT id::VARCHAR, NULL::VARCHAR FROM leads \
                    WHERE site = $1 AND caller = $2 AND created_at < $3";
        let leads = pairs(warehouse, text, bound).await?;
        traces.leads.extend(leads.into_iter().map(|(id, _)| LeadId(id)));
        return Ok(());
    }
    let bound = vec![site, before.0.into()];
    let text = "SELECT id::VARCHAR, visitor::VARCHAR FROM sessions \
                WHERE site = $1 AND started_at < $2";
    for (session, visitor) in pairs(warehouse, text, bound.clone()).await? {
        // What is asked for is old enough.
        traces.learn_session(SessionId(session), visitor.map(VisitorId), Millis(before.0 - 1));
    }
    let of_sessions = one_of("session", traces.sessions.iter().map(|id| id.0));
    let of_visitors = one_of("visitor", traces.visitors.iter().map(|id| id.0));
    let text = format!(
        "SELECT id::VARCHAR, NULL::VARCHAR FROM leads \
         WHERE site = $1 AND created_at < $2 AND ({of_sessions} OR {of_visitors})"
    );
    let leads = pairs(warehouse, &text, bound).await?;
    traces.leads.extend(leads.into_iter().map(|(id, _)| LeadId(id)));
    Ok(())
}

/// Calls of others that say something of the person, without it, as entries of the ledger.
pub async fn others(
    warehouse: &Warehouse,
    traces: &Traces,
) -> Result<Vec<Envelope>, WarehouseError> {
    changed(warehouse, &traces.subject.site, |text| {
        if !traces.mentions(text.as_bytes(), false) {
            return None;
        }
        let mut call: Call = serde_json::from_str(text).ok()?;
        (!traces.calls.contains(&call.id) && traces.clean_call(&mut call)).then_some(call)
    })
    .await
}

/// Calls that `judge` keeps, but not as they are.
pub async fn judged(
    warehouse: &Warehouse,
    site: &SiteId,
    judge: &dyn Judge,
) -> Result<Vec<Envelope>, WarehouseError> {
    changed(warehouse, site, |text| {
        let mut call: Call = serde_json::from_str(text).ok()?;
        (judge.call(&mut call) == Fate::Change).then_some(call)
    })
    .await
}

/// The calls of a site that `change` makes of their snapshots.
async fn changed(
    warehouse: &Warehouse,
    site: &SiteId,
    change: impl Fn(&str) -> Option<Call>,
) -> Result<Vec<Envelope>, WarehouseError> {
    let mut found = Vec::new();
    let look = |text: &str| {
        if let Some(call) = change(text) {
            let (id, at) = (format!("{}.{}", call.id, call.version), call.started_at);
            found.push(Envelope::new(site.clone(), at, id, Event::Call(Box::new(call))));
        }
    };
    warehouse.each_snapshot(site, look).await?;
    Ok(found)
}

/// The person's rows, by table.
pub fn theirs(traces: &Traces) -> Vec<Removal> {
    let calls = |column| one_of(column, traces.calls.iter().map(|id| id.0));
    let sessions = |column| one_of(column, traces.sessions.iter().map(|id| id.0));
    vec![
        Removal::rows("touches", format!("{} OR {}", calls("call"), sessions("session"))),
        Removal::rows("postbacks", calls("call")),
        Removal::rows("call_snapshots", calls("id")),
        Removal::rows("calls", calls("id")),
        Removal::rows("leads", one_of("id", traces.leads.iter().map(|id| id.0))),
        Removal::rows("leases", sessions("session")),
        Removal::rows("sessions", sessions("id")),
    ]
}

/// The person's rows as texts, by table.
pub async fn rows(
    warehouse: &Warehouse,
    traces: &Traces,
) -> Result<Map<String, Value>, WarehouseError> {
    let mut tables = Map::new();
    for Removal { table, condition, .. } in theirs(traces) {
        let columns = warehouse.columns(table).await?;
        // As text: there are kinds of cells that the driver cannot tell otherwise.
        let cells: Vec<String> =
            columns.iter().map(|(name, _)| format!("{name}::VARCHAR")).collect();
        let text = format!("SELECT {} FROM {table} WHERE {condition}", cells.join(", "));
        let mut found = Vec::new();
        for row in warehouse.ask(Question::new("read rows", text, Vec::new())).await? {
            let mut fields = Map::new();
            for (place, (name, _)) in columns.iter().enumerate() {
                let cell: Option<String> = row.get(place)?;
                fields.insert(name.clone(), cell.map_or(Value::Null, Value::String));
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
        return "1 = 0".to_owned();
    }
    let some = ids.chunks(AT_ONCE).map(|some| format!("{column} IN ({})", some.join(",")));
    format!("({})", some.collect::<Vec<_>>().join(" OR "))
}

async fn pairs(
    warehouse: &Warehouse,
    text: &str,
    bound: Vec<Bound>,
) -> Result<Vec<(Uuid, Option<Uuid>)>, WarehouseError> {
    let rows = warehouse.ask(Question::new("look for a person's rows", text, bound)).await?;
    let mut found = Vec::new();
    for row in rows {
        let (one, other): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        if let Ok(one) = Uuid::try_parse(&one) {
            found.push((one, other.and_then(|other| Uuid::try_parse(&other).ok())));
        }
    }
    Ok(found)
}
