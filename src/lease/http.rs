//! `POST /v1/lease` and `POST /v1/beat`: what the snippet asks (`docs/protocol.md`).
//!
//! Steps: read the body, find the site, check the origin, turn away who gets no number (each with a
//! reason of a closed list, each counted), decide the session, ask Redis once, answer.

use actix_web::cookie::Cookie;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::config::model::{Mode, Site};
use crate::http::body::read_body;
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::amp;
use crate::lease::clicks::LateClicks;
use crate::lease::cookies::Cookies;
use crate::lease::desk::Desk;
use crate::lease::exhausted::Exhaustions;
use crate::lease::gate::{live, site, turn_away};
use crate::lease::known::Known;
use crate::lease::model::{Done, PageSign, SignKind};
use crate::lease::reply::{Identity, Outcome, outcome_word, reply};
use crate::lease::serve::{Wish, serve, sign_of_life};
use crate::lease::view::View;
use crate::lease::wire::{BeatRequest, LeaseRequest, Reply};
use crate::platform::redis::StoreError;
use crate::visit::learnt::{Labels, Learnt};
use crate::visit::model::NoNumberReason;
use crate::visit::store::learn;
use crate::visit::token::{SessionToken, sign_visitor};

/// How late a page may tell what was done with a number: a phone may keep it frozen for a day.
const LATEST_GESTURE_MS: i64 = 24 * 3_600_000;

/// Mounts the snippet's routes.
pub fn routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    cfg.service(post_lease).service(post_beat).service(amp::get_amp);
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
    let mut asked = LeaseRequest::read(&bytes)?;
    let (site, origin) = site(&request, &live, &asked.key)?;
    let cookies = Cookies::of(&request, site, origin.as_ref());
    if let Some(cookies) = &cookies {
        cookies.fill(&mut asked);
    }
    let answer = |reply: &Reply<'_>| {
        let changes = cookies.as_ref().map(|cookies| cookies.of_view(reply));
        answer_view(site, reply, asked.seq, origin.clone(), changes.unwrap_or_default())
    };

    if let Some(reason) = turn_away(&desk, &live, asked.prerender) {
        // Its session, if any, stays as it was: nothing new is signed.
        let known = Known::of_view(&desk, site, &asked, None);
        let outcome = Outcome::Nothing(reason);
        return answer(&reply(&live, site, &outcome, unchanged(&known, &asked, true)));
    }
    let known = Known::of_view(&desk, site, &asked, asked.link.as_deref());
    let mut view = View::decide(&desk, site, live.rules(&site.id), &asked, &known);
    if view.opened().is_some() && !desk.may_begin(&live, site) {
        let outcome = Outcome::Nothing(NoNumberReason::RateLimited);
        return answer(&reply(&live, site, &outcome, unchanged(&known, &asked, false)));
    }
    let sign = PageSign {
        page: asked.page.clone(),
        seq: asked.seq,
        kind: SignKind::View,
        done: Vec::new(),
        path: None,
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
            let identity = unchanged(&known, &asked, view.opened().is_none());
            return answer(&reply(&live, site, &outcome, identity));
        }
    };
    if view.opened().is_some() {
        metrics::counter!("ringtrace_sessions_total").increment(1);
    }
    if let Some(exhaustions) = request.app_data::<web::Data<Exhaustions>>() {
        exhaustions.tell(&site.id, &outcome, desk.clock.now());
    }
    let token = SessionToken { visitor, ..view.token };
    answer(&reply(&live, site, &outcome, identity(&desk, site, &token, known.mode)))
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
    let read = |text: &str| SessionToken::read(desk.signing, &site.id, text, now);
    // However long it was silent: a page that is still open is still that visit.
    let Some(token) = read(&asked.session) else {
        let outcome = Outcome::Nothing(NoNumberReason::NotWanted);
        let nobody =
            Identity { mode: Known::of_beat(&desk, site, None).mode, ..Identity::nobody() };
        return answer(site, &reply(&live, site, &outcome, nobody), origin, Vec::new());
    };
    let token = SessionToken { seen: now, ..token };
    let mode = Known::of_beat(&desk, site, Some(token)).mode;
    let mine = identity(&desk, site, &token, mode);
    let as_it_came = |identity: Identity| {
        let session = Some((token.session, asked.session.clone()));
        Identity { session, link: None, ..identity }
    };
    if let Some(reason) = turn_away(&desk, &live, false) {
        let outcome = Outcome::Nothing(reason);
        return answer(site, &reply(&live, site, &outcome, as_it_came(mine)), origin, Vec::new());
    }
    let clerk = desk.clerk(&live, site);
    let kind = SignKind::from(asked.kind);
    metrics::counter!("ringtrace_beats_total", "kind" => kind.word()).increment(1);
    let done = asked.gestures().filter_map(|(gesture, told)| {
        let pool = clerk.trackers.plan(site, token.marks).pool_of(&told.target)?;
        metrics::counter!("ringtrace_gestures_total", "gesture" => gesture.word()).increment(1);
        // A float saturates.
        let ago_ms = (told.ago_ms as i64).clamp(0, LATEST_GESTURE_MS);
        Some(Done { pool: pool.id.clone(), gesture, ago_ms })
    });
    let done = done.collect();
    let sign = PageSign { page: asked.page, seq: asked.seq, kind, done, path: None };
    let keys = live.shards.keys(&site.id);
    let labels = Labels::said(&asked.ids, &asked.tags).allowed(token.consent.analytics);
    let learnt = Learnt { labels, ..Learnt::default() };
    let told = async {
        if !learnt.is_empty() {
            learn(desk.store.redis(), &keys, token.session, &learnt, now).await?;
        }
        sign_of_life(&clerk, &keys, site, &token, &sign, &asked.shown).await
    };
    let outcome = match desk.store.redis().in_time(told).await {
        Ok(outcome) => outcome,
        Err(error) => {
            let outcome = unavailable(&error);
            let reply = reply(&live, site, &outcome, as_it_came(mine));
            return answer(site, &reply, origin, Vec::new());
        }
    };
    if let Some(clicks) = request.app_data::<web::Data<LateClicks>>() {
        clicks.tell(&site.id, &sign, &outcome, now);
    }
    let reply = reply(&live, site, &outcome, mine);
    let cookies = Cookies::of(&request, site, origin.as_ref());
    let changes = cookies.map(|cookies| {
        let in_cookie = cookies.session().and_then(read).map(|token| token.session);
        cookies.of_beat(&reply, in_cookie)
    });
    answer(site, &reply, origin, changes.unwrap_or_default())
}

