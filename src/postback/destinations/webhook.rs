//! JSON with a Standard Webhooks signature, for CRMs and everything that can check one
//! (<https://github.com/standard-webhooks/standard-webhooks>).
//!
//! `webhook-id` is the postback's id and stays the same over all attempts; `webhook-timestamp` and
//! the signature are new with each.
//!
//! `conversion.created` tells of a conversion. When its call is attributed anew afterwards, `conversion.updated` tells
//! all of it as it is now, or `conversion.withdrawn` that it is none any more: with the same `data.id`, an id of the
//! message's own, and `data.reason`.

use std::collections::BTreeMap;

use ::url::Url;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

use super::BadDestination;
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;
use crate::postback::client::Request;
use crate::postback::model::{CorrectionKind, Postback};

/// Least bytes of a key (Standard Webhooks, signature scheme).
pub const LEAST_KEY: usize = 24;

/// Headers that the message itself needs.
const OWN_HEADERS: [&str; 8] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    HEADER_WEBHOOK_ID,
    HEADER_WEBHOOK_TIMESTAMP,
    HEADER_WEBHOOK_SIGNATURE,
];

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: &'a str,
    site: &'a str,
    call_id: String,
    conversion: &'a str,
    converted_at: String,
    call_started_at: String,
    talk_s: u32,
    status: &'a str,
    first_time: Option<bool>,
    source: &'a str,
    medium: &'a str,
    campaign: &'a str,
    term: &'a str,
    content: &'a str,
    landing_page: &'a str,
    click_ids: BTreeMap<&'a str, &'a str>,
    confidence: f64,
    value: Option<&'a str>,
    currency: &'a str,
    tracking_number: &'a str,
    country: &'a str,
    caller_hash: Option<&'a str>,
    ids: &'a BTreeMap<String, String>,
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Checks URL, secret and headers.
pub(super) fn check<'a>(
    url: &str,
    secret: &Secret,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), BadDestination> {
    parse_url(url)?;
    signer(secret)?;
    parse_headers(headers).map(|_| ())
}

/// The signed request of an attempt at `now`.
pub(super) fn prepare<'a>(
    url: &str,
    secret: &Secret,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    postback: &Postback,
    now: Millis,
) -> Result<Request, BadDestination> {
    let url = parse_url(url)?;
    let mut headers = parse_headers(headers)?;
    let body = message(postback);
    let timestamp = now.0.div_euclid(1000);
    let signature = signer(secret)?
        .sign(&postback.id, timestamp, body.as_bytes())
        .map_err(|_| BadDestination::Secret)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        (HEADER_WEBHOOK_ID, postback.id.clone()),
        (HEADER_WEBHOOK_TIMESTAMP, timestamp.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signature),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|_| BadDestination::Header {
            name: name.to_owned(),
            why: "cannot hold its value",
        })?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(Request { method: Method::POST, url, headers, body })
}

/// What signs with `secret` (`whsec_` and base64, with or without padding).
pub(super) fn signer(secret: &Secret) -> Result<Webhook, BadDestination> {
    let lenient = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text = secret.reveal().trim();
    let text = text.strip_prefix("whsec_").unwrap_or(text);
    let key = lenient.decode(text).map_err(|_| BadDestination::Secret)?;
    if key.len() < LEAST_KEY {
        return Err(BadDestination::Secret);
    }
    Webhook::from_bytes(key).map_err(|_| BadDestination::Secret)
}

fn parse_url(text: &str) -> Result<Url, BadDestination> {
    let url = Url::parse(text).map_err(|_| BadDestination::Url)?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable { Ok(url) } else { Err(BadDestination::Url) }
}

fn parse_headers<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<HeaderMap, BadDestination> {
    let mut parsed = HeaderMap::new();
    for (name, value) in headers {
        let bad = |why| BadDestination::Header { name: name.to_owned(), why };
        let known = HeaderName::try_from(name).map_err(|_| bad("is no header name"))?;
        if OWN_HEADERS.contains(&known.as_str()) {
            return Err(bad("is set by the message itself"));
        }
        let value = HeaderValue::try_from(value).map_err(|_| bad("has a value no header holds"))?;
        parsed.insert(known, value);
    }
    Ok(parsed)
}

fn message(postback: &Postback) -> String {
    let (facts, corrects) = (&postback.facts, postback.corrects.as_ref());
    let message = Message {
        kind: match corrects.map(|correction| correction.change) {
            None => "conversion.created",
            Some(CorrectionKind::Restated) => "conversion.updated",
            Some(CorrectionKind::Retracted) => "conversion.withdrawn",
        },
        timestamp: postback.converted_at.to_string(),
        data: Data {
            id: corrects.map_or(&postback.id, |correction| &correction.of),
            site: postback.site.as_str(),
            call_id: postback.call.to_string(),
            conversion: &postback.conversion,
            converted_at: postback.converted_at.to_string(),
            call_started_at: facts.call_started_at.to_string(),
            talk_s: facts.talk_s,
            status: &facts.status,
            first_time: facts.first_time,
            source: &facts.source,
            medium: &facts.medium,
            campaign: &facts.campaign,
            term: &facts.term,
            content: &facts.content,
            landing_page: &facts.landing_page,
            click_ids: facts.click_ids.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
            confidence: facts.confidence,
            value: facts.value.as_deref(),
            currency: &facts.currency,
            tracking_number: &facts.tracking_number,
            country: &facts.country,
            caller_hash: facts.caller_hash.as_deref(),
            ids: &facts.labels.ids,
            tags: &facts.labels.tags,
            reason: corrects.map(|correction| correction.because.as_str()),
        },
    };
    // Text keys and plain values: this cannot fail.
    serde_json::to_string(&message).unwrap_or_default()
}
