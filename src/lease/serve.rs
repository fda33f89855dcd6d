//! Serving a sign of life: asking Redis for the numbers. The snippet's routes and a replay both do.

use futures_util::future::{join, try_join_all};
use url::Url;

use crate::config::model::{Pool, Site};
use crate::lease::model::{Lease, PageSign, SignKind, Tier};
use crate::lease::pools::load::Grants;
use crate::lease::reply::Outcome;
use crate::lease::rules::{overflow, static_number};
use crate::lease::shares::Guard;
use crate::lease::store::{Asker, LeaseStore};
use crate::lease::trackers::{Plan, Trackers};
use crate::lease::view::View;
use crate::lease::wire::{Shown, Want};
use crate::platform::clock::Clock;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;
use crate::visit::landing::page;
use crate::visit::model::{NoNumberReason, Place, Source};
use crate::visit::site_rules::SiteRules;
use crate::visit::store::load_visits;
use crate::visit::token::{Marks, SessionToken};

/// Who hands out numbers, and counts them.
#[derive(Clone, Copy)]
pub struct Clerk<'a> {
    /// The leases.
    pub store: &'a LeaseStore,
    /// The clock.
    pub clock: &'a Clock,
    /// What was handed out.
    pub grants: &'a Grants,
    /// What decides which numbers serve the targets of the site.
    pub trackers: &'a Trackers,
    /// How its page views are read.
    pub rules: &'a SiteRules,
    /// What the network that asks may have; `None`: as much as it wants.
    pub guard: Option<Guard<'a>>,
}

impl Clerk<'_> {
    /// Notes what a session holds now.
    fn note(&self, site: &Site, session: SessionId, leases: &[Lease], kind: SignKind) {
        if let Some(guard) = &self.guard {
            let now = self.clock.now();
            leases.iter().for_each(|lease| guard.note(site, session, lease, kind, now));
        }
    }

    /// The pools that may be asked for a number, and those of which the network has its share.
    fn within_share<'p>(
        &self,
        site: &Site,
        session: SessionId,
        pools: Vec<&'p Pool>,
    ) -> (Vec<&'p Pool>, Vec<&'p Pool>) {
        let now = self.clock.now();
        let may =
            |pool: &&Pool| self.guard.is_none_or(|guard| guard.allows(site, pool, session, now));
        pools.into_iter().partition(may)
    }

    /// What a session gets of a pool of which its network has its share: what comes after sharing. Shared numbers would
    /// cost those who hold them their own.
    fn held_back(&self, site: &Site, pool: &Pool, source: Option<&PhoneNumber>) -> Lease {
        let number = overflow(pool, source).source.cloned();
        let tier = if number.is_some() { Tier::Source } else { Tier::Original };
        let lease =
            Lease { pool: pool.id.clone(), number, tier, since: self.clock.now(), is_new: true };
        self.count(site, &lease, None);
        lease
    }

    /// Counts what the session did not have before; `shown` is the number that stood on its page.
    fn count(&self, site: &Site, lease: &Lease, shown: Option<&PhoneNumber>) {
        if lease.is_new {
            if lease.tier == Tier::Shared && shown.is_some() && shown == lease.number.as_ref() {
                metrics::counter!("ringtrace_numbers_joined_total").increment(1);
            }
            let labels = [
                ("site", site.id.to_string()),
                ("pool", lease.pool.to_string()),
                ("tier", lease.tier.word().to_owned()),
            ];
            metrics::counter!("ringtrace_leases_total", &labels).increment(1);
            self.grants.count(&site.id, &lease.pool, lease.tier);
        }
    }
}

/// How a page view wants to be served.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The message.
    pub sign: &'a PageSign,
    /// Whether a number is wanted.
    pub want: Want,
    /// The numbers that are on the page already.
    pub shown: &'a Shown,
    /// The page's address.
    pub url: &'a str,
    /// Where the visitor is, for pools that match areas.
    pub place: Option<&'a Place>,
}

/// Serves a page view: writes down what it means for the session, and leases what it wishes for.
/// Returns whose the session is now.
pub async fn serve(
    clerk: &Clerk<'_>,
    keys: &SiteKeys,
    site: &Site,
    view: &mut View,
    wish: Wish<'_>,
) -> Result<(Option<VisitorId>, Outcome), StoreError> {
    view.carry(clerk.store.redis(), keys, site).await?;
    view.choose(clerk.trackers, site, clerk.rules, wish.url);
    let recorded = view.record(clerk.store, keys, site);
    let leased = lease_all(clerk, keys, site, view, wish);
    let (recorded, leased) = join(recorded, leased).await;
    recorded.and_then(|visitor| Ok((visitor, leased?)))
}

