//! What a replay was asked for → one site with one pool, as the service would have it.

use std::path::Path;
use std::str::FromStr;

use clap::ValueEnum;
use jiff::SignedDuration;
use serde::Serialize;

use crate::cli::CliError;
use crate::cli::replay::ReplayArgs;
use crate::config::check::check;
use crate::config::complaint::Severity;
use crate::config::load::{LoadError, load, load_checked};
use crate::config::model::{Config, Overflow, Pool, Site};
use crate::platform::phone::PhoneNumber;

/// How long others hold a number after the last sign of life.
const MARKET_HOLD: SignedDuration = SignedDuration::from_mins(30);

/// By which rules numbers are leased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// As the configuration says.
    #[default]
    Ours,
    /// Held for 30 min after the last sign of life, leaves ignored; the original when none is free.
    Market,
    /// As `market`, but shared when none is free.
    Share,
}

/// What happens when no number is free: `shared`, `source`, both in an order, or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(pub Vec<Overflow>);

impl FromStr for Chain {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Chain(Vec::new()));
        }
        let step = |word: &str| match word.trim() {
            "shared" => Ok(Overflow::Shared),
            "source" => Ok(Overflow::Source),
            other => Err(format!("`{other}` is not one of shared, source, none")),
        };
        text.split(',').map(step).collect::<Result<_, _>>().map(Chain)
    }
}

/// What is replayed against.
#[derive(Debug)]
pub struct Plan {
    /// One site with one pool, and the targets that name it.
    pub config: Config,
    /// Whether leaves are heard.
    pub hears_leaves: bool,
    /// By which rules.
    pub policy: Policy,
    /// Draws wrong numbers.
    pub seed: u64,
}

impl Plan {
    /// What `args` ask for. Options count more than the policy, the policy more than the
    /// configuration.
    pub fn of(args: &ReplayArgs) -> Result<Self, CliError> {
        let mut config = match &args.config {
            Some(path) => one_pool(path, args)?,
            None => made_up()?,
        };
        // `one_pool` and `made_up` see to it that there is exactly one.
        if let Some(pool) = config.sites.first_mut().and_then(|site| site.pools.first_mut()) {
            apply(pool, args);
        }
        let wrong: Vec<_> =
            check(&config).into_iter().filter(|c| c.severity == Severity::Error).collect();
        if !wrong.is_empty() {
            return Err(LoadError { complaints: wrong }.into());
        }
        Ok(Plan {
            config,
            hears_leaves: args.policy == Policy::Ours,
            policy: args.policy,
            seed: args.seed,
        })
    }

    /// The site.
    pub fn site(&self) -> &Site {
        &self.config.sites[0]
    }

    /// Its pool.
    pub fn pool(&self) -> &Pool {
        &self.site().pools[0]
    }
}

fn apply(pool: &mut Pool, args: &ReplayArgs) {
    if args.policy != Policy::Ours {
        (pool.hold, pool.linger) = (MARKET_HOLD, MARKET_HOLD);
        pool.overflow = match args.policy {
            Policy::Share => vec![Overflow::Shared],
            Policy::Market | Policy::Ours => Vec::new(),
        };
    }
    if let Some(numbers) = args.numbers {
        let numbers = numbers as usize;
        let more = (0..).map(example_number).filter(|number| !pool.numbers.contains(number));
        let more: Vec<_> = more.take(numbers.saturating_sub(pool.numbers.len())).collect();
        pool.numbers.truncate(numbers);
        pool.numbers.extend(more);
    }
    pool.hold = args.hold.unwrap_or(pool.hold);
    // Whoever shortens the one means the other, too.
    pool.linger = args.linger.unwrap_or(pool.linger.min(pool.hold));
    pool.rest = args.rest.unwrap_or(pool.rest);
    if let Some(Chain(chain)) = &args.overflow {
        pool.overflow.clone_from(chain);
    }
}

/// A number of nobody: no country has the area code 555.
fn example_number(n: u32) -> PhoneNumber {
    let text = format!("+1555{n:07}");
    text.parse().unwrap_or_else(|_| unreachable!("eleven digits"))
}

/// The configuration at `path` with one site and one pool left; whatever would leave the machine
/// or grow for nothing is taken out.
fn one_pool(path: &Path, args: &ReplayArgs) -> Result<Config, CliError> {
    let (mut config, _) = load_checked(Some(path))?;
    config.sites.retain(|site| args.site.as_ref().is_none_or(|id| *id == site.id));
    let known = |count: usize, what: &str| match count {
        0 => Err(CliError::Replay(format!("{}: it has no such {what}", path.display()))),
        1 => Ok(()),
        _ => Err(CliError::Replay(format!(
            "{}: it has several {what}s; say which one with --{what}",
            path.display()
        ))),
    };
    known(config.sites.len(), "site")?;
    let site = &mut config.sites[0];
    site.pools.retain(|pool| args.pool.as_ref().is_none_or(|id| *id == pool.id));
    known(site.pools.len(), "pool")?;
    let pool = site.pools[0].id.clone();
    site.targets.retain(|target| target.pool == pool);
    if site.targets.is_empty() {
        return Err(CliError::Replay(format!("no target of the site uses the pool `{pool}`")));
    }
    site.trackers.clear();
    site.conversions.clear();
    site.destinations.clear();
    Ok(config)
}

/// A site with one pool on every default.
fn made_up() -> Result<Config, CliError> {
    let original = "+18005550100";
    let site = serde_json::json!({
        "id": "replay", "key": "pk_replay", "forward_to": original,
        "targets": [{ "id": "main", "number": original, "pool": "main" }],
        "pools": [{ "id": "main", "numbers": [] }],
    });
    let site = serde_json::from_value(site).map_err(|e| CliError::Replay(e.to_string()))?;
    let mut config = load(None)?;
    config.sites = vec![site];
    Ok(config)
}
