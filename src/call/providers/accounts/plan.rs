//! Where webhooks should go, where they do, and what has to change. Pure.

use std::collections::BTreeSet;

use crate::call::providers::VOICE_API_EVENT;
use crate::call::providers::accounts::account::Application;
use crate::call::providers::accounts::model::{Access, Hooks, OwnedNumber, Route};
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;

/// Where the webhooks of `site` should go. Without a fallback of ours, what is set there stays.
pub fn wanted(public_url: &str, provider: &str, site: &SiteId, access: &Access) -> Hooks {
    let hook = |event: &str| format!("{public_url}/v1/telephony/{provider}/{site}/{event}");
    if access.by_commands {
        return Hooks { voice: hook(VOICE_API_EVENT), ..Hooks::default() };
    }
    Hooks { voice: hook("voice"), status: hook("status"), fallback: access.fallback_url.clone() }
}

/// A setting that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which one.
    pub setting: &'static str,
    /// What it is; empty: nothing.
    pub is: String,
    /// What it should be.
    pub should: String,
}

/// Something to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The application's webhooks.
    Application {
        /// Its id.
        id: String,
        /// Where to.
        hooks: Hooks,
        /// What changes by it.
        differences: Vec<Difference>,
    },
    /// A number's own webhooks, or its application.
    Number {
        /// The number.
        number: OwnedNumber,
        /// Where to.
        hooks: Hooks,
        /// What changes by it.
        differences: Vec<Difference>,
    },
}

impl Change {
    /// What is changed, for people.
    pub fn subject(&self) -> String {
        match self {
            Change::Application { id, .. } => format!("application {id}"),
            Change::Number { number, .. } => number.number.to_string(),
        }
    }

    /// What changes by it.
    pub fn differences(&self) -> &[Difference] {
        match self {
            Change::Application { differences, .. } | Change::Number { differences, .. } => {
                differences
            }
        }
    }
}

/// How webhooks that are `is` differ from those that should be. Options behind `#` are the provider's:
/// they are no part of the address.
pub fn differences(is: &Hooks, should: &Hooks) -> Vec<Difference> {
    let settings = [
        ("voice webhook", &is.voice, &should.voice),
        ("status webhook", &is.status, &should.status),
        ("fallback", &is.fallback, &should.fallback),
    ];
    let bare = |url: &str| url.split('#').next().unwrap_or_default().to_owned();
    let differs = |(_, is, should): &(_, &String, &String)| {
        !should.is_empty() && bare(is.as_str()) != bare(should.as_str())
    };
    let differing = settings.into_iter().filter(differs);
    differing
        .map(|(setting, is, should)| Difference { setting, is: is.clone(), should: should.clone() })
        .collect()
}

/// What keeps a number from reaching us: nothing, when its webhooks are as they should be. `None`: the
/// provider does not say.
pub fn standing(
    number: &OwnedNumber,
    application: Option<&Application>,
    wanted: &Hooks,
) -> Option<Vec<Difference>> {
    match &number.route {
        Route::Own(hooks) => Some(differences(hooks, wanted)),
        Route::Untold => None,
        Route::Application(id) => Some(match application {
            Some(ours) if *id == ours.id => differences(&ours.hooks, wanted),
            ours => vec![Difference {
                setting: "application",
                is: id.clone(),
                should: ours.map(|ours| ours.id.clone()).unwrap_or_default(),
            }],
        }),
    }
}

/// What has to be set so that the numbers among `chosen` reach us. The application comes first: a number
/// must not be moved to one that does not answer yet.
pub fn changes(
    numbers: &[OwnedNumber],
    chosen: &BTreeSet<PhoneNumber>,
    application: Option<&Application>,
    wanted: &Hooks,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(ours) = application {
        let differences = differences(&ours.hooks, wanted);
        if !differences.is_empty() {
            let (id, hooks) = (ours.id.clone(), wanted.clone());
            changes.push(Change::Application { id, hooks, differences });
        }
    }
    for number in numbers.iter().filter(|number| chosen.contains(&number.number)) {
        let differences = match &number.route {
            Route::Own(hooks) => differences(hooks, wanted),
            Route::Application(id) if application.is_some_and(|ours| *id != ours.id) => {
                standing(number, application, wanted).unwrap_or_default()
            }
            Route::Application(_) | Route::Untold => Vec::new(),
        };
        if !differences.is_empty() {
            let (number, hooks) = (number.clone(), wanted.clone());
            changes.push(Change::Number { number, hooks, differences });
        }
    }
    changes
}
