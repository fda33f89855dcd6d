//! Accounts at telephony providers, over the providers' own APIs: whether credentials work, which
//! numbers there are and where their webhooks go, and which calls there were.
//!
//! One file per provider with the same parts, all pure: what to ask ([`ApiRequest`]) and how to read the
//! answer. [`account`] alone talks to the network, through [`client`].
//!
//! What always holds: an answer is bounded, and so is the number of its pages; credentials go to the
//! configured hosts alone, whatever an answer names as its next page; nothing of them is in an error.

pub mod account;
mod bandwidth;
pub mod client;
pub mod inspect;
mod laml;
pub mod model;
mod past;
pub mod plan;
mod plivo;
pub mod reconcile;
mod signalwire;
pub mod telnyx;
#[cfg(test)]
mod tests;
mod twilio;
mod vonage;
pub mod worker;

use crate::call::providers::Unreadable;
use crate::config::model::Telephony;
use crate::platform::clock::Millis;
use model::{Access, ApiRequest, Asked, Hooks, Leg, Listed, OwnedNumber, Window};

/// The API of a provider's accounts.
pub trait AccountApi: Sync {
    /// The provider's name, as that of its webhooks.
    fn name(&self) -> &'static str;

    /// The accounts of a site that have what the API asks for.
    fn accesses(&self, telephony: &Telephony) -> Vec<Access>;

    /// Asks for a token that all other requests need; `None` where none is needed.
    fn login(&self, _: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        Ok(None)
    }

    /// Asks for the account's numbers.
    fn numbers(&self, access: &Access) -> Result<ApiRequest, Unreadable>;

    /// Reads one page of them.
    fn read_numbers(&self, asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable>;

    /// Asks for the application that holds the webhooks of numbers; `None` where numbers hold
    /// their own, or the configuration names no application.
    fn application(&self, _: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        Ok(None)
    }

    /// Reads the webhooks of an application.
    fn read_application(&self, _: &Asked<'_>) -> Result<Hooks, Unreadable> {
        Err(Unreadable("this provider has no applications".to_owned()))
    }

    /// Sets the webhooks of the application whose settings stand in `now`.
    fn set_application(&self, _: &Access, _: &Hooks, _now: &str) -> Result<ApiRequest, Unreadable> {
        Err(Unreadable("this provider has no applications".to_owned()))
    }

    /// Points a number to the webhooks: its own, or those of the application.
    fn set_number(
        &self,
        access: &Access,
        number: &OwnedNumber,
        hooks: &Hooks,
    ) -> Result<ApiRequest, Unreadable>;

    /// Asks for the calls that began in `window`; `now` dates tokens.
    fn calls(&self, access: &Access, window: Window, now: Millis)
    -> Result<ApiRequest, Unreadable>;

    /// Reads one page of them, with their dialled legs.
    fn read_calls(&self, asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable>;
}

/// Every provider whose accounts have an API.
pub static ALL: [&'static dyn AccountApi; 6] = [
    &twilio::Twilio,
    &signalwire::SignalWire,
    &telnyx::Telnyx,
    &plivo::Plivo,
    &vonage::Vonage,
    &bandwidth::Bandwidth,
];

/// The API of the provider with this name.
pub fn by_name(name: &str) -> Option<&'static dyn AccountApi> {
    ALL.into_iter().find(|api| api.name() == name)
}

/// The names of all of them, for people.
pub fn names() -> String {
    ALL.map(AccountApi::name).join(", ")
}
