//! `POST /v1/privacy/erase`, `export`, `retention` and `reseal`.

use actix_web::http::header;
use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::model::{Scope, Site};
use crate::config::{Installation, Live};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::numbers::registry;
use crate::lease::store::LeaseStore;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::phone::PhoneNumber;
use crate::platform::signing::SigningKeys;
use crate::privacy::eraser::{Erased, Eraser, PrivacyError};
use crate::privacy::keeper::Outdated;
use crate::privacy::subject::Subject;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(erase).service(export).service(retention).service(reseal);
}

/// Whose data is meant: exactly one of `caller`, `visitor` and `session`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Person {
    /// The site; absent: all that the key may see.
    site: Option<String>,
    /// The number that they called from, in E.164 or as the site's country writes it.
    caller: Option<String>,
    /// The id of their browser, as the cookie and the reports have it.
    visitor: Option<String>,
    /// The id of one visit.
    session: Option<String>,
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
struct ErasedList {
    /// One for each site.
    erased: Vec<Erased>,
}

/// Removes everything of one caller or visitor from Redis, spool, segments, warehouse, outbox, dead set and delivery log. Takes
/// as long as reading all of them; send it again when it fails. Backups that were made before still have it: restoring one
/// erases it again.
#[utoipa::path(
    tag = "privacy",
    security(("key" = ["admin"])),
    request_body = Person,
    responses(
        (status = 200, description = "It is gone", body = ErasedList),
        (status = 400, description = "Not exactly one person is named", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 409, description = "It is a number of the installation", body = ProblemBody),
    ),
)]
#[post("/v1/privacy/erase")]
async fn erase(
    caller: Caller,
    body: web::Json<Person>,
    live: web::Data<Live>,
    signing: web::Data<SigningKeys>,
    leases: web::Data<LeaseStore>,
    eraser: web::Data<Eraser>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Admin)?;
    let installation = live.now_full();
    let sites = sites(&caller, &live, &installation, &body)?;
    let mut subjects = Vec::new();
    for site in sites {
        subjects.push(subject(&body, site, &signing, Some(&leases)).await?);
    }
    let mut erased = Vec::new();
    for subject in subjects {
        erased.push(eraser.erase(subject).await?);
    }
    Ok(HttpResponse::Ok().json(ErasedList { erased }))
}

/// Everything that is known of one caller or visitor, as a file.
#[utoipa::path(
    tag = "privacy",
    security(("key" = ["admin"])),
    request_body = Person,
    responses(
        (status = 200, description = "One document for each site"),
        (status = 400, description = "Not exactly one person is named", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/privacy/export")]
async fn export(
    caller: Caller,
    body: web::Json<Person>,
    live: web::Data<Live>,
    signing: web::Data<SigningKeys>,
    eraser: web::Data<Eraser>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Admin)?;
    let installation = live.now_full();
    let mut documents = Vec::new();
    for site in sites(&caller, &live, &installation, &body)? {
        documents.push(eraser.export(subject(&body, site, &signing, None).await?).await?);
    }
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"person.json\"");
    Ok(HttpResponse::Ok().insert_header(name).json(json!({ "sites": documents })))
}

/// What to do about what is too old.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetentionBody {
    /// The site; absent: all that the key may see.
    site: Option<String>,
    /// Only count it.
    #[serde(default)]
    dry_run: bool,
}

/// What was too old.
#[derive(Debug, Serialize, ToSchema)]
struct OutdatedList {
    /// Whether it was only counted.
    dry_run: bool,
    /// One for each site that does not keep everything.
    outdated: Vec<Outdated>,
}

/// Removes now what the sites' `retention` does not keep any more, as happens once a day; or counts it.
#[utoipa::path(
    tag = "privacy",
    security(("key" = ["admin"])),
    request_body = RetentionBody,
    responses(
        (status = 200, description = "What was too old", body = OutdatedList),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/privacy/retention")]
async fn retention(
    caller: Caller,
    body: web::Json<RetentionBody>,
    live: web::Data<Live>,
    eraser: web::Data<Eraser>,
) -> Result<web::Json<OutdatedList>, Problem> {
    caller.needs(Scope::Admin)?;
    let RetentionBody { site, dry_run } = body.into_inner();
    let sites = match &site {
        Some(site) => vec![caller.site(&live.now(), site)?.id.clone()],
        None => caller.visible_sites(&live, &[])?,
    };
    let outdated = eraser.keep_to_retention(&sites, dry_run).await?;
    Ok(web::Json(OutdatedList { dry_run, outdated }))
}

/// How numbers are sealed anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResealBody {
    /// Make a key first; otherwise the newest of the file is used.
    #[serde(default)]
    new_key: bool,
    /// Forget the older keys afterwards: what backups have under them cannot be read any more.
    #[serde(default)]
    forget_old: bool,
}

