//! JSON with a Standard Webhooks signature, for CRMs and everything that can check one
//! (<https://github.com/standard-webhooks/standard-webhooks>).
//!
//! `webhook-id` (and `Idempotency-Key`, for those who know that one) is the postback's id and stays the same over all
//! attempts; `webhook-timestamp` and the signatures are new with each. While there are two secrets, there are two
//! signatures.
//!
//! `conversion.created` tells of a conversion. When its call is judged anew afterwards, `conversion.adjusted` tells all
//! of it as it is now, with `data.change` (`restated`, or `retracted` where it is none any more), the same `data.id`, an
//! id of the message's own, and `data.reason`. Calls and pools have messages of their own ([`crate::postback::events`]).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};

use super::answers::{Answered, by_status};
use super::mappings;
use super::shapes::absolute;
use super::{BadDestination, Batch, Platform, Takes, Traits};
use crate::call::answer::Target;
use crate::config::model::{Mapping, WebhookTarget};
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{CorrectionKind, RoutedFacts, Skip, SkipReason, is_event};
use crate::postback::told::Told;

/// Least bytes of a key (Standard Webhooks, signature scheme).
pub const LEAST_KEY: usize = 24;

/// Headers that the message itself needs.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "transfer-encoding",
    HEADER_WEBHOOK_ID,
    HEADER_WEBHOOK_TIMESTAMP,
    HEADER_WEBHOOK_SIGNATURE,
];

/// A webhook.
pub(super) struct Webhook<'a>(pub &'a WebhookTarget);

impl Platform for Webhook<'_> {
    fn traits(&self) -> Traits {
        let takes = match self.0.mapping {
            Mapping::None => Takes::Corrections,
            // Their records would be made a second time.
            Mapping::Hubspot | Mapping::Salesforce | Mapping::Pipedrive => Takes::Nothing,
        };
        let caller = self.0.caller;
        Traits { caller, takes, ..Traits::NO_AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        absolute(&self.0.url)?;
        self.signers()?;
        self.headers().map(|_| ())
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        match is_event(&told.postback.conversion) && self.0.mapping != Mapping::None {
            true => Err(Skip::new(
                SkipReason::RuleNotMet,
                "its mapping has words for conversions alone",
            )),
            false => Ok(()),
        }
    }

    fn row(&self, told: &Told<'_>) -> Value {
        let caller = told.person.caller.as_ref().filter(|_| self.0.caller);
        match self.0.mapping {
            Mapping::None => message(told, caller.map(ToString::to_string)),
            mapping => mappings::record(mapping, told, caller.map(ToString::to_string)),
        }
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let row = batch.rows.first().ok_or(BadDestination::Url)?;
        let url = absolute(&self.0.url)?;
        let body = row.body.to_string();
        let seconds = batch.now.0.div_euclid(1000);
        let signed = self.signers()?.into_iter().map(|signer| {
            signer.sign(&row.id, seconds, body.as_bytes()).map_err(|_| BadDestination::Secret)
        });
        let signatures = signed.collect::<Result<Vec<String>, _>>()?.join(" ");
        let mut headers = self.headers()?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            (HEADER_WEBHOOK_ID, row.id.clone()),
            ("idempotency-key", row.id.clone()),
            (HEADER_WEBHOOK_TIMESTAMP, seconds.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signatures),
        ] {
            let value = HeaderValue::from_str(&value).map_err(|_| BadDestination::Header {
                name: name.to_owned(),
                why: "cannot hold its value",
            })?;
            headers.insert(HeaderName::from_static(name), value);
        }
        // What leads to a webhook is often a secret itself.
        let shown = Some(format!("{}/[…]", url.origin().ascii_serialization()));
        Ok(Request { method: Method::POST, url, headers, body, hidden: Vec::new(), shown })
    }

    /// 410 tells that nobody lives there any more (Standard Webhooks); for records of a CRM, 409 that it is there already.
    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        match answer.status {
            410 => Answered::Gone,
            409 if self.0.mapping != Mapping::None => Answered::delivered(),
            _ => by_status(answer, ""),
        }
    }
}

