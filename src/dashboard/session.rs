//! `/v1/session`: signing in with an API key, who is signed in, signing out.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::{ApiKey, Scope, Site};
use crate::http::auth::{Caller, find_key};
use crate::http::client_ip::client_ip;
use crate::http::ended::EndedSessions;
use crate::http::limits::ApiLimiter;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::session;
use crate::platform::clock::{Clock, Millis};
use crate::platform::signing::SigningKeys;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(sign_in).service(who).service(sign_out);
}

/// With what somebody signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// An API key.
    key: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct SessionReply {
    /// The name of the key.
    name: String,
    /// What it may do: `reader`, `analyst`, `manager` or `admin`.
    #[schema(value_type = String)]
    scope: Scope,
    /// The sites that it may see, in the order of the configuration.
    sites: Vec<SiteReply>,
}

/// A site as the dashboard lists it.
#[derive(Debug, Serialize, ToSchema)]
struct SiteReply {
    /// Its id.
    id: String,
    /// Its name on screen.
    name: String,
    /// IANA time zone of its days and hours.
    time_zone: String,
    /// ISO 4217 currency of its money.
    currency: String,
}

impl From<&Site> for SiteReply {
    fn from(site: &Site) -> Self {
        let id = site.id.to_string();
        let name = if site.name.is_empty() { id.clone() } else { site.name.clone() };
        let (time_zone, currency) = (site.time_zone.clone(), site.currency.clone());
        SiteReply { id, name, time_zone, currency }
    }
}

/// Signs in with an API key: the answer sets a cookie that stands for it until `dashboard.session` is over or the key is taken out
/// of the configuration. Requests that change something need the header `X-Requested-With` beside it.
#[utoipa::path(
    tag = "dashboard",
    request_body = SignIn,
    responses(
        (status = 200, description = "Who is signed in", body = SessionReply),
        (status = 401, description = "Not a known key", body = ProblemBody),
        (status = 429, description = "Too many tries from this network", body = ProblemBody),
    ),
)]
#[post("/v1/session")]
async fn sign_in(
    request: HttpRequest,
    told: web::Json<SignIn>,
    live: web::Data<Live>,
    signing: web::Data<SigningKeys>,
    clock: web::Data<Clock>,
    limiter: web::Data<ApiLimiter>,
) -> Result<HttpResponse, Problem> {
    // A page of another host must not sign anybody in either.
    if !request.headers().contains_key(session::ASKED_BY) {
        return Err(Problem::BadRequest(format!("the header `{}` is missing", session::ASKED_BY)));
    }
    let installation = live.now_full();
    let config = &installation.config;
    let kept = installation.kept_keys();
    let keys = config.api_keys.iter().chain(kept.iter());
    let Some(key) = find_key(keys, told.key.trim(), Millis::system_now()) else {
        let address = client_ip(&request, &config.server.trusted_proxies);
        return Err(limiter.refuse(&config.limits, address));
    };
    limiter.check_key(&config.limits, &key.sha256)?;
    let lasts = config.dashboard.session;
    let ends_at = clock.now().plus(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX));
    let token = session::token(&signing, key, session::new_mark(), ends_at);
    tracing::info!(by = %key.name, "somebody signed in");
    let sees = |site: &&Site| key.sites.is_empty() || key.sites.contains(&site.id);
    let sites = config.sites.iter().filter(sees);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .cookie(session::cookie(&config.server, token, lasts.as_secs()))
        .json(reply(key, sites)))
}

fn reply<'a>(key: &ApiKey, sites: impl Iterator<Item = &'a Site>) -> SessionReply {
    SessionReply {
        name: key.name.clone(),
        scope: key.scope,
        sites: sites.map(SiteReply::from).collect(),
    }
}

/// Who is signed in, and which sites they may see.
#[utoipa::path(
    tag = "dashboard",
    security(("key" = ["reader"])),
    responses((status = 200, description = "Who is signed in", body = SessionReply)),
)]
#[get("/v1/session")]
async fn who(caller: Caller, live: web::Data<Live>) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let sites = installation.config.sites.iter().filter(|site| caller.sees(&site.id));
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(reply(caller.key(), sites)))
}

/// Signs out: the browser forgets the cookie, and the session is over for every copy of it.
#[utoipa::path(tag = "dashboard", responses((status = 204, description = "Signed out")))]
#[delete("/v1/session")]
async fn sign_out(
    request: HttpRequest,
    live: web::Data<Live>,
    ended: web::Data<EndedSessions>,
) -> HttpResponse {
    let installation = live.now_full();
    let server = &installation.config.server;
    if let Some(session) = session::of(&request, server) {
        ended.end(session.mark, session.ends_at).await;
    }
    let forgotten = session::cookie(server, String::new(), 0);
    HttpResponse::NoContent().cookie(forgotten).finish()
}
