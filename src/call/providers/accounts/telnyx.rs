//! Telnyx' accounts: an application holds the webhooks of its numbers, one of TeXML or, where calls are told what to
//! do by commands, one of the Voice API (names and fields as Telnyx' own package for Python 4.189.0 has them).

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::call::providers::Unreadable;
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Auth, Body, Hooks, Leg, Listed, OwnedNumber, Route, Window,
};
use crate::call::providers::accounts::past::with_parameter;
use crate::call::providers::accounts::{AccountApi, laml};
use crate::call::providers::json::Tree;
use crate::config::model::Telephony;
use crate::platform::clock::Millis;

/// Where the API is.
pub const BASE: &str = "https://api.telnyx.com/v2";

/// Telnyx.
pub struct Telnyx;

/// The webhooks' format that is read: the first one has other names for everything.
const EVENT_VERSION: &str = "2";

fn bearer(access: &Access) -> Auth {
    Auth::Bearer(access.secret.clone())
}

fn application_url(access: &Access) -> Result<Url, Unreadable> {
    let folder =
        if access.by_commands { "call_control_applications" } else { "texml_applications" };
    access.url(&format!("/{folder}/{}", access.application))
}

/// The settings of a Voice API application that send every event here. Its failover address would get events, too,
/// and no static document answers those: it stays as it is.
fn voice_api_settings(hooks: &Hooks, now: &Tree) -> Value {
    json!({
        "application_name": now.text("/data/application_name"),
        "webhook_event_url": hooks.voice,
        "webhook_api_version": EVENT_VERSION,
    })
}

fn texml_settings(hooks: &Hooks, now: &Tree) -> Value {
    let mut settings = json!({
        "friendly_name": now.text("/data/friendly_name"),
        "voice_url": hooks.voice, "voice_method": "post",
        "status_callback": hooks.status, "status_callback_method": "post",
    });
    if !hooks.fallback.is_empty() {
        settings["voice_fallback_url"] = json!(hooks.fallback);
    }
    settings
}

impl AccountApi for Telnyx {
    fn name(&self) -> &'static str {
        "telnyx"
    }

    fn accesses(&self, telephony: &Telephony) -> Vec<Access> {
        let known = telephony.telnyx.iter().filter(|one| !one.api_key.is_empty());
        let access = known.map(|one| Access {
            account: one.account.clone(),
            base: one.api_base.clone().unwrap_or_else(|| BASE.to_owned()),
            secret: one.api_key.clone(),
            application: one.application.clone(),
            fallback_url: one.fallback_url.clone(),
            by_commands: one.voice_api,
            ..Access::default()
        });
        access.collect()
    }

    fn numbers(&self, access: &Access) -> Result<ApiRequest, Unreadable> {
        let url = access.url("/phone_numbers?page%5Bsize%5D=250&page%5Bnumber%5D=1")?;
        Ok(ApiRequest::get(url, bearer(access)))
    }

    fn read_numbers(&self, asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let rows = tree.list("/data")?;
        let items = rows.iter().filter_map(|row| {
            Some(OwnedNumber {
                number: row.text("/phone_number").parse().ok()?,
                id: row.text("/id"),
                route: Route::Application(row.text("/connection_id")),
                sms: !row.text("/messaging_profile_id").is_empty(),
            })
        });
        let items = items.collect();
        let (page, pages) = (tree.seconds("/meta/page_number"), tree.seconds("/meta/total_pages"));
        let next = page.zip(pages).filter(|(page, pages)| page < pages);
        let next = next.map(|(page, _)| (page + 1).to_string());
        let next = next.map(|page| with_parameter(asked.url, "page[number]", &page));
        Ok(Listed { items, next })
    }

    fn application(&self, access: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        if access.application.is_empty() {
            return Ok(None);
        }
        Ok(Some(ApiRequest::get(application_url(access)?, bearer(access))))
    }

    fn read_application(&self, asked: &Asked<'_>) -> Result<Hooks, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        let mut hooks = Hooks {
            voice: tree.first(&["/data/voice_url", "/data/webhook_event_url"]),
            status: tree.text("/data/status_callback"),
            fallback: tree.text("/data/voice_fallback_url"),
        };
        let version = tree.text("/data/webhook_api_version");
        if !hooks.voice.is_empty() && !version.is_empty() && version != EVENT_VERSION {
            hooks.voice.push_str(&format!(" (events of version {version})"));
        }
        Ok(hooks)
    }

    /// Its name has to be told with every change.
    fn set_application(
        &self,
        access: &Access,
        hooks: &Hooks,
        now: &str,
    ) -> Result<ApiRequest, Unreadable> {
        let now = Tree::of(now.as_bytes())?;
        let settings = match access.by_commands {
            true => voice_api_settings(hooks, &now),
            false => texml_settings(hooks, &now),
        };
        let url = application_url(access)?;
        Ok(ApiRequest::send(Method::PATCH, url, bearer(access), Body::Json(settings)))
    }

    fn set_number(
        &self,
        access: &Access,
        number: &OwnedNumber,
        _: &Hooks,
    ) -> Result<ApiRequest, Unreadable> {
        let url = access.url(&format!("/phone_numbers/{}", number.id))?;
        let settings = json!({ "connection_id": access.application });
        Ok(ApiRequest::send(Method::PATCH, url, bearer(access), Body::Json(settings)))
    }

    fn calls(&self, access: &Access, window: Window, _: Millis) -> Result<ApiRequest, Unreadable> {
        if access.account.is_empty() {
            return Err(Unreadable(
                "the list of calls needs the account's id: set `account`".to_owned(),
            ));
        }
        let folder = format!("/texml/Accounts/{}", access.account);
        laml::calls(access, &folder, bearer(access), window)
    }

    fn read_calls(&self, asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable> {
        laml::read_calls(asked)
    }
}
