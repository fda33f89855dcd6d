//! Who asks: a bearer key, a session of the dashboard that stands for one, or a person whom a trusted proxy signed in; what
//! they may do, which sites they may see.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::model::{ApiKey, Config, Scope, Site};
use crate::config::{Installation, Live};
use crate::http::client_ip::client_ip;
use crate::http::ended::{EndedSessions, SessionMark};
use crate::http::limits::ApiLimiter;
use crate::http::people::{self, Person};
use crate::http::problem::Problem;
use crate::http::session;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;

/// Who asks, already checked against the configuration and the limits. Take it as a handler argument; without a known
/// key the handler does not run.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Arc<ApiKey>,
    is_person: bool,
    /// The session of the dashboard that stands for the key, and who knows whether it is over.
    session: Option<(SessionMark, EndedSessions)>,
    /// The sites that the request turned out to be about, for the audit log.
    about: Arc<Mutex<Vec<SiteId>>>,
}

impl Caller {
    fn new(key: ApiKey, is_person: bool) -> Self {
        Caller { key: Arc::new(key), is_person, session: None, about: Arc::default() }
    }

    /// Who the key belongs to, for logs.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The key.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// Refuses keys below `scope`.
    pub fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.key.scope >= scope {
            return Ok(());
        }
        Err(Problem::Forbidden { needs: scope.word() })
    }

    /// Whether whoever asked would still be let in, as they were: a key may have been taken away or run out since the
    /// request began, a role may have changed, somebody may have signed out.
    pub fn is_still_known(&self, live: &Live) -> bool {
        if self.session.as_ref().is_some_and(|(mark, ended)| ended.is_over(mark)) {
            return false;
        }
        let installation = live.now();
        if self.is_person {
            let roles = &installation.config.access.roles;
            return roles
                .iter()
                .any(|role| role.scope == self.key.scope && role.sites == self.key.sites);
        }
        let known = installation.config.api_keys.contains(&self.key)
            || installation.kept_keys().contains(&self.key);
        known && !has_run_out(&self.key, Millis::system_now())
    }

    /// Whether the key may see `site`.
    pub fn sees(&self, site: &SiteId) -> bool {
        self.key.sites.is_empty() || self.key.sites.contains(site)
    }

    /// Whether it may see every site, also those that are added later.
    pub fn sees_all(&self) -> bool {
        self.key.sites.is_empty()
    }

    /// Refuses a key that may not do everything on every site.
    pub fn needs_admin_everywhere(&self) -> Result<(), Problem> {
        self.needs(Scope::Admin)?;
        match self.sees_all() {
            true => Ok(()),
            false => Err(Problem::Forbidden { needs: "admin, for every site" }),
        }
    }

    /// The site that `id` names, when it exists and the key may see it: to others both are the same.
    pub fn site<'a>(&self, installation: &'a Installation, id: &str) -> Result<&'a Site, Problem> {
        let id = id.parse::<SiteId>().ok().filter(|id| self.sees(id));
        let site = id.and_then(|id| installation.site(&id));
        let site = site.ok_or(Problem::NotFound { what: "site" })?;
        self.is_about(&site.id);
        Ok(site)
    }

    /// The sites among `wanted` (all configured ones when empty) that the key may see. Asking for
    /// a site that does not exist and for one of somebody else is the same answer.
    pub fn visible_sites(&self, live: &Live, wanted: &[SiteId]) -> Result<Vec<SiteId>, Problem> {
        let installation = live.now();
        if wanted.is_empty() {
            let all = installation.config.sites.iter().map(|site| site.id.clone());
            return Ok(all.filter(|site| self.sees(site)).collect());
        }
        let visible = |site: &SiteId| installation.site(site).is_some() && self.sees(site);
        if wanted.iter().all(visible) {
            wanted.iter().for_each(|site| self.is_about(site));
            Ok(wanted.to_vec())
        } else {
            Err(Problem::NotFound { what: "site" })
        }
    }

    /// Notes for the audit log that the request is about `site`: for handlers that find it out from something else.
    pub fn is_about(&self, site: &SiteId) {
        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if !about.contains(site) {
            about.push(site.clone());
        }
    }

    /// The sites that the request turned out to be about. One that named none is about all that its key may see; none:
    /// all there are.
    pub fn sites_asked(&self) -> Vec<SiteId> {
        let about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if about.is_empty() { self.key.sites.clone() } else { about.clone() }
    }
}

