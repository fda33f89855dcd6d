//! Which pool every number belongs to, across all sites: one HASH, number → `site/pool origin since`,
//! with what is special about an added number as JSON behind it.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::config::Installation;
use crate::config::model::Details;
use crate::lease::store::LeaseStore;
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::keys::{SiteKeys, number_registry};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// Numbers that one command or script call takes.
pub(super) const AT_ONCE: usize = 500;

/// Newest holders among which the last sign of life is looked for: those who shared the number last.
const LOOKED_AT: isize = 64;

/// The quarantine of a number whose site is gone.
const QUARANTINE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How a number came to be its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configuration has it.
    Configured,
    /// It was added over the API; a reload does not touch it.
    Added,
    /// It was taken out: no new lease, but its callers are still joined.
    Removed,
}

/// The claim of a pool on a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The site.
    pub site: SiteId,
    /// The pool.
    pub pool: PoolId,
    /// How it came to be so.
    pub origin: Origin,
    /// Since when.
    pub since: Millis,
    /// What is special about an added number.
    pub details: Details,
}

impl Claim {
    /// Whether it is a claim of this pool.
    pub fn is_of(&self, site: &SiteId, pool: &PoolId) -> bool {
        &self.site == site && &self.pool == pool
    }

    /// `site/pool`
    pub fn owner(&self) -> String {
        format!("{}/{}", self.site, self.pool)
    }

    /// The same claim once the number is taken out.
    pub fn removed(&self, now: Millis) -> Self {
        Claim { origin: Origin::Removed, since: now, ..self.clone() }
    }

    fn packed(&self) -> String {
        let origin = match self.origin {
            Origin::Configured => "config",
            Origin::Added => "api",
            Origin::Removed => "removed",
        };
        let mut text = format!("{} {origin} {}", self.owner(), self.since.0);
        if self.details != Details::default()
            && let Ok(details) = serde_json::to_string(&self.details)
        {
            text.push(' ');
            text.push_str(&details);
        }
        text
    }

    /// Reads a claim; one without an origin is of the configuration.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(4, ' ');
        let (site, pool) = words.next()?.split_once('/')?;
        let (site, pool) = (site.parse().ok()?, pool.parse().ok()?);
        let origin = match words.next() {
            None | Some("config") => Origin::Configured,
            Some("api") => Origin::Added,
            Some("removed") => Origin::Removed,
            Some(_) => return None,
        };
        let since = Millis(words.next().map_or(Some(0), |ms| ms.parse().ok())?);
        let details = words
            .next()
            .map_or(Some(Details::default()), |json| serde_json::from_str(json).ok())?;
        Some(Claim { site, pool, origin, since, details })
    }
}

/// A claim as the registry has it, with its text for [`change`].
#[derive(Clone, Debug)]
pub struct Known {
    /// What it says.
    pub claim: Claim,
    text: String,
}

impl Known {
    fn parse(text: String) -> Option<Self> {
        Some(Known { claim: Claim::parse(&text)?, text })
    }
}

/// A claim that should be another one.
#[derive(Clone)]
pub struct Change<'a> {
    /// The number.
    pub number: &'a PhoneNumber,
    /// What was read of it.
    pub known: Option<&'a Known>,
    /// What it should be; `None`: nobody's.
    pub wanted: Option<Claim>,
}

/// The whole registry, read in steps so that a large one holds nobody up.
pub async fn read_all(store: &LeaseStore) -> Result<BTreeMap<PhoneNumber, Known>, StoreError> {
    let mut registered = BTreeMap::new();
    let mut cursor = 0u64;
    loop {
        let mut command = redis::cmd("HSCAN");
        command.arg(number_registry()).arg(cursor).arg("COUNT").arg(AT_ONCE);
        let (next, some): (u64, Vec<(String, String)>) =
            store.redis().command("the number registry", &command).await?;
        let read =
            |(number, text): (String, String)| Some((number.parse().ok()?, Known::parse(text)?));
        registered.extend(some.into_iter().filter_map(read));
        cursor = next;
        if cursor == 0 {
            return Ok(registered);
        }
    }
}

