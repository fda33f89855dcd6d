//! Cookies that the service itself sets, for sites that name a `cookie_host`: browsers let them live
//! longer than what a script writes (Safari: 7 days, 24 hours behind a decorated link).
//!
//! They are the script's own, by name and domain, and it can read and remove them (they are not
//! `HttpOnly`): consent that is taken back must not wait for the service. A token opens nothing but
//! the visit that it names.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::HeaderValue;
use jiff::SignedDuration;
use url::Url;

use crate::config::model::{Mode, Site, Storage};
use crate::lease::wire::{LeaseRequest, Reply};
use crate::platform::ids::SessionId;
use crate::visit::own_hosts::covers;

const SESSION: &str = "rt_session";
const VISITOR: &str = "rt_visitor";
/// Browsers cut a longer life to this.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The cookies of one request, where its site lets the service set some and its page is on a host that
/// they belong to: on any other one a browser would take them for a third party's.
pub(super) struct Cookies<'a> {
    site: &'a Site,
    domain: &'a str,
    session: Option<String>,
    visitor: Option<String>,
}

impl<'a> Cookies<'a> {
    pub(super) fn of(
        request: &HttpRequest,
        site: &'a Site,
        origin: Option<&HeaderValue>,
    ) -> Option<Self> {
        let domain = site.snippet.cookie_host.as_str();
        let url = Url::parse(origin?.to_str().ok()?).ok()?;
        if domain.is_empty() || url.scheme() != "https" || !covers(domain, url.host_str()?) {
            return None;
        }
        let value = |name| request.cookie(name).map(|cookie| cookie.value().to_owned());
        Some(Cookies { site, domain, session: value(SESSION), visitor: value(VISITOR) })
    }

    /// Gives a page view the tokens that its body does not have.
    pub(super) fn fill(&self, asked: &mut LeaseRequest) {
        if asked.session.is_none() && self.keeps_session() {
            asked.session.clone_from(&self.session);
        }
        if asked.visitor.is_none() {
            asked.visitor.clone_from(&self.visitor);
        }
    }

    /// The token of a session in the cookie, when there is one.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// What the answer to a page view changes. The session lives as long as it may be silent, without
    /// consent to be known again until the browser ends; the visitor as long as its touches. What the
    /// answer does not have, or what may not be stored, goes.
    pub(super) fn of_view(&self, reply: &Reply<'_>) -> Vec<Cookie<'static>> {
        let may_store = reply.mode == Mode::Full;
        let may_keep = may_store && self.keeps_session();
        let mut changes = Vec::new();
        let known_again = reply.visitor.is_some();
        match &reply.session {
            Some(token) if may_keep => changes.push(self.session_cookie(token, known_again)),
            _ if !may_keep && self.session.is_some() => changes.push(self.gone(SESSION)),
            _ => {}
        }
        match &reply.visitor {
            Some(token) if may_store => {
                changes.push(self.cookie(VISITOR, token, Some(self.site.look_back)));
            }
            _ if self.visitor.is_some() => changes.push(self.gone(VISITOR)),
            _ => {}
        }
        changes
    }

    /// What the answer to a beat of `session` changes: its own cookie lives on. One that another tab
    /// has put there since stays.
    pub(super) fn of_beat(
        &self,
        reply: &Reply<'_>,
        in_cookie: Option<SessionId>,
    ) -> Vec<Cookie<'static>> {
        let own = in_cookie.is_some_and(|id| Some(id.to_string()) == reply.session_id);
        let may_keep = reply.mode == Mode::Full && self.keeps_session();
        let token = reply.session.as_deref().filter(|_| own && may_keep);
        let known_again = reply.visitor.is_some();
        token.map(|token| self.session_cookie(token, known_again)).into_iter().collect()
    }

    /// Whether the session is kept in a cookie at all, and not in the tab.
    fn keeps_session(&self) -> bool {
        self.site.snippet.storage == Storage::Cookie
    }

    fn session_cookie(&self, token: &str, known_again: bool) -> Cookie<'static> {
        let life = known_again.then_some(self.site.session_timeout);
        self.cookie(SESSION, token, life)
    }

    fn cookie(
        &self,
        name: &'static str,
        value: &str,
        life: Option<SignedDuration>,
    ) -> Cookie<'static> {
        let cookie = Cookie::build(name, value.to_owned())
            .domain(self.domain.to_owned())
            .path("/")
            .secure(true)
            .same_site(SameSite::Lax);
        match life {
            Some(life) => {
                cookie.max_age(Duration::seconds(life.min(LONGEST_LIFE).as_secs())).finish()
            }
            None => cookie.finish(),
        }
    }

    fn gone(&self, name: &'static str) -> Cookie<'static> {
        self.cookie(name, "", Some(SignedDuration::ZERO))
    }
}
