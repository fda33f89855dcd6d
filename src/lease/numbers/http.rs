//! `/v1/sites/{site}/pools/{pool}/numbers`: the numbers of a pool, and how people change them.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::model::{Pool, Scope, Site};
use crate::config::{Installation, Live};
use crate::http::auth::Caller;
use crate::http::body::{as_csv, read_body};
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::numbers::edit::{Editor, Removal};
use crate::lease::numbers::list::{Wanted, list};
use crate::lease::numbers::model::{AddedReply, NumberState, NumbersReply};
use crate::lease::numbers::read::{Entries, MAX_NUMBERS, NumbersBody, from_csv, from_json};
use crate::lease::store::LeaseStore;
use crate::platform::clock::Clock;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::phone::PhoneNumber;

/// Numbers of one answer, unless fewer are asked for.
const MAX_PAGE: usize = 1_000;
const PAGE: usize = 100;

/// Mounts the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(numbers).service(add).service(remove);
}

/// Which numbers are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Only numbers that do this.
    state: Option<NumberState>,
    /// At most so many, 1 to 1000; by default 100.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// The numbers of a pool and what each is doing.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["reader"])),
    params(
        ("site" = String, Path, description = "The site's id"),
        ("pool" = String, Path, description = "The pool's id"),
        Query,
    ),
    responses(
        (status = 200, description = "Numbers in their order", body = NumbersReply),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 404, description = "No such site or pool for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/pools/{pool}/numbers")]
async fn numbers(
    caller: Caller,
    live: web::Data<Live>,
    store: web::Data<LeaseStore>,
    clock: web::Data<Clock>,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let (site, pool) = visible(&caller, &installation, &path.0, &path.1)?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::BadRequest(format!("`limit` must be from 1 to {MAX_PAGE}")));
    }
    let bad_cursor =
        || Problem::BadRequest("`cursor` must be the `next` of a page before".to_owned());
    let after = query.cursor.as_deref().map(|text| format!("+{text}").parse());
    let after = after.transpose().map_err(|_| bad_cursor())?;
    let wanted = Wanted { after, state: query.state, limit };
    let (numbers, more) = list(&store, &installation, site, pool, &wanted, clock.now()).await?;
    // Without its plus sign, which a query would read as a space.
    let next = numbers.last().filter(|_| more).map(|last| last.number[1..].to_owned());
    let (site, pool) = (site.id.to_string(), pool.id.to_string());
    Ok(HttpResponse::Ok().json(NumbersReply { site, pool, numbers, next }))
}

/// Adds numbers to a pool: JSON, or a CSV with the columns `number`, `vanity` and `capabilities`. What is
/// there already stays, so that it may be sent again; what cannot join is told with the reason.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["admin"])),
    params(
        ("site" = String, Path, description = "The site's id"),
        ("pool" = String, Path, description = "The pool's id"),
    ),
    request_body(
        content(
            (NumbersBody = "application/json"),
            (String = "text/csv", example = "number,vanity,capabilities\n+18447466392,844-PHONEXA,sms"),
        ),
    ),
    responses(
        (status = 200, description = "What became of each", body = AddedReply),
        (status = 400, description = "A body that is no list of numbers", body = ProblemBody),
        (status = 404, description = "No such site or pool for this key", body = ProblemBody),
    ),
)]
#[post("/v1/sites/{site}/pools/{pool}/numbers")]
async fn add(
    caller: Caller,
    request: HttpRequest,
    live: web::Data<Live>,
    store: web::Data<LeaseStore>,
    clock: web::Data<Clock>,
    path: web::Path<(String, String)>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Admin)?;
    let installation = live.now_full();
    let (site, pool) = visible(&caller, &installation, &path.0, &path.1)?;
    let body = read_body(body, installation.config.limits.api_body).await?;
    let (entries, rejected) = read(&request, &body, site)?;
    if entries.len() + rejected.len() > MAX_NUMBERS {
        return Err(Problem::BadRequest(format!("at most {MAX_NUMBERS} numbers a request")));
    }
    let sees = |site: &SiteId| caller.sees(site);
    let editor = Editor {
        store: &store,
        installation: &installation,
        clock: &clock,
        site,
        pool,
        sees: &sees,
    };
    let mut reply: AddedReply = editor.add(&entries).await?;
    reply.rejected.extend(rejected);
    reply.rejected.sort_by_key(|rejected| rejected.entry);
    let (added, refused) = (reply.added, reply.rejected.len());
    tracing::info!(by = caller.name(), site = %site.id, pool = %pool.id, added, refused, "numbers were added");
    Ok(HttpResponse::Ok().json(reply))
}

