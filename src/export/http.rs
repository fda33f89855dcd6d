//! `GET /v1/export`.

use actix_web::http::header::ContentEncoding;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use clap::ValueEnum;
use futures_util::stream::{self, StreamExt};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::export::model::{FileFormat, Table, Wanted};
use crate::export::rules::period;
use crate::export::store::{Export, ExportError, Exports};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::platform::ids::{BadId, SiteId};
use crate::report::query::names::unknown;
use crate::report::rules::{Bound, bound};
use crate::warehouse::zone::latest_day;

/// The parameters.
const PARAMETERS: [&str; 6] = ["table", "site", "from", "to", "period", "format"];

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(export);
}

/// A table of the warehouse as a file, sent while it is written. Columns are described in `docs/export.md`.
#[utoipa::path(
    tag = "export",
    security(("key" = ["analyst"])),
    params(
        ("table" = inline(Table), Query, description = "Which table"),
        ("site" = Option<Vec<String>>, Query, description = "Site ids; repeat it for several. Default: every site the key may see"),
        ("from" = Option<String>, Query, description = "First day (2026-03-01, by the site's clock), or a moment (RFC 3339). Without `from`, `to` and `period`: everything"),
        ("to" = Option<String>, Query, description = "Last day, included, or the moment before which it ends"),
        ("period" = Option<String>, Query, description = "A period by its name instead: `yesterday`, `last_month`, …"),
        ("format" = inline(Option<FileFormat>), Query, description = "`parquet` (default) or `csv`"),
    ),
    responses(
        (status = 200, description = "The file", content(
            (String = "application/vnd.apache.parquet"), (String = "text/csv"))),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 429, description = "Another export is being written; or too many requests", body = ProblemBody),
    ),
)]
#[get("/v1/export")]
async fn export(
    request: HttpRequest,
    caller: Caller,
    live: web::Data<Live>,
    clock: web::Data<Clock>,
    exports: web::Data<Exports>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Analyst)?;
    let asked = read(request.query_string()).map_err(Problem::BadRequest)?;
    let sites = caller.visible_sites(&live, &asked.sites)?;
    let now = clock.now();
    let today = latest_day(&live.now_full(), &sites, now);
    let period = period(asked.table, asked.period.as_deref(), asked.ends, today, now);
    let period = period.map_err(Problem::BadRequest)?;
    let (table, format) = (asked.table, asked.format);
    let mut export = exports.start(Wanted { table, sites, period, format }).await?;
    // What goes wrong at once is told as a problem; later the transfer breaks off.
    let first = export.next().await?;
    let rest = stream::try_unfold(export, |mut export: Export| async move {
        let piece = export.next().await?;
        Ok::<_, Problem>(piece.map(|piece| (piece, export)))
    });
    let first = stream::iter(first.map(Ok::<Bytes, Problem>));
    let name = format!("attachment; filename=\"ringtrace-{}.{}\"", table.word(), format.word());
    let mut response = HttpResponse::Ok();
    response.content_type(format.media_type()).insert_header(("content-disposition", name));
    if format == FileFormat::Parquet {
        // It is compressed already.
        response.insert_header(ContentEncoding::Identity);
    }
    Ok(response.streaming(first.chain(rest)))
}

/// What a query string asks for.
#[derive(Debug)]
struct Asked {
    table: Table,
    sites: Vec<SiteId>,
    ends: (Option<Bound>, Option<Bound>),
    period: Option<String>,
    format: FileFormat,
}

/// Reads a query string. Unknown and repeated parameters are refused. The error is for people.
fn read(query: &str) -> Result<Asked, String> {
    let (mut table, mut format, mut period) = (None, None, None);
    let (mut from, mut to) = (None, None);
    let mut sites = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let was_told = match &*name {
            "site" => {
                sites.push(value.parse().map_err(|bad: BadId| bad.to_string())?);
                false
            }
            "table" => {
                let words = || Table::ALL.iter().map(|table| table.word());
                let found = Table::from_str(&value, false);
                table.replace(found.map_err(|_| unknown("table", &value, words()))?).is_some()
            }
            "format" => {
                let words = || FileFormat::ALL.iter().map(|format| format.word());
                let found = FileFormat::from_str(&value, false);
                format.replace(found.map_err(|_| unknown("format", &value, words()))?).is_some()
            }
            "from" => from.replace(bound("from", &value)?).is_some(),
            "to" => to.replace(bound("to", &value)?).is_some(),
            "period" => period.replace(value.into_owned()).is_some(),
            other => return Err(unknown("parameter", other, PARAMETERS.into_iter())),
        };
        if was_told {
            return Err(format!("`{name}` is given twice"));
        }
    }
    let words = || Table::ALL.map(Table::word).join("`, `");
    let table = table.ok_or_else(|| format!("`table` is one of `{}`", words()))?;
    Ok(Asked { table, sites, ends: (from, to), period, format: format.unwrap_or_default() })
}

/// Hides the details from the outside and logs them.
impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Warehouse(error) => error.into(),
            ExportError::Busy => Problem::TooManyRequests { retry_after_s: 30 },
            error @ ExportError::Io { .. } => {
                tracing::error!(%error, "an export failed");
                Problem::Internal
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_one_table_and_nothing_unknown() {
        let asked = read("table=calls&site=a&site=b&from=2026-03-01").expect("a question");
        assert_eq!((asked.table, asked.format), (Table::Calls, FileFormat::Parquet));
        assert_eq!(asked.sites.len(), 2);
        for (query, why) in [
            ("", "`table` is one of"),
            ("table=cals", "calls"),
            ("table=calls&fromat=csv", "format"),
            ("table=calls&table=leads", "twice"),
            ("table=calls&from=yesterday", "`from`"),
            ("table=calls&format=xlsx", "format"),
        ] {
            let refused = read(query).expect_err(query);
            assert!(refused.contains(why), "{query}: {refused}");
        }
    }
}
