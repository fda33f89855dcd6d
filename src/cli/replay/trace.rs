//! One line of a trace → what happened. Pure.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;

use crate::lease::model::Gesture;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// The last moment a trace may speak of, 2286-11-20: the scripts rank shared numbers by their
/// holders and 13 digits of time.
const LAST: i64 = 9_999_999_999_999;

/// Something that happened at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When.
    pub at: Millis,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A page was opened.
    View(View),
    /// A page is still there.
    Beat {
        /// Which.
        page: Page,
        /// What was done with its number just now.
        gestures: Vec<Gesture>,
        /// With the number of this target; `None`: the first that shows one.
        target: Option<String>,
    },
    /// A page was left.
    Leave(Page),
    /// Somebody called.
    Call(Call),
}

/// A page by the trace's own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its session.
    pub session: String,
    /// Which of the session's pages; `None`: the one opened last.
    pub page: Option<String>,
    /// The message's place among those of its page; `None`: it is the next one.
    pub seq: Option<u32>,
}

/// A page view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The page.
    pub page: Page,
    /// Who consented to be known again.
    pub visitor: Option<String>,
    /// `location.href`
    pub url: String,
    /// `document.referrer`, empty when none.
    pub referrer: String,
    /// The browser's `User-Agent`; `None`: some browser.
    pub user_agent: Option<String>,
    /// Where it was asked from; `None`: nobody knows where.
    pub address: Option<IpAddr>,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The line's `at` as it was written, for the answer.
    pub written_at: Value,
    /// The caller as it was written; `None`: withheld.
    pub caller: Option<String>,
    /// What was dialled.
    pub dialled: Dialled,
}

/// What a caller dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// What this session saw last.
    ShownTo {
        /// The session.
        session: String,
        /// In the place of this target; `None`: of the first that shows a number.
        target: Option<String>,
    },
    /// Some number of the pools, by mistake.
    Any,
    /// This number.
    Number(PhoneNumber),
}

/// A line as it is written: every member that any kind of line may have.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: Kind,
    at: Value,
    session: Option<String>,
    page: Option<String>,
    seq: Option<u32>,
    visitor: Option<String>,
    url: Option<String>,
    referrer: Option<String>,
    user_agent: Option<String>,
    ip: Option<String>,
    tel_click: Option<bool>,
    copied: Option<bool>,
    long_press: Option<bool>,
    target: Option<String>,
    caller: Option<String>,
    dials_number_shown_to: Option<String>,
    dials: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    View,
    Beat,
    Leave,
    Call,
}

/// Reads a line. Members that are not known are ignored; the error says what was expected.
pub fn read(text: &[u8]) -> Result<Line, String> {
    let written: Written = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    let at = moment(&written.at)?;
    let what = match written.kind {
        Kind::Call => What::Call(call(written)?),
        Kind::View => {
            let url = written.url.clone().ok_or("a view needs `url`")?;
            let visitor = written.visitor.clone().filter(|visitor| !visitor.is_empty());
            let referrer = written.referrer.clone().unwrap_or_default();
            let user_agent = written.user_agent.clone();
            let address = address(written.ip.as_deref())?;
            What::View(View { page: page(written)?, visitor, url, referrer, user_agent, address })
        }
        Kind::Beat => {
            let Written { tel_click, copied, long_press, .. } = written;
            let done = [tel_click, copied, long_press].into_iter().zip(Gesture::ALL);
            let gestures = done.filter_map(|(done, gesture)| done?.then_some(gesture)).collect();
            let target = written.target.clone();
            What::Beat { page: page(written)?, gestures, target }
        }
        Kind::Leave => What::Leave(page(written)?),
    };
    Ok(Line { at, what })
}

fn page(written: Written) -> Result<Page, String> {
    let session = written.session.filter(|session| !session.is_empty());
    let session = session.ok_or("`session` is missing or empty")?;
    Ok(Page { session, page: written.page, seq: written.seq })
}

fn address(ip: Option<&str>) -> Result<Option<IpAddr>, String> {
    let ip = ip.map(str::trim).filter(|ip| !ip.is_empty());
    ip.map(str::parse).transpose().map_err(|_| "`ip` is no IP address".to_owned())
}

