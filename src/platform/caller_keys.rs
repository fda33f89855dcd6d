//! Numbers of people, as disk and Redis have them: a keyed hash to find them by, and the number itself
//! sealed under a key of the data folder.
//!
//! A number is sealed as `sealed:<hash>:<key>:<rest>`: its [`SigningKeys::caller_hash`], the name of the key,
//! and in URL-safe base64 nonce, ciphertext and tag of XChaCha20-Poly1305, bound to the hash and by it to the
//! site. So whatever looks for a person's traces finds them without any key but that of the hashes.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::platform::ids::SiteId;
use crate::platform::key_file::{KeyFileError, load_or_create_ring, write_ring};
use crate::platform::phone::PhoneNumber;
use crate::platform::signing::SigningKeys;

/// The file of the keys, newest first, in the data folder.
pub const KEY_FILE: &str = "numbers.key";
/// What a sealed number begins with.
const PREFIX: &str = "sealed:";
/// Hex digits of the keyed hash, and of a key's name.
const HASH: usize = 32;
const NAME: usize = 8;
/// Bytes of a nonce: long enough to be drawn at random for ever.
const NONCE: usize = 24;
/// Bytes of a tag.
const TAG: usize = 16;
/// Letters of nonce, sixteen characters of E.164 and tag.
const MOST_LETTERS: usize = (NONCE + 16 + TAG).div_ceil(3) * 4;

/// A number that only the installation's key can read. It may be logged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealedNumber(String);

/// A text that is no sealed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sealed number")]
pub struct NotSealed;

impl SealedNumber {
    /// Keyed hash of the number on its site.
    pub fn hash(&self) -> &str {
        &self.0[PREFIX.len()..][..HASH]
    }

    fn key(&self) -> &str {
        &self.0[PREFIX.len() + HASH + 1..][..NAME]
    }

    fn letters(&self) -> &str {
        &self.0[PREFIX.len() + HASH + NAME + 2..]
    }

