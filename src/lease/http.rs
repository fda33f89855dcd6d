//! `POST /v1/lease` and `POST /v1/beat`: what the snippet asks (`docs/protocol.md`).
//!
//! Steps: read the body, find the site, check the origin, turn away who gets no number (each with a
//! reason of a closed list, each counted), decide the session, ask Redis once, answer.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, post, web};
use futures_util::future::{join, try_join_all};

use crate::config::model::{ConsentDefault, Pool, Site};
use crate::config::{Installation, Live};
use crate::http::limits::{SnippetLimiter, client_ip};
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::model::{Lease, PageSign, SignKind, TelClick};
use crate::lease::reply::{Outcome, reply};
use crate::lease::rules::{origin_allowed, overflow, static_number};
use crate::lease::store::{Asker, LeaseStore};
use crate::lease::wire::{BeatRequest, LeaseRequest, Reply, Want};
use crate::platform::clock::Clock;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::platform::signing::SigningKeys;
use crate::visit::bot::bot;
use crate::visit::device::device;
use crate::visit::model::{Consent, NoNumberReason, Source, Visit};
use crate::visit::rules::{arrive, campaign_fingerprint};
use crate::visit::store::{load_visits, open};
use crate::visit::tables::Tables;
use crate::visit::token::{SessionToken, read_visitor, sign_visitor};

/// Mounts the snippet's routes.
pub fn routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    cfg.service(post_lease).service(post_beat);
}

/// What the routes need of the application.
struct Desk<'a> {
    request: &'a HttpRequest,
    store: &'a LeaseStore,
    clock: &'a Clock,
    signing: &'a SigningKeys,
    limiter: &'a SnippetLimiter,
    tables: &'a Tables,
}

impl<'a> Desk<'a> {
    fn of(request: &'a HttpRequest) -> Result<Self, Problem> {
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

    fn user_agent(&self) -> &'a str {
        let value = self.request.headers().get(header::USER_AGENT);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// A page view: counts it, and leases a number for it when one is wanted.
#[utoipa::path(
    tag = "snippet",
    request_body(content = LeaseRequest, content_type = "text/plain"),
    responses(
        (status = 200, description = "Every target with the number to show", body = Reply),
        (status = "4XX", description = "The page stays as it is", body = ProblemBody),
    )
)]
#[post("/v1/lease")]
async fn post_lease(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Problem> {
    let desk = Desk::of(&request)?;
    let live = live(&request)?.now_full();
    let bytes = read_body(body, live.config.limits.snippet_body).await?;
    let asked = LeaseRequest::read(&bytes)?;
    let (site, origin) = site(&request, &live, &asked.key)?;

    let turned_away = turn_away(&desk, &live, asked.prerender);
    if let Some(reason) = turned_away {
        // Its session, if any, stays as it was: nothing new is signed.
        let outcome = Outcome::Nothing(reason);
        return answer(&reply(&live, site, &outcome, asked.session, asked.visitor), origin);
    }
    if asked.seq == 1 {
        metrics::counter!("ringtrace_page_views_total").increment(1);
    }
    let view = View::decide(&desk, site, &asked);
    let sign = PageSign { page: asked.page, seq: asked.seq, kind: SignKind::View, tel_click: None };
    let keys = live.shards.keys(&site.id);
    let opened = async {
        match &view.opens {
            None => Ok(()),
            Some(visit) => {
                let (window, look_back) = (site.attribution_window, site.look_back);
                open(desk.store.redis(), &keys, visit, window, look_back).await
            }
        }
    };
    let leased = lease_all(&desk, &keys, site, &view, &sign, asked.want);
    // Both are on their way to Redis at once, the session first.
    let (opened, leased) = join(opened, leased).await;
    let outcome = match opened.and(leased) {
        Ok(outcome) => outcome,
        Err(error) => {
            let outcome = unavailable(&error);
            let known = view.opens.is_none().then_some(asked.session).flatten();
            return answer(&reply(&live, site, &outcome, known, asked.visitor), origin);
        }
    };
    if view.opens.is_some() {
        metrics::counter!("ringtrace_sessions_total").increment(1);
    }
    let session = Some(view.token.sign(desk.signing, &site.id));
    let visitor = view.visitor.map(|id| sign_visitor(desk.signing, &site.id, id, view.token.seen));
    answer(&reply(&live, site, &outcome, session, visitor), origin)
}

/// A sign of life of a page.
#[utoipa::path(
    tag = "snippet",
    request_body(content = BeatRequest, content_type = "text/plain"),
    responses(
        (status = 200, description = "Every target with the number that the session holds", body = Reply),
        (status = "4XX", description = "The page stays as it is", body = ProblemBody),
    )
)]
#[post("/v1/beat")]
async fn post_beat(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Problem> {
    let desk = Desk::of(&request)?;
    let live = live(&request)?.now_full();
    let bytes = read_body(body, live.config.limits.snippet_body).await?;
    let asked = BeatRequest::read(&bytes)?;
    let (site, origin) = site(&request, &live, &asked.key)?;

    let now = desk.clock.now();
    // However long it was silent: a page that is still open is still that visit.
    let Some(token) = SessionToken::read(desk.signing, &site.id, &asked.session, now) else {
        let outcome = Outcome::Nothing(NoNumberReason::NotWanted);
        return answer(&reply(&live, site, &outcome, None, None), origin);
    };
    let visitor = token.visitor.map(|id| sign_visitor(desk.signing, &site.id, id, now));
    if let Some(reason) = turn_away(&desk, &live, false) {
        let outcome = Outcome::Nothing(reason);
        return answer(&reply(&live, site, &outcome, Some(asked.session), visitor), origin);
    }
    let kind = SignKind::from(asked.kind);
    metrics::counter!("ringtrace_beats_total", "kind" => kind.word()).increment(1);
    let click = asked.tel_click.as_ref().and_then(|click| {
        let target = site.targets.iter().find(|target| target.id == click.target)?;
        let pool = site.pool(&target.pool)?;
        // A float saturates; an older click than the pin lasts says nothing any more.
        let ago_ms = (click.ago_ms as i64).clamp(0, pool.pin.as_millis() as i64);
        Some(TelClick { pool: pool.id.clone(), ago_ms })
    });
    let sign = PageSign { page: asked.page, seq: asked.seq, kind, tel_click: click };
    let keys = live.shards.keys(&site.id);
    let outcome = match sign_of_life(&desk, &keys, site, &token, &sign).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let outcome = unavailable(&error);
            return answer(&reply(&live, site, &outcome, Some(asked.session), visitor), origin);
        }
    };
    let session = SessionToken { seen: now, ..token }.sign(desk.signing, &site.id);
    answer(&reply(&live, site, &outcome, Some(session), visitor), origin)
}

