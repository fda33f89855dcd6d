//! `ringtrace warehouse`: makes the warehouse anew, and looks whether it is as it should be.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::app::StartError;
use crate::cli::CliError;
use crate::cli::backup::redis_of;
use crate::config::Live;
use crate::config::load::load_checked;
use crate::platform::data_folder::DataFolder;
use crate::platform::redis::Redis;
use crate::platform::telemetry;
use crate::warehouse::rebuild::{RebuildError, rebuild};
use crate::warehouse::verify::{Verified, verify};

/// What is done with the warehouse. The service must not run.
#[derive(Debug, Subcommand)]
pub enum WarehouseCommand {
    /// Make a fresh warehouse from segments and ledger; the old one is replaced when it is whole. In ClickHouse nothing is
    /// replaced: what this process's segments and the ledger hold is sent once more, and what others wrote stays.
    Rebuild {
        /// The configuration of the installation.
        #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
        config: PathBuf,
        /// Take the new one although parts of segments cannot be read (DuckDB).
        #[arg(long)]
        despite_damage: bool,
    },
    /// Compare counts and checksums with segments and ledger, per table, site and day; fails when something differs. In
    /// ClickHouse only what this process's segments hold is looked for, and what was not compared is said.
    Verify {
        /// The configuration of the installation.
        #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
        config: PathBuf,
    },
}

/// Does it.
pub async fn run(command: WarehouseCommand) -> Result<(), CliError> {
    match command {
        WarehouseCommand::Rebuild { config, despite_damage } => {
            let work = async |redis, live: &Live| rebuild(redis, live, despite_damage).await;
            let rebuilt = on_what_is_left(&config, work).await?;
            for (table, rows) in rebuilt.rows {
                println!("{table:<16}{rows:>12}");
            }
            println!("{} ledger entries written", rebuilt.entries);
            tell_damages(rebuilt.damages);
            Ok(())
        }
        WarehouseCommand::Verify { config } => {
            let verified =
                on_what_is_left(&config, async |redis, live: &Live| verify(redis, live).await);
            tell(&verified.await?)
        }
    }
}

/// Works on an installation whose service does not run.
async fn on_what_is_left<T>(
    path: &Path,
    work: impl AsyncFnOnce(Redis, &Live) -> Result<T, RebuildError>,
) -> Result<T, CliError> {
    let (config, _) = load_checked(Some(path))?;
    telemetry::start_logs("warn", config.log.format, None);
    let claimed = DataFolder::claim(&config.data_folder).map_err(StartError::from)?;
    let (redis, server) = redis_of(&config).await?;
    let done = work(redis, &Live::new(config)).await;
    if let Some(server) = server {
        server.stop().await;
    }
    drop(claimed);
    Ok(done?)
}

fn tell(verified: &Verified) -> Result<(), CliError> {
    for (table, rows) in &verified.rows {
        println!("{table:<16}{rows:>12} rows");
    }
    for difference in &verified.differences {
        let (part, found, expected) = (&difference.part, &difference.found, &difference.expected);
        let what = match found.rows == expected.rows {
            true => format!("{} rows with other cells", found.rows),
            false => format!("{} rows, and there should be {}", found.rows, expected.rows),
        };
        println!("{} of {} on {}: {what}", part.table, part.site, part.day);
    }
    if verified.waiting > 0 {
        println!("{} ledger entries wait for the service", verified.waiting);
    }
    tell_damages(verified.damages);
    if let Some(newer) = verified.newer {
        println!(
            "compared was what the segments of this process hold, without trackers of calls; not compared were {newer} rows \
             of which ClickHouse has a newer version, what only other processes have, and rows that no segment here knows"
        );
    }
    match verified.differences.len() {
        0 => Ok(()),
        differences => Err(CliError::Differs(differences)),
    }
}

fn tell_damages(damages: usize) {
    if damages > 0 {
        println!("{damages} parts of segments cannot be read; the log names them");
    }
}
