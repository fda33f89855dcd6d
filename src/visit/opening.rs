//! What a new session writes: once, in one script, alone or with the session's first lease.

use std::sync::LazyLock;

use jiff::SignedDuration;

use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::{Invocation, Script};
use crate::platform::redis::{Redis, StoreError};
use crate::visit::client::SealedClient;
use crate::visit::model::Visit;
use crate::visit::packed::pack;
use crate::visit::store::{MAX_KEPT, ledger_entry};

/// The part of a script that writes a new session; scripts that open one stand behind it.
pub const OPEN: &str = include_str!("lua/open.lua");

/// A new session on its way to Redis.
pub struct Opening<'a> {
    keys: &'a SiteKeys,
    visit: &'a Visit,
    client: Option<&'a SealedClient>,
    packed: Vec<u8>,
    window: SignedDuration,
    look_back: SignedDuration,
    returning: bool,
}

impl<'a> Opening<'a> {
    /// Opens `visit`. It is kept for `window`, or for `look_back` where it is a touch of its visitor that
    /// must be known for longer; `client` is kept with consent to ads only. The visitor is known from
    /// before when it is `returning`.
    pub fn new(
        keys: &'a SiteKeys,
        visit: &'a Visit,
        client: Option<&'a SealedClient>,
        (window, look_back): (SignedDuration, SignedDuration),
        returning: bool,
    ) -> Result<Self, StoreError> {
        let client =
            client.filter(|client| visit.consent.ads && client.keep > SignedDuration::ZERO);
        Ok(Opening { keys, visit, client, packed: pack(visit)?, window, look_back, returning })
    }

    /// Opens the session, and nothing else.
    pub async fn write(&self, redis: &Redis) -> Result<(), StoreError> {
        static ALONE: LazyLock<Script> =
            LazyLock::new(|| Script::new(&[OPEN, include_str!("lua/open_alone.lua")].join("\n")));
        let mut call = ALONE.prepare_invoke();
        self.add_keys(&mut call);
        call.key(self.keys.shard.ledger());
        if let Some(visitor) = self.visit.visitor.filter(|_| self.visit.consent.analytics) {
            call.key(self.keys.visitor(&visitor));
        }
        self.add_args(&mut call);
        call.arg(self.ledger_entry());
        redis.script("a new session", &call).await
    }

    /// Adds the keys that `lua/open.lua` reads.
    pub fn add_keys(&self, call: &mut Invocation<'_>) {
        let session = &self.visit.session;
        call.key(self.keys.session(session)).key(self.keys.client(session));
    }

    /// Adds the arguments that `lua/open.lua` reads.
    pub fn add_args(&self, call: &mut Invocation<'_>) {
        let Visit { session, visitor, consent, started_at, .. } = self.visit;
        let is_touch = visitor.is_some() && consent.analytics;
        let keep = if is_touch { self.window.max(self.look_back) } else { self.window };
        let ms = |life: SignedDuration| life.as_millis() as i64;
        call.arg(&self.packed).arg(ms(keep));
        match self.client {
            Some(client) => call.arg(&client.sealed).arg(ms(client.keep)),
            None => call.arg("").arg(""),
        };
        call.arg(session.short()).arg(started_at.0);
        match self.returning {
            true => call.arg(MAX_KEPT),
            false => call.arg(""),
        };
        call.arg(ms(self.look_back));
    }

    /// What the ledger is told of the session, as JSON.
    pub fn ledger_entry(&self) -> String {
        ledger_entry(self.visit, self.visit.started_at).to_json()
    }
}
