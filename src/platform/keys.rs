//! Every Redis key name of Ringtrace, and nothing else builds one.
//!
//! Every key of a site carries one hash tag `{sNN}` with NN = CRC16(site) mod `shards`, so that a
//! script touches one Redis Cluster slot. `shards` is fixed for an installation.

use crate::platform::ids::{CallId, DestinationId, LeadId, PoolId, SessionId, SiteId, VisitorId};
use crate::platform::phone::PhoneNumber;

/// How many hash tags an installation spreads its sites over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards(pub u16);

/// The hash tag of a site or of a whole shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u16);

impl Shards {
    /// The shard that holds every key of `site`.
    pub fn of(self, site: &SiteId) -> Shard {
        Shard(crc16::State::<crc16::XMODEM>::calculate(site.as_str().as_bytes()) % self.0.max(1))
    }

    /// All shards, in order.
    pub fn all(self) -> impl Iterator<Item = Shard> {
        (0..self.0.max(1)).map(Shard)
    }

    /// The keys of one site.
    pub fn keys(self, site: &SiteId) -> SiteKeys {
        SiteKeys { shard: self.of(site), site: site.clone() }
    }
}

impl Shard {
    /// STREAM of ledger events of every site in this shard.
    pub fn ledger(self) -> String {
        format!("rt:{self}:ledger")
    }

    /// STREAM of what listeners are told of calls, the newest only.
    pub fn live(self) -> String {
        format!("rt:{self}:live")
    }

    /// STREAM of ledger entries that a consumer could not read, with the reason.
    pub fn ledger_dead(self) -> String {
        format!("rt:{self}:ledger:dead")
    }

    /// ZSET postback id → due at (ms), of those that wait for no destination.
    pub fn outbox_due(self) -> String {
        format!("rt:{self}:outbox:due")
    }

    /// ZSET postback id → due at (ms), of those that wait for one destination.
    pub fn outbox_due_to(self, site: &SiteId, destination: &DestinationId) -> String {
        format!("rt:{self}:outbox:due:{site}:{destination}")
    }

    /// ZSET key of a queue ([`Shard::outbox_due`], [`Shard::outbox_due_to`]) → its earliest score.
    pub fn outbox_queues(self) -> String {
        format!("rt:{self}:outbox:queues")
    }

    /// HASH postback id → packed entry (waiting, claimed or retried).
    pub fn outbox_body(self) -> String {
        format!("rt:{self}:outbox:body")
    }

    /// ZSET postback id → given up at (ms); the bodies stay in [`Shard::outbox_dead_body`].
    pub fn outbox_dead(self) -> String {
        format!("rt:{self}:outbox:dead")
    }

    /// HASH postback id → packed entry of the dead set.
    pub fn outbox_dead_body(self) -> String {
        format!("rt:{self}:outbox:dead:body")
    }

    /// ZSET postback id → settled at (ms): ids that must not be queued again, and with
    /// [`Shard::outbox_done_body`] the delivery log.
    pub fn outbox_done(self) -> String {
        format!("rt:{self}:outbox:done")
    }

    /// HASH postback id → packed entry with its verdict.
    pub fn outbox_done_body(self) -> String {
        format!("rt:{self}:outbox:done:body")
    }
}

/// Renders the hash tag with its braces: `{s07}`.
impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{s{:02}}}", self.0)
    }
}

/// Builds the key names of one site.
#[derive(Clone, Debug)]
pub struct SiteKeys {
    /// The shard all these keys live in.
    pub shard: Shard,
    site: SiteId,
}

impl SiteKeys {
    /// The site.
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// ZSET number → released_at (ms), never used = 0; longest idle first.
    pub fn pool_free(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:free", self.shard, self.site)
    }

    /// ZSET number → earliest end (ms) of its leases, as known when last looked at.
    pub fn pool_held(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:held", self.shard, self.site)
    }

