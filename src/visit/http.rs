//! `POST /v1/sites/{site}/classify`: what a page view of a site would be taken for, and why.

use std::net::IpAddr;

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::visit::explain::{Question, explain};
use crate::visit::place::Places;
use crate::visit::tables::Tables;

/// Longest address and longest user agent, in bytes.
const MAX_TEXT: usize = 4_096;

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(classify);
}

/// A page view that nobody has to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PageView {
    /// Address of the page, as the browser shows it; at most 4 096 bytes.
    #[schema(example = "https://www.example.com/?utm_source=google&utm_medium=cpc")]
    url: String,
    /// `document.referrer`; at most 4 096 bytes.
    #[serde(default)]
    referrer: String,
    /// `User-Agent`; without it, device and bot are not judged.
    user_agent: Option<String>,
    /// The address that it is asked from.
    #[schema(value_type = Option<String>)]
    ip: Option<IpAddr>,
}

/// What a page view would be taken for, with the reason for each part: as `ringtrace classify` says it.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id")),
    request_body = PageView,
    responses(
        (status = 200, description = "Source, medium, campaign, channel, device, place and why", body = serde_json::Value),
        (status = 400, description = "A text that is too long", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/sites/{site}/classify")]
async fn classify(
    caller: Caller,
    path: web::Path<String>,
    view: web::Json<PageView>,
    live: web::Data<Live>,
    tables: web::Data<Tables>,
    places: web::Data<Places>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let site = caller.site(&installation, &path)?;
    let texts = [Some(&view.url), Some(&view.referrer), view.user_agent.as_ref()];
    if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
        return Err(Problem::BadRequest(format!("texts have at most {MAX_TEXT} bytes")));
    }
    let question = Question {
        url: &view.url,
        referrer: &view.referrer,
        user_agent: view.user_agent.as_deref(),
        ip: view.ip,
    };
    let data_centres = installation.config.bots.data_centres;
    let rules = installation.rules(&site.id);
    Ok(HttpResponse::Ok().json(explain(&tables, &places, rules, data_centres, &question)))
}
