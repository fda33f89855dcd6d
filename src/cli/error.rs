//! What a command says when it cannot do its work.

use crate::app::StartError;
use crate::backup::model::BackupError;
use crate::call::providers::accounts::client::ApiError;
use crate::config::keys::KeysError;
use crate::config::load::LoadError;
use crate::export::store::ExportError;
use crate::platform::ids::SiteId;
use crate::platform::redis::StoreError;
use crate::visit::place::database::DatabaseError;
use crate::warehouse::rebuild::RebuildError;

/// Why a command failed; printed after `ringtrace: `.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong.
    #[error("the configuration cannot be used:\n{0}")]
    Config(#[from] LoadError),
    /// The service did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] crate::platform::traces::TracesError),
    /// The HTTP server ended although nobody asked for it.
    #[error("the HTTP server ended by itself; the log says more")]
    Died,
    /// The running server did not give what was asked for.
    #[error("{url}: {why}")]
    Server {
        /// Where.
        url: String,
        /// Why not.
        why: String,
    },
    /// The demo cannot be played.
    #[error("demo: {0}")]
    Demo(String),
    /// The configuration has no such site.
    #[error("there is no site `{0}` in the configuration; name it with --config")]
    NoSuchSite(SiteId),
    /// The configuration has several sites, or none.
    #[error("name one of the sites with --site: {0}")]
    WhichSite(String),
    /// Some of the numbers could not be taken; each was told already.
    #[error("{0} of the numbers were not taken")]
    Rejected(usize),
    /// Some lines could not be taken; each was told already.
    #[error("{0} lines were not taken")]
    RejectedLines(usize),
    /// No such provider, or nothing to ask it with.
    #[error("{0}")]
    Provider(String),
    /// There is no backup, or nothing was restored.
    #[error(transparent)]
    Backup(BackupError),
    /// The file could not be written.
    #[error(transparent)]
    Exported(#[from] ExportError),
    /// What to export was not understood.
    #[error("export: {0}")]
    Export(String),
    /// The warehouse was not rebuilt, or could not be compared.
    #[error(transparent)]
    Warehouse(#[from] RebuildError),
    /// The warehouse is not what segments and ledger say; where was told already.
    #[error("{0} days of tables differ; `ringtrace warehouse rebuild` mends it")]
    Differs(usize),
    /// No configuration was made.
    #[error("{0}")]
    Init(String),
    /// A key cannot be made, found or changed.
    #[error("{0}")]
    Key(String),
    /// The file with the keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A provider's API did not do what was asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Webhooks that should come here do not; each was told already.
    #[error("{0} of the webhooks are not as they should be; `ringtrace provider sync` sets them")]
    Unsynced(usize),
    /// A test conversion that was not taken; why was told already.
    #[error("the test conversion was not taken: {0}")]
    Untaken(String),
    /// A database of places cannot be used.
    #[error(transparent)]
    Place(DatabaseError),
    /// Lines cannot be read or written.
    #[error("cannot read or write: {0}")]
    Stream(std::io::Error),
    /// The trace cannot be replayed.
    #[error("replay: {0}")]
    Replay(String),
    /// The trace cannot be simulated.
    #[error("simulate: {0}")]
    Simulate(String),
    /// Redis failed a replay.
    #[error("replay: {0}")]
    ReplayStore(#[from] StoreError),
    /// Signals cannot be listened to.
    #[error("cannot listen to signals: {0}")]
    Signals(std::io::Error),
    /// No runtime.
    #[error("cannot start the runtime: {0}")]
    Runtime(std::io::Error),
}
