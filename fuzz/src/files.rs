//! What is read out of files: configuration, costs, numbers, traces, ledger entries, segments.

use jiff::civil::date;
use ringtrace::cli::replay::lines::Lines;
use ringtrace::config::Installation;
use ringtrace::config::check::check;
use ringtrace::config::complaint::Severity;
use ringtrace::config::load::load_text;
use ringtrace::costs::model::{Cost, Staffing};
use ringtrace::costs::rules::{self as costs_rules, Place};
use ringtrace::lease::numbers::read as numbers_read;
use ringtrace::ledger::model::{EntryId, Envelope};
use ringtrace::ledger::segments::Segments;
use ringtrace::platform::keys::Shards;
use ringtrace::platform::table;
use serde_json::{Map, Value};

use super::{two, world};

/// A configuration: what is good is also ready for use, what is not has a complaint.
pub fn config(data: &[u8]) {
    match load_text("a file", &String::from_utf8_lossy(data)) {
        Ok(config) => {
            if check(&config).iter().all(|complaint| complaint.severity != Severity::Error) {
                Installation::new(config);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty(), "a complaint without words"),
    }
}

/// Costs and hours of work, as JSON or as a table in any encoding.
pub fn costs(data: &[u8]) {
    let site = &world().site().id;
    let place = Place { site, currency: "USD", latest: date(2026, 1, 3) };
    for charset in [None, Some("utf-16le"), Some("windows-1252")] {
        let Ok(text) = table::text(data, charset) else { continue };
        let _ = costs_rules::from_csv::<Cost>(&text, place);
        let _ = costs_rules::from_csv::<Staffing>(&text, place);
    }
    if let Ok(lines) = serde_json::from_slice::<Vec<Map<String, Value>>>(data) {
        costs_rules::from_json::<Cost>(&lines, place);
        costs_rules::from_json::<Staffing>(&lines, place);
    }
}

/// Numbers for a pool, as JSON or as a table.
pub fn numbers(data: &[u8]) {
    let _ = numbers_read::from_csv(&String::from_utf8_lossy(data), Some("US"));
    if let Ok(body) = serde_json::from_slice(data) {
        numbers_read::from_json(body, None);
    }
}

/// A trace: what it gives is in time order, and it ends.
pub fn trace(data: &[u8]) {
    let mut lines = Lines::new(data);
    let mut read = 0;
    while let Ok(Some(_)) = lines.next_line() {
        read += 1;
        assert!(read <= data.len() + 1, "more lines than bytes");
    }
}

/// An entry of the ledger: what can be read is written the same way again. And its id.
pub fn ledger(data: &[u8]) {
    let (id, _) = two(data);
    if let Ok(id) = id.parse::<EntryId>() {
        assert_eq!(id.to_string().parse::<EntryId>().ok(), Some(id));
    }
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(data) {
        let again: Envelope = serde_json::from_str(&envelope.to_json()).expect("our own writing");
        assert_eq!(again.to_json(), envelope.to_json());
    }
}

/// Segments: what is damaged is an error, and the reading ends. Once as they lie on the disk, once compressed, since few
/// bytes that somebody changed are still zstd.
pub fn segments(data: &[u8]) {
    let Some(shard) = Shards(16).all().next() else { return };
    let compressed = zstd::encode_all(data, 1).unwrap_or_default();
    for bytes in [data, &compressed] {
        let Ok(folder) = tempfile::tempdir() else { return };
        let below = folder.path().join(format!("s{:02}", shard.0));
        let written = std::fs::create_dir_all(&below)
            .and_then(|()| std::fs::write(below.join("open.ndjson.zst"), bytes));
        let Ok(parts) = Segments::new(folder.path()).after(shard, EntryId::default()) else {
            continue;
        };
        assert!(written.is_ok() && parts.take(data.len() + 2).count() <= data.len() + 1);
    }
}
