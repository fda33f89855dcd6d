//! The segments as several use them: the projector, which fills them, and whoever changes what they hold.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::ledger::segments::{SegmentError, Segments};

/// The segments, and whose turn it is; cheap to clone.
#[derive(Clone)]
pub struct LedgerFiles {
    segments: Arc<Mutex<Segments>>,
    turn: Arc<AsyncMutex<()>>,
}

impl LedgerFiles {
    /// Those of `segments`.
    pub fn new(segments: Segments) -> Self {
        LedgerFiles { segments: Arc::new(Mutex::new(segments)), turn: Arc::default() }
    }

    /// Waits until the projector has no batch in its hands; it takes none while the turn is held.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }

    /// Works with the segments on a thread that may wait for the disk; `None` when the program is ending.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Segments) -> Result<T, SegmentError> + Send + 'static,
    ) -> Option<Result<T, SegmentError>> {
        let segments = self.segments.clone();
        let worked = tokio::task::spawn_blocking(move || {
            work(&mut segments.lock().unwrap_or_else(PoisonError::into_inner))
        });
        worked.await.ok()
    }
}
