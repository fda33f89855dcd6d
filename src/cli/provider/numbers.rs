//! `ringtrace provider numbers`.

use crate::cli::CliError;
use crate::cli::numbers::add_all;
use crate::cli::provider::{Desk, NumbersArgs, server};

/// Imports the numbers of the accounts into a pool; those of the configuration are there already.
pub async fn run(args: &NumbersArgs) -> Result<(), CliError> {
    let desk = Desk::open(&args.account)?;
    let known: Vec<_> = desk.site.tracking_numbers().collect();
    let mut csv = "number,capabilities\n".to_owned();
    let mut count = 0;
    for account in &desk.accounts {
        for number in account.numbers().await? {
            // The number on the pages must not be shown in its own place.
            let target = desk.site.targets.iter().any(|target| target.number == number.number);
            if known.contains(&&number.number) || target || number.number == desk.site.forward_to {
                continue;
            }
            csv.push_str(&format!("{},{}\n", number.number, if number.sms { "sms" } else { "" }));
            count += 1;
        }
    }
    if args.dry_run || count == 0 {
        print!("{}", if count == 0 { "the accounts have no further numbers\n" } else { &csv });
        return Ok(());
    }
    let client = server(&args.account)?.ok_or_else(|| {
        CliError::Provider("name a key of the running server with --key".to_owned())
    })?;
    let part =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let path = format!("/v1/sites/{}/pools/{}/numbers", desk.site.id, part(&args.pool));
    add_all(&client, &path, &csv).await
}
