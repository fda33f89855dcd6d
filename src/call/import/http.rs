//! `POST /v1/calls/import`.

use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::archive::Archive;
use crate::call::import::cells::Calendar;
use crate::call::import::model::{CallsImported, ImportFormat};
use crate::call::import::rules::Reader;
use crate::call::outcome::import::RejectedRow;
use crate::call::recorder::{RecordError, Recorder};
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::body::{as_csv, read_body};
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::CallId;
use crate::visit::tables::Tables;
use crate::warehouse::zone::site_zone;

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(import_calls);
}

/// Whose calls they are, and what the table looks like.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// The site.
    site: String,
    /// `callrail`, `ctm` or `generic` (our own column names); absent: `generic`.
    #[serde(default)]
    #[param(inline)]
    format: ImportFormat,
}

/// Takes over calls of another system, each with the source that it had there: a CSV, the first line of which names
/// the columns. Times without a zone are those of the site's clock. What cannot be used is told with its line and the
/// reason; what is known stays as it is, so the same table may be sent again. Imported calls make no postbacks.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["manager"])),
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv",
        example = json!("started_at,caller,tracking_number,status,talk_s,source,medium\n2026-03-01 09:00:00,+14155550133,+14155550199,answered,75,google,cpc")),
    responses(
        (status = 200, description = "What became of it", body = CallsImported),
        (status = 400, description = "No table of calls", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/calls/import")]
async fn import_calls(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<ImportQuery>,
    body: web::Payload,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
    tables: web::Data<Tables>,
) -> Result<web::Json<CallsImported>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = recorder.live().now_full();
    let site = caller.site(&installation, &query.site)?;
    let body = read_body(body, installation.config.limits.api_body).await?;
    let text = as_csv(&request, &body)
        .ok_or_else(|| Problem::BadRequest("send a CSV, as `text/csv`".to_owned()))??;
    let reader = Reader {
        site,
        format: query.format,
        calendar: Calendar::new(site_zone(&installation, &site.id), &site.country),
        tables: &tables,
        rules: installation.rules(&site.id),
        by: caller.name(),
        now: recorder.clock().now(),
    };
    let lines =
        reader.read(&text).map_err(|why| Problem::BadRequest(format!("the table: {why}")))?;
    // What Redis has forgotten the warehouse may still know.
    let ids = lines.iter().filter_map(|(_, read)| {
        let first = read.as_ref().ok()?.events.first()?;
        Some(CallId::of(&first.site, &first.provider, &first.provider_call_id))
    });
    let ids: Vec<CallId> = ids.collect();
    let archived = archive.load(vec![site.id.clone()], ids).await?;
    let archived: std::collections::HashSet<CallId> = archived.iter().map(|call| call.id).collect();
    let mut reply = CallsImported::default();
    for (entry, read) in lines {
        match read {
            Err(reason) => reply.rejected.push(RejectedRow { entry, reason }),
            Ok(call) => {
                let first = call.events.first();
                let id = first.map(|e| CallId::of(&e.site, &e.provider, &e.provider_call_id));
                let known = id.is_some_and(|id| archived.contains(&id));
                if !known && recorder.import(&call).await.map_err(RecordError::into_problem)? {
                    reply.imported += 1;
                } else {
                    reply.known += 1;
                }
            }
        }
    }
    let (imported, rejected) = (reply.imported, reply.rejected.len());
    tracing::info!(by = caller.name(), site = %site.id, imported, rejected, "calls were imported");
    Ok(web::Json(reply))
}
