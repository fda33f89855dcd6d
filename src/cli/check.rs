//! `ringtrace check`: everything that is wrong with a configuration, in one go.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::complaint::{Complaint, Severity};
use crate::config::load::{Examination, examine};
use crate::config::model::{Config, Site};
use crate::config::reach::reach;

/// Options of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// A configuration file, or a folder whose *.toml are read in name order.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Only read and check; do not try Redis, folder and address.
    #[arg(long)]
    pub offline: bool,
}

/// Prints every complaint and a summary; fails when there is an error.
pub(super) fn run(args: &CheckArgs) -> ExitCode {
    let Examination { config, mut complaints } = examine(args.config.as_deref());
    if let (Some(config), false) = (&config, args.offline) {
        complaints.extend(reach_now(config));
    }
    for complaint in &complaints {
        println!("{}: {complaint}", severity_word(complaint.severity));
    }
    let count = |severity| complaints.iter().filter(|c| c.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let found = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
    match &config {
        Some(config) if errors == 0 => {
            println!("fine: {}; {found}", summary(config));
            ExitCode::SUCCESS
        }
        _ => {
            // What is left of a broken configuration is not what would be tried.
            println!("not fine: {found}; mend the errors and check again, more may show");
            ExitCode::FAILURE
        }
    }
}

fn reach_now(config: &Config) -> Vec<Complaint> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(reach(config)),
        Err(error) => vec![Complaint {
            path: String::new(),
            message: format!("cannot try Redis, folder and address: {error}"),
            severity: Severity::Error,
            origin: None,
        }],
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn summary(config: &Config) -> String {
    let numbers = config.sites.iter().flat_map(Site::tracking_numbers).count();
    format!("{}, {}", counted(config.sites.len(), "site"), counted(numbers, "tracking number"))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