/// What was sealed.
#[derive(Debug, Serialize, ToSchema)]
struct ResealedList {
    /// One for each site.
    resealed: Vec<Outdated>,
}

/// Seals the numbers of all callers with the newest key of `numbers.key`: those that an older key has sealed, and those
/// that were stored before numbers were sealed.
#[utoipa::path(
    tag = "privacy",
    security(("key" = ["admin", "every-site"])),
    request_body = ResealBody,
    responses(
        (status = 200, description = "What was sealed", body = ResealedList),
        (status = 403, description = "The key has no scope `admin`, or may not see every site", body = ProblemBody),
        (status = 409, description = "Events wait in the spool: the older keys stay; ask again", body = ProblemBody),
    ),
)]
#[post("/v1/privacy/reseal")]
async fn reseal(
    caller: Caller,
    body: web::Json<ResealBody>,
    live: web::Data<Live>,
    eraser: web::Data<Eraser>,
) -> Result<web::Json<ResealedList>, Problem> {
    caller.needs_admin_everywhere()?;
    let sites = caller.visible_sites(&live, &[])?;
    let resealed = eraser.reseal(&sites, body.new_key, body.forget_old).await?;
    Ok(web::Json(ResealedList { resealed }))
}

fn sites<'a>(
    caller: &Caller,
    live: &Live,
    installation: &'a Installation,
    person: &Person,
) -> Result<Vec<&'a Site>, Problem> {
    if let Some(site) = &person.site {
        return Ok(vec![caller.site(installation, site)?]);
    }
    let seen = caller.visible_sites(live, &[])?;
    Ok(seen.iter().filter_map(|site| installation.site(site)).collect())
}

/// Who is meant on `site`. With `leases`, a number of the installation is refused: it is no person's.
async fn subject(
    person: &Person,
    site: &Site,
    signing: &SigningKeys,
    leases: Option<&LeaseStore>,
) -> Result<Subject, Problem> {
    let bad = |what: &str| Problem::BadRequest(format!("`{what}` cannot be read"));
    match (&person.caller, &person.visitor, &person.session) {
        (Some(number), None, None) => {
            let number = PhoneNumber::parse_loose(number, Some(&site.country));
            let number = number.ok_or_else(|| bad("caller"))?;
            if let Some(leases) = leases {
                let owned = registry::read(leases, &[&number]).await?.pop().flatten().is_some();
                if owned || is_of_the_site(site, &number) {
                    let why = "this is a number of the installation, and no caller's";
                    return Err(Problem::Conflict(why.to_owned()));
                }
            }
            Ok(Subject::caller(signing, &site.id, &number))
        }
        (None, Some(id), None) => {
            let id = id.parse::<VisitorId>().map_err(|_| bad("visitor"))?;
            Ok(Subject::visitor(&site.id, id))
        }
        (None, None, Some(id)) => {
            let id = id.parse::<SessionId>().map_err(|_| bad("session"))?;
            Ok(Subject::session(&site.id, id))
        }
        _ => Err(Problem::BadRequest(
            "name exactly one of `caller`, `visitor` and `session`".to_owned(),
        )),
    }
}

fn is_of_the_site(site: &Site, number: &PhoneNumber) -> bool {
    let targets = site.targets.iter().map(|target| &target.number);
    site.tracking_numbers().chain(targets).chain([&site.forward_to]).any(|own| own == number)
}

/// Logs what happened and hides it from the outside.
impl From<PrivacyError> for Problem {
    fn from(error: PrivacyError) -> Self {
        if matches!(error, PrivacyError::Spooled { .. }) {
            return Problem::Conflict(error.to_string());
        }
        tracing::error!(%error, "somebody could not be forgotten, or told what is known of them");
        Problem::Unavailable { what: "forgetting (the log says why); an erasure is finished later" }
    }
}
