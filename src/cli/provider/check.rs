//! `ringtrace provider check`.

use std::collections::BTreeSet;

use crate::call::providers::accounts::account::Account;
use crate::call::providers::accounts::inspect::{Holdings, in_words};
use crate::cli::CliError;
use crate::cli::provider::{AccountArgs, Desk};

/// Tells of every account and number; fails when a number of the site does not reach it.
pub async fn run(args: &AccountArgs) -> Result<(), CliError> {
    let desk = Desk::open(args)?;
    let tracked = desk.tracked(args).await?;
    let mut wrong = 0;
    let mut seen = BTreeSet::new();
    for account in &desk.accounts {
        let found = Holdings::of(account).await?.inspected(&desk.wanted(account), &tracked);
        let name = name(&desk, account);
        println!("{name}: the credentials work; numbers: {}", found.numbers.len());
        if let Some((id, differences)) = &found.application {
            println!("  application {id}: {}", in_words(Some(differences)));
        }
        for number in &found.numbers {
            let note = if number.is_ours { "" } else { " (no number of this site)" };
            println!("  {}{note}: {}", number.number, in_words(number.standing.as_deref()));
        }
        wrong += found.wrong();
        seen.extend(found.numbers.into_iter().map(|number| number.number));
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
