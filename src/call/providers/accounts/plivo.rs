//! Plivo's accounts: an application holds the webhooks of its numbers.

use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::call::model::DialOutcome;
use crate::call::providers::accounts::AccountApi;
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Body, Hooks, Leg, Listed, OwnedNumber, Route, Window,
};
use crate::call::providers::accounts::past::second;
use crate::call::providers::json::Tree;
use crate::call::providers::{Unreadable, bounds, outcome, time};
use crate::config::model::Telephony;
use crate::platform::clock::Millis;

/// Where the API is.
const BASE: &str = "https://api.plivo.com/v1/Account";

/// Plivo.
pub struct Plivo;

fn url(access: &Access, path: &str) -> Result<Url, Unreadable> {
    access.url(&format!("/{}/{path}", access.account))
}

impl AccountApi for Plivo {
    fn name(&self) -> &'static str {
        "plivo"
    }

    fn accesses(&self, telephony: &Telephony) -> Vec<Access> {
        let known = telephony.plivo.iter();
        let known = known.filter(|one| !one.account.is_empty() && !one.auth_token.is_empty());
        let access = known.map(|one| Access {
            account: one.account.clone(),
            base: one.api_base.clone().unwrap_or_else(|| BASE.to_owned()),
            user: one.account.clone(),
            secret: one.auth_token.clone(),
            application: one.application.clone(),
            fallback_url: one.fallback_url.clone(),
            ..Access::default()
        });
        access.collect()
    }

    fn numbers(&self, access: &Access) -> Result<ApiRequest, Unreadable> {
        Ok(ApiRequest::get(url(access, "Number/?limit=20&offset=0")?, access.basic()))
    }

    fn read_numbers(&self, asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let rows = tree.list("/objects")?;
        let items = rows.iter().filter_map(|row| {
            let id = row.text("/number");
            // `/v1/Account/<account>/Application/<id>/`
            let application = row.text("/application");
            let application = application.trim_end_matches('/').rsplit('/').next();
            Some(OwnedNumber {
                number: bounds::with_plus(id.trim_start_matches('+')).parse().ok()?,
                id,
                route: Route::Application(application.unwrap_or_default().to_owned()),
                sms: row.text("/sms_enabled") == "true",
            })
        });
        Ok(Listed { items: items.collect(), next: next(asked, &tree)? })
    }

    fn application(&self, access: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        if access.application.is_empty() {
            return Ok(None);
        }
        let url = url(access, &format!("Application/{}/", access.application))?;
        Ok(Some(ApiRequest::get(url, access.basic())))
    }

    fn read_application(&self, asked: &Asked<'_>) -> Result<Hooks, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        Ok(Hooks {
            voice: tree.text("/answer_url"),
            status: tree.text("/hangup_url"),
            fallback: tree.text("/fallback_answer_url"),
        })
    }

    fn set_application(
        &self,
        access: &Access,
        hooks: &Hooks,
        _: &str,
    ) -> Result<ApiRequest, Unreadable> {
        let url = url(access, &format!("Application/{}/", access.application))?;
        let mut settings = json!({
            "answer_url": hooks.voice, "answer_method": "POST",
            "hangup_url": hooks.status, "hangup_method": "POST",
        });
        if !hooks.fallback.is_empty() {
            settings["fallback_answer_url"] = json!(hooks.fallback);
            settings["fallback_method"] = json!("GET");
        }
        Ok(ApiRequest::send(Method::POST, url, access.basic(), Body::Json(settings)))
    }

    fn set_number(
        &self,
        access: &Access,
        number: &OwnedNumber,
        _: &Hooks,
    ) -> Result<ApiRequest, Unreadable> {
        let url = url(access, &format!("Number/{}/", number.id))?;
        let settings = json!({ "app_id": access.application });
        Ok(ApiRequest::send(Method::POST, url, access.basic(), Body::Json(settings)))
    }

    /// By their ends: a call that lasts has none, and is not listed.
    fn calls(&self, access: &Access, window: Window, _: Millis) -> Result<ApiRequest, Unreadable> {
        let mut url = url(access, "Call/")?;
        url.query_pairs_mut()
            .append_pair("end_time__gte", &second(window.from))
            .append_pair("limit", "20")
            .append_pair("offset", "0");
        Ok(ApiRequest::get(url, access.basic()))
    }

    fn read_calls(&self, asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let items = tree.list("/objects")?.iter().map(leg).collect();
        Ok(Listed { items, next: next(asked, &tree)? })
    }
}

fn leg(row: &Tree) -> Leg {
    let (id, parent) = (row.text("/call_uuid"), row.text("/parent_call_uuid"));
    let told = row.first(&["/call_state", "/hangup_cause_name"]);
    let ended_at = time::moment(&row.text("/end_time"));
    let answered_at = time::moment(&row.text("/answer_time"));
    let outcome = ended_at.and(outcome::of(&told).or(answered_at.map(|_| DialOutcome::Answered)));
    let answered = outcome == Some(DialOutcome::Answered);
    Leg {
        call: if parent.is_empty() { id.clone() } else { parent.clone() },
        id,
        inbound: row.text("/call_direction") == "inbound" && parent.is_empty(),
        from: bounds::with_plus(&row.text("/from_number")),
        name: row.text("/caller_name"),
        to: bounds::with_plus(&row.text("/to_number")),
        forwarded_from: String::new(),
        started_at: time::moment(&row.text("/initiation_time")),
        answered_at: answered_at.filter(|_| answered),
        ended_at,
        talk_s: row.seconds("/call_duration").filter(|_| answered),
        outcome,
    }
}

/// The next page is a path of the same host.
fn next(asked: &Asked<'_>, tree: &Tree) -> Result<Option<Url>, Unreadable> {
    let told = tree.text("/meta/next");
    if told.is_empty() {
        return Ok(None);
    }
    let joined = asked.url.join(&told);
    joined.map(Some).map_err(|_| Unreadable("its next page has no address".to_owned()))
}
