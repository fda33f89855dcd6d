//! Tells webhooks of pools that had no number for a visitor: once an hour and pool.

use tokio::sync::mpsc;

use crate::config::Live;
use crate::lease::exhausted::Exhaustion;
use crate::platform::shutdown::ShutdownSignal;
use crate::postback::events::of_pool;
use crate::postback::store::Outbox;

/// Listens to pools.
pub struct OverflowWorker {
    live: Live,
    outbox: Outbox,
    pools: mpsc::Receiver<Exhaustion>,
}

impl OverflowWorker {
    /// A worker that queues what comes out of `pools`.
    pub fn new(live: Live, outbox: Outbox, pools: mpsc::Receiver<Exhaustion>) -> Self {
        OverflowWorker { live, outbox, pools }
    }

    /// Runs until shutdown. What cannot be queued is told with the next visitor who finds no number.
    pub async fn run(mut self, mut shutdown: ShutdownSignal) {
        loop {
            let found = tokio::select! {
                () = shutdown.over() => return,
                found = self.pools.recv() => found,
            };
            let Some(Exhaustion { site, pool, at }) = found else { return };
            let installation = self.live.now_full();
            let Some(site) = installation.site(&site) else { continue };
            let give_up_after = installation.config.postback.give_up_after;
            let messages = of_pool(site, &pool, at, give_up_after);
            if let Err(error) = self.outbox.enqueue(installation.shards, &messages).await {
                tracing::debug!(%error, site = %site.id, "a pool without a number is not told");
            }
        }
    }
}
