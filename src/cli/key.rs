//! `ringtrace key …`: keys of the API. With a configuration they are kept in its key file, which a running service reads
//! again by itself; without one a new key is printed as lines for a configuration.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use comfy_table::{Table, TableStyle};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::cli::CliError;
use crate::config::keys::{KeptKey, change, read};
use crate::config::load::load_checked;
use crate::config::model::{ApiKey, Config, Scope};
use crate::http::auth::key_hash;
use crate::platform::ids::SiteId;

/// What can be done with keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key: it is shown once; only its hash is kept.
    New(NewKeyArgs),
    /// List the keys of the configuration and of its key file.
    List(KeysArgs),
    /// Refuse a key from now on.
    Revoke(NamedKeyArgs),
    /// Make a key in the place of another one, which stays valid for a while.
    Rotate(RotateArgs),
}

/// Options of `key new`.
#[derive(Clone, Debug, Args)]
pub struct NewKeyArgs {
    /// Who will use it; logs show it.
    #[arg(long)]
    pub name: String,
    /// What it may do.
    #[arg(long, value_enum, default_value_t = Scope::Reader)]
    pub scope: Scope,
    /// A site that it may see, may be given several times; without any: all sites.
    #[arg(long = "site", value_name = "SITE")]
    pub sites: Vec<SiteId>,
    /// How long it is valid, such as 90d or 720h; without it: until it is revoked.
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    pub expires_in: Option<SignedDuration>,
    /// Configuration that says where keys are kept; without it the key is printed as lines for a configuration.
    #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// Where keys are kept.
#[derive(Clone, Debug, Args)]
pub struct KeysArgs {
    /// Configuration that says where keys are kept.
    #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
    pub config: PathBuf,
}

/// A key that is there.
#[derive(Clone, Debug, Args)]
pub struct NamedKeyArgs {
    /// Its name, or its id as `key list` shows it.
    pub key: String,
    #[command(flatten)]
    at: KeysArgs,
}

/// Options of `key rotate`.
#[derive(Clone, Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    named: NamedKeyArgs,
    /// How long the old key stays valid, such as 24h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = lifetime)]
    pub keep: SignedDuration,
}

/// A duration of at most ten years; days are 24 hours.
fn lifetime(text: &str) -> Result<SignedDuration, String> {
    let expected = || "expected a duration such as 36h, 7d or 90d".to_owned();
    let read = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) if days <= 3_660 => Ok(SignedDuration::from_hours(24 * days)),
        Some(_) => Err(expected()),
        None => text.parse::<SignedDuration>().map_err(|_| expected()),
    };
    let most = SignedDuration::from_hours(24 * 3_660);
    read.and_then(|span| match span >= SignedDuration::ZERO && span <= most {
        true => Ok(span),
        false => Err(expected()),
    })
}

/// Does what `command` says and tells what came of it.
pub(super) fn run(command: &KeyCommand) -> ExitCode {
    let now = Timestamp::now();
    let told = match command {
        KeyCommand::New(args) => new(args, now),
        KeyCommand::List(args) => list(args, now),
        KeyCommand::Revoke(args) => revoke(args, now),
        KeyCommand::Rotate(args) => rotate(args, now),
    };
    super::told(told.map(|text| print!("{text}")))
}

fn new(args: &NewKeyArgs, now: Timestamp) -> Result<String, CliError> {
    let secret = new_key(&rand::random());
    let expires_at = args.expires_in.map(|span| now.saturating_add(span));
    let expires_at = expires_at.transpose().map_err(|_| refused("it would never run out"))?;
    let NewKeyArgs { name, scope, sites, .. } = args.clone();
    let key = ApiKey { name, sha256: key_hash(&secret), scope, sites, expires_at };
    let Some(path) = &args.config else {
        let lines = block(key).map_err(|error| refused(&error.to_string()))?;
        return Ok(format!(
            "{}Add to the configuration, then reload (SIGHUP) or restart:\n\n{lines}",
            shown(&secret)
        ));
    };
    let config = config(path)?;
    if let Some(site) = args.sites.iter().find(|site| config.site(site).is_none()) {
        return Err(CliError::NoSuchSite(site.clone()));
    }
    change(&config.keys_file(), |keys| {
        let taken = keys.iter().any(|kept| kept.key.name == key.name && !kept.is_over(now))
            || config.api_keys.iter().any(|known| known.name == key.name);
        if taken || key.name.trim().is_empty() {
            return Err(refused("every key needs a name of its own; `key rotate` replaces one"));
        }
        keys.push(KeptKey { key, created_at: now });
        Ok(())
    })?;
    Ok(format!("{}{}", shown(&secret), in_force(&config)))
}

