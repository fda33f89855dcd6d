//! What every number of a pool is doing.

use std::collections::BTreeMap;

use phonenumber::Type;

use crate::config::Installation;
use crate::config::model::{Pool, Site};
use crate::lease::numbers::model::{NumberKind, NumberOrigin, NumberReply, NumberState};
use crate::lease::numbers::registry::{self, Known, Origin};
use crate::lease::store::LeaseStore;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// Which numbers are asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only those behind this one.
    pub after: Option<PhoneNumber>,
    /// Only those that do this.
    pub state: Option<NumberState>,
    /// At most so many.
    pub limit: usize,
}

/// A number as the sets of its pool have it.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    released: Option<i64>,
    held_until: Option<i64>,
    draining: bool,
}

impl Found {
    fn state(self, pool: &Pool, now: Millis) -> NumberState {
        let held = self.held_until.is_some_and(|until| until > now.0);
        let rest = i64::try_from(pool.rest.as_millis()).unwrap_or(i64::MAX);
        // One whose lease is over and that nobody looked at since has just been let go.
        let released = self.released.or(self.held_until).unwrap_or(0);
        match (self.draining, held) {
            (true, true) => NumberState::Draining,
            (true, false) => NumberState::Quarantined,
            (false, true) => NumberState::Held,
            (false, false) if released.saturating_add(rest) > now.0 => NumberState::Resting,
            (false, false) => NumberState::Free,
        }
    }
}

/// The wanted numbers of a pool in their order, and whether there are more. Three round trips, and one
/// more for each number in quarantine.
pub async fn list(
    store: &LeaseStore,
    installation: &Installation,
    site: &Site,
    pool: &Pool,
    wanted: &Wanted,
    now: Millis,
) -> Result<(Vec<NumberReply>, bool), StoreError> {
    let found = found(store, installation, site, pool).await?;
    let behind = |number: &PhoneNumber| wanted.after.as_ref().is_none_or(|after| number > after);
    let fits = |found: &Found| wanted.state.is_none_or(|state| found.state(pool, now) == state);
    let mut some: Vec<(&PhoneNumber, Found)> = found
        .iter()
        .filter(|(number, found)| behind(number) && fits(found))
        .map(|(number, found)| (number, *found))
        .take(wanted.limit + 1)
        .collect();
    let more = some.len() > wanted.limit;
    some.truncate(wanted.limit);
    if some.is_empty() {
        return Ok((Vec::new(), false));
    }

    let numbers: Vec<&PhoneNumber> = some.iter().map(|(number, _)| *number).collect();
    let claims = registry::read(store, &numbers).await?;
    let keys = installation.shards.keys(&site.id);
    let mut command = redis::cmd("ZMSCORE");
    command.arg(keys.called());
    for number in &numbers {
        command.arg(number.as_str());
    }
    let called: Vec<Option<f64>> = store.redis().command("calls of numbers", &command).await?;

    let mut replies = Vec::with_capacity(some.len());
    for (((number, found), claim), called) in some.into_iter().zip(&claims).zip(called) {
        let mut reply = told(installation, site, number, claim.as_ref());
        reply.state = found.state(pool, now);
        reply.released_at = found.released.filter(|at| *at > 0).map(|at| time(Millis(at)));
        reply.last_called_at = called.map(|at| time(Millis(at as i64)));
        let removed = claim.as_ref().map(|known| &known.claim);
        if let Some(claim) = removed.filter(|claim| claim.origin == Origin::Removed) {
            let until = registry::free_again(store, installation, number, claim, now).await?;
            reply.removed_at = Some(time(claim.since));
            reply.quarantined_until = Some(time(until));
        }
        replies.push(reply);
    }
    Ok((replies, more))
}

async fn found(
    store: &LeaseStore,
    installation: &Installation,
    site: &Site,
    pool: &Pool,
) -> Result<BTreeMap<PhoneNumber, Found>, StoreError> {
    let keys = installation.shards.keys(&site.id);
    let mut asked = redis::pipe();
    asked.cmd("ZRANGE").arg(keys.pool_free(&pool.id)).arg(0).arg(-1).arg("WITHSCORES");
    asked.cmd("ZRANGE").arg(keys.pool_held(&pool.id)).arg(0).arg(-1).arg("WITHSCORES");
    asked.cmd("HKEYS").arg(keys.pool_draining(&pool.id));
    type Scored = Vec<(String, f64)>;
    let (free, held, draining): (Scored, Scored, Vec<String>) =
        store.redis().pipeline("the numbers of a pool", &asked).await?;
    let mut found: BTreeMap<PhoneNumber, Found> = BTreeMap::new();
    let mut note = |number: &str, note: &dyn Fn(&mut Found)| {
        // What is no number came from nobody.
        if let Ok(number) = number.parse() {
            note(found.entry(number).or_default());
        }
    };
    for (number, score) in &free {
        note(number, &|found| found.released = Some(*score as i64));
    }
    for (number, score) in &held {
        note(number, &|found| found.held_until = Some(*score as i64));
    }
    for number in &draining {
        note(number, &|found| found.draining = true);
    }
    Ok(found)
}

fn told(
    installation: &Installation,
    site: &Site,
    number: &PhoneNumber,
    claim: Option<&Known>,
) -> NumberReply {
    let known = installation.known(number);
    let configured = site.pools.iter().any(|pool| pool.numbers.contains(number));
    let origin = match claim.map(|known| known.claim.origin) {
        Some(Origin::Removed) => None,
        Some(Origin::Added) if !configured => Some(NumberOrigin::Api),
        Some(Origin::Added | Origin::Configured) | None => Some(NumberOrigin::Configuration),
    };
    let mut kinds = vec![kind(number, &site.country)];
    if known.details.vanity.is_some() {
        kinds.push(NumberKind::Vanity);
    }
    NumberReply {
        number: number.to_string(),
        national: known.written.national.clone(),
        kinds,
        vanity: known.details.vanity.as_ref().map(ToString::to_string),
        capabilities: known.details.capabilities.clone(),
        origin,
        state: NumberState::Free,
        released_at: None,
        last_called_at: None,
        removed_at: None,
        quarantined_until: None,
    }
}

/// What sort of number it is for callers in `country`, by the numbering plans.
pub fn kind(number: &PhoneNumber, country: &str) -> NumberKind {
    let parsed = phonenumber::parse(None, number.as_str());
    let is_free = parsed.is_ok_and(|parsed| {
        matches!(parsed.number_type(&phonenumber::metadata::DATABASE), Type::TollFree)
    });
    if is_free {
        NumberKind::TollFree
    } else if number.country().is_some_and(|home| home.eq_ignore_ascii_case(country)) {
        NumberKind::Local
    } else {
        NumberKind::International
    }
}

fn time(at: Millis) -> String {
    at.timestamp().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart_by_their_plans() {
        let of = |number: &str, country| kind(&number.parse().expect("a number"), country);
        assert_eq!(of("+14155550199", "US"), NumberKind::Local);
        assert_eq!(of("+14155550199", "DE"), NumberKind::International);
        assert_eq!(of("+18447466392", "US"), NumberKind::TollFree);
        assert_eq!(of("+448007383773", "GB"), NumberKind::TollFree);
        assert_eq!(of("+80012345678", "US"), NumberKind::TollFree);
        assert_eq!(of("+442079460000", "GB"), NumberKind::Local);
    }
}
