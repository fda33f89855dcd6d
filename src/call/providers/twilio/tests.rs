//! Signatures against the official vectors; reading and writing of documents.

use actix_web::http::header::HeaderMap;
use serde::Deserialize;

use super::signature::fits;
use super::{Twilio, read};
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::{Provider, Wants, Webhook};
use crate::call::routing::Route;
use crate::call::tests::site;
use crate::platform::clock::Millis;

#[derive(Deserialize)]
struct Vector {
    name: String,
    token: String,
    url: String,
    params: Option<serde_json::Map<String, serde_json::Value>>,
    body: Option<String>,
    signature: Option<String>,
    valid: bool,
}

fn form(params: &serde_json::Map<String, serde_json::Value>) -> String {
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

#[test]
fn the_libraries_own_vectors_pass_and_fail_as_they_should() {
    let text =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/twilio_signatures.json"));
    let vectors: Vec<Vector> = serde_json::from_str(text).expect("the fixture");
    assert_eq!(vectors.len(), 23);
    for vector in vectors {
        let body = vector.params.as_ref().map(form).or(vector.body.clone()).unwrap_or_default();
        let signature = vector.signature.unwrap_or_default();
        let passes = fits(&[&vector.token], &vector.url, body.as_bytes(), &signature, "");
        assert_eq!(passes, vector.valid, "{}", vector.name);
    }
}

const KEY: &str = "0123456789abcdef0123456789abcdef";
const VOICE: &str = "https://dni.example.com/hooks/twilio/voice";
const A: &str = "CallSid=CA00000000000000000000000000000001&AccountSid=AC00000000000000000000000000000001&From=%2B14155550100&To=%2B14155550199&CallStatus=ringing&ApiVersion=2010-04-01&Direction=inbound&FromCity=SAN+FRANCISCO&CallerName=";
const T1: &str = "rgtItcJlG/q4C10Tzws86vZyJv8=";

fn passes(url: &str, body: &str, signature: &str) -> bool {
    fits(&[KEY], url, body.as_bytes(), signature, "")
}

#[test]
fn voice_requests_are_verified_over_url_and_form() {
    let voice_42 = format!("{VOICE}?site=42");
    assert!(passes(&voice_42, A, T1));
    let repeated =
        "Digits=1&Tag=b&Tag=a&Tag=b&CallerName=Zo%C3%AB+M%C3%BCller&From=%2B442079460000";
    assert!(passes(VOICE, repeated, "hZeBh2ADu4q98UxUXuTJ+WbIzgY="));
    let get = format!(
        "{VOICE}?CallSid=CA00000000000000000000000000000001&From=%2B14155550100&To=%2B14155550199"
    );
    assert!(passes(&get, "", "Vl2pdJ72YleC38SyHtn9toZnAoc="));
    assert!(passes(&voice_42, A, "+9In/3beQrJT5xzcAcqgsH4yuKc="), "signed with :443");
    let first_three: Vec<&str> = A.split('&').take(3).collect();
    let other_port = "http://dni.example.com:8080/hooks/twilio/voice";
    assert!(passes(other_port, &first_three.join("&"), "Zz86ITHx2bP2LwFCzIx0K61wf68="));
}

#[test]
fn anything_else_than_the_signed_request_fails() {
    assert!(!passes(&format!("{VOICE}?site=43"), A, T1));
    assert!(!passes("http://dni.example.com/hooks/twilio/voice?site=42", A, T1));
    assert!(passes("https://dni.example.com:443/hooks/twilio/voice?site=42", A, T1));
    assert!(!passes(&format!("{VOICE}?site=42"), &A.replace("0100", "0101"), T1));
    // Dropping an empty field is a change too.
    let without_empty = A.strip_suffix("&CallerName=").expect("the empty field");
    assert!(!passes(&format!("{VOICE}?site=42"), without_empty, T1));
    assert!(!fits(&["other"], &format!("{VOICE}?site=42"), A.as_bytes(), T1, ""));
    let both = ["other", KEY];
    assert!(fits(&both, &format!("{VOICE}?site=42"), A.as_bytes(), T1, ""), "token in rotation");
}

#[test]
fn a_json_body_is_covered_by_its_hash() {
    let url = "https://dni.example.com/hooks/twilio/status?bodySHA256=824e9c6fbe5682df1abd878986827880e2dd1f2973cc7a791e8da9ca9ef0c747";
    let body = r#"{"CallSid":"CA00000000000000000000000000000001","CallStatus":"completed"}"#;
    assert!(passes(url, body, "WlHG16B1V0MenByYDQbe14+aP0E="));
    assert!(!passes(url, &format!("{body} "), "WlHG16B1V0MenByYDQbe14+aP0E="));
}

#[test]
fn the_settings_header_names_the_hash() {
    let url = format!("{VOICE}?site=42");
    let signature = "mXOgVx8noyGtFp5mUd40juPvrTXlxum97h4py2J7Ot8=";
    let with =
        |settings| fits(&["shared-secret-for-tests"], &url, A.as_bytes(), signature, settings);
    assert!(with("key=webhooks_sharedkey_01,algorithm=HMAC_SHA256"));
    assert!(!with(""));
    assert!(!with("key=webhooks_sharedkey_01,algorithm=HMAC_MD5"));
}

fn understood(event: &str, form: &[(&str, &str)]) -> Option<CallEvent> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = HeaderMap::new();
    let webhook = Webhook {
        event,
        url: "",
        headers: &headers,
        body: body.as_bytes(),
        received_at: Millis(1_767_323_050_000),
    };
    read::event(&site(), &webhook).expect("readable")
}

