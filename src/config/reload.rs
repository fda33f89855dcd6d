//! Another configuration while running: sites, numbers, rules and keys change at once; a broken
//! configuration changes nothing; what is fixed at the start keeps its value and says so.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::config::Live;
use crate::config::complaint::{Complaint, Complaints};
use crate::config::load::{LoadError, load_checked};
use crate::config::model::{Config, Site};
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;

/// What a reload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Sites that were not there before.
    pub sites_added: Vec<SiteId>,
    /// Sites that are gone.
    pub sites_removed: Vec<SiteId>,
    /// Sites that are otherwise than before.
    pub sites_changed: Vec<SiteId>,
    /// How many tracking numbers came.
    pub numbers_added: usize,
    /// How many tracking numbers went.
    pub numbers_removed: usize,
    /// Other keys that changed, e.g. `api_keys`.
    pub others: Vec<&'static str>,
}

/// A reload that was done.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// What changed.
    pub changes: Changes,
    /// What was left as it was, and what surprises.
    pub warnings: Vec<Complaint>,
}

/// Reads and checks the configuration at `path` and puts it in force. On an error the old one
/// stays. Reads files: call it where waiting for a disk hurts nobody.
pub fn reload(live: &Live, path: Option<&Path>) -> Result<Reloaded, LoadError> {
    let (mut config, mut warnings) = load_checked(path)?;
    let running = live.now_full();
    warnings.extend(keep_fixed(&running.config, &mut config));
    let changes = Changes::between(&running.config, &config);
    live.replace(config);
    Ok(Reloaded { changes, warnings })
}

/// Puts what is fixed at the start back to its `running` value, with a warning for each that was
/// to change.
fn keep_fixed(running: &Config, wanted: &mut Config) -> Vec<Complaint> {
    let mut out = Complaints::default();
    keep("data_folder", &running.data_folder, &mut wanted.data_folder, &mut out);
    keep("server.listen", &running.server.listen, &mut wanted.server.listen, &mut out);
    keep("server.workers", &running.server.workers, &mut wanted.server.workers, &mut out);
    let (was, will) = (&running.server, &mut wanted.server);
    keep("server.shutdown_timeout", &was.shutdown_timeout, &mut will.shutdown_timeout, &mut out);
    keep("server.drain", &was.drain, &mut will.drain, &mut out);
    keep("redis.url", &running.redis.url, &mut wanted.redis.url, &mut out);
    wanted.redis.url_file.clone_from(&running.redis.url_file);
    keep("redis.shards", &running.redis.shards, &mut wanted.redis.shards, &mut out);
    keep("redis", &running.redis, &mut wanted.redis, &mut out);
    keep("warehouse", &running.warehouse, &mut wanted.warehouse, &mut out);
    keep("access.keys_file", &running.access.keys_file, &mut wanted.access.keys_file, &mut out);
    keep("log", &running.log, &mut wanted.log, &mut out);
    keep("postback", &running.postback, &mut wanted.postback, &mut out);
    out.into_vec()
}

fn keep<T: PartialEq + Clone>(path: &str, running: &T, wanted: &mut T, out: &mut Complaints) {
    if wanted != running {
        out.warning(path, "it changes at the next start only; the running value stays");
        wanted.clone_from(running);
    }
}

impl Changes {
    fn between(before: &Config, after: &Config) -> Self {
        let only_in = |these: &Config, those: &Config| {
            let ids = these.sites.iter().map(|site| &site.id);
            ids.filter(|id| those.site(id).is_none()).cloned().collect()
        };
        let changed = after.sites.iter().filter(|site| {
            let old = before.site(&site.id);
            old.is_some_and(|old| old != *site)
        });
        let (old_numbers, new_numbers) = (tracking_numbers(before), tracking_numbers(after));
        let others = [
            ("server", before.server != after.server),
            ("limits", before.limits != after.limits),
            ("place", before.place != after.place),
            ("mail", before.mail != after.mail),
            ("api_keys", before.api_keys != after.api_keys),
            ("access", before.access != after.access),
            ("audit", before.audit != after.audit),
        ];
        Changes {
            sites_added: only_in(after, before),
            sites_removed: only_in(before, after),
            sites_changed: changed.map(|site| site.id.clone()).collect(),
            numbers_added: new_numbers.difference(&old_numbers).count(),
            numbers_removed: old_numbers.difference(&new_numbers).count(),
            others: others.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect(),
        }
    }
}

fn tracking_numbers(config: &Config) -> BTreeSet<&PhoneNumber> {
    config.sites.iter().flat_map(Site::tracking_numbers).collect()
}

/// One line for the log, e.g. `sites added: acme; numbers: 3 added, 0 removed`.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (what, sites) in [
            ("added", &self.sites_added),
            ("removed", &self.sites_removed),
            ("changed", &self.sites_changed),
        ] {
            if !sites.is_empty() {
                let ids = sites.iter().map(SiteId::as_str).collect::<Vec<_>>().join(", ");
                parts.push(format!("sites {what}: {ids}"));
            }
        }
        if self.numbers_added + self.numbers_removed > 0 {
            parts.push(format!(
                "numbers: {} added, {} removed",
                self.numbers_added, self.numbers_removed
            ));
        }
        if !self.others.is_empty() {
            parts.push(format!("also changed: {}", self.others.join(", ")));
        }
        f.write_str(if parts.is_empty() { "nothing changed" } else { "" })?;
        f.write_str(&parts.join("; "))
    }
}
