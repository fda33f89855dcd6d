//! The rules of the lease once more, in plain Rust: what the scripts must answer.
//!
//! The model knows everything and looks at everything; the scripts look only where something may
//! have changed. Sessions, visitors and numbers are small indices, times are milliseconds.

use std::collections::HashMap;

use ringtrace::lease::model::Tier;

/// The durations and limits of the modelled pool.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub hold: i64,
    pub linger: i64,
    pub rest: i64,
    pub pin: i64,
    pub max_sharers: usize,
}

/// What a session was told: number (`None`: original), tier, since.
pub type Told = (Option<usize>, Tier, i64);

#[derive(Clone, Debug)]
struct Lease {
    number: Option<usize>,
    tier: Tier,
    since: i64,
    seen: i64,
    ends: i64,
    click: i64,
    /// Newest message first: page, seq, left.
    pages: Vec<(usize, u32, bool)>,
}

impl Lease {
    fn told(&self) -> Told {
        (self.number, self.tier, self.since)
    }
}

/// One grant as `holders` must remember it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub session: usize,
    pub from: i64,
    pub seen: i64,
    pub tier: Tier,
    pub click: i64,
    /// 0 while the lease was not looked at after its end.
    pub ends: i64,
}

#[derive(Clone, Debug, Default)]
struct Number {
    /// When it became free; `None` while held.
    released: Option<i64>,
    gone: i64,
    live: Vec<usize>,
    pinned_until: i64,
    /// Newest first.
    holders: Vec<Entry>,
}

/// One message of a page.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    pub session: usize,
    pub page: usize,
    pub seq: u32,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    View,
    Beat,
    Leave,
    /// A beat that tells of a tel click this long ago.
    Click(i64),
}

/// The pool.
pub struct Model {
    rules: Rules,
    numbers: Vec<Number>,
    leases: HashMap<usize, Lease>,
    /// The sessions of each visitor, and the number that it had last.
    visitors: HashMap<usize, Vec<usize>>,
    sticky: HashMap<usize, usize>,
    /// The areas of each number, and those of sessions, nearest first.
    homes: Vec<Vec<String>>,
    places: HashMap<usize, Vec<Vec<String>>>,
    now: i64,
}

impl Model {
    /// A pool of `numbers` that nobody ever had.
    pub fn new(rules: Rules, numbers: usize) -> Self {
        let fresh = Number { released: Some(0), ..Number::default() };
        Model {
            rules,
            numbers: vec![fresh; numbers],
            leases: HashMap::new(),
            visitors: HashMap::new(),
            sticky: HashMap::new(),
            homes: vec![Vec::new(); numbers],
            places: HashMap::new(),
            now: 0,
        }
    }

    /// Tells of a visitor who consented, and its sessions.
    pub fn know(&mut self, visitor: usize, sessions: Vec<usize>) {
        self.visitors.insert(visitor, sessions);
    }

    /// Lets the pool match areas: those of each number, and those of each session, nearest first.
    pub fn match_areas(&mut self, homes: Vec<Vec<String>>, places: Vec<Vec<Vec<String>>>) {
        self.homes = homes;
        self.places = places.into_iter().enumerate().collect();
    }

    /// The entries of a number, newest first; those of leases that are over are final.
    pub fn holders(&mut self, number: usize) -> &[Entry] {
        self.settle(number);
        &self.numbers[number].holders
    }

    /// The sessions that hold a number now.
    pub fn live(&self, number: usize) -> &[usize] {
        &self.numbers[number].live
    }

    /// Looks at every number, as the sweeper does.
    pub fn settle_all(&mut self, now: i64) {
        self.now = now;
        (0..self.numbers.len()).for_each(|number| self.settle(number));
    }

