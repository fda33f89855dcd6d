//! `/v1/sites/{site}/pools`: what every pool is doing, and how big it should be.

use actix_web::{HttpResponse, get, web};
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::model::{Pool, Scope, Site};
use crate::config::{Installation, Live};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::model::Tier;
use crate::lease::pools::load;
use crate::lease::pools::model::{Granted, PoolReply, PoolsReply, SizingReply};
use crate::lease::pools::sizing::advise;
use crate::lease::pools::state::{oldest_lease, state};
use crate::lease::store::LeaseStore;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::PoolId;

const HOUR_MS: i64 = 3_600_000;

/// Share of all calls that come within this many milliseconds after the caller's last sign of life, as
/// attribution assumes it.
#[derive(Clone, Copy)]
pub struct CallDelays(pub fn(i64) -> f64);

/// Mounts the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(pools).service(sizing);
}

/// What the numbers of every pool of a site are doing.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id")),
    responses(
        (status = 200, description = "The pools in the order of the configuration", body = PoolsReply),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/pools")]
async fn pools(
    caller: Caller,
    live: web::Data<Live>,
    store: web::Data<LeaseStore>,
    clock: web::Data<Clock>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let site = caller.site(&installation, &path)?;
    let now = clock.now();
    let mut pools = Vec::with_capacity(site.pools.len());
    for pool in &site.pools {
        pools.push(told(&store, &installation, site, pool, now).await?);
    }
    Ok(HttpResponse::Ok().json(PoolsReply { site: site.id.to_string(), pools }))
}

/// What sizing is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Most visitors of the peak hour that may stay without a number of their own, 0.0001 to 0.5.
    /// Default: the pool's `overflow_target`.
    target: Option<f64>,
    /// What a number costs a month in the site's currency. Default: the pool's `monthly_cost`.
    price: Option<f64>,
}

/// How many numbers a pool should have, from what was measured in the last five weeks: Erlang's loss
/// formula on arrivals and holding times.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["reader"])),
    params(
        ("site" = String, Path, description = "The site's id"),
        ("pool" = String, Path, description = "The pool's id"),
        Wanted,
    ),
    responses(
        (status = 200, description = "What would do, and what today's size does", body = SizingReply),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 404, description = "No such site or pool for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/pools/{pool}/sizing")]
async fn sizing(
    caller: Caller,
    live: web::Data<Live>,
    store: web::Data<LeaseStore>,
    clock: web::Data<Clock>,
    delays: web::Data<CallDelays>,
    path: web::Path<(String, String)>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let (site, pool) = path.into_inner();
    let site = caller.site(&installation, &site)?;
    let pool = pool.parse::<PoolId>().ok().and_then(|pool| site.pool(&pool));
    let pool = pool.ok_or(Problem::NotFound { what: "pool" })?;
    let target = wanted.target.unwrap_or(pool.overflow_target);
    if !(0.0001..=0.5).contains(&target) {
        return Err(Problem::BadRequest("`target` must be a share from 0.0001 to 0.5".to_owned()));
    }
    let price = wanted.price.or(pool.monthly_cost);
    if price.is_some_and(|price| !(0.0..=1e6).contains(&price)) {
        return Err(Problem::BadRequest("`price` must be from 0 to 1000000".to_owned()));
    }
    let (keys, now) = (installation.shards.keys(&site.id), clock.now());
    let hours = load::read(store.redis(), &keys, &pool.id, now).await?;
    let week = load::week(&hours, &TimeZone::get(&site.time_zone).unwrap_or(TimeZone::UTC));
    let today = state(store.redis(), &keys, pool, now).await?;
    let hold_ms = i64::try_from(pool.hold.as_millis()).unwrap_or(i64::MAX);
    let in_time = (delays.0)(hold_ms);
    let late_by = |seconds: f64| {
        // A float saturates.
        let until = hold_ms.saturating_add((seconds * 1e3) as i64);
        ((delays.0)(until) - in_time) / (1.0 - in_time).max(f64::EPSILON)
    };
    let numbers = u32::try_from(today.numbers).unwrap_or(u32::MAX);
    Ok(HttpResponse::Ok().json(SizingReply {
        site: site.id.to_string(),
        pool: pool.id.to_string(),
        measured_hours: hours.values().filter(|hour| hour.looks > 0).count(),
        advice: advise(&week, numbers, target, price, late_by),
        week,
    }))
}

async fn told(
    store: &LeaseStore,
    installation: &Installation,
    site: &Site,
    pool: &Pool,
    now: Millis,
) -> Result<PoolReply, Problem> {
    let keys = installation.shards.keys(&site.id);
    let hours = load::read(store.redis(), &keys, &pool.id, now).await?;
    let mut by_tier = [0; Tier::ALL.len()];
    for (_, hour) in hours.range(now.0.div_euclid(HOUR_MS) - 23..) {
        by_tier.iter_mut().zip(hour.by_tier).for_each(|(sum, more)| *sum += more);
    }
    let last_24_hours = Granted::of(by_tier);
    let overflow = last_24_hours.overflow();
    let oldest = oldest_lease(store.redis(), &keys, pool).await?;
    Ok(PoolReply {
        pool: pool.id.to_string(),
        state: state(store.redis(), &keys, pool, now).await?,
        oldest_lease_s: oldest.map(|oldest| now.since(oldest) / 1000),
        last_24_hours,
        overflow,
        overflow_target: pool.overflow_target,
        too_small: overflow.is_some_and(|overflow| overflow > pool.overflow_target),
    })
}
