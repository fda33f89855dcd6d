//! Whether a call is its caller's first, also where an older one comes to be known after it.

use jiff::SignedDuration;

use crate::call::caller::{CallerRecord, is_first_time};
use crate::call::caller_calls::Neighbours;
use crate::call::model::Call;
use crate::call::recorder::save::Known;
use crate::call::recorder::{MAX_TRIES, RecordError, Recorder};
use crate::config::Installation;
use crate::config::model::Site;
use crate::platform::ids::CallId;

impl Recorder {
    /// Whether `call`, which is about to be counted for the caller `hash`, is their first. Where calls that came after it
    /// are known already, the next one is no first call any more.
    ///
    /// That one is put right before this one is saved: when this process dies in between, this call comes
    /// again from the spool, and finds it done.
    pub(super) async fn first_time(
        &self,
        installation: &Installation,
        site: &Site,
        hash: &str,
        known: Option<&CallerRecord>,
        call: &Call,
    ) -> Result<bool, RecordError> {
        let (at, look_back) = (call.started_at, site.caller_look_back);
        let by_record = is_first_time(known, call.id, at, look_back);
        // In their order, the last call known is the one before this.
        let Some(known) = known.filter(|known| known.last_at > at && known.last_call != call.id)
        else {
            return Ok(by_record);
        };
        let keys = installation.shards.keys(&site.id);
        let Neighbours { before, after } =
            self.store.neighbours(&keys, hash, (call.id, at)).await?;
        let inside = |gap_ms: i64| SignedDuration::from_millis(gap_ms) <= look_back;
        let first = (known.first_call, known.first_at);
        let after = after.or(Some(first).filter(|(id, first_at)| *id != call.id && *first_at > at));
        if let Some((next, _)) = after.filter(|(_, after)| inside(after.since(at))) {
            self.not_the_first(installation, site, next).await?;
        }
        Ok(by_record && !before.is_some_and(|before| inside(at.since(before))))
    }

    /// Saves a next version of a call that was taken for its caller's first; one that only the archive still has
    /// stays.
    async fn not_the_first(
        &self,
        installation: &Installation,
        site: &Site,
        id: CallId,
    ) -> Result<(), RecordError> {
        let keys = installation.shards.keys(&site.id);
        for _ in 0..MAX_TRIES {
            let before = self.store.load(&keys, id).await?;
            let Some(before) = before.filter(|call| call.first_time == Some(true)) else {
                return Ok(());
            };
            let mut call = Call { first_time: Some(false), ..before.clone() };
            call.version = before.version.saturating_add(1);
            let (known, now) = (Known::kept(Some(&before)), self.clock.now());
            if self.put(installation, site, known, call, None, now).await?.is_some() {
                return Ok(());
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }
}