/// Whom a page belongs to that goes on with `token`.
fn identity(desk: &Desk<'_>, site: &Site, token: &SessionToken, mode: Mode) -> Identity {
    let SessionToken { visitor, consent, told, seen, .. } = *token;
    let visitor = visitor.filter(|_| mode == Mode::Full);
    let carries = mode != Mode::None && !site.snippet.domains.is_empty();
    Identity {
        session: Some((token.session, token.sign(desk.signing, &site.id))),
        visitor: visitor
            .map(|visitor| sign_visitor(desk.signing, &site.id, visitor, (consent, told), seen)),
        link: carries.then(|| token.sign_link(desk.signing, &site.id)),
        mode,
    }
}

/// Whom a page view belongs to whose reply signs nothing new: what it came with, its session where it
/// `goes_on`, and its visitor unless that is against the visitor's own word.
fn unchanged(known: &Known, asked: &LeaseRequest, goes_on: bool) -> Identity {
    let session = known.own.filter(|_| goes_on).map(|token| token.session);
    Identity {
        session: session.zip(asked.session.clone()),
        visitor: known.visitor.filter(|_| known.consent.analytics).and(asked.visitor.clone()),
        link: None,
        mode: known.mode,
    }
}

pub(super) fn unavailable(error: &StoreError) -> Outcome {
    if !matches!(error, StoreError::Unavailable(_)) {
        tracing::error!(%error, "a page got no number: Redis and this program disagree");
    }
    Outcome::Nothing(NoNumberReason::StoreUnavailable)
}

/// Answers a page view, and counts what came of it.
fn answer_view(
    site: &Site,
    reply: &Reply<'_>,
    seq: u32,
    origin: Option<HeaderValue>,
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, Problem> {
    count_view(reply, seq);
    answer(site, reply, origin, cookies)
}

/// Counts a page view, the first of its page or another one, and what came of it.
pub(super) fn count_view(reply: &Reply<'_>, seq: u32) {
    let ask = if seq == 1 { "first" } else { "again" };
    let outcome = outcome_word(reply);
    metrics::counter!("ringtrace_page_views_total", "outcome" => outcome, "ask" => ask)
        .increment(1);
}

fn answer(
    site: &Site,
    reply: &Reply<'_>,
    origin: Option<HeaderValue>,
    cookies: Vec<Cookie<'static>>,
) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(reply).map_err(|_| Problem::Internal)?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Origin"));
    if let Some(origin) = origin {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        if !site.snippet.cookie_host.is_empty() {
            // The origin above is one of the site's own, never any.
            response.insert_header((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        }
    }
    for cookie in cookies {
        response.cookie(cookie);
    }
    Ok(response.body(body))
}