    /// HASH shared number → last sign of life (ms) of holders that are gone, and the sessions that
    /// hold it.
    pub fn pool_live(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:live", self.shard, self.site)
    }

    /// ZSET of shared numbers ranked for one more: the number least likely to ring now first.
    pub fn pool_share(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:share", self.shard, self.site)
    }

    /// ZSET number → pinned until (ms), after a tel click.
    pub fn pool_pinned(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:pinned", self.shard, self.site)
    }

    /// HASH number → since (ms) of numbers that take no new lease.
    pub fn pool_draining(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:draining", self.shard, self.site)
    }

    /// ZSET dialled number → last call at (ms).
    pub fn called(&self) -> String {
        format!("rt:{}:called:{}", self.shard, self.site)
    }

    /// HASH number → labels of the areas it lies in, narrowest first; of a pool that matches areas.
    pub fn pool_areas(&self, pool: &PoolId) -> String {
        format!("rt:{}:pool:{}:{pool}:areas", self.shard, self.site)
    }

    /// ZSET of the free numbers of one area, as [`SiteKeys::pool_free`].
    pub fn pool_free_of(&self, pool: &PoolId, area: &str) -> String {
        format!("{}{area}", self.pool_free_prefix(pool))
    }

    /// ZSET prefix of [`SiteKeys::pool_free_of`], for scripts that move numbers.
    pub fn pool_free_prefix(&self, pool: &PoolId) -> String {
        format!("{}:", self.pool_free(pool))
    }

    /// HASH of how busy a pool was in a week (counted since 1970 UTC), by hour and what is counted.
    pub fn pool_load(&self, pool: &PoolId, week: i64) -> String {
        format!("rt:{}:pool:{}:{pool}:load:{week}", self.shard, self.site)
    }

    /// STR the lease of `session` in `pool`.
    pub fn lease(&self, pool: &PoolId, session: &SessionId) -> String {
        format!("rt:{}:lease:{}:{pool}:{}", self.shard, self.site, session.short())
    }

    /// STR prefix of [`SiteKeys::lease`], for scripts that look at the holders of a number.
    pub fn lease_prefix(&self, pool: &PoolId) -> String {
        format!("rt:{}:lease:{}:{pool}:", self.shard, self.site)
    }

    /// LIST of who was shown `number`, newest first.
    pub fn holders(&self, number: &PhoneNumber) -> String {
        format!("rt:{}:holders:{}:{number}", self.shard, self.site)
    }

    /// STR prefix of [`SiteKeys::holders`].
    pub fn holders_prefix(&self) -> String {
        format!("rt:{}:holders:{}:", self.shard, self.site)
    }

    /// HASH of what is remembered of the site's alerts.
    pub fn alerts(&self) -> String {
        format!("rt:{}:alerts:{}", self.shard, self.site)
    }

    /// HASH of which moments of the site's schedules are done.
    pub fn schedules(&self) -> String {
        format!("rt:{}:schedules:{}", self.shard, self.site)
    }

    /// STR packed visit of a session.
    pub fn session(&self, session: &SessionId) -> String {
        format!("rt:{}:session:{}:{}", self.shard, self.site, session.short())
    }

    /// STR sealed address and user agent of a session's visitor.
    pub fn client(&self, session: &SessionId) -> String {
        format!("rt:{}:client:{}:{}", self.shard, self.site, session.short())
    }

    /// ZSET of what is known of a visitor: the sessions that are its touches → started_at, and the
    /// number it had last in each pool (`<pool>=<number>`) → granted at.
    pub fn visitor(&self, visitor: &VisitorId) -> String {
        format!("rt:{}:visitor:{}:{}", self.shard, self.site, visitor.short())
    }

    /// HASH of what is known of a caller, by the keyed hash of their number.
    pub fn caller(&self, caller_hash: &str) -> String {
        format!("rt:{}:caller:{}:{caller_hash}", self.shard, self.site)
    }

    /// STR the site's newest fit of when callers call.
    pub fn delays(&self) -> String {
        format!("rt:{}:delays:{}", self.shard, self.site)
    }

