//! `ringtrace provider check`.

use crate::call::providers::accounts::account::Account;
use crate::call::providers::accounts::plan::{Difference, standing};
use crate::cli::CliError;
use crate::cli::provider::{AccountArgs, Desk, Found};

/// Tells of every account and number; fails when a number of the site does not reach it.
pub async fn run(args: &AccountArgs) -> Result<(), CliError> {
    let desk = Desk::open(args)?;
    let tracked = desk.tracked(args).await?;
    let mut wrong = 0;
    let mut seen = std::collections::BTreeSet::new();
    for account in &desk.accounts {
        let found = Found::of(account).await?;
        let wanted = desk.wanted(account);
        println!(
            "{}: the credentials work; numbers: {}",
            name(&desk, account),
            found.numbers.len()
        );
        if let Some(application) = &found.application {
            let differences =
                crate::call::providers::accounts::plan::differences(&application.hooks, &wanted);
            println!("  application {}: {}", application.id, told(Some(&differences)));
            wrong += usize::from(!differences.is_empty());
        }
        for number in &found.numbers {
            seen.insert(number.number.clone());
            let stands = standing(number, found.application.as_ref(), &wanted);
            let ours = tracked.contains(&number.number);
            let note = if ours { "" } else { " (no number of this site)" };
            println!("  {}{note}: {}", number.number, told(stands.as_deref()));
            wrong += usize::from(ours && stands.is_some_and(|stands| !stands.is_empty()));
        }
    }
    for missing in tracked.difference(&seen) {
        println!("  {missing}: the site's, and in none of these accounts");
    }
    if wrong > 0 { Err(CliError::Unsynced(wrong)) } else { Ok(()) }
}

/// An account, for people.
pub fn name(desk: &Desk, account: &Account) -> String {
    format!("{} {}", desk.provider, account.access().account).trim_end().to_owned()
}

fn told(stands: Option<&[Difference]>) -> String {
    match stands {
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
