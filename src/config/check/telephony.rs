//! Telephony providers: every account needs what its webhooks are believed by.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::complaint::Complaints;
use crate::config::model::Telephony;
use crate::platform::secret::Secret;

/// Shortest token of a server of your own, in characters: nobody should guess it.
const SHORTEST_TOKEN: usize = 16;

pub(super) fn check(path: &str, telephony: &Telephony, out: &mut Complaints) {
    let path = format!("{path}.telephony");
    if telephony.is_empty() {
        out.warning(&path, "no provider may tell of a call");
    }
    for (path, twilio) in accounts(&path, "twilio", &telephony.twilio) {
        let without_key = twilio.shared_key.is_empty() && twilio.second_shared_key.is_empty();
        if without_key {
            needed(&path, "auth_token", &twilio.auth_token, out);
        }
        if !twilio.account.is_empty() && !is_account_sid(&twilio.account) {
            out.error(format!("{path}.account"), "expected AC and 32 hexadecimal digits");
        }
    }
    for (path, signalwire) in accounts(&path, "signalwire", &telephony.signalwire) {
        needed(&path, "signing_key", &signalwire.signing_key, out);
    }
    for (path, telnyx) in accounts(&path, "telnyx", &telephony.telnyx) {
        public_key(&format!("{path}.public_key"), &telnyx.public_key, out);
        if !telnyx.second_public_key.is_empty() {
            public_key(&format!("{path}.second_public_key"), &telnyx.second_public_key, out);
        }
        if telnyx.voice_api && telnyx.api_key.is_empty() {
            let message = "it is missing: calls of the Voice API are told what to do by commands";
            out.error(format!("{path}.api_key"), message);
        }
        if telnyx.voice_api && !telnyx.fallback_url.is_empty() {
            let message = "with `voice_api` Telnyx asks for no document: nothing takes calls when we do not answer";
            out.warning(format!("{path}.fallback_url"), message);
        }
    }
    for (path, plivo) in accounts(&path, "plivo", &telephony.plivo) {
        needed(&path, "auth_token", &plivo.auth_token, out);
    }
    for (path, vonage) in accounts(&path, "vonage", &telephony.vonage) {
        needed(&path, "signature_secret", &vonage.signature_secret, out);
    }
    for (path, bandwidth) in accounts(&path, "bandwidth", &telephony.bandwidth) {
        needed(&path, "password", &bandwidth.password, out);
        if bandwidth.username.is_empty() || bandwidth.username.contains(':') {
            out.error(format!("{path}.username"), "expected a name without a colon");
        }
    }
    let servers = [
        ("freeswitch", &telephony.freeswitch),
        ("asterisk", &telephony.asterisk),
        ("kamailio", &telephony.kamailio),
    ];
    for (name, servers) in servers {
        for (path, server) in accounts(&path, name, servers) {
            needed(&path, "token", &server.token, out);
            for (key, token) in [("token", &server.token), ("second_token", &server.second_token)] {
                if !token.is_empty() && token.reveal().len() < SHORTEST_TOKEN {
                    let message = format!(
                        "it is short enough to guess; at least {SHORTEST_TOKEN} characters"
                    );
                    out.error(format!("{path}.{key}"), message);
                }
            }
        }
    }
    for (path, generic) in accounts(&path, "generic", &telephony.generic) {
        signing_secret(&format!("{path}.secret"), &generic.secret, out);
        if !generic.second_secret.is_empty() {
            signing_secret(&format!("{path}.second_secret"), &generic.second_secret, out);
        }
    }
}

/// Each account with its path; a single one is written as a table, without an index.
pub(super) fn accounts<'a, T>(
    path: &str,
    provider: &str,
    accounts: &'a [T],
) -> impl Iterator<Item = (String, &'a T)> {
    let path = format!("{path}.{provider}");
    let single = accounts.len() == 1;
    accounts.iter().enumerate().map(move |(i, account)| {
        (if single { path.clone() } else { format!("{path}[{i}]") }, account)
    })
}

fn needed(path: &str, key: &str, secret: &Secret, out: &mut Complaints) {
    if secret.is_empty() {
        let message =
            format!("it is missing: without it no webhook can be believed; set it or {key}_file");
        out.error(format!("{path}.{key}"), message);
    }
}

fn is_account_sid(text: &str) -> bool {
    let digits = text.strip_prefix("AC").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn public_key(path: &str, key: &str, out: &mut Complaints) {
    let bytes = STANDARD.decode(key).ok();
    let key = bytes.as_deref().and_then(|bytes| ed25519_dalek::VerifyingKey::try_from(bytes).ok());
    if key.is_none() {
        out.error(path, "expected the account's public key: base64 of 32 bytes");
    }
}

/// Complains unless `secret` is one of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.
pub(super) fn signing_secret(path: &str, secret: &Secret, out: &mut Complaints) {
    if secret.is_empty() {
        out.error(path, "it is missing: set it or the key with `_file` at its end");
        return;
    }
    let decoded =
        secret.reveal().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    if !decoded.is_some_and(|bytes| (24..=64).contains(&bytes.len())) {
        out.error(path, "expected whsec_ and 24 to 64 bytes in base64");
    }
}
