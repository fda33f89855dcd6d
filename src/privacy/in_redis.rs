//! A person's traces in Redis: finding them, and taking them out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::live::model::LiveEvent;
use crate::call::model::Call;
use crate::lead::model::Lead;
use crate::ledger::model::{ENVELOPE_FIELD, EntryId, Envelope};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::postback::model::SettledPostback;
use crate::privacy::judge::{Fate, Judge};
use crate::privacy::keyspace::{Keyspace, Piece, PieceKind};
use crate::privacy::traces::Traces;
use crate::visit::emails::told_at;
use crate::visit::packed::{pack, unpack};

/// What becomes of a piece.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// It stays with this value.
    Replace(Vec<u8>),
}

/// Learns from what Redis has of calls, visits and leads.
pub async fn learn(
    redis: &Redis,
    keys: &SiteKeys,
    names: &[String],
    traces: &mut Traces,
) -> Result<(), StoreError> {
    let kind = |name: &str| name.split(':').nth(2).unwrap_or_default().to_owned();
    let telling: Vec<String> = names
        .iter()
        .filter(|name| ["call", "session", "lead", "visitor", "ledger"].contains(&&*kind(name)))
        .cloned()
        .collect();
    for name in telling.iter().filter(|name| kind(name) == "visitor") {
        let visitor = name.rsplit(':').next().and_then(VisitorId::from_short);
        traces.visitors.extend(visitor.filter(|visitor| traces.subject.is_visitor(*visitor)));
    }
    let look = |piece: Piece| match (kind(&piece.key).as_str(), piece.kind) {
        ("call", PieceKind::Text) => {
            if let Some(call) = stored_call(&piece.value) {
                traces.learn_call(&call);
            }
        }
        ("lead", PieceKind::Text) => {
            if let Ok(lead) = serde_json::from_slice::<Lead>(&piece.value) {
                traces.learn_lead(&lead);
            }
        }
        ("session", PieceKind::Text) => {
            let session = piece.key.rsplit(':').next().and_then(SessionId::from_short);
            if let Some(Ok(visit)) =
                session.map(|session| unpack(&piece.value, keys.site(), session))
            {
                traces.learn_visit(&visit);
            }
        }
        ("ledger", PieceKind::Stream) => {
            for envelope in envelopes(&piece.value).into_iter().flatten() {
                traces.learn(&envelope);
            }
        }
        _ => {}
    };
    Keyspace::new(redis, keys).pieces(&telling, look).await
}

/// Every piece that is the person's or says something of them, with what is to become of it.
pub async fn find(
    redis: &Redis,
    keys: &SiteKeys,
    names: &[String],
    traces: &Traces,
) -> Result<Vec<(Piece, Verdict)>, StoreError> {
    let space = Keyspace::new(redis, keys);
    let mut found = Vec::new();
    let look = |piece: Piece| {
        let verdict = judge(traces, &piece, space.is_of_all(&piece.key));
        if verdict != Verdict::Keep {
            found.push((piece, verdict));
        }
    };
    space.pieces(names, look).await?;
    Ok(found)
}

/// Does what [`find`] found out; how many pieces that were.
pub async fn erase(
    redis: &Redis,
    keys: &SiteKeys,
    found: &[(Piece, Verdict)],
) -> Result<u64, StoreError> {
    let space = Keyspace::new(redis, keys);
    let mut done = 0;
    for (piece, verdict) in found {
        match verdict {
            Verdict::Keep => continue,
            Verdict::Remove => space.remove(piece).await?,
            // What stays of an entry of the ledger is a new entry: those that are there cannot be changed.
            Verdict::Replace(rest) if piece.kind == PieceKind::Stream => {
                let mut add = redis::cmd("XADD");
                add.arg(&piece.key).arg("*").arg(ENVELOPE_FIELD).arg(rest);
                redis.command::<String>("a cleaned ledger entry", &add).await?;
                space.remove(piece).await?;
            }
            Verdict::Replace(value) => {
                space.replace(piece, value).await?;
            }
        }
        done += 1;
    }
    let streams = found.iter().filter(|(piece, _)| piece.kind == PieceKind::Stream);
    let streams: BTreeSet<&str> = streams.map(|(piece, _)| piece.key.as_str()).collect();
    for stream in streams {
        if !space.rebuild(stream).await? {
            tracing::warn!(
                stream,
                "deleted entries leave Redis' memory when the stream is trimmed"
            );
        }
    }
    Ok(done)
}

