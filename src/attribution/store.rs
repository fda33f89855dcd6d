//! The join: reads who was shown the called number, and what they came from.

use crate::attribution::model::Attribution;
use crate::attribution::rules::{attribute, attribute_static, rank};
use crate::call::model::Call;
use crate::config::model::Site;
use crate::lease::holders::holders;
use crate::platform::clock::Millis;
use crate::platform::keys::Shards;
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
