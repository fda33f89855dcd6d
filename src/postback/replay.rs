//! `POST /v1/postbacks/replay`: sending many once more.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};

use crate::config::Live;
use crate::config::model::Scope;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::platform::ids::SiteId;
use crate::platform::keys::Shard;
use crate::postback::filter::Filter;
use crate::postback::log::{Entry, Position, Replay, State};
use crate::postback::store::Outbox;

/// Most postbacks that one request looks at.
const MOST: usize = 500;

/// What to send once more.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ReplayMany {
    /// Only of this site; all that the key may see when absent.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    site: Option<SiteId>,
    /// Only those that stand so: rejected, skipped or dead. Dead ones when absent.
    #[serde(default)]
    state: Option<State>,
    /// Which of them.
    #[serde(flatten)]
    filter: Filter,
    /// Only tells how many there are.
    #[serde(default)]
    dry_run: bool,
    /// `next_cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

/// What was sent once more.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReplayedMany {
    /// How many wait now (or would, of a dry run).
    replayed: usize,
    /// Ask again with it as `cursor` for the rest; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Queues postbacks that were rejected, skipped or given up once more, with their old ids.
#[utoipa::path(
    tag = "postbacks",
    security(("key" = ["manager"])),
    request_body = ReplayMany,
    responses(
        (status = 200, description = "They wait", body = ReplayedMany),
        (status = 400, description = "The body cannot be read, or the state is not one to replay", body = ProblemBody),
        (status = 401, description = "No valid key", body = ProblemBody),
        (status = 403, description = "The key's scope is below manager", body = ProblemBody),
        (status = 404, description = "No such site", body = ProblemBody),
    )
)]
#[post("/v1/postbacks/replay")]
pub(crate) async fn replay_postbacks(
    caller: Caller,
    asked: web::Json<ReplayMany>,
    live: web::Data<Live>,
    clock: web::Data<Clock>,
    outbox: web::Data<Outbox>,
) -> Result<web::Json<ReplayedMany>, Problem> {
    caller.needs(Scope::Manager)?;
    let asked = asked.into_inner();
    let state = asked.state.unwrap_or(State::Dead);
    if !matches!(state, State::Rejected | State::Skipped | State::Dead) {
        return Err(Problem::BadRequest("`state` must be rejected, skipped or dead".to_owned()));
    }
    let after = asked.cursor.as_deref().map(str::parse::<Position>).transpose();
    let after =
        after.map_err(|()| Problem::BadRequest("`cursor` must be a `next_cursor`".to_owned()))?;
    let sites = caller.visible_sites(&live, asked.site.as_slice())?;
    let installation = live.now_full();
    let mut shards: Vec<Shard> = sites.iter().map(|site| installation.shards.of(site)).collect();
    shards.sort_unstable();
    shards.dedup();
    let wanted =
        |entry: &Entry| sites.contains(&entry.postback.site) && asked.filter.lets_through(entry);
    let page = outbox.page(&shards, Some(state), after, MOST, wanted).await?;
    let mut replayed = 0;
    let give_up_after = installation.config.postback.give_up_after.as_millis();
    let give_up_after_ms = i64::try_from(give_up_after).unwrap_or(i64::MAX / 2);
    for entry in &page.entries {
        if asked.dry_run {
            replayed += 1;
            continue;
        }
        let (id, now) = (&entry.postback.id, clock.now());
        let done = outbox.replay(installation.shards, id, now, give_up_after_ms, wanted).await?;
        replayed += usize::from(matches!(done, Some(Replay::Waiting(_))));
    }
    tracing::info!(replayed, dry_run = asked.dry_run, by = caller.name(), "postbacks are replayed");
    let next_cursor = page.next.map(|position| position.to_string());
    Ok(web::Json(ReplayedMany { replayed, next_cursor }))
}
