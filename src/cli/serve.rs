//! `ringtrace serve`: the service until it is told to end; SIGHUP reloads sites and numbers.

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Options};
use crate::cli::CliError;
use crate::config;
use crate::config::load::load_checked;
use crate::platform::telemetry;

/// What `ringtrace serve` was asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Configuration: a TOML file, or a folder of them.
    #[arg(long, env = "RINGTRACE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Runs the service.
pub async fn run(args: ServeArgs) -> Result<(), CliError> {
    let (config, warnings) = load_checked(args.config.as_deref())?;
    telemetry::start_logs(&config.log.filter, config.log.format);
    for warning in warnings {
        tracing::warn!("configuration: {warning}");
    }

    let mut hangup = listen(SignalKind::hangup())?;
    let mut app = App::start(config, Options::default()).await?;
    tracing::info!(address = %app.address(), "Ringtrace serves");
    loop {
        tokio::select! {
            _ = hangup.recv() => reload(&mut app, args.config.clone()).await,
            () = until_signalled() => break,
            () = app.until_dead() => {
                app.stop().await;
                return Err(CliError::Died);
            }
        }
    }
    tracing::info!("ending: no new requests; draining ledger and outbox");
    app.stop().await;
    Ok(())
}

async fn reload(app: &mut App, path: Option<PathBuf>) {
    let live = app.live().clone();
    // It reads files: not on a thread that serves.
    let read = tokio::task::spawn_blocking(move || config::reload::reload(&live, path.as_deref()));
    let reloaded = match read.await {
        Ok(Ok(reloaded)) => reloaded,
        Ok(Err(error)) => return tracing::error!("the configuration stays as it was:\n{error}"),
        Err(error) => return tracing::error!(%error, "the configuration stays as it was"),
    };
    for warning in &reloaded.warnings {
        tracing::warn!("configuration: {warning}");
    }
    match app.numbers_changed().await {
        Ok(()) => tracing::info!("configuration reloaded: {}", reloaded.changes),
        Err(error) => tracing::error!(%error, "reloaded, but the numbers could not be changed"),
    }
}

fn listen(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(CliError::Signals)
}

/// Returns when SIGTERM or SIGINT arrives.
pub async fn until_signalled() {
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
