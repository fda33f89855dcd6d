//! Webhooks of telephony providers: verified, read, kept, answered.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, route, web};
use futures_util::future::join_all;

use crate::call::answer::{self, Answer, Step};
use crate::call::command::rules::job;
use crate::call::command::worker::Commander;
use crate::call::model::{CallEvent, CallEventKind};
use crate::call::providers::{self, Provider, Understood, Unverified, Wants, Webhook};
use crate::call::recorder::{Recorder, Routed};
use crate::call::replays::{Token, Use};
use crate::call::router::{self, Waiting};
use crate::call::routing::{self, model::RouteStep};
use crate::call::spool::{Spool, SpoolId};
use crate::config::model::Site;
use crate::http::body::read_body;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::ids::SiteId;

/// How long an answer waits for the disk. A disk that hangs must not hold a caller.
const SPOOL_BUDGET: Duration = Duration::from_secs(1);

/// Takes a provider's webhook.
///
/// What a provider acts on gets 200 with a document, whatever fails behind the signature; reports
/// get 204 once they are kept. docs/telephony.md names the events of each provider.
#[utoipa::path(
    method(get, post),
    path = "/v1/telephony/{provider}/{site}/{event}",
    tag = "telephony",
    params(
        ("provider" = String, Path, description =
            "`twilio`, `signalwire`, `telnyx`, `plivo`, `vonage`, `bandwidth`, `freeswitch`, `asterisk`, \
             `kamailio` or `generic`"),
        ("site" = String, Path, description = "The site's id"),
        ("event" = String, Path, description =
            "`voice` for a new call and `status` for its end; `event` for `generic` and for Telnyx' Voice API; \
             `cdr` for FreeSWITCH; the others are named in our documents"),
    ),
    responses(
        (status = 200, description = "What to do with the call, in the provider's own format"),
        (status = 204, description = "The report is kept"),
        (status = 400, description = "Signed, but not readable", body = ProblemBody),
        (status = 403, description = "The signature does not fit", body = ProblemBody),
        (status = 404, description = "No such provider, event or site", body = ProblemBody),
        (status = 413, description = "The body is too large", body = ProblemBody),
        (status = 503, description = "The report could not be kept", body = ProblemBody),
    )
)]
#[route("/v1/telephony/{provider}/{site}/{event}", method = "GET", method = "POST")]
pub async fn webhook(
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
    payload: web::Payload,
    recorder: web::Data<Recorder>,
    spool: web::Data<Spool>,
    commander: web::Data<Commander>,
) -> Result<HttpResponse, Problem> {
    let began = Instant::now();
    let unknown = Problem::NotFound { what: "webhook" };
    let (provider, site, event) = path.into_inner();
    let installation = recorder.live().now_full();
    let site: Option<SiteId> = site.parse().ok();
    let Some(site) = site.and_then(|id| installation.site(&id)) else { return Err(unknown) };
    let provider = providers::serving(&provider, &event, &site.telephony);
    let Some(provider) = provider else { return Err(unknown) };
    let Some(event) = providers::event_name(provider, &event) else { return Err(unknown) };

    let limit = installation.config.limits.webhook_body;
    let body = read_body(payload, limit).await?;
    let public_url = &installation.config.server.public_url;
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    let webhook = Webhook {
        event,
        is_get: request.method() == Method::GET,
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
    let verified = provider.verify(&site.telephony, &webhook).map_err(|refused| match refused {
        Unverified::NotConfigured => unknown,
        Unverified::BadSignature => {
            count("bad_signature");
            Problem::BadSignature
        }
    })?;
    let keys = installation.shards.keys(&site.id);
    let token = verified.once.map(|once| Token::new(&keys, provider.name(), &once, &webhook));
    let redis = recorder.store().redis();
    let mut budget = Budget(installation.config.limits.webhook_wait.unsigned_abs());
    if let Some(token) = &token {
        // While Redis is away nobody can be asked, and the caller gets through.
        if let Some(Ok(Use::Stolen)) = budget.spend(token.look_up(redis)).await {
            count("replayed");
            return Err(Problem::BadSignature);
        }
    }
    let understood = provider.understand(site, &webhook).map_err(|unreadable| {
        count("unreadable");
        Problem::BadRequest(unreadable.to_string())
    })?;
    let waiting = Waiting { provider, wants: &understood.wants };
    let outcome = keep(&recorder, &spool, &understood.events, waiting, &mut budget).await;
    let kept = outcome.kept;
    // Afterwards, so that a crash in between loses no event: it is read once more.
    if let Some(token) = token.filter(|_| kept != Kept::Lost) {
        let _ = budget.spend(token.remember(redis)).await;
    }
    count(kept.word());
    metrics::histogram!("ringtrace_webhook_seconds", "provider" => provider.name())
        .record(began.elapsed().as_secs_f64());
    let (event, at) = (understood.events.last(), webhook.received_at);
    let (steps, call) = match outcome.routed {
        // The one that was told before is carried out already.
        Some(routed) if routed.again && provider.control().is_some() => (None, None),
        Some(routed) => (Some(routed.steps), Some(routed.call)),
        None => {
            let (step, steps) = router::without_redis(&installation, site, &waiting, event, at);
            if let (Some(event), Some(step), true) = (event, step, kept == Kept::Spooled) {
                note_told(&spool, event, step).await;
            }
            (Some(steps), None)
        }
    };
    if provider.control().is_some() {
        let of = (&*installation, site);
        let job = steps.zip(event).and_then(|(steps, event)| {
            job(of, &waiting, event, call.as_ref(), steps, outcome.carried_out)
        });
        match (job, outcome.carried_out) {
            (Some(job), _) => commander.send(job),
            (None, Some(id)) => spool.done(id),
            (None, None) => {}
        }
        return match kept {
            // The provider may send it again.
            Kept::Lost => Err(Problem::Unavailable { what: "the call record" }),
            _ => Ok(HttpResponse::NoContent().finish()),
        };
    }
    reply(provider, site, public_url, &understood, kept, steps.unwrap_or_default())
}

/// What is left of the time that an answer may wait for Redis. What is not recorded by then is replayed
/// from the spool.
struct Budget(Duration);

impl Budget {
    /// What `work` comes to; `None` when it takes longer than what is left.
    async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let began = Instant::now();
        let done = tokio::time::timeout(self.0, work).await.ok();
        self.0 = self.0.saturating_sub(began.elapsed());
        done
    }
}

