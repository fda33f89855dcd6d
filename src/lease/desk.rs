//! What the snippet's routes work with: the parts of the application, and what the request says of who asks.

use std::cell::OnceCell;
use std::net::IpAddr;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use jiff::SignedDuration;

use crate::config::Installation;
use crate::config::model::Site;
use crate::http::client_ip::client_ip;
use crate::http::limits::SnippetLimiter;
use crate::http::problem::Problem;
use crate::lease::pools::load::Grants;
use crate::lease::serve::Clerk;
use crate::lease::shares::{Guard, Shares, counted_network};
use crate::lease::store::LeaseStore;
use crate::platform::clock::Clock;
use crate::platform::ids::SessionId;
use crate::platform::signing::SigningKeys;
use crate::visit::bot::ahead;
use crate::visit::client::{ClientDetails, ClientKey, SealedClient, last_postback};
use crate::visit::device::ClientHints;
use crate::visit::place::{Located, Places};
use crate::visit::tables::Tables;

/// What the routes need of the application.
pub(super) struct Desk<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) store: &'a LeaseStore,
    pub(super) clock: &'a Clock,
    pub(super) signing: &'a SigningKeys,
    pub(super) limiter: &'a SnippetLimiter,
    pub(super) tables: &'a Tables,
    pub(super) grants: &'a Grants,
    shares: &'a Shares,
    places: &'a Places,
    located: OnceCell<Located>,
    /// Who asks.
    pub(super) address: IpAddr,
    client_key: &'a ClientKey,
    give_up_after: SignedDuration,
}

impl<'a> Desk<'a> {
    pub(super) fn of(
        request: &'a HttpRequest,
        installation: &Installation,
    ) -> Result<Self, Problem> {
        fn data<T: 'static>(request: &HttpRequest) -> Result<&T, Problem> {
            request.app_data::<web::Data<T>>().map(|data| &***data).ok_or(Problem::Internal)
        }
        Ok(Desk {
            request,
            store: data(request)?,
            clock: data(request)?,
            signing: data(request)?,
            limiter: data(request)?,
            tables: data(request)?,
            grants: data(request)?,
            shares: data(request)?,
            places: data(request)?,
            located: OnceCell::new(),
            address: client_ip(request, &installation.config.server.trusted_proxies),
            client_key: data(request)?,
            give_up_after: installation.config.postback.give_up_after,
        })
    }

    /// Who asks, sealed for the postbacks of `session`; `None` where there will be none.
    pub(super) fn sealed_client(&self, site: &Site, session: &SessionId) -> Option<SealedClient> {
        let keep = last_postback(site, self.give_up_after)?;
        let user_agent = self.user_agent().to_owned();
        let details = ClientDetails { address: self.address, user_agent };
        Some(SealedClient { sealed: self.client_key.seal(&site.id, session, &details), keep })
    }

    /// Whether one more session may begin on `site` for the network that asks; counts it.
    pub(super) fn may_begin(&self, installation: &Installation, site: &Site) -> bool {
        let limits = &installation.config.limits;
        let network = counted_network(self.address);
        let may = network.is_none_or(|n| self.limiter.allows_session(limits, &site.id, n));
        if !may {
            let site = site.id.to_string();
            metrics::counter!("ringtrace_network_limits_total", "site" => site, "what" => "session")
                .increment(1);
        }
        may
    }

    /// Who hands out numbers.
    pub(super) fn clerk<'b>(&'b self, installation: &'b Installation, site: &Site) -> Clerk<'b> {
        let Desk { store, clock, grants, .. } = *self;
        let (trackers, rules) = (installation.trackers(&site.id), installation.rules(&site.id));
        let guard = counted_network(self.address).map(|network| Guard {
            shares: self.shares,
            network,
            share: installation.config.limits.pool_share,
        });
        Clerk { store, clock, grants, trackers, rules, guard }
    }

    pub(super) fn user_agent(&self) -> &'a str {
        self.header(header::USER_AGENT.as_str())
    }

    pub(super) fn hints(&self) -> ClientHints<'a> {
        ClientHints {
            brands: self.header("sec-ch-ua"),
            mobile: self.header("sec-ch-ua-mobile"),
            platform: self.header("sec-ch-ua-platform"),
        }
    }

    /// Whether the browser says that nobody looks at the page yet.
    pub(super) fn is_ahead(&self) -> bool {
        ahead::HEADERS.iter().any(|name| ahead::is_ahead(self.header(name)))
    }

    /// What is known of the address; looked up once.
    pub(super) fn located(&self) -> &Located {
        self.located.get_or_init(|| self.places.locate(self.address))
    }

    /// The text of a header, empty when it is absent or no text.
    fn header(&self, name: &str) -> &'a str {
        let value = self.request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}