/// What a page view means for the session.
struct View {
    token: SessionToken,
    visitor: Option<VisitorId>,
    /// The visit to write when it opens a new session.
    opens: Option<Visit>,
}

impl View {
    fn decide(desk: &Desk<'_>, site: &Site, asked: &LeaseRequest) -> Self {
        let now = desk.clock.now();
        let consent = asked.consent.map_or_else(|| default_consent(site), Consent::from);
        let presented = asked.visitor.as_deref();
        let known = presented.and_then(|text| read_visitor(desk.signing, &site.id, text));
        let visitor = consent.analytics.then(|| known.unwrap_or_default());

        let touch = campaign_fingerprint(desk.tables, &asked.url);
        let presented = asked.session.as_deref();
        let token = presented
            .and_then(|text| SessionToken::read(desk.signing, &site.id, text, now))
            .filter(|token| token.continues(now, site.session_timeout, touch));
        if let Some(token) = token {
            // Consent may be given or taken back while a session goes on.
            let visitor = visitor.map(|fresh| known.or(token.visitor).unwrap_or(fresh));
            let token = SessionToken { seen: now, visitor, ..token };
            return View { token, visitor, opens: None };
        }
        let session = SessionId::new();
        let referrer = asked.referrer.as_deref().unwrap_or("");
        let arrival = arrive(desk.tables, &asked.url, referrer, &site.origins);
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
            device: device(desk.user_agent()),
            consent,
        };
        let token = SessionToken { session, visitor, seen: now, touch };
        View { token, visitor, opens: Some(visit) }
    }
}

fn default_consent(site: &Site) -> Consent {
    let granted = site.consent == ConsentDefault::Granted;
    Consent { analytics: granted, ads: granted }
}

