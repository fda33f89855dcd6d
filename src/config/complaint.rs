//! What is wrong with a configuration, in words for the person who wrote it.

use std::fmt;

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Ringtrace starts, but something will surprise.
    Warning,
    /// Ringtrace does not start.
    Error,
}

/// One thing that is wrong. No complaint ever contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Path of the key, e.g. `sites[0].pools[1].hold`; empty when it is about a whole file.
    pub path: String,
    /// What is wrong, and what was expected.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file or environment variable the value came from, when that is known.
    pub origin: Option<String>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Collects complaints.
#[derive(Debug, Default)]
pub struct Complaints(Vec<Complaint>);

impl Complaints {
    /// Adds an error about the key at `path`.
    pub fn error(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Error, path.into(), message.into());
    }

    /// Adds a warning about the key at `path`.
    pub fn warning(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Warning, path.into(), message.into());
    }

    fn add(&mut self, severity: Severity, path: String, message: String) {
        self.0.push(Complaint { path, message, severity, origin: None });
    }

    /// Adds what was collected elsewhere.
    pub fn extend(&mut self, complaints: Vec<Complaint>) {
        self.0.extend(complaints);
    }

    /// Everything collected, in the order it was found.
    pub fn into_vec(self) -> Vec<Complaint> {
        self.0
    }
}

/// The known word that `word` was probably meant to be.
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let (best, candidate) = known.into_iter().map(|k| (distance(k), k)).min()?;
    // A third of the letters may be wrong; more than that is another word.
    (best <= (word.chars().count() / 3).max(2)).then_some(candidate)
}

/// "; did you mean …?" when there is a known word near `word`, else nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        let known = ["hold", "linger", "rest", "overflow"];
        assert_eq!(nearest("hodl", known), Some("hold"));
        assert_eq!(nearest("over_flow", known), Some("overflow"));
        assert_eq!(nearest("colour_of_the_sky", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
