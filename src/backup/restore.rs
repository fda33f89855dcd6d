//! Putting a backup into an empty data folder.

use std::path::Path;

use crate::backup::files::{copy_file, known, make_folder};
use crate::backup::keyspace;
use crate::backup::model::{BackupError, CONFIG, DUMP, MANIFEST, Manifest, RDB, failed};
use crate::config::model::{Config, RedisMode};
use crate::platform::data_folder::{is_of_no_data, unfinished};
use crate::platform::redis::{Deployment, Patience, Redis, StoreError};
use crate::platform::redis_server::RedisServer;
use crate::warehouse::migrate::STEPS;

/// What Redis loads in the place of an append-only file of its own: an RDB file is how such a file begins.
const APPEND_ONLY: &str = "appendonly.aof";

/// Checks the whole backup, then puts it into the data folder of `config`, which the caller has claimed. The folder is
/// marked as half restored before the first file, so that nobody starts on half a backup; the caller takes the mark away
/// ([`crate::platform::data_folder::finished`]) once nothing is left to do.
pub async fn restore(source: &Path, config: &Config) -> Result<Manifest, BackupError> {
    let manifest = examine(source, config)?;
    let data = &config.data_folder;
    empty(data)?;
    let redis = (!config.redis.is_private()).then(|| external(config)).transpose()?;
    if let Some(redis) = &redis
        && !keyspace::is_empty(redis).await?
    {
        return Err(refused("the Redis of the configuration is not empty: nothing was restored"));
    }
    unfinished(data).map_err(failed("mark", data))?;
    for file in &manifest.files {
        let Some(path) = file.inside() else { continue };
        if ![RDB, DUMP, CONFIG].contains(&file.path.as_str()) {
            copy_file(&source.join(path), &data.join(path))?;
        }
    }
    match redis {
        None => into_private(source, &manifest, config, &data.join("redis")).await?,
        Some(redis) if manifest.has(DUMP) => {
            keyspace::load(&redis, &source.join(DUMP)).await?;
        }
        Some(redis) => {
            // An RDB file is read by a server alone: one of our own tells what is in it.
            let folder = data.join("restore");
            let server = with_rdb(source, config, &folder).await?;
            let between = folder.join(DUMP);
            keyspace::dump(&patient(server.url())?, &between).await?;
            server.stop().await;
            keyspace::load(&redis, &between).await?;
            std::fs::remove_dir_all(&folder).map_err(failed("remove", &folder))?;
        }
    }
    Ok(manifest)
}

async fn into_private(
    source: &Path,
    manifest: &Manifest,
    config: &Config,
    folder: &Path,
) -> Result<(), BackupError> {
    if manifest.has(RDB) {
        with_rdb(source, config, folder).await?.stop().await;
        return Ok(());
    }
    let server = RedisServer::start(&config.redis.program, folder).await?;
    let loaded = keyspace::load(&patient(server.url())?, &source.join(DUMP)).await;
    server.stop().await;
    loaded.map(|_| ())
}

/// Starts a server in `folder` that has what the backup's RDB file has.
async fn with_rdb(
    source: &Path,
    config: &Config,
    folder: &Path,
) -> Result<RedisServer, BackupError> {
    make_folder(folder)?;
    copy_file(&source.join(RDB), &folder.join(APPEND_ONLY))?;
    Ok(RedisServer::start(&config.redis.program, folder).await?)
}

fn patient(url: &str) -> Result<Redis, StoreError> {
    Redis::standalone(url, Patience::of_workers())
}

fn external(config: &Config) -> Result<Redis, BackupError> {
    if config.redis.mode == RedisMode::Cluster {
        return Err(refused("a Redis Cluster is restored from its own snapshots"));
    }
    let bad = |source| StoreError::Refused { what: "the configured URL", source };
    let place = config.redis.place().map_err(bad)?;
    Ok(Redis::over(&Deployment::new(place, Patience::of_workers())))
}

/// Whether the backup is whole, and can be used here.
fn examine(source: &Path, config: &Config) -> Result<Manifest, BackupError> {
    let path = source.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(failed("read", &path))?;
    let manifest = Manifest::read(&text)?;
    if manifest.warehouse > STEPS.len() {
        return Err(refused(&format!(
            "the backup's warehouse has tables of version {}, and this program knows up to {}: use the newer program",
            manifest.warehouse,
            STEPS.len()
        )));
    }
    if manifest.shards != config.redis.shards {
        return Err(refused(&format!(
            "the backup spreads its sites over {} hash tags, the configuration over {}: set redis.shards",
            manifest.shards, config.redis.shards
        )));
    }
    if manifest.has(RDB) == manifest.has(DUMP) {
        return Err(refused("the backup has no copy of Redis"));
    }
    for file in &manifest.files {
        if &known(source, &file.path)? != file {
            let why = format!("{} is not as it was written: nothing was restored", file.path);
            return Err(refused(&why));
        }
    }
    Ok(manifest)
}

/// Refuses a data folder that has data.
fn empty(data: &Path) -> Result<(), BackupError> {
    let files = std::fs::read_dir(data).map_err(failed("list", data))?;
    for file in files {
        let name = file.map_err(failed("list", data))?.file_name();
        if !is_of_no_data(&name) {
            return Err(refused(&format!(
                "the data folder {} is not empty: restore into a new one",
                data.display()
            )));
        }
    }
    Ok(())
}

fn refused(why: &str) -> BackupError {
    BackupError::Refused(why.to_owned())
}
