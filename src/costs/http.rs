//! `POST /v1/costs` and `POST /v1/staffing`.

use actix_web::{HttpRequest, post, web};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::outcome::import::RejectedRow;
use crate::config::model::{Scope, Site};
use crate::config::{Installation, Live};
use crate::costs::model::{Cost, Staffing};
use crate::costs::rules::{Entry, MAX_LINES, Place, Told, from_csv, from_json};
use crate::costs::store;
use crate::http::auth::Caller;
use crate::http::body::{as_csv, read_body};
use crate::http::problem::{Problem, ProblemBody};
use crate::ledger::model::{Envelope, Event};
use crate::platform::clock::{Clock, Millis};
use crate::platform::redis::Redis;
use crate::visit::channel::channel;
use crate::visit::model::Source;
use crate::visit::site_rules::VisitFacts;
use crate::visit::tables::Tables;
use crate::warehouse::derived::PARTNERS;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(tell_costs).service(tell_staffing);
}

/// Which site.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TellQuery {
    /// The site.
    site: String,
}

/// What was spent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CostsBody {
    /// Each with `date`, `source`, `amount` and, where there is more to say, `medium`, `campaign`, `utm_id`,
    /// `publisher` (a traffic partner), `currency` (the site's) and `kind` (`ad`, `fee`, `production` or `other`).
    #[schema(value_type = Vec<Object>)]
    costs: Vec<Map<String, Value>>,
}

/// Who was there to take calls.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StaffingBody {
    /// Each with `date`, `hours` and, where there is more to say, `agent`, `shift`, `wage` (for an hour) and
    /// `currency` (the site's).
    #[schema(value_type = Vec<Object>)]
    staffing: Vec<Map<String, Value>>,
}

/// What became of the lines.
#[derive(Debug, Default, Serialize, ToSchema)]
struct TellReply {
    /// Lines that were taken; of the same thing told before, the new figure counts.
    accepted: usize,
    /// What could not be used, and why.
    rejected: Vec<RejectedRow>,
}

/// What the handlers work with.
type Parts = (web::Data<Live>, web::Data<Clock>, web::Data<Redis>);

/// Tells what was spent, day by day: a JSON list, or a CSV with the same names in its first line. One figure for each
/// date, source, medium, campaign, utm_id, publisher and kind: what is sent again replaces what was sent before.
#[utoipa::path(
    tag = "costs",
    security(("key" = ["manager"])),
    params(TellQuery),
    request_body(
        content(
            (CostsBody = "application/json"),
            (String = "text/csv", example = "date,source,medium,campaign,amount\n2026-03-01,google,cpc,spring,149.90"),
        ),
    ),
    responses(
        (status = 200, description = "What became of them", body = TellReply),
        (status = 400, description = "A body that is no list of costs", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/costs")]
async fn tell_costs(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<TellQuery>,
    body: web::Payload,
    parts: Parts,
    tables: web::Data<Tables>,
) -> Result<web::Json<TellReply>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = parts.0.now_full();
    let site = caller.site(&installation, &query.site)?;
    let body = read_body(body, installation.config.limits.api_body).await?;
    let of_json = |body: &[u8]| serde_json::from_slice(body).map(|body: CostsBody| body.costs);
    let entries = read(&request, &body, of_json, (site, parts.1.now()))?;
    let event = |mut cost: Cost| {
        cost.channel = channel_of(&installation, site, &tables, &cost);
        if cost.publisher.is_empty() && cost.channel == PARTNERS {
            cost.publisher.clone_from(&cost.source);
        }
        Event::Cost(Box::new(cost))
    };
    tell(&parts, &installation, site, entries, event).await
}

/// Tells who was there to take calls, day by day: a JSON list, or a CSV with the same names in its first line. One
/// figure for each date, agent and shift: what is sent again replaces what was sent before.
#[utoipa::path(
    tag = "costs",
    security(("key" = ["manager"])),
    params(TellQuery),
    request_body(
        content(
            (StaffingBody = "application/json"),
            (String = "text/csv", example = "date,agent,shift,hours,wage\n2026-03-01,Ann,office,7.5,24.00"),
        ),
    ),
    responses(
        (status = 200, description = "What became of them", body = TellReply),
        (status = 400, description = "A body that is no list of staffing", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/staffing")]
async fn tell_staffing(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<TellQuery>,
    body: web::Payload,
    parts: Parts,
) -> Result<web::Json<TellReply>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = parts.0.now_full();
    let site = caller.site(&installation, &query.site)?;
    let body = read_body(body, installation.config.limits.api_body).await?;
    let of_json =
        |body: &[u8]| serde_json::from_slice(body).map(|body: StaffingBody| body.staffing);
    let entries = read(&request, &body, of_json, (site, parts.1.now()))?;
    let event = |staffing: Staffing| Event::Staffing(Box::new(staffing));
    tell(&parts, &installation, site, entries, event).await
}

fn read<T: Told>(
    request: &HttpRequest,
    body: &[u8],
    of_json: impl FnOnce(&[u8]) -> serde_json::Result<Vec<Map<String, Value>>>,
    (site, now): (&Site, Millis),
) -> Result<Vec<Entry<T>>, Problem> {
    let bad = |why: String| Problem::BadRequest(format!("the body: {why}"));
    // Somewhere it is tomorrow already.
    let today = now.timestamp().to_zoned(TimeZone::UTC).date();
    let latest = today.checked_add(1.day()).unwrap_or(today);
    let place = Place { site: &site.id, currency: &site.currency, latest };
    let entries = match as_csv(request, body) {
        Some(text) => from_csv(&text?, place).map_err(bad)?,
        None => from_json(&of_json(body).map_err(|e| bad(e.to_string()))?, place),
    };
    match entries.len() {
        0..=MAX_LINES => Ok(entries),
        _ => Err(Problem::BadRequest(format!("at most {MAX_LINES} lines a request"))),
    }
}

async fn tell<T: Told>(
    (_, clock, redis): &Parts,
    installation: &Installation,
    site: &Site,
    entries: Vec<Entry<T>>,
    event: impl Fn(T) -> Event,
) -> Result<web::Json<TellReply>, Problem> {
    let now = clock.now();
    let mut rejected = Vec::new();
    let mut envelopes = Vec::new();
    for (entry, told) in entries {
        match told {
            Ok(told) => {
                let id = told.id(&site.id);
                envelopes.push(Envelope::new(site.id.clone(), now, id, event(told)));
            }
            Err(reason) => rejected.push(RejectedRow { entry, reason }),
        }
    }
    store::tell(redis, installation.shards.of(&site.id), &envelopes).await?;
    Ok(web::Json(TellReply { accepted: envelopes.len(), rejected }))
}

/// The channel that visits of this source have, by the site's own rules too.
fn channel_of(installation: &Installation, site: &Site, tables: &Tables, cost: &Cost) -> String {
    let default = channel(tables, &cost.source, &cost.medium, &cost.campaign);
    let source = Source {
        source: cost.source.clone(),
        medium: cost.medium.clone(),
        campaign: cost.campaign.clone(),
        campaign_id: cost.campaign_id.clone(),
        ..Source::default()
    };
    let own = installation.rules(&site.id).channel(&VisitFacts::of_source(&source, default));
    own.map_or(default, |(_, name)| name).to_owned()
}
