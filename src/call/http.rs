//! The calls for those who may see them; webhooks are in [`crate::call::webhook`].

use actix_web::{get, web};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::list::{Cursor, calls_after};
use crate::call::model::Call;
use crate::call::recorder::Recorder;
use crate::call::view::CallView;
use crate::call::webhook::webhook;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::{CallId, SiteId};

/// Rows of a list when the request does not say.
const DEFAULT_ROWS: usize = 50;
/// Most rows of a list.
const MAX_ROWS: usize = 200;

/// The routes of this stage.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config.service(webhook).service(list_calls).service(one_call);
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// One site; absent: all that the key may see.
    site: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; absent: 50.
    limit: Option<usize>,
}

/// One page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallList {
    /// The calls, newest first.
    pub calls: Vec<CallView>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Lists the calls of the last 30 days, newest first.
#[utoipa::path(
    tag = "calls",
    security(("key" = [])),
    params(ListQuery),
    responses(
        (status = 200, description = "One page", body = CallList),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
    ),
)]
#[get("/v1/calls")]
pub async fn list_calls(
    caller: Caller,
    query: web::Query<ListQuery>,
    recorder: web::Data<Recorder>,
) -> Result<web::Json<CallList>, Problem> {
    caller.needs(Scope::Analyst)?;
    let sites = wanted_sites(&caller, &recorder, query.site.as_deref())?;
    let limit = query.limit.unwrap_or(DEFAULT_ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit must be 1 to {MAX_ROWS}")));
    }
    let cursor: Option<Cursor> = match query.cursor.as_deref() {
        Some(text) => Some(text.parse().map_err(|_| {
            Problem::BadRequest("cursor must be `next` of a page before".to_owned())
        })?),
        None => None,
    };
    let shards = recorder.live().now().shards;
    let (calls, next) = calls_after(recorder.store(), shards, &sites, cursor, limit).await?;
    let calls = calls.iter().map(CallView::from).collect();
    Ok(web::Json(CallList { calls, next: next.map(|cursor| cursor.to_string()) }))
}

/// Which site to look on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneQuery {
    /// Its site, when known; absent: all that the key may see.
    site: Option<String>,
}

/// Shows one call of the last 30 days.
#[utoipa::path(
    tag = "calls",
    security(("key" = [])),
    params(("id" = String, Path, description = "The call's id"), OneQuery),
    responses(
        (status = 200, description = "The call", body = CallView),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such call", body = ProblemBody),
    ),
)]
#[get("/v1/calls/{id}")]
pub async fn one_call(
    caller: Caller,
    id: web::Path<String>,
    query: web::Query<OneQuery>,
    recorder: web::Data<Recorder>,
) -> Result<web::Json<CallView>, Problem> {
    caller.needs(Scope::Analyst)?;
    let call = find_call(&caller, &recorder, &id, &query).await?;
    Ok(web::Json(CallView::from(&call)))
}

/// The call with this id on the sites that the key may see.
pub(super) async fn find_call(
    caller: &Caller,
    recorder: &Recorder,
    id: &str,
    query: &OneQuery,
) -> Result<Call, Problem> {
    let unknown = Problem::NotFound { what: "call" };
    let Ok(id) = id.parse::<CallId>() else { return Err(unknown) };
    let sites = wanted_sites(caller, recorder, query.site.as_deref())?;
    let shards = recorder.live().now().shards;
    // The id does not tell its site; all are asked in one go.
    let asked = sites.iter().map(|site| {
        let keys = shards.keys(site);
        let store = recorder.store();
        async move { store.load(&keys, id).await }
    });
    let found: Option<Call> = try_join_all(asked).await?.into_iter().flatten().next();
    found.ok_or(unknown)
}

fn wanted_sites(
    caller: &Caller,
    recorder: &Recorder,
    site: Option<&str>,
) -> Result<Vec<SiteId>, Problem> {
    let wanted = match site {
        Some(site) => vec![site.parse().map_err(|_| Problem::NotFound { what: "site" })?],
        None => Vec::new(),
    };
    caller.visible_sites(recorder.live(), &wanted)
}