    fn settle(&mut self, n: usize) {
        let number = &mut self.numbers[n];
        if number.released.is_some() {
            return;
        }
        let (now, leases) = (self.now, &self.leases);
        let (running, ended): (Vec<_>, Vec<_>) =
            number.live.iter().partition(|session| leases[session].ends > now);
        for session in ended {
            let lease = &leases[&session];
            number.gone = number.gone.max(lease.seen);
            let mine = |entry: &&mut Entry| entry.session == session && entry.from == lease.since;
            let entry = number.holders.iter_mut().find(mine).expect("every grant has an entry");
            entry.seen = lease.seen;
            entry.tier = lease.tier;
            entry.click = lease.click;
            entry.ends = lease.ends;
        }
        number.live = running;
        if number.live.is_empty() {
            number.released = Some(number.gone.min(now));
        }
    }

    /// What a message is answered, for a session of `visitor` (with consent) at `now`.
    pub fn hear(&mut self, message: Message, visitor: Option<usize>, now: i64) -> Option<Told> {
        self.now = now;
        let Message { session, page, seq, kind } = message;
        let (beat, leave) = (kind != Kind::View, kind == Kind::Leave);
        let mut pages = Vec::new();
        let mut shown = beat;
        if let Some(lease) = self.leases.get(&session) {
            pages.clone_from(&lease.pages);
            if let Some(at) = pages.iter().position(|&(known, ..)| known == page) {
                if seq <= pages[at].1 {
                    return Some(lease.told());
                }
                shown |= !pages[at].2;
                pages.remove(at);
            } else {
                pages.truncate(7);
            }
            let over = lease.number.is_some() && lease.ends <= now;
            if leave && over {
                return Some(lease.told());
            }
            let last = leave && pages.iter().all(|&(_, _, left)| left);
            pages.insert(0, (page, seq, leave));
            if !over && (lease.number.is_some() || beat) {
                return Some(self.renew(session, pages, kind, last));
            }
        } else {
            if beat {
                return None;
            }
            pages.push((page, seq, false));
        }
        self.settle_all(now);
        Some(self.acquire(session, visitor, pages, kind, shown))
    }

    fn renew(
        &mut self,
        session: usize,
        pages: Vec<(usize, u32, bool)>,
        kind: Kind,
        last: bool,
    ) -> Told {
        let now = self.now;
        let stays = if last { self.rules.linger } else { self.rules.hold };
        let lease = self.leases.get_mut(&session).expect("it was just found");
        lease.pages = pages;
        lease.seen = now;
        lease.ends = now + stays;
        if let (Kind::Click(ago), Some(number)) = (kind, lease.number) {
            lease.click = lease.click.max(now - ago);
            let until = lease.click + self.rules.pin;
            let number = &mut self.numbers[number];
            number.pinned_until = number.pinned_until.max(until);
        }
        lease.told()
    }

    fn acquire(
        &mut self,
        session: usize,
        visitor: Option<usize>,
        pages: Vec<(usize, u32, bool)>,
        kind: Kind,
        shown: bool,
    ) -> Told {
        let before = self.leases.get(&session).and_then(|lease| lease.number);
        let chosen = self.choose(session, visitor, before, shown);
        let Some((n, tier)) = chosen else {
            let known = self.leases.get(&session);
            let since = known.filter(|lease| lease.number.is_none()).map_or(self.now, |l| l.since);
            let click = known.map_or(0, |lease| lease.click);
            return self.remember(session, None, Tier::Original, since, click, pages);
        };
        for other in self.numbers[n].live.clone() {
            self.leases.get_mut(&other).expect("a holder has a lease").tier = Tier::Shared;
        }
        let mut click = match self.leases.get(&session) {
            Some(lease) if lease.number == Some(n) => lease.click,
            _ => 0,
        };
        let now = self.now;
        let number = &mut self.numbers[n];
        if let Kind::Click(ago) = kind {
            click = click.max(now - ago);
            number.pinned_until = number.pinned_until.max(now - ago + self.rules.pin);
        }
        if number.released.take().is_some() {
            number.gone = 0;
        }
        number.live.push(session);
        let entry = Entry { session, from: now, seen: now, tier, click: 0, ends: 0 };
        number.holders.insert(0, entry);
        if let Some(visitor) = visitor {
            self.sticky.insert(visitor, n);
        }
        self.remember(session, Some(n), tier, now, click, pages)
    }

