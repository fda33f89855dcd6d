//! `GET /v1/reports/credits`.

use actix_web::{HttpRequest, get, web};
use jiff::ToSpan;
use url::form_urlencoded;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{ByClock, CreditReport, Question, Weight};
use crate::report::credits::store::answer;
use crate::report::http::{ReportState, question};
use crate::report::model::{Period, ReportKind, ReportQuery};
use crate::report::rules::parse;
use crate::warehouse::zone::site_zone;

/// Adds the route.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(credits);
}

/// Who earned the calls: every source's credit under every model.
#[utoipa::path(
    tag = "reports",
    security(("key" = [])),
    params(
        ("site" = Option<Vec<String>>, Query, description = "As for the report `sources`"),
        ("from" = Option<String>, Query, description = "As for the report `sources`"),
        ("to" = Option<String>, Query, description = "As for the report `sources`"),
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
) -> Result<web::Json<CreditReport>, Problem> {
    caller.needs(Scope::Reader)?;
    let (weight, by_clock, rest) = own(request.query_string()).map_err(Problem::BadRequest)?;
    let asked = parse(&rest).map_err(Problem::BadRequest)?;
    let query = question(&live, &clock, &caller, ReportKind::Sources, asked)?;
    let installation = live.now_full();
    let of_site = |site: &SiteId| {
        bounds(&query, &site_zone(&installation, site)).map(|(from, to)| (site.clone(), from, to))
    };
    let sites = query.sites.iter().map(of_site).collect::<Option<Vec<_>>>();
    let sites = sites.ok_or_else(|| Problem::BadRequest("no such days".to_owned()))?;
    Ok(web::Json(answer(&warehouse, Question { sites, weight, clock: by_clock }).await?))
}

/// The parameters of this report alone, and the query without them.
fn own(query: &str) -> Result<(Weight, ByClock, String), String> {
    let (mut weight, mut clock) = (None, None);
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("weight", _) if weight.is_some() => return Err("`weight` is given twice".to_owned()),
            ("clock", _) if clock.is_some() => return Err("`clock` is given twice".to_owned()),
            ("weight", "calls") => weight = Some(Weight::Calls),
            ("weight", "confidence") => weight = Some(Weight::Confidence),
            ("weight", _) => return Err("`weight` is `calls` or `confidence`".to_owned()),
            ("clock", "call") => clock = Some(ByClock::Call),
            ("clock", "visit") => clock = Some(ByClock::Visit),
            ("clock", _) => return Err("`clock` is `call` or `visit`".to_owned()),
            _ => {
                rest.append_pair(&name, &value);
            }
        }
    }
    Ok((weight.unwrap_or_default(), clock.unwrap_or_default(), rest.finish()))
}

/// The moments that the period means in a zone.
fn bounds(query: &ReportQuery, zone: &jiff::tz::TimeZone) -> Option<(Millis, Millis)> {
    match query.period {
        Period::Moments { from, to } => Some((from, to)),
        Period::Days { from, to } => {
            let begins = |day: jiff::civil::Date| {
                let midnight = day.to_zoned(zone.clone()).ok()?;
                Some(Millis::from(midnight.timestamp()))
            };
            Some((begins(from)?, begins(to.checked_add(1.day()).ok()?)?))
        }
    }
}
