//! The steps behind the snippet's routes, and behind a replay: what a page view means for the
//! session, and asking Redis for the numbers.

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use futures_util::future::{join, try_join_all};

use crate::config::model::{ConsentDefault, Pool, Site};
use crate::http::limits::SnippetLimiter;
use crate::http::problem::Problem;
use crate::lease::model::{Lease, PageSign, SignKind, Tier};
use crate::lease::reply::Outcome;
use crate::lease::rules::{overflow, static_number};
use crate::lease::store::{Asker, LeaseStore};
use crate::lease::wire::{LeaseRequest, Shown, Want, shown_of_pool};
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
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
pub struct View {
    /// Whose page it is from now on.
    pub token: SessionToken,
    /// What must be written down of it.
    news: News,
    /// The visitor, when it was known before.
    returning: Option<VisitorId>,
}

/// What a page view changes in the stored visit.
enum News {
    /// A session goes on as it was.
    None,
    /// A new session.
    Opened(Box<Visit>),
    /// The session goes on with another consent; the visitor, if it had one and consent to analytics
    /// was taken back.
    Consent(Option<VisitorId>),
}

/// What the first page of a session says of the visit, by itself and by its request.
#[derive(Clone, Copy)]
pub struct FirstPage<'a> {
    /// `location.href`
    pub url: &'a str,
    /// `document.referrer`
    pub referrer: &'a str,
    /// The header `User-Agent`.
    pub user_agent: &'a str,
    /// What the browser says of its machine besides.
    pub hints: ClientHints<'a>,
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
            return View::goes_on(before, known, consent, now);
        }
        let visitor = consent.analytics.then(|| known.unwrap_or_default());
        let token = SessionToken { session: SessionId::new(), visitor, seen: now, touch, consent };
        let page = FirstPage {
            url: &asked.url,
            referrer: asked.referrer.as_deref().unwrap_or(""),
            user_agent: desk.user_agent(),
            hints: desk.hints(),
        };
        View::opens(desk.tables, site, rules, token, page, known.is_some())
    }

    /// The session of `before` goes on at `now` with this consent; its visitor was `known` before it.
    pub fn goes_on(
        before: SessionToken,
        known: Option<VisitorId>,
        consent: Consent,
        now: Millis,
    ) -> Self {
        let visitor = before.visitor.or(known);
        let visitor = consent.analytics.then(|| visitor.unwrap_or_default());
        let token = SessionToken { seen: now, visitor, consent, ..before };
        let news = if (consent, visitor) == (before.consent, before.visitor) {
            News::None
        } else {
            News::Consent(before.visitor.filter(|_| visitor.is_none()))
        };
        View { token, news, returning: None }
    }

    /// A session that begins with `page`: the one that `token` says. Its visitor, if any, is
    /// `known` from before or new.
    pub fn opens(
        tables: &Tables,
        site: &Site,
        rules: &SiteRules,
        token: SessionToken,
        page: FirstPage<'_>,
        known: bool,
    ) -> Self {
        let arrival = arrive(tables, rules, page.url, page.referrer);
        let visit = Visit {
            session: token.session,
            visitor: token.visitor,
            site: site.id.clone(),
            started_at: token.seen,
            source: arrival.source,
            click_ids: arrival.click_ids,
            referrer_host: arrival.referrer_host,
            landing_host: arrival.landing_host,
            landing_page: arrival.landing_page,
            machine: machine(page.user_agent, page.hints),
            place: Place::default(),
            network: None,
            carried: None,
            consent: token.consent,
        };
        View {
            token,
            news: News::Opened(Box::new(visit)),
            returning: token.visitor.filter(|_| known),
        }
    }

    /// Whether [`serve`] will ask Redis for what it must know before it asks for a number.
    pub fn looks_back(&self) -> bool {
        match &self.news {
            News::Opened(visit) => self.returning.is_some() && visit.source.is_direct(),
            News::None => false,
            News::Consent(_) => true,
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
    async fn carry(
        &mut self,
        redis: &Redis,
        keys: &SiteKeys,
        site: &Site,
    ) -> Result<(), StoreError> {
        let News::Opened(visit) = &mut self.news else { return Ok(()) };
        let Some(visitor) = self.returning.filter(|_| visit.source.is_direct()) else {
            return Ok(());
        };
        let touches = touches(redis, keys, &visitor).await?;
        if let Some(touch) = carried(&touches, site.look_back, visit.started_at) {
            visit.carry(touch);
        }
        Ok(())
    }

    /// Writes the news down. Returns whose the session is now: a message that was repeated must not
    /// make another visitor.
    async fn record(
        &self,
        store: &LeaseStore,
        keys: &SiteKeys,
        site: &Site,
    ) -> Result<Option<VisitorId>, StoreError> {
        let redis = store.redis();
        let SessionToken { session, visitor, seen, consent, .. } = self.token;
        match &self.news {
            News::None => Ok(visitor),
            News::Opened(visit) => {
                open(redis, keys, visit, site.attribution_window, site.look_back).await?;
                Ok(visitor)
            }
            News::Consent(withdrawn) => {
                if let Some(visitor) = withdrawn {
                    store.forget(keys, site, visitor).await?;
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

/// Serves a page view: writes down what it means for the session, and leases what it wishes for.
/// Returns whose the session is now.
pub async fn serve(
    store: &LeaseStore,
    clock: &Clock,
    keys: &SiteKeys,
    site: &Site,
    view: &mut View,
    wish: Wish<'_>,
) -> Result<(Option<VisitorId>, Outcome), StoreError> {
    view.carry(store.redis(), keys, site).await?;
    // Both are on their way to Redis at once, the session first.
    let recorded = view.record(store, keys, site);
    let leased = lease_all(store, clock, keys, site, view, wish);
    let (recorded, leased) = join(recorded, leased).await;
    recorded.and_then(|visitor| Ok((visitor, leased?)))
}

/// A number of every pool that a target of the site names. A session that goes on mostly just
/// renews; a new one has nothing to renew.
async fn lease_all(
    store: &LeaseStore,
    clock: &Clock,
    keys: &SiteKeys,
    site: &Site,
    view: &View,
    wish: Wish<'_>,
) -> Result<Outcome, StoreError> {
    if wish.want != Want::Now {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    let pools = pools(site);
    let session = view.token.session;
    let opened = view.opened();
    let renewed = match opened {
        Some(_) => vec![None; pools.len()],
        None => store.renew(keys, site, &pools, &session, wish.sign, clock).await?,
    };
    let missing = pools.iter().zip(&renewed).filter(|(_, lease)| lease.is_none());
    let missing: Vec<&Pool> = missing.map(|(pool, _)| *pool).collect();
    let mut leases: Vec<Lease> = renewed.into_iter().flatten().collect();
    if missing.is_empty() {
        return Ok(Outcome::Leases(leases));
    }
    let known = match opened {
        None => known_source(store.redis(), keys, site, session).await?,
        Some(_) => None,
    };
    let source = opened.map(|visit| &visit.source).or(known.as_ref());
    let own_number = source.and_then(|source| static_number(site, source));
    let visitor = view.token.visitor;
    let asking = missing.iter().map(|pool| {
        let overflow = overflow(pool, own_number);
        let shown = shown_of_pool(wish.shown, site, pool);
        let asker = Asker { session, visitor, sign: wish.sign, shown, overflow };
        async move { store.acquire(keys, site, pool, &asker, clock).await }
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
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    session: SessionId,
) -> Result<Option<Source>, StoreError> {
    if site.static_numbers.is_empty() {
        return Ok(None);
    }
    let visits = load_visits(redis, keys, &[session]).await?;
    Ok(visits.into_iter().flatten().next().map(|visit| visit.source))
}

/// Renews what the session holds; what ran out, or was forgotten, while a page still shows it comes
/// back.
pub async fn sign_of_life(
    store: &LeaseStore,
    clock: &Clock,
    keys: &SiteKeys,
    site: &Site,
    token: &SessionToken,
    sign: &PageSign,
    shown: &Shown,
) -> Result<Outcome, StoreError> {
    let pools = pools(site);
    let session = token.session;
    let renewed = store.renew(keys, site, &pools, &session, sign, clock).await?;
    let mut leases = Vec::with_capacity(pools.len());
    for (pool, lease) in pools.iter().zip(renewed) {
        let shown = shown_of_pool(shown, site, pool);
        let lost = match &lease {
            None => true,
            // Another page was left alone meanwhile; this one still shows a number.
            Some(lease) => lease.tier == Tier::Original && shown.is_some(),
        };
        let lease = match lease {
            _ if lost && sign.kind == SignKind::Beat => {
                // The number on the page comes back whatever the overflow says.
                let overflow = overflow(pool, None);
                let asker = Asker { session, visitor: token.visitor, sign, shown, overflow };
                store.acquire(keys, site, pool, &asker, clock).await?
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
