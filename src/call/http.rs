//! Webhooks of telephony providers, and the calls for those who may see them.

use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::list::{Cursor, calls_after};
use crate::call::model::{Call, CallEvent};
use crate::call::providers::{self, Document, Provider, Understood, Unverified, Wants, Webhook};
use crate::call::recorder::Recorder;
use crate::call::routing;
use crate::call::spool::Spool;
use crate::call::view::CallView;
use crate::config::model::{Scope, Site};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::{CallId, SiteId};

/// How long an answer waits for the disk. A disk that hangs must not hold a caller.
const SPOOL_BUDGET: Duration = Duration::from_secs(1);
/// How long an answer waits for Redis. What is not recorded by then is replayed from the spool.
const RECORD_BUDGET: Duration = Duration::from_millis(150);
/// Rows of a list when the request does not say.
const DEFAULT_ROWS: usize = 50;
/// Most rows of a list.
const MAX_ROWS: usize = 200;

/// The routes of this stage.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    config.service(webhook).service(list_calls).service(one_call);
}

/// Takes a provider's webhook.
///
/// Answer hooks get 200 with a document, whatever fails behind the signature; reports get 204 once
/// they are kept.
#[utoipa::path(
    tag = "telephony",
    params(
        ("provider" = String, Path, description = "`twilio` or `generic`"),
        ("site" = String, Path, description = "The site's id"),
        ("event" = String, Path, description =
            "twilio: `voice`, `dial`, `leg`, `status`, `recording`; generic: `event`"),
    ),
    responses(
        (status = 200, description = "What to do with the call: TwiML, or JSON for `generic`"),
        (status = 204, description = "The report is kept"),
        (status = 400, description = "Signed, but not readable", body = ProblemBody),
        (status = 403, description = "The signature does not fit", body = ProblemBody),
        (status = 404, description = "No such provider, event or site", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 503, description = "The report could not be kept", body = ProblemBody),
    )
)]
#[post("/v1/telephony/{provider}/{site}/{event}")]
pub async fn webhook(
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
    payload: web::Payload,
    recorder: web::Data<Recorder>,
    spool: web::Data<Spool>,
) -> Result<HttpResponse, Problem> {
    let began = Instant::now();
    let unknown = Problem::NotFound { what: "webhook" };
    let (provider, site, event) = path.into_inner();
    let installation = recorder.live().now_full();
    let Some(provider) = providers::by_name(&provider) else { return Err(unknown) };
    let Some(event) = provider.event_name(&event) else { return Err(unknown) };
    let site: Option<SiteId> = site.parse().ok();
    let Some(site) = site.and_then(|id| installation.site(&id)) else { return Err(unknown) };

    let limit = installation.config.limits.webhook_body;
    let body = match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(Problem::BadRequest("the body cannot be read".to_owned())),
        Err(_) => return Err(Problem::TooLarge { limit }),
    };
    let public_url = &installation.config.server.public_url;
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    let webhook = Webhook {
        event,
        url: &format!("{public_url}{asked}"),
        headers: request.headers(),
        body: &body,
        received_at: recorder.clock().now(),
    };
    let count = |result: &'static str| {
        metrics::counter!("ringtrace_webhooks_total",
            "provider" => provider.name(), "event" => event, "result" => result)
        .increment(1);
    };
    match provider.verify(&site.telephony, &webhook) {
        Ok(()) => {}
        Err(Unverified::NotConfigured) => return Err(unknown),
        Err(Unverified::BadSignature) => {
            count("bad_signature");
            return Err(Problem::BadSignature);
        }
    }
    let understood = provider.understand(site, &webhook).map_err(|unreadable| {
        count("unreadable");
        Problem::BadRequest(unreadable.to_string())
    })?;
    let kept = match &understood.event {
        Some(event) => keep(&recorder, &spool, event).await,
        None => Kept::Recorded,
    };
    count(kept.word());
    metrics::histogram!("ringtrace_webhook_seconds", "provider" => provider.name())
        .record(began.elapsed().as_secs_f64());
    answer(provider, site, public_url, &understood, kept)
}

/// What became of an event before it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Redis has it.
    Recorded,
    /// The spool has it; it will be replayed.
    Spooled,
    /// Neither.
    Lost,
}

impl Kept {
    fn word(self) -> &'static str {
        match self {
            Kept::Recorded => "recorded",
            Kept::Spooled => "spooled",
            Kept::Lost => "lost",
        }
    }
}

