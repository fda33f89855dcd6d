//! The command line: which command, with which options. Each command's file does its work.

mod audit;
mod backup;
mod check;
mod classify;
mod client;
mod demo;
mod doctor;
mod error;
mod export;
mod fit;
mod forecast;
mod health;
mod import;
mod init;
mod key;
mod numbers;
mod papers;
mod postback;
mod privacy;
mod provider;
pub mod replay;
mod report;
mod serve;
pub mod simulate;
mod size;
mod snippet;
mod warehouse;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::platform::{dumps, own_files};

pub use audit::AuditArgs;
pub use backup::{BackupArgs, RestoreArgs};
pub use check::CheckArgs;
pub use classify::ClassifyArgs;
pub use client::{Client, ServerArgs};
pub use demo::DemoArgs;
pub use doctor::DoctorArgs;
pub use error::CliError;
pub use export::ExportArgs;
pub use fit::FitArgs;
pub use forecast::{ForecastArgs, StaffingArgs};
pub use health::HealthArgs;
pub use import::ImportCommand;
pub use init::InitArgs;
pub use key::KeyCommand;
pub use numbers::{NumbersCommand, PoolArgs};
pub use papers::{CompletionsArgs, ManArgs};
pub use postback::PostbackCommand;
pub use privacy::{PrivacyCommand, RetentionCommand};
pub use provider::ProviderCommand;
pub use replay::ReplayArgs;
pub use report::{ReportArgs, ReportFormat, ReportName};
pub use serve::ServeArgs;
pub use simulate::SimulateArgs;
pub use size::SizeArgs;
pub use snippet::SnippetArgs;
pub use warehouse::WarehouseCommand;

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
    /// Serve until told to end; SIGHUP reloads sites and numbers.
    Serve(ServeArgs),
    /// Play two weeks (or `--days`) of traffic through the whole service on its embedded defaults.
    Demo(DemoArgs),
    /// Print a report of the running server.
    Report(ReportArgs),
    /// Play a recorded or synthetic trace of visits and calls against any number of numbers.
    Replay(ReplayArgs),
    /// Write a synthetic trace for `replay`, drawn from stated assumptions.
    Simulate(Box<SimulateArgs>),
    /// Check a configuration and what it needs; tells everything that is wrong.
    Check(CheckArgs),
    /// Tell what page views are taken for, and why.
    Classify(ClassifyArgs),
    /// Print the script tag of a site, ready to be pasted.
    Snippet(SnippetArgs),
    /// Look whether the snippet is installed right on a page, and what it would swap there.
    Doctor(DoctorArgs),
    /// How many numbers so many visitors need.
    Size(SizeArgs),
    /// Learn now when a site's callers call, on the running server.
    Fit(FitArgs),
    /// How many calls the next days bring, and how good such forecasts were.
    Forecast(ForecastArgs),
    /// How many people it takes to answer them, hour by hour.
    Staffing(StaffingArgs),
    /// The numbers of a pool of the running server.
    #[command(subcommand)]
    Numbers(NumbersCommand),
    /// Accounts at telephony providers: do they work, and do their webhooks come here?
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Destinations of conversions: try one, send once more, write files.
    #[command(subcommand)]
    Postback(PostbackCommand),
    /// Take over what other systems know into the running server.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Keys of the API.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Write a table of the warehouse as a Parquet or CSV file, for other tools.
    Export(ExportArgs),
    /// Make the warehouse anew, or look whether it is what segments and ledger say.
    #[command(subcommand)]
    Warehouse(WarehouseCommand),
    /// Who changed and exported what over the API of the running server.
    Audit(AuditArgs),
    /// What is known of one caller or visitor: take it out, or erase it.
    #[command(subcommand)]
    Privacy(PrivacyCommand),
    /// What is too old to be kept.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Copy everything that must survive into a folder, also while the service runs.
    Backup(BackupArgs),
    /// Put a backup into an empty data folder.
    Restore(RestoreArgs),
    /// Write a first configuration, by five questions or options.
    Init(InitArgs),
    /// Ask a running server whether it is well; for container platforms.
    Health(HealthArgs),
    /// Print the manual page, or write those of all commands.
    Man(ManArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

/// Does what `cli` asks for.
pub fn run(cli: Cli) -> ExitCode {
    dumps::forbid();
    // Manual pages are for everybody.
    if !matches!(cli.command, Command::Man(_)) {
        own_files::keep_to_owner();
    }
    match cli.command {
        Command::Serve(args) => finish(serve::run(args)),
        Command::Demo(args) => finish(demo::run(args)),
        Command::Report(args) => finish(report::run(args)),
        Command::Replay(args) => finish(replay::run(args)),
        Command::Simulate(args) => told(simulate::run(&args)),
        Command::Fit(args) => finish(fit::run(args)),
        Command::Forecast(args) => finish(forecast::run(args)),
        Command::Staffing(args) => finish(forecast::staffing(args)),
        Command::Check(args) => check::run(&args),
        Command::Classify(args) => told(classify::run(&args)),
        Command::Snippet(args) => told(snippet::run(&args)),
        Command::Doctor(args) => doctor::run(&args),
        Command::Size(args) => {
            size::run(&args);
            ExitCode::SUCCESS
        }
        Command::Numbers(command) => finish(numbers::run(command)),
        Command::Provider(command) => finish(provider::run(command)),
        Command::Postback(command) => finish(postback::run(command)),
        Command::Import(command) => finish(import::run(command)),
        Command::Key(command) => key::run(&command),
        Command::Export(args) => finish(export::run(args)),
        Command::Warehouse(command) => finish(warehouse::run(command)),
        Command::Audit(args) => finish(audit::run(args)),
        Command::Privacy(command) => finish(privacy::run(command)),
        Command::Retention(command) => finish(privacy::retention(command)),
        Command::Backup(args) => finish(backup::backup(args)),
        Command::Restore(args) => finish(backup::restore(args)),
        Command::Init(args) => told(init::run(&args)),
        Command::Health(args) => finish(health::run(args)),
        Command::Man(args) => told(papers::man(&args)),
        Command::Completions(args) => told(papers::completions(&args)),
    }
}

/// Runs a command to its end.
fn finish(command: impl Future<Output = Result<(), CliError>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(CliError::Runtime).and_then(|runtime| {
        let done = runtime.block_on(command);
        // A report that is still being computed must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(1));
        done
    });
    told(done)
}

/// How a command ended; an error is told to people, on standard error.
fn told(done: Result<(), CliError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringtrace: {error}");
            ExitCode::FAILURE
        }
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
        assert_eq!(args.from.as_deref(), Some("2026-03-01"));
        assert_eq!(args.site.len(), 2);
        assert_eq!(args.format, ReportFormat::Table);
        assert!(Report::try_parse_from(["report", "sauces", "--key=k"]).is_err());
    }
}
