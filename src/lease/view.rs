//! What a page view means for the session: does it go on, does it begin, what must be written down of
//! it. The snippet's routes and a replay both decide here.

use ipnet::IpNet;

use crate::config::model::{ConsentDefault, Site};
use crate::lease::desk::Desk;
use crate::lease::store::LeaseStore;
use crate::lease::trackers::Trackers;
use crate::lease::wire::LeaseRequest;
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::ad_ids::AdIds;
use crate::visit::address::kept;
use crate::visit::carry::carried;
use crate::visit::client::SealedClient;
use crate::visit::cookies;
use crate::visit::device::machine;
use crate::visit::model::{Consent, Machine, Place, Visit};
use crate::visit::rules::{arrive, campaign_fingerprint};
use crate::visit::site_rules::SiteRules;
use crate::visit::store::{Said, change_consent, learn_ad_ids, open, touches};
use crate::visit::tables::Tables;
use crate::visit::token::{Marks, SessionToken, read_visitor};

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
}

/// What a page view changes in the stored visit.
enum News {
    /// A session goes on as it was.
    None,
    /// A new session.
    Opened(Box<Visit>),
    /// The session goes on with another consent; the visitor, if it had one and consent to analytics
    /// was taken back, and what tags now know of the browser.
    Consent(Option<VisitorId>, Box<AdIds>),
    /// The session goes on; this is what tags know of the browser now. Most write their cookies after
    /// the first page view only.
    AdIds(Box<AdIds>),
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
    /// What tags know of the browser.
    pub ad_ids: AdIds,
}

impl View {
    pub(super) fn decide(
        desk: &Desk<'_>,
        site: &Site,
        rules: &SiteRules,
        asked: &LeaseRequest,
    ) -> Self {
        let now = desk.clock.now();
        let presented = asked.visitor.as_deref();
        let known = presented.and_then(|text| read_visitor(desk.signing, &site.id, text));
        let touch = campaign_fingerprint(desk.tables, rules, &asked.url);
        let presented = asked.session.as_deref();
        let token = presented
            .and_then(|text| SessionToken::read(desk.signing, &site.id, text, now))
            .filter(|token| token.continues(now, site.session_timeout, touch));
        // A page that does not speak of consent (yet) changes nothing of it.
        let said_before = token.map(|token| token.consent).or(known.map(|(_, consent)| consent));
        let consent = asked.consent.map(Consent::from).or(said_before);
        let consent = consent.unwrap_or_else(|| default_consent(site));
        let known = known.map(|(visitor, _)| visitor);
        let ad_ids = if consent.ads { cookies::read(&asked.cookies) } else { AdIds::default() };
        let view = if let Some(before) = token {
            View::goes_on(before, known, consent, ad_ids, now)
        } else {
            let visitor = consent.analytics.then(|| known.unwrap_or_default());
            let session = SessionId::new();
            let marks = Marks::default();
            let token = SessionToken { session, visitor, seen: now, touch, consent, marks };
            let page = FirstPage {
                url: &asked.url,
                referrer: asked.referrer.as_deref().unwrap_or(""),
                machine: machine(desk.tables, desk.user_agent(), desk.hints()),
                place: desk.located().place.clone(),
                network: kept(desk.address, site.visits.keep_ip),
                ad_ids,
            };
            View::opens(desk.tables, site, rules, token, page, known.is_some())
        };
        let keeps_client = consent.ads && matches!(view.news, News::Opened(_) | News::Consent(..));
        let client = keeps_client.then(|| desk.sealed_client(site, &view.token.session));
        View { client: client.flatten(), ..view }
    }

    /// The session of `before` goes on at `now` with this consent; its visitor was `known` before it.
    pub fn goes_on(
        before: SessionToken,
        known: Option<VisitorId>,
        consent: Consent,
        ad_ids: AdIds,
        now: Millis,
    ) -> Self {
        let visitor = before.visitor.or(known);
        let visitor = consent.analytics.then(|| visitor.unwrap_or_default());
        let token = SessionToken { seen: now, visitor, consent, ..before };
        let news = if (consent, visitor) != (before.consent, before.visitor) {
            let withdrawn = before.visitor.filter(|_| visitor.is_none());
            News::Consent(withdrawn, Box::new(ad_ids))
        } else if ad_ids.is_empty() {
            News::None
        } else {
            News::AdIds(Box::new(ad_ids))
        };
        View { token, news, returning: None, client: None }
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
        let visit = Visit {
            session: token.session,
            visitor: token.visitor,
            site: site.id.clone(),
            started_at: token.seen,
            source: arrival.source,
            click_ids: arrival.click_ids,
            ad_ids: page.ad_ids,
            referrer_host: arrival.referrer_host,
            landing_host: arrival.landing_host,
            landing_page: arrival.landing_page,
            machine: page.machine,
            place: page.place,
            network: page.network,
            carried: None,
            consent: token.consent,
        };
        let returning = token.visitor.filter(|_| known);
        View { token, news: News::Opened(Box::new(visit)), returning, client: None }
    }

    /// Whether serving it asks Redis for what must be known before a number is asked for.
    pub fn looks_back(&self) -> bool {
        match &self.news {
            News::Opened(visit) => self.returning.is_some() && visit.source.is_direct(),
            News::None => false,
            News::Consent(..) | News::AdIds(_) => true,
        }
    }

    /// The visit to write when it opens a new session.
    pub(super) fn opened(&self) -> Option<&Visit> {
        match &self.news {
            News::Opened(visit) => Some(visit),
            News::None | News::Consent(..) | News::AdIds(_) => None,
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

    /// Writes the news down. Returns whose the session is now: a message that was repeated must not
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
        match &self.news {
            News::None => Ok(visitor),
            News::Opened(visit) => {
                let (window, look_back) = (site.attribution_window, site.look_back);
                open(redis, keys, visit, window, look_back, client).await?;
                Ok(visitor)
            }
            News::Consent(withdrawn, ad_ids) => {
                if let Some(visitor) = withdrawn {
                    store.forget(keys, site, visitor).await?;
                }
                let said = Said { consent, visitor, ad_ids, client };
                let keep = site.look_back.max(site.attribution_window);
                change_consent(redis, keys, session, said, keep, seen).await
            }
            News::AdIds(ad_ids) => {
                learn_ad_ids(redis, keys, session, ad_ids).await?;
                Ok(visitor)
            }
        }
    }
}

fn default_consent(site: &Site) -> Consent {
    let granted = site.consent == ConsentDefault::Granted;
    Consent { analytics: granted, ads: granted }
}
