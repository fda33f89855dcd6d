//! `ringtrace numbers`: the numbers of a pool of the running server.

use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::CliError;
use crate::cli::client::{Client, ServerArgs};
use crate::lease::numbers::model::AddedReply;

/// Lines that one request takes along.
const AT_ONCE: usize = 5_000;

/// What is done with the numbers of a pool.
#[derive(Debug, Subcommand)]
pub enum NumbersCommand {
    /// Print them, one line each, as tab-separated text.
    List(PoolArgs),
    /// Add the numbers of a CSV: columns `number`, `vanity`, `capabilities`, or one number a line.
    Import {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// The pool.
        #[command(flatten)]
        pool: PoolArgs,
    },
    /// Take a number out: it goes into quarantine.
    Remove {
        /// The number, E.164.
        number: String,
        /// The pool.
        #[command(flatten)]
        pool: PoolArgs,
    },
}

/// Which pool of which server.
#[derive(Clone, Debug, clap::Args)]
pub struct PoolArgs {
    /// The site.
    #[arg(long)]
    pub site: String,
    /// The pool.
    #[arg(long)]
    pub pool: String,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

impl PoolArgs {
    fn path(&self) -> String {
        let part =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        format!("/v1/sites/{}/pools/{}/numbers", part(&self.site), part(&self.pool))
    }
}

/// Does it.
pub async fn run(command: NumbersCommand) -> Result<(), CliError> {
    match command {
        NumbersCommand::List(pool) => list(&pool).await,
        NumbersCommand::Import { file, pool } => import(&file, &pool).await,
        NumbersCommand::Remove { number, pool } => {
            let path = format!("{}/{}", pool.path(), number.trim());
            let answer = pool.server.client()?.delete(&path).await?;
            let removed = json(&pool.server.client()?, &path, &answer)?;
            let until = removed["quarantined_until"].as_str().unwrap_or_default();
            println!("{} is in quarantine until {until}, or longer if it is called", number.trim());
            Ok(())
        }
    }
}

async fn list(pool: &PoolArgs) -> Result<(), CliError> {
    let (client, path) = (pool.server.client()?, pool.path());
    let mut cursor: Option<String> = None;
    println!("number\tstate\torigin\tkinds\tvanity\tlast called\tquarantined until");
    loop {
        let mut query = vec![("limit", "1000".to_owned())];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page = json(&client, &path, &client.get(&path, &query).await?)?;
        for number in page["numbers"].as_array().into_iter().flatten() {
            let text = |name: &str| number[name].as_str().unwrap_or("-").to_owned();
            let kinds = number["kinds"].as_array().into_iter().flatten();
            let kinds: Vec<&str> = kinds.filter_map(|kind| kind.as_str()).collect();
            let cells = [
                text("number"),
                text("state"),
                text("origin"),
                kinds.join(" "),
                text("vanity"),
                text("last_called_at"),
                text("quarantined_until"),
            ];
            println!("{}", cells.join("\t"));
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(());
        }
    }
}

async fn import(file: &PathBuf, pool: &PoolArgs) -> Result<(), CliError> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map_err(CliError::Stream)?;
    } else {
        text = std::fs::read_to_string(file).map_err(CliError::Stream)?;
    }
    add_all(&pool.server.client()?, &pool.path(), &text).await
}

/// Adds the numbers of a CSV to the pool at `path`, and tells what became of them.
pub async fn add_all(client: &Client, path: &str, text: &str) -> Result<(), CliError> {
    let mut sum = AddedReply::default();
    for (first_line, part) in parts(text) {
        let answer = client.post_csv(path, part).await?;
        let reply: AddedReply = serde_json::from_str(&answer).map_err(|e| CliError::Server {
            url: client.url(path),
            why: format!("the answer is not what was asked for: {e}"),
        })?;
        sum.added += reply.added;
        sum.known += reply.known;
        sum.rejected.extend(reply.rejected.into_iter().map(|mut rejected| {
            rejected.entry += first_line;
            rejected
        }));
    }
    for rejected in &sum.rejected {
        eprintln!("line {}: {}: {}", rejected.entry, rejected.number, rejected.reason);
    }
    let rejected = sum.rejected.len();
    println!("{} added, {} known already, {rejected} rejected", sum.added, sum.known);
    if rejected > 0 { Err(CliError::Rejected(rejected)) } else { Ok(()) }
}

/// Parts that one request can take, each beneath the line of names if there is one; with how many lines
/// to add to a place in it to get that in the file.
fn parts(text: &str) -> Vec<(usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().peekable();
    let names = lines.next_if(|line| !line.chars().any(|c| c.is_ascii_digit()));
    let names = names.map(|line| format!("{line}\n")).unwrap_or_default();
    let lines: Vec<&str> = lines.collect();
    let parts = lines.chunks(AT_ONCE).enumerate();
    parts.map(|(i, lines)| (i * AT_ONCE, format!("{names}{}\n", lines.join("\n")))).collect()
}

fn json(client: &Client, path: &str, text: &str) -> Result<serde_json::Value, CliError> {
    serde_json::from_str(text)
        .map_err(|e| CliError::Server { url: client.url(path), why: format!("no JSON: {e}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_goes_in_parts_that_know_their_columns_and_lines() {
        let lines: Vec<String> = (0..AT_ONCE + 2).map(|n| format!("+1415{n:07}")).collect();
        let text = format!("\u{feff}number,vanity\r\n{}", lines.join("\r\n"));
        let parts = parts(&text);
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].0, parts[0].1.lines().count()), (0, AT_ONCE + 1));
        let last: Vec<&str> = parts[1].1.lines().collect();
        assert_eq!((parts[1].0, last.len(), last[0]), (AT_ONCE, 3, "number,vanity"));
        assert_eq!(last[2], lines[AT_ONCE + 1]);
    }
}
