//! The installation's own key, and the purposes it is used for.

use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::platform::key_file::{KeyFileError, load_or_create};

/// Keys derived from one master key, one per purpose.
#[derive(Clone)]
pub struct SigningKeys {
    session_token: Hmac<Sha256>,
    caller_hash: Hmac<Sha256>,
    dashboard_session: Hmac<Sha256>,
}

impl SigningKeys {
    /// Derives all keys from `master` (HMAC-SHA256 over the purpose's name).
    pub fn from_master(master: &[u8; 32]) -> Self {
        // A key takes two of the four blocks of a short HMAC: they are hashed once.
        let keyed =
            |key: &[u8; 32]| Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        let of_master: Hmac<Sha256> = keyed(master);
        let derive = |purpose: &str| keyed(&mac(&of_master, &[purpose.as_bytes()]));
        SigningKeys {
            session_token: derive("ringtrace session token"),
            caller_hash: derive("ringtrace caller hash"),
            dashboard_session: derive("ringtrace dashboard session"),
        }
    }

    /// Reads the master key from `folder/signing.key`, making it the first time. Losing the file forgets sessions and known callers; it is part of a backup.
    pub fn load_or_create(folder: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::from_master(&load_or_create(folder, "signing.key")?))
    }

    /// HMAC-SHA256 of a session token's content.
    pub fn session_token_mac(&self, content: &[&[u8]]) -> [u8; 32] {
        mac(&self.session_token, content)
    }

    /// HMAC-SHA256 of what a session of the dashboard says.
    pub fn dashboard_session_mac(&self, content: &[&[u8]]) -> [u8; 32] {
        mac(&self.dashboard_session, content)
    }

    /// Keyed hash of a caller's number on one site: 32 hex digits, useless without the key.
    pub fn caller_hash(&self, site: &str, number: &str) -> String {
        let digest = mac(&self.caller_hash, &[site.as_bytes(), b"\n", number.as_bytes()]);
        hex::encode(&digest[..16])
    }
}

fn mac(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
