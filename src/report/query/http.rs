//! `/v1/reports/query`, and what it has in common with the named reports.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest, HttpResponse, get, post, web};
use futures_util::stream;
use serde::Serialize;
use tokio::io::AsyncReadExt;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::body::read_body;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::report::http::ReportState;
use crate::report::query::analyse::{Analysis, analyse};
use crate::report::query::answer::{Answer, Head};
use crate::report::query::benchmarks::Benchmarks;
use crate::report::query::dimensions::DIMENSIONS;
use crate::report::query::metrics::METRICS;
use crate::report::query::model::{Query, Thresholds};
use crate::report::query::names::unknown;
use crate::report::query::read::{Body, from_json, from_query};
use crate::report::query::resolve::{AskedSite, Circumstances, resolve, time_limit};
use crate::report::query::run::{RunError, run};
use crate::report::query::write::{Format, arrow, json, parquet, text};
use crate::warehouse::zone::site_zone;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(get_query).service(post_query).service(post_analyse).service(catalogue);
}

/// The shape of an answer in JSON. A row has its dimensions and its metrics by their names; a rate is an object with
/// `value`, `numerator`, `denominator`, `low` and `high`; what nobody told is `null`.
#[derive(Serialize, ToSchema)]
pub struct AnswerShape {
    /// What it is about.
    #[serde(flatten)]
    pub head: Head,
    /// One page of rows, in order.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<serde_json::Value>,
    /// Everything together.
    #[schema(value_type = Object)]
    pub totals: serde_json::Value,
    /// Rows on all pages.
    pub rows_total: usize,
    /// Where the next page begins; `null` on the last one.
    pub next: Option<String>,
}

/// A name of the catalogue.
#[derive(Serialize, ToSchema)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// The unit of a metric; absent for dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// What it is.
    pub about: &'static str,
}

/// Everything that can be asked.
#[derive(Serialize, ToSchema)]
pub struct Catalogue {
    /// The metrics.
    pub metrics: Vec<Named>,
    /// The dimensions.
    pub dimensions: Vec<Named>,
}

/// Asks anything: metrics by dimensions.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    request_body = Body,
    responses(
        (status = 200, description = "The answer, in the format that was asked for", body = AnswerShape),
        (status = 400, description = "Something in it is not known; the nearest known names are told", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 422, description = "More work than one question may make", body = ProblemBody),
    ),
)]
#[post("/v1/reports/query")]
async fn post_query(
    request: HttpRequest,
    caller: Caller,
    body: web::Payload,
    state: ReportState,
    benchmarks: web::Data<Benchmarks>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let limit = state.0.now().config.limits.api_body;
    let body = from_json(&read_body(body, limit).await?).map_err(Problem::BadRequest)?;
    respond(&request, &caller, &state, &benchmarks, body, None).await
}

/// The same as a query string: lists are separated by commas, `filter` is `dimension:test:value` and may be repeated.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    params(
        ("metrics" = Option<String>, Query, description = "Names of metrics, separated by commas"),
        ("dimensions" = Option<String>, Query, description = "Names of dimensions, separated by commas"),
        ("filter" = Option<Vec<String>>, Query, description = "`source:equals:google`, `hour:gte:8`, `campaign:null`, …, or JSON; all of them hold"),
        ("period" = Option<String>, Query, description = "`today`, `last_7_days`, `this_month`, …; or `from` and `to`"),
        ("order" = Option<String>, Query, description = "`-calls,source`"),
    ),
    responses(
        (status = 200, description = "The answer, in the format that was asked for", body = AnswerShape),
        (status = 400, description = "Something in it is not known; the nearest known names are told", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 422, description = "More work than one question may make", body = ProblemBody),
    ),
)]
#[get("/v1/reports/query")]
async fn get_query(
    request: HttpRequest,
    caller: Caller,
    state: ReportState,
    benchmarks: web::Data<Benchmarks>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let body = from_query(request.query_string()).map_err(Problem::BadRequest)?;
    respond(&request, &caller, &state, &benchmarks, body, None).await
}

/// What each condition of a question's filter does to the totals, one by one.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    request_body = Body,
    responses(
        (status = 200, description = "The figures with, without and with only each of them", body = Analysis),
        (status = 400, description = "Something in it is not known; the nearest known names are told", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 422, description = "More work than one question may make", body = ProblemBody),
    ),
)]
#[post("/v1/reports/query/analyse")]
async fn post_analyse(
    request: HttpRequest,
    caller: Caller,
    body: web::Payload,
    state: ReportState,
    benchmarks: web::Data<Benchmarks>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let limit = state.0.now().config.limits.api_body;
    let body = from_json(&read_body(body, limit).await?).map_err(Problem::BadRequest)?;
    respond(&request, &caller, &state, &benchmarks, Body { analyse: true, ..body }, None).await
}

