//! What all providers have in common, and what their tests share.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::call::answer::{
    self, Asks, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step, Target,
    Voicemail,
};
use crate::call::tests::site;

/// A webhook that owns its parts.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub event: &'static str,
    pub is_get: bool,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub received_at: Millis,
}

impl Sent {
    pub fn post(event: &'static str, body: impl AsRef<[u8]>) -> Self {
        Sent {
            event,
            is_get: false,
            url: format!("https://dni.example.com/v1/telephony/x/demo/{event}"),
            headers: HeaderMap::new(),
            body: body.as_ref().to_vec(),
            received_at: Millis(0),
        }
    }

    pub fn get(event: &'static str) -> Self {
        Sent { is_get: true, ..Sent::post(event, "") }
    }

    pub fn form(event: &'static str, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        Sent::post(event, form.extend_pairs(fields).finish())
    }

    pub fn at(self, url: &str) -> Self {
        Sent { url: url.to_owned(), ..self }
    }

    /// With what an answer of ours carried.
    pub fn bringing(self, bookmark: &Bookmark) -> Self {
        let url = format!("{}{}", self.url, bookmark.query());
        self.at(&url)
    }

    pub fn received(self, at_ms: i64) -> Self {
        Sent { received_at: Millis(at_ms), ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub fn webhook(&self) -> Webhook<'_> {
        Webhook {
            event: self.event,
            is_get: self.is_get,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
            received_at: self.received_at,
        }
    }
}

/// A request with the signature that it must or must not pass.
#[derive(Deserialize)]
pub(crate) struct Vector {
    provider: String,
    pub name: String,
    pub token: String,
    pub url: String,
    pub params: Option<serde_json::Map<String, serde_json::Value>>,
    pub body: Option<String>,
    pub signature: String,
    pub valid: bool,
    pub nonce: Option<String>,
    pub method: Option<String>,
}

pub(crate) fn vectors(provider: &str) -> Vec<Vector> {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/telephony_signatures.json"
    ));
    let all: Vec<Vector> = serde_json::from_str(text).expect("the fixture");
    all.into_iter().filter(|vector| vector.provider == provider).collect()
}

pub(crate) fn form_of(params: &serde_json::Map<String, serde_json::Value>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in params {
        match value {
            serde_json::Value::Array(values) => {
                for value in values {
                    form.append_pair(name, value.as_str().expect("a text"));
                }
            }
            value => {
                form.append_pair(name, value.as_str().expect("a text"));
            }
        }
    }
    form.finish()
}

