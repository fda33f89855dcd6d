//! The steps behind the snippet's routes: what a page view means for the session, and asking Redis
//! for the numbers.

use futures_util::future::try_join_all;

use crate::config::Installation;
use crate::config::model::{ConsentDefault, Pool, Site};
use crate::lease::desk::Desk;
use crate::lease::model::{Lease, PageSign, SignKind, Tier};
use crate::lease::reply::Outcome;
use crate::lease::rules::{overflow, static_number};
use crate::lease::store::Asker;
use crate::lease::trackers::Plan;
use crate::lease::wire::{LeaseRequest, Shown, Want};
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::visit::ad_ids::AdIds;
use crate::visit::address::kept;
use crate::visit::carry::carried;
use crate::visit::cookies;
use crate::visit::device::machine;
use crate::visit::model::{Consent, NoNumberReason, Source, Visit};
use crate::visit::rules::{arrive, campaign_fingerprint};
use crate::visit::site_rules::SiteRules;
use crate::visit::store::{Said, change_consent, learn_ad_ids, load_visits, open, touches};
use crate::visit::token::{Marks, SessionToken, read_visitor};

/// What a page view means for the session.
pub(super) struct View {
    pub(super) token: SessionToken,
    /// What must be written down of it.
    pub(super) news: News,
    /// The visitor, when it was known before.
    returning: Option<VisitorId>,
}

/// What a page view changes in the stored visit.
pub(super) enum News {
    /// A session goes on as it was.
    None,
    /// A new session.
    Opened(Box<Visit>),
    /// The session goes on with another consent; the visitor, if it had one and consent to analytics
    /// was taken back, and what tags now know of the browser.
    Consent(Option<VisitorId>, Box<AdIds>),
    /// The session goes on; this is what tags know of the browser now. Most write their cookies after
    /// the first page view only.
    AdIds(Box<AdIds>),
}

impl View {
    pub(super) fn decide(
        desk: &Desk<'_>,
        site: &Site,
        rules: &SiteRules,
        asked: &LeaseRequest,
    ) -> Self {
        let now = desk.clock.now();
        let presented = asked.visitor.as_deref();
        let known = presented.and_then(|text| read_visitor(desk.signing, &site.id, text));
        let touch = campaign_fingerprint(desk.tables, rules, &asked.url);
        let presented = asked.session.as_deref();
        let token = presented
            .and_then(|text| SessionToken::read(desk.signing, &site.id, text, now))
            .filter(|token| token.continues(now, site.session_timeout, touch));
        // A page that does not speak of consent (yet) changes nothing of it.
        let said_before = token.map(|token| token.consent).or(known.map(|(_, consent)| consent));
        let consent = asked.consent.map(Consent::from).or(said_before);
        let consent = consent.unwrap_or_else(|| default_consent(site));
        let known = known.map(|(visitor, _)| visitor);
        let ad_ids = if consent.ads { cookies::read(&asked.cookies) } else { AdIds::default() };
        if let Some(before) = token {
            let visitor = before.visitor.or(known);
            let visitor = consent.analytics.then(|| visitor.unwrap_or_default());
            let token = SessionToken { seen: now, visitor, consent, ..before };
            let news = if (consent, visitor) != (before.consent, before.visitor) {
                let withdrawn = before.visitor.filter(|_| visitor.is_none());
                News::Consent(withdrawn, Box::new(ad_ids))
            } else if ad_ids.is_empty() {
                News::None
            } else {
                News::AdIds(Box::new(ad_ids))
            };
            return View { token, news, returning: None };
        }
        let visitor = consent.analytics.then(|| known.unwrap_or_default());
        let session = SessionId::new();
        let referrer = asked.referrer.as_deref().unwrap_or("");
        let arrival = arrive(desk.tables, rules, &asked.url, referrer);
        let visit = Visit {
            session,
            visitor,
            site: site.id.clone(),
            started_at: now,
            source: arrival.source,
            click_ids: arrival.click_ids,
            ad_ids,
            referrer_host: arrival.referrer_host,
            landing_host: arrival.landing_host,
            landing_page: arrival.landing_page,
            machine: machine(desk.tables, desk.user_agent(), desk.hints()),
            place: desk.located().place.clone(),
            network: kept(desk.address, site.visits.keep_ip),
            carried: None,
            consent,
        };
        let marks = Marks::default();
        let token = SessionToken { session, visitor, seen: now, touch, consent, marks };
        View {
            token,
            news: News::Opened(Box::new(visit)),
            returning: known.filter(|_| consent.analytics),
        }
    }

    /// The visit to write when it opens a new session.
    pub(super) fn opened(&self) -> Option<&Visit> {
        match &self.news {
            News::Opened(visit) => Some(visit),
            News::None | News::Consent(..) | News::AdIds(_) => None,
        }
    }

    /// Lets a direct visit of a known visitor carry on the source that it is known for.
    pub(super) async fn carry(
        &mut self,
        desk: &Desk<'_>,
        keys: &SiteKeys,
        site: &Site,
    ) -> Result<(), StoreError> {
        let News::Opened(visit) = &mut self.news else { return Ok(()) };
        let Some(visitor) = self.returning.filter(|_| visit.source.is_direct()) else {
            return Ok(());
        };
        let touches = touches(desk.store.redis(), keys, &visitor).await?;
        if let Some(touch) = carried(&touches, site.look_back, visit.started_at) {
            visit.carry(touch);
        }
        Ok(())
    }

