//! Who calls, as every provider tells it.

use serde_json::json;

use super::Sent;
use crate::call::attestation::{Attestation, Level};
use crate::call::model::CallEvent;
use crate::call::providers::ALL;
use crate::call::tests::site;

/// A new call from `from`, and what the provider tells of STIR/SHAKEN in `attested`.
fn new_call(provider: &str, from: &str, attested: &[(&str, &str)]) -> CallEvent {
    let form = |id, called, fields: [&str; 2]| {
        let base = [(id, "1"), (fields[0], from), (fields[1], called)];
        Sent::form("voice", &[&base[..], attested].concat())
    };
    let object = |mut value: serde_json::Value| {
        for (name, told) in attested {
            value[*name] = serde_json::from_str(told).unwrap_or_else(|_| json!(told));
        }
        value.to_string()
    };
    let called = "+14155550199";
    let sent = match provider {
        "twilio" | "signalwire" | "telnyx" => form("CallSid", called, ["From", "To"]),
        "plivo" => form("CallUUID", "14155550199", ["From", "To"]),
        "freeswitch" => {
            form("session_id", called, ["Caller-Caller-ID-Number", "Caller-Destination-Number"])
        }
        "asterisk" | "kamailio" => form("call", called, ["from", "to"]),
        "vonage" => {
            let call = json!({"conversation_uuid": "1", "from": from, "to": "14155550199"});
            Sent::post("voice", object(call))
        }
        "bandwidth" => {
            let call = json!({"eventType": "initiate", "callId": "1", "from": from, "to": called});
            Sent::post("voice", object(call))
        }
        _ => {
            let call = json!({"event": "received", "call_id": "1", "from": from, "to": called});
            Sent::post("event", object(call))
        }
    };
    let provider = crate::call::providers::by_name(provider).expect("a provider");
    let mut understood = provider.understand(&site(), &sent.webhook()).expect("readable");
    understood.events.remove(0)
}

#[test]
fn whoever_withholds_the_number_is_nobody_to_every_provider() {
    let nobody = "anonymous Anonymous ANONYMOUS Restricted restricted Private Unavailable unknown Unknown blocked \
        +266696687 266696687 +7378742833 7378742833 +2562533 2562533 +8656696 8656696 +86282452253 86282452253 \
        sip:anonymous@anonymous.invalid +10000000000 0";
    for provider in ALL {
        let name = provider.name();
        for from in nobody.split_whitespace().chain(["", " ", "Private Number"]) {
            let event = new_call(name, from, &[]);
            assert_eq!(event.from.number, None, "{name} {from:?}");
            assert_eq!(
                (event.from.country.as_str(), event.from.name.as_str()),
                ("", ""),
                "{name} {from:?}"
            );
            assert_eq!(event.to, "+14155550199".parse().ok(), "{name} {from:?}");
        }
    }
}

#[test]
fn a_number_is_the_same_in_every_form_of_every_provider() {
    for provider in ALL {
        let name = provider.name();
        for from in
            ["+14155550100", "14155550100", "sip:+14155550100@carrier.example", "tel:+14155550100"]
        {
            let event = new_call(name, from, &[]);
            assert_eq!(event.from.number, "+14155550100".parse().ok(), "{name} {from}");
            assert_eq!(event.from.country, "US", "{name} {from}");
        }
    }
}

#[test]
fn what_the_network_vouches_for_comes_to_one_form() {
    let is = |validated, level| Some(Attestation { validated, level });
    let a = is(true, Some(Level::A));
    for (provider, told, expected) in [
        ("twilio", &[("StirVerstat", "TN-Validation-Passed-A")][..], a),
        ("twilio", &[("StirVerstat", "TN-Validation-Passed-A-Diverted")], a),
        ("twilio", &[("StirVerstat", "TN-Validation-Failed-B")], is(false, Some(Level::B))),
        ("twilio", &[("StirVerstat", "No-TN-Validation")], None),
        ("signalwire", &[("StirVerstat", "TN-Validation-Passed-C")], is(true, Some(Level::C))),
        ("telnyx", &[("ShakenStirAttestation", "A"), ("ShakenStirValidated", "true")], a),
        ("telnyx", &[("ShakenStirValidated", "false")], is(false, None)),
        ("plivo", &[("STIRVerification", "Verified"), ("STIRAttestation", "A")], a),
        ("plivo", &[("STIRVerification", "Verified")], a),
        (
            "plivo",
            &[("STIRVerification", "Not Verified"), ("STIRAttestation", "B")],
            is(false, Some(Level::B)),
        ),
        ("plivo", &[("STIRVerification", "Not Applicable")], None),
        (
            "bandwidth",
            &[("stirShaken", r#"{"verstat":"TN-Verification-Passed","attestationIndicator":"A"}"#)],
            a,
        ),
        (
            "bandwidth",
            &[("stirShaken", r#"{"verstat":"TN-Validation-Failed","attestationIndicator":"C"}"#)],
            is(false, Some(Level::C)),
        ),
        ("asterisk", &[("att", "A"), ("verstat", "passed")], a),
        ("kamailio", &[("verstat", "TN-Validation-Passed"), ("att", "a")], a),
        ("generic", &[("verstat", "true"), ("attestation", "A")], a),
        ("vonage", &[], None),
    ] {
        let event = new_call(provider, "+14155550100", told);
        assert_eq!(event.from.attestation, expected, "{provider} {told:?}");
    }
}
