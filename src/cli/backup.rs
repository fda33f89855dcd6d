//! `ringtrace backup` and `ringtrace restore`.

use std::path::{Path, PathBuf};

use crate::backup::files::{copy_file, make_folder};
use crate::backup::http::BackupReply;
use crate::backup::model::{BackupError, MANIFEST, Manifest, failed};
use crate::backup::restore::restore as restore_into;
use crate::backup::snapshot::{Backups, blocking, describe};
use crate::cli::{CliError, Client};
use crate::config::Live;
use crate::config::load::load_checked;
use crate::config::model::Config;
use crate::platform::caller_keys::KEY_FILE;
use crate::platform::data_folder::{DataFolder, DataFolderError, finished};
use crate::platform::redis::{Deployment, Patience, Redis};
use crate::platform::redis_server::RedisServer;
use crate::privacy::list::merge;
use crate::warehouse::store::Warehouse;

/// The installation's own keys.
const KEYS: [&str; 4] = ["signing.key", KEY_FILE, "client.key", "tokens.key"];

/// Options of `backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    /// The folder to make; it must be empty or not there.
    target: PathBuf,
    /// The configuration of the installation.
    #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
    config: PathBuf,
    /// An API key with the scope admin that may see every site; needed while the service runs.
    #[arg(long, env = "RINGTRACE_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Where the service is; by default the configuration's listen address.
    #[arg(long, env = "RINGTRACE_URL")]
    url: Option<String>,
    /// Take `signing.key`, `numbers.key`, `client.key` and `tokens.key` along: without them, callers are not known again,
    /// their numbers cannot be read, sessions end, and platforms must be connected anew.
    #[arg(long)]
    with_keys: bool,
}

/// Options of `restore`.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    /// The folder of a backup.
    source: PathBuf,
    /// A newer list of erasures (`erasures.ndjson` of a later backup): what is on it does not come back.
    #[arg(long, value_name = "PATH")]
    erasures: Option<PathBuf>,
    /// The configuration whose data folder, empty or not there, is to be filled.
    #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
    config: PathBuf,
}

/// Makes a backup: by the running service, or of what it left when none runs.
pub(super) async fn backup(args: BackupArgs) -> Result<(), CliError> {
    let (config, _) = load_checked(Some(&args.config))?;
    let target = args.target.clone();
    if std::fs::read_dir(&target).is_ok_and(|mut files| files.next().is_some()) {
        let why = format!("{} is not empty: name a new folder", target.display());
        return Err(BackupError::Refused(why).into());
    }
    let mut manifest = match DataFolder::claim(&config.data_folder) {
        Ok(claimed) => {
            let made = of_what_is_left(config.clone(), &target).await?;
            drop(claimed);
            made
        }
        Err(DataFolderError::InUse { .. }) => of_the_service(&config, &args, &target).await?,
        Err(error) => return Err(crate::app::StartError::from(error).into()),
    };
    if args.with_keys {
        // Each is made when it is first needed.
        for name in KEYS.iter().filter(|name| config.data_folder.join(name).exists()) {
            copy_file(&config.data_folder.join(name), &target.join(name))?;
        }
        manifest = describe(&target, manifest.made_at, manifest.shards)?;
    }
    println!(
        "{}: {} files, {} bytes, as of {}",
        target.display(),
        manifest.files.len(),
        manifest.bytes(),
        manifest.made_at
    );
    Ok(())
}

async fn of_the_service(
    config: &Config,
    args: &BackupArgs,
    target: &Path,
) -> Result<Manifest, CliError> {
    let key = args.key.as_deref().ok_or_else(|| {
        BackupError::Refused("the service runs: name an admin's key with --key".to_owned())
    })?;
    let base = args.url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
    let client = Client::new(&base, key)?;
    let told = client.post("/v1/backup").await?;
    let unreadable = |e: serde_json::Error| CliError::Server {
        url: client.url("/v1/backup"),
        why: e.to_string(),
    };
    let reply: BackupReply = serde_json::from_str(&told).map_err(unreadable)?;
    let (staged, target) = (PathBuf::from(reply.folder), target.to_owned());
    Ok(blocking(move || take(&staged, &target)).await?)
}

/// Takes the backup in `staged` to `target`, and looks whether it arrived as it was.
fn take(staged: &Path, target: &Path) -> Result<Manifest, BackupError> {
    let path = staged.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(failed("read", &path))?;
    let manifest = Manifest::read(&text)?;
    make_folder(target)?;
    for file in &manifest.files {
        copy_file(&staged.join(&file.path), &target.join(&file.path))?;
    }
    let arrived = describe(target, manifest.made_at.clone(), manifest.shards)?;
    if arrived.files != manifest.files {
        return Err(BackupError::Refused(
            "the copy is not like the backup: is the disk full?".to_owned(),
        ));
    }
    std::fs::remove_dir_all(staged).map_err(failed("remove", staged))?;
    Ok(arrived)
}

/// Opens what a service would open, and copies it.
async fn of_what_is_left(config: Config, target: &Path) -> Result<Manifest, CliError> {
    let warehouse = Warehouse::of(&config).map_err(BackupError::from)?;
    let (redis, server) = redis_of(&config).await?;
    let made = Backups::new(Live::new(config), redis, warehouse).make(target).await;
    if let Some(server) = server {
        server.stop().await;
    }
    Ok(made?)
}

/// The Redis of an installation whose service does not run: the configured one, or the private one, which is to be stopped
/// afterwards.
pub(super) async fn redis_of(config: &Config) -> Result<(Redis, Option<RedisServer>), CliError> {
    let patience = Patience::of_workers();
    if config.redis.is_private() {
        let folder = config.data_folder.join("redis");
        let server = RedisServer::start(&config.redis.program, &folder).await;
        let server = server.map_err(BackupError::from)?;
        return Ok((Redis::standalone(server.url(), patience)?, Some(server)));
    }
    let bad =
        |source| crate::platform::redis::StoreError::Refused { what: "the configured URL", source };
    let place = config.redis.place().map_err(bad)?;
    Ok((Redis::over(&Deployment::new(place, patience)), None))
}

/// Fills an empty data folder.
pub(super) async fn restore(args: RestoreArgs) -> Result<(), CliError> {
    let (config, _) = load_checked(Some(&args.config))?;
    if let Some(list) = &args.erasures {
        std::fs::File::open(list).map_err(failed("read", list))?;
    }
    let data = &config.data_folder;
    let claimed = DataFolder::claim(data).map_err(crate::app::StartError::from)?;
    let manifest = restore_into(&args.source, &config).await?;
    if let Some(list) = &args.erasures {
        let merged = merge(data, list).map_err(failed("read", list))?;
        println!("{merged} erasures will be done again at the next start");
    }
    finished(data).map_err(failed("finish", data))?;
    drop(claimed);
    println!(
        "{} has the backup of {}: {} files, {} bytes",
        data.display(),
        manifest.made_at,
        manifest.files.len(),
        manifest.bytes()
    );
    Ok(())
}