#[test]
fn only_the_dial_decides_whether_somebody_answered() {
    let dial = |status: &str, bridged: &str| {
        let form = [
            ("CallSid", "CA1"),
            ("DialCallSid", "CA2"),
            ("DialCallStatus", status),
            ("DialBridged", bridged),
            ("DialCallDuration", "95"),
        ];
        understood("dial", &form).expect("an event").kind
    };
    let ended = |outcome, talk_s| CallEventKind::DialEnded { outcome, talk_s };
    assert_eq!(dial("completed", "true"), ended(DialOutcome::Answered, Some(95)));
    assert_eq!(dial("completed", "false"), ended(DialOutcome::NoAnswer, None));
    assert_eq!(dial("no-answer", "false"), ended(DialOutcome::NoAnswer, None));
    let parent = [("CallSid", "CA1"), ("CallStatus", "completed"), ("CallDuration", "30")];
    let parent = understood("status", &parent).expect("an event").kind;
    assert_eq!(parent, CallEventKind::Ended { duration_s: Some(30), outcome: None });
}

#[test]
fn a_leg_belongs_to_its_parent_and_tells_its_own_time() {
    let form = [
        ("CallSid", "CA2"),
        ("ParentCallSid", "CA1"),
        ("CallStatus", "ringing"),
        ("From", "+14155550199"),
        ("To", "+14155550111"),
        ("Timestamp", "Fri, 02 Jan 2026 03:04:05 +0000"),
    ];
    let event = understood("leg", &form).expect("an event");
    assert_eq!(event.provider_call_id, "CA1");
    assert_eq!(event.at, Millis(1_767_323_045_000));
    assert_eq!((event.to, event.from.number), (None, None), "the leg's numbers are not the call's");
}

#[test]
fn withheld_numbers_are_nobody() {
    for from in ["anonymous", "Restricted", "+266696687", "+7378742833", "", "sip:x@example.com"] {
        let form = [("CallSid", "CA1"), ("From", from), ("FromCity", "X"), ("To", "+14155550199")];
        let event = understood("voice", &form).expect("an event");
        assert_eq!(event.from, Default::default(), "{from}");
    }
}

#[test]
fn a_voice_request_without_anything_still_wants_a_route() {
    let headers = HeaderMap::new();
    let webhook = Webhook {
        event: "voice",
        url: "",
        headers: &headers,
        body: b"\xff\xfe=&&%%%",
        received_at: Millis(0),
    };
    let understood = Twilio.understand(&site(), &webhook).expect("never an error");
    assert_eq!((understood.event, understood.wants), (None, Wants::Route));
    let status = Webhook { event: "leg", ..webhook };
    assert!(Twilio.understand(&site(), &status).is_err());
}

#[test]
fn documents_are_escaped() {
    let route = Route {
        call: None,
        to: "+14155550111".parse().expect("a number"),
        timeout_s: 25,
        caller_id: None,
        report_to: "https://dni.example.com/a\"b<c>&d".to_owned(),
    };
    let document = Twilio.forward(&route);
    assert_eq!(document.content_type, "text/xml; charset=utf-8");
    assert_eq!(
        document.body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial timeout=\"25\" \
         answerOnBridge=\"true\" action=\"https://dni.example.com/a&quot;b&lt;c&gt;&amp;d/dial\" \
         method=\"POST\"><Number statusCallback=\"https://dni.example.com/a&quot;b&lt;c&gt;&amp;d/leg\" \
         statusCallbackMethod=\"POST\" statusCallbackEvent=\"ringing answered completed\">\
         +14155550111</Number></Dial></Response>"
    );
    assert!(Twilio.end().body.ends_with("<Response></Response>"));
}
