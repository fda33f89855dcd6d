//! `ringtrace key new`: a key of the API and what the configuration keeps of it.

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::model::{ApiKey, Scope};
use crate::http::auth::key_hash;
use crate::platform::ids::SiteId;

/// What can be done with keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key: it is shown once; the configuration keeps only its hash.
    New(NewKeyArgs),
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
}

#[derive(Serialize)]
struct Block {
    api_keys: [ApiKey; 1],
}

/// Prints a new key and the lines for the configuration.
pub(super) fn run(args: &NewKeyArgs) -> ExitCode {
    let secret = new_key(&rand::random());
    match block(args, &secret) {
        Ok(block) => {
            println!("The key, shown only now; keep it as you keep passwords:\n");
            println!("{secret}\n");
            println!("Add to the configuration, then reload (SIGHUP) or restart:\n");
            print!("{block}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot write the lines for the configuration: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `rt_` and 32 random bytes in base64url.
fn new_key(random: &[u8; 32]) -> String {
    format!("rt_{}", URL_SAFE_NO_PAD.encode(random))
}

/// The TOML that makes `secret` a key.
fn block(args: &NewKeyArgs, secret: &str) -> Result<String, toml::ser::Error> {
    let key = ApiKey {
        name: args.name.clone(),
        sha256: key_hash(secret),
        scope: args.scope,
        sites: args.sites.clone(),
    };
    toml::to_string(&Block { api_keys: [key] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::load_text;
    use crate::http::auth::find_key;

    #[test]
    fn the_printed_lines_make_the_printed_key_valid() {
        let args = NewKeyArgs {
            name: "the \"BI\" tool".to_owned(),
            scope: Scope::Analyst,
            sites: vec!["demo".parse().expect("a site id")],
        };
        let secret = new_key(&[7; 32]);
        let lines = block(&args, &secret).expect("it can be written");
        assert!(!lines.contains(&secret), "only the hash is written");
        let config = load_text("key.toml", &lines).expect("it can be read");
        let found = find_key(&config.api_keys, &secret).expect("the key is known");
        assert_eq!((found.name.as_str(), found.scope), ("the \"BI\" tool", Scope::Analyst));
        assert_eq!(found.sites, args.sites);
    }
}
