//! A list as the API is asked for it.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::call::list::filter::Filter;
use crate::call::model::CallStatus;
use crate::http::problem::Problem;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// Longest text of a filter, in characters.
const MAX_TEXT: usize = 256;
/// Most words of a search.
const MAX_WORDS: usize = 8;

/// Every status; `missed` and `open` stand for several.
const STATUSES: [CallStatus; 10] = [
    CallStatus::Received,
    CallStatus::Ringing,
    CallStatus::InProgress,
    CallStatus::Answered,
    CallStatus::Busy,
    CallStatus::NoAnswer,
    CallStatus::Failed,
    CallStatus::Canceled,
    CallStatus::Voicemail,
    CallStatus::Rejected,
];

/// Which calls; what is not given does not matter.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilterQuery {
    /// One site; absent: all that the key may see.
    pub site: Option<String>,
    /// They began then or later, RFC 3339.
    from: Option<String>,
    /// They began before, RFC 3339.
    to: Option<String>,
    /// Statuses, separated by commas; `missed`: all that nobody answered; `open`: all that are not over.
    status: Option<String>,
    /// Source; `(unknown)` for calls without one.
    source: Option<String>,
    /// Medium.
    medium: Option<String>,
    /// Campaign.
    campaign: Option<String>,
    /// Channel group.
    channel: Option<String>,
    /// The number that was called, E.164.
    number: Option<String>,
    /// Who called, E.164.
    caller: Option<String>,
    /// The caller's first call (`true`) or a later one.
    first_time: Option<bool>,
    /// A tag.
    tag: Option<String>,
    /// A disposition.
    disposition: Option<String>,
    /// Whether it is a lead worth pursuing, as somebody told or by the site's scoring rules.
    qualified: Option<bool>,
    /// Least seconds talked.
    min_talk_s: Option<u32>,
    /// Words that all occur in names, source, campaign, landing page, notes, tags, agent, ids or the number that was
    /// called. Who called is found by the whole number in E.164.
    q: Option<String>,
}

impl FilterQuery {
    /// The filter that is meant.
    pub fn filter(&self) -> Result<Filter, Problem> {
        Ok(Filter {
            from: moment("from", self.from.as_deref())?,
            to: moment("to", self.to.as_deref())?,
            statuses: self.status.as_deref().map(statuses).transpose()?.unwrap_or_default(),
            source: text("source", &self.source)?,
            medium: text("medium", &self.medium)?,
            campaign: text("campaign", &self.campaign)?,
            channel: text("channel", &self.channel)?,
            number: number("number", self.number.as_deref())?,
            caller: number("caller", self.caller.as_deref())?,
            first_time: self.first_time,
            tag: text("tag", &self.tag)?,
            disposition: text("disposition", &self.disposition)?,
            qualified: self.qualified,
            min_talk_s: self.min_talk_s,
            words: words(text("q", &self.q)?.as_deref().unwrap_or_default())?,
        })
    }
}

fn bad(why: String) -> Problem {
    Problem::BadRequest(why)
}

fn text(name: &str, told: &Option<String>) -> Result<Option<String>, Problem> {
    match told {
        Some(text) if text.chars().count() > MAX_TEXT => {
            Err(bad(format!("{name} must have at most {MAX_TEXT} characters")))
        }
        told => Ok(told.clone()),
    }
}

fn words(text: &str) -> Result<Vec<String>, Problem> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    if words.len() > MAX_WORDS {
        return Err(bad(format!("q must have at most {MAX_WORDS} words")));
    }
    Ok(words)
}

fn moment(name: &str, told: Option<&str>) -> Result<Option<Millis>, Problem> {
    let read = |text: &str| {
        let at: Option<jiff::Timestamp> = text.parse().ok();
        at.map(Millis::from)
            .ok_or_else(|| bad(format!("{name} must be a time such as 2026-03-01T09:00:00Z")))
    };
    told.map(read).transpose()
}

/// A `+` in a query is a space to those who forgot to encode it.
fn number(name: &str, told: Option<&str>) -> Result<Option<PhoneNumber>, Problem> {
    let read = |text: &str| {
        let digits = text.trim().trim_start_matches('+');
        format!("+{digits}")
            .parse()
            .map_err(|_| bad(format!("{name} must be in E.164, such as %2B14155550100")))
    };
    told.map(read).transpose()
}

fn statuses(text: &str) -> Result<Vec<CallStatus>, Problem> {
    let mut wanted = Vec::new();
    for word in text.split(',').map(str::trim) {
        let is_meant = |status: &CallStatus| match word {
            "missed" => {
                status.is_final() && !matches!(status, CallStatus::Answered | CallStatus::Rejected)
            }
            "open" => !status.is_final(),
            word => status.word() == word,
        };
        let meant: Vec<CallStatus> = STATUSES.into_iter().filter(is_meant).collect();
        if meant.is_empty() {
            let known = STATUSES.map(CallStatus::word).join(", ");
            return Err(bad(format!("status must be of {known}, missed, open")));
        }
        wanted.extend(meant);
    }
    Ok(wanted)
}
