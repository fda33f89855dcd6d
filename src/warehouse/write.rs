//! One batch into the tables: staged by DuckDB's appender, then each table's replacement, then the
//! offsets, all in one transaction.

use duckdb::types::Value;
use duckdb::{Connection, ToSql, params};
use jiff::civil::Date;
use uuid::Uuid;

use crate::attribution::credit::Credits;
use crate::call::outcome::model::Outcome;
use crate::costs::model::{Cost, Staffing};
use crate::ledger::model::EntryId;
use crate::platform::clock::Millis;
use crate::platform::keys::Shard;
use crate::visit::model::{Machine, Place, Source};
use crate::warehouse::model::{
    CallFact, CallRow, CostRow, Facts, Filed, LeadRow, LeaseRow, LocalTime, PostbackRow,
    SessionRow, SnapshotRow, StaffingRow, Tagged, TouchRow,
};
use crate::warehouse::store::{WarehouseError, sql};

/// Writes `facts` and sets `offsets`. Offsets never move backwards.
pub fn write(
    connection: &mut Connection,
    facts: &Facts,
    offsets: &[(Shard, EntryId)],
) -> Result<(), WarehouseError> {
    let transaction = connection.transaction().map_err(sql("begin a batch"))?;
    stage(&transaction, facts).map_err(sql("stage a batch"))?;
    let replacements = [
        (facts.sessions.is_empty(), include_str!("sql/replace_sessions.sql")),
        (facts.leases.is_empty(), include_str!("sql/replace_leases.sql")),
        (facts.calls.is_empty(), include_str!("sql/replace_calls.sql")),
        (facts.postbacks.is_empty(), include_str!("sql/replace_postbacks.sql")),
        (facts.leads.is_empty(), include_str!("sql/replace_leads.sql")),
        (facts.costs.is_empty(), include_str!("sql/replace_costs.sql")),
        (facts.staffing.is_empty(), include_str!("sql/replace_staffing.sql")),
    ];
    for (_, replace) in replacements.iter().filter(|(empty, _)| !empty) {
        transaction.execute_batch(replace).map_err(sql("replace facts"))?;
    }
    for (shard, id) in offsets {
        set_offset(&transaction, *shard, *id).map_err(sql("note an offset"))?;
    }
    transaction.commit().map_err(sql("commit a batch"))
}

/// The offset of each stream that has one.
pub fn offsets(connection: &Connection) -> Result<Vec<(Shard, EntryId)>, WarehouseError> {
    let failed = sql("read the offsets");
    let mut statement =
        connection.prepare("SELECT shard, ms, seq FROM offsets").map_err(&failed)?;
    let rows = statement.query_map([], |row| {
        Ok((Shard(row.get(0)?), EntryId { ms: row.get(1)?, seq: row.get(2)? }))
    });
    rows.map_err(&failed)?.collect::<Result<_, _>>().map_err(&failed)
}

fn set_offset(connection: &Connection, shard: Shard, id: EntryId) -> Result<(), duckdb::Error> {
    let before = connection.query_row(
        "SELECT max({'ms': ms, 'seq': seq}) >= {'ms': $2::UBIGINT, 'seq': $3::UBIGINT} \
         FROM offsets WHERE shard = $1",
        params![shard.0, id.ms, id.seq],
        |row| row.get::<_, Option<bool>>(0),
    )?;
    if before == Some(true) {
        return Ok(());
    }
    connection.execute("DELETE FROM offsets WHERE shard = ?", [shard.0])?;
    connection
        .execute("INSERT INTO offsets VALUES (?, ?, ?)", params![shard.0, id.ms, id.seq])
        .map(|_| ())
}

fn stage(connection: &Connection, facts: &Facts) -> Result<(), duckdb::Error> {
    connection.execute_batch(include_str!("sql/stage.sql"))?;
    append(connection, "staged_sessions", facts.sessions.iter().map(session))?;
    append(connection, "staged_leases", facts.leases.iter().map(lease))?;
    append(connection, "staged_calls", facts.calls.iter().map(|fact| call(&fact.call)))?;
    let touches = facts.calls.iter().flat_map(|CallFact { touches, .. }| touches);
    append(connection, "staged_touches", touches.map(touch))?;
    let snapshots = facts.calls.iter().map(|fact| snapshot(&fact.snapshot));
    append(connection, "staged_call_snapshots", snapshots)?;
    append(connection, "staged_leads", facts.leads.iter().map(lead))?;
    append(connection, "staged_postbacks", facts.postbacks.iter().map(postback))?;
    append(connection, "staged_costs", facts.costs.iter().map(cost))?;
    append(connection, "staged_staffing", facts.staffing.iter().map(staffing))
}

