//! One look at an account: whether its credentials work, and which numbers reach us.

use std::collections::BTreeSet;

use crate::call::providers::accounts::account::{Account, Application};
use crate::call::providers::accounts::client::ApiError;
use crate::call::providers::accounts::model::{Hooks, OwnedNumber};
use crate::call::providers::accounts::plan::{Difference, differences, standing};
use crate::platform::phone::PhoneNumber;

/// What one account has.
pub struct Holdings {
    /// Its numbers.
    pub numbers: Vec<OwnedNumber>,
    /// The application that holds the webhooks, where one does.
    pub application: Option<Application>,
}

impl Holdings {
    /// Asks the provider.
    pub async fn of(account: &Account) -> Result<Self, ApiError> {
        let numbers = account.numbers().await?;
        let application = account.application().await?;
        Ok(Holdings { numbers, application })
    }

    /// Holds what is set there against `wanted`. `tracked`: the numbers whose calls should come here.
    pub fn inspected(&self, wanted: &Hooks, tracked: &BTreeSet<PhoneNumber>) -> Inspection {
        let application = self
            .application
            .as_ref()
            .map(|application| (application.id.clone(), differences(&application.hooks, wanted)));
        let numbers = self.numbers.iter().map(|number| InspectedNumber {
            number: number.number.clone(),
            is_ours: tracked.contains(&number.number),
            standing: standing(number, self.application.as_ref(), wanted),
        });
        Inspection { application, numbers: numbers.collect() }
    }
}

/// How an account stands.
pub struct Inspection {
    /// The application's id and what is not as it should be there.
    pub application: Option<(String, Vec<Difference>)>,
    /// Its numbers, in the provider's order.
    pub numbers: Vec<InspectedNumber>,
}

/// How a number of an account stands.
pub struct InspectedNumber {
    /// The number.
    pub number: PhoneNumber,
    /// Whether its calls should come here.
    pub is_ours: bool,
    /// What keeps them from it; `None`: the provider does not say.
    pub standing: Option<Vec<Difference>>,
}

impl Inspection {
    /// How many settings keep calls from coming: of the application, and of our numbers.
    pub fn wrong(&self) -> usize {
        let application = self.application.as_ref().is_some_and(|(_, wrong)| !wrong.is_empty());
        let is_wrong = |number: &&InspectedNumber| {
            number.is_ours && number.standing.as_ref().is_some_and(|wrong| !wrong.is_empty())
        };
        usize::from(application) + self.numbers.iter().filter(is_wrong).count()
    }
}

/// How a number or an application stands, for people.
pub fn in_words(standing: Option<&[Difference]>) -> String {
    match standing {
        None => "its list does not say where it leads".to_owned(),
        Some([]) => "comes here".to_owned(),
        Some(differences) => {
            let told = differences.iter().map(|Difference { setting, is, should }| {
                let is = if is.is_empty() { "none" } else { is };
                match should.is_empty() {
                    true => format!("{setting} is {is}"),
                    false => format!("{setting} is {is}, should be {should}"),
                }
            });
            told.collect::<Vec<_>>().join("; ")
        }
    }
}
