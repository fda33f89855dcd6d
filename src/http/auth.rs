//! Bearer keys, and sessions of the dashboard that stand for one: who asks, what they may do, which sites they may see.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::model::{ApiKey, Config, Scope, Site};
use crate::config::{Installation, Live};
use crate::http::client_ip::client_ip;
use crate::http::limits::ApiLimiter;
use crate::http::problem::Problem;
use crate::http::session;
use crate::platform::ids::SiteId;

/// The key of a request, already checked against the configuration and the limits. Take it as a
/// handler argument; without a known key the handler does not run.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Arc<ApiKey>,
}

impl Caller {
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
        Err(Problem::Forbidden {
            needs: match scope {
                Scope::Reader => "reader",
                Scope::Analyst => "analyst",
                Scope::Manager => "manager",
                Scope::Admin => "admin",
            },
        })
    }

    /// Whether the configuration still has this key, as it was: it may have been taken away since the
    /// request began.
    pub fn is_still_known(&self, live: &Live) -> bool {
        live.now().config.api_keys.contains(&self.key)
    }

    /// Whether the key may see `site`.
    pub fn sees(&self, site: &SiteId) -> bool {
        self.key.sites.is_empty() || self.key.sites.contains(site)
    }

    /// The site that `id` names, when it exists and the key may see it: to others both are the same.
    pub fn site<'a>(&self, installation: &'a Installation, id: &str) -> Result<&'a Site, Problem> {
        let id = id.parse::<SiteId>().ok().filter(|id| self.sees(id));
        id.and_then(|id| installation.site(&id)).ok_or(Problem::NotFound { what: "site" })
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
            Ok(wanted.to_vec())
        } else {
            Err(Problem::NotFound { what: "site" })
        }
    }
}

/// SHA-256 of a key, hex: what the configuration keeps.
pub fn key_hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Finds the configured key that `presented` is.
pub fn find_key<'a>(keys: &'a [ApiKey], presented: &str) -> Option<&'a ApiKey> {
    let hash = key_hash(presented);
    keys.iter().find(|key| {
        let stored = key.sha256.to_ascii_lowercase();
        bool::from(stored.as_bytes().ct_eq(hash.as_bytes()))
    })
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request))
    }
}

fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let live = request.app_data::<web::Data<Live>>().ok_or(Problem::Internal)?;
    let limiter = request.app_data::<web::Data<ApiLimiter>>().ok_or(Problem::Internal)?;
    let installation = live.now();
    let Config { api_keys, limits, server, .. } = &installation.config;
    let found = match presented(request) {
        Some(presented) => find_key(api_keys, presented),
        None => session::key_of(request, server, api_keys),
    };
    let Some(key) = found else {
        return Err(limiter.refuse(limits, client_ip(request, &server.trusted_proxies)));
    };
    limiter.check_key(limits, &key.sha256)?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limits.api_body) {
        return Err(Problem::TooLarge { limit: limits.api_body });
    }
    Ok(Caller { key: Arc::new(key.clone()) })
}

fn presented(request: &HttpRequest) -> Option<&str> {
    let text = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, presented) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(presented.trim())
}