    /// Decides for good what serves the targets of a session that opens; after [`View::carry`].
    pub(super) fn choose(&mut self, installation: &Installation, site: &Site, url: &str) {
        if let News::Opened(visit) = &self.news {
            let (trackers, rules) = (installation.trackers(&site.id), installation.rules(&site.id));
            self.token.marks = trackers.choose(site, rules, visit, url);
        }
    }

    /// Writes the news down. Returns whose the session is now: a message that was repeated must not
    /// make another visitor.
    pub(super) async fn record(
        &self,
        desk: &Desk<'_>,
        keys: &SiteKeys,
        site: &Site,
    ) -> Result<Option<VisitorId>, StoreError> {
        let redis = desk.store.redis();
        let SessionToken { session, visitor, seen, consent, .. } = self.token;
        let client = || consent.ads.then(|| desk.sealed_client(site, &session)).flatten();
        match &self.news {
            News::None => Ok(visitor),
            News::Opened(visit) => {
                let (window, look_back, client) =
                    (site.attribution_window, site.look_back, client());
                open(redis, keys, visit, window, look_back, client.as_ref()).await?;
                Ok(visitor)
            }
            News::Consent(withdrawn, ad_ids) => {
                if let Some(visitor) = withdrawn {
                    desk.store.forget(keys, site, visitor).await?;
                }
                let client = client();
                let said = Said { consent, visitor, ad_ids, client: client.as_ref() };
                change_consent(redis, keys, session, said, site.look_back, seen).await
            }
            News::AdIds(ad_ids) => {
                learn_ad_ids(redis, keys, session, ad_ids).await?;
                Ok(visitor)
            }
        }
    }
}

fn default_consent(site: &Site) -> Consent {
    let granted = site.consent == ConsentDefault::Granted;
    Consent { analytics: granted, ads: granted }
}

/// A number of every pool in the plan. A session that goes on mostly just
/// renews; a new one has nothing to renew.
pub(super) async fn lease_all<'a>(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &'a Site,
    plan: Plan<'a>,
    view: &View,
    sign: &PageSign,
    asked: &LeaseRequest,
) -> Result<Outcome<'a>, StoreError> {
    if asked.want != Want::Now {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    let pools = plan.pools();
    let session = view.token.session;
    let opened = view.opened();
    let renewed = match opened {
        Some(_) => vec![None; pools.len()],
        None => desk.store.renew(keys, site, &pools, &session, sign, desk.clock).await?,
    };
    let missing = pools.iter().zip(&renewed).filter(|(_, lease)| lease.is_none());
    let missing: Vec<&Pool> = missing.map(|(pool, _)| *pool).collect();
    let mut leases: Vec<Lease> = renewed.into_iter().flatten().collect();
    if missing.is_empty() {
        return Ok(Outcome::Leases(plan, leases));
    }
    let known = match opened {
        None => known_source(desk, keys, site, session).await?,
        Some(_) => None,
    };
    let source = opened.map(|visit| &visit.source).or(known.as_ref());
    let own_number = source.and_then(|source| static_number(site, source));
    let visitor = view.token.visitor;
    let asking = missing.iter().map(|pool| {
        let overflow = overflow(pool, own_number);
        let shown = plan.shown(&asked.shown, pool);
        let place = pool.match_area.then(|| &desk.located().place);
        let asker = Asker { session, visitor, sign, shown, overflow, place };
        async move { desk.store.acquire(keys, site, pool, &asker, desk.clock).await }
    });
    let granted: Vec<Lease> = try_join_all(asking).await?.into_iter().flatten().collect();
    for lease in &granted {
        desk.count(site, lease);
    }
    leases.extend(granted);
    Ok(Outcome::Leases(plan, leases))
}

/// The source of a session that was opened earlier, when some static number might need it.
async fn known_source(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &Site,
    session: SessionId,
) -> Result<Option<Source>, StoreError> {
    if site.static_numbers.is_empty() {
        return Ok(None);
    }
    let visits = load_visits(desk.store.redis(), keys, &[session]).await?;
    Ok(visits.into_iter().flatten().next().map(|visit| visit.source))
}

/// Renews what the session holds; what ran out, or was forgotten, while a page still shows it comes
/// back.
pub(super) async fn sign_of_life<'a>(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &'a Site,
    plan: Plan<'a>,
    token: &SessionToken,
    sign: &PageSign,
    shown: &Shown,
) -> Result<Outcome<'a>, StoreError> {
    let pools = plan.pools();
    let session = token.session;
    let renewed = desk.store.renew(keys, site, &pools, &session, sign, desk.clock).await?;
    let mut leases = Vec::with_capacity(pools.len());
    for (pool, lease) in pools.iter().zip(renewed) {
        let shown = plan.shown(shown, pool);
        let lost = match &lease {
            None => true,
            // Another page was left alone meanwhile; this one still shows a number.
            Some(lease) => lease.tier == Tier::Original && shown.is_some(),
        };
        let lease = match lease {
            _ if lost && sign.kind == SignKind::Beat => {
                // The number on the page comes back whatever the overflow says.
                let overflow = overflow(pool, None);
                let visitor = token.visitor;
                let asker = Asker { session, visitor, sign, shown, overflow, place: None };
                let again = desk.store.acquire(keys, site, pool, &asker, desk.clock).await?;
                again.iter().for_each(|lease| desk.count(site, lease));
                again
            }
            lease => lease,
        };
        leases.extend(lease);
    }
    if leases.is_empty() && !plan.has_static_numbers() {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    Ok(Outcome::Leases(plan, leases))
}
