//! Attributes calls anew whose visitors' taps are told late.

use tokio::sync::mpsc;

use crate::call::recorder::{RecordError, Recorder};
use crate::lease::clicks::LateClick;
use crate::platform::shutdown::ShutdownSignal;

/// Looks again at the calls that each tap may have led to.
pub struct LateClickWorker {
    recorder: Recorder,
    clicks: mpsc::Receiver<LateClick>,
}

impl LateClickWorker {
    /// A worker with a connection of its own in `recorder`.
    pub fn new(recorder: Recorder, clicks: mpsc::Receiver<LateClick>) -> Self {
        LateClickWorker { recorder, clicks }
    }

    /// Handles the taps that wait; says how many calls have another answer.
    pub async fn run_once(&mut self) -> Result<usize, RecordError> {
        let mut changed = 0;
        while let Ok(click) = self.clicks.try_recv() {
            changed += self.look_again(&click).await?;
        }
        Ok(changed)
    }

    /// Runs until shutdown.
    pub async fn run(mut self, mut shutdown: ShutdownSignal) {
        loop {
            let click = tokio::select! {
                () = shutdown.over() => return,
                click = self.clicks.recv() => click,
            };
            let Some(click) = click else { return };
            if let Err(error) = self.look_again(&click).await {
                tracing::warn!(%error, site = %click.site, "a late tap was not looked at");
            }
        }
    }

    async fn look_again(&self, click: &LateClick) -> Result<usize, RecordError> {
        let LateClick { site, number, at } = click;
        self.recorder.look_again(site, number, *at).await
    }
}
