//! The installation's own key, and the purposes it is used for.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key file holds something else.
    #[error("the key file {path} does not hold 64 hex digits")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// Keys derived from one master key, one per purpose.
#[derive(Clone)]
pub struct SigningKeys {
    session_token: [u8; 32],
    caller_hash: [u8; 32],
}

impl SigningKeys {
    /// Derives all keys from `master` (HMAC-SHA256 over the purpose's name).
    pub fn from_master(master: &[u8; 32]) -> Self {
        let derive = |purpose: &str| mac(master, &[purpose.as_bytes()]);
        SigningKeys {
            session_token: derive("ringtrace session token"),
            caller_hash: derive("ringtrace caller hash"),
        }
    }

    /// Reads the master key from `folder/signing.key`, making it (mode 0600) the first time.
    /// Losing the file forgets sessions and known callers; it is part of a backup.
    pub fn load_or_create(folder: &Path) -> Result<Self, SigningError> {
        let path = folder.join("signing.key");
        let file_error = |source| SigningError::File { path: path.clone(), source };
        if !path.exists() {
            std::fs::create_dir_all(folder).map_err(file_error)?;
            let master: [u8; 32] = rand::random();
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(file_error)?;
            file.write_all(hex::encode(master).as_bytes()).map_err(file_error)?;
            file.sync_all().map_err(file_error)?;
        }
        let text = std::fs::read_to_string(&path).map_err(file_error)?;
        let mut master = [0u8; 32];
        hex::decode_to_slice(text.trim(), &mut master)
            .map_err(|_| SigningError::Malformed { path: path.clone() })?;
        Ok(Self::from_master(&master))
    }

    /// HMAC-SHA256 of a session token's content.
    pub fn session_token_mac(&self, content: &[&[u8]]) -> [u8; 32] {
        mac(&self.session_token, content)
    }

    /// Keyed hash of a caller's number on one site: 32 hex digits, useless without the key.
    pub fn caller_hash(&self, site: &str, number: &str) -> String {
        let digest = mac(&self.caller_hash, &[site.as_bytes(), b"\n", number.as_bytes()]);
        hex::encode(&digest[..16])
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
