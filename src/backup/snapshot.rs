//! Making a backup of what a process has open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::backup::files::{
    copy_file, copy_living_folder, files_below, known, make_folder, write_file,
};
use crate::backup::keyspace;
use crate::backup::model::{BackupError, CONFIG, DUMP, FORMAT, MANIFEST, Manifest, RDB, failed};
use crate::config::Live;
use crate::config::model::{Config, RedisMode};
use crate::platform::clock::Millis;
use crate::platform::redis::Redis;
use crate::privacy::list;
use crate::warehouse::migrate::STEPS;
use crate::warehouse::store::Warehouse;

/// Folders of the data folder that are copied as they are, besides the spool and the segments.
pub const OTHERS: [&str; 2] = ["snippet", "audit"];
/// Longest that Redis may take to write its file.
const LONGEST_SAVE: Duration = Duration::from_secs(30 * 60);
/// How often it is asked whether it is done.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// In the data folder: the backup that a running service makes.
pub const STAGING: &str = "backup";

/// Makes backups, one at a time; cheap to clone.
#[derive(Clone)]
pub struct Backups {
    live: Live,
    redis: Redis,
    warehouse: Warehouse,
    busy: Arc<Mutex<()>>,
}

impl Backups {
    /// Of these parts; `redis` should be patient.
    pub fn new(live: Live, redis: Redis, warehouse: Warehouse) -> Self {
        Backups { live, redis, warehouse, busy: Arc::default() }
    }

    /// Makes a backup inside the data folder, in the place of an earlier one; `None` while one is being made. Says
    /// where it is.
    pub async fn stage(&self) -> Result<Option<(PathBuf, Manifest)>, BackupError> {
        let Ok(_turn) = self.busy.try_lock() else { return Ok(None) };
        let data = self.live.now().config.data_folder.clone();
        let staging = data.join(STAGING);
        if staging.exists() {
            std::fs::remove_dir_all(&staging).map_err(failed("remove", &staging))?;
        }
        let manifest = self.make(&staging).await?;
        let whole = staging.canonicalize().map_err(failed("find", &staging))?;
        Ok(Some((whole, manifest)))
    }

    /// Makes a backup in the empty folder `target`.
    pub async fn make(&self, target: &Path) -> Result<Manifest, BackupError> {
        let made_at = Millis::system_now().to_string();
        let installation = self.live.now_full();
        let config = &installation.config;
        let data = config.data_folder.clone();
        make_folder(target)?;
        let tree = |name: &str| (data.join(name), target.join(name));
        // The order is what makes the copies fit: see the head of this module's folder.
        let (from, to) = tree("spool");
        blocking(move || copy_living_folder(&from, &to)).await?;
        self.copy_redis(config, target).await?;
        let (from, to) = tree("segments");
        blocking(move || copy_living_folder(&from, &to)).await?;
        if self.warehouse.is_shared() {
            tracing::warn!("the backup has no warehouse: ClickHouse makes backups of its own");
        } else {
            self.warehouse.copy_into(target.to_owned()).await?;
        }
        let settings = without_secrets(config)?;
        let (keys, shards, target) = (config.keys_file(), config.redis.shards, target.to_owned());
        blocking(move || {
            for name in OTHERS {
                copy_living_folder(&data.join(name), &target.join(name))?;
            }
            for name in [list::LIST, list::DONE] {
                copy_file(&data.join(name), &target.join(name))?;
            }
            if keys.parent() == Some(&data)
                && let Some(name) = keys.file_name()
            {
                copy_file(&keys, &target.join(name))?;
            }
            write_file(&target.join(CONFIG), settings.as_bytes())?;
            describe(&target, made_at, shards)
        })
        .await
    }

    async fn copy_redis(&self, config: &Config, target: &Path) -> Result<(), BackupError> {
        if config.redis.is_private() {
            return self.copy_private_redis(&config.data_folder.join("redis"), target).await;
        }
        if config.redis.mode == RedisMode::Cluster {
            return Err(BackupError::Refused(
                "a Redis Cluster is not copied: use its own snapshots, and copy the data folder beside them"
                    .to_owned(),
            ));
        }
        keyspace::dump(&self.redis, &target.join(DUMP)).await?;
        Ok(())
    }

    /// Lets the private Redis write all that it has at one moment.
    async fn copy_private_redis(&self, folder: &Path, target: &Path) -> Result<(), BackupError> {
        let saved = folder.join("dump.rdb");
        if saved.exists() {
            std::fs::remove_file(&saved).map_err(failed("remove", &saved))?;
        }
        let mut save = redis::cmd("BGSAVE");
        // It waits for a rewrite of the append-only file that runs.
        let _: String = self.redis.command("a backup", save.arg("SCHEDULE")).await?;
        let end = Instant::now() + LONGEST_SAVE;
        loop {
            let mut ask = redis::cmd("INFO");
            let told: redis::InfoDict =
                self.redis.command("a backup", ask.arg("persistence")).await?;
            let runs = told.get::<u8>("rdb_bgsave_in_progress") == Some(1);
            if !runs && saved.exists() {
                break;
            }
            let status = told.get::<String>("rdb_last_bgsave_status");
            if Instant::now() > end || (!runs && status.is_some_and(|status| status != "ok")) {
                let why = "Redis could not write its copy: look at redis.log and at the disk";
                return Err(BackupError::Refused(why.to_owned()));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        let target = target.join(RDB);
        blocking(move || {
            copy_file(&saved, &target)?;
            std::fs::remove_file(&saved).map_err(failed("remove", &saved))
        })
        .await
    }
}

/// Writes down what is in the backup `target`.
pub fn describe(target: &Path, made_at: String, shards: u16) -> Result<Manifest, BackupError> {
    let paths = files_below(target)?.into_iter().filter(|path| path != MANIFEST);
    let files = paths.map(|path| known(target, &path)).collect::<Result<_, _>>()?;
    let ringtrace = env!("CARGO_PKG_VERSION").to_owned();
    let warehouse = STEPS.len();
    let manifest = Manifest { format: FORMAT, ringtrace, made_at, shards, warehouse, files };
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|e| BackupError::Refused(format!("{MANIFEST} cannot be written: {e}")))?;
    write_file(&target.join(MANIFEST), &text)?;
    Ok(manifest)
}

/// The configuration in force; secrets show as `[secret]`.
fn without_secrets(config: &Config) -> Result<String, BackupError> {
    let text = toml::to_string(config)
        .map_err(|e| BackupError::Refused(format!("the configuration cannot be written: {e}")))?;
    Ok(format!(
        "# As it was in force. Secrets are left out: put them back before you use it.\n{text}"
    ))
}

/// Does what waits for a disk where that hurts nobody.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| BackupError::Refused("the program is ending".to_owned()))?
}