/// A number of every pool that a target of the site names. A session that goes on mostly just
/// renews; a new one has nothing to renew.
async fn lease_all(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &Site,
    view: &View,
    sign: &PageSign,
    want: Want,
) -> Result<Outcome, StoreError> {
    if want != Want::Now {
        return Ok(Outcome::Nothing(NoNumberReason::NotWanted));
    }
    let pools = pools(site);
    let session = view.token.session;
    let renewed = match &view.opens {
        Some(_) => vec![None; pools.len()],
        None => desk.store.renew(keys, site, &pools, &session, sign, desk.clock).await?,
    };
    let missing = pools.iter().zip(&renewed).filter(|(_, lease)| lease.is_none());
    let missing: Vec<&Pool> = missing.map(|(pool, _)| *pool).collect();
    let mut leases: Vec<Lease> = renewed.into_iter().flatten().collect();
    if missing.is_empty() {
        return Ok(Outcome::Leases(leases));
    }
    let known = match &view.opens {
        None => known_source(desk, keys, site, session).await?,
        Some(_) => None,
    };
    let source = view.opens.as_ref().map(|visit| &visit.source).or(known.as_ref());
    let own_number = source.and_then(|source| static_number(site, source));
    let asked = missing.iter().map(|pool| {
        let overflow = overflow(pool, own_number);
        let asker = Asker { session, visitor: view.visitor, sign, overflow };
        async move { desk.store.acquire(keys, site, pool, &asker, desk.clock).await }
    });
    let granted: Vec<Lease> = try_join_all(asked).await?.into_iter().flatten().collect();
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

/// Renews what the session holds; what ran out while a page still shows it comes back.
async fn sign_of_life(
    desk: &Desk<'_>,
    keys: &SiteKeys,
    site: &Site,
    token: &SessionToken,
    sign: &PageSign,
) -> Result<Outcome, StoreError> {
    let pools = pools(site);
    let session = token.session;
    let renewed = desk.store.renew(keys, site, &pools, &session, sign, desk.clock).await?;
    let mut leases = Vec::with_capacity(pools.len());
    for (pool, lease) in pools.iter().zip(renewed) {
        let lease = match lease {
            None if sign.kind == SignKind::Beat => {
                // The number on the page comes back whatever the overflow says.
                let overflow = overflow(pool, None);
                let asker = Asker { session, visitor: token.visitor, sign, overflow };
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

fn live(request: &HttpRequest) -> Result<&Live, Problem> {
    request.app_data::<web::Data<Live>>().map(|live| live.as_ref()).ok_or(Problem::Internal)
}

/// Why this request gets no number and leaves no trace, if so.
fn turn_away(
    desk: &Desk<'_>,
    installation: &Installation,
    prerender: bool,
) -> Option<NoNumberReason> {
    let address = client_ip(desk.request, &installation.config.server.trusted_proxies);
    if !desk.limiter.allows(address) {
        return Some(NoNumberReason::RateLimited);
    }
    if prerender {
        return Some(NoNumberReason::Prerender);
    }
    bot(desk.tables, desk.user_agent()).map(|_| NoNumberReason::Bot)
}

fn unavailable(error: &StoreError) -> Outcome {
    if !matches!(error, StoreError::Unavailable(_)) {
        tracing::error!(%error, "a page got no number: Redis and this program disagree");
    }
    Outcome::Nothing(NoNumberReason::StoreUnavailable)
}

/// The site of a key, and the origin to allow; a request without `Origin` is no browser's
/// cross-origin one, and there is nothing to allow.
fn site<'a>(
    request: &HttpRequest,
    installation: &'a Installation,
    key: &str,
) -> Result<(&'a Site, Option<HeaderValue>), Problem> {
    let site = installation.site_by_key(key).ok_or(Problem::NotFound { what: "site key" })?;
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok((site, None)) };
    let allowed = origin.to_str().is_ok_and(|origin| origin_allowed(&site.origins, origin));
    if allowed { Ok((site, Some(origin.clone()))) } else { Err(Problem::OriginNotAllowed) }
}

async fn read_body(body: web::Payload, limit: usize) -> Result<web::Bytes, Problem> {
    match body.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::BadRequest("the body broke off".to_owned())),
        Err(_) => Err(Problem::TooLarge { limit }),
    }
}

fn answer(reply: &Reply<'_>, origin: Option<HeaderValue>) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(reply).map_err(|_| Problem::Internal)?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Origin"));
    if let Some(origin) = origin {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin));
    }
    Ok(response.body(body))
}