/// Appends rows of values in the order of the table's columns.
fn append(
    connection: &Connection,
    table: &str,
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<(), duckdb::Error> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut appender = connection.appender_to_catalog_and_db(table, "temp", "main")?;
    for row in rows {
        let columns: Vec<&dyn ToSql> = row.iter().map(|value| value as &dyn ToSql).collect();
        appender.append_row(columns.as_slice())?;
    }
    appender.flush()
}

pub(super) fn session(row: &SessionRow) -> Vec<Value> {
    let mut values = vec![
        uuid(row.id),
        row.version.into(),
        text(&row.site),
        row.visitor.map_or(Value::Null, uuid),
        row.started_at.0.into(),
    ];
    values.extend(local(row.local));
    values.extend(source(&row.source));
    values.extend([&row.referrer_host, &row.landing_host, &row.landing_page].map(text));
    values.push(text(row.machine.device.word()));
    values.extend(details(&row.source, &row.machine, &row.place));
    values.push(row.carried.into());
    values.extend(filed(&row.filed));
    values.extend(tagged(&row.tagged));
    values
}

pub(super) fn lease(row: &LeaseRow) -> Vec<Value> {
    let mut values = vec![
        text(&row.id),
        row.version.into(),
        text(&row.site),
        uuid(row.session),
        text(&row.pool),
        row.target.as_ref().map_or(Value::Null, text),
        row.number.as_ref().map_or(Value::Null, text),
        text(row.tier),
        row.granted_at.0.into(),
    ];
    values.extend(local(row.local));
    values.extend(filed(&row.filed));
    values.push(text(row.number_kind));
    values
}

pub(super) fn call(row: &CallRow) -> Vec<Value> {
    let mut values = vec![
        uuid(row.id),
        row.version.into(),
        text(&row.site),
        text(&row.provider),
        text(&row.provider_call_id),
        row.tracking_number.as_ref().map_or(Value::Null, text),
        row.destination.as_ref().map_or(Value::Null, text),
        row.caller.map_or(Value::Null, Value::from),
    ];
    values.extend(row.caller_place.iter().map(text));
    values.push(row.first_time.map_or(Value::Null, Value::from));
    values.extend([text(row.status), text(row.outcome.word()), row.started_at.0.into()]);
    values.extend(row.moments.map(moment));
    values.extend([row.wait_s, row.talk_s].map(seconds));
    values.extend(local(row.local));
    values.extend([row.attributed.into(), text(row.basis)]);
    values.push(row.confidence.map_or(Value::Null, Value::from));
    values.push(text(row.tier));
    values.extend([row.session, row.visitor].map(|id| id.map_or(Value::Null, uuid)));
    values.push(moment(row.session_started_at));
    values.extend(source(&row.source));
    values.extend([&row.referrer_host, &row.landing_host, &row.landing_page].map(text));
    values.push(text(row.machine.device.word()));
    values.extend(details(&row.source, &row.machine, &row.place));
    values.extend(row.waits.map(seconds));
    values.push(row.transferred.map_or(Value::Null, Value::from));
    values.extend(outcome(&row.told));
    values.extend(row.routed.iter().map(text));
    values.extend([row.unwanted.into(), text(&row.spam_reasons)]);
    values.push(text(row.origin));
    values.extend(row.called_back.map(moment));
    values.push(text(&row.conversions));
    values.extend(filed(&row.filed));
    values.extend(tagged(&row.tagged));
    values.extend([&row.page, &row.tracker].map(text));
    values.extend([text(row.number_kind), text(&row.caller_area_code)]);
    values.extend([row.duration_band, row.confidence_band].map(text));
    values.push(row.forwarded.map_or(Value::Null, Value::from));
    values.push(row.blocked.into());
    values.push(moment(row.converted_at));
    values.extend(row.call_backs.map(|count| seconds(Some(count))));
    values
}

pub(super) fn snapshot(row: &SnapshotRow) -> Vec<Value> {
    vec![
        uuid(row.id),
        row.version.into(),
        text(&row.site),
        row.started_at.0.into(),
        text(&row.searchable),
        text(&row.snapshot),
    ]
}

pub(super) fn lead(row: &LeadRow) -> Vec<Value> {
    let mut values = vec![
        uuid(row.id),
        row.version.into(),
        text(&row.site),
        text(&row.kind),
        row.created_at.0.into(),
    ];
    values.extend(local(row.local));
    values.extend([row.session, row.visitor].map(|id| id.map_or(Value::Null, uuid)));
    values.push(row.caller.map_or(Value::Null, Value::from));
    values.extend(source(&row.source));
    values.extend([&row.landing_host, &row.landing_page].map(text));
    values.extend(filed(&row.filed));
    values
}

pub(super) fn cost(row: &CostRow) -> Vec<Value> {
    let Cost { date, source, medium, campaign, campaign_id, channel, publisher, kind, .. } =
        &row.cost;
    let mut values = vec![text(&row.id), row.version.into(), text(&row.site), day(*date)];
    values.extend([source, medium, campaign, campaign_id, channel, publisher].map(text));
    values.push(text(kind.word()));
    values.extend([&row.cost.amount, &row.cost.currency].map(text));
    values
}

