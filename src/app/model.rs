//! What a start is told besides the configuration, and why it may fail.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web;

use crate::config::keys::KeysError;
use crate::lease::numbers::sync::NumbersError;
use crate::platform::data_folder::DataFolderError;
use crate::platform::data_format::UnknownFormat;
use crate::platform::key_file::KeyFileError;
use crate::platform::redis::StoreError;
use crate::platform::redis_server::RedisServerError;
use crate::report::query::benchmarks::BadBenchmarks;
use crate::visit::tables::TablesError;
use crate::warehouse::store::WarehouseError;

/// Routes that an embedding program adds.
pub type ExtraRoutes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// What differs between `serve`, `demo` and a test.
#[derive(Clone, Default)]
pub struct Options {
    /// Serves the demo page, and puts this key into the dashboard.
    pub demo_key: Option<String>,
    /// Further routes.
    pub extra_routes: Option<ExtraRoutes>,
    /// Leaves the delivery of postbacks to [`App::deliverer`] until [`App::start_delivery`].
    pub hold_postbacks: bool,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// A newer program wrote what Redis holds.
    #[error(transparent)]
    NewerData(#[from] UnknownFormat),
    /// The private Redis did not start.
    #[error(transparent)]
    RedisServer(#[from] RedisServerError),
    /// Redis cannot be used.
    #[error(transparent)]
    Redis(#[from] StoreError),
    /// The numbers of the configuration cannot be put into their pools.
    #[error(transparent)]
    Numbers(#[from] NumbersError),
    /// A key of the installation cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The keys of the API cannot be read.
    #[error(transparent)]
    ApiKeys(#[from] KeysError),
    /// The spool cannot be used.
    #[error("cannot use the spool: {0}")]
    Spool(#[source] std::io::Error),
    /// The list of erasures cannot be read.
    #[error("cannot read the list of erasures: {0}")]
    Erasures(#[source] std::io::Error),
    /// The warehouse cannot be opened.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The compiled-in tables cannot be read.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The compiled-in benchmarks cannot be read.
    #[error(transparent)]
    Benchmarks(#[from] BadBenchmarks),
    /// The clients that deliver postbacks and ask providers cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}
