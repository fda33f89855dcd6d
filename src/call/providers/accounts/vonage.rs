//! Vonage's accounts: an application holds the webhooks of its numbers. Numbers and applications are asked
//! for with key and secret, calls with a token that the application's private key signs.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::call::model::DialOutcome;
use crate::call::providers::accounts::AccountApi;
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Auth, Body, Hooks, Leg, Listed, OwnedNumber, Route, Window,
};
use crate::call::providers::accounts::past::{number_in, rfc3339, with_parameter};
use crate::call::providers::json::Tree;
use crate::call::providers::{Unreadable, bounds, outcome, time};
use crate::config::model::Telephony;
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;

/// Where applications and calls are.
const BASE: &str = "https://api.nexmo.com";
/// Where numbers are.
const REST_BASE: &str = "https://rest.nexmo.com";
/// Rows of a page: the most that it gives.
const PAGE: usize = 100;
/// Seconds that a token may be used; at most 15 minutes.
const TOKEN_S: i64 = 600;

/// Vonage.
pub struct Vonage;

fn application_url(access: &Access) -> Result<Url, Unreadable> {
    access.url(&format!("/v2/applications/{}", access.application))
}

impl AccountApi for Vonage {
    fn name(&self) -> &'static str {
        "vonage"
    }

    fn accesses(&self, telephony: &Telephony) -> Vec<Access> {
        let known = telephony.vonage.iter();
        let known = known.filter(|one| !one.api_key.is_empty() && !one.api_secret.is_empty());
        let access = known.map(|one| Access {
            account: one.api_key.clone(),
            base: one.api_base.clone().unwrap_or_else(|| BASE.to_owned()),
            second_base: one.rest_base.clone().unwrap_or_else(|| REST_BASE.to_owned()),
            user: one.api_key.clone(),
            secret: one.api_secret.clone(),
            private_key: one.private_key.clone(),
            application: one.application_id.clone(),
            fallback_url: one.fallback_url.clone(),
            ..Access::default()
        });
        access.collect()
    }

    fn numbers(&self, access: &Access) -> Result<ApiRequest, Unreadable> {
        let url = access.second_url(&format!("/account/numbers?size={PAGE}&index=1"))?;
        Ok(ApiRequest::get(url, access.basic()))
    }

    fn read_numbers(&self, asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let index = number_in(asked.url, "index").unwrap_or(1);
        let more = tree.seconds("/count").is_some_and(|count| index * PAGE < count as usize);
        // An account without numbers answers an empty object.
        let rows = if tree.has("/numbers") { tree.list("/numbers")? } else { Vec::new() };
        let items = rows.iter().filter_map(|row| {
            let digits = row.text("/msisdn");
            Some(OwnedNumber {
                number: bounds::with_plus(&digits).parse().ok()?,
                id: format!("{}/{digits}", row.text("/country")),
                route: Route::Application(row.text("/app_id")),
                sms: row.texts("/features").iter().any(|feature| feature == "SMS"),
            })
        });
        let items: Vec<_> = items.collect();
        let next = (index + 1).to_string();
        let next = more.then(|| with_parameter(asked.url, "index", &next));
        Ok(Listed { items, next })
    }

    fn application(&self, access: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        if access.application.is_empty() {
            return Ok(None);
        }
        Ok(Some(ApiRequest::get(application_url(access)?, access.basic())))
    }

    fn read_application(&self, asked: &Asked<'_>) -> Result<Hooks, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let hook = |name: &str| tree.text(&format!("/capabilities/voice/webhooks/{name}/address"));
        Ok(Hooks {
            voice: hook("answer_url"),
            status: hook("event_url"),
            fallback: hook("fallback_answer_url"),
        })
    }

    /// An update replaces the application: everything else is sent back as it was.
    fn set_application(
        &self,
        access: &Access,
        hooks: &Hooks,
        now: &str,
    ) -> Result<ApiRequest, Unreadable> {
        let unreadable = |_| Unreadable("the application's settings are no JSON".to_owned());
        let now: Value = serde_json::from_str(now).map_err(unreadable)?;
        let mut settings = json!({ "name": now["name"], "capabilities": now["capabilities"] });
        for kept in ["keys", "privacy"] {
            if let Some(value) = now.get(kept).filter(|value| value.is_object()) {
                settings[kept] = value.clone();
            }
        }
        let hook =
            |address: &str, method: &str| json!({ "address": address, "http_method": method });
        if !settings["capabilities"]["voice"]["webhooks"].is_object() {
            settings["capabilities"] = object_or_empty(&settings["capabilities"]);
            settings["capabilities"]["voice"] = object_or_empty(&settings["capabilities"]["voice"]);
            settings["capabilities"]["voice"]["webhooks"] = json!({});
        }
        let webhooks = &mut settings["capabilities"]["voice"]["webhooks"];
        webhooks["answer_url"] = hook(&hooks.voice, "POST");
        webhooks["event_url"] = hook(&hooks.status, "POST");
        if !hooks.fallback.is_empty() {
            webhooks["fallback_answer_url"] = hook(&hooks.fallback, "GET");
        }
        let url = application_url(access)?;
        Ok(ApiRequest::send(Method::PUT, url, access.basic(), Body::Json(settings)))
    }

    fn set_number(
        &self,
        access: &Access,
        number: &OwnedNumber,
        _: &Hooks,
    ) -> Result<ApiRequest, Unreadable> {
        let (country, digits) = number.id.split_once('/').unwrap_or(("", &number.id));
        let form = vec![
            ("country", country.to_owned()),
            ("msisdn", digits.to_owned()),
            ("app_id", access.application.clone()),
        ];
        let url = access.second_url("/number/update")?;
        Ok(ApiRequest::send(Method::POST, url, access.basic(), Body::Form(form)))
    }

    fn calls(
        &self,
        access: &Access,
        window: Window,
        now: Millis,
    ) -> Result<ApiRequest, Unreadable> {
        let mut url = access.url("/v1/calls")?;
        url.query_pairs_mut()
            .append_pair("date_start", &rfc3339(window.from))
            .append_pair("date_end", &rfc3339(window.to))
            .append_pair("page_size", &PAGE.to_string())
            .append_pair("record_index", "0");
        Ok(ApiRequest::get(url, Auth::Bearer(token(access, now)?)))
    }

    fn read_calls(&self, asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let rows = tree.list("/_embedded/calls")?;
        let index = number_in(asked.url, "record_index").unwrap_or(0) + rows.len();
        let more = tree.seconds("/count").is_some_and(|count| index < count as usize);
        let next = (more && !rows.is_empty())
            .then(|| with_parameter(asked.url, "record_index", &index.to_string()));
        Ok(Listed { items: rows.iter().map(leg).collect(), next })
    }
}

