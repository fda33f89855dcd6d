//! `ringtrace privacy`: what the running server knows of one person.

use serde::Deserialize;
use serde_json::json;

use crate::cli::{CliError, ServerArgs};
use crate::platform::ids::SiteId;
use crate::privacy::eraser::Erased;
use crate::privacy::keeper::Outdated;

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum PrivacyCommand {
    /// Print all that is known of somebody, as JSON.
    Export(PersonArgs),
    /// Remove all that is known of somebody. There is no way back.
    Erase(PersonArgs),
    /// Seal the numbers of all callers with a new key, or with the newest that there is.
    Reseal(ResealArgs),
}

/// With which key.
#[derive(Clone, Debug, clap::Args)]
pub struct ResealArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Make a key first, which seals from now on.
    #[arg(long)]
    new_key: bool,
    /// Forget the older keys afterwards: what backups have under them cannot be read any more.
    #[arg(long)]
    forget_old: bool,
}

/// Who is meant.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct PersonArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The site; by default all that the key may see.
    #[arg(long)]
    site: Option<SiteId>,
    /// The number that they called from.
    #[arg(long, required_unless_present_any = ["visitor", "session"])]
    caller: Option<String>,
    /// The id of their browser.
    #[arg(long, conflicts_with = "caller")]
    visitor: Option<String>,
    /// The id of one visit.
    #[arg(long, conflicts_with_all = ["caller", "visitor"])]
    session: Option<String>,
}

#[derive(Deserialize)]
struct Reply {
    erased: Vec<Erased>,
}

/// Does it and prints what was found.
pub(super) async fn run(command: PrivacyCommand) -> Result<(), CliError> {
    let (path, args) = match command {
        PrivacyCommand::Export(args) => ("/v1/privacy/export", args),
        PrivacyCommand::Erase(args) => ("/v1/privacy/erase", args),
        PrivacyCommand::Reseal(args) => return reseal(args).await,
    };
    let PersonArgs { server, site, caller, visitor, session } = args;
    let mut body = serde_json::Map::new();
    let named = [("caller", caller), ("visitor", visitor), ("session", session)];
    for (name, value) in named.into_iter().chain([("site", site.map(String::from))]) {
        body.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    let client = server.client()?;
    let told = client.post_json(path, &body.into()).await?;
    if path.ends_with("export") {
        println!("{told:#}");
        return Ok(());
    }
    let unreadable =
        |e: serde_json::Error| CliError::Server { url: client.url(path), why: e.to_string() };
    let reply: Reply = serde_json::from_value(told).map_err(unreadable)?;
    for erased in reply.erased {
        let Erased { site, visits, calls, leads, redis, spool, segments, warehouse, .. } = &erased;
        println!(
            "{site}: {visits} visits, {calls} calls, {leads} leads ({redis} parts of Redis, {spool} spooled events, \
             {segments} segment entries, {warehouse} rows; {} calls of others cleaned)",
            erased.cleaned
        );
        if !erased.redis_file_rewritten {
            println!(
                "{site}: Redis did not write its append-only file anew; let it do so (BGREWRITEAOF)"
            );
        }
        if erased.segments_unreadable > 0 {
            println!("{site}: {} parts of segments cannot be read", erased.segments_unreadable);
        }
    }
    Ok(())
}

async fn reseal(args: ResealArgs) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Reply {
        resealed: Vec<Outdated>,
    }
    let ResealArgs { server, new_key, forget_old } = args;
    let (client, path) = (server.client()?, "/v1/privacy/reseal");
    let body = json!({ "new_key": new_key, "forget_old": forget_old });
    let told = client.post_json(path, &body).await?;
    let unreadable =
        |e: serde_json::Error| CliError::Server { url: client.url(path), why: e.to_string() };
    let reply: Reply = serde_json::from_value(told).map_err(unreadable)?;
    for Outdated { site, segments, calls, redis, .. } in reply.resealed {
        println!(
            "{site}: {segments} segment entries, {calls} calls of the warehouse, {redis} parts of Redis"
        );
    }
    Ok(())
}

/// What to do about what is too old.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum RetentionCommand {
    /// Remove it now, as the running server does once a day.
    Run(RetentionArgs),
}

/// Of which site, and whether really.
#[derive(Clone, Debug, clap::Args)]
pub struct RetentionArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The site; by default all that the key may see.
    #[arg(long)]
    site: Option<SiteId>,
    /// Only count it.
    #[arg(long)]
    dry_run: bool,
}

/// Keeps to the retention of sites and prints what was too old.
pub(super) async fn retention(command: RetentionCommand) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Reply {
        outdated: Vec<Outdated>,
    }
    let RetentionCommand::Run(RetentionArgs { server, site, dry_run }) = command;
    let client = server.client()?;
    let path = "/v1/privacy/retention";
    let told = client.post_json(path, &json!({ "site": site, "dry_run": dry_run })).await?;
    let unreadable =
        |e: serde_json::Error| CliError::Server { url: client.url(path), why: e.to_string() };
    let reply: Reply = serde_json::from_value(told).map_err(unreadable)?;
    let verb = if dry_run { "would go" } else { "went" };
    for Outdated { site, segments, calls, rows, redis } in reply.outdated {
        println!(
            "{site}: {verb}: {segments} segment entries, {rows} rows, {redis} parts of Redis; {calls} calls cleaned"
        );
    }
    Ok(())
}
