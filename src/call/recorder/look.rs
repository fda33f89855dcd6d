//! What is read before an event is applied: for a call that arrives all at once, for others the call alone.

use futures_util::future;
use redis::Value;

use crate::attribution::{self, Sighted};
use crate::call::model::{Call, CallEvent, CallEventKind};
use crate::call::recorder::Recorder;
use crate::call::spam::history::{self, Asked, History};
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::ids::CallId;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::privacy::mask;

/// What Redis knows of the call of an event.
#[derive(Default)]
pub(super) struct Looked {
    /// The call.
    pub(super) before: Option<Call>,
    /// What a new call is completed by.
    pub(super) around: Around,
}

/// What Redis knows around a new call, as its first event tells caller, number and time. Nothing where it
/// was not asked.
#[derive(Default)]
pub(super) struct Around {
    /// Of its caller.
    pub(super) history: Option<History>,
    /// Of its number.
    pub(super) sighted: Option<Sighted>,
}

impl Recorder {
    /// Reads the call of `event`, and where it arrives with it all that is known of caller and number: one
    /// round trip, and a second one for the leases of those who were shown the number.
    pub(super) async fn look(
        &self,
        site: &Site,
        keys: &SiteKeys,
        id: CallId,
        event: &CallEvent,
    ) -> Result<Looked, StoreError> {
        if event.kind != CallEventKind::Received {
            let before = self.store.load(keys, id).await?;
            return Ok(Looked { before, around: Around::default() });
        }
        let hash = mask::caller_hash(self.keys.signing(), &site.id, &event.from);
        let mut asked = redis::pipe();
        asked.cmd("GET").arg(keys.call(&id));
        if let Some(hash) = &hash {
            history::ask(&mut asked, keys, site, Asked { call: id, at: event.at, hash });
        }
        let redis = self.store.redis();
        let told = redis.pipeline::<Vec<Value>>("a call that arrives", &asked);
        let sighted = async {
            match &event.to {
                Some(to) => attribution::sight(redis, keys, site, to, event.at, self.ours()).await,
                None => Ok(None),
            }
        };
        let (told, sighted) = future::join(told, sighted).await;
        let (mut told, sighted) = (told?, sighted?);
        let history = match hash {
            Some(_) => Some(history::read(&mut told, site)?),
            None => None,
        };
        let refused = |source: redis::ParsingError| StoreError::Refused {
            what: "a call that arrives",
            source: source.into(),
        };
        let packed = told.pop().unwrap_or(Value::Nil);
        let packed: Option<String> = redis::from_redis_value(packed).map_err(refused)?;
        let before = packed.map(|text| self.store.unpack(&text)).transpose()?;
        // A call that is known may be told to have come at another moment: it is looked at again.
        let around = match before {
            None => Around { history, sighted },
            Some(_) => Around::default(),
        };
        Ok(Looked { before, around })
    }

    /// The moment it is by our clock, for scripts that go by Redis' own: none where a clock was set.
    pub(super) fn ours(&self) -> Option<Millis> {
        self.clock.script_arg().is_none().then(|| self.clock.now())
    }
}
