//! Signs webhooks as each provider does, for the address the world knows.

use std::collections::BTreeSet;

use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::world::{GENERIC_SECRET, PUBLIC_URL, T, TOKEN, World, encoded, twilio_signature};

/// A webhook before it is signed.
#[derive(Clone)]
pub struct Unsigned {
    pub provider: &'static str,
    pub event: &'static str,
    /// With its `?`.
    pub query: String,
    pub body: Vec<u8>,
    pub is_get: bool,
    /// The token's id, where it has one.
    pub once: String,
}

impl Unsigned {
    pub fn post(provider: &'static str, event: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let (query, once) = (String::new(), "05429567804466091622".to_owned());
        Unsigned { provider, event, query, body: body.into(), is_get: false, once }
    }

    pub fn form(provider: &'static str, event: &'static str, form: &[(&str, &str)]) -> Self {
        Unsigned::post(provider, event, encoded(form))
    }

    pub fn path(&self, world: &World) -> String {
        format!("/v1/telephony/{}/{}/{}{}", self.provider, world.site, self.event, self.query)
    }

    /// The request without any signature.
    pub fn request(&self, world: &World) -> TestRequest {
        let request = if self.is_get { TestRequest::get() } else { TestRequest::post() };
        request.uri(&self.path(world)).set_payload(self.body.clone())
    }

    /// The request as the provider signs it.
    pub fn signed(&self, world: &World) -> TestRequest {
        let request = self.request(world);
        let url = format!("{PUBLIC_URL}{}", self.path(world));
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(&self.body).into_owned().collect();
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let form = if self.is_get { &[][..] } else { &form[..] };
        match self.provider {
            "twilio" => {
                let distinct: BTreeSet<(&str, &str)> = form.iter().copied().collect();
                let form: Vec<_> = distinct.into_iter().collect();
                request.insert_header(("x-twilio-signature", twilio_signature(TOKEN, &url, &form)))
            }
            "signalwire" => {
                let signature = signalwire_signature(&url, form);
                request.insert_header(("x-signalwire-signature", signature))
            }
            "telnyx" => self.telnyx(request),
            "plivo" => request
                .insert_header(("x-plivo-signature-v3", plivo_signature(&url, form, &self.once)))
                .insert_header(("x-plivo-signature-v3-nonce", self.once.as_str())),
            "vonage" => self.vonage(request),
            "bandwidth" => {
                let credentials = STANDARD.encode(format!("ringtrace:{TOKEN}"));
                request.insert_header(("authorization", format!("Basic {credentials}")))
            }
            "generic" => self.generic(request),
            _ => request.insert_header(("authorization", format!("Bearer {TOKEN}"))),
        }
    }

    /// Its time is held against the system's clock.
    fn generic(&self, request: TestRequest) -> TestRequest {
        let now = jiff::Timestamp::now().as_second();
        let key = GENERIC_SECRET.trim_start_matches("whsec_");
        let key = STANDARD.decode(key).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key");
        mac.update(format!("{}.{now}.", self.once).as_bytes());
        mac.update(&self.body);
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        request
            .insert_header(("webhook-id", self.once.as_str()))
            .insert_header(("webhook-timestamp", now.to_string()))
            .insert_header(("webhook-signature", signature))
    }

    fn telnyx(&self, request: TestRequest) -> TestRequest {
        let seed: [u8; 32] = std::array::from_fn(|i| i as u8);
        let stamp = (T / 1000).to_string();
        let message = [stamp.as_bytes(), b"|", &self.body].concat();
        let signature = SigningKey::from_bytes(&seed).sign(&message).to_bytes();
        request
            .insert_header(("telnyx-timestamp", stamp))
            .insert_header(("telnyx-signature-ed25519", STANDARD.encode(signature)))
    }

    fn vonage(&self, request: TestRequest) -> TestRequest {
        let mut claims = json!({"iat": T / 1000, "jti": self.once, "iss": "Vonage"});
        if !self.is_get {
            claims["payload_hash"] = json!(hex::encode(Sha256::digest(&self.body)));
        }
        let key = EncodingKey::from_secret(TOKEN.as_bytes());
        let token = encode(&Header::new(Algorithm::HS256), &claims, &key).expect("signed");
        request.insert_header(("authorization", format!("Bearer {token}")))
    }
}

/// Names in order, values of one name as they were sent.
fn signalwire_signature(url: &str, form: &[(&str, &str)]) -> String {
    let mut form = form.to_vec();
    form.sort_by_key(|(name, _)| *name);
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).expect("any key");
    mac.update(url.as_bytes());
    for (name, value) in form {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Plivo's third version for an address without a query or with one `name=value` that needs no decoding.
fn plivo_signature(url: &str, form: &[(&str, &str)], nonce: &str) -> String {
    let mut form = form.to_vec();
    form.sort();
    let fields: String = form.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let text = match (url.contains('?'), fields.is_empty()) {
        (_, true) => format!("{url}.{nonce}"),
        (true, false) => format!("{url}.{fields}.{nonce}"),
        (false, false) => format!("{url}?{fields}.{nonce}"),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A new call, as each provider tells of it.
pub fn new_calls() -> Vec<(Unsigned, &'static str)> {
    let twiml = [("CallSid", "id-1"), ("From", "+14155550100"), ("To", "+14155550199")];
    let plivo = [("CallUUID", "id-1"), ("From", "14155550100"), ("To", "14155550199")];
    let plain = [("call", "id-1"), ("from", "+14155550100"), ("to", "+14155550199")];
    let httapi = [
        ("session_id", "id-1"),
        ("Caller-Caller-ID-Number", "+14155550100"),
        ("Caller-Destination-Number", "+14155550199"),
    ];
    let vonage = json!({"conversation_uuid": "id-1", "from": "14155550100", "to": "14155550199"});
    let bandwidth = json!({"eventType": "initiate", "callId": "id-1", "from": "+14155550100",
        "to": "+14155550199", "startTime": "2026-01-02T03:04:05Z"});
    let xml = "text/xml; charset=utf-8";
    vec![
        (Unsigned::form("twilio", "voice", &twiml), xml),
        (Unsigned::form("signalwire", "voice", &twiml), xml),
        (Unsigned::form("telnyx", "voice", &twiml), xml),
        (Unsigned::form("plivo", "voice", &plivo), "application/xml"),
        (Unsigned::post("vonage", "voice", vonage.to_string()), "application/json"),
        (Unsigned::post("bandwidth", "voice", bandwidth.to_string()), "application/xml"),
        (Unsigned::form("freeswitch", "voice", &httapi), xml),
        (Unsigned::form("asterisk", "voice", &plain), "application/x-www-form-urlencoded"),
        (Unsigned::form("kamailio", "voice", &plain), "application/json"),
    ]
}
