//! `ringtrace provider`: accounts at telephony providers, over the providers' own APIs.

mod check;
mod numbers;
mod sync;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Subcommand;

use crate::call::providers::accounts::account::Account;
use crate::call::providers::accounts::client::ApiClient;
use crate::call::providers::accounts::model::Hooks;
use crate::call::providers::accounts::plan::wanted;
use crate::call::providers::accounts::{by_name, names};
use crate::cli::CliError;
use crate::cli::client::{Client, ServerArgs};
use crate::config::load::load;
use crate::config::model::{Config, Site};
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;

/// What is done with an account.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Tell whether the credentials work, and whether each number's webhooks come here.
    Check(AccountArgs),
    /// Show what would be set so that they do, and set it after you agree.
    Sync(SyncArgs),
    /// Import the account's numbers into a pool of the running server.
    Numbers(NumbersArgs),
}

/// Which accounts.
#[derive(Clone, Debug, clap::Args)]
pub struct AccountArgs {
    /// twilio, signalwire, telnyx, plivo, vonage or bandwidth.
    pub provider: String,
    /// The site; needed where there are several.
    #[arg(long)]
    pub site: Option<SiteId>,
    /// Configuration with the account's credentials: a TOML file, or a folder of them.
    #[arg(long, env = "RINGTRACE_CONFIG")]
    pub config: Option<PathBuf>,
    /// An API key of the running server: numbers that were added over its API then count, too.
    #[arg(long, env = "RINGTRACE_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Where that server is; by default the configuration's listen address.
    #[arg(long, env = "RINGTRACE_URL")]
    pub url: Option<String>,
}

/// What to set.
#[derive(Clone, Debug, clap::Args)]
pub struct SyncArgs {
    /// Which accounts.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Also these numbers, which are not yet the site's.
    #[arg(long)]
    pub number: Vec<PhoneNumber>,
    /// Every number of the account.
    #[arg(long)]
    pub all: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

/// Where numbers go.
#[derive(Clone, Debug, clap::Args)]
pub struct NumbersArgs {
    /// Which accounts.
    #[command(flatten)]
    pub account: AccountArgs,
    /// The pool.
    #[arg(long)]
    pub pool: String,
    /// Only show which.
    #[arg(long)]
    pub dry_run: bool,
}

/// Does it.
pub async fn run(command: ProviderCommand) -> Result<(), CliError> {
    match command {
        ProviderCommand::Check(args) => check::run(&args).await,
        ProviderCommand::Sync(args) => sync::run(&args).await,
        ProviderCommand::Numbers(args) => numbers::run(&args).await,
    }
}

/// A site with its accounts at one provider.
struct Desk {
    config: Config,
    site: Site,
    accounts: Vec<Account>,
    provider: &'static str,
}

impl Desk {
    fn open(args: &AccountArgs) -> Result<Self, CliError> {
        let api = by_name(&args.provider.to_ascii_lowercase()).ok_or_else(|| {
            let told: String = args.provider.chars().filter(|c| !c.is_control()).take(40).collect();
            CliError::Provider(format!(
                "`{told}` has no API that is known here; there are {}",
                names()
            ))
        })?;
        let config = load(args.config.as_deref())?;
        let site = site_of(&config, args.site.as_ref())?;
        let client = ApiClient::new(&config.providers)
            .map_err(|error| CliError::Provider(error.to_string()))?;
        let accounts = api.accesses(&site.telephony).into_iter();
        let accounts: Vec<Account> =
            accounts.map(|access| Account::new(api, access, client.clone())).collect();
        if accounts.is_empty() {
            return Err(CliError::Provider(format!(
                "the site {} has no credentials for the API of {}: see sites.telephony.{} in the configuration",
                site.id,
                api.name(),
                api.name()
            )));
        }
        Ok(Desk { config, site, accounts, provider: api.name() })
    }

    /// Where the webhooks of an account should go.
    fn wanted(&self, account: &Account) -> Hooks {
        let public_url = &self.config.server.public_url;
        wanted(public_url, self.provider, &self.site.id, account.access())
    }

    /// The numbers whose calls should come here: the configuration's, and with a key those that the
    /// running server has besides.
    async fn tracked(&self, args: &AccountArgs) -> Result<BTreeSet<PhoneNumber>, CliError> {
        let mut tracked: BTreeSet<PhoneNumber> = self.site.tracking_numbers().cloned().collect();
        let Some(client) = server(args)? else { return Ok(tracked) };
        for pool in &self.site.pools {
            let path = format!("/v1/sites/{}/pools/{}/numbers", self.site.id, pool.id);
            let mut cursor: Option<String> = None;
            loop {
                let mut query = vec![("limit", "1000".to_owned())];
                query.extend(cursor.map(|cursor| ("cursor", cursor)));
                let page: serde_json::Value = client.get_json(&path, &query).await?;
                let numbers = page["numbers"].as_array().into_iter().flatten();
                let numbers = numbers.filter_map(|number| number["number"].as_str()?.parse().ok());
                tracked.extend(numbers);
                cursor = page["next"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(tracked)
    }
}

/// A client of the running server, when a key for it is given.
fn server(args: &AccountArgs) -> Result<Option<Client>, CliError> {
    let Some(key) = args.key.clone() else { return Ok(None) };
    let server = ServerArgs { url: args.url.clone(), key, config: args.config.clone() };
    server.client().map(Some)
}

fn site_of(config: &Config, wanted: Option<&SiteId>) -> Result<Site, CliError> {
    match (wanted, &config.sites[..]) {
        (Some(id), _) => config.site(id).cloned().ok_or_else(|| CliError::NoSuchSite(id.clone())),
        (None, [only]) => Ok(only.clone()),
        (None, sites) => {
            let ids: Vec<&str> = sites.iter().map(|site| site.id.as_str()).collect();
            Err(CliError::WhichSite(ids.join(", ")))
        }
    }
}
