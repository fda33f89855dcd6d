//! `/v1/sites/{site}/delays`: when a site's callers call, as its calls are judged by.

use actix_web::{get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::attribution::delays::{Delays, prior};
use crate::attribution::store::load_delays;
use crate::attribution::worker::Fitter;
use crate::call::recorder::Recorder;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::redis::StoreError;

/// Mounts the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_delays).service(fit_now);
}

/// When a site's callers call.
#[derive(Debug, Serialize, ToSchema)]
pub struct DelaysReply {
    /// The site.
    pub site: String,
    /// What its calls are judged by.
    pub delays: DelaysView,
    /// What is assumed before anything is learnt.
    pub prior: DelaysView,
}

/// One fit. Shares sum to 1; times are seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct DelaysView {
    /// Rises with every fit; 0: the prior.
    pub version: u32,
    /// When it was made, RFC 3339; absent: the prior.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted_at: Option<String>,
    /// Calls that it was learnt from.
    pub calls: u32,
    /// Share of calls moments after a click on the number's link, and their mean delay.
    pub click: ComponentView,
    /// Share of calls from the page without a click.
    pub page: ComponentView,
    /// Just after the visit.
    pub just: ComponentView,
    /// The same day.
    pub day: ComponentView,
    /// Later.
    pub later: ComponentView,
    /// Of nobody who was shown the number.
    pub nobody: ComponentView,
}

/// One component of the mixture.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentView {
    /// Share of all calls.
    pub share: f64,
    /// Mean delay in seconds, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_s: Option<f64>,
}

impl From<&Delays> for DelaysView {
    fn from(delays: &Delays) -> Self {
        let Delays { shares, means, .. } = delays;
        let part = |share: f64, mean_s: Option<f64>| ComponentView { share, mean_s };
        DelaysView {
            version: delays.version,
            fitted_at: delays.fitted_at.map(|at| at.to_string()),
            calls: delays.calls,
            click: part(shares.click, Some(means.click)),
            page: part(shares.page, None),
            just: part(shares.just, Some(means.just)),
            day: part(shares.day, Some(means.day)),
            later: part(shares.later, Some(means.later)),
            nobody: part(shares.nobody, None),
        }
    }
}

/// When the callers of a site call.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id")),
    responses(
        (status = 200, description = "The fit in force and the prior", body = DelaysReply),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/delays")]
async fn get_delays(
    caller: Caller,
    recorder: web::Data<Recorder>,
    path: web::Path<String>,
) -> Result<web::Json<DelaysReply>, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = recorder.live().now_full();
    let site = caller.site(&installation, &path)?;
    let keys = installation.shards.keys(&site.id);
    let delays = load_delays(recorder.store().redis(), &keys).await.map_err(away)?;
    Ok(web::Json(reply(site.id.to_string(), &delays)))
}

/// Learns now when the callers of a site call, from the calls that Redis has.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["manager"])),
    params(("site" = String, Path, description = "The site's id")),
    responses(
        (status = 200, description = "The new fit, in force from now on", body = DelaysReply),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/sites/{site}/delays/fit")]
async fn fit_now(
    caller: Caller,
    recorder: web::Data<Recorder>,
    path: web::Path<String>,
) -> Result<web::Json<DelaysReply>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = recorder.live().now_full();
    let site = caller.site(&installation, &path)?;
    let keys = installation.shards.keys(&site.id);
    let fitter = Fitter::new(recorder.get_ref().clone());
    let fitted = fitter.fit_site(&keys).await.map_err(away)?;
    Ok(web::Json(reply(site.id.to_string(), &fitted)))
}

fn reply(site: String, delays: &Delays) -> DelaysReply {
    DelaysReply { site, delays: delays.into(), prior: (&prior()).into() }
}

fn away(error: StoreError) -> Problem {
    tracing::warn!(%error, "the delays of calls cannot be told");
    Problem::Unavailable { what: "Redis" }
}
