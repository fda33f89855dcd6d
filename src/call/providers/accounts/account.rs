//! One account: its lists page by page, and its settings.

use std::collections::HashSet;

use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

use crate::call::providers::Unreadable;
use crate::call::providers::accounts::AccountApi;
use crate::call::providers::accounts::client::{ApiAnswer, ApiClient, ApiError};
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Hooks, Leg, Listed, OwnedNumber, Window,
};
use crate::call::providers::accounts::plan::Change;
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;

/// Most pages of one list; the largest accounts have fewer.
const MOST_PAGES: usize = 2_000;
/// Most entries of one list.
const MOST_ITEMS: usize = 500_000;

/// An account at a provider.
pub struct Account {
    api: &'static dyn AccountApi,
    access: Access,
    client: ApiClient,
    session: OnceCell<Option<Secret>>,
}

/// The application that holds the webhooks of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Where its webhooks go.
    pub hooks: Hooks,
    /// Its settings as the provider told them.
    settings: String,
}

/// What a login answers (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Token {
    access_token: Secret,
}

impl Account {
    /// The account that `access` opens.
    pub fn new(api: &'static dyn AccountApi, access: Access, client: ApiClient) -> Self {
        Account { api, access, client, session: OnceCell::new() }
    }

    /// What opens it.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Every number of the account.
    pub async fn numbers(&self) -> Result<Vec<OwnedNumber>, ApiError> {
        let first = self.api.numbers(&self.access).map_err(unaskable)?;
        self.pages(first, |asked| self.api.read_numbers(asked)).await
    }

    /// The application that the configuration names; `None` when it names none.
    pub async fn application(&self) -> Result<Option<Application>, ApiError> {
        let Some(request) = self.api.application(&self.access).map_err(unaskable)? else {
            return Ok(None);
        };
        let answer = self.ask(&request).await?;
        let asked = Asked { url: &request.url, body: &answer.body, link: None };
        let hooks = self.api.read_application(&asked);
        let hooks = hooks.map_err(|why| unreadable(&request.url, why))?;
        let id = self.access.application.clone();
        Ok(Some(Application { id, hooks, settings: answer.body }))
    }

    /// Sets what `change` says; `application` as it was read.
    pub async fn set(
        &self,
        change: &Change,
        application: Option<&Application>,
    ) -> Result<(), ApiError> {
        let request = match change {
            Change::Application { hooks, .. } => {
                let settings = application.map_or("", |application| &application.settings);
                self.api.set_application(&self.access, hooks, settings)
            }
            Change::Number { number, hooks, .. } => {
                self.api.set_number(&self.access, number, hooks)
            }
        };
        self.ask(&request.map_err(unaskable)?).await.map(|_| ())
    }

    /// Every leg of the calls that began in `window`.
    pub async fn calls(&self, window: Window, now: Millis) -> Result<Vec<Leg>, ApiError> {
        let first = self.api.calls(&self.access, window, now).map_err(unaskable)?;
        self.pages(first, |asked| self.api.read_calls(asked)).await
    }

    async fn pages<T>(
        &self,
        mut request: ApiRequest,
        read: impl Fn(&Asked<'_>) -> Result<Listed<T>, Unreadable>,
    ) -> Result<Vec<T>, ApiError> {
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..MOST_PAGES {
            seen.insert(request.url.clone());
            let answer = self.ask(&request).await?;
            let link = answer.link.as_deref();
            let asked = Asked { url: &request.url, body: &answer.body, link };
            let page = read(&asked).map_err(|why| unreadable(&request.url, why))?;
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            let refused = |why: &str| Err(unreadable(&request.url, Unreadable(why.to_owned())));
            if !self.access.allows(&next) {
                return refused("its next page is on another host");
            }
            if seen.contains(&next) {
                return refused("its pages go round in a circle");
            }
            if items.len() > MOST_ITEMS {
                return refused("the list is too long");
            }
            request.url = next;
        }
        Err(unreadable(&request.url, Unreadable("the list has too many pages".to_owned())))
    }

    async fn ask(&self, request: &ApiRequest) -> Result<ApiAnswer, ApiError> {
        let session = self.session.get_or_try_init(|| self.login()).await?;
        self.client.send(request, session.as_ref()).await
    }

    async fn login(&self) -> Result<Option<Secret>, ApiError> {
        let Some(request) = self.api.login(&self.access).map_err(unaskable)? else {
            return Ok(None);
        };
        let answer = self.client.send(&request, None).await?;
        let token: Token = serde_json::from_str(&answer.body)
            .map_err(|_| unreadable(&request.url, Unreadable("it has no token".to_owned())))?;
        Ok(Some(token.access_token))
    }
}

fn unaskable(why: Unreadable) -> ApiError {
    ApiError::Unaskable(why.to_string())
}

fn unreadable(url: &Url, why: Unreadable) -> ApiError {
    let host = url.host_str().unwrap_or_default().to_owned();
    ApiError::Unreadable { host, why: why.to_string() }
}
