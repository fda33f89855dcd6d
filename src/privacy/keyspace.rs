//! Every key of a site in Redis, piece by piece, whatever it is: what is added to Redis one day is looked through, too.

use std::sync::LazyLock;

use redis::FromRedisValue;

use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};

/// Keys and pieces that one command reads, about.
const AT_ONCE: usize = 500;
/// Keys whose types are asked for at a time.
const TYPES_AT_ONCE: usize = 64;
/// Entries up to which a stream is written anew; one with more is being trimmed, which does the same.
const MOST_REBUILT: usize = 20_000;
const WHAT: &str = "looking through Redis";

/// One piece of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The key.
    pub key: String,
    /// What the key is.
    pub kind: PieceKind,
    /// The field of a hash, the member of a set or list, the id of a stream's entry; empty: the whole key.
    pub member: Vec<u8>,
    /// The value of a string or a field, the fields of a stream's entry; empty: the member is all.
    pub value: Vec<u8>,
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// STR.
    Text,
    /// HASH.
    Hash,
    /// ZSET.
    Sorted,
    /// SET.
    Set,
    /// LIST.
    List,
    /// STREAM.
    Stream,
}

/// The keys of one site, and those of its shard.
pub struct Keyspace<'a> {
    redis: &'a Redis,
    keys: &'a SiteKeys,
}

impl<'a> Keyspace<'a> {
    /// Through a handle with the patience of workers.
    pub fn new(redis: &'a Redis, keys: &'a SiteKeys) -> Self {
        Keyspace { redis, keys }
    }

