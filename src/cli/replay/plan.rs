//! What a replay was asked for → one site with its pools, as the service would have it.

use std::collections::HashSet;
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

impl Policy {
    /// The word of the option.
    pub fn word(self) -> &'static str {
        match self {
            Policy::Ours => "ours",
            Policy::Market => "market",
            Policy::Share => "share",
        }
    }
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
    /// One site with its pools, targets and tracker rules.
    pub config: Config,
    /// Whether leaves are heard.
    pub hears_leaves: bool,
    /// By which rules.
    pub policy: Policy,
    /// Draws wrong numbers.
    pub seed: u64,
    /// After how many calls the delays are learnt anew; 0: never.
    pub refit: u32,
    /// Whether the naive rules are played, too.
    pub compares: bool,
}

impl Plan {
    /// What `args` ask for. Options count more than the policy, the policy more than the
    /// configuration.
    pub fn of(args: &ReplayArgs) -> Result<Self, CliError> {
        let mut config = match &args.config {
            Some(path) => one_site(path, args)?,
            None => made_up()?,
        };
        // `one_site` and `made_up` see to it that there is exactly one.
        if let Some(site) = config.sites.first_mut() {
            apply(site, args);
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
            refit: args.refit,
            compares: args.compare,
        })
    }

    /// The site.
    pub fn site(&self) -> &Site {
        &self.config.sites[0]
    }

    /// Its pools.
    pub fn pools(&self) -> &[Pool] {
        &self.site().pools
    }

    /// How many numbers they have together.
    pub fn numbers(&self) -> usize {
        self.pools().iter().map(|pool| pool.numbers.len()).sum()
    }
}

/// The policy is for every pool, an option for the pool that `--pool` names, or for every one.
fn apply(site: &mut Site, args: &ReplayArgs) {
    let mut taken: HashSet<PhoneNumber> = site.tracking_numbers().cloned().collect();
    for pool in &mut site.pools {
        if args.policy != Policy::Ours {
            (pool.hold, pool.linger) = (MARKET_HOLD, MARKET_HOLD);
            pool.overflow = match args.policy {
                Policy::Share => vec![Overflow::Shared],
                Policy::Market | Policy::Ours => Vec::new(),
            };
        }
        if args.pool.as_ref().is_some_and(|named| *named != pool.id) {
            continue;
        }
        if let Some(numbers) = args.numbers {
            let numbers = numbers as usize;
            let more = (0..).map(example_number).filter(|number| !taken.contains(number));
            let more: Vec<_> = more.take(numbers.saturating_sub(pool.numbers.len())).collect();
            taken.extend(more.iter().cloned());
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
}

/// A number of nobody: no country has the area code 555.
fn example_number(n: u32) -> PhoneNumber {
    let text = format!("+1555{n:07}");
    text.parse().unwrap_or_else(|_| unreachable!("eleven digits"))
}

/// The configuration at `path` with one site left; whatever would leave the machine or grow for
/// nothing is taken out.
fn one_site(path: &Path, args: &ReplayArgs) -> Result<Config, CliError> {
    let (mut config, _) = load_checked(Some(path))?;
    let wrong = |what: String| Err(CliError::Replay(format!("{}: {what}", path.display())));
    config.sites.retain(|site| args.site.as_ref().is_none_or(|id| *id == site.id));
    let site = match &mut config.sites[..] {
        [] => return wrong("it has no such site".to_owned()),
        [site] => site,
        _ => return wrong("it has several sites; say which one with --site".to_owned()),
    };
    if site.targets.is_empty() {
        return wrong("the site has no target, so its pages show no number".to_owned());
    }
    match &args.pool {
        Some(pool) if site.pool(pool).is_none() => {
            return wrong(format!("the site has no pool `{pool}`"));
        }
        None if args.numbers.is_some() && site.pools.len() > 1 => {
            return wrong("the site has several pools; say whose --numbers with --pool".to_owned());
        }
        _ => {}
    }
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
