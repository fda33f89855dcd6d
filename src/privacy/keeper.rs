//! One walk through everything that sites keep: what is too old goes, numbers get under another key.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ledger::segments::rewrite::LineFate;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::privacy::eraser::{Eraser, PrivacyError, envelope_at, replaced, rewrite_redis_file};
use crate::privacy::judge::{Fate, Judge};
use crate::privacy::keyspace::Keyspace;
use crate::privacy::resealing::Resealing;
use crate::privacy::retention::Limits;
use crate::privacy::{in_redis, in_warehouse};
use crate::warehouse::removal::Removal;
use crate::warehouse::rules::facts;
use crate::warehouse::setting::Setting;

/// What was changed or removed, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outdated {
    /// The site.
    pub site: String,
    /// Entries of segments.
    pub segments: u64,
    /// Calls of the warehouse that were changed.
    pub calls: u64,
    /// Other rows of the warehouse, and calls that were removed.
    pub rows: u64,
    /// Pieces of Redis.
    pub redis: u64,
}

impl Outdated {
    /// Whether there was anything.
    pub fn is_empty(&self) -> bool {
        self.segments + self.calls + self.rows + self.redis == 0
    }
}

impl Eraser {
    /// Removes what the rules of `sites` do not keep any more; with `dry_run` only counts it.
    pub async fn keep_to_retention(
        &self,
        sites: &[SiteId],
        dry_run: bool,
    ) -> Result<Vec<Outdated>, PrivacyError> {
        let parts = self.parts();
        let installation = parts.live.now_full();
        let now = parts.clock.now();
        let mut done = Vec::new();
        for site in sites {
            let rules = installation.site(site).map(|site| &site.retention);
            let Some(limits) = rules.and_then(|rules| Limits::new(rules, now)) else { continue };
            let removals = removals(site, &limits);
            done.push(self.judge_site(site, Arc::new(limits), removals, dry_run).await?);
        }
        if !dry_run {
            self.write_anew(&done).await?;
        }
        Ok(done)
    }

    /// Seals every number of `sites`, which are all there are, with the newest key. With `new_key` that is one made now;
    /// with `forget_old` the others are forgotten once nothing is left under them.
    pub async fn reseal(
        &self,
        sites: &[SiteId],
        new_key: bool,
        forget_old: bool,
    ) -> Result<Vec<Outdated>, PrivacyError> {
        // Two new keys at once would be one.
        let _one = self.turn().await;
        let parts = self.parts();
        if forget_old {
            self.nothing_is_spooled()?;
        }
        if new_key {
            parts.keys.renew()?;
        }
        let mut done = Vec::new();
        for site in sites {
            let resealing = Arc::new(Resealing(parts.keys.clone()));
            done.push(self.judge_site(site, resealing, Vec::new(), false).await?);
        }
        self.write_anew(&done).await?;
        if forget_old {
            self.nothing_is_spooled()?;
            parts.keys.forget_old()?;
        }
        Ok(done)
    }

    /// What waits in the spool may need an older key.
    fn nothing_is_spooled(&self) -> Result<(), PrivacyError> {
        match self.parts().spool.backlog() {
            0 => Ok(()),
            waiting => Err(PrivacyError::Spooled { waiting }),
        }
    }

    /// Lets what went out of the files' bytes, too.
    async fn write_anew(&self, done: &[Outdated]) -> Result<(), PrivacyError> {
        let parts = self.parts();
        if done.iter().any(|site| site.calls + site.rows > 0) {
            let _turn = parts.files.turn().await;
            parts.warehouse.forget_removed().await?;
        }
        if done.iter().any(|site| site.redis > 0) {
            rewrite_redis_file(&parts.redis).await?;
        }
        Ok(())
    }

