//! What was found out about a page.

use std::fmt;

use serde::Serialize;

/// What was found out about a page.
#[derive(Debug, Serialize)]
pub(super) struct Diagnosis {
    /// The address that was asked for.
    pub(super) url: String,
    /// The address that answered, after redirects.
    pub(super) page: String,
    /// Whether nothing is wrong; warnings are not.
    pub(super) ok: bool,
    /// The tags of the snippet.
    pub(super) tags: Vec<TagFound>,
    /// What is wrong, or may be; the worst first.
    pub(super) findings: Vec<Finding>,
    /// What the snippet would swap.
    pub(super) numbers: Vec<NumberFound>,
}

/// One tag of the snippet.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct TagFound {
    /// Where the script comes from.
    pub(super) src: String,
    /// The site's key, empty when the tag has none.
    pub(super) key: String,
    /// Where the service is, without a slash at the end.
    pub(super) endpoint: String,
}

/// Something that somebody should know.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How bad it is.
    pub(super) severity: Severity,
    /// A stable id for programs.
    pub(super) id: &'static str,
    /// What is the matter, and what to do.
    pub(super) message: String,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// The snippet does not work here.
    Error,
    /// It works, but something may not be as meant.
    Warning,
    /// Good to know.
    Note,
}

/// A target's number on the page.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct NumberFound {
    /// The target.
    pub(super) target: String,
    /// Its number, E.164.
    pub(super) number: String,
    /// Where it stands.
    pub(super) place: Place,
    /// As it is written there.
    pub(super) written: String,
    /// How often.
    pub(super) count: usize,
}

/// Where a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// In the text that people read.
    Text,
    /// In a link that dials.
    Link,
    /// In an attribute.
    Attribute,
    /// In an element that names the target (`data-ringtrace`).
    Element,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    pub(super) fn is_fine(&self) -> bool {
        self.ok
    }
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "page      {}", self.page)?;
        for tag in &self.tags {
            writeln!(f, "tag       {} with the key {:?}", tag.src, tag.key)?;
        }
        for found in &self.numbers {
            let NumberFound { target, number, place, written, count } = found;
            let place = match place {
                Place::Text => "in text",
                Place::Link => "in links",
                Place::Attribute => "in attributes",
                Place::Element => "in marked elements",
            };
            writeln!(f, "number    {target} {number}: {written:?}, {count} × {place}")?;
        }
        for Finding { severity, message, .. } in &self.findings {
            writeln!(f, "{:<9} {message}", severity.word())?;
        }
        let verdict = if self.ok { "the snippet is installed right" } else { "something is wrong" };
        writeln!(f, "verdict   {verdict}")
    }
}
