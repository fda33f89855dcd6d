//! `ringtrace doctor`: whether the snippet is installed right on a page, which numbers it would swap
//! there, and what is wrong.
//!
//! In: an address. Out: a [`Diagnosis`], told to people or as JSON. It sees what the server of the page
//! sends, without running any script of it: what scripts write later it cannot know, and says so.
//!
//! Always: everything that is fetched is bounded in size and time; the service is asked as a program,
//! so that no session is opened and no number taken.

mod csp;
mod diagnosis;
mod examine;
mod fetch;
mod numbers;
mod page;
mod service;
mod tag;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Args;
use url::Url;

use crate::cli::CliError;
use diagnosis::Diagnosis;
use examine::examine;

/// Options of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// Address of the page.
    pub url: Url,
    /// Print the diagnosis as JSON.
    #[arg(long)]
    pub json: bool,
    /// The site's key, where a tag manager loads the snippet and the page itself has no tag.
    #[arg(long, requires = "endpoint")]
    pub key: Option<String>,
    /// Origin of the service, for --key.
    #[arg(long, requires = "key")]
    pub endpoint: Option<Url>,
    /// The `User-Agent` to fetch the page with, for servers that turn programs away.
    #[arg(long)]
    pub user_agent: Option<String>,
}

/// Exit code when the page itself could not be looked at.
const NOT_LOOKED: u8 = 2;

/// Prints the diagnosis. Exit code 0: installed right, warnings perhaps; 1: something is wrong; 2: the
/// page could not be fetched.
pub(super) fn run(args: &DoctorArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let diagnosis = match runtime.map_err(CliError::Runtime) {
        Ok(runtime) => runtime.block_on(examine(args)),
        Err(error) => {
            eprintln!("ringtrace: {error}");
            return ExitCode::from(NOT_LOOKED);
        }
    };
    match diagnosis {
        Ok(diagnosis) => tell(&diagnosis, args.json),
        Err(why) => {
            if args.json {
                println!(
                    "{}",
                    serde_json::json!({ "url": args.url.as_str(), "error": why.to_string() })
                );
            }
            eprintln!("ringtrace: {}: {why}", args.url);
            ExitCode::from(NOT_LOOKED)
        }
    }
}

fn tell(diagnosis: &Diagnosis, json: bool) -> ExitCode {
    match serde_json::to_string_pretty(diagnosis) {
        Ok(text) if json => println!("{text}"),
        _ => print!("{diagnosis}"),
    }
    if diagnosis.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
