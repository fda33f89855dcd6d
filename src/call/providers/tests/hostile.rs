//! What comes from outside and what people write cannot break anything.

use proptest::prelude::*;

use super::{Sent, demo_keys, rich_answer};
use crate::call::providers::{ALL, Document, bounds};
use crate::call::tests::site;

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