impl Webhook<'_> {
    fn signers(&self) -> Result<Vec<Signer>, BadDestination> {
        let given = |secret: &&Secret| !secret.is_empty();
        // A CRM knows who we are by a header.
        let needed = self.0.mapping == Mapping::None;
        let first = [&self.0.secret].into_iter().filter(|secret| needed || given(secret));
        let second = [&self.0.second_secret].into_iter().filter(given);
        first.chain(second).map(signer).collect()
    }

    fn headers(&self) -> Result<HeaderMap, BadDestination> {
        let mut parsed = HeaderMap::new();
        for (name, value) in &self.0.headers {
            let bad = |why| BadDestination::Header { name: name.clone(), why };
            let known = HeaderName::try_from(name).map_err(|_| bad("is no header name"))?;
            if OWN_HEADERS.contains(&known.as_str()) {
                return Err(bad("is set by the message itself"));
            }
            let value = HeaderValue::try_from(value.reveal())
                .map_err(|_| bad("has a value no header holds"))?;
            parsed.insert(known, value);
        }
        Ok(parsed)
    }
}

/// What signs with `secret` (`whsec_` and base64, with or without padding).
pub(super) fn signer(secret: &Secret) -> Result<Signer, BadDestination> {
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
    Signer::from_bytes(key).map_err(|_| BadDestination::Secret)
}

/// What routing decided, in the words of `GET /v1/calls/{id}`.
fn routed(routed: &RoutedFacts) -> Value {
    let target = |target: &Target| {
        let kind = match target {
            Target::Phone(_) => "phone",
            Target::Sip(_) => "sip",
        };
        json!({ "kind": kind, "to": target.as_str() })
    };
    json!({
        "step": routed.step,
        "action": routed.action,
        "why": routed.why,
        "rule": routed.rule,
        "route": routed.route,
        "targets": routed.targets.iter().map(target).collect::<Vec<_>>(),
        "in_turn": routed.in_turn,
    })
}

/// The message that tells of `told`; with the caller's number where the site wants it told.
fn message(told: &Told<'_>, caller: Option<String>) -> Value {
    let (postback, facts) = (told.postback, told.facts());
    let corrects = postback.corrects.as_ref();
    let change = corrects.map(|correction| correction.change);
    let kind = match (is_event(&postback.conversion), change) {
        (true, _) => postback.conversion.as_str(),
        (false, None) => "conversion.created",
        (false, Some(_)) => "conversion.adjusted",
    };
    let mut data = json!({
        "id": corrects.map_or(&postback.id, |correction| &correction.of),
        "site": postback.site,
        "call_id": postback.call.to_string(),
        "call_started_at": facts.call_started_at.to_string(),
        "talk_s": facts.talk_s,
        "status": facts.status,
        "first_time": facts.first_time,
        "source": facts.source,
        "medium": facts.medium,
        "campaign": facts.campaign,
        "term": facts.term,
        "content": facts.content,
        "channel": facts.channel,
        "landing_page": facts.landing_page,
        "click_ids": told.click_ids().map(|(k, v)| (k.to_owned(), v.into())).collect::<Map<_, _>>(),
        "confidence": facts.confidence,
        "tracking_number": facts.tracking_number,
        "country": facts.country,
        "caller_hash": facts.caller_hash,
        "disposition": facts.disposition,
        "lead_score": facts.score,
        "ids": facts.labels.ids,
        "tags": facts.labels.tags,
    });
    if !told.person.analytics {
        data["ids"] = json!({});
    }
    if let Some(caller) = caller {
        data["caller"] = caller.into();
    }
    if let Some(routed) = &facts.routed {
        data["routed"] = self::routed(routed);
    }
    if !facts.pool.is_empty() {
        data = json!({ "id": postback.id, "site": postback.site, "pool": facts.pool });
    } else if !is_event(&postback.conversion) {
        data["conversion"] = json!(postback.conversion);
        data["converted_at"] = postback.converted_at.to_string().into();
        data["value"] = json!(facts.value);
        data["currency"] = json!(facts.currency);
    }
    if let Some(correction) = corrects {
        data["reason"] = json!(correction.because);
        data["change"] = json!(match correction.change {
            CorrectionKind::Restated => "restated",
            CorrectionKind::Retracted => "retracted",
        });
    }
    json!({ "type": kind, "timestamp": postback.converted_at.to_string(), "data": data })
}
