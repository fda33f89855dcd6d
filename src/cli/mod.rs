//! The command line: which command, with which options. Each command's file does its work.

mod check;
mod key;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::platform::ids::SiteId;

pub use check::CheckArgs;
pub use key::{KeyCommand, NewKeyArgs};

/// Which ad made the phone ring: dynamic number insertion and call attribution.
#[derive(Debug, Parser)]
#[command(name = "ringtrace", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a configuration and what it needs; tells everything that is wrong.
    Check(CheckArgs),
    /// Keys of the API.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// A configuration file, or a folder whose *.toml are read in name order.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// Options of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Folder for the demo's data; made anew at every start.
    #[arg(long, value_name = "FOLDER", default_value = "ringtrace-demo")]
    pub data: PathBuf,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// End after the reports.
    #[arg(long)]
    pub once: bool,
}

/// Options of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Which report.
    pub name: ReportName,
    /// First day, in the site's time zone.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// Last day, in the site's time zone.
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// Only this site; may be given several times.
    #[arg(long, value_name = "SITE")]
    pub site: Vec<SiteId>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// The running server; without it, the address in the configuration.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Key of the API.
    #[arg(long, env = "RINGTRACE_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// A configuration file or folder, to find the server.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// The reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportName {
    /// Calls and visits by source.
    Sources,
    /// Calls by weekday and hour.
    Hours,
    /// Calls and visits by landing page.
    LandingPages,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// Does what `cli` asks for.
pub fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Key(KeyCommand::New(args)) => key::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[derive(Debug, Parser)]
    struct Report {
        #[command(flatten)]
        args: ReportArgs,
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        Report::command().debug_assert();
    }

    #[test]
    fn a_report_is_asked_for_by_name_days_and_sites() {
        let words =
            ["report", "landing-pages", "--from=2026-03-01", "--site=a", "--site=b", "--key=k"];
        let Report { args } = Report::try_parse_from(words).expect("these are options of a report");
        assert_eq!(args.name, ReportName::LandingPages);
        assert_eq!(args.from, Some(jiff::civil::date(2026, 3, 1)));
        assert_eq!(args.site.len(), 2);
        assert_eq!(args.format, ReportFormat::Table);
        assert!(Report::try_parse_from(["report", "sources", "--from=soon"]).is_err());
    }
}
