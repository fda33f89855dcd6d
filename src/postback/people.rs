//! Who is behind the conversions of a batch, as far as they still allow it: consent is asked once more at sending, and
//! what is needed of a person is opened then and kept nowhere.

use std::collections::HashMap;

use crate::call::store::CallStore;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::postback::destinations::Traits;
use crate::postback::model::Postback;
use crate::postback::told::Person;
use crate::visit::client::{ClientDetails, ClientKey};
use crate::visit::emails::{self, Asked};
use crate::visit::model::Consent;
use crate::visit::store::{load_client, load_visits};

/// Looks people up; cheap to clone.
#[derive(Clone)]
pub struct People {
    redis: Redis,
    calls: CallStore,
    client: Option<ClientKey>,
}

/// What a destination wants to know of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The caller's number.
    pub caller: bool,
    /// The e-mail address, hashed.
    pub email: bool,
    /// Address and user agent.
    pub client: bool,
}

impl From<&Traits> for Wanted {
    fn from(traits: &Traits) -> Self {
        Wanted { caller: traits.caller, email: traits.email, client: traits.client }
    }
}

impl People {
    /// People behind the calls and visits on this Redis; without `client` their addresses and user agents stay sealed.
    pub fn new(redis: Redis, callers: CallerKeys, client: Option<ClientKey>) -> Self {
        People { calls: CallStore::new(redis.clone(), callers), redis, client }
    }

    /// The person behind each of `postbacks`, which are of one site.
    pub async fn behind(
        &self,
        keys: &SiteKeys,
        postbacks: &[&Postback],
        wanted: Wanted,
    ) -> Result<Vec<Person>, StoreError> {
        let consents = self.consents(keys, postbacks).await?;
        let mut people: Vec<Person> = consents
            .into_iter()
            .map(|consent| Person {
                ads: consent.ads,
                analytics: consent.analytics,
                ..Person::default()
            })
            .collect();
        if wanted.caller {
            self.add_callers(keys, postbacks, &mut people).await?;
        }
        if wanted.email {
            self.add_emails(keys, postbacks, &mut people).await?;
        }
        if wanted.client {
            for (postback, person) in postbacks.iter().zip(&mut people) {
                if let Some(session) = postback.facts.session.filter(|_| person.ads) {
                    person.client = self.client(keys, &session).await?;
                }
            }
        }
        Ok(people)
    }

    /// What the visitor of each allows: what was frozen with the conversion, less what was taken back since. A visit
    /// that is forgotten can take nothing back any more.
    async fn consents(
        &self,
        keys: &SiteKeys,
        postbacks: &[&Postback],
    ) -> Result<Vec<Consent>, StoreError> {
        let frozen = |postback: &Postback| postback.facts.consent;
        let asked: Vec<SessionId> = postbacks
            .iter()
            .filter(|postback| frozen(postback).ads || frozen(postback).analytics)
            .filter_map(|postback| postback.facts.session)
            .collect();
        let visits = load_visits(&self.redis, keys, &asked).await?;
        let visits = asked.into_iter().zip(visits);
        let now: HashMap<SessionId, Consent> =
            visits.filter_map(|(session, visit)| Some((session, visit?.consent))).collect();
        let allowed = |postback: &&Postback| {
            let frozen = frozen(postback);
            match postback.facts.session.and_then(|session| now.get(&session)) {
                Some(now) => Consent {
                    ads: frozen.ads && now.ads,
                    analytics: frozen.analytics && now.analytics,
                },
                None => frozen,
            }
        };
        Ok(postbacks.iter().map(allowed).collect())
    }

    async fn add_callers(
        &self,
        keys: &SiteKeys,
        postbacks: &[&Postback],
        people: &mut [Person],
    ) -> Result<(), StoreError> {
        let calls: Vec<CallId> = postbacks.iter().map(|postback| postback.call).collect();
        let found = self.calls.load_all(keys, &calls).await?;
        let numbers: HashMap<CallId, _> =
            found.into_iter().map(|call| (call.id, call.caller.number)).collect();
        for (call, person) in calls.iter().zip(people) {
            person.caller = numbers.get(call).cloned().flatten();
        }
        Ok(())
    }

    async fn add_emails(
        &self,
        keys: &SiteKeys,
        postbacks: &[&Postback],
        people: &mut [Person],
    ) -> Result<(), StoreError> {
        let of = |postback: &&Postback| Asked {
            call: postback.call.to_string(),
            caller: postback.facts.caller_hash.clone(),
            session: postback.facts.session,
        };
        let asked: Vec<Asked> = postbacks.iter().map(of).collect();
        let found = emails::find(&self.redis, keys, &asked).await?;
        for (email, person) in found.into_iter().zip(people) {
            person.email = email.filter(|_| person.ads);
        }
        Ok(())
    }

    async fn client(
        &self,
        keys: &SiteKeys,
        session: &SessionId,
    ) -> Result<Option<ClientDetails>, StoreError> {
        match &self.client {
            Some(key) => load_client(&self.redis, keys, key, (keys.site(), session)).await,
            None => Ok(None),
        }
    }
}
