//! Which form the data has, in the data folder and in Redis, so that an older program does not take for garbage what a
//! newer one wrote.

use crate::platform::keys;
use crate::platform::redis::{Redis, StoreError};

/// The form that this program writes, and the newest that it reads. It is raised when an older program could not read
/// what a newer one writes; tables of the warehouse, envelopes and backups have numbers of their own besides.
pub const DATA_FORMAT: u32 = 1;

/// More of what stands in the place of a number is not told.
const MOST_TOLD: usize = 20;

/// Data of a form that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{place} has data of form {found}, and this program knows up to {DATA_FORMAT}: use the newer program, or restore a backup of before"
)]
pub struct UnknownFormat {
    place: String,
    found: String,
}

/// Why it is not known whether the data of Redis can be read, or known that it cannot.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A newer program wrote it.
    #[error(transparent)]
    Unknown(#[from] UnknownFormat),
    /// Redis does not say.
    #[error(transparent)]
    Redis(#[from] StoreError),
}

/// Whether the number that `place` has must be written: there is none yet, or that of an older form. An error for a
/// newer form, and for what is no number.
pub fn is_due(place: &str, found: Option<&str>) -> Result<bool, UnknownFormat> {
    let found = found.unwrap_or_default().trim();
    // A file that was begun and not written is empty.
    if found.is_empty() {
        return Ok(true);
    }
    match found.parse::<u32>() {
        Ok(form) if form <= DATA_FORMAT => Ok(form < DATA_FORMAT),
        _ => {
            let found =
                found.chars().take(MOST_TOLD).collect::<String>().escape_debug().to_string();
            Err(UnknownFormat { place: place.to_owned(), found })
        }
    }
}

/// Asks Redis which form its data has, and notes ours where it has none.
pub async fn agree_with(redis: &Redis) -> Result<(), FormatError> {
    let what = "the form of the data";
    let key = keys::data_format();
    let found: Option<String> = redis.command(what, redis::cmd("GET").arg(&key)).await?;
    if is_due("Redis", found.as_deref())? {
        redis.command::<()>(what, redis::cmd("SET").arg(&key).arg(DATA_FORMAT)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_form_is_refused_and_a_missing_one_noted() {
        let ours = DATA_FORMAT.to_string();
        assert_eq!(is_due("x", None), Ok(true));
        assert_eq!(is_due("x", Some("\n")), Ok(true));
        assert_eq!(is_due("x", Some(&format!("{ours}\n"))), Ok(false));
        let newer = (DATA_FORMAT + 1).to_string();
        for found in [newer.as_str(), "99999999999999", "-1", "form\u{7}"] {
            let refused = is_due("the data folder", Some(found)).unwrap_err().to_string();
            assert!(refused.contains("use the newer program") && !refused.contains('\u{7}'));
        }
    }
}
