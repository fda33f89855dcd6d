//! Signatures against the official vectors; what Twilio's fields say.

use serde::Deserialize;

use super::Twilio;
use super::verify::{Hash, fits as fits_hash};
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::tests::{Sent, form_of};
use crate::call::providers::{Provider, Unverified, Verified, Wants};
use crate::call::tests::site;
use crate::config::model::Telephony;
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;

fn fits(keys: &[&str], url: &str, body: &[u8], signature: &str, settings: &str) -> bool {
    let hash = Hash::named_in(settings);
    hash.is_some_and(|hash| fits_hash(keys, hash, url, body, signature))
}

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

#[test]
fn the_libraries_own_vectors_pass_and_fail_as_they_should() {
    let text =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/twilio_signatures.json"));
    let vectors: Vec<Vector> = serde_json::from_str(text).expect("the fixture");
    assert_eq!(vectors.len(), 23);
    for vector in vectors {
        let body = vector.params.as_ref().map(form_of).or(vector.body.clone()).unwrap_or_default();
        let signature = vector.signature.unwrap_or_default();
        let passes = fits(&[&vector.token], &vector.url, body.as_bytes(), &signature, "");
        assert_eq!(passes, vector.valid, "{}", vector.name);
    }
}

const KEY: &str = "0123456789abcdef0123456789abcdef";
const VOICE: &str = "https://dni.example.com/hooks/twilio/voice";
const A: &str = "CallSid=CA00000000000000000000000000000001&AccountSid=AC00000000000000000000000000000001&From=%2B14155550100&To=%2B14155550199&CallStatus=ringing&ApiVersion=2010-04-01&Direction=inbound&FromCity=SAN+FRANCISCO&CallerName=";
const T1: &str = "rgtItcJlG/q4C10Tzws86vZyJv8=";
const T7: &str = "mXOgVx8noyGtFp5mUd40juPvrTXlxum97h4py2J7Ot8=";
const VOICE_42: &str = "https://dni.example.com/hooks/twilio/voice?site=42";

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
    let signature = T7;
    let with =
        |settings| fits(&["shared-secret-for-tests"], &url, A.as_bytes(), signature, settings);
    assert!(with("key=webhooks_sharedkey_01,algorithm=HMAC_SHA256"));
    assert!(!with(""));
    assert!(!with("key=webhooks_sharedkey_01,algorithm=HMAC_MD5"));
}

fn account(auth_token: &str, shared_key: &str) -> Telephony {
    let account = crate::config::model::Twilio {
        auth_token: Secret::new(auth_token),
        shared_key: Secret::new(shared_key),
        ..Default::default()
    };
    Telephony { twilio: vec![account], ..Telephony::default() }
}

#[test]
fn nobody_can_talk_an_account_with_shared_keys_down_to_sha_1() {
    let sha1 = Sent::post("voice", A).at(VOICE_42).header("x-twilio-signature", T1);
    let sha256 = Sent::post("voice", A)
        .at(VOICE_42)
        .header("x-twilio-signature", T7)
        .header("x-twilio-webhooks-signature-settings", "key=k1,algorithm=HMAC_SHA256");
    let verified = |keys: &Telephony, sent: &Sent| Twilio.verify(keys, &sent.webhook());
    let only_token = account(KEY, "");
    assert_eq!(verified(&only_token, &sha1), Ok(Verified::default()));
    assert_eq!(verified(&only_token, &sha256), Err(Unverified::BadSignature));
    let only_key = account("", "shared-secret-for-tests");
    assert_eq!(verified(&only_key, &sha1), Err(Unverified::BadSignature));
    assert_eq!(verified(&only_key, &sha256), Ok(Verified::default()));
    // The key of one hash is not taken for the other.
    let swapped = account("shared-secret-for-tests", KEY);
    assert_eq!(verified(&swapped, &sha256), Err(Unverified::BadSignature));
    assert_eq!(verified(&swapped, &sha1), Err(Unverified::BadSignature));
    let both = account(KEY, "shared-secret-for-tests");
    assert!(verified(&both, &sha1).is_ok() && verified(&both, &sha256).is_ok());
    assert_eq!(verified(&Telephony::default(), &sha1), Err(Unverified::NotConfigured));
}

#[test]
fn of_several_accounts_the_one_that_is_named_must_have_signed() {
    let mut keys = account("of-another", "");
    keys.twilio.extend(account(KEY, "").twilio);
    let sent = Sent::post("voice", A).at(VOICE_42).header("x-twilio-signature", T1);
    assert!(Twilio.verify(&keys, &sent.webhook()).is_ok());
    keys.twilio[1].account = "AC00000000000000000000000000000001".to_owned();
    assert!(Twilio.verify(&keys, &sent.webhook()).is_ok());
    keys.twilio[1].account = "AC00000000000000000000000000000002".to_owned();
    assert_eq!(Twilio.verify(&keys, &sent.webhook()), Err(Unverified::BadSignature));
}

fn understood(event: &'static str, form: &[(&str, &str)]) -> Option<CallEvent> {
    let sent = Sent::form(event, form).received(1_767_323_050_000);
    let understood = Twilio.understand(&site(), &sent.webhook()).expect("readable");
    assert!(understood.events.len() <= 1);
    understood.events.into_iter().next()
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
fn a_report_that_nobody_sends_so_late_says_nothing() {
    let status = |time: &str| {
        let form = [("CallSid", "CA1"), ("CallStatus", "completed"), ("Timestamp", time)];
        understood("status", &form).is_some()
    };
    assert!(status("Fri, 02 Jan 2026 03:04:05 +0000"));
    assert!(!status("Mon, 01 Dec 2025 03:04:05 +0000"), "a caught report of a forgotten call");
}

#[test]
fn a_voice_request_without_anything_still_wants_a_route() {
    let sent = Sent::post("voice", b"\xff\xfe=&&%%%");
    let understood = Twilio.understand(&site(), &sent.webhook()).expect("never an error");
    assert_eq!((understood.events, understood.wants), (Vec::new(), Wants::Route));
    let leg = Sent::post("leg", b"\xff\xfe=&&%%%");
    assert!(Twilio.understand(&site(), &leg.webhook()).is_err());
}