fn object_or_empty(value: &Value) -> Value {
    if value.is_object() { value.clone() } else { json!({}) }
}

fn leg(row: &Tree) -> Leg {
    let word = row.text("/status");
    let over = !matches!(
        word.as_str(),
        "started" | "ringing" | "answered" | "machine" | "human" | "record" | "input"
    );
    let outcome = outcome::of(&word).filter(|_| over);
    let answered = outcome == Some(DialOutcome::Answered);
    let number = |who: &str| bounds::with_plus(&row.first(&[&format!("/{who}/number"), who]));
    Leg {
        call: row.text("/conversation_uuid"),
        id: row.text("/uuid"),
        inbound: row.text("/direction") == "inbound",
        from: number("from"),
        name: String::new(),
        to: number("to"),
        forwarded_from: String::new(),
        started_at: time::moment(&row.text("/start_time")),
        answered_at: None,
        ended_at: time::moment(&row.text("/end_time")),
        talk_s: row.seconds("/duration").filter(|_| answered),
        outcome,
    }
}

/// A token of the application (RS256), as the calls' API wants it.
fn token(access: &Access, now: Millis) -> Result<Secret, Unreadable> {
    let refused = |why: &str| Unreadable(format!("the list of calls {why}"));
    if access.application.is_empty() || access.private_key.is_empty() {
        return Err(refused("needs `application_id` and `private_key`"));
    }
    let key = EncodingKey::from_rsa_pem(access.private_key.reveal().as_bytes())
        .map_err(|_| refused("needs a private key in PEM"))?;
    let issued = now.0 / 1000;
    let claims = json!({
        "application_id": access.application, "iat": issued, "exp": issued + TOKEN_S,
        "jti": Uuid::new_v4().to_string(),
    });
    let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key);
    token.map(Secret::new).map_err(|_| refused("needs a token that cannot be signed"))
}
