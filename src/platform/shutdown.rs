//! Ending in order: everybody who loops watches one signal.

use tokio::sync::watch;

/// Held by whoever decides that it is over.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

/// Held by every loop.
#[derive(Clone, Debug)]
pub struct ShutdownSignal(watch::Receiver<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Shutdown(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// A signal to watch.
    pub fn signal(&self) -> ShutdownSignal {
        ShutdownSignal(self.0.subscribe())
    }

    /// Tells everybody that it is over.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl ShutdownSignal {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is over.
    pub async fn over(&mut self) {
        // An error means that the sender is gone: over as well.
        let _ = self.0.wait_for(|over| *over).await;
    }

    /// Sleeps for `duration`, or until it is over; `true` when it is over.
    pub async fn sleep(&mut self, duration: std::time::Duration) -> bool {
        tokio::select! {
            () = self.over() => true,
            () = tokio::time::sleep(duration) => self.is_over(),
        }
    }
}
