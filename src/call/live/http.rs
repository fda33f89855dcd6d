//! `GET /v1/live`: server-sent events (WHATWG HTML, "Server-sent events").

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::live::hub::{Hub, Listener, LiveId, Placed};
use crate::call::live::model::LiveEvent;
use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::SiteId;

/// A silent stream says something this often, so that nobody on the way takes it for dead.
const BEAT: Duration = Duration::from_secs(15);
/// Milliseconds after which a client comes again.
const COME_AGAIN_MS: u32 = 2_000;

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(live);
}

/// What to listen to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LiveQuery {
    /// One site; absent: all that the key may see.
    site: Option<String>,
    /// The same as the header `Last-Event-ID`, for clients that cannot send it.
    last_event_id: Option<String>,
}

/// Tells of calls within a second: events `ringing`, `answered` and `ended`, each with a call as JSON. With
/// `Last-Event-ID` it goes on after that event, as far as the newest thousand go back; an event may come twice. Who
/// reads too slowly is sent away and may come again.
#[utoipa::path(
    tag = "calls",
    security(("key" = ["analyst"])),
    params(LiveQuery, ("Last-Event-ID" = Option<String>, Header, description = "The last event that was received")),
    responses(
        (status = 200, description = "Events, until somebody ends it", body = LiveEvent,
            content_type = "text/event-stream"),
        (status = 403, description = "The key has no scope `analyst`", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
        (status = 429, description = "Too many listen already (`limits.live_clients`)", body = ProblemBody),
    ),
)]
#[get("/v1/live")]
async fn live(
    caller: Caller,
    request: HttpRequest,
    query: web::Query<LiveQuery>,
    config: web::Data<Live>,
    hub: web::Data<Hub>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Analyst)?;
    let wanted = match query.site.as_deref() {
        Some(site) => vec![site.parse().map_err(|_| Problem::NotFound { what: "site" })?],
        None => Vec::new(),
    };
    let sites: Vec<SiteId> = caller.visible_sites(&config, &wanted)?;
    let header = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    // What is no id of ours is one that is long forgotten.
    let last = header.or(query.last_event_id.as_deref()).and_then(|id| id.parse::<LiveId>().ok());
    let most = config.now().config.limits.live_clients;
    // Listens before it looks back, so that nothing falls in between.
    let too_many = Problem::TooManyRequests { retry_after_s: 5 };
    let listener = hub.listen(most).ok_or(too_many)?;
    let missed = match last {
        Some(last) => hub.since(last).await?,
        None => Vec::new(),
    };
    let config = config.get_ref().clone();
    let session = Session { listener, missed: missed.into(), sites, caller, config, begun: false };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        // Compression would hold events back.
        .insert_header(ContentEncoding::Identity)
        .streaming(session.stream()))
}

/// One client that listens.
struct Session {
    listener: Listener,
    missed: VecDeque<Placed>,
    sites: Vec<SiteId>,
    caller: Caller,
    config: Live,
    begun: bool,
}

impl Session {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Problem>> {
        unfold(self, |mut session| async move {
            let piece = session.next().await?;
            Some((Ok(Bytes::from(piece)), session))
        })
    }

    /// The next piece of the stream; `None` when it is over.
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            return Some(format!("retry: {COME_AGAIN_MS}\n\n"));
        }
        loop {
            if let Some(event) = self.missed.pop_front() {
                if let Some(text) = self.written(&event) {
                    return Some(text);
                }
                continue;
            }
            match tokio::time::timeout(BEAT, self.listener.events.recv()).await {
                // Its key may have been taken away meanwhile.
                Err(_) if !self.caller.is_still_known(&self.config) => return None,
                Err(_) => return Some(": beat\n\n".to_owned()),
                Ok(Ok(event)) if !self.caller.is_still_known(&self.config) => {
                    drop(event);
                    return None;
                }
                Ok(Ok(event)) => {
                    if let Some(text) = self.written(&event) {
                        return Some(text);
                    }
                }
                // It was too slow: it comes again and says how far it got.
                Ok(Err(RecvError::Lagged(_))) => return None,
                Ok(Err(RecvError::Closed)) => return None,
            }
        }
    }

    fn written(&self, (id, event): &Placed) -> Option<String> {
        if !self.sites.contains(&event.site) {
            return None;
        }
        let data = serde_json::to_string(&**event).ok()?;
        Some(format!("id: {id}\nevent: {}\ndata: {data}\n\n", event.kind.word()))
    }
}
