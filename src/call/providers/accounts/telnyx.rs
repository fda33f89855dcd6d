//! Telnyx' accounts: a TeXML application holds the webhooks of its numbers.

use reqwest::Method;
use serde_json::json;

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

fn bearer(access: &Access) -> Auth {
    Auth::Bearer(access.secret.clone())
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
        let url = access.url(&format!("/texml_applications/{}", access.application))?;
        Ok(Some(ApiRequest::get(url, bearer(access))))
    }

    fn read_application(&self, asked: &Asked<'_>) -> Result<Hooks, Unreadable> {
        let tree = Tree::of(asked.body.as_bytes())?;
        Ok(Hooks {
            voice: tree.text("/data/voice_url"),
            status: tree.text("/data/status_callback"),
            fallback: tree.text("/data/voice_fallback_url"),
        })
    }

    /// Its name has to be told with every change.
    fn set_application(
        &self,
        access: &Access,
        hooks: &Hooks,
        now: &str,
    ) -> Result<ApiRequest, Unreadable> {
        let url = access.url(&format!("/texml_applications/{}", access.application))?;
        let name = Tree::of(now.as_bytes())?.text("/data/friendly_name");
        let mut settings = json!({
            "friendly_name": name,
            "voice_url": hooks.voice, "voice_method": "post",
            "status_callback": hooks.status, "status_callback_method": "post",
        });
        if !hooks.fallback.is_empty() {
            settings["voice_fallback_url"] = json!(hooks.fallback);
        }
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
