//! The reports with a name over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::report::credits::model::{Bounds, ByClock, Model, Weight};
use crate::report::csv::to_csv;
use crate::report::model::{Report, ReportKind, ReportQuery};
use crate::report::rules::{Asked, Format, bounds, parse, period};
use crate::report::store;
use crate::warehouse::store::{Warehouse, WarehouseError};
use crate::warehouse::zone::{local_time, site_zone};

/// Adds the report routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(sources).service(hours).service(landing_pages);
}

/// Hides the details from the outside and logs them.
impl From<WarehouseError> for Problem {
    fn from(error: WarehouseError) -> Self {
        tracing::error!(%error, "the warehouse did not answer");
        Problem::Unavailable { what: "the warehouse" }
    }
}

/// Which ads, searches and links made the phone ring.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    params(
        ("site" = Option<Vec<String>>, Query, description = "Site ids; repeat it for several. Default: every site the key may see"),
        ("from" = Option<String>, Query, description = "First day (2026-03-01), or a moment (RFC 3339). Default: 30 days with the last one"),
        ("to" = Option<String>, Query, description = "Last day, included, or the moment before which the report ends. Default: today by the site's clock"),
        ("format" = Option<String>, Query, description = "`json` (default) or `csv`; `Accept: text/csv` asks for CSV too"),
        ("spam" = Option<String>, Query, description = "Calls flagged as spam: `exclude` (default), `include` or `only`"),
        ("conversion" = Option<String>, Query, description = "Only calls that met the site's conversion of this name"),
        ("model" = Option<Model>, Query, description = "Shares calls out over the touches of who called. Default: each call to its own source"),
        ("weight" = Option<Weight>, Query, description = "`calls` (default): each call once; `confidence`: each as much as its answer is sure"),
        ("clock" = Option<ByClock>, Query, description = "`call` (default): filed under the call's time; `visit`: under that of the credited page view"),
    ),
    responses(
        (status = 200, description = "Rows by source, medium, campaign and channel", body = Report),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 401, description = "No key", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/reports/sources")]
pub async fn sources(
    request: HttpRequest,
    caller: Caller,
    state: ReportState,
) -> Result<HttpResponse, Problem> {
    respond(&request, &caller, state, ReportKind::Sources).await
}

/// When the phone rings: 168 rows, one for each hour of the week.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    params(
        ("site" = Option<Vec<String>>, Query, description = "As for the report `sources`"),
        ("from" = Option<String>, Query, description = "As for the report `sources`"),
        ("to" = Option<String>, Query, description = "As for the report `sources`"),
        ("format" = Option<String>, Query, description = "As for the report `sources`"),
        ("spam" = Option<String>, Query, description = "As for the report `sources`"),
        ("conversion" = Option<String>, Query, description = "As for the report `sources`"),
        ("model" = Option<Model>, Query, description = "As for the report `sources`"),
        ("weight" = Option<Weight>, Query, description = "As for the report `sources`"),
        ("clock" = Option<ByClock>, Query, description = "As for the report `sources`"),
    ),
    responses(
        (status = 200, description = "Rows by weekday and hour of the site's clock", body = Report),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 401, description = "No key", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/reports/hours")]
pub async fn hours(
    request: HttpRequest,
    caller: Caller,
    state: ReportState,
) -> Result<HttpResponse, Problem> {
    respond(&request, &caller, state, ReportKind::Hours).await
}

/// Which pages visitors landed on before they called.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    params(
        ("site" = Option<Vec<String>>, Query, description = "As for the report `sources`"),
        ("from" = Option<String>, Query, description = "As for the report `sources`"),
        ("to" = Option<String>, Query, description = "As for the report `sources`"),
        ("format" = Option<String>, Query, description = "As for the report `sources`"),
        ("spam" = Option<String>, Query, description = "As for the report `sources`"),
        ("conversion" = Option<String>, Query, description = "As for the report `sources`"),
        ("model" = Option<Model>, Query, description = "As for the report `sources`"),
        ("weight" = Option<Weight>, Query, description = "As for the report `sources`"),
        ("clock" = Option<ByClock>, Query, description = "As for the report `sources`"),
    ),
    responses(
        (status = 200, description = "Rows by landing host and page", body = Report),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 401, description = "No key", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/reports/landing-pages")]
pub async fn landing_pages(
    request: HttpRequest,
    caller: Caller,
    state: ReportState,
) -> Result<HttpResponse, Problem> {
    respond(&request, &caller, state, ReportKind::LandingPages).await
}

/// What every report needs.
pub type ReportState = (web::Data<Live>, web::Data<Clock>, web::Data<Warehouse>);

async fn respond(
    request: &HttpRequest,
    caller: &Caller,
    (live, clock, warehouse): ReportState,
    kind: ReportKind,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let asked = parse(request.query_string()).map_err(Problem::BadRequest)?;
    let format = asked.format.unwrap_or_else(|| accepted(request));
    let query = question(&live, &clock, caller, kind, asked)?;
    let report = store::answer(&warehouse, query, clock.now()).await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(report)),
        Format::Csv => csv_file(kind.word(), to_csv(&report)),
    }
}

/// A report as a file.
pub(super) fn csv_file(
    name: &str,
    written: Result<String, csv::Error>,
) -> Result<HttpResponse, Problem> {
    let csv = written.map_err(|error| {
        tracing::error!(%error, "a report cannot be written as CSV");
        Problem::Internal
    })?;
    let name = format!("attachment; filename=\"ringtrace-{name}.csv\"");
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(csv))
}

/// What `asked` means for this caller.
pub(super) fn question(
    live: &Live,
    clock: &Clock,
    caller: &Caller,
    kind: ReportKind,
    asked: Asked,
) -> Result<ReportQuery, Problem> {
    let sites = caller.visible_sites(live, &asked.sites)?;
    let installation = live.now_full();
    let now = clock.now();
    // Sites far apart have different days at the same moment: the latest one is today.
    let zones: Vec<_> = sites.iter().map(|site| site_zone(&installation, site)).collect();
    let today = zones.iter().map(|zone| local_time(now, zone).date).max();
    let today = today.unwrap_or_else(|| local_time(now, &jiff::tz::TimeZone::UTC).date);
    let mut names = zones.iter().map(|zone| zone.iana_name());
    let first = names.next().flatten().map(str::to_owned);
    let time_zone = first.filter(|first| names.all(|name| name == Some(first)));
    let crediting = asked.crediting();
    let period = period(asked.from, asked.to, today, now).map_err(Problem::BadRequest)?;
    let spam = asked.spam.unwrap_or_default();
    let credit = match crediting {
        Some(crediting) => {
            let bounds = sites.iter().zip(&zones).map(|(site, zone)| {
                bounds(period, zone).map(|(from, to)| (site.clone(), from, to))
            });
            let bounds = bounds.collect::<Option<Bounds>>();
            Some((crediting, bounds.ok_or_else(|| Problem::BadRequest("no such days".to_owned()))?))
        }
        None => None,
    };
    let conversion = asked.conversion.unwrap_or_default();
    Ok(ReportQuery { kind, sites, period, time_zone, spam, conversion, credit })
}

/// What `Accept` asks for when there is no `format`.
pub(super) fn accepted(request: &HttpRequest) -> Format {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    match accept {
        Some(types) if types.contains("text/csv") => Format::Csv,
        _ => Format::Json,
    }
}
