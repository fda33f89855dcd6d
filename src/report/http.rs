//! The reports with a name over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::report::credits::model::{Bounds, ByClock, Model, Weight};
use crate::report::csv::to_csv;
use crate::report::model::{Report, ReportKind, ReportQuery};
use crate::report::presets::{PRESETS, preset};
use crate::report::query::benchmarks::Benchmarks;
use crate::report::query::filter::Filter;
use crate::report::query::http::respond;
use crate::report::query::names::unknown;
use crate::report::query::read::from_query;
use crate::report::query::resolve::time_limit;
use crate::report::rules::{Asked, Format, asked_period, bounds, parse};
use crate::report::{credits, query, store};
use crate::warehouse::store::{Warehouse, WarehouseError};
use crate::warehouse::zone::{local_time, site_zone};

/// What `a` and `b` are for.
const PAIR: &str = "`a` and `b` are two pages of the report `landing-pages`";

/// Adds the report routes.
pub fn routes(cfg: &mut ServiceConfig) {
    // Names come last: they would take the others for names.
    cfg.configure(credits::http::routes).configure(query::http::routes).service(named);
}

/// Hides the details from the outside and logs them.
impl From<WarehouseError> for Problem {
    fn from(error: WarehouseError) -> Self {
        match error {
            WarehouseError::TooSlow => {
                Problem::TooMuch("the answer took too long: ask for a shorter period".to_owned())
            }
            WarehouseError::OfOtherKind { .. } => Problem::BadRequest(error.to_string()),
            error => {
                tracing::error!(%error, "the warehouse did not answer");
                Problem::Unavailable { what: "the warehouse" }
            }
        }
    }
}

/// Names of reports, for the documentation of the API.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is only described")]
enum ReportName {
    Sources,
    Hours,
    LandingPages,
    Campaigns,
    Keywords,
    Callers,
    Status,
    Agents,
    Dispositions,
    Publishers,
    Numbers,
    Pools,
    Geography,
    Money,
    Response,
}

/// A named report. `sources`, `hours` (168 rows, one for each hour of the week) and `landing-pages` have rows of a fixed
/// shape; all others are questions with a name, and take the parameters of `/v1/reports/query`, too.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    params(
        ("name" = inline(ReportName), Path, description = "Which report"),
        ("site" = Option<Vec<String>>, Query, description = "Site ids; repeat it for several. Default: every site the key may see"),
        ("from" = Option<String>, Query, description = "First day (2026-03-01), or a moment (RFC 3339). Default: 30 days with the last one"),
        ("period" = Option<String>, Query, description = "A period by its name instead: `today`, `last_7_days`, `this_month`, …"),
        ("to" = Option<String>, Query, description = "Last day, included, or the moment before which the report ends. Default: today by the site's clock"),
        ("format" = Option<String>, Query, description = "`json` (default) or `csv`; `Accept: text/csv` asks for CSV too"),
        ("spam" = Option<String>, Query, description = "Calls flagged as spam: `exclude` (default), `include` or `only`"),
        ("conversion" = Option<String>, Query, description = "Only calls that met the site's conversion of this name"),
        ("model" = Option<Model>, Query, description = "Shares calls out over the touches of who called. Default: each call to its own source"),
        ("weight" = Option<Weight>, Query, description = "`calls` (default): each call once; `confidence`: each as much as its answer is sure"),
        ("clock" = Option<ByClock>, Query, description = "`call` (default): filed under the call's time; `visit`: under that of the credited page view"),
        ("filter" = Option<Vec<String>>, Query, description = "What must hold of visits and calls: `source:equals:google`, or JSON; repeat it, all must hold"),
        ("a" = Option<String>, Query, description = "`landing-pages`: the path of a page to hold against `b`"),
        ("b" = Option<String>, Query, description = "The other page"),
    ),
    responses(
        (status = 200, description = "The report", body = Report),
        (status = 400, description = "Unknown name, unknown or unreadable parameter", body = ProblemBody),
        (status = 401, description = "No key", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 422, description = "More work than one question may make", body = ProblemBody),
    ),
)]
#[get("/v1/reports/{name}")]
pub async fn named(
    request: HttpRequest,
    caller: Caller,
    name: web::Path<String>,
    state: ReportState,
    benchmarks: web::Data<Benchmarks>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    if let Some(kind) = ReportKind::ALL.into_iter().find(|kind| kind.word() == *name) {
        return fixed(&request, &caller, state, kind).await;
    }
    let Some(preset) = preset(&name) else {
        let fixed = ReportKind::ALL.iter().map(|kind| kind.word());
        let known = fixed.chain(PRESETS.iter().map(|preset| preset.name));
        return Err(Problem::BadRequest(unknown("report", &name, known)));
    };
    let mut body = from_query(request.query_string()).map_err(Problem::BadRequest)?;
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    if body.metrics.is_empty() {
        body.metrics = names(preset.metrics);
    }
    if body.dimensions.is_empty() && body.grain.is_none() {
        body.dimensions = names(preset.dimensions);
    }
    respond(&request, &caller, &state, &benchmarks, body, Some(preset.name)).await
}

/// What every report needs.
pub type ReportState = (web::Data<Live>, web::Data<Clock>, web::Data<Warehouse>);

/// One of the reports whose rows have a fixed shape.
async fn fixed(
    request: &HttpRequest,
    caller: &Caller,
    (live, clock, warehouse): ReportState,
    kind: ReportKind,
) -> Result<HttpResponse, Problem> {
    let asked = parse(request.query_string()).map_err(Problem::BadRequest)?;
    let format = asked.format.unwrap_or_else(|| accepted(request));
    let query = question(&live, &clock, caller, kind, asked)?;
    let limit = time_limit(live.now().config.reports.time_limit);
    let report = store::answer_within(&warehouse, query, limit, clock.now()).await?;
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
    let ends = (asked.from, asked.to);
    let period = asked_period(asked.period.as_deref(), ends, today, now);
    let period = period.map_err(Problem::BadRequest)?;
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
    let filter = Filter::all_of(asked.filters).map_err(Problem::BadRequest)?;
    let pages = match asked.pages {
        [None, None] => None,
        [Some(a), Some(b)] if kind == ReportKind::LandingPages => Some([a, b]),
        _ => return Err(Problem::BadRequest(PAIR.to_owned())),
    };
    Ok(ReportQuery { kind, sites, period, time_zone, spam, conversion, credit, filter, pages })
}

/// What `Accept` asks for when there is no `format`.
pub(super) fn accepted(request: &HttpRequest) -> Format {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    match accept {
        Some(types) if types.contains("text/csv") => Format::Csv,
        _ => Format::Json,
    }
}
