//! `/v1/postbacks`: what became of postbacks, and sending one once more.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::platform::ids::SiteId;
use crate::platform::keys::Shard;
use crate::postback::filter::Filter;
use crate::postback::log::{Entry, Position, Replay, State};
use crate::postback::model::{CorrectionKind, Exchange, SkipReason};
use crate::postback::store::Outbox;

/// Entries of a page when the request does not say.
const USUAL_PAGE: usize = 50;

/// Most entries of a page.
const LARGEST_PAGE: usize = 200;

/// Registers the routes. They need `web::Data` of [`Outbox`], [`Live`] and [`Clock`].
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    // A postback's id could be any of these words; the words come first.
    cfg.service(list_postbacks)
        .service(crate::postback::replay::replay_postbacks)
        .service(crate::postback::trial::try_destination)
        .service(crate::postback::files::http::download)
        .service(replay_postback);
}

/// What to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only this site; all that the key may see when absent.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only those that stand so.
    state: Option<State>,
    /// Which of them.
    #[serde(flatten)]
    #[param(inline)]
    filter: Filter,
    /// Entries of a page, 1 to 200; 50 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of postbacks, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PostbackList {
    /// The postbacks; may be empty although there is a next page.
    postbacks: Vec<PostbackView>,
    /// Give it as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One postback. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PostbackView {
    /// Its id, also the idempotency key that the destination is told.
    id: String,
    /// The site.
    site: String,
    /// The destination.
    destination: String,
    /// The call.
    call: String,
    /// Name of the conversion rule.
    conversion: String,
    /// Id of the postback that it corrects, as its call was attributed anew; absent: it corrects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<String>,
    /// What it makes of that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<CorrectionKind>,
    /// Why it was skipped, as a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<SkipReason>,
    /// What was sent last and what was answered, without secrets and personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<Exchange>,
    /// Where it stands.
    state: State,
    /// Attempts made.
    attempts: u32,
    /// Why it is not delivered (yet), empty when nothing is known against it.
    why: String,
    /// When the conversion happened.
    converted_at: String,
    /// When it was queued.
    queued_at: String,
    /// When it is given up.
    latest_at: String,
    /// When it is sent next, or, while it is being sent, when it counts as lost; waiting ones only.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    /// When it was settled; absent while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
}

impl From<Entry> for PostbackView {
    fn from(entry: Entry) -> Self {
        let Entry { postback, state, at, why, reason } = entry;
        let waits = state == State::Waiting;
        PostbackView {
            id: postback.id,
            site: postback.site.to_string(),
            destination: postback.destination.to_string(),
            call: postback.call.to_string(),
            conversion: postback.conversion,
            reason,
            exchange: postback.exchange.map(|exchange| *exchange),
            change: postback.corrects.as_ref().map(|correction| correction.change),
            corrects: postback.corrects.map(|correction| correction.of),
            state,
            attempts: postback.attempts,
            why,
            converted_at: postback.converted_at.to_string(),
            queued_at: postback.queued_at.to_string(),
            latest_at: postback.latest_at.to_string(),
            due_at: waits.then(|| at.to_string()),
            settled_at: (!waits).then(|| at.to_string()),
        }
    }
}

/// Lists postbacks, newest first: what waits by when it is due, the rest by when it was settled.
#[utoipa::path(
    tag = "postbacks",
    security(("key" = ["analyst"])),
    params(ListQuery),
    responses(
        (status = 200, description = "A page of postbacks", body = PostbackList),
        (status = 400, description = "A parameter cannot be read", body = ProblemBody),
        (status = 401, description = "No valid key", body = ProblemBody),
        (status = 403, description = "The key's scope is below analyst", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
    )
)]
#[get("/v1/postbacks")]
pub(crate) async fn list_postbacks(
    caller: Caller,
    query: Result<web::Query<ListQuery>, actix_web::Error>,
    live: web::Data<Live>,
    outbox: web::Data<Outbox>,
) -> Result<web::Json<PostbackList>, Problem> {
    caller.needs(Scope::Analyst)?;
    let query = query.map_err(|e| Problem::BadRequest(e.to_string()))?.into_inner();
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::BadRequest(format!("`limit` must be 1 to {LARGEST_PAGE}")));
    }
    let after = query.cursor.as_deref().map(str::parse::<Position>).transpose();
    let after =
        after.map_err(|()| Problem::BadRequest("`cursor` must be a `next_cursor`".to_owned()))?;

    let sites = caller.visible_sites(&live, query.site.as_slice())?;
    let all_shards = live.now().shards;
    let mut shards: Vec<Shard> = sites.iter().map(|site| all_shards.of(site)).collect();
    shards.sort_unstable();
    shards.dedup();
    let visible =
        |entry: &Entry| sites.contains(&entry.postback.site) && query.filter.lets_through(entry);
    let page = outbox.page(&shards, query.state, after, limit, visible).await?;
    Ok(web::Json(PostbackList {
        postbacks: page.entries.into_iter().map(PostbackView::from).collect(),
        next_cursor: page.next.map(|position| position.to_string()),
    }))
}

/// Queues a postback that was rejected, skipped or given up once more, with its old id. One that
/// waits already stays as it is.
#[utoipa::path(
    tag = "postbacks",
    security(("key" = ["manager"])),
    params(("id" = String, Path, description = "The postback's id")),
    responses(
        (status = 200, description = "It waits", body = PostbackView),
        (status = 400, description = "It was delivered", body = ProblemBody),
        (status = 401, description = "No valid key", body = ProblemBody),
        (status = 403, description = "The key's scope is below manager", body = ProblemBody),
        (status = 404, description = "No such postback", body = ProblemBody),
    )
)]
#[post("/v1/postbacks/{id}/replay")]
pub(crate) async fn replay_postback(
    caller: Caller,
    id: web::Path<String>,
    live: web::Data<Live>,
    clock: web::Data<Clock>,
    outbox: web::Data<Outbox>,
) -> Result<web::Json<PostbackView>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = live.now_full();
    let give_up_after = installation.config.postback.give_up_after.as_millis();
    let give_up_after_ms = i64::try_from(give_up_after).unwrap_or(i64::MAX / 2);
    let visible = |entry: &Entry| caller.sees(&entry.postback.site);
    let replay =
        outbox.replay(installation.shards, &id, clock.now(), give_up_after_ms, visible).await?;
    match replay {
        None => Err(Problem::NotFound { what: "postback" }),
        Some(Replay::Waiting(entry)) => {
            caller.is_about(&entry.postback.site);
            tracing::info!(postback = %id, by = caller.name(), "a postback is replayed");
            Ok(web::Json((*entry).into()))
        }
        Some(Replay::WasDelivered) => {
            Err(Problem::BadRequest("this postback was delivered and is not sent again".to_owned()))
        }
        Some(Replay::Changed) => Err(Problem::Unavailable { what: "the outbox" }),
    }
}