fn read(request: &HttpRequest, body: &[u8], site: &Site) -> Result<Entries, Problem> {
    let bad = |why: String| Problem::BadRequest(format!("the body: {why}"));
    let country = Some(site.country.as_str());
    if let Some(text) = as_csv(request, body) {
        return from_csv(&text?, country).map_err(bad);
    }
    let body: NumbersBody = serde_json::from_slice(body).map_err(|e| bad(e.to_string()))?;
    Ok(from_json(body, country))
}

/// A number that was taken out.
#[derive(Debug, Serialize, ToSchema)]
struct RemovedReply {
    /// E.164.
    number: String,
    /// It is given to nobody any more; a page that shows it keeps it.
    state: NumberState,
    /// When it was taken out.
    removed_at: String,
    /// When another pool may have it, unless it is called or shown again.
    quarantined_until: String,
}

/// Takes a number out of a pool: nobody gets it any more, its last callers are still joined, and no
/// other pool may have it until its quarantine is over.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["admin"])),
    params(
        ("site" = String, Path, description = "The site's id"),
        ("pool" = String, Path, description = "The pool's id"),
        ("number" = String, Path, description = "E.164"),
    ),
    responses(
        (status = 200, description = "It is in quarantine", body = RemovedReply),
        (status = 404, description = "No such site, pool or number for this key", body = ProblemBody),
        (status = 409, description = "The configuration has it", body = ProblemBody),
    ),
)]
#[delete("/v1/sites/{site}/pools/{pool}/numbers/{number}")]
async fn remove(
    caller: Caller,
    live: web::Data<Live>,
    store: web::Data<LeaseStore>,
    clock: web::Data<Clock>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Admin)?;
    let installation = live.now_full();
    let (site, pool) = visible(&caller, &installation, &path.0, &path.1)?;
    let unknown = || Problem::NotFound { what: "number in this pool" };
    let number: PhoneNumber = path.2.parse().map_err(|_| unknown())?;
    let sees = |site: &SiteId| caller.sees(site);
    let editor = Editor {
        store: &store,
        installation: &installation,
        clock: &clock,
        site,
        pool,
        sees: &sees,
    };
    match editor.remove(&number).await? {
        Removal::Unknown => Err(unknown()),
        Removal::Configured => Err(Problem::Conflict(
            "the configuration has this number: take it out there and reload".to_owned(),
        )),
        Removal::Quarantined { since, until } => {
            tracing::info!(by = caller.name(), site = %site.id, pool = %pool.id, %number, "a number was taken out");
            Ok(HttpResponse::Ok().json(RemovedReply {
                number: number.to_string(),
                state: NumberState::Quarantined,
                removed_at: since.timestamp().to_string(),
                quarantined_until: until.timestamp().to_string(),
            }))
        }
    }
}

/// The pool, when it exists and the key may see its site.
fn visible<'a>(
    caller: &Caller,
    installation: &'a Installation,
    site: &str,
    pool: &str,
) -> Result<(&'a Site, &'a Pool), Problem> {
    let site = caller.site(installation, site)?;
    let pool = pool.parse::<PoolId>().ok().and_then(|pool| site.pool(&pool));
    Ok((site, pool.ok_or(Problem::NotFound { what: "pool" })?))
}
