//! Lists and refusals of every provider's API.

use ringtrace::call::providers::accounts::account::Account;
use ringtrace::call::providers::accounts::client::{ApiClient, ApiError};
use ringtrace::call::providers::accounts::model::{Route, Window};
use ringtrace::call::providers::accounts::{ALL, by_name};
use ringtrace::config::load::load_text;
use ringtrace::config::model::Config;
use ringtrace::platform::clock::Millis;
use serde_json::json;

use super::standin::{Mood, SECRET, StandIn};

const NUMBERS: [&str; 5] =
    ["+14155550190", "+14155550191", "+14155550192", "+14155550193", "+14155550194"];
const T: Millis = Millis(1_767_323_045_000);

pub fn config(standin: &StandIn, secret: &str) -> Config {
    let text = format!(
        "[[sites]]\nid = \"one\"\nkey = \"pk_one\"\norigins = [\"https://one.example\"]\n\
         forward_to = \"+14155550111\"\n{}",
        standin.table(secret)
    );
    load_text("the test", &text).expect("a good configuration")
}

fn account(standin: &StandIn, secret: &str) -> Account {
    let config = config(standin, secret);
    let api = by_name(standin.provider).expect("an API");
    let access = api.accesses(&config.sites[0].telephony).remove(0);
    Account::new(api, access, ApiClient::new(&config.providers).expect("a client"))
}

fn window() -> Window {
    Window { from: T.plus(-3_600_000), to: T.plus(3_600_000) }
}

