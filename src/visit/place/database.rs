//! One database file: opened, checked, asked.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Mmap, Reader, WithinOptions};

use super::mapped::{Stamp, map_copy};
use super::record::Record;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be read.
    #[error("cannot read the database {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is damaged, no MaxMind DB, or about something else.
    #[error("the database {path} cannot be used: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Damage,
    },
}

/// What is wrong with the content of a file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It breaks the format.
    #[error(transparent)]
    Format(#[from] MaxMindDbError),
    /// Its tree has no end.
    #[error("its tree runs in circles")]
    Circles,
    /// It may be sound, but is of no use here.
    #[error("no record in it tells a place or a network")]
    Useless,
}

/// A database in the MaxMind DB format, of whatever vendor and kind.
#[derive(Debug)]
pub struct Database {
    reader: Reader<Mmap>,
    stamp: Stamp,
}

impl Database {
    /// Opens the file at `path` and reads it through, so that a damaged one is refused here and not
    /// met by a visitor. Reads from a copy without a name in the folder `scratch`. It takes about a
    /// second for 100 MB: call it where waiting hurts nobody.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, DatabaseError> {
        let mapped = map_copy(path, scratch);
        let (mapped, stamp) =
            mapped.map_err(|source| DatabaseError::File { path: path.to_owned(), source })?;
        let damaged = |source| DatabaseError::Damaged { path: path.to_owned(), source };
        let database = Database {
            reader: Reader::from_source(mapped).map_err(|error| damaged(error.into()))?,
            stamp,
        };
        database.verify().map_err(damaged)?;
        Ok(database)
    }

    /// The stamp of the file that it was read from.
    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What it calls itself, e.g. `GeoLite2-City`.
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When it was made, in seconds since 1970.
    pub fn built_at(&self) -> u64 {
        self.reader.metadata().build_epoch
    }

    /// The record of `address`; `None` when it has none. A database of IPv4 addresses has none of
    /// an IPv6 address.
    pub(super) fn lookup(&self, address: IpAddr) -> Result<Option<Record<'_>>, MaxMindDbError> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(None);
        }
        self.reader.lookup(address)?.decode()
    }

    /// Walks the whole tree and looks at every record.
    ///
    /// `Reader::verify` insists on a description, which the files of ip-location-db do not have;
    /// their records are read as a lookup reads them.
    fn verify(&self) -> Result<(), Damage> {
        let metadata = self.reader.metadata();
        let verified = !metadata.description.is_empty();
        if verified {
            self.reader.verify()?;
        }
        // Each node has two ends; more of them means that the tree runs in circles.
        let most = u64::from(metadata.node_count).saturating_mul(2);
        let (mut read, mut is_useful) = (HashSet::new(), false);
        let all = WithinOptions::default().include_networks_without_data();
        for (seen, found) in (0..).zip(self.reader.networks(all)?) {
            if verified && is_useful {
                break;
            }
            if seen > most {
                return Err(Damage::Circles);
            }
            let found = found?;
            if found.offset().is_some_and(|offset| read.insert(offset)) {
                let record = found.decode::<Record<'_>>()?;
                is_useful |= record.is_some_and(|record| record != Record::default());
            }
        }
        if is_useful { Ok(()) } else { Err(Damage::Useless) }
    }
}