fn list(args: &KeysArgs, now: Timestamp) -> Result<String, CliError> {
    let config = config(&args.config)?;
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(["id", "name", "scope", "sites", "made", "valid until"]);
    let written = config.api_keys.iter().map(|key| {
        let kept = KeptKey { key: key.clone(), created_at: now };
        (kept, "in the configuration".to_owned())
    });
    let kept = read(&config.keys_file())?.into_iter().map(|kept| {
        let made = format!("{:.0}", kept.created_at);
        (kept, made)
    });
    for (kept, made) in written.chain(kept) {
        let sites = kept.key.sites.iter().map(SiteId::as_str).collect::<Vec<_>>().join(", ");
        let end = match kept.key.expires_at {
            Some(_) if kept.is_over(now) => "it is over".to_owned(),
            Some(end) => format!("{end:.0}"),
            None => "revoked".to_owned(),
        };
        let sites = if sites.is_empty() { "all".to_owned() } else { sites };
        let scope = kept.key.scope.word().to_owned();
        table.add_row([kept.id().to_owned(), kept.key.name.clone(), scope, sites, made, end]);
    }
    Ok(format!("{table}\n"))
}

fn revoke(args: &NamedKeyArgs, now: Timestamp) -> Result<String, CliError> {
    let config = config(&args.at.config)?;
    let gone = change(&config.keys_file(), |keys| {
        let before = keys.len();
        keys.retain(|kept| !is_named(kept, &args.key));
        // Those that are over serve nobody.
        let gone = before - keys.len();
        keys.retain(|kept| !kept.is_over(now));
        if gone == 0 { Err(unknown(&config, &args.key)) } else { Ok(gone) }
    })?;
    Ok(format!("{gone} refused from now on; {}", in_force(&config)))
}

fn rotate(args: &RotateArgs, now: Timestamp) -> Result<String, CliError> {
    let config = config(&args.named.at.config)?;
    let named = &args.named.key;
    let secret = new_key(&rand::random());
    let end = now.saturating_add(args.keep).map_err(|_| refused("it would never run out"))?;
    change(&config.keys_file(), |keys| {
        let newest = keys.iter_mut().filter(|kept| is_named(kept, named) && !kept.is_over(now));
        let old = newest.max_by_key(|kept| kept.created_at);
        let old = old.ok_or_else(|| unknown(&config, named))?;
        let key = ApiKey { sha256: key_hash(&secret), ..old.key.clone() };
        let earlier = old.key.expires_at.is_some_and(|at| at <= end);
        if !earlier {
            old.key.expires_at = Some(end);
        }
        keys.retain(|kept| !kept.is_over(now));
        keys.push(KeptKey { key, created_at: now });
        Ok::<(), CliError>(())
    })?;
    let old = format!("The old key is valid until {end:.0}.\n");
    Ok(format!("{}{old}{}", shown(&secret), in_force(&config)))
}

fn is_named(kept: &KeptKey, named: &str) -> bool {
    kept.key.name == named || kept.id() == named
}

fn config(path: &Path) -> Result<Config, CliError> {
    Ok(load_checked(Some(path))?.0)
}

fn refused(why: &str) -> CliError {
    CliError::Key(why.to_owned())
}

fn unknown(config: &Config, named: &str) -> CliError {
    let written = config.api_keys.iter().any(|key| key.name == named);
    CliError::Key(match written {
        true => format!("`{named}` stands in the configuration: change it there"),
        false => format!("{} has no key `{named}`", config.keys_file().display()),
    })
}

fn shown(secret: &str) -> String {
    format!("The key, shown only now; keep it as you keep passwords:\n\n{secret}\n\n")
}

fn in_force(config: &Config) -> String {
    format!("Kept in {}; a running service knows within seconds.\n", config.keys_file().display())
}

/// `rt_` and 32 random bytes in base64url.
fn new_key(random: &[u8; 32]) -> String {
    format!("rt_{}", URL_SAFE_NO_PAD.encode(random))
}

#[derive(Serialize)]
struct Block {
    api_keys: [ApiKey; 1],
}

/// The TOML that makes it a key.
fn block(key: ApiKey) -> Result<String, toml::ser::Error> {
    toml::to_string(&Block { api_keys: [key] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::load_text;
    use crate::http::auth::find_key;

    #[test]
    fn the_printed_lines_make_the_printed_key_valid_as_long_as_it_says() {
        let secret = new_key(&[7; 32]);
        let end: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
        let key = ApiKey {
            name: "the \"BI\" tool".to_owned(),
            sha256: key_hash(&secret),
            scope: Scope::Analyst,
            sites: vec!["demo".parse().expect("a site id")],
            expires_at: Some(end),
        };
        let lines = block(key.clone()).expect("it can be written");
        assert!(!lines.contains(&secret), "only the hash is written");
        let config = load_text("key.toml", &lines).expect("it can be read");
        let ends = crate::platform::clock::Millis::from(end);
        let found = |now| find_key(&config.api_keys, &secret, now);
        assert_eq!(found(ends.plus(-1)), Some(&key));
        assert_eq!(found(ends), None);
    }

    #[test]
    fn lifetimes_are_bounded() {
        assert_eq!(lifetime("7d"), Ok(SignedDuration::from_hours(168)));
        assert_eq!(lifetime("36h"), Ok(SignedDuration::from_hours(36)));
        for bad in ["", "d", "-1d", "-5h", "99999d", "9999999999999d", "soon"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
