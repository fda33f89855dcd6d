//! `ringtrace provider sync`.

use std::io::{BufRead, IsTerminal, Write};

use crate::call::providers::accounts::inspect::Holdings;
use crate::call::providers::accounts::plan::{Change, changes};
use crate::cli::CliError;
use crate::cli::provider::check::name;
use crate::cli::provider::{Desk, SyncArgs};

/// Shows what would change, asks, and sets it.
pub async fn run(args: &SyncArgs) -> Result<(), CliError> {
    let desk = Desk::open(&args.account)?;
    let mut chosen = desk.tracked(&args.account).await?;
    chosen.extend(args.number.iter().cloned());
    let mut found = Vec::new();
    let mut count = 0;
    for account in &desk.accounts {
        let has = Holdings::of(account).await?;
        if args.all {
            chosen.extend(has.numbers.iter().map(|number| number.number.clone()));
        }
        let plan = changes(&has.numbers, &chosen, has.application.as_ref(), &desk.wanted(account));
        if !plan.is_empty() {
            println!("{}", name(&desk, account));
        }
        plan.iter().for_each(show);
        count += plan.len();
        found.push((account, has, plan));
    }
    if count == 0 {
        println!("nothing to set: all webhooks are as they should be");
        return Ok(());
    }
    if !args.yes && !agreed(count)? {
        return Err(CliError::Provider("nothing was set".to_owned()));
    }
    for (account, has, plan) in &found {
        for change in plan {
            account.set(change, has.application.as_ref()).await?;
            println!("set {}", change.subject());
        }
    }
    Ok(())
}

fn show(change: &Change) {
    println!("  {}", change.subject());
    for difference in change.differences() {
        let is = if difference.is.is_empty() { "none" } else { &difference.is };
        println!("    {}: {is}\n      -> {}", difference.setting, difference.should);
    }
}

/// Whether somebody says yes; where nobody can be asked, nobody does.
fn agreed(count: usize) -> Result<bool, CliError> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(CliError::Provider(
            "nobody can be asked here: look at the list and call it with --yes".to_owned(),
        ));
    }
    print!("Set these {count}? [y/N] ");
    std::io::stdout().flush().map_err(CliError::Stream)?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(CliError::Stream)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
