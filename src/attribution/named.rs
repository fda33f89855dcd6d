//! Whose call it was when somebody names the visitor: an outcome, a form.

use std::collections::BTreeMap;

use crate::attribution::answer::{Joined, attribute, certain};
use crate::attribution::model::{Attribution, Basis};
use crate::call::model::Call;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::identified::{by_ids, by_visitor, not_withdrawn};
use crate::visit::model::Visit;
use crate::visit::store::{load_visits, touches};

/// Most visitors that the visits which were named lead on to.
const MAX_VISITORS: usize = 8;

/// A visitor as somebody names them; what is absent was not named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// A session, as pages know it.
    pub session: Option<SessionId>,
    /// A visitor.
    pub visitor: Option<VisitorId>,
    /// Ids of other systems that pages told with `identify`: name and value.
    pub ids: BTreeMap<String, String>,
}

impl Named {
    /// The session `id` alone.
    pub fn session(id: SessionId) -> Self {
        Named { session: Some(id), ..Named::default() }
    }

    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        *self == Named::default()
    }
}

/// The answer for `call` when its caller was who is `named`: one of their visits that began before it and inside
/// the attribution window. `None` when there is no such visit, or its visitor took consent back.
/// `first_contact`: when the caller called first, when that was before.
pub async fn join_named(
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    (call, first_contact): (&Call, Option<Millis>),
    named: &Named,
) -> Result<Option<Attribution>, StoreError> {
    let visits = visits_of(redis, keys, named).await?;
    let window = site.attribution_window.as_millis() as i64;
    let fits = |visit: &Visit| (0..=window).contains(&call.started_at.since(visit.started_at));
    let fitting = visits.into_iter().filter(fits).collect();
    let fitting = not_withdrawn(redis, keys, fitting).await?;
    let Some(visit) = choose(&fitting, named.session, call.attribution.as_ref()) else {
        return Ok(None);
    };
    let touches = match visit.visitor {
        Some(visitor) => touches(redis, keys, &visitor, Some(visit.session)).await?,
        None => Vec::new(),
    };
    let before = call.attribution.as_ref();
    let joined = Joined {
        at: call.started_at,
        ranking: certain(visit.session, before.map_or(&[], |before| &before.candidates)),
        visit: Some(visit),
        touches,
        first_contact,
        fit: before.map_or(0, |before| before.fit),
        observed: before.and_then(|before| before.observed.clone()),
        ..Joined::default()
    };
    // What was known of the page stays true when the visit that was chosen before is named.
    let page = before.filter(|before| before.session == Some(visit.session));
    let page = page.map(|before| before.page.clone()).unwrap_or_default();
    Ok(Some(Attribution { basis: Basis::Told, page, ..attribute(joined, site.look_back) }))
}

/// Every visit that is named, and the other visits of their visitors.
async fn visits_of(
    redis: &Redis,
    keys: &SiteKeys,
    named: &Named,
) -> Result<Vec<Visit>, StoreError> {
    let mut visits = by_ids(redis, keys, &named.ids).await?;
    if let Some(session) = named.session {
        visits.extend(load_visits(redis, keys, &[session]).await?.into_iter().flatten());
    }
    let mut visitors: Vec<VisitorId> = visits.iter().filter_map(|visit| visit.visitor).collect();
    visitors.extend(named.visitor);
    visitors.sort_unstable();
    visitors.dedup();
    for visitor in visitors.into_iter().take(MAX_VISITORS) {
        visits.extend(by_visitor(redis, keys, visitor).await?);
    }
    Ok(visits)
}

/// Of several visits of the one who called: the one that was named, else the one that the call has already, else its
/// likeliest candidate, else the newest.
fn choose<'a>(
    visits: &'a [Visit],
    named: Option<SessionId>,
    before: Option<&Attribution>,
) -> Option<&'a Visit> {
    let of = |session: SessionId| visits.iter().find(|visit| visit.session == session);
    let candidates = before.map_or(&[][..], |before| &before.candidates);
    let known = || before.and_then(|before| before.session).and_then(of);
    named
        .and_then(of)
        .or_else(known)
        .or_else(|| candidates.iter().find_map(|candidate| of(candidate.session)))
        .or_else(|| visits.iter().max_by_key(|visit| (visit.started_at, visit.session)))
}