/// The disk first, then Redis as far as the budget goes.
async fn keep(recorder: &Recorder, spool: &Spool, event: &CallEvent) -> Kept {
    let spooled = tokio::time::timeout(SPOOL_BUDGET, spool.append(event)).await;
    let spooled = spooled.ok().and_then(Result::ok);
    let recorded = tokio::time::timeout(RECORD_BUDGET, recorder.record(event)).await;
    let recorded = match recorded {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, site = %event.site, "a call event is not recorded yet");
            false
        }
        Err(_) => false,
    };
    match (recorded, spooled) {
        (true, Some(id)) => {
            spool.done(id).await;
            Kept::Recorded
        }
        (true, None) => Kept::Recorded,
        (false, Some(_)) => Kept::Spooled,
        (false, None) => Kept::Lost,
    }
}

fn answer(
    provider: &dyn Provider,
    site: &Site,
    public_url: &str,
    understood: &Understood,
    kept: Kept,
) -> Result<HttpResponse, Problem> {
    let document = match understood.wants {
        Wants::Route => {
            let event = understood.event.as_ref();
            let call = event.map(|e| CallId::of(&e.site, &e.provider, &e.provider_call_id));
            let caller_id = event.and_then(|event| event.from.number.clone());
            provider.forward(&routing::route(site, public_url, provider.name(), call, caller_id))
        }
        Wants::End => provider.end(),
        // The provider may send it again.
        Wants::Receipt if kept == Kept::Lost => {
            return Err(Problem::Unavailable { what: "the call record" });
        }
        Wants::Receipt => return Ok(HttpResponse::NoContent().finish()),
    };
    let Document { content_type, body } = document;
    Ok(HttpResponse::Ok().content_type(content_type).body(body))
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// One site; absent: all that the key may see.
    site: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; absent: 50.
    limit: Option<usize>,
}

/// One page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallList {
    /// The calls, newest first.
    pub calls: Vec<CallView>,
    /// Cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Lists the calls of the last 30 days, newest first.
#[utoipa::path(
    tag = "calls",
    security(("key" = [])),
    params(ListQuery),
    responses(
        (status = 200, description = "One page", body = CallList),
        (status = 400, description = "A parameter is not usable", body = ProblemBody),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
    ),
)]
#[get("/v1/calls")]
pub async fn list_calls(
    caller: Caller,
    query: web::Query<ListQuery>,
    recorder: web::Data<Recorder>,
) -> Result<web::Json<CallList>, Problem> {
    caller.needs(Scope::Analyst)?;
    let sites = wanted_sites(&caller, &recorder, query.site.as_deref())?;
    let limit = query.limit.unwrap_or(DEFAULT_ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(Problem::BadRequest(format!("limit must be 1 to {MAX_ROWS}")));
    }
    let cursor: Option<Cursor> = match query.cursor.as_deref() {
        Some(text) => Some(text.parse().map_err(|_| {
            Problem::BadRequest("cursor must be `next` of a page before".to_owned())
        })?),
        None => None,
    };
    let shards = recorder.live().now().shards;
    let (calls, next) = calls_after(recorder.store(), shards, &sites, cursor, limit).await?;
    let calls = calls.iter().map(CallView::from).collect();
    Ok(web::Json(CallList { calls, next: next.map(|cursor| cursor.to_string()) }))
}

/// Which site to look on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneQuery {
    /// Its site, when known; absent: all that the key may see.
    site: Option<String>,
}

/// Shows one call of the last 30 days.
#[utoipa::path(
    tag = "calls",
    security(("key" = [])),
    params(("id" = String, Path, description = "The call's id"), OneQuery),
    responses(
        (status = 200, description = "The call", body = CallView),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such call", body = ProblemBody),
    ),
)]
#[get("/v1/calls/{id}")]
pub async fn one_call(
    caller: Caller,
    id: web::Path<String>,
    query: web::Query<OneQuery>,
    recorder: web::Data<Recorder>,
) -> Result<web::Json<CallView>, Problem> {
    caller.needs(Scope::Analyst)?;
    let unknown = Problem::NotFound { what: "call" };
    let Ok(id) = id.parse::<CallId>() else { return Err(unknown) };
    let sites = wanted_sites(&caller, &recorder, query.site.as_deref())?;
    let shards = recorder.live().now().shards;
    // The id does not tell its site; all are asked in one go.
    let asked = sites.iter().map(|site| {
        let keys = shards.keys(site);
        let store = recorder.store();
        async move { store.load(&keys, id).await }
    });
    let found: Option<Call> = try_join_all(asked).await?.into_iter().flatten().next();
    found.map(|call| web::Json(CallView::from(&call))).ok_or(unknown)
}

fn wanted_sites(
    caller: &Caller,
    recorder: &Recorder,
    site: Option<&str>,
) -> Result<Vec<SiteId>, Problem> {
    let wanted = match site {
        Some(site) => vec![site.parse().map_err(|_| Problem::NotFound { what: "site" })?],
        None => Vec::new(),
    };
    caller.visible_sites(recorder.live(), &wanted)
}
