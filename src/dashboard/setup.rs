//! `GET /v1/sites/{site}/setup`: what somebody needs who connects a site.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::providers;
use crate::config::Live;
use crate::config::model::{Config, Scope, Site, Telephony};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(setup);
}

/// What connects a site with its pages, its providers and its destinations.
#[derive(Debug, Serialize, ToSchema)]
struct SetupReply {
    /// The site.
    site: String,
    /// The tag for the head of its pages.
    script_tag: String,
    /// Origins whose pages may use it.
    origins: Vec<String>,
    /// The numbers on its pages that are replaced.
    targets: Vec<ReplacedNumber>,
    /// The telephony providers that may tell of its calls.
    providers: Vec<ProviderReply>,
    /// Where its conversions go.
    destinations: Vec<DestinationReply>,
}

/// A number that is replaced.
#[derive(Debug, Serialize, ToSchema)]
struct ReplacedNumber {
    /// Its id.
    target: String,
    /// The number, E.164.
    number: String,
    /// The pool that replaces it.
    pool: String,
}

/// A telephony provider.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderReply {
    /// Its name.
    provider: &'static str,
    /// How many accounts are set up.
    accounts: usize,
    /// The addresses for its webhooks.
    webhooks: Vec<String>,
}

/// Where conversions go.
#[derive(Debug, Serialize, ToSchema)]
struct DestinationReply {
    /// Its id.
    destination: String,
    /// What it is.
    kind: &'static str,
    /// Conversion rules that lead there.
    conversions: Vec<String>,
}

/// The script tag, and which providers and destinations are set up.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["manager"])),
    params(("site" = String, Path, description = "The site's id")),
    responses(
        (status = 200, description = "What connects the site", body = SetupReply),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/setup")]
async fn setup(
    caller: Caller,
    path: web::Path<String>,
    live: web::Data<Live>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = live.now_full();
    let site = caller.site(&installation, &path)?;
    Ok(HttpResponse::Ok().json(told(&installation.config, site)))
}

fn told(config: &Config, site: &Site) -> SetupReply {
    let url = &config.server.public_url;
    let targets = site.targets.iter().map(|target| ReplacedNumber {
        target: target.id.to_string(),
        number: target.number.to_string(),
        pool: target.pool.to_string(),
    });
    let accounts = accounts(&site.telephony).into_iter().filter(|(_, accounts)| *accounts > 0);
    let providers = accounts.map(|(provider, accounts)| ProviderReply {
        provider,
        accounts,
        webhooks: webhooks(url, provider, site),
    });
    let destinations = site.destinations.iter().map(|destination| DestinationReply {
        destination: destination.id.to_string(),
        kind: destination.kind.word(),
        conversions: site
            .conversions
            .iter()
            .filter(|rule| rule.destinations.contains(&destination.id))
            .map(|rule| rule.name.clone())
            .collect(),
    });
    SetupReply {
        site: site.id.to_string(),
        script_tag: format!(
            "<script async src=\"{url}/rt.js\" data-key=\"{}\"></script>",
            site.key
        ),
        origins: site.origins.clone(),
        targets: targets.collect(),
        providers: providers.collect(),
        destinations: destinations.collect(),
    }
}

fn accounts(telephony: &Telephony) -> [(&'static str, usize); 10] {
    [
        ("twilio", telephony.twilio.len()),
        ("signalwire", telephony.signalwire.len()),
        ("telnyx", telephony.telnyx.len()),
        ("plivo", telephony.plivo.len()),
        ("vonage", telephony.vonage.len()),
        ("bandwidth", telephony.bandwidth.len()),
        ("freeswitch", telephony.freeswitch.len()),
        ("asterisk", telephony.asterisk.len()),
        ("kamailio", telephony.kamailio.len()),
        ("generic", telephony.generic.len()),
    ]
}

fn webhooks(url: &str, provider: &str, site: &Site) -> Vec<String> {
    let events = providers::by_name(provider).map(|provider| provider.events()).unwrap_or_default();
    let address = |event: &&str| format!("{url}/v1/telephony/{provider}/{}/{event}", site.id);
    events.iter().map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::providers::names;

    #[test]
    fn every_provider_is_counted() {
        let counted: Vec<_> =
            accounts(&Telephony::default()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(counted, names().collect::<Vec<_>>());
    }
}
