//! What the tests of all providers share.

mod callers;
mod common;
mod hostile;
mod rotation;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Deserialize;

use super::*;
use crate::call::answer::{
    self, Asks, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step, Target,
    Voicemail,
};

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
        toml::from_str(include_str!("../../../../config/demo.toml")).expect("TOML");
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
