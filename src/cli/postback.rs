//! `ringtrace postback`: destinations and what became of conversions, on the running server.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::CliError;
use crate::cli::client::ServerArgs;
use crate::postback::files::rows::Format;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum PostbackCommand {
    /// Send one marked test conversion to a destination, and explain the answer.
    Test(TestArgs),
    /// Send postbacks once more that were given up, rejected or skipped.
    Replay(ReplayArgs),
    /// Write the conversions of a period as a CSV that a platform takes.
    File(FileArgs),
}

/// Which destination, and what.
#[derive(Clone, Debug, clap::Args)]
pub struct TestArgs {
    /// The destination.
    pub destination: String,
    /// The site.
    #[arg(long)]
    pub site: String,
    /// Count nothing: the platform looks at it where it can, else nothing is sent.
    #[arg(long)]
    pub dry_run: bool,
    /// Tell a real conversion, the id of a postback; only with --dry-run.
    #[arg(long, requires = "dry_run")]
    pub postback: Option<String>,
    /// A click id as NAME=VALUE: platforms know none that is made up.
    #[arg(long, value_name = "NAME=VALUE")]
    pub click_id: Option<String>,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Which postbacks.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// The site.
    #[arg(long)]
    pub site: Option<String>,
    /// Only those to this destination.
    #[arg(long)]
    pub destination: Option<String>,
    /// dead, rejected or skipped.
    #[arg(long, default_value = "dead")]
    pub state: String,
    /// Settled at or after this moment (RFC 3339).
    #[arg(long)]
    pub from: Option<String>,
    /// Settled before this moment.
    #[arg(long)]
    pub to: Option<String>,
    /// Only tell how many there are.
    #[arg(long)]
    pub dry_run: bool,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Which file.
#[derive(Clone, Debug, clap::Args)]
pub struct FileArgs {
    /// Whose format.
    #[arg(value_enum)]
    pub format: Format,
    /// The site.
    #[arg(long)]
    pub site: String,
    /// The conversion rule.
    #[arg(long)]
    pub conversion: String,
    /// The conversion's name at the platform; by default the rule's.
    #[arg(long)]
    pub name: Option<String>,
    /// Calls that began at or after this moment (RFC 3339); by default a week ago.
    #[arg(long)]
    pub from: Option<String>,
    /// Calls that began before this moment.
    #[arg(long)]
    pub to: Option<String>,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Does what `command` says.
pub async fn run(command: PostbackCommand) -> Result<(), CliError> {
    match command {
        PostbackCommand::Test(args) => test(args).await,
        PostbackCommand::Replay(args) => replay(args).await,
        PostbackCommand::File(args) => file(args).await,
    }
}

async fn test(args: TestArgs) -> Result<(), CliError> {
    let asked = json!({
        "site": args.site,
        "destination": args.destination,
        "dry_run": args.dry_run,
        "postback": args.postback,
        "click_id": args.click_id,
    });
    let told = args.server.client()?.post_json("/v1/postbacks/test", &asked).await?;
    let text = |path: &str| told.pointer(path).and_then(Value::as_str).unwrap_or_default();
    println!("{}: {}", text("/outcome"), text("/explanation"));
    if let Some(exchange) = told.get("exchange") {
        println!("\n{}", text("/exchange/request"));
        if !text("/exchange/body").is_empty() {
            println!("{}", text("/exchange/body"));
        }
        if let Some(status) = exchange["status"].as_u64().filter(|status| *status > 0) {
            println!("\nHTTP {status}\n{}", text("/exchange/answer"));
        }
    }
    match text("/outcome") {
        "accepted" | "not_sent" => Ok(()),
        outcome => Err(CliError::Untaken(outcome.to_owned())),
    }
}

async fn replay(args: ReplayArgs) -> Result<(), CliError> {
    let client = args.server.client()?;
    let mut asked = json!({
        "site": args.site,
        "destination": args.destination,
        "state": args.state,
        "from": args.from,
        "to": args.to,
        "dry_run": args.dry_run,
    });
    let mut replayed = 0;
    loop {
        let told = client.post_json("/v1/postbacks/replay", &asked).await?;
        replayed += told["replayed"].as_u64().unwrap_or(0);
        match told.get("next_cursor") {
            Some(next) => asked["cursor"] = next.clone(),
            None => break,
        }
    }
    let verb = if args.dry_run { "would be sent" } else { "are sent" };
    println!("{replayed} postbacks {verb} once more");
    Ok(())
}

async fn file(args: FileArgs) -> Result<(), CliError> {
    let mut query = vec![
        ("site", args.site),
        ("conversion", args.conversion),
        ("format", args.format.word().to_owned()),
    ];
    let more = [("name", args.name), ("from", args.from), ("to", args.to)];
    query.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
    print!("{}", args.server.client()?.get("/v1/postbacks/file", &query).await?);
    Ok(())
}
