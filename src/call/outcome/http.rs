//! `PATCH /v1/calls/{id}`, `POST /v1/calls/{id}/events` and `POST /v1/outcomes`.

use actix_web::{HttpRequest, patch, post, web};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::archive::Archive;
use crate::call::import::cells::Calendar;
use crate::call::list::http::{OneQuery, find_call};
use crate::call::model::{Call, CallEvent, CallEventKind, Caller as WhoCalled};
use crate::call::outcome::email;
use crate::call::outcome::import::{
    ImportReply, MAX_ROWS, Place, Told, from_csv, from_json, import,
};
use crate::call::outcome::model::OutcomeChange;
use crate::call::outcome::view::OutcomeView;
use crate::call::recorder::{RecordError, Recorder};
use crate::call::view::CallView;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::body::{as_csv, read_body};
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::phone::PhoneNumber;
use crate::warehouse::zone::site_zone;

/// Longest id of an event.
const MAX_EVENT_ID: usize = 64;
/// How far in the future an event may be: clocks differ.
const AHEAD_MS: i64 = 5 * 60_000;

/// Mounts the routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(change_outcome).service(add_event).service(import_outcomes);
}

/// What came of a call, and who called.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what OutcomeChange reads")]
struct OutcomeBody {
    #[schema(inline)]
    #[serde(flatten)]
    outcome: OutcomeView,
    /// The caller's e-mail address, or its SHA-256, for ad platforms: kept hashed, with consent to ads, and never shown.
    email: Option<String>,
    #[serde(flatten)]
    named: NamedBody,
}

/// A visitor. A call that had another answer, or a less sure one, is attributed anew to the visit of theirs that led to
/// it, as its next version, and what was told of it is corrected. A visitor of whom no visit began before the call and
/// inside the attribution window, or who took consent back, changes nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct NamedBody {
    /// A session's id as pages know it (`session_id`).
    #[serde(default)]
    session: Option<String>,
    /// A visitor's id.
    #[serde(default)]
    visitor: Option<String>,
    /// Ids of other systems that the visitor's pages told with `identify`: `{"crm": "4711"}`.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    ids: Option<Map<String, Value>>,
}

impl NamedBody {
    /// The change that it is. The error names the field.
    fn change(&self) -> Result<OutcomeChange, String> {
        let texts = [("session", &self.session), ("visitor", &self.visitor)];
        let told = texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?.into())));
        let ids = self.ids.clone().map(|ids| ("ids", Value::Object(ids)));
        let object = told.chain(ids).map(|(name, value): (_, Value)| (name.to_owned(), value));
        OutcomeChange::from_json(&object.collect())
    }
}

/// Tells what came of a call, and whose it was. Only the fields that are named change, `null` clears one; what is so
/// already makes no new version. The name of the key is kept with the change.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["manager"])),
    params(("id" = String, Path, description = "The call's id"), OneQuery),
    request_body(content = OutcomeBody, description = "Any of the outcome's fields; `by` and `at` are ours"),
    responses(
        (status = 200, description = "The call as it is now", body = CallView),
        (status = 400, description = "A field that cannot be so", body = ProblemBody),
        (status = 404, description = "No such call", body = ProblemBody),
    ),
)]
#[patch("/v1/calls/{id}")]
async fn change_outcome(
    caller: Caller,
    id: web::Path<String>,
    query: web::Query<OneQuery>,
    body: web::Json<Map<String, Value>>,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<web::Json<CallView>, Problem> {
    caller.needs(Scope::Manager)?;
    let change = OutcomeChange::from_json(&body).map_err(Problem::BadRequest)?;
    let call = find_call(&caller, &recorder, &archive, &id, &query).await?;
    amended(&recorder, &call, &change, caller.name()).await
}

async fn amended(
    recorder: &Recorder,
    call: &Call,
    change: &OutcomeChange,
    by: &str,
) -> Result<web::Json<CallView>, Problem> {
    let amended = email::amend(recorder, call, change, by).await;
    let (call, _) =
        amended.map_err(RecordError::into_problem)?.ok_or(Problem::NotFound { what: "call" })?;
    Ok(web::Json(CallView::from(&call)))
}

/// Something that happened to a call, told by a telephone system.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EventBody {
    /// Tells the event from others of the call: sent again it changes nothing.
    id: String,
    /// When it happened, RFC 3339; absent: now.
    #[serde(default)]
    at: Option<String>,
    /// What happened.
    #[serde(rename = "type")]
    kind: EventType,
    /// Seconds, with `dequeued` (waited there) and `held_for`.
    #[serde(default)]
    seconds: Option<u32>,
    /// Number that the call was handed to, with `transferred`.
    #[serde(default)]
    to: Option<String>,
    /// Whether the caller was reached, with `called_back`.
    #[serde(default)]
    answered: Option<bool>,
    /// Who called, with `identified`.
    #[serde(default)]
    named: NamedBody,
}

/// What can be told.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EventType {
    /// The caller waits in a queue.
    Queued,
    /// The caller left it.
    Dequeued,
    /// The conversation was put on hold.
    Held,
    /// It went on.
    Resumed,
    /// It was on hold for so long altogether.
    HeldFor,
    /// It was handed on to somebody else.
    Transferred,
    /// The business called back.
    CalledBack,
    /// It turned out who called.
    Identified,
}

