//! Redis as a part of the service: started first, ended last.

use tokio::task::JoinHandle;

use super::StartError;
use crate::config::model::Config;
use crate::config::reach;
use crate::platform::redis::StoreError;
use crate::platform::redis::place::Place;
use crate::platform::redis_server::RedisServer;
use crate::platform::shutdown::Shutdown;

/// Redis: the private child, or somebody else's.
pub(super) struct RedisPart {
    pub(super) place: Place,
    over: Shutdown,
    child: Option<JoinHandle<()>>,
}

impl RedisPart {
    /// Starts the private Redis when no other is configured.
    pub(super) async fn start(config: &Config) -> Result<Self, StartError> {
        let over = Shutdown::default();
        let refused = |source| StoreError::Refused { what: "the configured URL", source };
        if !config.redis.is_private() {
            // Somebody else's may come up later, or be set up in a way that loses calls.
            for complaint in reach::redis(config).await {
                tracing::warn!("{complaint}");
            }
            let place = config.redis.place().map_err(refused)?;
            return Ok(RedisPart { place, over, child: None });
        }
        let folder = config.data_folder.join("redis");
        let program = config.redis.program.clone();
        let server = RedisServer::start(&program, &folder).await?;
        let place = Place::standalone(server.url()).map_err(refused)?;
        let child = tokio::spawn(server.supervise(program, folder, over.signal()));
        Ok(RedisPart { place, over, child: Some(child) })
    }

    /// Ends the private Redis in order.
    pub(super) async fn end(self) {
        self.over.begin();
        if let Some(child) = self.child {
            let _ = child.await;
        }
    }
}
