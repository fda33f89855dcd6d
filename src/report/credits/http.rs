//! `GET /v1/reports/credits`.

use actix_web::{HttpRequest, HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::report::credits::model::{
    ByClock, CreditReport, CreditRow, Crediting, Model, Question, Weight,
};
use crate::report::credits::store::answer;
use crate::report::csv::{harmless, written};
use crate::report::http::{ReportState, accepted, csv_file, question};
use crate::report::metrics::Count;
use crate::report::model::ReportKind;
use crate::report::rules::{Asked, Format, parse};

/// Adds the route.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(credits);
}

/// Who earned the calls: every source's credit under every model. Calls that no visit earned (static numbers, calls
/// of other systems, nobody's) are whole their own source's.
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
        ("weight" = Option<Weight>, Query, description = "`calls` (default): each call once; `confidence`: each as much as its answer is sure"),
        ("clock" = Option<ByClock>, Query, description = "`call` (default): filed under the call's time; `visit`: under that of the credited page view"),
    ),
    responses(
        (status = 200, description = "Rows by source, medium, campaign and channel", body = CreditReport),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 401, description = "No key", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/reports/credits")]
async fn credits(
    request: HttpRequest,
    caller: Caller,
    (live, clock, warehouse): ReportState,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let asked = parse(request.query_string()).map_err(Problem::BadRequest)?;
    if asked.model.is_some() {
        return Err(Problem::BadRequest("this report shows every `model`".to_owned()));
    }
    if !asked.filters.is_empty() {
        let why = "this report has no `filter`: the query with a `model` has one";
        return Err(Problem::BadRequest(why.to_owned()));
    }
    let format = asked.format.unwrap_or_else(|| accepted(&request));
    let Crediting { weight, clock: by_clock, .. } = asked.crediting().unwrap_or_default();
    let asked = Asked { weight: Some(weight), ..asked };
    let query = question(&live, &clock, &caller, ReportKind::Sources, asked)?;
    let sites = query.credit.map(|(_, bounds)| bounds).unwrap_or_default();
    let (spam, conversion) = (query.spam, query.conversion);
    let question = Question { sites, weight, clock: by_clock, spam, conversion };
    let report = answer(&warehouse, question, clock.now()).await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(report)),
        Format::Csv => csv_file("credits", to_csv(&report)),
    }
}

fn to_csv(report: &CreditReport) -> Result<String, csv::Error> {
    let names = ["source", "medium", "campaign", "channel"].into_iter();
    let header = names.chain(Model::ALL.map(Model::word)).map(str::to_owned).collect();
    let cells = |row: &CreditRow| {
        let key = &row.key;
        let names = [&key.source, &key.medium, &key.campaign, &key.channel];
        let earned = row.credits.all().map(|credit| Count::from(credit).to_string());
        names.map(|name| harmless(name)).into_iter().chain(earned).collect()
    };
    written(header, report.rows.iter().map(cells))
}