    /// LIST of the latest calls of `number`, newest first.
    pub fn rings(&self, number: &PhoneNumber) -> String {
        format!("rt:{}:rings:{}:{number}", self.shard, self.site)
    }

    /// STR while one process fits the site's delays.
    pub fn delays_turn(&self) -> String {
        format!("rt:{}:delays:turn:{}", self.shard, self.site)
    }

    /// STR packed snapshot of a call.
    pub fn call(&self, call: &CallId) -> String {
        format!("rt:{}:call:{}:{call}", self.shard, self.site)
    }

    /// STR the call that its provider names otherwise since it was handed on; `name` is the id that a call of
    /// the later name would have.
    pub fn moved(&self, name: &CallId) -> String {
        format!("rt:{}:moved:{}:{name}", self.shard, self.site)
    }

    /// ZSET call id → until (ms) of the calls that occupy a destination.
    pub fn slots(&self, address: &str) -> String {
        format!("rt:{}:slots:{}:{address}", self.shard, self.site)
    }

    /// SET of the calls that rang a destination on a date.
    pub fn day(&self, date: &str, address: &str) -> String {
        format!("rt:{}:day:{}:{date}:{address}", self.shard, self.site)
    }

    /// STR place that comes next in a round robin.
    pub fn turn(&self, route: &str) -> String {
        format!("rt:{}:turn:{}:{route}", self.shard, self.site)
    }

    /// ZSET call id → started_at (ms) of a caller's calls of late.
    pub fn recent_calls(&self, caller_hash: &str) -> String {
        format!("rt:{}:recent:{}:{caller_hash}", self.shard, self.site)
    }

    /// ZSET call id → ended_at (ms) of a caller's calls that were over at once.
    pub fn short_calls(&self, caller_hash: &str) -> String {
        format!("rt:{}:short:{}:{caller_hash}", self.shard, self.site)
    }

    /// STR digest of the webhook that a provider's token or nonce was used for.
    pub fn used_once(&self, provider: &str, value_hash: &str) -> String {
        format!("rt:{}:once:{}:{provider}:{value_hash}", self.shard, self.site)
    }

    /// STR a lead.
    pub fn lead(&self, lead: &LeadId) -> String {
        format!("rt:{}:lead:{}:{lead}", self.shard, self.site)
    }

    /// ZSET lead id → at (ms) of the site's leads that Redis still keeps.
    pub fn leads(&self) -> String {
        format!("rt:{}:leads:{}", self.shard, self.site)
    }

    /// ZSET call id → started_at (ms) of the calls that were counted for a caller.
    pub fn calls_of(&self, caller_hash: &str) -> String {
        format!("rt:{}:callsof:{}:{caller_hash}", self.shard, self.site)
    }

    /// ZSET of the sessions whose pages told an external id → when they began (ms), by the id's digest.
    pub fn identified(&self, digest: &str) -> String {
        format!("rt:{}:identified:{}:{digest}", self.shard, self.site)
    }

    /// STR that a session's visitor took consent back.
    pub fn withdrawn(&self, session: &SessionId) -> String {
        format!("rt:{}:withdrawn:{}:{}", self.shard, self.site, session.short())
    }

    /// STR the session that a caller was, as a lead told, by the keyed hash of their number.
    pub fn known_caller(&self, caller_hash: &str) -> String {
        format!("rt:{}:known:{}:{caller_hash}", self.shard, self.site)
    }

    /// STR the hashed e-mail address of `owner`: a session's short id, a caller's keyed hash or a call's id.
    pub fn email(&self, owner: &str) -> String {
        format!("rt:{}:email:{}:{owner}", self.shard, self.site)
    }

    /// STR up to when (ms) the calls of a provider's account were looked through.
    pub fn reconciled(&self, provider: &str, account: &str) -> String {
        format!("rt:{}:reconciled:{}:{provider}:{account}", self.shard, self.site)
    }

