//! What is asked of a provider's API, and what it answers.

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::call::model::DialOutcome;
use crate::call::providers::Unreadable;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;
use crate::platform::secret::Secret;

/// What opens one account. `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The account's id at the provider.
    pub account: String,
    /// Where the API is, without a slash at the end.
    pub base: String,
    /// A second address, where the provider has two; the same without one.
    pub second_base: String,
    /// Where tokens are issued, where that is an address of its own.
    pub token_url: String,
    /// User of the API, where it has one.
    pub user: String,
    /// What proves it.
    pub secret: Secret,
    /// A private key, where calls are asked for with a signed token.
    pub private_key: Secret,
    /// The application that holds the webhooks; empty: none is named.
    pub application: String,
    /// Name and password that webhooks come with, where the provider is told them.
    pub callback_login: Option<(String, Secret)>,
    /// A static document off our host that forwards; empty: none.
    pub fallback_url: String,
    /// Whether calls are told what to do by commands: then one webhook is told everything, and no document is asked
    /// for.
    pub by_commands: bool,
}

impl Access {
    /// `path` under the API's address.
    pub fn url(&self, path: &str) -> Result<Url, Unreadable> {
        address(&self.base, path)
    }

    /// `path` under the second address.
    pub fn second_url(&self, path: &str) -> Result<Url, Unreadable> {
        address(&self.second_base, path)
    }

    /// Whether requests may go to `url`: a host of the account, by the same scheme and port.
    pub fn allows(&self, url: &Url) -> bool {
        let ours = [&self.base, &self.second_base, &self.token_url];
        ours.into_iter().filter_map(|base| Url::parse(base).ok()).any(|base| {
            base.origin() == url.origin() && url.username().is_empty() && url.password().is_none()
        })
    }

    /// Basic authentication with this account's user and secret.
    pub fn basic(&self) -> Auth {
        Auth::Basic { user: self.user.clone(), password: self.secret.clone() }
    }
}

fn address(base: &str, path: &str) -> Result<Url, Unreadable> {
    Url::parse(&format!("{base}{path}"))
        .map_err(|error| Unreadable(format!("the API's address: {error}")))
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Auth {
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
    /// The token that the login gave.
    Session,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// None.
    None,
    /// A form.
    Form(Vec<(&'static str, String)>),
    /// JSON.
    Json(Value),
    /// XML.
    Xml(String),
}

/// One request to a provider's API.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    /// `GET` reads; `POST`, `PUT` and `PATCH` set, and may be sent again.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Who asks.
    pub auth: Auth,
    /// The body.
    pub body: Body,
}

impl ApiRequest {
    /// A question.
    pub fn get(url: Url, auth: Auth) -> Self {
        ApiRequest { method: Method::GET, url, auth, body: Body::None }
    }

    /// A change.
    pub fn send(method: Method, url: Url, auth: Auth, body: Body) -> Self {
        ApiRequest { method, url, auth, body }
    }
}

/// An answer, with what was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What was asked for.
    pub url: &'a Url,
    /// The answer's body.
    pub body: &'a str,
    /// Its `Link` header (RFC 8288).
    pub link: Option<&'a str>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page is; `None` on the last one.
    pub next: Option<Url>,
}

/// Where webhooks go; what is not set is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Asks what to do with a new call.
    pub voice: String,
    /// Is told how a call ended.
    pub status: String,
    /// Is asked when `voice` does not answer.
    pub fallback: String,
}

/// What decides where a number's webhooks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Its own settings.
    Own(Hooks),
    /// An application; empty: none.
    Application(String),
    /// The provider's list does not say.
    Untold,
}

/// A number of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedNumber {
    /// E.164.
    pub number: PhoneNumber,
    /// What the provider calls it.
    pub id: String,
    /// Where its webhooks go.
    pub route: Route,
    /// Whether it takes text messages, too.
    pub sms: bool,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The beginning, included.
    pub from: Millis,
    /// The end, not included.
    pub to: Millis,
}

/// One leg of a call in the past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    /// The whole call, by the id that webhooks call it.
    pub call: String,
    /// The leg itself.
    pub id: String,
    /// Whether it is the caller's own leg; otherwise somebody was dialled.
    pub inbound: bool,
    /// Who called, as the provider writes it.
    pub from: String,
    /// Their name.
    pub name: String,
    /// Who was called.
    pub to: String,
    /// The number that the call was forwarded from.
    pub forwarded_from: String,
    /// When it began.
    pub started_at: Option<Millis>,
    /// When it was picked up.
    pub answered_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Seconds from answer to end.
    pub talk_s: Option<u32>,
    /// How it ended; `None` while it lasts.
    pub outcome: Option<DialOutcome>,
}
