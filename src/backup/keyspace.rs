//! The keys of a Redis of somebody's own, read one by one (`SCAN`, `DUMP`, `PTTL`) and put into another one
//! (`RESTORE`).
//!
//! The file: for each key three fields, each with its length as 8 bytes, big-endian, before it: the name; how long it
//! still lives in milliseconds as text (`-1`: for ever); what `DUMP` gave. Keys change while they are read, so ledgers
//! come last: whatever another key already tells of, its ledger entry is there too.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use crate::backup::model::{BackupError, failed};
use crate::platform::keys::tag_of;
use crate::platform::redis::Redis;

/// Keys that are asked for at a time.
const AT_ONCE: usize = 64;
/// Longest field that is read back, in bytes: Redis' own limit of a value.
const LONGEST: u64 = 512 << 20;
const PREFIX: &str = "rt:";

type Field = Vec<u8>;

/// Writes all of Ringtrace's keys into `path`; how many there were. For one server, or the master behind Sentinel.
pub async fn dump(redis: &Redis, path: &Path) -> Result<u64, BackupError> {
    let mut keys = all_keys(redis).await?;
    // Those of one hash tag together: a pipeline asks one of them.
    keys.sort_by(|a, b| place(a).cmp(&place(b)));
    let file = File::create(path).map_err(failed("write", path))?;
    let mut out = BufWriter::new(file);
    let mut count = 0;
    let together = keys.chunk_by(|a, b| place(a) == place(b));
    for some in together.flat_map(|keys| keys.chunks(AT_ONCE)) {
        let mut asked = redis::pipe();
        for key in some {
            asked.cmd("PTTL").arg(key).cmd("DUMP").arg(key);
        }
        let answers: Vec<redis::Value> = redis.pipeline("a backup", &asked).await?;
        for (key, answer) in some.iter().zip(answers.chunks_exact(2)) {
            // A key that ended meanwhile has nothing to give.
            if let (redis::Value::Int(left), redis::Value::BulkString(dumped)) =
                (&answer[0], &answer[1])
            {
                let left = left.to_string();
                for field in [key.as_slice(), left.as_bytes(), dumped] {
                    let length = (field.len() as u64).to_be_bytes();
                    let written = out.write_all(&length).and_then(|()| out.write_all(field));
                    written.map_err(failed("write", path))?;
                }
                count += 1;
            }
        }
    }
    let synced = out.flush().and_then(|()| out.get_ref().sync_all());
    synced.map_err(failed("write", path))?;
    Ok(count)
}

/// Where a key comes in the file, and which keys may be asked for together with it.
fn place(key: &[u8]) -> (bool, Option<&[u8]>) {
    (key.ends_with(b":ledger"), tag_of(key))
}

/// Whether there is anything of Ringtrace's in this Redis.
pub async fn is_empty(redis: &Redis) -> Result<bool, BackupError> {
    Ok(all_keys(redis).await?.is_empty())
}

async fn all_keys(redis: &Redis) -> Result<Vec<Field>, BackupError> {
    let mut keys = std::collections::BTreeSet::new();
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{PREFIX}*")).arg("COUNT").arg(1_000);
        let (next, some): (u64, Vec<Field>) = redis.command("a backup", &scan).await?;
        keys.extend(some);
        cursor = next;
        if cursor == 0 {
            return Ok(keys.into_iter().collect());
        }
    }
}

/// Puts the keys of `path` into `redis`, where none of them may be yet; how many there were.
pub async fn load(redis: &Redis, path: &Path) -> Result<u64, BackupError> {
    let file = File::open(path).map_err(failed("read", path))?;
    let mut file = BufReader::new(file);
    let (mut count, mut waiting) = (0, 0);
    let (mut asked, mut tag) = (redis::pipe(), None);
    while let Some(key) = field(&mut file, path)? {
        let damaged = || BackupError::Refused(format!("{} breaks off", path.display()));
        let left = field(&mut file, path)?.ok_or_else(damaged)?;
        let dumped = field(&mut file, path)?.ok_or_else(damaged)?;
        let left: i64 = std::str::from_utf8(&left).ok().and_then(|t| t.parse().ok()).unwrap_or(-1);
        let next = tag_of(&key).map(<[u8]>::to_vec);
        if waiting == AT_ONCE || (waiting > 0 && next != tag) {
            redis.pipeline::<()>("a restore", &asked).await?;
            asked.clear();
            waiting = 0;
        }
        tag = next;
        asked.cmd("RESTORE").arg(key).arg(lifetime(left)).arg(dumped).ignore();
        waiting += 1;
        count += 1;
    }
    if waiting > 0 {
        redis.pipeline::<()>("a restore", &asked).await?;
    }
    Ok(count)
}

/// What `RESTORE` is told of the milliseconds that a key had left: 0 is for ever, which is what Redis tells as -1. A key in
/// its last millisecond is over soon, not never.
fn lifetime(left: i64) -> i64 {
    if left < 0 { 0 } else { left.max(1) }
}

/// The next field; `None` at the end of the file.
fn field(file: &mut impl Read, path: &Path) -> Result<Option<Field>, BackupError> {
    let mut length = [0; 8];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(failed("read", path))?,
    }
    let length = u64::from_be_bytes(length);
    let mut bytes = Vec::new();
    if length <= LONGEST {
        file.take(length).read_to_end(&mut bytes).map_err(failed("read", path))?;
    }
    if bytes.len() as u64 != length {
        return Err(BackupError::Refused(format!("{} breaks off", path.display())));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_its_last_millisecond_does_not_live_for_ever() {
        assert_eq!([-1, 0, 1, 5_000].map(lifetime), [0, 1, 1, 5_000]);
    }
}