/// SHA-256 of a key, hex: what the configuration keeps.
pub fn key_hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Finds the key that `presented` is, unless it has run out by `now`.
pub fn find_key<'a>(
    keys: impl IntoIterator<Item = &'a ApiKey>,
    presented: &str,
    now: Millis,
) -> Option<&'a ApiKey> {
    let hash = key_hash(presented);
    let found = keys.into_iter().find(|key| {
        let stored = key.sha256.to_ascii_lowercase();
        bool::from(stored.as_bytes().ct_eq(hash.as_bytes()))
    });
    found.filter(|key| !has_run_out(key, now))
}

fn has_run_out(key: &ApiKey, now: Millis) -> bool {
    key.expires_at.is_some_and(|end| now >= end.into())
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = authenticate(request);
        if let Ok(caller) = &caller {
            // The audit log asks who it was.
            request.extensions_mut().insert(caller.clone());
        }
        ready(caller)
    }
}

fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let live = request.app_data::<web::Data<Live>>().ok_or(Problem::Internal)?;
    let limiter = request.app_data::<web::Data<ApiLimiter>>().ok_or(Problem::Internal)?;
    let installation = live.now();
    let Config { limits, server, .. } = &installation.config;
    let Some(caller) = who(request, &installation, Millis::system_now()) else {
        return Err(limiter.refuse(limits, client_ip(request, &server.trusted_proxies)));
    };
    let counted_as = if caller.is_person { &caller.key.name } else { &caller.key.sha256 };
    limiter.check_key(limits, counted_as)?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if caller.is_person && changes && !request.headers().contains_key(session::ASKED_BY) {
        return Err(Problem::BadRequest(format!(
            "changes need the header `{}`",
            session::ASKED_BY
        )));
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limits.api_body) {
        return Err(Problem::TooLarge { limit: limits.api_body });
    }
    Ok(caller)
}

/// Whose key it is, or whose the session of the dashboard stands for, or else whom the proxy tells of. A key that is not
/// known does not fall back on the proxy's word.
fn who(request: &HttpRequest, installation: &Installation, now: Millis) -> Option<Caller> {
    let presented =
        presented(request).map(Cow::Borrowed).or_else(|| in_url(request).map(Cow::Owned));
    let kept = installation.kept_keys();
    let keys = installation.config.api_keys.iter().chain(kept.iter());
    if let Some(presented) = presented {
        return find_key(keys, &presented, now).map(|key| Caller::new(key.clone(), false));
    }
    let valid = keys.filter(|key| !has_run_out(key, now));
    if let Some((session, key)) = session::key_of(request, &installation.config.server, valid) {
        let ended = request.app_data::<web::Data<EndedSessions>>()?;
        let session = Some((session.mark, ended.get_ref().clone()));
        return Some(Caller { session, ..Caller::new(key.clone(), false) });
    }
    let Person { name, role } = people::signed_in(request, &installation.config)?;
    let key = ApiKey {
        name,
        sha256: String::new(),
        scope: role.scope,
        sites: role.sites.clone(),
        expires_at: None,
    };
    Some(Caller::new(key, true))
}

/// Paths that ad platforms fetch by themselves, with nothing but a URL to go by.
const FETCHED: [&str; 1] = ["/v1/postbacks/file"];

/// The key in the query, of a path that is fetched so; it is no part of the log, as no query is.
fn in_url(request: &HttpRequest) -> Option<String> {
    if !FETCHED.contains(&request.path()) {
        return None;
    }
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.into_iter().find(|(name, _)| name == "key").map(|(_, value)| value.into_owned())
}

fn presented(request: &HttpRequest) -> Option<&str> {
    let text = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, presented) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(presented.trim())
}