/// Every metric and every dimension, with what it is.
#[utoipa::path(
    tag = "reports",
    security(("key" = ["reader"])),
    responses((status = 200, description = "The catalogue", body = Catalogue)),
)]
#[get("/v1/reports/catalogue")]
async fn catalogue(caller: Caller) -> Result<web::Json<Catalogue>, Problem> {
    caller.needs(Scope::Reader)?;
    let metric = |m: &'static crate::report::query::metrics::Metric| Named {
        name: m.name,
        unit: Some(m.kind.unit()),
        about: m.about,
    };
    let dimensions = DIMENSIONS.iter().map(|d| Named { name: d.name, unit: None, about: d.about });
    Ok(web::Json(Catalogue {
        metrics: METRICS.iter().map(metric).collect(),
        dimensions: dimensions.collect(),
    }))
}

/// Answers `body`; `report` is the name of a named report.
pub(in crate::report) async fn respond(
    request: &HttpRequest,
    caller: &Caller,
    (live, clock, warehouse): &ReportState,
    benchmarks: &Benchmarks,
    body: Body,
    report: Option<&'static str>,
) -> Result<HttpResponse, Problem> {
    let format = format(request, &body).map_err(Problem::BadRequest)?;
    let wants_analysis = body.analyse;
    let query = query(live, clock, caller, body, format)?;
    let limit = time_limit(live.now().config.reports.time_limit);
    if wants_analysis {
        let analysis = analyse(warehouse, &query, limit, clock.now()).await?;
        return Ok(HttpResponse::Ok().json(analysis));
    }
    let answer = run(warehouse, &query, benchmarks, limit, clock.now()).await?;
    written(answer, format, report).await
}

fn format(request: &HttpRequest, body: &Body) -> Result<Format, String> {
    let words = Format::ALL.map(Format::word);
    if let Some(word) = &body.format {
        return Format::from_word(word).ok_or_else(|| unknown("format", word, words.into_iter()));
    }
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    Ok(accept.and_then(Format::accepted).unwrap_or_default())
}

/// What `body` means for this caller.
fn query(
    live: &Live,
    clock: &Clock,
    caller: &Caller,
    body: Body,
    format: Format,
) -> Result<Query, Problem> {
    let sites = caller.visible_sites(live, &body.site.list())?;
    let installation = live.now_full();
    let site = |id| AskedSite {
        zone: site_zone(&installation, &id),
        currency: installation.site(&id).map(|site| site.currency.clone()).unwrap_or_default(),
        id,
    };
    let circumstances = Circumstances {
        sites: sites.into_iter().map(site).collect(),
        thresholds: Thresholds::of(&installation.config.reports),
        now: clock.now(),
        whole: format.is_file(),
    };
    resolve(body, circumstances).map_err(Problem::BadRequest)
}

async fn written(
    answer: Answer,
    format: Format,
    report: Option<&'static str>,
) -> Result<HttpResponse, Problem> {
    let failed = |error: &dyn std::error::Error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::Internal
    };
    let mut response = HttpResponse::Ok();
    response.content_type(format.media_type());
    if format.is_file() {
        let (name, ending) = (report.unwrap_or("query"), format.word());
        let name = format!("attachment; filename=\"ringtrace-{name}.{ending}\"");
        response.insert_header((header::CONTENT_DISPOSITION, name));
        if let Some(next) = &answer.next {
            response.insert_header(("ringtrace-next", next.as_str()));
        }
    }
    Ok(match format {
        Format::Json => response.streaming(chunks(json::chunks(answer, report))),
        Format::Ndjson => response.streaming(chunks(json::lines(answer))),
        Format::Csv => response.streaming(chunks(text::chunks(answer))),
        Format::Arrow => {
            let stream = arrow::stream(&answer).map_err(|error| failed(&error))?;
            response.streaming(chunks(stream.into_iter()))
        }
        Format::Parquet => {
            let file = web::block(move || parquet::file(&answer)).await;
            let file = file.map_err(|_| Problem::Internal)?.map_err(|error| failed(&error))?;
            response.streaming(parts(tokio::fs::File::from_std(file)))
        }
    })
}

fn chunks(
    chunks: impl Iterator<Item = Bytes>,
) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    stream::iter(chunks.map(Ok))
}

/// A file in parts.
fn parts(file: tokio::fs::File) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    const PART: usize = 64 * 1024;
    stream::try_unfold(file, |mut file| async move {
        let mut part = vec![0; PART];
        let read = file.read(&mut part).await?;
        part.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(part), file)))
    })
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Unanswerable(why) => Problem::BadRequest(why),
            RunError::TooMuch(why) => Problem::TooMuch(why),
            RunError::Warehouse(error) => error.into(),
        }
    }
}
