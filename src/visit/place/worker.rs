//! Keeps the databases in force the ones that the configuration names, as they are on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Places;
use super::database::Database;
use super::mapped::Stamp;
use crate::config::Live;
use crate::platform::shutdown::ShutdownSignal;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(5);

/// What one look at the files did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files that were put in force.
    pub opened: usize,
    /// Files that cannot be used, and were not tried before as they are now.
    pub failed: usize,
    /// Databases that are in force now.
    pub in_force: usize,
}

/// Watches the files behind [`Places`].
pub struct Watcher {
    places: Places,
    live: Live,
    /// Where the copies are made that are read from.
    scratch: PathBuf,
    watched: Vec<Watched>,
}

/// One file of the configuration.
struct Watched {
    path: PathBuf,
    /// The file that was tried last; `None`: there was none.
    tried: Option<Stamp>,
    in_force: Option<Arc<Database>>,
}

impl Watcher {
    /// A watcher that has looked at nothing yet.
    pub fn new(places: Places, live: Live, scratch: PathBuf) -> Self {
        Watcher { places, live, scratch, watched: Vec::new() }
    }

    /// Opens what is new or changed and puts it in force. A file that cannot be used is told in the
    /// log once, and what was in force of it stays. Reads whole files: call it where waiting hurts
    /// nobody.
    pub fn run_once(&mut self) -> Outcome {
        let installation = self.live.now_full();
        let wanted = &installation.config.place.databases;
        let before = std::mem::take(&mut self.watched);
        let same_files = before.iter().map(|watched| &watched.path).eq(wanted);
        let mut known = before;
        let mut outcome = Outcome::default();
        for path in wanted {
            let index = known.iter().position(|watched| &watched.path == path);
            let before = index.map(|index| known.swap_remove(index));
            let watched = self.look(path, before, &mut outcome);
            self.watched.push(watched);
        }
        let in_force: Vec<_> = self.watched.iter().filter_map(|w| w.in_force.clone()).collect();
        outcome.in_force = in_force.len();
        if outcome.opened > 0 || !same_files {
            self.places.replace(in_force);
        }
        metrics::gauge!("ringtrace_place_databases").set(outcome.in_force as f64);
        outcome
    }

    fn look(&self, path: &Path, before: Option<Watched>, outcome: &mut Outcome) -> Watched {
        let found = Stamp::read(path).ok();
        let in_force = match before {
            Some(before) if before.tried == found => return before,
            Some(before) => before.in_force,
            None => None,
        };
        let file = path.display().to_string();
        match Database::open(path, &self.scratch) {
            Ok(database) => {
                outcome.opened += 1;
                let (kind, built_at) = (database.kind(), database.built_at());
                tracing::info!(file, kind, built_at, "a database of places is in force");
                metrics::gauge!("ringtrace_place_database_built_seconds", "file" => file)
                    .set(built_at as f64);
                let tried = Some(database.stamp());
                Watched { path: path.to_owned(), tried, in_force: Some(Arc::new(database)) }
            }
            Err(error) => {
                outcome.failed += 1;
                metrics::counter!("ringtrace_place_database_failures_total", "file" => file)
                    .increment(1);
                match &in_force {
                    Some(_) => {
                        tracing::error!(%error, "the one that was read before stays in force")
                    }
                    None => tracing::error!(%error, "places are found without it"),
                }
                Watched { path: path.to_owned(), tried: found, in_force }
            }
        }
    }
}

/// Looks every few seconds, and whenever `asked` (after a reload of the configuration), until
/// `shutdown`.
pub async fn run(mut watcher: Watcher, asked: Arc<Notify>, mut shutdown: ShutdownSignal) {
    loop {
        tokio::select! {
            over = shutdown.sleep(EVERY) => if over { return },
            () = asked.notified() => {}
        }
        let look = move || {
            watcher.run_once();
            watcher
        };
        watcher = match tokio::task::spawn_blocking(look).await {
            Ok(watcher) => watcher,
            Err(error) => {
                return tracing::error!(%error, "databases of places are not watched any more");
            }
        };
    }
}