fn sha1(key: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn sha1_base64(key: &str, text: &str) -> String {
    STANDARD.encode(sha1(key, text))
}

pub(crate) fn sha1_hex(key: &str, text: &str) -> String {
    hex::encode(sha1(key, text))
}

pub(crate) fn sha256_base64(key: &str, text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The demo's accounts: one of every provider.
fn demo_keys() -> Telephony {
    let demo: toml::Table =
        toml::from_str(include_str!("../../../config/demo.toml")).expect("TOML");
    demo["sites"][0]["telephony"].clone().try_into().expect("accounts")
}

/// An answer that uses everything, with `text` wherever people write one.
fn rich_answer(text: &str) -> Answer {
    let said = || Prompt::Text { text: text.to_owned(), language: "en-US".to_owned() };
    let number: crate::platform::phone::PhoneNumber = "+14155550111".parse().expect("a number");
    let dial = |order, record, accept| {
        Step::Dial(Dial {
            targets: vec![
                Target::Phone(number.clone()),
                Target::Sip("sip:sales@pbx.example.com".parse().expect("an address")),
            ],
            order,
            ring_s: 25,
            shown: ShownNumber::Fixed(number.clone()),
            whisper: Some(answer::Whisper {
                text: text.to_owned(),
                language: String::new(),
                accept,
            }),
            record,
            mark: text.to_owned(),
        })
    };
    Answer {
        call: None,
        caller: "+14155550100".parse().ok(),
        called: "+14155550199".parse().ok(),
        report_to: "https://dni.example.com/v1/telephony/x/demo".to_owned(),
        steps: vec![
            Step::Say(said()),
            Step::Say(Prompt::Audio("https://dni.example.com/a.mp3?b=1&c=2".to_owned())),
            Step::Gather(Gather {
                prompt: Some(said()),
                max_digits: 1,
                timeout_s: 8,
                asks: Asks::Caller,
                mark: text.to_owned(),
            }),
            dial(DialOrder::InTurn, Record::Dual, true),
            dial(DialOrder::AtOnce, Record::On, false),
            Step::Voicemail(Voicemail { max_s: 120, mark: text.to_owned() }),
            Step::Reject(Rejection::Busy),
            Step::HangUp,
        ],
    }
}

#[test]
fn names_and_events_are_words_and_each_there_once() {
    let mut names: Vec<&str> = ALL.iter().map(|provider| provider.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
    for provider in ALL {
        assert!(by_name(provider.name()).is_some_and(|found| found.name() == provider.name()));
        let mut events = provider.events().to_vec();
        events.sort_unstable();
        events.dedup();
        assert_eq!(events.len(), provider.events().len(), "{}", provider.name());
        let is_word = |event: &&str| event.bytes().all(|b| b.is_ascii_lowercase());
        assert!(events.iter().all(is_word), "{events:?}");
        assert_eq!(event_name(provider, "nonsense"), None);
    }
    assert!(by_name("nobody").is_none());
}

#[test]
fn without_a_signature_nobody_gets_in() {
    let keys = demo_keys();
    for provider in ALL {
        for event in provider.events() {
            let sent = Sent::post(event, "CallSid=CA1").received(1_767_323_045_000);
            let refused = provider.verify(&keys, &sent.webhook());
            assert_eq!(refused, Err(Unverified::BadSignature), "{} {event}", provider.name());
            let nobody = provider.verify(&Telephony::default(), &sent.webhook());
            assert_eq!(nobody, Err(Unverified::NotConfigured), "{}", provider.name());
        }
    }
}

#[test]
fn every_provider_forwards_to_the_number_that_it_is_given() {
    let blank = rich_answer("");
    for provider in ALL {
        let steps = crate::call::routing::route(&site());
        let document = provider.render(&demo_keys(), &blank.with(steps));
        assert!(document.body.contains("14155550111"), "{}: {}", provider.name(), document.body);
        // A reply of a script is one line.
        assert!(!document.body.trim_end().contains('\n'), "{}", document.body);
    }
}

#[test]
fn what_an_answer_asks_and_a_provider_cannot_is_told() {
    let answer = rich_answer("Hello");
    let lacking = |name: &str| lacks(by_name(name).expect("a provider"), &answer);
    assert_eq!(lacking("twilio"), []);
    assert_eq!(lacking("plivo"), [Feature::DialInTurn]);
    assert_eq!(
        lacking("vonage"),
        [Feature::DialAtOnce, Feature::WhisperAccept, Feature::RejectBusy]
    );
    assert!(lacking("kamailio").contains(&Feature::Speak));
    for provider in ALL {
        for feature in [Feature::DialSip, Feature::FixedCallerId] {
            assert!(provider.can(feature), "{} {feature:?}", provider.name());
        }
    }
}

fn is_sound(document: &Document) -> bool {
    match document.content_type {
        "application/json" => serde_json::from_str::<serde_json::Value>(&document.body).is_ok(),
        "application/x-www-form-urlencoded" => !document.body.contains(['<', ' ', '\n']),
        _ => {
            let mut reader = quick_xml::Reader::from_str(&document.body);
            loop {
                match reader.read_event() {
                    Ok(quick_xml::events::Event::Eof) => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_breaks_a_document(text in any::<String>()) {
        let plain = rich_answer("plain");
        let hostile = rich_answer(&text);
        for provider in ALL {
            let document = provider.render(&demo_keys(), &hostile);
            prop_assert!(is_sound(&document), "{}: {}", provider.name(), document.body);
            // As many elements as for a harmless text.
            let elements = |document: &Document| document.body.matches("</").count();
            let expected = elements(&provider.render(&demo_keys(), &plain));
            if document.content_type != "application/json" {
                prop_assert_eq!(elements(&document), expected);
            }
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(
        body in prop::collection::vec(any::<u8>(), 0..300),
        query in "[ -~]{0,80}",
        is_get: bool,
    ) {
        for provider in ALL {
            for event in provider.events() {
                let sent = Sent { is_get, ..Sent::post(event, &body) };
                let sent = sent.at(&format!("https://dni.example.com/x?{query}"));
                let _ = provider.understand(&site(), &sent.webhook());
                let _ = provider.verify(&demo_keys(), &sent.webhook());
            }
        }
    }

    #[test]
    fn no_fields_make_reading_panic(
        fields in prop::collection::vec((
            prop::sample::select(FIELDS.to_vec()),
            prop_oneof![prop::sample::select(VALUES.to_vec()).prop_map(str::to_owned), any::<String>()],
        ), 0..12),
        as_json: bool,
    ) {
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let object: serde_json::Map<String, serde_json::Value> =
            fields.iter().map(|(n, v)| ((*n).to_owned(), v.as_str().into())).collect();
        for provider in ALL {
            for event in provider.events() {
                let sent = if as_json {
                    Sent::post(event, serde_json::Value::Object(object.clone()).to_string())
                } else {
                    Sent::form(event, &pairs)
                };
                if let Ok(understood) = provider.understand(&site(), &sent.webhook()) {
                    for event in &understood.events {
                        prop_assert!(bounds::id(&event.provider_call_id).is_some());
                        prop_assert_eq!(event.provider.as_str(), provider.name());
                        prop_assert!(event.from.name.chars().count() <= 128);
                    }
                }
            }
        }
    }
}

const FIELDS: &[&str] = &[
    "CallSid",
    "ParentCallSid",
    "From",
    "To",
    "CallStatus",
    "DialCallStatus",
    "DialBridged",
    "Digits",
    "Timestamp",
    "RecordingUrl",
    "RecordingDuration",
    "StirVerstat",
    "ForwardedFrom",
    "CallUUID",
    "DialStatus",
    "DialAction",
    "DialALegUUID",
    "SessionStart",
    "conversation_uuid",
    "uuid",
    "status",
    "direction",
    "callId",
    "parentCallId",
    "cause",
    "eventTime",
    "startTime",
    "answerTime",
    "endTime",
    "mediaUrl",
    "duration",
    "session_id",
    "exiting",
    "originate_disposition",
    "cdr",
    "call",
    "state",
    "at",
    "digits",
    "event",
    "call_id",
    "ring_ms",
    "dial_ms",
    "talk_ms",
    "url",
];

const VALUES: &[&str] = &[
    "",
    "completed",
    "busy",
    "no-answer",
    "ANSWER",
    "486",
    "1",
    "-1",
    "1e308",
    "99999999999999999999",
    "+14155550100",
    "anonymous",
    "Fri, 02 Jan 2026 03:04:05 +0000",
    "2026-01-02T03:04:05Z",
    "true",
    "https://x.example/r",
    "javascript:alert(1)",
    "received",
    "ended",
    "held",
    "connected",
    "hangup",
    "9223372036854775807",
    "-9223372036854775808",
    "é\u{0}\u{202e}",
];
