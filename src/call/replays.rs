//! Tokens and nonces that may be used once: each is remembered with the webhook that it came with.
//!
//! | key | type | lifetime |
//! |---|---|---|
//! | `once:<site>:<provider>:<hash of the token>` | STR, digest of address and body | as long as the token could be used |
//!
//! The same token with the same webhook is a provider that tries again: it is answered again, and
//! changes nothing, as events may come twice. With another webhook it is somebody who caught it. Looked up before
//! anything is recorded, and written after: a crash in between loses no event. While Redis is
//! away nobody can be asked, and the caller gets through.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::call::providers::{Once, Webhook};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// What is known of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It was not used before, as far as is known.
    First,
    /// It came with the same webhook before.
    Again,
    /// It came with another webhook before.
    Stolen,
}

/// One token of one webhook.
pub struct Token {
    key: String,
    digest: String,
    keep: Duration,
}

impl Token {
    /// The token `once` of `webhook`.
    pub fn new(keys: &SiteKeys, provider: &str, once: &Once, webhook: &Webhook<'_>) -> Self {
        let parts = [webhook.url.as_bytes(), b"\0", webhook.body];
        Token {
            key: keys.used_once(provider, &short_hash(&[once.value.as_bytes()])),
            digest: short_hash(&parts),
            keep: once.keep,
        }
    }

    /// How it was used before.
    pub async fn look_up(&self, redis: &Redis) -> Result<Use, StoreError> {
        let command = redis::cmd("GET").arg(&self.key).to_owned();
        let known: Option<String> = redis.command("a used token", &command).await?;
        Ok(match known {
            None => Use::First,
            Some(digest) if digest == self.digest => Use::Again,
            Some(_) => Use::Stolen,
        })
    }

    /// Remembers its use; the first one stays.
    pub async fn remember(&self, redis: &Redis) -> Result<(), StoreError> {
        let mut command = redis::cmd("SET");
        command
            .arg(&self.key)
            .arg(&self.digest)
            .arg("NX")
            .arg("EX")
            .arg(self.keep.as_secs().max(1));
        redis.command::<Option<String>>("a used token", &command).await.map(|_| ())
    }
}

/// Half of a SHA-256 in hex: enough to tell webhooks apart.
fn short_hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}
