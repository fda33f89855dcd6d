//! `POST /v1/sites/{site}/providers/check`: whether the accounts at telephony providers work and their numbers lead here.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::{post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::providers::accounts::ALL;
use crate::call::providers::accounts::account::Account;
use crate::call::providers::accounts::client::ApiClient;
use crate::call::providers::accounts::inspect::{Holdings, Inspection, in_words};
use crate::call::providers::accounts::plan::wanted;
use crate::config::Live;
use crate::config::model::{Scope, Site};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::lease::numbers::registry;
use crate::lease::store::LeaseStore;
use crate::platform::phone::PhoneNumber;

/// Longest that one account is asked: somebody waits.
const PATIENCE: Duration = Duration::from_secs(15);
/// Numbers that are told of an account; those of the site come first.
const MOST_NUMBERS: usize = 500;

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(check);
}

/// How the accounts of a site stand.
#[derive(Debug, Serialize, ToSchema)]
struct ProvidersReply {
    /// Those with credentials for the provider's API, in the order of the configuration; others cannot be asked.
    accounts: Vec<AccountReply>,
    /// Numbers of the site that are in none of these accounts.
    elsewhere: Vec<String>,
}

/// How one account stands.
#[derive(Debug, Serialize, ToSchema)]
struct AccountReply {
    /// The provider.
    provider: &'static str,
    /// The account's id there.
    account: String,
    /// Whether the credentials work and nothing keeps calls from coming.
    is_well: bool,
    /// What is wrong with the account as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How its application stands, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    /// Its numbers, the site's first.
    numbers: Vec<NumberReply>,
}

/// How a number stands.
#[derive(Debug, Serialize, ToSchema)]
struct NumberReply {
    /// E.164.
    number: String,
    /// Whether it is one of the site's.
    is_ours: bool,
    /// Whether its calls come here; absent: the provider does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    comes_here: Option<bool>,
    /// The same in words.
    says: String,
}

/// Asks the APIs of the site's telephony providers whether the credentials work and whether each number's webhooks come here. It
/// changes nothing.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["manager"])),
    params(("site" = String, Path, description = "The site's id")),
    responses(
        (status = 200, description = "How each account stands", body = ProvidersReply),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/sites/{site}/providers/check")]
async fn check(
    caller: Caller,
    path: web::Path<String>,
    live: web::Data<Live>,
    store: web::Data<LeaseStore>,
) -> Result<web::Json<ProvidersReply>, Problem> {
    caller.needs(Scope::Manager)?;
    let installation = live.now_full();
    let site = caller.site(&installation, &path)?;
    let tracked = tracked(&store, site).await?;
    let client = ApiClient::new(&installation.config.providers).map_err(|_| Problem::Internal)?;
    let mut elsewhere = tracked.clone();
    let mut accounts = Vec::new();
    for api in ALL {
        for access in api.accesses(&site.telephony) {
            let account = Account::new(api, access, client.clone());
            let held = tokio::time::timeout(PATIENCE, Holdings::of(&account)).await;
            let url = &installation.config.server.public_url;
            let hooks = wanted(url, api.name(), &site.id, account.access());
            let found = match held {
                Ok(Ok(held)) => Ok(held.inspected(&hooks, &tracked)),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
            };
            if let Ok(found) = &found {
                found.numbers.iter().for_each(|number| _ = elsewhere.remove(&number.number));
            }
            accounts.push(told(api.name(), account.access().account.clone(), found));
        }
    }
    let elsewhere = elsewhere.iter().map(PhoneNumber::to_string).collect();
    Ok(web::Json(ProvidersReply { accounts, elsewhere }))
}

/// The numbers of the configuration, and those that were added while running.
async fn tracked(store: &LeaseStore, site: &Site) -> Result<BTreeSet<PhoneNumber>, Problem> {
    let mut tracked: BTreeSet<PhoneNumber> = site.tracking_numbers().cloned().collect();
    let registered = registry::read_all(store).await?;
    let of_site = registered.into_iter().filter(|(_, known)| known.claim.site == site.id);
    tracked.extend(of_site.map(|(number, _)| number));
    Ok(tracked)
}

fn told(
    provider: &'static str,
    account: String,
    found: Result<Inspection, String>,
) -> AccountReply {
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let (application, numbers) = (None, Vec::new());
            let (is_well, error) = (false, Some(error));
            return AccountReply { provider, account, is_well, error, application, numbers };
        }
    };
    let is_well = found.wrong() == 0;
    let application = found.application.as_ref();
    let application = application.map(|(id, wrong)| format!("{id}: {}", in_words(Some(wrong))));
    let mut numbers: Vec<NumberReply> = found
        .numbers
        .iter()
        .map(|number| NumberReply {
            number: number.number.to_string(),
            is_ours: number.is_ours,
            comes_here: number.standing.as_ref().map(Vec::is_empty),
            says: in_words(number.standing.as_deref()),
        })
        .collect();
    numbers.sort_by_key(|number| !number.is_ours);
    numbers.truncate(MOST_NUMBERS);
    AccountReply { provider, account, is_well, error: None, application, numbers }
}
