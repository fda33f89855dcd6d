//! Where a page of a list ends: lists go by time, then by id, newest first.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::platform::clock::Millis;

/// The last row of a page. The next page begins strictly after it, so rows that come meanwhile neither
/// repeat nor hide one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Its time.
    pub at: Millis,
    /// Its id.
    pub id: Uuid,
}

impl Cursor {
    /// The place before every row that is older than `at`.
    pub fn before(at: Millis) -> Self {
        Cursor { at, id: Uuid::nil() }
    }

    /// Whether a row comes after it.
    pub fn is_before(self, at: Millis, id: Uuid) -> bool {
        (at, id) < (self.at, self.id)
    }
}

/// Opaque to clients: base64url of `<ms>.<id>`.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!("{}.{}", self.at.0, self.id.simple());
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

/// A cursor that this service did not issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cursor must be `next` of a page before")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let plain = String::from_utf8(bytes).map_err(|_| BadCursor)?;
        let (ms, id) = plain.split_once('.').ok_or(BadCursor)?;
        let at = Millis(ms.parse().map_err(|_| BadCursor)?);
        Ok(Cursor { at, id: Uuid::try_parse(id).map_err(|_| BadCursor)? })
    }
}
