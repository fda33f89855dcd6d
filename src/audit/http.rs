//! `GET /v1/audit`.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::model::{Action, Entry, Position};
use crate::audit::rules::may_read;
use crate::audit::store::AuditLog;
use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::SiteId;

/// Entries of a page when the request does not say, and at most.
const PAGE: (usize, usize) = (50, 1_000);

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(audit);
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Only what was about this site, and perhaps others.
    site: Option<String>,
    /// Only what this key or person did.
    by: Option<String>,
    /// `change` or `export`.
    #[param(inline)]
    action: Option<Action>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Entries, 1 to 1000; absent: 50.
    limit: Option<usize>,
}

/// One page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
struct AuditList {
    /// The entries, newest first.
    entries: Vec<Entry>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Who changed and exported what, newest first. A key that may not see every site reads what was about its own alone.
#[utoipa::path(
    tag = "operations",
    security(("key" = ["admin"])),
    params(AuditQuery),
    responses(
        (status = 200, description = "One page", body = AuditList),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/audit")]
async fn audit(
    caller: Caller,
    query: web::Query<AuditQuery>,
    live: web::Data<Live>,
    log: web::Data<AuditLog>,
) -> Result<web::Json<AuditList>, Problem> {
    caller.needs(Scope::Admin)?;
    let AuditQuery { site, by, action, cursor, limit } = query.into_inner();
    let limit = limit.unwrap_or(PAGE.0);
    if !(1..=PAGE.1).contains(&limit) {
        return Err(Problem::BadRequest(format!("`limit` must be 1 to {}", PAGE.1)));
    }
    let before = cursor.as_deref().map(str::parse::<Position>).transpose();
    let before = before.map_err(|()| {
        Problem::BadRequest("`cursor` must be the `next` of a page before".to_owned())
    })?;
    let site: Option<SiteId> = match site.as_deref() {
        None => None,
        Some(site) => Some(caller.site(&live.now(), site)?.id.clone()),
    };
    let seen = match caller.sees_all() {
        true => None,
        false => Some(caller.visible_sites(&live, &[])?),
    };
    let wanted = move |entry: &Entry| {
        may_read(entry, seen.as_deref())
            && site.as_ref().is_none_or(|site| entry.sites.contains(site))
            && by.as_ref().is_none_or(|by| &entry.by == by)
            && action.is_none_or(|action| entry.action == action)
    };
    let log = log.get_ref().clone();
    let read = web::block(move || log.page(before, limit, wanted)).await;
    let page = read.map_err(|_| Problem::Internal)?.map_err(|error| {
        tracing::error!(%error, "the audit log cannot be read");
        Problem::Unavailable { what: "the audit log" }
    })?;
    let next = page.next.map(|position| position.to_string());
    Ok(web::Json(AuditList { entries: page.entries, next }))
}