/// Adds something that happened to a call.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["manager"])),
    params(("id" = String, Path, description = "The call's id"), OneQuery),
    request_body(content = EventBody),
    responses(
        (status = 200, description = "The call as it is now", body = CallView),
        (status = 400, description = "An event that cannot be so", body = ProblemBody),
        (status = 404, description = "No such call", body = ProblemBody),
    ),
)]
#[post("/v1/calls/{id}/events")]
async fn add_event(
    caller: Caller,
    id: web::Path<String>,
    query: web::Query<OneQuery>,
    body: web::Json<EventBody>,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<web::Json<CallView>, Problem> {
    caller.needs(Scope::Manager)?;
    let body = body.into_inner();
    let bad = |what: &str| Problem::BadRequest(what.to_owned());
    let fits = (1..=MAX_EVENT_ID).contains(&body.id.len())
        && body.id.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(bad("`id` must be 1 to 64 visible ASCII characters"));
    }
    let call = find_call(&caller, &recorder, &archive, &id, &query).await?;
    let now = recorder.clock().now();
    let at = match &body.at {
        None => now,
        Some(text) => text
            .parse::<jiff::Timestamp>()
            .map(Into::into)
            .map_err(|_| bad("`at` must be a time such as 2026-03-01T09:00:00Z"))?,
    };
    if at < call.started_at || at > now.plus(AHEAD_MS) {
        return Err(bad("`at` must be between the call's start and now"));
    }
    let kind = match body.kind {
        EventType::Identified => {
            let change = body.named.change().map_err(Problem::BadRequest)?;
            if change.is_empty() {
                return Err(bad("`named` is missing: `session`, `visitor` or `ids`"));
            }
            return amended(&recorder, &call, &change, caller.name()).await;
        }
        EventType::Queued => CallEventKind::Queued,
        EventType::Dequeued => CallEventKind::Dequeued { wait_s: body.seconds },
        EventType::Held => CallEventKind::Held,
        EventType::Resumed => CallEventKind::Resumed,
        EventType::HeldFor => CallEventKind::HeldFor {
            seconds: body.seconds.ok_or_else(|| bad("`seconds` is missing"))?,
        },
        EventType::CalledBack => CallEventKind::CalledBack {
            answered: body.answered.ok_or_else(|| bad("`answered` is missing"))?,
        },
        EventType::Transferred => {
            let installation = recorder.live().now_full();
            let country = installation.site(&call.site).map(|site| site.country.clone());
            let read = |text: &String| {
                PhoneNumber::parse_loose(text, country.as_deref())
                    .ok_or_else(|| bad("`to` is no phone number"))
            };
            CallEventKind::Transferred { to: body.to.as_ref().map(read).transpose()?, onward: None }
        }
    };
    let event = CallEvent {
        controlled: None,
        provider: call.provider.clone(),
        provider_call_id: call.provider_call_id.clone(),
        dedup: format!("api:{}", body.id),
        site: call.site.clone(),
        at,
        received_at: now,
        to: None,
        from: WhoCalled::default(),
        sip_call_id: None,
        stage: Default::default(),
        dialled: None,
        kind,
    };
    let call =
        recorder.record_late(&event, Some(&call)).await.map_err(RecordError::into_problem)?;
    Ok(web::Json(CallView::from(&call)))
}

/// Which site the outcomes are of.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// The site.
    site: String,
}

/// Outcomes of many calls.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportBody {
    /// Each names its call by `call`, by `provider_call_id` (and `provider`), or by `caller` and
    /// `started_at`; its other fields are those of an outcome.
    #[schema(value_type = Vec<Object>)]
    outcomes: Vec<Map<String, Value>>,
}

/// Tells what came of many calls: a JSON list, or a CSV with the same names in its first line. What
/// cannot be used is told with the reason; everything else is done, and may be sent again.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["manager"])),
    params(ImportQuery),
    request_body(
        content(
            (ImportBody = "application/json"),
            (String = "text/csv", example = "caller,started_at,disposition,value\n+14155550133,2026-03-01T09:00:00Z,booked,149.90"),
        ),
    ),
    responses(
        (status = 200, description = "What became of them", body = ImportReply),
        (status = 400, description = "A body that is no list of outcomes", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/outcomes")]
async fn import_outcomes(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<ImportQuery>,
    body: web::Payload,
    recorder: web::Data<Recorder>,
    archive: web::Data<Archive>,
) -> Result<web::Json<ImportReply>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = recorder.live().now_full();
    let site = caller.site(&installation, &query.site)?;
    let body = read_body(body, installation.config.limits.api_body).await?;
    let calendar = Calendar::new(site_zone(&installation, &site.id), &site.country);
    let told = read(&request, &body, &Place { country: &site.country, calendar })?;
    if told.len() > MAX_ROWS {
        return Err(Problem::BadRequest(format!("at most {MAX_ROWS} outcomes a request")));
    }
    let keys = installation.shards.keys(&site.id);
    let reply = import(&recorder, &archive, site, &keys, told, caller.name()).await?;
    Ok(web::Json(reply))
}

fn read(request: &HttpRequest, body: &[u8], place: &Place<'_>) -> Result<Vec<Told>, Problem> {
    let bad = |why: String| Problem::BadRequest(format!("the body: {why}"));
    if let Some(text) = as_csv(request, body) {
        return from_csv(&text?, place).map_err(bad);
    }
    let body: ImportBody = serde_json::from_slice(body).map_err(|e| bad(e.to_string()))?;
    Ok(from_json(body.outcomes, place))
}
