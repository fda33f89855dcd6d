//! Version 3 of Plivo's signature against the official vectors and our own.

use super::Plivo;
use super::verify::signed_text;
use crate::call::providers::tests::{Sent, form_of, sha256_base64, vectors};
use crate::call::providers::{Provider, Unverified};
use crate::config::model::Telephony;
use crate::platform::secret::Secret;

const TOKEN: &str = "MAtestAuthToken0123456789abcdef0";
const NONCE: &str = "05429567804466091622";
const P: &str = "CallUUID=aaaaaaaa-bbbb-cccc-dddd-000000000001&From=14155550100&To=14155550199&CallStatus=ringing&Direction=inbound&Event=StartApp";
const ANSWER: &str = "https://dni.example.com/hooks/plivo/answer";

fn keys(first: &str, second: &str) -> Telephony {
    let account = crate::config::model::Plivo {
        auth_token: Secret::new(first),
        second_auth_token: Secret::new(second),
        ..Default::default()
    };
    Telephony { plivo: vec![account], ..Telephony::default() }
}

fn signed(sent: Sent, signature: &str) -> Sent {
    sent.header("x-plivo-signature-v3", signature).header("x-plivo-signature-v3-nonce", NONCE)
}

fn passes(sent: &Sent) -> bool {
    Plivo.verify(&keys(TOKEN, ""), &sent.webhook()).is_ok()
}

#[test]
fn the_librarys_own_vectors_pass() {
    let vectors = vectors("plivo-v3");
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let form = vector.params.as_ref().map(form_of).unwrap_or_default();
        let is_get = vector.method.as_deref() == Some("GET");
        // A GET has its fields in the address.
        let url = match vector.url.contains('?') {
            _ if !is_get => vector.url.clone(),
            true => format!("{}&{form}", vector.url),
            false => format!("{}?{form}", vector.url),
        };
        let body = if is_get { String::new() } else { form };
        let text = signed_text(&url, body.as_bytes(), &vector.nonce.unwrap_or_default());
        assert_eq!(sha256_base64(&vector.token, &text), vector.signature, "{}", vector.name);
        assert!(vector.valid);
    }
}

#[test]
fn address_and_form_are_covered_in_all_shapes() {
    let query = |query: &str| format!("{ANSWER}?{query}");
    let of_call = "CallUUID=aaaaaaaa-bbbb-cccc-dddd-000000000001&From=14155550100&To=14155550199";
    let cases = [
        (Sent::post("voice", P).at(ANSWER), "t1s8eyN3m30m8yF/L4vsBlbrqdWZkWjPC6uSO11q1ds="),
        (
            Sent::post("voice", P).at(&query("site=42&a=1")),
            "1PfBx24NrD5DJ9FbEBWXUg3Yks/RIZ/WwJtE7e2oTRs=",
        ),
        (
            Sent::post("voice", "").at(&query("site=42")),
            "55E+FmY8ZUt361zIhAfFvNzLvleDeGmT3AEjwX02s34=",
        ),
        (Sent::post("voice", "").at(ANSWER), "jFoWIqeSVCgzHFz/OuUBbN620yHAQT3toPNUL3afIr8="),
        (Sent::get("voice").at(&query(of_call)), "BLxQ3EWrSUvKidGKrDFmwaI+kXFcZQpkx7mBN1PwnO4="),
        (
            Sent::get("voice").at(&query("site=x%20y&b=%2B1")),
            "ibYxdhYtztWHEEK1SsuoPStBLSYMBQJ/DiIG6PwgWZ0=",
        ),
        (
            Sent::post("voice", "Tag=b&Tag=a&Z=1").at(&query("b=2&b=1")),
            "e86iNXkOlRkKp4ggVvJxD+B2cpESaHC0I1bXWBfORCg=",
        ),
    ];
    for (nth, (sent, signature)) in cases.into_iter().enumerate() {
        let sent = signed(sent, signature);
        assert!(passes(&sent), "P{}", nth + 1);
        let elsewhere = signed(Sent { url: format!("{}x", sent.url), ..sent.clone() }, signature);
        assert!(!passes(&elsewhere), "P{} elsewhere", nth + 1);
    }
}

#[test]
fn of_several_signatures_and_tokens_any_will_do() {
    let good = "t1s8eyN3m30m8yF/L4vsBlbrqdWZkWjPC6uSO11q1ds=";
    let sent = || Sent::post("voice", P).at(ANSWER);
    assert!(passes(&signed(sent(), &format!("AAAA,{good}"))));
    let of_main =
        sent().header("x-plivo-signature-ma-v3", good).header("x-plivo-signature-v3-nonce", NONCE);
    assert!(passes(&of_main));
    let second = Plivo.verify(&keys("another", TOKEN), &signed(sent(), good).webhook());
    let once = second.expect("signed").once.expect("a nonce");
    assert_eq!(once.value, NONCE);
    let no_nonce = sent().header("x-plivo-signature-v3", good);
    assert_eq!(Plivo.verify(&keys(TOKEN, ""), &no_nonce.webhook()), Err(Unverified::BadSignature));
}

#[test]
fn the_second_version_is_not_taken() {
    let v2 = "p61RTTXza0sYqgZtf+kqI/oVrJ3WmT++MOe8uEJOJbc=";
    let sent = Sent::post("voice", P)
        .at(&format!("{ANSWER}?site=42"))
        .header("x-plivo-signature-v2", v2)
        .header("x-plivo-signature-v2-nonce", NONCE);
    assert!(!passes(&sent));
    assert!(!passes(&signed(sent, v2)));
}
