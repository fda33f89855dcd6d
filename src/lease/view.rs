//! The steps behind the snippet's routes: what a page view means for the session, and asking Redis
//! for the numbers.

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use futures_util::future::try_join_all;

use crate::config::model::{ConsentDefault, Pool, Site};
use crate::http::limits::SnippetLimiter;
use crate::http::problem::Problem;
use crate::lease::model::{Lease, PageSign, SignKind, Tier};
use crate::lease::reply::Outcome;
use crate::lease::rules::{overflow, static_number};
use crate::lease::store::{Asker, LeaseStore};
use crate::lease::wire::{LeaseRequest, Shown, Want, shown_of_pool};
use crate::platform::clock::Clock;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::platform::signing::SigningKeys;
use crate::visit::device::{ClientHints, machine};
use crate::visit::model::{Consent, NoNumberReason, Place, Source, Visit};
use crate::visit::rules::{arrive, campaign_fingerprint, carried};
use crate::visit::site_rules::SiteRules;
use crate::visit::store::{change_consent, load_visits, open, touches};
use crate::visit::tables::Tables;
use crate::visit::token::{SessionToken, read_visitor};

/// What the routes need of the application.
pub(super) struct Desk<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) store: &'a LeaseStore,
    pub(super) clock: &'a Clock,
    pub(super) signing: &'a SigningKeys,
    pub(super) limiter: &'a SnippetLimiter,
    pub(super) tables: &'a Tables,
}

impl<'a> Desk<'a> {
    pub(super) fn of(request: &'a HttpRequest) -> Result<Self, Problem> {
        fn data<T: 'static>(request: &HttpRequest) -> Result<&T, Problem> {
            request.app_data::<web::Data<T>>().map(|data| &***data).ok_or(Problem::Internal)
        }
        Ok(Desk {
            request,
            store: data(request)?,
            clock: data(request)?,
            signing: data(request)?,
            limiter: data(request)?,
            tables: data(request)?,
        })
    }

    pub(super) fn user_agent(&self) -> &'a str {
        self.header(header::USER_AGENT.as_str())
    }

    pub(super) fn hints(&self) -> ClientHints<'a> {
        ClientHints {
            brands: self.header("sec-ch-ua"),
            mobile: self.header("sec-ch-ua-mobile"),
            platform: self.header("sec-ch-ua-platform"),
        }
    }

    /// The text of a header, empty when it is absent or no text.
    fn header(&self, name: &str) -> &'a str {
        let value = self.request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

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
    /// was taken back.
    Consent(Option<VisitorId>),
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
        let touch = campaign_fingerprint(desk.tables, &asked.url);
        let presented = asked.session.as_deref();
        let token = presented
            .and_then(|text| SessionToken::read(desk.signing, &site.id, text, now))
            .filter(|token| token.continues(now, site.session_timeout, touch));
        // A page that does not speak of consent (yet) changes nothing of it.
        let said_before = token.map(|token| token.consent).or(known.map(|(_, consent)| consent));
        let consent = asked.consent.map(Consent::from).or(said_before);
        let consent = consent.unwrap_or_else(|| default_consent(site));
        let known = known.map(|(visitor, _)| visitor);
        if let Some(before) = token {
            let visitor = before.visitor.or(known);
            let visitor = consent.analytics.then(|| visitor.unwrap_or_default());
            let token = SessionToken { seen: now, visitor, consent, ..before };
            let news = if (consent, visitor) == (before.consent, before.visitor) {
                News::None
            } else {
                News::Consent(before.visitor.filter(|_| visitor.is_none()))
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
            referrer_host: arrival.referrer_host,
            landing_host: arrival.landing_host,
            landing_page: arrival.landing_page,
            machine: machine(desk.user_agent(), desk.hints()),
            place: Place::default(),
            network: None,
            carried: None,
            consent,
        };
        let token = SessionToken { session, visitor, seen: now, touch, consent };
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
            News::None | News::Consent(_) => None,
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
        match &self.news {
            News::None => Ok(visitor),
            News::Opened(visit) => {
                open(redis, keys, visit, site.attribution_window, site.look_back).await?;
                Ok(visitor)
            }
            News::Consent(withdrawn) => {
                if let Some(visitor) = withdrawn {
                    desk.store.forget(keys, site, visitor).await?;
                }
                change_consent(redis, keys, session, (consent, visitor), site.look_back, seen).await
            }
        }
    }
}

fn default_consent(site: &Site) -> Consent {
    let granted = site.consent == ConsentDefault::Granted;
    Consent { analytics: granted, ads: granted }
}

/// A number of every pool that a target of the site names. A session that goes on mostly just
/// renews; a new one has nothing to renew.
pub(super) async fn lease_all(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &Site,
    view: &View,
    sign: &PageSign,
    asked: &LeaseRequest,
) -> Result<Outcome, StoreError> {
    if asked.want != Want::Now {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    let pools = pools(site);
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
        return Ok(Outcome::Leases(leases));
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
        let shown = shown_of_pool(&asked.shown, site, pool);
        let asker = Asker { session, visitor, sign, shown, overflow };
        async move { desk.store.acquire(keys, site, pool, &asker, desk.clock).await }
    });
    let granted: Vec<Lease> = try_join_all(asking).await?.into_iter().flatten().collect();
    for lease in &granted {
        metrics::counter!("ringtrace_leases_total", "tier" => lease.tier.word()).increment(1);
    }
    leases.extend(granted);
    Ok(Outcome::Leases(leases))
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
pub(super) async fn sign_of_life(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &Site,
    token: &SessionToken,
    sign: &PageSign,
    shown: &Shown,
) -> Result<Outcome, StoreError> {
    let pools = pools(site);
    let session = token.session;
    let renewed = desk.store.renew(keys, site, &pools, &session, sign, desk.clock).await?;
    let mut leases = Vec::with_capacity(pools.len());
    for (pool, lease) in pools.iter().zip(renewed) {
        let shown = shown_of_pool(shown, site, pool);
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
                let asker = Asker { session, visitor: token.visitor, sign, shown, overflow };
                desk.store.acquire(keys, site, pool, &asker, desk.clock).await?
            }
            lease => lease,
        };
        leases.extend(lease);
    }
    if leases.is_empty() {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    Ok(Outcome::Leases(leases))
}

/// The pools that the targets of a site name, each once.
fn pools(site: &Site) -> Vec<&Pool> {
    let mut pools: Vec<&Pool> = Vec::with_capacity(site.targets.len());
    for target in &site.targets {
        if let Some(pool) = site.pool(&target.pool)
            && !pools.iter().any(|known| known.id == pool.id)
        {
            pools.push(pool);
        }
    }
    pools
}
