//! A walk through all snapshots of a site's calls.

use duckdb::types::Value;

use crate::platform::ids::SiteId;
use crate::warehouse::question::Question;
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Milliseconds of one step: so many calls are held at once.
const STEP: i64 = 24 * 3_600_000;
/// Nothing began before the first year.
const FIRST: i64 = -62_135_596_800_000;

impl Warehouse {
    /// Shows the snapshot of every call of `site` to `look`, those of a day after the other.
    pub async fn each_snapshot(
        &self,
        site: &SiteId,
        mut look: impl FnMut(&str),
    ) -> Result<(), WarehouseError> {
        let mut from = FIRST;
        loop {
            let text = "SELECT min(started_at), count(*)::BIGINT FROM call_snapshots \
                        WHERE site = $1 AND started_at >= $2";
            let bound = vec![Value::Text(site.to_string()), Value::BigInt(from)];
            let row = self.ask_one(Question::new("look for snapshots", text, bound)).await?;
            let Some(row) = row else { return Ok(()) };
            if row.get::<i64>(1)? == 0 {
                return Ok(());
            }
            let begin: i64 = row.get(0)?;
            let end = begin.saturating_add(STEP);
            let text = "SELECT snapshot FROM call_snapshots \
                        WHERE site = $1 AND started_at >= $2 AND started_at < $3";
            let bound =
                vec![Value::Text(site.to_string()), Value::BigInt(begin), Value::BigInt(end)];
            for row in self.ask(Question::new("read snapshots", text, bound)).await? {
                look(&row.get::<String>(0)?);
            }
            from = end;
        }
    }
}