fn call(written: Written) -> Result<Call, String> {
    let dialled = match (written.dials_number_shown_to, written.dials.as_deref(), written.to) {
        (Some(session), None, None) => Dialled::ShownTo { session, target: written.target },
        (None, Some("any"), None) => Dialled::Any,
        (None, Some(other), None) => return Err(format!("`dials` is \"any\", not {other:?}")),
        (None, None, Some(to)) => {
            let number = to.parse().map_err(|error| format!("`to` is {error}"))?;
            Dialled::Number(number)
        }
        _ => return Err("a call needs one of `dials_number_shown_to`, `dials`, `to`".to_owned()),
    };
    Ok(Call { written_at: written.at, caller: written.caller, dialled })
}

/// RFC 3339, or milliseconds since the epoch (a fraction is cut off).
fn moment(at: &Value) -> Result<Millis, String> {
    let ms = match at {
        Value::String(text) => {
            let parsed: Result<jiff::Timestamp, _> = text.parse();
            parsed.ok().map(|timestamp| timestamp.as_millisecond())
        }
        // A float saturates, and is out of range then.
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|ms| ms as i64)),
        _ => None,
    };
    match ms {
        Some(ms) if (0..=LAST).contains(&ms) => Ok(Millis(ms)),
        Some(_) => Err("`at` is not between 1970 and 2286".to_owned()),
        None => Err("`at` is neither RFC 3339 nor milliseconds since 1970".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> What {
        read(text.as_bytes()).expect(text).what
    }

    fn why(text: &str) -> String {
        read(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn moments_are_read_in_both_forms() {
        for (at, ms) in [
            ("0", Some(0)),
            ("1700000000000", Some(1_700_000_000_000)),
            ("1700000000000.75", Some(1_700_000_000_000)),
            (r#""2023-11-14T22:13:20Z""#, Some(1_700_000_000_000)),
            (r#""2023-11-14T23:13:20.250+01:00""#, Some(1_700_000_000_250)),
            (r#""2023-11-14T22:13:20""#, None),
            (r#""yesterday""#, None),
            ("-1", None),
            ("1e30", None),
            ("18446744073709551615", None),
            ("null", None),
            ("[1]", None),
        ] {
            let line = format!(r#"{{"type":"leave","at":{at},"session":"s"}}"#);
            let read = read(line.as_bytes());
            assert_eq!(read.as_ref().ok().map(|line| line.at.0), ms, "{at}: {read:?}");
        }
    }

    #[test]
    fn what_a_line_leaves_out_is_told_as_such() {
        let What::View(view) = what(r#"{"type":"view","at":1,"session":"s","url":"u","new":{}}"#)
        else {
            panic!("a view");
        };
        assert_eq!((view.visitor, view.user_agent, view.page.seq), (None, None, None));
        assert_eq!(view.address, None);
        let beat = what(r#"{"type":"beat","at":1,"session":"s","page":"p","seq":7}"#);
        let page = Page { session: "s".to_owned(), page: Some("p".to_owned()), seq: Some(7) };
        assert_eq!(beat, What::Beat { page, gestures: Vec::new(), target: None });
        let beat = what(r#"{"type":"beat","at":1,"session":"s","copied":true,"tel_click":false}"#);
        assert!(matches!(beat, What::Beat { gestures, .. } if gestures == [Gesture::Copied]));
        let What::Call(call) = what(r#"{"type":"call","at":1,"dials":"any","session":null}"#)
        else {
            panic!("a call");
        };
        assert_eq!((call.caller, call.dialled), (None, Dialled::Any));
    }

    #[test]
    fn a_bad_line_says_what_was_expected() {
        for (line, words) in [
            ("", "EOF"),
            ("[]", "expected struct"),
            (r#"{"type":"view","at":1,"session":"s"}"#, "`url`"),
            (r#"{"type":"view","at":1,"session":"s","url":"u","ip":"1.2.3"}"#, "`ip`"),
            (r#"{"type":"beat","at":1}"#, "`session`"),
            (r#"{"type":"beat","at":1,"session":""}"#, "`session`"),
            (r#"{"type":"beat","session":"s"}"#, "`at`"),
            (r#"{"type":"beat","at":1,"session":"s","seq":-1}"#, "u32"),
            (r#"{"type":"purr","at":1}"#, "unknown variant `purr`"),
            (r#"{"type":"call","at":1,"caller":"+14155550100"}"#, "needs one of"),
            (r#"{"type":"call","at":1,"dials":"any","to":"+14155550100"}"#, "needs one of"),
            (r#"{"type":"call","at":1,"dials":"none"}"#, "\"any\""),
            (r#"{"type":"call","at":1,"to":"415"}"#, "E.164"),
        ] {
            let why = why(line);
            assert!(why.contains(words), "{line}: {why}");
        }
    }
}