    async fn judge_site(
        &self,
        site: &SiteId,
        judge: Arc<dyn Judge>,
        removals: Vec<Removal>,
        dry_run: bool,
    ) -> Result<Outdated, PrivacyError> {
        let parts = self.parts();
        let keys = parts.live.now_full().shards.keys(site);
        let mut outdated = Outdated { site: site.to_string(), ..Outdated::default() };
        // The projector has nothing in its hands that is written meanwhile.
        let _turn = parts.files.turn().await;
        let names = Keyspace::new(&parts.redis, &keys).names().await?;
        let found = in_redis::judged(&parts.redis, &keys, &names, &*judge).await?;
        outdated.redis = found.len() as u64;
        if !dry_run {
            in_redis::erase(&parts.redis, &keys, &found).await?;
        }
        let (of_site, of_rules, shard) = (site.clone(), judge.clone(), keys.shard);
        let mut counted = 0;
        let rewrite = parts.files.change(move |segments| {
            let done = segments.rewrite(shard, &mut |line| {
                let fate = judge_line(&of_site, &*of_rules, line);
                counted += u64::from(fate != LineFate::Keep);
                if dry_run { LineFate::Keep } else { fate }
            });
            done.map(|_| counted)
        });
        outdated.segments = rewrite.await.ok_or(PrivacyError::Ending)??;
        let cleaned = in_warehouse::judged(&parts.warehouse, site, &*judge).await?;
        outdated.calls = cleaned.len() as u64;
        outdated.rows = parts.warehouse.count(&removals).await?;
        if !dry_run {
            let installation = parts.live.now_full();
            let rows = facts(cleaned.iter(), |one| Setting::of(&installation, &one.site));
            parts.warehouse.write(rows, Vec::new()).await?;
            parts.warehouse.remove(removals).await?;
        }
        Ok(outdated)
    }
}

fn judge_line(site: &SiteId, judge: &dyn Judge, line: &str) -> LineFate {
    let Some(mut envelope) = envelope_at(line).filter(|envelope| &envelope.site == site) else {
        return LineFate::Keep;
    };
    match judge.entry(&mut envelope) {
        Fate::Keep => LineFate::Keep,
        Fate::Remove => LineFate::Remove,
        Fate::Change => replaced(line, &envelope),
    }
}

/// What is to be done in tables that have no snapshots beside them. Columns that are empty already are left alone, so that
/// a second run has nothing to do.
fn removals(site: &SiteId, limits: &Limits) -> Vec<Removal> {
    let rules = limits.rules();
    let mut all: Vec<Removal> = Vec::new();
    let mut add = |table, column: &str, before: Option<Millis>, more: &str, set| {
        if let Some(before) = before {
            let condition = format!("site = '{site}' AND {column} < {} {more}", before.0);
            all.push(Removal { table, condition, set });
        }
    };
    let calls = limits.before(rules.calls);
    if let Some(before) = calls {
        let ids =
            format!("SELECT id FROM calls WHERE site = '{site}' AND started_at < {}", before.0);
        for table in ["touches", "postbacks"] {
            let more = format!("AND call IN ({ids})");
            add(table, "0", Some(Millis(1)), &more, "");
        }
    }
    add("call_snapshots", "started_at", calls, "", "");
    add("calls", "started_at", calls, "", "");
    let visits = limits.before(rules.visits);
    add("sessions", "started_at", visits, "", "");
    add("leases", "granted_at", visits, "", "");
    let (seen, both) =
        ("AND (session IS NOT NULL OR visitor IS NOT NULL)", "session = NULL, visitor = NULL");
    add("leads", "created_at", visits, seen, both);
    add("leads", "created_at", limits.before(rules.leads), "", "");
    let (known, unknown) = ("AND caller IS NOT NULL", "caller = NULL");
    add("leads", "created_at", limits.before(rules.caller), known, unknown);
    let pages = limits.before(rules.pages);
    let (page, no_page) = (
        "AND (landing_page <> '' OR referrer_host <> '')",
        "landing_page = '', referrer_host = ''",
    );
    add("sessions", "started_at", pages, page, no_page);
    add("leads", "created_at", pages, "AND landing_page <> ''", "landing_page = ''");
    let place = limits.before(rules.place);
    let (known, unknown) = (
        "AND (region <> '' OR city <> '' OR postal_code <> '')",
        "region = '', city = '', postal_code = ''",
    );
    add("sessions", "started_at", place, known, unknown);
    all
}