/// What became of the events before they were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Redis has all of them.
    Recorded,
    /// The spool has those that Redis has not; they will be replayed.
    Spooled,
    /// Neither has one of them.
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

/// What became of the events of a webhook.
struct Outcome {
    kept: Kept,
    /// The call with what it is told, where its provider waits for that and Redis answered in time.
    routed: Option<Routed>,
    /// The event that is recorded, and done once its commands are.
    carried_out: Option<SpoolId>,
}

/// The disk first, then Redis as far as the budget goes.
async fn keep(
    recorder: &Recorder,
    spool: &Spool,
    events: &[CallEvent],
    waiting: Waiting<'_>,
    budget: &mut Budget,
) -> Outcome {
    let appended = join_all(events.iter().map(|event| async {
        let appended = tokio::time::timeout(SPOOL_BUDGET, spool.append(event)).await;
        appended.ok().and_then(Result::ok)
    }));
    let spooled = appended.await;
    let mut outcome = Outcome { kept: Kept::Recorded, routed: None, carried_out: None };
    for (place, (event, spooled)) in (1..).zip(events.iter().zip(spooled)) {
        // The last one is what the provider waits on.
        let is_asked = place == events.len() && waiting.is_for_steps();
        let recorded = async {
            match is_asked {
                true => recorder.route(event, &waiting).await.map(Some),
                false => recorder.record(event).await.map(|_| None),
            }
        };
        let recorded = match budget.spend(recorded).await {
            Some(Ok(routed)) => {
                outcome.routed = routed;
                true
            }
            Some(Err(error)) => {
                tracing::warn!(%error, site = %event.site, "a call event is not recorded yet");
                false
            }
            None => false,
        };
        match (recorded, spooled) {
            (true, Some(id)) if is_asked && event.controlled.is_some() => {
                outcome.carried_out = Some(id);
            }
            (true, Some(id)) => spool.done(id),
            (true, None) => {}
            (false, Some(_)) if outcome.kept == Kept::Recorded => outcome.kept = Kept::Spooled,
            (false, Some(_)) => {}
            (false, None) => outcome.kept = Kept::Lost,
        }
    }
    outcome
}

/// Keeps what a call was told without Redis beside the event that it answers, so that it is known of the
/// call once it is recorded. Without it the call would seem to have gone nowhere, and nothing else.
async fn note_told(spool: &Spool, answered: &CallEvent, step: RouteStep) {
    let told = CallEvent {
        dedup: format!("told:{}", step.hop),
        kind: CallEventKind::Told { step: Box::new(step) },
        ..answered.clone()
    };
    match tokio::time::timeout(SPOOL_BUDGET, spool.append(&told)).await {
        // Nobody saves it now: the worker does.
        Ok(Ok(_)) => {}
        _ => tracing::warn!(site = %answered.site, "what a call was told is not kept"),
    }
}

fn reply(
    provider: &dyn Provider,
    site: &Site,
    public_url: &str,
    understood: &Understood,
    kept: Kept,
    steps: Vec<Step>,
) -> Result<HttpResponse, Problem> {
    let steps = match &understood.wants {
        Wants::Route | Wants::Next { .. } | Wants::GoOn { .. } => steps,
        Wants::Whisper { whisper, mark } => answer::whisper(whisper, mark),
        Wants::Screened { accepted: true } => Vec::new(),
        Wants::Screened { accepted: false } => vec![Step::HangUp],
        // The provider may send it again.
        Wants::Receipt if kept == Kept::Lost => {
            return Err(Problem::Unavailable { what: "the call record" });
        }
        Wants::Receipt => return Ok(HttpResponse::NoContent().finish()),
    };
    let blank = routing::blank(site, public_url, provider.name(), understood.events.first());
    let document = provider.render(&site.telephony, &Answer { steps, ..blank });
    if document.body.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(HttpResponse::Ok().content_type(document.content_type).body(document.body))
}