/// Every piece that `judge` does not keep as it is.
pub async fn judged(
    redis: &Redis,
    keys: &SiteKeys,
    names: &[String],
    judge: &dyn Judge,
) -> Result<Vec<(Piece, Verdict)>, StoreError> {
    let mut found = Vec::new();
    let kinds = ["call", "session", "lead", "email", "outbox", "live", "ledger"];
    let kind = |name: &str| name.split(':').nth(2).unwrap_or_default().to_owned();
    let telling: Vec<String> =
        names.iter().filter(|name| kinds.contains(&&*kind(name))).cloned().collect();
    let look = |piece: Piece| {
        let verdict = match (kind(&piece.key).as_str(), piece.kind) {
            ("call", PieceKind::Text) => judge_call(judge, &piece.value),
            ("session", PieceKind::Text) => judge_visit(judge, keys, &piece),
            ("lead", PieceKind::Text) => json(&piece.value, |lead: &mut Lead| judge.lead(lead)),
            // A hashed address says who somebody is, as the keyed hash of a number does.
            ("email", PieceKind::Text) => told_at(&piece.value).map(|at| match judge.email(at) {
                Fate::Remove => Verdict::Remove,
                Fate::Keep | Fate::Change => Verdict::Keep,
            }),
            ("outbox", PieceKind::Hash) if !piece.key.ends_with("outbox:body") => {
                json(&piece.value, |settled: &mut SettledPostback| {
                    match &settled.postback.site == keys.site() {
                        true => judge.postback(settled),
                        false => Fate::Keep,
                    }
                })
            }
            // Redis trims streams by the hundred: on a quiet site entries stay.
            ("ledger", PieceKind::Stream) if piece.key.ends_with(":ledger") => {
                Some(judge_envelopes(&piece.value, |envelope| {
                    match &envelope.site == keys.site() {
                        true => judge.entry(envelope),
                        false => Fate::Keep,
                    }
                }))
            }
            ("live", PieceKind::Stream) => judge_event(judge, keys, &piece),
            _ => None,
        };
        if let Some(verdict) = verdict.filter(|verdict| *verdict != Verdict::Keep) {
            found.push((piece, verdict));
        }
    };
    Keyspace::new(redis, keys).pieces(&telling, look).await?;
    Ok(found)
}

fn judge_call(judge: &dyn Judge, value: &[u8]) -> Option<Verdict> {
    let mut call = stored_call(value)?;
    match judge.call(&mut call) {
        Fate::Keep => Some(Verdict::Keep),
        Fate::Remove => Some(Verdict::Remove),
        Fate::Change => replaced_call(value, &call),
    }
}

fn judge_visit(judge: &dyn Judge, keys: &SiteKeys, piece: &Piece) -> Option<Verdict> {
    let session = piece.key.rsplit(':').next().and_then(SessionId::from_short)?;
    let mut visit = unpack(&piece.value, keys.site(), session).ok()?;
    match judge.visit(&mut visit) {
        Fate::Keep => Some(Verdict::Keep),
        Fate::Remove => Some(Verdict::Remove),
        Fate::Change => Some(Verdict::Replace(pack(&visit).ok()?)),
    }
}

fn judge_event(judge: &dyn Judge, keys: &SiteKeys, piece: &Piece) -> Option<Verdict> {
    let text = piece.value.strip_prefix(ENVELOPE_FIELD.as_bytes())?;
    let event: LiveEvent = serde_json::from_slice(text).ok()?;
    let told_at: EntryId = std::str::from_utf8(&piece.member).ok()?.parse().ok()?;
    let told_at = Millis(i64::try_from(told_at.ms).ok()?);
    let goes = &event.site == keys.site() && judge.told(told_at, &event) == Fate::Remove;
    Some(if goes { Verdict::Remove } else { Verdict::Keep })
}

