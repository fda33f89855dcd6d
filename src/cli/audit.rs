//! `ringtrace audit`: who changed and exported what, as the running server keeps it.

use comfy_table::{Table, TableStyle};
use serde::Deserialize;

use crate::audit::model::Entry;
use crate::cli::{CliError, ServerArgs};
use crate::platform::ids::SiteId;

/// Options of `audit`.
#[derive(Clone, Debug, clap::Args)]
pub struct AuditArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Only what was about this site.
    #[arg(long)]
    site: Option<SiteId>,
    /// Only what this key or person did.
    #[arg(long)]
    by: Option<String>,
    /// `change` or `export`.
    #[arg(long)]
    action: Option<String>,
    /// How many entries.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct List {
    entries: Vec<Entry>,
    next: Option<String>,
}

/// Prints the newest entries.
pub(super) async fn run(args: AuditArgs) -> Result<(), CliError> {
    let client = args.server.client()?;
    let mut query = vec![("limit", args.limit.clamp(1, 1_000).to_string())];
    query.extend(args.site.map(|site| ("site", site.to_string())));
    query.extend(args.by.map(|by| ("by", by)));
    query.extend(args.action.map(|action| ("action", action)));
    let mut left = args.limit;
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(["when", "by", "from", "what", "sites", "target", "status"]);
    loop {
        let text = client.get("/v1/audit", &query).await?;
        let unreadable = |e: serde_json::Error| CliError::Server {
            url: client.url("/v1/audit"),
            why: format!("no audit log: {e}"),
        };
        let page: List = serde_json::from_str(&text).map_err(unreadable)?;
        for entry in page.entries.iter().take(left) {
            if args.json {
                println!("{}", serde_json::to_string(entry).map_err(unreadable)?);
                continue;
            }
            let sites = entry.sites.iter().map(SiteId::as_str).collect::<Vec<_>>().join(", ");
            let what = format!("{} {}", entry.method, entry.route);
            let Entry { at, by, network, target, .. } = entry.clone();
            table.add_row([at, by, network, what, sites, target, entry.status.to_string()]);
        }
        left = left.saturating_sub(page.entries.len());
        match page.next.filter(|_| left > 0) {
            Some(next) => {
                query.retain(|(name, _)| *name != "cursor");
                query.push(("cursor", next));
            }
            None => break,
        }
    }
    if !args.json {
        println!("{table}");
    }
    Ok(())
}
