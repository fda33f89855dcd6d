//! What is remembered of alerts and schedules.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `alerts:<site>` | HASH | `<alert>\|<subject>` → what was found and told, as JSON | – |
//! | `schedules:<site>` | HASH | `<schedule>` → the moment that was due and is done (ms) | – |

use std::collections::HashMap;

use crate::alert::model::Remembered;
use crate::platform::clock::Millis;
use crate::platform::ids::{AlertId, ScheduleId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// Between an alert's id, which has no such letter, and its subject.
const BETWEEN: char = '|';

/// The field of an alert and subject.
pub fn field(alert: &AlertId, subject: &str) -> String {
    format!("{alert}{BETWEEN}{subject}")
}

/// The id and the subject of a field.
pub fn parts(field: &str) -> (&str, &str) {
    field.split_once(BETWEEN).unwrap_or((field, ""))
}

/// All that is remembered of a site's alerts, by [`field`]. What cannot be read is as if it were not there.
pub async fn load(
    redis: &Redis,
    keys: &SiteKeys,
) -> Result<HashMap<String, Remembered>, StoreError> {
    let mut read = redis::cmd("HGETALL");
    let found: HashMap<String, String> = redis.command("alerts", read.arg(keys.alerts())).await?;
    let parsed = found.into_iter().filter_map(|(field, text)| {
        let remembered = serde_json::from_str(&text).ok()?;
        Some((field, remembered))
    });
    Ok(parsed.collect())
}

/// Remembers this.
pub async fn save(
    redis: &Redis,
    keys: &SiteKeys,
    field: &str,
    remembered: &Remembered,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(remembered).unwrap_or_default();
    let mut write = redis::cmd("HSET");
    redis.command::<i64>("an alert", write.arg(keys.alerts()).arg(field).arg(text)).await?;
    Ok(())
}

/// Forgets these.
pub async fn forget(redis: &Redis, keys: &SiteKeys, fields: &[String]) -> Result<(), StoreError> {
    if fields.is_empty() {
        return Ok(());
    }
    let mut delete = redis::cmd("HDEL");
    redis.command::<i64>("old alerts", delete.arg(keys.alerts()).arg(fields)).await?;
    Ok(())
}

/// The due moment of a schedule that was done last.
pub async fn done(
    redis: &Redis,
    keys: &SiteKeys,
    schedule: &ScheduleId,
) -> Result<Option<Millis>, StoreError> {
    let mut read = redis::cmd("HGET");
    read.arg(keys.schedules()).arg(schedule.as_str());
    let done: Option<i64> = redis.command("a schedule", &read).await?;
    Ok(done.map(Millis))
}

/// Notes that the moment `due` of a schedule is done.
pub async fn set_done(
    redis: &Redis,
    keys: &SiteKeys,
    schedule: &ScheduleId,
    due: Millis,
) -> Result<(), StoreError> {
    let mut write = redis::cmd("HSET");
    write.arg(keys.schedules()).arg(schedule.as_str()).arg(due.0);
    redis.command::<i64>("a schedule", &write).await?;
    Ok(())
}