/// The claims on some numbers, in their order.
pub async fn read(
    store: &LeaseStore,
    numbers: &[&PhoneNumber],
) -> Result<Vec<Option<Known>>, StoreError> {
    let mut claims = Vec::with_capacity(numbers.len());
    for some in numbers.chunks(AT_ONCE) {
        let mut command = redis::cmd("HMGET");
        command.arg(number_registry());
        for number in some {
            command.arg(number.as_str());
        }
        let texts: Vec<Option<String>> = store.redis().command("claims", &command).await?;
        claims.extend(texts.into_iter().map(|text| text.and_then(Known::parse)));
    }
    Ok(claims)
}

/// Makes the changes where nobody was faster. Returns the claims as they are now, in their order.
pub async fn change(
    store: &LeaseStore,
    changes: &[Change<'_>],
) -> Result<Vec<Option<Claim>>, StoreError> {
    let mut claims = Vec::with_capacity(changes.len());
    for some in changes.chunks(AT_ONCE) {
        let mut call = store.scripts().claim.prepare_invoke();
        call.key(number_registry());
        for change in some {
            call.arg(change.number.as_str())
                .arg(change.known.map_or("", |known| known.text.as_str()))
                .arg(change.wanted.as_ref().map(Claim::packed).unwrap_or_default());
        }
        let texts: Vec<String> = store.redis().script("claiming numbers", &call).await?;
        claims.extend(texts.iter().map(|text| Claim::parse(text)));
    }
    Ok(claims)
}

/// When a removed number may enter another pool.
pub async fn free_again(
    store: &LeaseStore,
    installation: &Installation,
    number: &PhoneNumber,
    claim: &Claim,
    now: Millis,
) -> Result<Millis, StoreError> {
    let keys = installation.shards.keys(&claim.site);
    let used = last_use(store, &keys, number, now).await?;
    let site = installation.site(&claim.site);
    let quarantine = site.map_or(QUARANTINE, |site| site.quarantine);
    let quarantine = i64::try_from(quarantine.as_millis()).unwrap_or(i64::MAX);
    Ok(Millis(used.unwrap_or(claim.since).max(claim.since).0.saturating_add(quarantine)))
}

async fn last_use(
    store: &LeaseStore,
    keys: &SiteKeys,
    number: &PhoneNumber,
    now: Millis,
) -> Result<Option<Millis>, StoreError> {
    let mut asked = redis::pipe();
    asked.cmd("LRANGE").arg(keys.holders(number)).arg(0).arg(LOOKED_AT - 1);
    asked.cmd("ZSCORE").arg(keys.called()).arg(number.as_str());
    let (newest, called): (Vec<String>, Option<f64>) =
        store.redis().pipeline("the last use of a number", &asked).await?;
    let seen = newest.iter().filter_map(|entry| {
        // "<session> <from> <last seen> <tier> <gestures> <until> <pool>", until = 0 while it runs.
        let mut words = entry.split(' ');
        let seen = words.nth(2)?.parse().ok().map(Millis);
        if words.nth(2)? == "0" { Some(now) } else { seen }
    });
    Ok(seen.max().max(called.map(|at| Millis(at as i64))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_come_back_as_they_were() {
        let special = r#"a/main api 1 {"vanity":"844-PHONEXA","capabilities":["sms"]}"#;
        for text in ["a/main config 17", "b-1/x_2 removed 1700000000000", special] {
            assert_eq!(Claim::parse(text).expect("a claim").packed(), text);
        }
        let early = Claim::parse("a/main").expect("a claim without an origin");
        assert_eq!((early.origin, early.since), (Origin::Configured, Millis(0)));
        for text in ["", "a", "a/main else 5", "a/main api x", "a b/main", "a/main api 1 {"] {
            assert_eq!(Claim::parse(text), None, "{text:?}");
        }
    }
}