/// Judges what is kept as JSON.
fn json<T: Serialize + DeserializeOwned>(
    value: &[u8],
    judge: impl FnOnce(&mut T) -> Fate,
) -> Option<Verdict> {
    let mut thing: T = serde_json::from_slice(value).ok()?;
    match judge(&mut thing) {
        Fate::Keep => Some(Verdict::Keep),
        Fate::Remove => Some(Verdict::Remove),
        Fate::Change => Some(Verdict::Replace(serde_json::to_vec(&thing).ok()?)),
    }
}

/// What becomes of a piece; `of_all`: other sites' things are in the same key.
fn judge(traces: &Traces, piece: &Piece, of_all: bool) -> Verdict {
    if piece.kind == PieceKind::Stream && piece.key.ends_with(":ledger") {
        return judge_entry(traces, &piece.value);
    }
    if !of_all && traces.mentions(piece.key.as_bytes(), true) {
        return Verdict::Remove;
    }
    // The same number may have called another site of the shard.
    let other_site = of_all && !is_of_site(traces, &piece.value);
    let said =
        traces.mentions(&piece.member, other_site) || traces.mentions(&piece.value, other_site);
    if !said {
        return Verdict::Keep;
    }
    if piece.kind == PieceKind::Text && piece.key.contains(":call:") {
        return cleaned_call(traces, &piece.value).unwrap_or(Verdict::Remove);
    }
    if piece.kind == PieceKind::Hash && piece.key.contains(":pool:") {
        // Which sessions share a number: the others go on sharing it.
        let text = std::str::from_utf8(&piece.value).ok();
        let cleaned = text.and_then(|text| traces.without_ids(text));
        return cleaned.map_or(Verdict::Keep, |text| Verdict::Replace(text.into_bytes()));
    }
    Verdict::Remove
}

fn is_of_site(traces: &Traces, value: &[u8]) -> bool {
    let said = format!("\"site\":\"{}\"", traces.subject.site);
    String::from_utf8_lossy(value).contains(&said)
}

/// A message of the ledger, with what it says of others.
fn judge_entry(traces: &Traces, value: &[u8]) -> Verdict {
    match traces.mentions(value, false) {
        true => judge_envelopes(value, |envelope| traces.judge(envelope)),
        false => Verdict::Keep,
    }
}

/// A message of the ledger: several envelopes stand in lines.
fn judge_envelopes(value: &[u8], mut judge: impl FnMut(&mut Envelope) -> Fate) -> Verdict {
    let (mut kept, mut changed) = (Vec::new(), false);
    for envelope in envelopes(value) {
        // Nobody can read it: the projector buries it.
        let Some(mut envelope) = envelope else { return Verdict::Keep };
        match judge(&mut envelope) {
            Fate::Remove => changed = true,
            fate => {
                changed |= fate == Fate::Change;
                kept.push(envelope.to_json());
            }
        }
    }
    match (changed, kept.is_empty()) {
        (false, _) => Verdict::Keep,
        (true, true) => Verdict::Remove,
        (true, false) => Verdict::Replace(kept.join("\n").into_bytes()),
    }
}

/// The envelopes of a message, whose field's name stands before them.
fn envelopes(value: &[u8]) -> Vec<Option<Envelope>> {
    let text = value.strip_prefix(ENVELOPE_FIELD.as_bytes()).unwrap_or(value);
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The call in a stored snapshot: version and JSON.
fn stored_call(value: &[u8]) -> Option<Call> {
    let space = value.iter().position(|&byte| byte == b' ')?;
    serde_json::from_slice(&value[space..]).ok()
}

fn cleaned_call(traces: &Traces, value: &[u8]) -> Option<Verdict> {
    let mut call = stored_call(value)?;
    match traces.clean_call(&mut call) {
        true => replaced_call(value, &call),
        false => Some(Verdict::Keep),
    }
}

/// The stored snapshot with another call; its version stays.
fn replaced_call(value: &[u8], call: &Call) -> Option<Verdict> {
    let space = value.iter().position(|&byte| byte == b' ')?;
    let version = std::str::from_utf8(&value[..space]).ok()?;
    let json = serde_json::to_string(call).ok()?;
    Some(Verdict::Replace(format!("{version} {json}").into_bytes()))
}