    fn remember(
        &mut self,
        session: usize,
        number: Option<usize>,
        tier: Tier,
        since: i64,
        click: i64,
        pages: Vec<(usize, u32, bool)>,
    ) -> Told {
        let (seen, ends) = (self.now, self.now + self.rules.hold);
        let lease = Lease { number, tier, since, seen, ends, click, pages };
        let told = lease.told();
        self.leases.insert(session, lease);
        told
    }

    fn choose(
        &self,
        session: usize,
        visitor: Option<usize>,
        before: Option<usize>,
        shown: bool,
    ) -> Option<(usize, Tier)> {
        if let Some(n) = before.filter(|_| shown) {
            let free = self.numbers[n].released.is_some();
            let tier = if free { self.tier(n, &[session]).0 } else { Tier::Shared };
            return Some((n, tier));
        }
        let own = before.map(|n| (n, vec![session], Tier::Unrested));
        let sticky = visitor.and_then(|visitor| {
            let owners = self.visitors.get(&visitor)?.clone();
            Some((*self.sticky.get(&visitor)?, owners, Tier::Own))
        });
        for (n, owners, worst) in own.into_iter().chain(sticky) {
            if self.numbers[n].released.is_some() {
                let (tier, was_last) = self.tier(n, &owners);
                let may = worst == Tier::Unrested || tier == Tier::Own;
                if was_last || may && !self.pinned(n) {
                    return Some((n, tier));
                }
            }
        }
        let all = || 0..self.numbers.len();
        let free = |n: &usize| self.numbers[*n].released.is_some();
        let mut unrested = None;
        let near = self.places.get(&session).into_iter().flatten().map(Some);
        for areas in near.chain([None]) {
            let is_in = |n: &usize| {
                areas.is_none_or(|areas| self.homes[*n].iter().any(|home| areas.contains(home)))
            };
            let idle = all().filter(free).filter(|&n| !self.pinned(n)).filter(is_in);
            if let Some(n) = idle.min_by_key(|&n| self.numbers[n].released) {
                match self.tier(n, &[]).0 {
                    Tier::Own => return Some((n, Tier::Own)),
                    tier => unrested = unrested.or(Some((n, tier))),
                }
            }
        }
        if unrested.is_some() {
            return unrested;
        }
        let sharable = |n: &usize| {
            !free(n) && (1..self.rules.max_sharers).contains(&self.numbers[*n].live.len())
        };
        let likely = |n: &usize| {
            let live = &self.numbers[*n].live;
            (live.len(), live.iter().map(|session| self.leases[session].seen).max())
        };
        if let Some(n) = all().filter(|&n| !self.pinned(n)).filter(sharable).min_by_key(likely) {
            return Some((n, Tier::Shared));
        }
        let mut pinned: Vec<usize> = all().filter(|&n| self.pinned(n)).collect();
        pinned.sort_by_key(|&n| self.numbers[n].pinned_until);
        if let Some(&n) = pinned.iter().find(|n| free(n)) {
            return Some((n, self.tier(n, &[]).0));
        }
        pinned.into_iter().find(sharable).map(|n| (n, Tier::Shared))
    }

    fn pinned(&self, n: usize) -> bool {
        self.numbers[n].pinned_until > self.now
    }

    /// The honest tier of a free number for those who had it `before`, and whether that is what
    /// it was when one of them had it last.
    fn tier(&self, n: usize, before: &[usize]) -> (Tier, bool) {
        let number = &self.numbers[n];
        if number.released.unwrap_or(0) + self.rules.rest <= self.now {
            return (Tier::Own, false);
        }
        match number.holders.first() {
            Some(entry) if before.contains(&entry.session) && entry.tier != Tier::Shared => {
                (entry.tier, true)
            }
            _ => (Tier::Unrested, false),
        }
    }
}
