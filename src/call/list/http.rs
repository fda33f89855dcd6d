//! `GET /v1/calls`, `GET /v1/calls/export`, `GET /v1/calls/{id}`.

use actix_web::{HttpResponse, get, web};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::archive::Archive;
use crate::call::list::export::{ExportFormat, export};
use crate::call::list::page::{Question, page};
use crate::call::list::query::FilterQuery;
use crate::call::model::Call;
use crate::call::recorder::Recorder;
use crate::call::view::CallView;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::{CallId, SiteId};

/// Rows of a list when the request does not say.
const DEFAULT_ROWS: usize = 50;
/// Most rows of a list.
const MAX_ROWS: usize = 200;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_calls).service(export_calls).service(one_call);
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; absent: 50.
    limit: Option<usize>,
}

/// One page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallList {
    /// The calls, newest first. With conditions a page may have fewer than asked for, or none, and
    /// still name a next one.
    pub calls: Vec<CallView>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Lists calls, newest first, as far back as the warehouse goes.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["analyst"])),
    params(FilterQuery, PageQuery),
    responses(
        (status = 200, description = "One page", body = CallList),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
    ),
)]
#[get("/v1/calls")]
async fn list_calls(
    caller: Caller,
    filter: web::Query<FilterQuery>,
    wanted: web::Query<PageQuery>,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<web::Json<CallList>, Problem> {
    caller.needs(Scope::Analyst)?;
    let sites = wanted_sites(&caller, &recorder, filter.site.as_deref())?;
    let limit = wanted.limit.unwrap_or(DEFAULT_ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit must be 1 to {MAX_ROWS}")));
    }
    let cursor = wanted.cursor.as_deref().map(str::parse).transpose();
    let cursor = cursor
        .map_err(|bad: crate::platform::cursor::BadCursor| Problem::BadRequest(bad.to_string()))?;
    let question = Question { sites, filter: filter.filter()?, cursor, limit };
    let page = page(&recorder, &archive, &question).await?;
    let calls = page.calls.iter().map(CallView::from).collect();
    Ok(web::Json(CallList { calls, next: page.next.map(|cursor| cursor.to_string()) }))
}

/// How to write a file of calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `csv` or `ndjson`; absent: `csv`.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
}

/// All calls that meet the conditions, as a file, newest first. It is sent while it is read.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["analyst"])),
    params(FilterQuery, ExportQuery),
    responses(
        (status = 200, description = "The calls", content(
            (String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
    ),
)]
#[get("/v1/calls/export")]
async fn export_calls(
    caller: Caller,
    filter: web::Query<FilterQuery>,
    wanted: web::Query<ExportQuery>,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Analyst)?;
    let sites = wanted_sites(&caller, &recorder, filter.site.as_deref())?;
    let question = Question { sites, filter: filter.filter()?, cursor: None, limit: 0 };
    let (kind, name) = match wanted.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "calls.csv"),
        ExportFormat::Ndjson => ("application/x-ndjson", "calls.ndjson"),
    };
    let (recorder, archive) = (recorder.get_ref().clone(), archive.get_ref().clone());
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .streaming(export(recorder, archive, question, wanted.format)))
}

/// Which site to look on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneQuery {
    /// Its site, when known; absent: all that the key may see.
    site: Option<String>,
}

/// Shows one call, however old.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["analyst"])),
    params(("id" = String, Path, description = "The call's id"), OneQuery),
    responses(
        (status = 200, description = "The call", body = CallView),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such call", body = ProblemBody),
    ),
)]
#[get("/v1/calls/{id}")]
async fn one_call(
    caller: Caller,
    id: web::Path<String>,
    query: web::Query<OneQuery>,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<web::Json<CallView>, Problem> {
    caller.needs(Scope::Analyst)?;
    let call = find_call(&caller, &recorder, &archive, &id, &query).await?;
    Ok(web::Json(CallView::from(&call)))
}

/// The call with this id on the sites that the key may see: from Redis, or else from the archive.
pub(in crate::call) async fn find_call(
    caller: &Caller,
    recorder: &Recorder,
    archive: &Archive,
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
    let found = match found {
        None => archive.load(sites, vec![id]).await?.into_iter().next(),
        found => found,
    };
    let call = found.ok_or(unknown)?;
    caller.is_about(&call.site);
    Ok(call)
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