#[tokio::test]
async fn every_number_is_listed_over_all_pages() {
    for api in ALL {
        let standin = StandIn::start(api.name(), &NUMBERS).await;
        let numbers = account(&standin, SECRET).numbers().await.expect("a list");
        let listed: Vec<&str> = numbers.iter().map(|number| number.number.as_str()).collect();
        assert_eq!(listed, NUMBERS, "{}", api.name());
        let is_untold = numbers.iter().all(|number| number.route == Route::Untold);
        assert_eq!(is_untold, api.name() == "bandwidth", "{}", api.name());
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_once_and_not_tried_again() {
    for api in ALL {
        let standin = StandIn::start(api.name(), &NUMBERS).await;
        let wrong = "ffffffffffffffffffffffffffffffff";
        let refused = account(&standin, wrong).numbers().await.expect_err("refused");
        assert!(matches!(refused, ApiError::Credentials { status: 401, .. }), "{refused}");
        assert!(!refused.to_string().contains(wrong), "{refused}");
        assert_eq!(standin.state().refused, 1, "{}", api.name());
    }
}

#[tokio::test]
async fn a_busy_provider_is_asked_again_and_then_left_alone() {
    for api in ALL {
        let standin = StandIn::start(api.name(), &NUMBERS).await;
        standin.state().mood = Mood::Busy(2);
        let numbers = account(&standin, SECRET).numbers().await.expect("it serves in the end");
        assert_eq!(numbers.len(), NUMBERS.len(), "{}", api.name());
        standin.state().mood = Mood::Busy(1_000);
        let busy = account(&standin, SECRET).numbers().await.expect_err("it is busy");
        assert!(matches!(busy, ApiError::TooFast { .. }), "{busy}");
    }
}

#[tokio::test]
async fn garbage_and_endless_lists_are_errors() {
    for api in ALL {
        let standin = StandIn::start(api.name(), &NUMBERS).await;
        standin.state().mood = Mood::Garbage;
        let account = account(&standin, SECRET);
        let broken = account.numbers().await.expect_err("garbage");
        assert!(matches!(broken, ApiError::Unreadable { .. }), "{}: {broken}", api.name());
    }
    for provider in ["twilio", "signalwire", "telnyx", "plivo"] {
        let standin = StandIn::start(provider, &NUMBERS).await;
        standin.state().mood = Mood::Circle;
        let endless = account(&standin, SECRET).numbers().await.expect_err("it never ends");
        assert!(endless.to_string().contains("circle"), "{provider}: {endless}");
    }
}

#[tokio::test]
async fn credentials_never_follow_a_page_to_another_host() {
    let standin = StandIn::start("twilio", &NUMBERS).await;
    standin.state().mood = Mood::Elsewhere;
    let refused = account(&standin, SECRET).numbers().await.expect_err("another host");
    assert!(refused.to_string().contains("another host"), "{refused}");
}

#[tokio::test]
async fn every_list_of_calls_tells_the_same_call() {
    let laml = |id: &str, parent: Option<&str>, direction: &str, status: &str, seconds: u32| {
        json!({ "sid": id, "parent_call_sid": parent, "direction": direction, "status": status,
            "from": "+14155550133", "to": "+14155550190", "duration": seconds.to_string(),
            "start_time": "Fri, 02 Jan 2026 03:04:05 +0000", "end_time": "Fri, 02 Jan 2026 03:05:50 +0000" })
    };
    let bandwidth = |id: &str, parent: Option<&str>, direction: &str| {
        json!({ "callId": id, "parentCallId": parent, "direction": direction, "from": "+14155550133",
            "to": "+14155550190", "startTime": "2026-01-02T03:04:05Z", "answerTime": "2026-01-02T03:04:15Z",
            "endTime": "2026-01-02T03:05:50Z", "disconnectCause": "hangup" })
    };
    let plivo = |id: &str, parent: Option<&str>, direction: &str| {
        json!({ "call_uuid": id, "parent_call_uuid": parent, "call_direction": direction,
            "from_number": "14155550133", "to_number": "14155550190", "call_state": "ANSWER",
            "initiation_time": "2026-01-02 03:04:05+00:00", "answer_time": "2026-01-02 03:04:15+00:00",
            "end_time": "2026-01-02 03:05:50+00:00", "call_duration": 95 })
    };
    let vonage = |id: &str, direction: &str| {
        json!({ "uuid": id, "conversation_uuid": "one", "direction": direction, "status": "completed",
            "from": { "type": "phone", "number": "14155550133" }, "to": { "type": "phone", "number": "14155550190" },
            "start_time": "2026-01-02T03:04:05.000Z", "end_time": "2026-01-02T03:05:50.000Z", "duration": "95" })
    };
    for api in ALL {
        let standin = StandIn::start(api.name(), &NUMBERS).await;
        standin.state().calls = match api.name() {
            "plivo" => vec![plivo("one", None, "inbound"), plivo("two", Some("one"), "outbound")],
            "vonage" => {
                vec![vonage("a", "inbound"), vonage("b", "outbound"), vonage("c", "outbound")]
            }
            "bandwidth" => {
                vec![bandwidth("one", None, "inbound"), bandwidth("two", Some("one"), "outbound")]
            }
            _ => vec![
                laml("one", None, "inbound", "completed", 105),
                laml("two", Some("one"), "outbound-dial", "no-answer", 0),
                laml("three", Some("one"), "outbound-dial", "completed", 95),
            ],
        };
        let count = standin.state().calls.len();
        let legs = account(&standin, SECRET).calls(window(), T).await.expect("a list");
        assert_eq!(legs.len(), count, "{}", api.name());
        assert!(legs.iter().all(|leg| leg.call == "one"), "{}", api.name());
        let inbound: Vec<_> = legs.iter().filter(|leg| leg.inbound).collect();
        let [call] = inbound[..] else { panic!("{}: one inbound leg", api.name()) };
        assert_eq!((call.started_at, call.ended_at), (Some(T), Some(T.plus(105_000))));
        assert_eq!((call.from.as_str(), call.to.as_str()), ("+14155550133", "+14155550190"));
        assert_eq!(legs.last().and_then(|leg| leg.talk_s), Some(95), "{}", api.name());
    }
}
