//! `ringtrace serve`: the service until it is told to end; SIGHUP reloads sites and numbers.

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Options};
use crate::cli::CliError;
use crate::config;
use crate::config::load::load_checked;
use crate::platform::telemetry;
use crate::platform::traces::Traces;

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
    let traces = Traces::start(&config.telemetry)?;
    telemetry::start_logs(&config.log.filter, config.log.format, traces.as_ref());
    for warning in warnings {
        tracing::warn!("configuration: {warning}");
    }

    // Signals are heard from here on: one that comes while the service starts must end it in order,
    // and none may be lost between two looks.
    let mut hangup = listen(SignalKind::hangup())?;
    let mut endings = Endings::listen()?;
    let mut app = tokio::select! {
        started = App::start(config, Options::default()) => started?,
        () = endings.next() => return Ok(()),
    };
    tracing::info!(address = %app.address(), "Ringtrace serves");
    loop {
        tokio::select! {
            _ = hangup.recv() => reload(&mut app, args.config.clone()).await,
            () = endings.next() => break,
            () = app.until_dead() => {
                app.stop().await;
                return Err(CliError::Died);
            }
        }
    }
    tracing::info!(
        "ending: no new requests; draining ledger and outbox; a second signal ends at once"
    );
    app.stop_unless_hurried(endings.next()).await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
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
    app.places_changed();
    match app.numbers_changed().await {
        Ok(()) => tracing::info!("configuration reloaded: {}", reloaded.changes),
        Err(error) => tracing::error!(
            %error, "configuration reloaded: {}; the numbers are not changed yet", reloaded.changes
        ),
    }
}

fn listen(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(CliError::Signals)
}

/// SIGTERM and SIGINT, from the moment it is made.
pub(super) struct Endings {
    term: Signal,
    int: Signal,
}

impl Endings {
    /// Starts to hear them.
    pub(super) fn listen() -> Result<Self, CliError> {
        Ok(Endings {
            term: listen(SignalKind::terminate())?,
            int: listen(SignalKind::interrupt())?,
        })
    }

    /// Returns when one of them arrives.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Returns when SIGTERM or SIGINT arrives.
pub async fn until_signalled() {
    match Endings::listen() {
        Ok(mut endings) => endings.next().await,
        Err(_) => std::future::pending().await,
    }
}
