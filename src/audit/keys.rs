//! Entries for keys that `ringtrace key` made, changed or revoked: the running service sees it in their file.

use jiff::SignedDuration;

use crate::audit::model::{Action, Entry};
use crate::audit::store::AuditLog;
use crate::config::keys::KeyChange;
use crate::platform::clock::Millis;

/// Who it was, and by which way: whoever may write the file is not known by name.
const BY: &str = "ringtrace key";

/// Writes an entry for each of `changes`, seen at `now`. It writes to a file: call it where waiting for a disk hurts
/// nobody.
pub fn note(log: &AuditLog, changes: &[KeyChange], now: Millis, keep: SignedDuration) {
    for change in changes {
        if let Err(error) = log.append(&entry(change, now), now, keep) {
            tracing::error!(%error, "the audit log cannot be written");
            metrics::counter!("ringtrace_audit_failures_total").increment(1);
        }
    }
}

fn entry(change: &KeyChange, now: Millis) -> Entry {
    let KeyChange { what, kept } = change;
    let target = format!("key={} id={} {}", kept.key.name, kept.id(), what.word());
    Entry {
        at: now.to_string(),
        by: BY.to_owned(),
        network: String::new(),
        action: Action::Change,
        method: String::new(),
        route: BY.to_owned(),
        sites: kept.key.sites.clone(),
        target,
        status: 200,
        request: String::new(),
    }
}
