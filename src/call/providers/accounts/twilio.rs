//! Twilio's accounts: numbers hold their own webhooks.

use crate::call::providers::Unreadable;
use crate::call::providers::accounts::AccountApi;
use crate::call::providers::accounts::laml;
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Hooks, Leg, Listed, OwnedNumber, Window,
};
use crate::config::model::Telephony;
use crate::platform::clock::Millis;

/// Where the API is.
const BASE: &str = "https://api.twilio.com";

/// Twilio.
pub struct Twilio;

fn folder(access: &Access) -> String {
    format!("/2010-04-01/Accounts/{}", access.account)
}

impl AccountApi for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn accesses(&self, telephony: &Telephony) -> Vec<Access> {
        let known = telephony.twilio.iter();
        let known = known.filter(|one| !one.account.is_empty() && !one.auth_token.is_empty());
        let access = known.map(|one| Access {
            account: one.account.clone(),
            base: one.api_base.clone().unwrap_or_else(|| BASE.to_owned()),
            user: one.account.clone(),
            secret: one.auth_token.clone(),
            fallback_url: one.fallback_url.clone(),
            ..Access::default()
        });
        access.collect()
    }

    fn numbers(&self, access: &Access) -> Result<ApiRequest, Unreadable> {
        laml::numbers(access, &folder(access))
    }

    fn read_numbers(&self, asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable> {
        laml::read_numbers(asked)
    }

    fn set_number(
        &self,
        access: &Access,
        number: &OwnedNumber,
        hooks: &Hooks,
    ) -> Result<ApiRequest, Unreadable> {
        laml::set_number(access, &folder(access), number, hooks)
    }

    fn calls(&self, access: &Access, window: Window, _: Millis) -> Result<ApiRequest, Unreadable> {
        let mut request = laml::calls(access, &folder(access), access.basic(), window)?;
        request.url.set_path(&format!("{}.json", request.url.path().to_owned()));
        Ok(request)
    }

    fn read_calls(&self, asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable> {
        laml::read_calls(asked)
    }
}
