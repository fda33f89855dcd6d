//! What answers mean. Pure.

use serde_json::Value;

use crate::postback::client::Answer;

/// What became of one conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It was taken, or had been before.
    Delivered,
    /// The platform took it and looks at it later: ask for this request then.
    Taken(String),
    /// It will never be taken.
    Rejected(String),
    /// It may be taken later, not before so many milliseconds; none: as the back-off says.
    Later(String, Option<i64>),
    /// Nobody knows this error: it may pass, but is not believed to for long.
    Unknown(String),
}

/// What an answer means for the conversions of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The same for all.
    All(Judgement),
    /// For each in order.
    Each(Vec<Judgement>),
    /// Some are bad, and none was taken: those with these indices, or nobody says which.
    Poisoned {
        /// Their indices with the platform's reasons; empty: unknown.
        rows: Vec<(usize, String)>,
        /// What was said of the whole.
        why: String,
    },
    /// Our credentials are refused: not the conversions' fault, but the connection's.
    Refused(String),
    /// Nobody lives there any more.
    Gone,
}

impl Answered {
    /// Everything is taken.
    pub fn delivered() -> Self {
        Answered::All(Judgement::Delivered)
    }

    /// Everything may be taken later.
    pub fn later(why: impl Into<String>) -> Self {
        Answered::All(Judgement::Later(why.into(), None))
    }

    /// All of `rows` are taken but those that `bad` names.
    pub fn all_but(rows: usize, bad: impl IntoIterator<Item = (usize, Judgement)>) -> Self {
        let mut each = vec![Judgement::Delivered; rows];
        for (index, judgement) in bad {
            if let Some(row) = each.get_mut(index) {
                *row = judgement;
            }
        }
        Answered::Each(each)
    }
}

/// What an answer means that is no success, by its status: time-outs, limits and server faults pass; refused
/// credentials are the connection's matter; everything else, redirects too, will be the same next time. `why` is what
/// the platform's own words for it are.
pub fn by_status(answer: &Answer, why: &str) -> Answered {
    let said = match why {
        "" => answer.words(),
        why => format!("HTTP {}: {why}", answer.status),
    };
    match answer.status {
        200..=299 => Answered::delivered(),
        401 | 403 => Answered::Refused(said),
        // Segment's connectors retry these, too, among those of proxies and balancers.
        408 | 423 | 425 | 429 | 500..=599 => Answered::later(said),
        _ => Answered::Poisoned { rows: Vec::new(), why: said },
    }
}

/// The JSON of an answer; `None` when it is none.
pub fn json(answer: &Answer) -> Option<Value> {
    serde_json::from_str(answer.body.reveal()).ok()
}

/// A success without the words that a platform says at one: a proxy's page perhaps, or a body that broke off. It may
/// have been taken; where repeats are told by their key, asking again is safe.
pub fn garbage(answer: &Answer) -> Answered {
    Answered::later(format!("an answer that cannot be read, {}", answer.words()))
}

/// The text at `path` of `json`, empty when there is none.
pub fn text<'a>(json: &'a Value, path: &str) -> &'a str {
    json.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
