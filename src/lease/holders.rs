//! Who was shown a number: the LIST `holders:<number>`, newest first.
//!
//! One entry is `session from last_seen tier tel_click` with single spaces: 32 hex digits, ms, ms,
//! a tier word, ms or 0. Entries of live leases are corrected by the lease itself.

use jiff::SignedDuration;

use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Redis, StoreError};

/// Most entries kept of one number.
pub const MAX_HOLDERS: isize = 1024;

/// Every session that was shown `number` before `at` and was seen inside `window` before it,
/// newest first. A call that is judged late sees only what was known at its own time.
pub async fn holders(
    redis: &Redis,
    keys: &SiteKeys,
    number: &PhoneNumber,
    at: Millis,
    window: SignedDuration,
) -> Result<Vec<Holder>, StoreError> {
    let mut command = redis::cmd("LRANGE");
    command.arg(keys.holders(number)).arg(0).arg(MAX_HOLDERS - 1);
    let entries: Vec<String> = redis.command("holders", &command).await?;
    let oldest = at.plus(-(window.as_millis() as i64));
    Ok(entries
        .iter()
        .filter_map(|entry| parse(entry))
        .filter(|holder| holder.from <= at && holder.last_seen >= oldest)
        .collect())
}

fn parse(entry: &str) -> Option<Holder> {
    let mut parts = entry.split(' ');
    let session = parts.next()?.parse().ok()?;
    let from = Millis(parts.next()?.parse().ok()?);
    let last_seen = Millis(parts.next()?.parse().ok()?);
    let tier = Tier::from_word(parts.next()?)?;
    let tel_click: i64 = parts.next()?.parse().ok()?;
    let tel_click = (tel_click > 0).then_some(Millis(tel_click));
    Some(Holder { session, from, last_seen, tier, tel_click, live: false })
}
