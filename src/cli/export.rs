//! `ringtrace export`: a table of the warehouse as a file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::app::StartError;
use crate::cli::client::Client;
use crate::cli::error::CliError;
use crate::config::Live;
use crate::config::load::{load, load_checked};
use crate::export::model::{FileFormat, Table, Wanted};
use crate::export::rules::period;
use crate::export::store::Exports;
use crate::platform::clock::Millis;
use crate::platform::data_folder::DataFolder;
use crate::platform::ids::SiteId;
use crate::report::rules::bound;
use crate::warehouse::store::Warehouse;
use crate::warehouse::zone::latest_day;

/// What `ringtrace export` was asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// Which table.
    pub table: Table,
    /// First day (YYYY-MM-DD, in the site's time zone) or first moment (RFC 3339); everything when there is none.
    #[arg(long)]
    pub from: Option<String>,
    /// Last day, or the moment before which it ends.
    #[arg(long)]
    pub to: Option<String>,
    /// A period by its name, instead of --from and --to: yesterday, last_month, ….
    #[arg(long)]
    pub period: Option<String>,
    /// Site; may be given several times. All when absent.
    #[arg(long)]
    pub site: Vec<SiteId>,
    /// How it is written.
    #[arg(long, default_value = "parquet")]
    pub format: FileFormat,
    /// The file to write; `-` is standard output. By default `ringtrace-<table>.<format>`.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Where the server is; by default the configuration's listen address.
    #[arg(long, env = "RINGTRACE_URL")]
    pub url: Option<String>,
    /// An API key with the scope analyst. Without one the data folder is read, which no service may have open.
    #[arg(long, env = "RINGTRACE_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The configuration of the installation.
    #[arg(long, env = "RINGTRACE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Writes the file: as the running server sends it, or from the data folder.
pub async fn run(args: ExportArgs) -> Result<(), CliError> {
    let name = || format!("ringtrace-{}.{}", args.table.word(), args.format.word());
    let output = args.output.clone().unwrap_or_else(|| name().into());
    if output.as_os_str() == "-" {
        let Some(key) = &args.key else {
            let folder = tempfile::tempdir().map_err(CliError::Stream)?;
            let path = folder.path().join(name());
            from_the_folder(&args, &path).await?;
            let mut file = std::fs::File::open(path).map_err(CliError::Stream)?;
            io::copy(&mut file, &mut io::stdout().lock()).map_err(CliError::Stream)?;
            return Ok(());
        };
        return from_the_server(&args, key, &mut io::stdout().lock()).await;
    }
    // Whoever sees the file sees all of it.
    let mut part = output.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    match &args.key {
        None => from_the_folder(&args, &part).await?,
        Some(key) => {
            let mut file = std::fs::File::create(&part).map_err(CliError::Stream)?;
            from_the_server(&args, key, &mut file).await?;
        }
    }
    let bytes = part.metadata().map_err(CliError::Stream)?.len();
    std::fs::rename(&part, &output).map_err(CliError::Stream)?;
    println!("{}: {bytes} bytes", output.display());
    Ok(())
}

async fn from_the_server(args: &ExportArgs, key: &str, to: &mut dyn Write) -> Result<(), CliError> {
    let base = match &args.url {
        Some(url) => url.clone(),
        None => format!("http://{}", load(args.config.as_deref())?.server.listen),
    };
    let mut query =
        vec![("table", args.table.word().to_owned()), ("format", args.format.word().to_owned())];
    let period = [("from", &args.from), ("to", &args.to), ("period", &args.period)];
    query.extend(period.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    query.extend(args.site.iter().map(|site| ("site", site.to_string())));
    Client::new(&base, key)?.download("/v1/export", &query, to).await
}

async fn from_the_folder(args: &ExportArgs, path: &Path) -> Result<(), CliError> {
    let (config, _) = load_checked(args.config.as_deref())?;
    let claimed = DataFolder::claim(&config.data_folder).map_err(StartError::from)?;
    let warehouse = Warehouse::of(&config).map_err(StartError::from)?;
    let exports = Exports::new(warehouse, &config.data_folder);
    let mut export = exports.start(wanted(args, &Live::new(config))?).await?;
    let mut file = std::fs::File::create(path).map_err(CliError::Stream)?;
    while let Some(piece) = export.next().await? {
        file.write_all(&piece).map_err(CliError::Stream)?;
    }
    drop(claimed);
    Ok(())
}

fn wanted(args: &ExportArgs, live: &Live) -> Result<Wanted, CliError> {
    let installation = live.now_full();
    if let Some(unknown) = args.site.iter().find(|site| installation.site(site).is_none()) {
        return Err(CliError::NoSuchSite(unknown.clone()));
    }
    let all = || installation.config.sites.iter().map(|site| site.id.clone()).collect();
    let sites: Vec<SiteId> = if args.site.is_empty() { all() } else { args.site.clone() };
    let end = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| bound(name, text)).transpose().map_err(CliError::Export)
    };
    let ends = (end("from", &args.from)?, end("to", &args.to)?);
    let now = Millis::system_now();
    let today = latest_day(&installation, &sites, now);
    let period = period(args.table, args.period.as_deref(), ends, today, now);
    let period = period.map_err(CliError::Export)?;
    Ok(Wanted { table: args.table, sites, period, format: args.format })
}
