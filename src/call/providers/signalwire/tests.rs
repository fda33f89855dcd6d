//! Both signature schemes against the official vectors and our own.

use super::SignalWire;
use super::verify::fits;
use crate::call::providers::tests::{Sent, form_of, vectors};
use crate::call::providers::{Provider, Unverified};
use crate::config::model::Telephony;
use crate::platform::secret::Secret;

#[test]
fn the_librarys_own_vectors_pass_and_fail_as_they_should() {
    let vectors = vectors("signalwire");
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let body = vector.params.as_ref().map(form_of).or(vector.body.clone()).unwrap_or_default();
        let passes = fits(&vector.token, &vector.url, body.as_bytes(), &vector.signature);
        assert_eq!(passes, vector.valid, "{}", vector.name);
    }
}

const KEY: &str = "PSK_test_0123456789abcdef";
const FORM_URL: &str = "https://dni.example.com/hooks/signalwire/voice?site=42";
const FORM: &str = "CallSid=0d0b2f0e-9c0a-4d0f-8e57-000000000001&AccountSid=b08dacad-0000-4000-8000-000000000001&From=%2B14155550100&To=%2B14155550199&CallStatus=ringing&Direction=inbound&ApiVersion=2010-04-01";
const FORM_SIGNATURE: &str = "6M+EHHLcGUeuoR/HpHOVPqExfAo=";
const JSON_URL: &str = "https://dni.example.com/hooks/signalwire/swml";
const JSON: &str = r#"{"event_type":"calling.call.state","params":{"call_id":"0d0b2f0e-9c0a-4d0f-8e57-000000000001","call_state":"ended"}}"#;
const JSON_SIGNATURE: &str = "1cc16c6373f6c99fc167fac8de50c9ca5f841bad";

#[test]
fn forms_and_json_are_covered_to_the_last_byte() {
    let passes = |url: &str, body: &str, signature| fits(KEY, url, body.as_bytes(), signature);
    assert!(passes(FORM_URL, FORM, FORM_SIGNATURE));
    assert!(passes(&FORM_URL.replace(".com/", ".com:443/"), FORM, FORM_SIGNATURE));
    assert!(!passes(&FORM_URL.replace("42", "43"), FORM, FORM_SIGNATURE));
    assert!(!passes(FORM_URL, &FORM.replace("0100", "0101"), FORM_SIGNATURE));
    assert!(passes(JSON_URL, "Tag=b&Tag=a&Tag=b&CallSid=x", "JF8wFpE7dOuXdE9CuGWFYnFJj+s="));
    assert!(!passes(JSON_URL, "Tag=a&Tag=b&Tag=b&CallSid=x", "JF8wFpE7dOuXdE9CuGWFYnFJj+s="));
    assert!(passes(JSON_URL, JSON, JSON_SIGNATURE));
    assert!(!passes(JSON_URL, &format!("{JSON} "), JSON_SIGNATURE));
}

/// SignalWire's own library takes it for any body.
#[test]
fn a_signature_over_the_bare_address_covers_no_body() {
    let of_nothing = crate::call::providers::tests::sha1_base64(KEY, FORM_URL);
    assert!(fits(KEY, FORM_URL, b"", &of_nothing));
    assert!(!fits(KEY, FORM_URL, FORM.as_bytes(), &of_nothing));
    assert!(!fits(KEY, FORM_URL, JSON.as_bytes(), &of_nothing));
    let hex = crate::call::providers::tests::sha1_hex(KEY, FORM_URL);
    assert!(!fits(KEY, FORM_URL, b"", &hex) && !fits(KEY, FORM_URL, FORM.as_bytes(), &hex));
}

#[test]
fn either_header_and_either_key_of_a_project_will_do() {
    let project = crate::config::model::SignalWire {
        signing_key: Secret::new("PSK_old"),
        second_signing_key: Secret::new(KEY),
        ..Default::default()
    };
    let keys = Telephony { signalwire: vec![project], ..Telephony::default() };
    let verified = |sent: Sent| SignalWire.verify(&keys, &sent.webhook());
    for header in ["x-signalwire-signature", "x-twilio-signature"] {
        let sent = Sent::post("voice", FORM).at(FORM_URL).header(header, FORM_SIGNATURE);
        assert!(verified(sent).is_ok(), "{header}");
    }
    let unsigned = Sent::post("voice", FORM).at(FORM_URL);
    assert_eq!(verified(unsigned), Err(Unverified::BadSignature));
}
