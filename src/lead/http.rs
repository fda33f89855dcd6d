//! `POST /v1/leads` and `GET /v1/leads`.

use actix_web::{HttpRequest, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::archive::Archive;
use crate::call::outcome::import::RejectedRow;
use crate::call::recorder::{RecordError, Recorder};
use crate::config::Installation;
use crate::config::model::{Scope, Site};
use crate::http::auth::Caller;
use crate::http::body::{as_csv, read_body};
use crate::http::problem::{Problem, ProblemBody};
use crate::lead::archive;
use crate::lead::model::{Lead, Told};
use crate::lead::rules::{Entry, MAX_LEADS, Place, from_csv, from_json};
use crate::lead::store;
use crate::lead::view::LeadView;
use crate::platform::cursor::{BadCursor, Cursor};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;
use crate::visit::channel::channel;
use crate::visit::emails::{self, Owner, ToldEmail};
use crate::visit::site_rules::VisitFacts;
use crate::visit::store::load_visits;
use crate::visit::tables::Tables;

/// Rows of a list when the request does not say.
const DEFAULT_ROWS: usize = 50;
/// Most rows of a list.
const MAX_ROWS: usize = 200;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(add_leads).service(list_leads);
}

/// Which site.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AddQuery {
    /// The site.
    site: String,
}

/// Leads of a site.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadsBody {
    /// Each with `session` (an id as pages know it, `session_id`), `caller` (a number) or both; `kind` (`form` when
    /// not told), `at`, `name`, an `id` of your own that makes it count once, an `email` address for ad platforms, and for
    /// those without a session `source`, `medium` and `campaign`. All are texts.
    #[schema(value_type = Vec<Object>)]
    leads: Vec<Map<String, Value>>,
}

/// What became of leads.
#[derive(Debug, Default, Serialize, ToSchema)]
struct LeadsReply {
    /// Leads that are new.
    added: usize,
    /// Leads that were known.
    known: usize,
    /// Calls that are now known to be of a lead's session.
    rejoined: usize,
    /// E-mail addresses that are kept, hashed, for ad platforms: those whose visitors allow it.
    emails: usize,
    /// What could not be used, and why.
    rejected: Vec<RejectedRow>,
}

/// Tells of forms, chats and other leads: a JSON list, or a CSV with the same names in its first line. What cannot
/// be used is told with the reason; everything else is done, and may be sent again.
#[utoipa::path(
    tag = "leads",
    security(("key" = ["manager"])),
    params(AddQuery),
    request_body(
        content(
            (LeadsBody = "application/json"),
            (String = "text/csv", example = "id,kind,at,session,caller\n4711,form,2026-03-01T09:00:00Z,,+14155550133"),
        ),
    ),
    responses(
        (status = 200, description = "What became of them", body = LeadsReply),
        (status = 400, description = "A body that is no list of leads", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/leads")]
async fn add_leads(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<AddQuery>,
    body: web::Payload,
    recorder: web::Data<Recorder>,
    tables: web::Data<Tables>,
) -> Result<web::Json<LeadsReply>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = recorder.live().now_full();
    let site = caller.site(&installation, &query.site)?;
    let body = read_body(body, installation.config.limits.api_body).await?;
    let now = recorder.clock().now();
    let place = Place { site: &site.id, country: &site.country, now };
    let entries = read(&request, &body, place)?;
    if entries.len() > MAX_LEADS {
        return Err(Problem::BadRequest(format!("at most {MAX_LEADS} leads a request")));
    }
    let desk = Desk { recorder: &recorder, installation: &installation, site, tables: &tables };
    let mut reply = LeadsReply::default();
    for (entry, told) in entries {
        let told = match told {
            Ok(told) => told,
            Err(reason) => {
                reply.rejected.push(RejectedRow { entry, reason });
                continue;
            }
        };
        let keys = installation.shards.keys(&site.id);
        let redis = recorder.store().redis();
        let (lead, email) = desk.complete(told).await?;
        if let Some(email) = email {
            let owner = Owner { session: lead.session, other: lead.caller_hash.clone() };
            reply.emails += usize::from(emails::keep(redis, &keys, &email, &owner, now).await?);
        }
        let told_by = lead.session.zip(lead.caller_hash.clone());
        let store = (redis, recorder.keys());
        if !store::save(store, &keys, lead, site.attribution_window, now).await? {
            reply.known += 1;
            continue;
        }
        reply.added += 1;
        metrics::counter!("ringtrace_leads_total", "site" => site.id.to_string()).increment(1);
        if let Some((session, hash)) = told_by {
            let rejoined = recorder.rejoin(&site.id, &hash, session, caller.name()).await;
            reply.rejoined += rejoined.map_err(RecordError::into_problem)?;
        }
    }
    Ok(web::Json(reply))
}

fn read(request: &HttpRequest, body: &[u8], place: Place<'_>) -> Result<Vec<Entry>, Problem> {
    let bad = |why: String| Problem::BadRequest(format!("the body: {why}"));
    if let Some(text) = as_csv(request, body) {
        return from_csv(&text?, place).map_err(bad);
    }
    let body: LeadsBody = serde_json::from_slice(body).map_err(|e| bad(e.to_string()))?;
    Ok(from_json(&body.leads, place))
}

/// What a lead is completed by.
struct Desk<'a> {
    recorder: &'a Recorder,
    installation: &'a Installation,
    site: &'a Site,
    tables: &'a Tables,
}