    /// Names of the keys that can hold something of the site. A key that is there all the time is among them.
    pub async fn names(&self) -> Result<Vec<String>, StoreError> {
        static SCAN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/scan.lua")));
        let (shard, site) = (self.keys.shard, self.keys.site());
        let mut names = std::collections::BTreeSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut step = SCAN.key(shard.ledger());
            step.arg(&cursor).arg(format!("rt:{shard}:*")).arg(AT_ONCE);
            let (next, found): (String, Vec<String>) = self.redis.script(WHAT, &step).await?;
            let (inside, last) = (format!(":{site}:"), format!(":{site}"));
            names.extend(found.into_iter().filter(|name| {
                self.is_of_all(name) || name.contains(&inside) || name.ends_with(&last)
            }));
            if next == "0" {
                return Ok(names.into_iter().collect());
            }
            cursor = next;
        }
    }

    /// Whether all sites of the shard share the key.
    pub fn is_of_all(&self, name: &str) -> bool {
        let shard = self.keys.shard;
        name == shard.ledger()
            || name == shard.ledger_dead()
            || name == shard.live()
            || name.starts_with(&format!("rt:{shard}:outbox:"))
    }

    /// Shows every piece of these keys to `look`; a key that ends meanwhile is left out.
    pub async fn pieces(
        &self,
        names: &[String],
        mut look: impl FnMut(Piece),
    ) -> Result<(), StoreError> {
        for some in names.chunks(TYPES_AT_ONCE) {
            let mut types = redis::pipe();
            for name in some {
                types.cmd("TYPE").arg(name);
            }
            let types: Vec<String> = self.redis.pipeline(WHAT, &types).await?;
            let texts = some.iter().zip(&types).filter(|(_, kind)| *kind == "string");
            let texts: Vec<&String> = texts.map(|(name, _)| name).collect();
            if !texts.is_empty() {
                let mut read = redis::cmd("MGET");
                for name in &texts {
                    read.arg(name);
                }
                let values: Vec<Option<Vec<u8>>> = self.redis.command(WHAT, &read).await?;
                for (name, value) in texts.into_iter().zip(values) {
                    let Some(value) = value else { continue };
                    let (key, kind, member) = (name.clone(), PieceKind::Text, Vec::new());
                    look(Piece { key, kind, member, value });
                }
            }
            for (name, kind) in some.iter().zip(&types) {
                match kind.as_str() {
                    "hash" => self.scan(name, "HSCAN", PieceKind::Hash, &mut look).await?,
                    "zset" => self.scan(name, "ZSCAN", PieceKind::Sorted, &mut look).await?,
                    "set" => self.scan(name, "SSCAN", PieceKind::Set, &mut look).await?,
                    "list" => self.list(name, &mut look).await?,
                    "stream" => self.stream(name, &mut look).await?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn scan(
        &self,
        name: &str,
        command: &str,
        kind: PieceKind,
        look: &mut impl FnMut(Piece),
    ) -> Result<(), StoreError> {
        let mut cursor = 0_u64;
        loop {
            let mut step = redis::cmd(command);
            step.arg(name).arg(cursor).arg("COUNT").arg(AT_ONCE);
            let (next, found): (u64, Vec<Vec<u8>>) = self.redis.command(WHAT, &step).await?;
            let together = if kind == PieceKind::Set { 1 } else { 2 };
            for piece in found.chunks_exact(together) {
                let value = match kind {
                    PieceKind::Hash => piece[1].clone(),
                    _ => Vec::new(),
                };
                look(Piece { key: name.to_owned(), kind, member: piece[0].clone(), value });
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn list(&self, name: &str, look: &mut impl FnMut(Piece)) -> Result<(), StoreError> {
        let mut read = redis::cmd("LRANGE");
        let members: Vec<Vec<u8>> = self.redis.command(WHAT, read.arg(name).arg(0).arg(-1)).await?;
        for member in members {
            let (key, kind) = (name.to_owned(), PieceKind::List);
            look(Piece { key, kind, member, value: Vec::new() });
        }
        Ok(())
    }

    async fn stream(&self, name: &str, look: &mut impl FnMut(Piece)) -> Result<(), StoreError> {
        let mut from = "-".to_owned();
        loop {
            let mut read = redis::cmd("XRANGE");
            read.arg(name).arg(&from).arg("+").arg("COUNT").arg(AT_ONCE);
            let entries: Vec<(String, Vec<redis::Value>)> = self.redis.command(WHAT, &read).await?;
            let Some((last, _)) = entries.last() else { return Ok(()) };
            from = format!("({last}");
            for (id, fields) in entries {
                let fields = fields.into_iter();
                let texts = fields.filter_map(|field| Vec::<u8>::from_redis_value(field).ok());
                let value = texts.collect::<Vec<_>>().join(&b' ');
                let (key, kind) = (name.to_owned(), PieceKind::Stream);
                look(Piece { key, kind, member: id.into_bytes(), value });
            }
        }
    }

    /// Removes a piece, or the whole key where `member` is empty.
    pub async fn remove(&self, piece: &Piece) -> Result<(), StoreError> {
        let Piece { key, kind, member, .. } = piece;
        let mut command = match kind {
            _ if member.is_empty() => redis::cmd("UNLINK"),
            PieceKind::Text => redis::cmd("UNLINK"),
            PieceKind::Hash => redis::cmd("HDEL"),
            PieceKind::Sorted => redis::cmd("ZREM"),
            PieceKind::Set => redis::cmd("SREM"),
            PieceKind::List => redis::cmd("LREM"),
            PieceKind::Stream => redis::cmd("XDEL"),
        };
        command.arg(key);
        if *kind == PieceKind::List && !member.is_empty() {
            command.arg(0);
        }
        if !member.is_empty() {
            command.arg(member);
        }
        self.redis.command::<i64>(WHAT, &command).await.map(|_| ())
    }

    /// Writes a stream anew, from which something was deleted; `false` when it is too long for that.
    pub async fn rebuild(&self, name: &str) -> Result<bool, StoreError> {
        static REBUILD: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!("lua/rebuild.lua")));
        let mut rebuild = REBUILD.key(name);
        rebuild.arg(MOST_REBUILT);
        Ok(self.redis.script::<i64>(WHAT, &rebuild).await? == 1)
    }

    /// Gives a string or a field another value; `false` when somebody changed it meanwhile.
    pub async fn replace(&self, piece: &Piece, value: &[u8]) -> Result<bool, StoreError> {
        static SWAP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/swap.lua")));
        let mut swap = SWAP.key(&piece.key);
        swap.arg(&piece.member).arg(&piece.value).arg(value);
        Ok(self.redis.script::<i64>(WHAT, &swap).await? == 1)
    }
}
