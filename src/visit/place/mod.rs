//! Where an address is, and whose: the databases that the configuration names.
//!
//! In: an address. Out: [`Located`], the fields that the databases in force know. Several databases
//! are one: of every field the first that knows it counts.
//!
//! Always: without a database, with one that is damaged, and for an address that none knows, the
//! answer is empty; a lookup never fails, waits for nothing but memory, and costs about a
//! microsecond. [`worker`] puts newer files in force while the program runs.

pub mod database;
mod mapped;
mod record;
#[cfg(test)]
mod tests;
pub mod worker;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::visit::model::Place;
use database::{Database, DatabaseError};
use record::Record;

/// The network that an address belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Autonomous system number; 0 when unknown.
    pub asn: u32,
    /// Its organisation, empty when unknown.
    pub organisation: String,
    /// A database says that machines are hosted there: a data centre.
    pub is_hosting: bool,
    /// A database says that addresses hide behind it: VPN, public proxy, Tor.
    pub is_anonymous: bool,
}

/// What the databases know of one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// Where it is.
    pub place: Place,
    /// Whose it is.
    pub network: Network,
}

/// The databases in force; cheap to clone, shared by all workers.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<ArcSwap<Vec<Arc<Database>>>>);

impl Places {
    /// The databases at `paths`, for a program that ends before they change. Their copies are in the
    /// folder `scratch`.
    pub fn open(paths: &[PathBuf], scratch: &Path) -> Result<Self, DatabaseError> {
        let opened = paths.iter().map(|path| Ok(Arc::new(Database::open(path, scratch)?)));
        let places = Places::default();
        places.replace(opened.collect::<Result<_, _>>()?);
        Ok(places)
    }

    /// Puts other databases in force for everybody.
    fn replace(&self, databases: Vec<Arc<Database>>) {
        self.0.store(Arc::new(databases));
    }

    /// What is known of `address`. An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is the IPv4
    /// address; tunnelled ones (6to4, Teredo) are where the databases put them.
    pub fn locate(&self, address: IpAddr) -> Located {
        let address = address.to_canonical();
        let mut located = Located::default();
        for database in self.0.load().iter() {
            match database.lookup(address) {
                Ok(Some(record)) => located.learn(&record),
                Ok(None) => {}
                Err(_) => metrics::counter!("ringtrace_place_lookup_failures_total").increment(1),
            }
        }
        located
    }
}

impl Located {
    /// Takes from `record` what is not known yet. A record that contradicts what is known (another
    /// country, another region, another network) adds nothing to it: half of one place and half of
    /// another is none.
    fn learn(&mut self, record: &Record<'_>) {
        let place = &mut self.place;
        if agree(&place.country, record.country) && agree(&place.region, record.region) {
            learn(&mut place.country, record.country);
            learn(&mut place.region, record.region);
            learn(&mut place.city, record.city);
            learn(&mut place.postal_code, record.postal_code);
            learn(&mut place.time_zone, record.time_zone);
            place.country.make_ascii_uppercase();
            place.region.make_ascii_uppercase();
        }
        learn(&mut place.connection, record.connection);
        let network = &mut self.network;
        if network.asn == 0 || record.asn == 0 || record.asn == network.asn {
            network.asn = network.asn.max(record.asn);
            learn(&mut network.organisation, record.organisation);
        }
        network.is_hosting |= record.is_hosting;
        network.is_anonymous |= record.is_anonymous;
    }
}

fn agree(known: &str, other: &str) -> bool {
    known.is_empty() || other.is_empty() || known.eq_ignore_ascii_case(other)
}

fn learn(known: &mut String, other: &str) {
    if known.is_empty() {
        known.push_str(other);
    }
}