/// A number of every pool that serves a target in this session. A session that goes on mostly just
/// renews; a new one has nothing to renew. A page that asks `auto` where pages wait is told what the
/// session has already, and takes nothing.
async fn lease_all(
    clerk: &Clerk<'_>,
    keys: &SiteKeys,
    site: &Site,
    view: &View,
    wish: Wish<'_>,
) -> Result<Outcome, StoreError> {
    let marks = view.token.marks;
    let plan = clerk.trackers.plan(site, marks);
    let pools = plan.pools();
    let session = view.token.session;
    let mut opening = view.opening(keys, site)?;
    let may_take = match wish.want {
        Want::Now => true,
        // A number that is on the page already must not be taken from it.
        Want::Auto => site.snippet.lease_when.is_at_once() || !wish.shown.is_empty(),
        Want::Later | Want::None => false,
    };
    if let Some(opening) = opening.take_if(|_| !may_take || pools.is_empty()) {
        opening.write(clerk.store.redis()).await?;
    }
    if matches!(wish.want, Want::Later | Want::None) {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    let opened = view.opened();
    // The first page of a session is its landing page, which is kept with the visit.
    let path = if opened.is_none() { path_of(wish.url) } else { None };
    let sign = &PageSign { path, ..wish.sign.clone() };
    let renewed = match opened {
        Some(_) => vec![None; pools.len()],
        None => clerk.store.renew(keys, site, &pools, &session, sign, clerk.clock).await?,
    };
    let missing = pools.iter().zip(&renewed).filter(|(_, lease)| lease.is_none());
    let missing: Vec<&Pool> = missing.map(|(pool, _)| *pool).collect();
    let mut leases: Vec<Lease> = renewed.into_iter().flatten().collect();
    clerk.note(site, session, &leases, SignKind::View);
    if !may_take {
        leases.retain(|lease| lease.number.is_some());
        return Ok(what_it_has(&plan, marks, leases));
    }
    if missing.is_empty() {
        return Ok(Outcome::Leases(marks, leases));
    }
    let known = match opened {
        None => known_source(clerk, keys, site, session).await?,
        Some(_) => None,
    };
    let source = opened.map(|visit| &visit.source).or(known.as_ref());
    let own_number = source.and_then(|source| static_number(site, source));
    let visitor = view.token.visitor;
    let (asked, held_back) = clerk.within_share(site, session, missing);
    if let Some(opening) = opening.take_if(|_| asked.is_empty()) {
        opening.write(clerk.store.redis()).await?;
    }
    let mut unwritten = opening.as_ref();
    let asking = asked.iter().map(|pool| {
        let overflow = overflow(pool, own_number);
        let shown = plan.shown(wish.shown, pool);
        let place = wish.place;
        // The first one writes the session too, and is on its way before the others.
        let opening = unwritten.take();
        let asker = Asker { session, visitor, sign, shown, overflow, place, opening };
        async move { clerk.store.acquire(keys, site, pool, &asker, clerk.clock).await }
    });
    let granted: Vec<Lease> = try_join_all(asking).await?.into_iter().flatten().collect();
    for lease in &granted {
        let shown = site.pool(&lease.pool).and_then(|pool| plan.shown(wish.shown, pool));
        clerk.count(site, lease, shown);
    }
    clerk.note(site, session, &granted, SignKind::View);
    leases.extend(granted);
    leases.extend(held_back.iter().map(|pool| clerk.held_back(site, pool, own_number)));
    Ok(Outcome::Leases(marks, leases))
}

/// The path of the page at `url`, as reports show it.
fn path_of(url: &str) -> Option<String> {
    let path = page(&Url::parse(url).ok()?);
    // Words of a lease are told apart by spaces.
    (!path.contains(char::is_whitespace)).then_some(path)
}

/// The source of a session that was opened earlier, when some static number might need it.
async fn known_source(
    clerk: &Clerk<'_>,
    keys: &SiteKeys,
    site: &Site,
    session: SessionId,
) -> Result<Option<Source>, StoreError> {
    if site.static_numbers.is_empty() {
        return Ok(None);
    }
    let visits = load_visits(clerk.store.redis(), keys, &[session]).await?;
    Ok(visits.into_iter().flatten().next().map(|visit| visit.source))
}

/// Renews what the session holds; what ran out, or was forgotten, while a page still shows it comes
/// back.
pub async fn sign_of_life(
    clerk: &Clerk<'_>,
    keys: &SiteKeys,
    site: &Site,
    token: &SessionToken,
    sign: &PageSign,
    shown: &Shown,
) -> Result<Outcome, StoreError> {
    let plan = clerk.trackers.plan(site, token.marks);
    let pools = plan.pools();
    let session = token.session;
    let renewed = clerk.store.renew(keys, site, &pools, &session, sign, clerk.clock).await?;
    let mut leases = Vec::with_capacity(pools.len());
    for (pool, lease) in pools.iter().zip(renewed) {
        let shown = plan.shown(shown, pool);
        let lost = match &lease {
            None => true,
            // Another page was left alone meanwhile, or Redis forgot the newest it was told; this
            // one still shows a number.
            Some(Lease { tier: Tier::Original | Tier::Source, number, .. }) => {
                shown.is_some() && shown != number.as_ref()
            }
            Some(_) => false,
        };
        let lease = match lease {
            _ if lost && sign.kind == SignKind::Beat => {
                // The number on the page comes back whatever the overflow says.
                let overflow = overflow(pool, None);
                let visitor = token.visitor;
                let (place, opening) = (None, None);
                let asker = Asker { session, visitor, sign, shown, overflow, place, opening };
                let again = clerk.store.acquire(keys, site, pool, &asker, clerk.clock).await?;
                again.iter().for_each(|lease| clerk.count(site, lease, shown));
                again
            }
            lease => lease,
        };
        leases.extend(lease);
    }
    clerk.note(site, session, &leases, sign.kind);
    Ok(what_it_has(&plan, token.marks, leases))
}

/// What a session with these leases is told where nothing more is taken.
fn what_it_has(plan: &Plan<'_>, marks: Marks, leases: Vec<Lease>) -> Outcome {
    match leases.is_empty() && !plan.has_static_numbers() {
        true => Outcome::Nothing(NoNumberReason::NotWanted),
        false => Outcome::Leases(marks, leases),
    }
}
