//! Which server answers for which hash slot, as far as this process knows.
//!
//! The map is asked for when it is first needed, when a server says MOVED, before every probe of an
//! open breaker, and (Sentinel) every second: a master that was replaced may go on answering those
//! who still talk to it. Asking never holds up requests that know where to go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, RedisResult, Value};
use tokio::sync::Mutex;

use crate::platform::keys::SLOTS;
use crate::platform::redis::place::{Place, address};

/// Longest wait for one server's idea of the map.
const ASKING: Duration = Duration::from_millis(300);

/// A server.
#[derive(Debug)]
pub(super) struct Node {
    /// `host:port`, or the path of a socket.
    pub(super) address: String,
    info: ConnectionInfo,
    /// Rises when connections made before it are to be given up.
    generation: AtomicU64,
}

impl Node {
    fn new(info: ConnectionInfo) -> Arc<Self> {
        Arc::new(Node { address: address(&info), info, generation: AtomicU64::new(0) })
    }

    pub(super) fn client(&self) -> RedisResult<Client> {
        Client::open(self.info.clone())
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Everybody connects anew.
    pub(super) fn renew(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

/// First and last slot, and who answers for them.
type Range = (u16, u16, Arc<Node>);

/// The slots by their order.
#[derive(Debug, Default)]
struct Map {
    ranges: Vec<Range>,
    /// Replicas, which can be asked for the map when masters are gone.
    others: Vec<Arc<Node>>,
}

impl Map {
    fn of_one(node: Arc<Node>) -> Self {
        Map { ranges: vec![(0, SLOTS - 1, node)], others: Vec::new() }
    }

    fn node_of(&self, slot: u16) -> Option<Arc<Node>> {
        let at = self.ranges.partition_point(|(_, last, _)| *last < slot);
        let (first, _, node) = self.ranges.get(at)?;
        (*first <= slot).then(|| node.clone())
    }

    fn masters(&self) -> Vec<Arc<Node>> {
        let mut masters: Vec<Arc<Node>> = Vec::new();
        for (_, _, node) in &self.ranges {
            if !masters.iter().any(|known| Arc::ptr_eq(known, node)) {
                masters.push(node.clone());
            }
        }
        masters
    }
}

/// The servers of one deployment.
pub(super) struct Topology {
    place: Place,
    map: ArcSwap<Map>,
    asking: Mutex<()>,
}

impl Topology {
    pub(super) fn new(place: Place) -> Self {
        let map = match &place {
            Place::Standalone(info) => Map::of_one(Node::new((**info).clone())),
            Place::Sentinel { .. } | Place::Cluster { .. } => Map::default(),
        };
        Topology { place, map: ArcSwap::from_pointee(map), asking: Mutex::new(()) }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Who answers for `slot`; `None` while nobody is known to.
    pub(super) fn node_of(&self, slot: u16) -> Option<Arc<Node>> {
        self.map.load().node_of(slot)
    }

    /// All servers that answer for slots.
    pub(super) fn masters(&self) -> Vec<Arc<Node>> {
        self.map.load().masters()
    }

    /// Whether requests may still go to `node`.
    pub(super) fn knows(&self, node: &Arc<Node>) -> bool {
        let map = self.map.load();
        map.ranges.iter().any(|(_, _, known)| Arc::ptr_eq(known, node))
    }

    /// The server that a redirect names, as `host:port`; an empty host is that of `from`.
    pub(super) fn redirected(&self, to: &str, from: &Node) -> Option<Arc<Node>> {
        let (host, port) = to.rsplit_once(':')?;
        let asked = from.address.rsplit_once(':').map_or("", |(host, _)| host);
        let host = if host.is_empty() { asked } else { host.trim_matches(['[', ']']) };
        self.node(&self.map.load(), host, port.parse().ok()?)
    }

    /// The known server there, so that its connections are used, or a new one.
    fn node(&self, known: &Map, host: &str, port: u16) -> Option<Arc<Node>> {
        let info = self.place.at(host, port)?;
        let wanted = address(&info);
        let mut nodes = known.ranges.iter().map(|(_, _, node)| node).chain(&known.others);
        let found = nodes.find(|node| node.address == wanted).cloned();
        Some(found.unwrap_or_else(|| Node::new(info)))
    }

    /// Asks for the map; one asks at a time, and those who come meanwhile wait for that answer.
    pub(super) async fn refresh(&self) {
        let Ok(_alone) = self.asking.try_lock() else {
            let _answered = self.asking.lock().await;
            return;
        };
        let before = self.map.load_full();
        let map = match &self.place {
            Place::Standalone(_) => return,
            Place::Sentinel { sentinels, master, .. } => {
                self.ask_sentinels(&before, sentinels, master).await
            }
            Place::Cluster { seeds } => self.ask_nodes(&before, seeds).await,
        };
        if let Some(map) = map {
            let masters = |map: &Map| -> Vec<String> {
                map.masters().iter().map(|node| node.address.clone()).collect()
            };
            if masters(&before) != masters(&map) {
                tracing::info!(masters = ?masters(&map), "Redis is served by these");
            }
            self.map.store(Arc::new(map));
        }
    }

    /// The master that most sentinels name: one that was cut off may still name the old one.
    async fn ask_sentinels(
        &self,
        before: &Map,
        sentinels: &[ConnectionInfo],
        master: &str,
    ) -> Option<Map> {
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        let asked = sentinels.iter().map(|sentinel| ask(sentinel.clone(), question.clone()));
        let mut answers = asked.collect::<FuturesUnordered<_>>();
        let mut votes: Vec<((String, u16), usize)> = Vec::new();
        while let Some((_, answer)) = answers.next().await {
            let named = answer.and_then(|value| redis::from_redis_value(value).ok());
            let Some(named) = named else { continue };
            match votes.iter_mut().find(|(known, _)| *known == named) {
                Some((_, count)) => *count += 1,
                None => votes.push((named, 1)),
            }
            // Nobody can have more any more.
            if votes.iter().any(|(_, count)| *count > sentinels.len() / 2) {
                break;
            }
        }
        let ((host, port), _) = votes.into_iter().max_by_key(|(_, count)| *count)?;
        Some(Map::of_one(self.node(before, &host, port)?))
    }

    /// The first good answer of any node.
    async fn ask_nodes(&self, before: &Map, seeds: &[ConnectionInfo]) -> Option<Map> {
        let mut question = redis::cmd("CLUSTER");
        question.arg("SLOTS");
        let masters = before.masters();
        let known = masters.iter().chain(&before.others).map(|node| node.info.clone());
        let mut all: Vec<ConnectionInfo> = known.collect();
        for seed in seeds {
            if !all.iter().any(|info| info.addr() == seed.addr()) {
                all.push(seed.clone());
            }
        }
        let asked = all.into_iter().map(|info| ask(info, question.clone()));
        let mut answers = asked.collect::<FuturesUnordered<_>>();
        while let Some((asked, answer)) = answers.next().await {
            let map = answer.and_then(|slots| self.read_slots(before, &asked, slots));
            if let Some(map) = map.filter(|map| !map.ranges.is_empty()) {
                return Some(map);
            }
        }
        None
    }

    /// `CLUSTER SLOTS`: rows of first slot, last slot, master, replicas; a server is host, port
    /// and more (<https://redis.io/docs/latest/commands/cluster-slots/>).
    fn read_slots(&self, before: &Map, asked: &str, slots: Value) -> Option<Map> {
        let mut map = Map::default();
        let Value::Array(rows) = slots else { return None };
        let asked_host = asked.rsplit_once(':').map_or("", |(host, _)| host);
        for row in rows {
            let Value::Array(row) = row else { return None };
            let mut row = row.into_iter();
            let mut slot = || match row.next()? {
                Value::Int(slot) => u16::try_from(slot).ok().filter(|slot| *slot < SLOTS),
                _ => None,
            };
            let (first, last) = (slot()?, slot()?);
            let mut servers = row.filter_map(|server| {
                let Value::Array(server) = server else { return None };
                let mut server = server.into_iter();
                let host: Option<String> = redis::from_redis_value(server.next()?).ok()?;
                // A node that does not know its own address leaves it to whoever asked.
                let host = host.filter(|host| !host.is_empty() && host != "?");
                let port: u16 = redis::from_redis_value(server.next()?).ok()?;
                self.node(before, host.as_deref().unwrap_or(asked_host), port)
            });
            let master = servers.next()?;
            let master =
                map.masters().into_iter().find(|n| n.address == master.address).unwrap_or(master);
            map.others.extend(servers);
            map.ranges.push((first, last, master));
        }
        map.ranges.sort_by_key(|(first, ..)| *first);
        Some(map)
    }
}

/// What a server answers, over a connection of its own; with its address.
async fn ask(info: ConnectionInfo, question: Cmd) -> (String, Option<Value>) {
    let whom = address(&info);
    let asked = async {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(ASKING));
        let client = Client::open(info)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        question.query_async::<Value>(&mut connection).await
    };
    let answer = match tokio::time::timeout(ASKING, asked).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, server = whom, "a server does not tell who serves");
            None
        }
        Err(_) => None,
    };
    (whom, answer)
}
