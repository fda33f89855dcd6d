//! `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, `/v1/sites`.

use actix_web::{HttpResponse, get, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::platform::redis::Redis;
use crate::platform::shutdown::ShutdownSignal;
use crate::warehouse::store::Warehouse;

/// The process runs. Also the constant answer that benchmarks compare with.
#[utoipa::path(tag = "operations", responses((status = 200, body = String)))]
#[get("/healthz")]
async fn healthz() -> &'static str {
    "ok"
}

/// Which parts can serve.
#[derive(Serialize, utoipa::ToSchema)]
struct Readiness {
    /// Redis answers: numbers can be leased. Calls are forwarded even when it does not.
    redis: bool,
    /// The warehouse answers: reports can be read.
    warehouse: bool,
    /// It is about to end: send nobody here. What comes is served all the same.
    ending: bool,
}

/// All parts can serve (200), or not all (503) and which. A warehouse in ClickHouse that is down is told, and is 200:
/// pages and calls are served, and facts wait in the ledger.
#[utoipa::path(tag = "operations", responses(
    (status = 200, body = Readiness), (status = 503, body = Readiness)))]
#[get("/readyz")]
async fn readyz(
    redis: web::Data<Redis>,
    warehouse: web::Data<Warehouse>,
    ending: web::Data<ShutdownSignal>,
) -> HttpResponse {
    let ping = redis.answers().await;
    let readiness = Readiness {
        redis: ping,
        warehouse: warehouse.ping().await.is_ok(),
        ending: ending.is_over(),
    };
    // A warehouse elsewhere is every process's: while it is down all of them go on, and facts wait in the ledger.
    let is_served = readiness.redis && (readiness.warehouse || warehouse.is_shared());
    if is_served && !readiness.ending {
        HttpResponse::Ok().json(readiness)
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header(("Content-Type", "application/json"))
            .json(readiness)
    }
}

/// Metrics in Prometheus' text format.
#[utoipa::path(tag = "operations", responses((status = 200, body = String)))]
#[get("/metrics")]
async fn render_metrics(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(handle.render())
}

/// A site as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
struct SiteView {
    /// Its id.
    id: String,
    /// Its name on screen.
    name: String,
    /// IANA time zone.
    time_zone: String,
    /// ISO 4217 currency.
    currency: String,
}

/// The sites that this key may see.
#[utoipa::path(tag = "sites", security(("key" = ["reader"])), responses(
    (status = 200, body = [SiteView]), (status = 401)))]
#[get("/v1/sites")]
async fn sites(caller: Caller, live: web::Data<Live>) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now();
    let visible = installation.config.sites.iter().filter(|site| caller.sees(&site.id));
    let views: Vec<SiteView> = visible
        .map(|site| SiteView {
            id: site.id.to_string(),
            name: site.title().to_owned(),
            time_zone: site.time_zone.clone(),
            currency: site.currency.clone(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(views))
}

/// The documented routes of this file.
pub fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(render_metrics).service(sites);
}
