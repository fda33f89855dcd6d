//! What a page view means for the session: does it go on, does it begin, what must be written down of
//! it. The snippet's routes and a replay both decide here.

use ipnet::IpNet;

use crate::config::model::Site;
use crate::lease::desk::Desk;
use crate::lease::known::Known;
use crate::lease::store::LeaseStore;
use crate::lease::trackers::Trackers;
use crate::lease::wire::LeaseRequest;
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::privacy::mask;
use crate::visit::ad_ids::AdIds;
use crate::visit::address::kept;
use crate::visit::carry::carried;
use crate::visit::client::SealedClient;
use crate::visit::cookies;
use crate::visit::device::machine;
use crate::visit::identified;
use crate::visit::learnt::{Labels, Learnt};
use crate::visit::model::{Consent, Machine, Place, Visit};
use crate::visit::opening::Opening;
use crate::visit::rules::{arrive, campaign_fingerprint};
use crate::visit::site_rules::SiteRules;
use crate::visit::store::{Said, change_consent, forget_visitor, learn, touches};
use crate::visit::tables::Tables;
use crate::visit::token::{Marks, SessionToken};

/// What a page view means for the session.
pub struct View {
    /// Whose page it is from now on.
    pub token: SessionToken,
    /// What must be written down of it.
    news: News,
    /// The visitor, when it was known before.
    returning: Option<VisitorId>,
    /// Who asks, sealed for postbacks; only where it is news and allowed.
    client: Option<SealedClient>,
    /// What the message adds to the visit that goes on. Most tags write their cookies after the first
    /// page view only.
    learnt: Learnt,
    /// A visitor who took consent back and is to be forgotten.
    withdrawn: Option<VisitorId>,
}

/// What a page view changes in the stored visit.
enum News {
    /// A session goes on as it was.
    None,
    /// A new session.
    Opened(Box<Visit>),
    /// The session goes on with another consent.
    Consent,
}

/// What the first page of a session says of the visit, by itself and by its request.
pub struct FirstPage<'a> {
    /// `location.href`
    pub url: &'a str,
    /// `document.referrer`
    pub referrer: &'a str,
    /// What shows it.
    pub machine: Machine,
    /// Where it is shown.
    pub place: Place,
    /// The address it was asked from, as far as it is kept.
    pub network: Option<IpNet>,
    /// What tags know of the browser, and what the page says of its visitor.
    pub learnt: Learnt,
}

impl View {
    pub(super) fn decide(
        desk: &Desk<'_>,
        site: &Site,
        rules: &SiteRules,
        asked: &LeaseRequest,
        known: &Known,
    ) -> Self {
        let now = desk.clock.now();
        let touch = campaign_fingerprint(desk.tables, rules, &asked.url);
        let token = known.goes_on(asked);
        let token = token.filter(|token| token.continues(now, site.session_timeout, touch));
        let Known { consent, told, .. } = *known;
        let learnt = Learnt {
            ad_ids: if consent.ads { cookies::read(&asked.cookies) } else { AdIds::default() },
            labels: Labels::said(&asked.ids, &asked.tags).allowed(consent.analytics),
        };
        let view = if let Some(before) = token {
            View::goes_on(before, known.visitor, (consent, told), learnt, now)
        } else {
            let visitor = consent.analytics.then(|| known.visitor.unwrap_or_default());
            let (session, marks) = (SessionId::new(), Marks::default());
            let token = SessionToken { session, visitor, seen: now, touch, consent, told, marks };
            let page = FirstPage {
                url: &asked.url,
                referrer: asked.referrer.as_deref().unwrap_or(""),
                machine: machine(desk.tables, desk.user_agent(), desk.hints()),
                place: desk.located().place.clone(),
                network: kept(desk.address, site.visits.keep_ip),
                learnt,
            };
            View::opens(desk.tables, site, rules, token, page, known.visitor.is_some())
        };
        let keeps_client = consent.ads && !matches!(view.news, News::None);
        let client = keeps_client.then(|| desk.sealed_client(site, &view.token.session));
        View { client: client.flatten(), withdrawn: view.withdrawn.or(known.withdrawn()), ..view }
    }

    /// The session of `before` goes on at `now` with this consent, told by a page or not; its visitor was
    /// `known` before it.
    pub fn goes_on(
        before: SessionToken,
        known: Option<VisitorId>,
        (consent, told): (Consent, bool),
        learnt: Learnt,
        now: Millis,
    ) -> Self {
        let visitor = before.visitor.or(known);
        let visitor = consent.analytics.then(|| visitor.unwrap_or_default());
        let token = SessionToken { seen: now, visitor, consent, told, ..before };
        let is_news = (consent, visitor) != (before.consent, before.visitor);
        let news = if is_news { News::Consent } else { News::None };
        let withdrawn = before.visitor.filter(|_| visitor.is_none());
        View { token, news, returning: None, client: None, learnt, withdrawn }
    }