    /// ZSET call id → started_at (ms) of the site's calls that Redis still keeps.
    pub fn calls(&self) -> String {
        format!("rt:{}:calls:{}", self.shard, self.site)
    }

    /// STR id of the postback that tells `destination` what is told once for each caller or click.
    pub fn once(&self, destination: &str, hash: &str) -> String {
        format!("rt:{}:once:{}:{destination}:{hash}", self.shard, self.site)
    }

    /// HASH destination → hash of the address at which nobody lives any more.
    pub fn gone_destinations(&self) -> String {
        format!("rt:{}:outbox:gone:{}", self.shard, self.site)
    }

    /// ZSET call id → started_at (ms) of the site's calls without a final status.
    pub fn open_calls(&self) -> String {
        format!("rt:{}:calls:open:{}", self.shard, self.site)
    }
}

/// STR sealed tokens of the OAuth credential with this name.
pub fn oauth(credential: &str) -> String {
    format!("rt:{{oauth}}:oauth:{credential}")
}

/// STR that somebody renews the tokens of this credential now.
pub fn oauth_turn(credential: &str) -> String {
    format!("rt:{{oauth}}:oauth:{credential}:turn")
}

/// HASH number → `site/pool` that owns it, across all sites (its own hash tag).
pub fn number_registry() -> String {
    "rt:{numbers}:owner".to_owned()
}

/// STR the form of everything that is kept in this Redis, see [`crate::platform::data_format`].
pub fn data_format() -> String {
    "rt:{format}:format".to_owned()
}

/// STR the process that does the cluster's `job` now.
pub fn job_lease(job: &str) -> String {
    format!("rt:{{jobs}}:job:{job}:lease")
}

/// STR when the last run of the cluster's `job` began (ms).
pub fn job_last(job: &str) -> String {
    format!("rt:{{jobs}}:job:{job}:last")
}

/// ZSET sessions of the dashboard that were ended early → when they would have ended (ms).
pub fn sessions_ended() -> String {
    "rt:{sessions}:sessions:ended".to_owned()
}

/// STR that a breaker's probe writes under the hash tag `tag`, to learn whether Redis takes writes.
pub(super) fn probe(tag: &str) -> String {
    format!("rt:{{{tag}}}:probe")
}

/// A key under the hash tag `tag` that never exists.
pub(super) fn never(tag: &str) -> String {
    format!("rt:{{{tag}}}:never")
}

/// The hash tag of a key of ours, without its braces; `None` when `text` is none.
pub fn tag_of(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"rt:{")?;
    let end = rest.iter().position(|&byte| byte == b'}')?;
    Some(&rest[..end])
}

/// The hash slot that Redis Cluster gives the hash tag `tag`
/// (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>).
pub(super) fn slot_of(tag: &[u8]) -> u16 {
    crc16::State::<crc16::XMODEM>::calculate(tag) % SLOTS
}

/// Hash slots of a Redis Cluster.
pub const SLOTS: u16 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_shows_its_hash_tag() {
        let site: SiteId = "demo".parse().expect("a site id");
        let keys = Shards(16).keys(&site);
        let tag = keys.shard.to_string();
        let tag = tag.trim_matches(['{', '}']);
        assert_eq!(tag_of(keys.calls().as_bytes()), Some(tag.as_bytes()));
        assert_eq!(tag_of(keys.shard.ledger().as_bytes()), Some(tag.as_bytes()));
        assert_eq!(tag_of(number_registry().as_bytes()), Some(b"numbers".as_slice()));
        assert_eq!(tag_of(probe("s07").as_bytes()), Some(b"s07".as_slice()));
        assert_eq!(tag_of(b"demo"), None);
        // What `CLUSTER KEYSLOT` answers.
        assert_eq!(
            (slot_of(b"s00"), slot_of(b"numbers"), slot_of(b"foo")),
            (12_958, 6_983, 12_182)
        );
    }
}
