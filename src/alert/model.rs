//! Findings, news, and what is remembered of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Millis;

/// What a look at an alert found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about where one alert watches several: a pool, a source, a destination; empty: the site.
    pub subject: String,
    /// Whether that is right.
    pub verdict: Verdict,
}

/// Whether something is right.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is, in words.
    Fine(String),
    /// It is not, in words.
    Wrong(String),
    /// Nobody can tell now.
    Unknown,
}

/// What is remembered of an alert and subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Since when it is wrong; `None`: it is fine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
    /// What was found last, in words.
    pub text: String,
    /// When the last news of it were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news_at: Option<Millis>,
    /// The last news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<News>,
    /// Recipients who did not take them yet, as hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<String>,
    /// When it was looked at last.
    pub looked_at: Millis,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// Something became wrong.
    Begins,
    /// It still is, after the hold-off.
    GoesOn,
    /// It is over.
    IsOver,
}

/// An alert as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertView {
    /// Its id.
    pub id: String,
    /// Its kind: `threshold`, `benchmark`, `forecast`, `silent`, `overflow`, `postbacks`.
    pub kind: String,
    /// What it is about: a pool, a source, a destination; absent: the site.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Whether something is wrong; `null`: it was not looked at yet.
    pub wrong: Option<bool>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What was found, in words.
    pub text: String,
    /// When it was looked at last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<String>,
    /// Recipients who could not be reached yet.
    pub untold: usize,
}

/// `/v1/sites/{site}/alerts`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertsReply {
    /// The site.
    pub site: String,
    /// Its alerts in the order of the configuration; those that are wrong first.
    pub alerts: Vec<AlertView>,
}
