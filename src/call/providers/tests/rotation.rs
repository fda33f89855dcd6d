//! Several accounts of every provider, each with the secret of today and the one before or after it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Sent, sha1_base64, sha256_base64};
use crate::call::providers::{ALL, Unverified};
use crate::config::model::Telephony;

/// 2026-01-02T03:04:05Z
const T: i64 = 1_767_323_045_000;
const BODY: &str = "CallSid=1";

/// The `nth` secret of a provider as the configuration has it.
fn secret(provider: &str, nth: u8) -> String {
    match provider {
        "telnyx" => STANDARD.encode(SigningKey::from_bytes(&[nth; 32]).verifying_key().as_bytes()),
        "generic" => format!("whsec_{}", STANDARD.encode([nth; 32])),
        _ => format!("secret-{nth}-0123456789abcdef0123456789"),
    }
}

/// How the configuration calls it.
fn key_name(provider: &str) -> &'static str {
    match provider {
        "twilio" | "plivo" => "auth_token",
        "signalwire" => "signing_key",
        "telnyx" => "public_key",
        "vonage" => "signature_secret",
        "bandwidth" => "password",
        "generic" => "secret",
        _ => "token",
    }
}

/// Two accounts of a provider with the secrets 1 and 2, 3 and 4.
fn accounts(provider: &str) -> Telephony {
    let name = key_name(provider);
    let account = |nth: u8| {
        let user = if provider == "bandwidth" { "username = \"ringtrace\"\n" } else { "" };
        let (now, second) = (secret(provider, nth), secret(provider, nth + 1));
        format!("[[{provider}]]\n{user}{name} = \"{now}\"\nsecond_{name} = \"{second}\"\n")
    };
    toml::from_str(&format!("{}{}", account(1), account(3))).expect("accounts")
}

/// A webhook as `provider` signs it with its `nth` secret.
fn signed(provider: &str, event: &'static str, nth: u8) -> Sent {
    let sent = Sent::post(event, BODY).received(T);
    let key = secret(provider, nth);
    let url = sent.url.clone();
    match provider {
        "twilio" => {
            let signature = sha1_base64(&key, &format!("{url}CallSid1"));
            sent.header("x-twilio-signature", &signature)
        }
        "signalwire" => {
            let signature = sha1_base64(&key, &format!("{url}CallSid1"));
            sent.header("x-signalwire-signature", &signature)
        }
        "telnyx" => {
            let stamp = (T / 1000).to_string();
            let signature = SigningKey::from_bytes(&[nth; 32])
                .sign(format!("{stamp}|{BODY}").as_bytes())
                .to_bytes();
            sent.header("telnyx-timestamp", &stamp)
                .header("telnyx-signature-ed25519", &STANDARD.encode(signature))
        }
        "plivo" => {
            let signature = sha256_base64(&key, &format!("{url}?CallSid1.17"));
            sent.header("x-plivo-signature-v3", &signature)
                .header("x-plivo-signature-v3-nonce", "17")
        }
        "vonage" => {
            let claims = json!({"iat": T / 1000, "jti": "j", "iss": "Vonage",
                "payload_hash": hex::encode(Sha256::digest(BODY))});
            let key = jsonwebtoken::EncodingKey::from_secret(key.as_bytes());
            let token = jsonwebtoken::encode(&Default::default(), &claims, &key).expect("signed");
            sent.header("authorization", &format!("Bearer {token}"))
        }
        "bandwidth" => {
            let credentials = STANDARD.encode(format!("ringtrace:{key}"));
            sent.header("authorization", &format!("Basic {credentials}"))
        }
        // Its time is held against the system's clock.
        "generic" => {
            let now = jiff::Timestamp::now().as_second();
            let signer = standardwebhooks::Webhook::new(&key).expect("a secret");
            let signature = signer.sign("m", now, BODY.as_bytes()).expect("signed");
            sent.header("webhook-id", "m")
                .header("webhook-timestamp", &now.to_string())
                .header("webhook-signature", &signature)
        }
        _ => sent.header("authorization", &format!("Bearer {key}")),
    }
}

#[test]
fn every_secret_of_every_account_passes_and_no_other() {
    for provider in ALL {
        let name = provider.name();
        let keys = accounts(name);
        let event = provider.events()[0];
        for nth in 1..=4 {
            let sent = signed(name, event, nth);
            assert!(provider.verify(&keys, &sent.webhook()).is_ok(), "{name} {nth}");
            // The body is part of what is signed, where anything is.
            let changed = Sent { body: b"CallSid=2".to_vec(), ..sent };
            let covers = !matches!(name, "bandwidth" | "freeswitch" | "asterisk" | "kamailio");
            let verified = provider.verify(&keys, &changed.webhook());
            assert_eq!(verified.is_err(), covers, "{name} {nth}: another body");
        }
        let other = signed(name, event, 5);
        let refused = provider.verify(&keys, &other.webhook());
        assert_eq!(refused, Err(Unverified::BadSignature), "{name}");
    }
}

/// A key that is not set is no key: not even the empty one.
#[test]
fn an_empty_secret_opens_nothing() {
    for provider in ALL {
        let name = provider.name();
        let user = if name == "bandwidth" { "username = \"ringtrace\"" } else { "" };
        let empty: Telephony = toml::from_str(&format!("[[{name}]]\n{user}\n")).expect("accounts");
        let event = provider.events()[0];
        let sent = Sent::post(event, BODY).received(T);
        let forged = match name {
            "twilio" => {
                let signature = sha1_base64("", &format!("{}CallSid1", sent.url));
                sent.header("x-twilio-signature", &signature)
            }
            "signalwire" => {
                let signature = sha1_base64("", &format!("{}CallSid1", sent.url));
                sent.header("x-signalwire-signature", &signature)
            }
            "plivo" => {
                let signature = sha256_base64("", &format!("{}?CallSid1.17", sent.url));
                sent.header("x-plivo-signature-v3", &signature)
                    .header("x-plivo-signature-v3-nonce", "17")
            }
            "bandwidth" => sent.header("authorization", "Basic cmluZ3RyYWNlOg=="),
            _ => sent.header("authorization", "Bearer "),
        };
        let refused = provider.verify(&empty, &forged.webhook());
        assert_eq!(refused, Err(Unverified::BadSignature), "{name}");
    }
}
