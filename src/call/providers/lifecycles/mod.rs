//! Every provider through whole calls: answered, missed in every way, held, queued, with a message, handed on,
//! routed on to others; in order, shuffled and doubled.

mod dialled;
mod longer;
mod more;
mod routed;

use std::collections::{BTreeMap, BTreeSet};

use dialled::*;
use longer::*;
use more::*;
use proptest::prelude::*;
use routed::*;

use crate::call::model::{Call, CallEvent, CallStatus};
use crate::call::providers::telnyx::VoiceApi;
use crate::call::providers::tests::Sent;
use crate::call::providers::{ALL, Provider, by_name};
use crate::call::rules::apply;
use crate::call::tests::site;

/// 2026-01-02T03:04:05Z
const T: i64 = 1_767_323_045_000;
const CALLER: &str = "+14155550100";
const TRACKING: &str = "+14155550199";

/// One call: what the provider sends, each `s` seconds after its arrival, and how it ends.
struct Story {
    name: &'static str,
    provider: &'static str,
    sent: Vec<(i64, Sent)>,
    status: CallStatus,
    talk_s: Option<u32>,
    transferred: bool,
    /// Seconds on hold, seconds in queues, and who talked with the caller.
    told: (Option<u32>, Option<u32>, &'static str),
    /// Whether its calls are told what to do by commands.
    by_commands: bool,
}

impl Story {
    fn events(&self) -> Vec<CallEvent> {
        let provider: &dyn Provider = match self.by_commands {
            true => &VoiceApi,
            false => by_name(self.provider).expect("a provider"),
        };
        let read = self.sent.iter().flat_map(|(at_s, sent)| {
            let sent = sent.clone().received(T + at_s * 1000 + 200);
            let understood = provider.understand(&site(), &sent.webhook());
            understood.unwrap_or_else(|e| panic!("{} {}: {e}", self.provider, self.name)).events
        });
        read.collect()
    }
}

fn after(events: &[CallEvent]) -> Call {
    let mut call = None;
    for event in events {
        call = Some(apply(call, event).0);
    }
    let mut call = call.expect("at least one event");
    call.version = 0;
    call.applied.sort();
    call
}

fn iso(s: i64) -> String {
    jiff::Timestamp::from_millisecond(T + s * 1000).expect("a time").to_string()
}

fn rfc2822(s: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(T + s * 1000).expect("a time");
    jiff::fmt::rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC)).expect("a time")
}

/// How the dialled leg ends: the status expected, whether it talked, and each provider's word.
struct Ending {
    name: &'static str,
    status: CallStatus,
    words: BTreeMap<&'static str, &'static str>,
}

fn endings() -> Vec<Ending> {
    let ending = |name, status, words: [(&'static str, &'static str); 7]| Ending {
        name,
        status,
        words: words.into(),
    };
    vec![
        ending(
            "answered",
            CallStatus::Answered,
            [
                ("twiml", "completed"),
                ("telnyx_api", "normal_clearing"),
                ("plivo", "completed"),
                ("vonage", "completed"),
                ("bandwidth", "hangup"),
                ("freeswitch", "SUCCESS"),
                ("pbx", "ANSWER"),
            ],
        ),
        ending(
            "busy",
            CallStatus::Busy,
            [
                ("twiml", "busy"),
                ("telnyx_api", "user_busy"),
                ("plivo", "busy"),
                ("vonage", "busy"),
                ("bandwidth", "busy"),
                ("freeswitch", "USER_BUSY"),
                ("pbx", "BUSY"),
            ],
        ),
        ending(
            "no answer",
            CallStatus::NoAnswer,
            [
                ("twiml", "no-answer"),
                ("telnyx_api", "timeout"),
                ("plivo", "timeout"),
                ("vonage", "timeout"),
                ("bandwidth", "timeout"),
                ("freeswitch", "NO_ANSWER"),
                ("pbx", "NOANSWER"),
            ],
        ),
        ending(
            "failed",
            CallStatus::Failed,
            [
                ("twiml", "failed"),
                ("telnyx_api", "unspecified"),
                ("plivo", "failed"),
                ("vonage", "failed"),
                ("bandwidth", "node-capacity-exceeded"),
                ("freeswitch", "NORMAL_TEMPORARY_FAILURE"),
                ("pbx", "CONGESTION"),
            ],
        ),
        ending(
            "canceled",
            CallStatus::Canceled,
            [
                ("twiml", "canceled"),
                ("telnyx_api", "originator_cancel"),
                ("plivo", "cancel"),
                ("vonage", "cancelled"),
                ("bandwidth", "cancel"),
                ("freeswitch", "ORIGINATOR_CANCEL"),
                ("pbx", "CANCEL"),
            ],
        ),
    ]
}

