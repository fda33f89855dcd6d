//! Access tokens of OAuth credentials: kept until they end, renewed by one at a time.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `oauth:<credential>` | STR | sealed access token, its end, and the newest refresh token | – |
//! | `oauth:<credential>:turn` | STR | who renews it now | [`TURN_MS`] |
//!
//! What is kept is sealed with the installation's key: Redis, its files and backups cannot tell it. Some issuers replace
//! the refresh token with every renewal (Microsoft): the newest one is kept, and the configured one is used when there is
//! none or when it is changed, since it is part of the credential's name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use crate::config::model::OAuth;
use crate::platform::clock::Millis;
use crate::platform::keys;
use crate::platform::redis::{Redis, StoreError};
use crate::platform::secret::Secret;
use crate::postback::client::{Client, Request, SendError};

/// Tokens are renewed this long before they end.
const EARLY_MS: i64 = 60_000;

/// How long one may take to renew a token before another one tries.
const TURN_MS: u64 = 30_000;

/// How often, and at which pace, the one who waits looks whether another one has renewed it.
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// Bytes of a nonce.
const NONCE: usize = 24;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The issuer refuses the refresh token or the client: somebody has to consent anew.
    #[error("the issuer of tokens refuses the credential: {0}")]
    Refused(String),
    /// The issuer cannot be asked just now.
    #[error("the issuer of tokens: {0}")]
    Unavailable(String),
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SendError> for TokenError {
    fn from(error: SendError) -> Self {
        TokenError::Unavailable(error.to_string())
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    access: String,
    until: Millis,
    refresh: String,
}

impl Kept {
    fn is_good(&self, now: Millis) -> bool {
        !self.access.is_empty() && self.until.since(now) > EARLY_MS
    }
}

/// The tokens of all credentials; cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    redis: Redis,
    key: XChaCha20Poly1305,
    known: Arc<Mutex<HashMap<String, Credential>>>,
}

#[derive(Clone, Default)]
struct Credential {
    kept: Option<Kept>,
    turn: Arc<AsyncMutex<()>>,
}

impl Tokens {
    /// Tokens on this Redis, sealed with `key`.
    pub fn new(redis: Redis, key: &[u8; 32]) -> Self {
        Tokens { redis, key: XChaCha20Poly1305::new(key.into()), known: Arc::default() }
    }

    /// The access token of `credential`, renewed at `token_url` where it is about to end.
    pub async fn access(
        &self,
        client: &Client,
        credential: &OAuth,
        (token_url, scope): (&str, &str),
        now: Millis,
    ) -> Result<Secret, TokenError> {
        let name = name(credential);
        if let Some(kept) = self.known(&name).kept.filter(|kept| kept.is_good(now)) {
            return Ok(Secret::new(kept.access));
        }
        let turn = self.known(&name).turn;
        let _turn = turn.lock().await;
        if let Some(kept) = self.known(&name).kept.filter(|kept| kept.is_good(now)) {
            return Ok(Secret::new(kept.access));
        }
        for _ in 0..LOOKS {
            let kept = self.load(&name).await?;
            if let Some(good) = kept.clone().filter(|kept| kept.is_good(now)) {
                self.remember(&name, Some(good.clone()));
                return Ok(Secret::new(good.access));
            }
            if self.take_turn(&name).await? {
                let refresh = kept.map(|kept| kept.refresh).filter(|token| !token.is_empty());
                let url =
                    if credential.token_url.is_empty() { token_url } else { &credential.token_url };
                let renewed = renew(client, credential, (url, scope), refresh, now).await;
                if let Ok(kept) = &renewed {
                    self.save(&name, kept).await?;
                    self.remember(&name, Some(kept.clone()));
                }
                self.end_turn(&name).await?;
                return renewed.map(|kept| Secret::new(kept.access));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(TokenError::Unavailable("another process renews the token for too long".to_owned()))
    }

    /// Forgets an access token that was refused, unless it was renewed already.
    pub async fn refused(&self, credential: &OAuth, token: &Secret) -> Result<(), StoreError> {
        let name = name(credential);
        let is_it = |kept: &Kept| kept.access == token.reveal();
        if self.known(&name).kept.as_ref().is_some_and(is_it) {
            self.remember(&name, None);
        }
        if let Some(kept) = self.load(&name).await?.filter(is_it) {
            self.save(&name, &Kept { access: String::new(), ..kept }).await?;
        }
        Ok(())
    }

    fn known(&self, name: &str) -> Credential {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name.to_owned()).or_default().clone()
    }

    fn remember(&self, name: &str, kept: Option<Kept>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name.to_owned()).or_default().kept = kept;
    }

