//! Vonage's tokens: what its own library checks, and what it does not.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::Vonage;
use super::verify::claims;
use crate::call::providers::tests::{Sent, vectors};
use crate::call::providers::{Provider, Unverified};
use crate::config::model::Telephony;
use crate::platform::secret::Secret;

const SECRET: &str = "a-32-byte-minimum-signature-secret-for-tests";
const IAT: i64 = 1_767_323_045;
const BODY: &str = r#"{"from":"14155550100","to":"14155550199","uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","conversation_uuid":"CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab","status":"ringing","direction":"inbound","timestamp":"2026-01-02T03:04:05.678Z"}"#;
const HASH: &str = "4273b7abfe8465233270a9cf819d295dc415669277ff0ced8bb1dd06384c72f9";
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NjczMjMwNDUsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjQyNzNiN2FiZmU4NDY1MjMzMjcwYTljZjgxOWQyOTVkYzQxNTY2OTI3N2ZmMGNlZDhiYjFkZDA2Mzg0YzcyZjkiLCJhcGlfa2V5IjoiYTFiMmMzZDQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.L91UUo_2YmT29_hqak-zFr8P68kOySp7AtvapcQo6lQ";

fn keys(application_id: &str) -> Telephony {
    let application = crate::config::model::Vonage {
        application_id: application_id.to_owned(),
        signature_secret: Secret::new("another-secret-of-at-least-32-bytes-for-tests"),
        second_signature_secret: Secret::new(SECRET),
        ..Default::default()
    };
    Telephony { vonage: vec![application], ..Telephony::default() }
}

fn sent(token: &str, body: &str) -> Sent {
    let sent = Sent::post("status", body).received(IAT * 1000);
    sent.header("authorization", &format!("Bearer {token}"))
}

fn passes(sent: &Sent) -> bool {
    Vonage.verify(&keys(""), &sent.webhook()).is_ok()
}

fn good_claims() -> Value {
    json!({"iat": IAT, "jti": "j1", "iss": "Vonage", "payload_hash": HASH})
}

fn signed(claims: &Value, algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::new(algorithm), claims, &key).expect("signed")
}

#[test]
fn the_librarys_own_vectors_have_the_right_mac_or_not() {
    let vectors = vectors("vonage-jwt");
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let passes = claims(&vector.signature, &vector.token).is_some();
        assert_eq!(passes, vector.valid, "{}", vector.name);
    }
}

#[test]
fn a_token_is_good_for_its_body_and_its_time_alone() {
    assert!(passes(&sent(TOKEN, BODY)));
    let once = Vonage.verify(&keys(""), &sent(TOKEN, BODY).webhook()).expect("signed").once;
    assert_eq!(once.expect("an id").value, "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5");
    assert!(!passes(&sent(TOKEN, &BODY.replace("ringing", "timeout"))), "another body");
    for (late_s, expected) in [(300, true), (-300, true), (301, false), (-301, false)] {
        let sent = sent(TOKEN, BODY).received((IAT + late_s) * 1000);
        assert_eq!(passes(&sent), expected, "{late_s}");
    }
}

#[test]
fn a_token_of_another_application_is_refused() {
    let sent = sent(TOKEN, BODY);
    let verify = |id: &str| Vonage.verify(&keys(id), &sent.webhook());
    assert!(verify("aaaaaaaa-bbbb-cccc-dddd-0123456789ab").is_ok());
    assert_eq!(verify("aaaaaaaa-bbbb-cccc-dddd-000000000000"), Err(Unverified::BadSignature));
}

#[test]
fn only_the_right_algorithm_is_taken() {
    assert!(passes(&sent(&signed(&good_claims(), Algorithm::HS256), BODY)));
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        assert!(!passes(&sent(&signed(&good_claims(), algorithm), BODY)), "{algorithm:?}");
    }
    let parts: Vec<&str> = TOKEN.split('.').collect();
    // {"alg":"none","typ":"JWT"} and {"alg":"RS256","typ":"JWT"}
    for header in ["eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"] {
        for mac in ["", parts[2]] {
            assert!(!passes(&sent(&format!("{header}.{}.{mac}", parts[1]), BODY)));
        }
    }
    for garbage in ["", "a.b.c", "....", &"x".repeat(10_000)] {
        assert!(!passes(&sent(garbage, BODY)), "{garbage}");
    }
}

#[test]
fn no_claim_can_be_left_out() {
    for name in ["iat", "jti", "iss", "payload_hash"] {
        let mut claims = good_claims();
        claims.as_object_mut().expect("an object").remove(name);
        assert!(!passes(&sent(&signed(&claims, Algorithm::HS256), BODY)), "{name}");
    }
    for (name, value) in [
        ("iss", json!("Somebody")),
        ("jti", json!("")),
        ("exp", json!(IAT - 301)),
        ("iat", json!("now")),
    ] {
        let mut claims = good_claims();
        claims[name] = value;
        assert!(!passes(&sent(&signed(&claims, Algorithm::HS256), BODY)), "{name}");
    }
    // A GET has no body to hash.
    let mut claims = good_claims();
    claims.as_object_mut().expect("an object").remove("payload_hash");
    let get = Sent { is_get: true, ..sent(&signed(&claims, Algorithm::HS256), "") };
    assert!(passes(&get));
}
