//! `POST /v1/lease` and `POST /v1/beat`: what the snippet asks (`docs/protocol.md`).
//!
//! Steps: read the body, find the site, check the origin, turn away who gets no number (each with a
//! reason of a closed list, each counted), decide the session, ask Redis once, answer.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::config::model::Site;
use crate::config::{Installation, Live};
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::desk::Desk;
use crate::lease::model::{Done, PageSign, SignKind};
use crate::lease::reply::{Outcome, outcome_word, reply};
use crate::lease::rules::origin_allowed;
use crate::lease::serve::{Wish, serve, sign_of_life};
use crate::lease::view::View;
use crate::lease::wire::{BeatRequest, LeaseRequest, Reply};
use crate::platform::redis::StoreError;
use crate::visit::bot::{Evidence, judge};
use crate::visit::model::NoNumberReason;
use crate::visit::token::{SessionToken, sign_visitor};

/// Mounts the snippet's routes.
pub fn routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    cfg.service(post_lease).service(post_beat);
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
    let live = live(&request)?.now_full();
    let desk = Desk::of(&request, &live)?;
    let bytes = read_body(body, live.config.limits.snippet_body).await?;
    let asked = LeaseRequest::read(&bytes)?;
    let (site, origin) = site(&request, &live, &asked.key)?;

    if let Some(reason) = turn_away(&desk, &live, asked.prerender) {
        // Its session, if any, stays as it was: nothing new is signed.
        let outcome = Outcome::Nothing(reason);
        let visitor = asked.visitor_to_keep();
        let reply = reply(&live, site, &outcome, asked.session, visitor);
        return answer_view(&reply, asked.seq, origin);
    }
    let mut view = View::decide(&desk, site, live.rules(&site.id), &asked);
    let sign = PageSign {
        page: asked.page.clone(),
        seq: asked.seq,
        kind: SignKind::View,
        done: Vec::new(),
    };
    let keys = live.shards.keys(&site.id);
    let nearby = site.pools.iter().any(|pool| pool.match_area);
    let wish = Wish {
        sign: &sign,
        want: asked.want,
        shown: &asked.shown,
        url: &asked.url,
        place: nearby.then(|| &desk.located().place),
    };
    let clerk = desk.clerk(&live, site);
    let served = serve(&clerk, &keys, site, &mut view, wish);
    let (visitor, outcome) = match desk.store.redis().in_time(served).await {
        Ok(done) => done,
        Err(error) => {
            // The token that it came with says what is stored: the next message tries again.
            let outcome = unavailable(&error);
            let visitor = asked.visitor_to_keep();
            let known = view.opened().is_none().then_some(asked.session).flatten();
            return answer_view(&reply(&live, site, &outcome, known, visitor), asked.seq, origin);
        }
    };
    if view.opened().is_some() {
        metrics::counter!("ringtrace_sessions_total").increment(1);
    }
    let token = SessionToken { visitor, ..view.token };
    let session = Some(token.sign(desk.signing, &site.id));
    let visitor = visitor_token(&desk, site, &token);
    answer_view(&reply(&live, site, &outcome, session, visitor), asked.seq, origin)
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
    let live = live(&request)?.now_full();
    let desk = Desk::of(&request, &live)?;
    let bytes = read_body(body, live.config.limits.snippet_body).await?;
    let asked = BeatRequest::read(&bytes)?;
    let (site, origin) = site(&request, &live, &asked.key)?;

    let now = desk.clock.now();
    // However long it was silent: a page that is still open is still that visit.
    let Some(token) = SessionToken::read(desk.signing, &site.id, &asked.session, now) else {
        let outcome = Outcome::Nothing(NoNumberReason::NotWanted);
        return answer(&reply(&live, site, &outcome, None, None), origin);
    };
    let token = SessionToken { seen: now, ..token };
    let visitor = visitor_token(&desk, site, &token);
    if let Some(reason) = turn_away(&desk, &live, false) {
        let outcome = Outcome::Nothing(reason);
        return answer(&reply(&live, site, &outcome, Some(asked.session), visitor), origin);
    }
    let clerk = desk.clerk(&live, site);
    let kind = SignKind::from(asked.kind);
    metrics::counter!("ringtrace_beats_total", "kind" => kind.word()).increment(1);
    let done = asked.gestures().filter_map(|(gesture, told)| {
        let pool = clerk.trackers.plan(site, token.marks).pool_of(&told.target)?;
        metrics::counter!("ringtrace_gestures_total", "gesture" => gesture.word()).increment(1);
        // A float saturates; what is older than a click's pin lasts says nothing any more.
        let ago_ms = (told.ago_ms as i64).clamp(0, pool.pin.as_millis() as i64);
        Some(Done { pool: pool.id.clone(), gesture, ago_ms })
    });
    let done = done.collect();
    let sign = PageSign { page: asked.page, seq: asked.seq, kind, done };
    let keys = live.shards.keys(&site.id);
    let told = sign_of_life(&clerk, &keys, site, &token, &sign, &asked.shown);
    let outcome = match desk.store.redis().in_time(told).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let outcome = unavailable(&error);
            return answer(&reply(&live, site, &outcome, Some(asked.session), visitor), origin);
        }
    };
    let session = token.sign(desk.signing, &site.id);
    answer(&reply(&live, site, &outcome, Some(session), visitor), origin)
}

fn visitor_token(desk: &Desk<'_>, site: &Site, token: &SessionToken) -> Option<String> {
    let SessionToken { visitor, consent, seen, .. } = *token;
    visitor.map(|visitor| sign_visitor(desk.signing, &site.id, visitor, consent, seen))
}

fn live(request: &HttpRequest) -> Result<&Live, Problem> {
    request.app_data::<web::Data<Live>>().map(|live| live.as_ref()).ok_or(Problem::Internal)
}

/// Why this request gets no number and leaves no trace, if so. A program that loads a page ahead of
/// time is a program all the same.
fn turn_away(
    desk: &Desk<'_>,
    installation: &Installation,
    prerender: bool,
) -> Option<NoNumberReason> {
    let config = &installation.config;
    if !desk.limiter.allows(&config.limits, desk.address) {
        return Some(NoNumberReason::RateLimited);
    }
    let evidence = Evidence {
        user_agent: desk.user_agent(),
        hints: desk.hints(),
        network: config.bots.data_centres.then(|| &desk.located().network),
    };
    if let Some(bot) = judge(desk.tables, &evidence) {
        metrics::counter!("ringtrace_bots_total", "kind" => bot.kind.word()).increment(1);
        return Some(NoNumberReason::Bot);
    }
    (prerender || desk.is_ahead()).then_some(NoNumberReason::Prerender)
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

/// Answers a page view, and counts what came of it.
fn answer_view(
    reply: &Reply<'_>,
    seq: u32,
    origin: Option<HeaderValue>,
) -> Result<HttpResponse, Problem> {
    let ask = if seq == 1 { "first" } else { "again" };
    let outcome = outcome_word(reply);
    metrics::counter!("ringtrace_page_views_total", "outcome" => outcome, "ask" => ask)
        .increment(1);
    answer(reply, origin)
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