fn stories() -> Vec<Story> {
    let mut all = Vec::new();
    for ending in endings() {
        all.extend(["twilio", "signalwire", "telnyx"].map(|provider| twiml(provider, &ending)));
        all.extend([telnyx_api(&ending), plivo(&ending), vonage(&ending), bandwidth(&ending)]);
        all.extend([freeswitch(&ending), generic(&ending)]);
        all.extend(["asterisk", "kamailio"].map(|provider| pbx(provider, &ending)));
    }
    all.extend(endings().iter().map(by_commands));
    all.extend(held_and_queued());
    all.extend(voicemails());
    all.extend(transfers());
    all.extend(screened());
    all.extend(accepted());
    all.extend(dialled_twice());
    all.extend(refused_then_taken());
    all.extend(menus_and_messages());
    all
}

#[test]
fn every_call_ends_as_it_did_and_tells_who_called() {
    for story in stories() {
        let call = after(&story.events());
        let name = format!("{} {}", story.provider, story.name);
        assert_eq!(call.status, story.status, "{name}");
        let close = call.talk_s.zip(story.talk_s).is_none_or(|(a, b)| a.abs_diff(b) <= 1);
        assert!(
            close && call.talk_s.is_some() == story.talk_s.is_some(),
            "{name}: {:?}",
            call.talk_s
        );
        assert_eq!(call.transferred_at.is_some(), story.transferred, "{name}");
        assert_eq!((call.hold_s, call.queue_s, call.agent()), story.told, "{name}");
        assert_eq!(call.caller.number, CALLER.parse().ok(), "{name}");
        assert_eq!(call.tracking_number, TRACKING.parse().ok(), "{name}");
        assert_eq!(call.started_at.0 / 1000, T / 1000, "{name}");
        if let Some(answered_at) = call.answered_at {
            let late_ms = answered_at.0 - (T + ANSWERS * 1000);
            assert!((-1000..=1000).contains(&late_ms), "{name}: {late_ms}");
        }
        assert!(call.ended_at.is_some(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_order_and_repetition_ends_in_the_same_call(seed: u64) {
        for story in stories() {
            let events = story.events();
            let expected = after(&events);
            // Every event once, some twice, in an order of the seed.
            let mut shuffled: Vec<(u64, &CallEvent)> = Vec::new();
            let mut random = seed;
            for event in events.iter().chain(&events) {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                shuffled.push((random >> 33, event));
            }
            let doubled = shuffled.split_off(events.len());
            shuffled.extend(doubled.into_iter().filter(|(draw, _)| draw % 2 == 0));
            shuffled.sort_by_key(|(draw, _)| *draw);
            let told: Vec<CallEvent> = shuffled.into_iter().map(|(_, event)| event.clone()).collect();
            prop_assert_eq!(after(&told), expected, "{} {}", story.provider, story.name);
        }
    }
}

/// Each provider with the endings that it can tell of. What is missing here its messages have no words for.
#[test]
fn every_provider_tells_of_every_ending() {
    let mut told: BTreeMap<(&str, bool), BTreeSet<&str>> = BTreeMap::new();
    for story in stories() {
        told.entry((story.provider, story.by_commands)).or_default().insert(story.name);
    }
    let usual = ["answered", "busy", "canceled", "failed", "no answer"];
    let ways = ALL.iter().map(|provider| (provider.name(), false)).chain([("telnyx", true)]);
    for (name, by_commands) in ways {
        let known = &told[&(name, by_commands)];
        let missing: Vec<&str> = usual
            .iter()
            .chain(&["voicemail", "transferred"])
            .filter(|of| !known.contains(*of))
            .copied()
            .collect();
        let expected: &[&str] = match name {
            "plivo" => &["transferred"],
            "kamailio" => &["voicemail"],
            _ => &[],
        };
        assert_eq!(missing, expected, "{name} {by_commands}");
    }
}