pub(super) fn staffing(row: &StaffingRow) -> Vec<Value> {
    let Staffing { date, agent, shift, seconds, wage, currency } = &row.staffing;
    let mut values = vec![text(&row.id), row.version.into(), text(&row.site), day(*date)];
    values.extend([text(agent), text(shift), i64::from(*seconds).into()]);
    values.extend([wage.as_ref().map_or(Value::Null, text), text(currency)]);
    values
}

fn filed(filed: &Filed) -> [Value; 2] {
    [&filed.offset, &filed.shift].map(text)
}

fn tagged(tagged: &Tagged) -> [Value; 2] {
    [&tagged.publisher, &tagged.variant].map(text)
}

/// The columns that version 3 added to calls, behind those of the telephone system.
fn outcome(told: &Outcome) -> impl Iterator<Item = Value> {
    let tags = told.tags.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let words = [text(&told.disposition), text(tags), text(&told.agent)];
    let flags = [
        told.qualified,
        told.converted,
        told.appointment,
        told.resolved,
        told.first_contact_resolution,
        told.escalated,
        told.spam,
    ];
    let flags = flags.map(|flag| flag.map_or(Value::Null, Value::from));
    // DuckDB reads the text form into a DECIMAL column.
    let value = told.value.as_ref().map_or(Value::Null, text);
    let ratings = [told.lead_score, told.csat, told.nps].map(|n| seconds(n.map(u32::from)));
    let rest = ratings.into_iter().chain([seconds(told.wrap_up_s), moment(told.follow_up_at)]);
    words.into_iter().chain(flags).chain([value]).chain(rest)
}

pub(super) fn touch(row: &TouchRow) -> Vec<Value> {
    let mut values = vec![
        uuid(row.call),
        text(&row.site),
        row.position.into(),
        uuid(row.session),
        row.touched_at.0.into(),
    ];
    values.extend(source(&row.source));
    let credits = row.credits;
    values.extend([text(&row.landing_page), credits.first.into(), credits.last.into()]);
    values.extend(rarer_utms(&row.source));
    let Credits { last_non_direct, last_paid, lead_creation, linear, .. } = credits;
    let Credits { position_based, w_shaped, time_decay, .. } = credits;
    let more =
        [last_non_direct, last_paid, lead_creation, linear, position_based, w_shaped, time_decay];
    values.extend(more.map(Value::from));
    values
}

pub(super) fn postback(row: &PostbackRow) -> Vec<Value> {
    let mut values = vec![
        text(&row.id),
        row.version.into(),
        text(&row.site),
        text(&row.postback),
        text(&row.destination),
        uuid(row.call),
        text(&row.conversion),
        i64::from(row.attempts).into(),
        text(row.verdict),
        text(&row.why),
        moment(row.retry_at),
        row.settled_at.0.into(),
    ];
    values.extend(local(row.local));
    values
}

fn local(local: LocalTime) -> [Value; 3] {
    [day(local.date), local.hour.into(), local.weekday.into()]
}

fn day(date: Date) -> Value {
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = date.duration_since(epoch).as_hours() / 24;
    // Some thousand years fit: jiff's dates end in the year 9999.
    Value::Date32(i32::try_from(days).unwrap_or(i32::MAX))
}

/// The columns that version 2 added to sessions and calls alike.
fn details(source: &Source, machine: &Machine, place: &Place) -> impl Iterator<Item = Value> {
    let machine = [&machine.browser, &machine.os].map(text);
    let Place { country, region, city, postal_code, time_zone, connection } = place;
    let place = [country, region, city, postal_code, time_zone, connection].map(text);
    rarer_utms(source).into_iter().chain(machine).chain(place)
}

fn rarer_utms(source: &Source) -> [Value; 3] {
    [&source.source_platform, &source.creative_format, &source.marketing_tactic].map(text)
}

fn source(source: &Source) -> [Value; 8] {
    [
        &source.source,
        &source.medium,
        &source.campaign,
        &source.campaign_id,
        &source.term,
        &source.content,
        &source.channel,
        &source.click_platform,
    ]
    .map(text)
}

fn text(text: impl AsRef<str>) -> Value {
    Value::Text(text.as_ref().to_owned())
}

fn seconds(seconds: Option<u32>) -> Value {
    seconds.map_or(Value::Null, |s| i64::from(s).into())
}

fn moment(moment: Option<Millis>) -> Value {
    moment.map_or(Value::Null, |at| at.0.into())
}

/// DuckDB reads the text form into a UUID column.
fn uuid(id: Uuid) -> Value {
    Value::Text(id.to_string())
}