    /// A session that begins with `page`: the one that `token` says. Its visitor, if any, is
    /// `known` from before or new.
    pub fn opens(
        tables: &Tables,
        site: &Site,
        rules: &SiteRules,
        token: SessionToken,
        page: FirstPage<'_>,
        known: bool,
    ) -> Self {
        let arrival = arrive(tables, rules, page.url, page.referrer);
        let mut visit = Visit {
            session: token.session,
            visitor: token.visitor,
            site: site.id.clone(),
            started_at: token.seen,
            source: arrival.source,
            click_ids: arrival.click_ids,
            ad_ids: Default::default(),
            labels: Labels::default(),
            referrer_host: arrival.referrer_host,
            landing_host: arrival.landing_host,
            landing_page: arrival.landing_page,
            machine: page.machine,
            place: page.place,
            network: page.network,
            carried: None,
            consent: token.consent,
        };
        visit.learn(&page.learnt);
        mask::visit(site, &mut visit);
        let returning = token.visitor.filter(|_| known);
        let (news, learnt) = (News::Opened(Box::new(visit)), Learnt::default());
        View { token, news, returning, client: None, learnt, withdrawn: None }
    }

    /// Whether serving it asks Redis for what must be known before a number is asked for.
    pub fn looks_back(&self) -> bool {
        match &self.news {
            News::Opened(visit) => self.returning.is_some() && visit.source.is_direct(),
            News::None => !self.learnt.is_empty(),
            News::Consent => true,
        }
    }

    /// The visit to write when it opens a new session.
    pub(super) fn opened(&self) -> Option<&Visit> {
        match &self.news {
            News::Opened(visit) => Some(visit),
            News::None | News::Consent => None,
        }
    }

    /// Lets a direct visit of a known visitor carry on the source that it is known for.
    pub(super) async fn carry(
        &mut self,
        redis: &Redis,
        keys: &SiteKeys,
        site: &Site,
    ) -> Result<(), StoreError> {
        let News::Opened(visit) = &mut self.news else { return Ok(()) };
        let Some(visitor) = self.returning.filter(|_| visit.source.is_direct()) else {
            return Ok(());
        };
        let touches = touches(redis, keys, &visitor, None).await?;
        if let Some(touch) = carried(&touches, site.look_back, visit.started_at) {
            visit.carry(touch);
        }
        Ok(())
    }

    /// Decides for good what serves the targets of a session that opens at `url`; what it carries on
    /// must be known.
    pub fn choose(&mut self, trackers: &Trackers, site: &Site, rules: &SiteRules, url: &str) {
        if let News::Opened(visit) = &self.news {
            self.token.marks = trackers.choose(site, rules, visit, url);
        }
    }

    /// What is to be written of a new session, by itself or with its first lease.
    pub(super) fn opening<'a>(
        &'a self,
        keys: &'a SiteKeys,
        site: &Site,
    ) -> Result<Option<Opening<'a>>, StoreError> {
        let open = |visit: &'a Visit| {
            let kept_for = (site.attribution_window, site.look_back);
            Opening::new(keys, visit, self.client.as_ref(), kept_for, self.returning.is_some())
        };
        self.opened().map(open).transpose()
    }

    /// Writes the news of a session that goes on. Returns whose the session is now: a message that was repeated must not
    /// make another visitor.
    pub(super) async fn record(
        &self,
        store: &LeaseStore,
        keys: &SiteKeys,
        site: &Site,
    ) -> Result<Option<VisitorId>, StoreError> {
        let redis = store.redis();
        let SessionToken { session, visitor, seen, consent, .. } = self.token;
        let client = self.client.as_ref();
        if let Some(withdrawn) = &self.withdrawn {
            let keep = site.look_back.max(site.attribution_window);
            forget_visitor(redis, keys, withdrawn, keep, seen).await?;
        }
        let visitor = match &self.news {
            News::None => visitor,
            // The rest of it is written with its first lease.
            News::Opened(visit) => {
                identified::note(redis, keys, visit).await?;
                visitor
            }
            News::Consent => {
                let said = Said { consent, visitor, learnt: &self.learnt, client };
                let keep = site.look_back.max(site.attribution_window);
                change_consent(redis, keys, session, said, keep, seen).await?
            }
        };
        if !self.learnt.is_empty() {
            learn(redis, keys, session, &self.learnt, seen).await?;
        }
        Ok(visitor)
    }
}
