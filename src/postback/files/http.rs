//! `GET /v1/postbacks/file`: the conversions of a period as a file.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;

use crate::call::recorder::Recorder;
use crate::call::store::CallStore;
use crate::config::Live;
use crate::config::model::{Scope, Site};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{CallId, SiteId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::postback::condition::value;
use crate::postback::files::rows::Format;
use crate::postback::model::Postback;
use crate::postback::people::{People, Wanted};
use crate::postback::rules::{facts, id_part, met};
use crate::postback::told::Told;

/// Most calls that one file looks at.
const MOST_CALLS: usize = 20_000;

/// Calls that are read at once.
const CHUNK: usize = 500;

/// What a file holds when the request does not say: the last week.
const USUAL_MS: i64 = 7 * 24 * 3_600_000;

/// Which file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FileQuery {
    /// The site.
    #[param(value_type = String)]
    site: SiteId,
    /// The conversion rule.
    conversion: String,
    /// Whose format.
    #[param(inline)]
    format: Format,
    /// The conversion's name at the platform; the rule's when absent.
    name: Option<String>,
    /// Calls that began at or after this moment (RFC 3339); a week ago when absent.
    #[param(value_type = Option<String>)]
    from: Option<jiff::Timestamp>,
    /// Calls that began before this moment; now when absent.
    #[param(value_type = Option<String>)]
    to: Option<jiff::Timestamp>,
    /// The key, for platforms that fetch a URL and send no header.
    #[serde(rename = "key")]
    _key: Option<String>,
}

/// Downloads conversions as CSV, for platforms that take or fetch files. What has no click id of the platform, or no
/// consent, is left out.
#[utoipa::path(
    tag = "postbacks",
    security(("key" = ["analyst"])),
    params(FileQuery),
    responses(
        (status = 200, description = "A CSV", content_type = "text/csv", body = String),
        (status = 400, description = "A parameter cannot be read", body = ProblemBody),
        (status = 401, description = "No valid key", body = ProblemBody),
        (status = 403, description = "The key's scope is below analyst", body = ProblemBody),
        (status = 404, description = "No such site or conversion", body = ProblemBody),
    )
)]
#[get("/v1/postbacks/file")]
pub(crate) async fn download(
    caller: Caller,
    query: web::Query<FileQuery>,
    live: web::Data<Live>,
    clock: web::Data<Clock>,
    recorder: web::Data<Recorder>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Analyst)?;
    let query = query.into_inner();
    let installation = live.now_full();
    let site = caller.site(&installation, query.site.as_str())?;
    if !site.conversions.iter().any(|rule| rule.name == query.conversion) {
        return Err(Problem::NotFound { what: "conversion" });
    }
    let now = clock.now();
    let to = query.to.map_or(now, Millis::from);
    let from = query.from.map_or(now.plus(-USUAL_MS), Millis::from);
    let keys = installation.shards.keys(&site.id);
    let store = recorder.store();
    let people = People::new(store.redis().clone(), recorder.keys().clone(), None);
    let calls = store.began_between(&keys, from, to, MOST_CALLS).await?;
    let mut lines = Lines::new(query.format);
    let name = query.name.as_deref().unwrap_or(&query.conversion);
    for some in calls.chunks(CHUNK) {
        let converted = converted(store, &keys, site, &query.conversion, some).await?;
        let postbacks: Vec<&Postback> = converted.iter().collect();
        let wanted = Wanted { caller: true, email: true, client: false };
        let found = people.behind(&keys, &postbacks, wanted).await?;
        for (postback, person) in postbacks.into_iter().zip(&found) {
            let told = Told { postback, person };
            if let Some(line) = query.format.line(&told, name) {
                lines.add(&line)?;
            }
        }
    }
    let file = format!("{}-{}-{}.csv", site.id, id_part(&query.conversion), query.format.word());
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("content-disposition", format!("attachment; filename=\"{file}\"")))
        .insert_header(("cache-control", "no-store"))
        .body(lines.finish()?))
}

/// The conversions among `calls`, as they would be told now.
async fn converted(
    store: &CallStore,
    keys: &SiteKeys,
    site: &Site,
    conversion: &str,
    calls: &[CallId],
) -> Result<Vec<Postback>, StoreError> {
    let calls = store.load_all(keys, calls).await?;
    let told = calls.iter().filter_map(|call| {
        let rule = met(site, call).find(|rule| rule.name == conversion)?;
        let at = call.ended_at.unwrap_or(call.started_at);
        let destination = site.destinations.first().map(|known| known.id.clone())?;
        Some(Postback::new(
            format!("{}.{}.file", call.id, id_part(&rule.name)),
            (site.id.clone(), destination, call.id),
            rule.name.clone(),
            (at, at),
            facts(site, value(rule, call), call),
        ))
    });
    Ok(told.collect())
}

/// A CSV that grows.
struct Lines {
    format: Format,
    writer: csv::Writer<Vec<u8>>,
    named: bool,
}

impl Lines {
    fn new(format: Format) -> Self {
        let mut builder = csv::WriterBuilder::new();
        builder.terminator(csv::Terminator::CRLF);
        Lines { format, writer: builder.from_writer(Vec::new()), named: false }
    }

    fn add(&mut self, line: &[String]) -> Result<(), Problem> {
        if !std::mem::replace(&mut self.named, true) {
            self.write(self.format.columns())?;
        }
        self.write(line)
    }

    fn write<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<(), Problem> {
        // Writing into memory fails for nothing but its lack.
        self.writer.write_record(cells).map_err(|_| Problem::Internal)
    }

    fn finish(mut self) -> Result<Vec<u8>, Problem> {
        if !self.named {
            self.write(self.format.columns())?;
        }
        let body = self.writer.into_inner().map_err(|_| Problem::Internal)?;
        Ok([self.format.preamble().as_bytes(), &body].concat())
    }
}
