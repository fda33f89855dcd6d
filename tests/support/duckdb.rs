//! The engine that needs nothing: a file in the data folder.

use ringtrace::config::model::Config;

/// A DuckDB file in the folder of the configuration.
pub struct TestDuckDb;

impl TestDuckDb {
    /// How many worlds a property that asks hundreds of questions draws.
    pub const CASES: u32 = 3;

    /// There is nothing to start.
    pub fn start() -> Self {
        TestDuckDb
    }

    /// Makes `config` put facts there, on one thread.
    pub fn configure(&self, config: &mut Config) {
        config.warehouse.threads = 1;
    }
}