    async fn take_turn(&self, name: &str) -> Result<bool, StoreError> {
        let mut take = redis::cmd("SET");
        take.arg(keys::oauth_turn(name)).arg(1).arg("NX").arg("PX").arg(TURN_MS);
        let taken: Option<String> = self.redis.command("a token's turn", &take).await?;
        Ok(taken.is_some())
    }

    async fn end_turn(&self, name: &str) -> Result<(), StoreError> {
        let mut end = redis::cmd("DEL");
        self.redis.command::<i64>("a token's turn", end.arg(keys::oauth_turn(name))).await?;
        Ok(())
    }

    async fn load(&self, name: &str) -> Result<Option<Kept>, StoreError> {
        let mut read = redis::cmd("GET");
        let sealed: Option<Vec<u8>> =
            self.redis.command("a token", read.arg(keys::oauth(name))).await?;
        Ok(sealed.and_then(|sealed| {
            let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
            let text = self.key.decrypt(&XNonce::from(*nonce), sealed).ok()?;
            serde_json::from_slice(&text).ok()
        }))
    }

    async fn save(&self, name: &str, kept: &Kept) -> Result<(), StoreError> {
        let unwritable = |why: String| StoreError::Unreadable { what: "a token", why };
        let text = serde_json::to_vec(kept).map_err(|e| unwritable(e.to_string()))?;
        let nonce: [u8; NONCE] = rand::random();
        let sealed = self.key.encrypt(&XNonce::from(nonce), text.as_slice());
        let sealed = sealed.map_err(|e| unwritable(e.to_string()))?;
        let mut write = redis::cmd("SET");
        write.arg(keys::oauth(name)).arg([&nonce[..], &sealed].concat());
        self.redis.command::<()>("a token", &write).await
    }
}

/// The credential's name: what it is made of, hashed.
fn name(credential: &OAuth) -> String {
    let what = format!("{}\n{}", credential.client_id, credential.refresh_token.reveal());
    hex::encode(&Sha256::digest(what.as_bytes())[..16])
}

#[derive(Deserialize)]
struct Issued {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    error: String,
}

/// Asks the issuer for a new access token (RFC 6749 §6).
async fn renew(
    client: &Client,
    credential: &OAuth,
    (token_url, scope): (&str, &str),
    refresh: Option<String>,
    now: Millis,
) -> Result<Kept, TokenError> {
    let refresh = refresh.unwrap_or_else(|| credential.refresh_token.reveal().to_owned());
    let secret = credential.client_secret.reveal();
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", &credential.client_id),
        ("client_secret", secret),
        ("refresh_token", &refresh),
        ("scope", scope),
    ];
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    let url =
        token_url.parse().map_err(|_| TokenError::Refused("`token_url` is no URL".to_owned()))?;
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    let request = Request {
        method: Method::POST,
        url,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, form_type)]),
        body,
        hidden: vec![refresh.clone(), secret.to_owned()],
        shown: None,
    };
    let answer = client.send(request).await?;
    let issued = serde_json::from_str::<Issued>(answer.body.reveal()).ok();
    match issued {
        Some(issued) if answer.is_success() && !issued.access_token.is_empty() => Ok(Kept {
            access: issued.access_token,
            until: now.plus(issued.expires_in.unwrap_or(3600).clamp(0, 86_400 * 90) * 1000),
            refresh: issued.refresh_token.unwrap_or(refresh),
        }),
        Some(issued) if matches!(answer.status, 400 | 401 | 403) => {
            Err(TokenError::Refused(answer.clean(&issued.error)))
        }
        // The answer's words could hold a token.
        _ => Err(TokenError::Unavailable(format!("HTTP {}", answer.status))),
    }
}
