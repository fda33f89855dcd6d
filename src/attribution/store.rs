//! The join: reads who was shown the called number, and what they came from.

use crate::attribution::model::{Attribution, Basis};
use crate::attribution::rules::{attribute, attribute_static, certain, rank};
use crate::call::model::Call;
use crate::config::model::Site;
use crate::lease::holders::holders;
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;
use crate::platform::keys::{Shards, SiteKeys};
use crate::platform::redis::{Redis, StoreError};
use crate::visit::site_rules::SiteRules;
use crate::visit::store::{load_visits, touches};
use crate::visit::tables::Tables;

/// What a join looks into.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// The connection.
    pub redis: &'a Redis,
    /// Where sites are.
    pub shards: Shards,
    /// What sources are.
    pub tables: &'a Tables,
    /// The rules of the site.
    pub rules: &'a SiteRules,
    /// The moment it is by our clock; `None` when it is the clock that leases are written by.
    pub ours: Option<Millis>,
}

/// Whose call it was, as of the call's own time. At most three round trips: holders, the best
/// candidate's visit, its visitor's touches.
pub async fn join(lookup: Lookup<'_>, site: &Site, call: &Call) -> Result<Attribution, StoreError> {
    let Lookup { redis, shards, tables, rules, ours } = lookup;
    let at = call.started_at;
    let look_back = site.look_back;
    let Some(number) = &call.tracking_number else {
        return Ok(attribute(at, &rank(at, &[]), None, &[], look_back));
    };
    if let Some(fixed) = site.static_number(number) {
        return Ok(attribute_static(tables, rules, fixed));
    }
    let keys = shards.keys(&site.id);
    let shown = holders(redis, &keys, number, at, ours, site.attribution_window).await?;
    let ranking = rank(shown.at, &shown.holders);
    let Some(best) = ranking.candidates.first() else {
        return Ok(attribute(at, &ranking, None, &[], look_back));
    };
    let visit = load_visits(redis, &keys, &[best.session]).await?.into_iter().next().flatten();
    let touches = match visit.as_ref().and_then(|visit| visit.visitor) {
        Some(visitor) => touches(redis, &keys, &visitor, Some(best.session)).await?,
        None => Vec::new(),
    };
    Ok(attribute(at, &ranking, visit.as_ref(), &touches, look_back))
}

/// Whose call it was, when somebody told that its caller was `session`. `None` when that changes nothing: the call
/// has that session already, or a certain source, or the visit is not known, came later, or is too long ago.
pub async fn join_known(
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    call: &Call,
    session: SessionId,
) -> Result<Option<Attribution>, StoreError> {
    let found = call.attribution.as_ref();
    let settled = found.is_some_and(|found| {
        found.session == Some(session) || matches!(found.basis, Basis::Static | Basis::Imported)
    });
    if settled {
        return Ok(None);
    }
    let visit = load_visits(redis, keys, &[session]).await?.into_iter().next().flatten();
    let window = site.attribution_window.as_millis() as i64;
    let fits = |age: i64| (0..=window).contains(&age);
    let visit = visit.filter(|visit| fits(call.started_at.since(visit.started_at)));
    let Some(visit) = visit else { return Ok(None) };
    let touches = match visit.visitor {
        Some(visitor) => touches(redis, keys, &visitor, Some(session)).await?,
        None => Vec::new(),
    };
    let ranking = certain(session, found.map_or(&[], |found| &found.candidates));
    Ok(Some(attribute(call.started_at, &ranking, Some(&visit), &touches, site.look_back)))
}