    /// The sealed number that `text` begins with.
    fn at_start_of(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (hash, rest) = rest.split_at_checked(HASH)?;
        let (key, rest) = rest.strip_prefix(':')?.split_at_checked(NAME)?;
        let rest = rest.strip_prefix(':')?;
        let letters = rest.bytes().take_while(|byte| is_letter(*byte)).count();
        let is_hex =
            |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let fits = is_hex(hash) && is_hex(key) && (1..=MOST_LETTERS).contains(&letters);
        let length = text.len() - rest.len() + letters;
        fits.then(|| SealedNumber(text[..length].to_owned()))
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

impl TryFrom<String> for SealedNumber {
    type Error = NotSealed;

    fn try_from(text: String) -> Result<Self, NotSealed> {
        Self::at_start_of(&text).filter(|sealed| sealed.0.len() == text.len()).ok_or(NotSealed)
    }
}

impl From<SealedNumber> for String {
    fn from(sealed: SealedNumber) -> String {
        sealed.0
    }
}

impl fmt::Display for SealedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys that numbers of people are hashed and sealed with; cheap to clone. It shows nothing of them.
#[derive(Clone)]
pub struct CallerKeys {
    signing: SigningKeys,
    ring: Arc<ArcSwap<Vec<Key>>>,
    file: Option<PathBuf>,
}

#[derive(Clone)]
struct Key {
    name: String,
    bytes: [u8; 32],
    cipher: XChaCha20Poly1305,
}

impl Key {
    fn new(bytes: [u8; 32]) -> Self {
        let mut named = Sha256::new_with_prefix(b"ringtrace number key\n");
        named.update(bytes);
        let name = hex::encode(&named.finalize()[..NAME / 2]);
        Key { name, bytes, cipher: XChaCha20Poly1305::new(&bytes.into()) }
    }
}

impl CallerKeys {
    /// Keys that are in no file: the first one seals, all of them open.
    pub fn new(signing: SigningKeys, keys: &[[u8; 32]]) -> Self {
        let ring = keys.iter().copied().map(Key::new).collect::<Vec<_>>();
        CallerKeys { signing, ring: Arc::new(ArcSwap::from_pointee(ring)), file: None }
    }

    /// Reads the keys from `folder/numbers.key`, making one the first time. Without the file, nobody can read a
    /// number again.
    pub fn load_or_create(folder: &Path, signing: SigningKeys) -> Result<Self, KeyFileError> {
        let keys = load_or_create_ring(folder, KEY_FILE)?;
        Ok(CallerKeys { file: Some(folder.join(KEY_FILE)), ..Self::new(signing, &keys) })
    }

    /// The keys of the hashes.
    pub fn signing(&self) -> &SigningKeys {
        &self.signing
    }

    /// Keyed hash of a caller's number on one site.
    pub fn hash(&self, site: &SiteId, number: &PhoneNumber) -> String {
        self.signing.caller_hash(site.as_str(), number.as_str())
    }

    /// The number as disk and Redis may have it; `None` without any key.
    pub fn seal(&self, site: &SiteId, number: &PhoneNumber) -> Option<SealedNumber> {
        let ring = self.ring.load();
        let key = ring.first()?;
        let hash = self.hash(site, number);
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: number.as_str().as_bytes(), aad: hash.as_bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        let letters = URL_SAFE_NO_PAD.encode([&nonce, sealed.as_slice()].concat());
        Some(SealedNumber(format!("{PREFIX}{hash}:{}:{letters}", key.name)))
    }

    /// The number; `None` where its key is not here, or it was changed.
    pub fn open(&self, sealed: &SealedNumber) -> Option<PhoneNumber> {
        let opened = self.opened(sealed);
        if opened.is_none() {
            metrics::counter!("ringtrace_sealed_numbers_unreadable_total").increment(1);
        }
        opened
    }

    fn opened(&self, sealed: &SealedNumber) -> Option<PhoneNumber> {
        let ring = self.ring.load();
        let key = ring.iter().find(|key| key.name == sealed.key())?;
        let bytes = URL_SAFE_NO_PAD.decode(sealed.letters()).ok()?;
        let (nonce, content) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: content, aad: sealed.hash().as_bytes() };
        let number = key.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        std::str::from_utf8(&number).ok()?.parse().ok()
    }

    /// The text with every sealed number in it opened; those that cannot be stay as they are.
    pub fn open_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (mut opened, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(PREFIX) {
            let (before, from) = rest.split_at(at);
            opened.push_str(before);
            let sealed = SealedNumber::at_start_of(from);
            let taken = sealed.as_ref().map_or(PREFIX.len(), |sealed| sealed.0.len());
            match sealed.and_then(|sealed| self.open(&sealed)) {
                Some(number) => opened.push_str(number.as_str()),
                None => opened.push_str(&from[..taken]),
            }
            rest = &from[taken..];
        }
        if opened.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(opened + rest) }
    }

    /// Whether the newest key has sealed it.
    pub fn is_newest(&self, sealed: &SealedNumber) -> bool {
        self.ring.load().first().is_some_and(|key| key.name == sealed.key())
    }

    /// Makes a key, which seals from now on; the others go on opening. The file has it first.
    pub fn renew(&self) -> Result<(), KeyFileError> {
        let mut ring = self.ring.load().as_ref().clone();
        ring.insert(0, Key::new(rand::random()));
        self.take(ring)
    }

    /// Forgets all keys but the newest: what they have sealed is unreadable from now on, in backups, too.
    pub fn forget_old(&self) -> Result<(), KeyFileError> {
        let newest = self.ring.load().iter().take(1).cloned().collect();
        self.take(newest)
    }

    fn take(&self, ring: Vec<Key>) -> Result<(), KeyFileError> {
        if let Some(file) = &self.file {
            let keys: Vec<[u8; 32]> = ring.iter().map(|key| key.bytes).collect();
            write_ring(file, &keys)?;
        }
        self.ring.store(Arc::new(ring));
        Ok(())
    }
}

impl fmt::Debug for CallerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerKeys")
    }
}

#[cfg(test)]
#[path = "caller_keys_tests.rs"]
mod tests;