impl Desk<'_> {
    /// Adds what the lead's session tells: its visitor, and where it came from. Beside it, the address that may be kept.
    async fn complete(&self, told: Told) -> Result<(Lead, Option<ToldEmail>), StoreError> {
        let keys = self.installation.shards.keys(&self.site.id);
        let redis = self.recorder.store().redis();
        let visit = match told.session {
            Some(session) => load_visits(redis, &keys, &[session]).await?.into_iter().next(),
            None => None,
        };
        let visit = visit.flatten();
        let hash = |number: &PhoneNumber| self.recorder.keys().hash(&self.site.id, number);
        let mut source = visit.as_ref().map(|visit| visit.source.clone()).or(told.source);
        if let Some(source) = source.as_mut().filter(|source| source.channel.is_empty()) {
            let default = channel(self.tables, &source.source, &source.medium, &source.campaign);
            let rules = self.installation.rules(&self.site.id);
            let own = rules.channel(&VisitFacts::of_source(source, default));
            source.channel = own.map_or(default, |(_, name)| name).to_owned();
        }
        // Without a session nobody has said no yet: the visit of the call that it belongs to is asked.
        let allowed =
            told.session.is_none() || visit.as_ref().is_some_and(|visit| visit.consent.ads);
        let email = told.email.filter(|_| allowed && self.site.keeps_people());
        let email =
            email.map(|hashes| ToldEmail { hashes, at: told.at, with: told.id.to_string() });
        let lead = Lead {
            id: told.id,
            site: self.site.id.clone(),
            kind: told.kind,
            at: told.at,
            name: told.name,
            session: told.session,
            visitor: visit.as_ref().and_then(|visit| visit.visitor),
            caller_hash: told.caller.as_ref().map(hash),
            caller: told.caller.filter(|_| self.site.keeps_people()),
            sealed_caller: None,
            source,
            landing_host: visit.as_ref().map(|v| v.landing_host.clone()).unwrap_or_default(),
            landing_page: visit.as_ref().map(|v| v.landing_page.clone()).unwrap_or_default(),
        };
        Ok((lead, email))
    }
}

/// Which page of which list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The site.
    site: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; absent: 50.
    limit: Option<usize>,
}

/// One page of leads.
#[derive(Debug, Serialize, ToSchema)]
struct LeadList {
    /// The leads, newest first.
    leads: Vec<LeadView>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists leads, newest first. Those of the last 30 days have all that was told with them; older ones come from the
/// warehouse, which never knew the number or the name.
#[utoipa::path(
    tag = "leads",
    security(("key" = ["analyst"])),
    params(ListQuery),
    responses(
        (status = 200, description = "One page", body = LeadList),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
        (status = 503, description = "The warehouse does not answer", body = ProblemBody),
    ),
)]
#[get("/v1/leads")]
async fn list_leads(
    caller: Caller,
    query: web::Query<ListQuery>,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<web::Json<LeadList>, Problem> {
    caller.needs(Scope::Analyst)?;
    let installation = recorder.live().now_full();
    let site = caller.site(&installation, &query.site)?;
    let limit = query.limit.unwrap_or(DEFAULT_ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit must be 1 to {MAX_ROWS}")));
    }
    let cursor: Option<Cursor> = query
        .cursor
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|bad: BadCursor| Problem::BadRequest(bad.to_string()))?;
    let keys = installation.shards.keys(&site.id);
    let kept = recorder.clock().now().plus(-(store::KEEP_LEADS.as_millis() as i64));
    let store = (recorder.store().redis(), recorder.keys());
    let (mut leads, mut next) = store::page(store, &keys, kept, cursor, limit).await?;
    if next.is_none() {
        // One more than fits tells whether there is another page.
        let left = limit.saturating_sub(leads.len()) + 1;
        let older = archive::page(&archive, &site.id, kept, cursor, left).await?;
        let more = older.len() == left;
        leads.extend(older.into_iter().take(left - 1));
        next = leads.last().filter(|_| more).map(|last| Cursor { at: last.at, id: last.id.0 });
    }
    let leads = leads.iter().map(LeadView::from).collect();
    Ok(web::Json(LeadList { leads, next: next.map(|cursor| cursor.to_string()) }))
}
