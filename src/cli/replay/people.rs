//! Who is in the trace: sessions, their pages and what is on them, visitors.
//!
//! Ids are made of the trace alone, in the order in which sessions begin: the service's, too, sort by
//! their time, and equally likely candidates are told apart by that.

use std::collections::HashMap;

use uuid::Builder;

use crate::cli::replay::trace;
use crate::lease::model::Lease;
use crate::lease::wire::Shown;
use crate::platform::clock::Millis;
use crate::platform::ids::{PageId, PoolId, SessionId, VisitorId};
use crate::visit::token::SessionToken;

/// Most pages that are remembered of one session, those heard of last.
const MAX_PAGES: usize = 64;

/// A session's place in [`People`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who(usize);

/// A session of the trace.
#[derive(Debug)]
pub struct Session {
    /// Its name in the trace.
    pub name: String,
    /// Its id in Redis.
    pub id: SessionId,
    /// What its browser would present; `None` until a person was served.
    pub token: Option<SessionToken>,
    /// The last sign of life that came in order.
    pub last_sign: Millis,
    /// The tracking numbers that it saw last.
    pub on_screen: Shown,
    /// What it has of each pool that it was heard of in.
    of_pools: Vec<OfPool>,
    /// Lines of it that Redis has not answered yet.
    pub unanswered: usize,
    /// The pages, the one opened last at the end.
    pages: Vec<PageState>,
    pages_ever: u64,
}

/// What a session has of one pool, as far as it was told.
#[derive(Debug)]
pub struct OfPool {
    pool: PoolId,
    /// What it was told last.
    pub told: Option<Lease>,
    /// Until when its lease surely runs, and at least.
    pub runs_until: Millis,
    /// Until when its lease is surely known.
    pub known_until: Millis,
}

impl OfPool {
    /// Whether it surely is a number of the pool at `at`.
    pub fn runs(&self, at: Millis) -> bool {
        self.told.as_ref().is_some_and(Lease::is_pooled) && self.runs_until > at
    }
}

/// A page of a session.
#[derive(Clone, Debug)]
pub struct PageState {
    /// Its name in the trace; `None`: the trace does not tell pages apart.
    name: Option<String>,
    /// Its id in Redis.
    pub id: PageId,
    /// The newest message; `None`: it was not heard of.
    pub seq: Option<u32>,
    /// The tracking numbers on it.
    pub shows: Shown,
    /// Whether it was not left yet.
    pub open: bool,
}

/// A message as the service gets it.
#[derive(Clone, Debug)]
pub struct Message {
    /// Of which page.
    pub page: PageId,
    /// Its place.
    pub seq: u32,
    /// Whether a newer one of its page came before.
    pub late: bool,
    /// The tracking numbers on the page.
    pub shows: Shown,
}

/// Everybody in the trace.
#[derive(Default)]
pub struct People {
    by_name: HashMap<String, Who>,
    by_id: HashMap<SessionId, Who>,
    sessions: Vec<Session>,
    visitors: HashMap<String, VisitorId>,
}

/// A UUID that sorts by `at` and then by `nth`.
fn id(at: Millis, nth: usize) -> uuid::Uuid {
    let mut rest = [0; 10];
    rest[2..].copy_from_slice(&(nth as u64).to_be_bytes());
    Builder::from_unix_timestamp_millis(at.0.unsigned_abs(), &rest).into_uuid()
}

impl People {
    /// The session of this name, if it was heard of.
    pub fn find(&self, name: &str) -> Option<Who> {
        self.by_name.get(name).copied()
    }

    /// The session of this name, which may be new.
    pub fn find_or_add(&mut self, name: &str, at: Millis) -> Who {
        if let Some(known) = self.find(name) {
            return known;
        }
        let who = Who(self.sessions.len());
        let id = SessionId(id(at, who.0));
        self.sessions.push(Session {
            name: name.to_owned(),
            id,
            token: None,
            last_sign: at,
            on_screen: Shown::new(),
            of_pools: Vec::new(),
            unanswered: 0,
            pages: Vec::new(),
            pages_ever: 0,
        });
        self.by_name.insert(name.to_owned(), who);
        self.by_id.insert(id, who);
        who
    }

    /// The visitor of this name, and whether it was heard of before.
    pub fn visitor(&mut self, name: &str, at: Millis) -> (VisitorId, bool) {
        if let Some(known) = self.visitors.get(name) {
            return (*known, true);
        }
        let visitor = VisitorId(id(at, self.visitors.len()));
        self.visitors.insert(name.to_owned(), visitor);
        (visitor, false)
    }

    /// A session.
    pub fn get(&self, who: Who) -> &Session {
        &self.sessions[who.0]
    }

    /// A session.
    pub fn get_mut(&mut self, who: Who) -> &mut Session {
        &mut self.sessions[who.0]
    }

    /// The trace's name of a session.
    pub fn name(&self, session: SessionId) -> Option<&str> {
        self.by_id.get(&session).map(|&who| self.get(who).name.as_str())
    }
}

impl Session {
    /// What it has of `pool`; `None`: nothing was heard of it there.
    pub fn of_pool(&self, pool: &PoolId) -> Option<&OfPool> {
        self.of_pools.iter().find(|known| known.pool == *pool)
    }

    /// What it has of `pool`, which may be new.
    pub fn of_pool_mut(&mut self, pool: &PoolId) -> &mut OfPool {
        let known = self.of_pools.iter().position(|known| known.pool == *pool);
        let place = known.unwrap_or_else(|| {
            let (runs_until, known_until) = (Millis(0), Millis(0));
            let new = OfPool { pool: pool.clone(), told: None, runs_until, known_until };
            self.of_pools.push(new);
            self.of_pools.len() - 1
        });
        &mut self.of_pools[place]
    }

    /// The page opened last, while it was not left: what a view without a page replaces.
    pub fn replaced_page(&self) -> Option<PageId> {
        self.pages.last().filter(|page| page.open).map(|page| page.id.clone())
    }

    /// The next message of the page that a view opens, or asks again for.
    pub fn open_page(&mut self, line: &trace::Page) -> Message {
        let known = line.page.is_some().then(|| self.place(line)).flatten();
        let mut page = match known {
            // It is the one opened last, again.
            Some(known) => self.pages.remove(known),
            None => self.new_page(line.page.clone()),
        };
        page.open = true;
        let message = page.message(line.seq);
        self.pages.push(page);
        self.forget_oldest_page();
        message
    }

    /// The next message of a page, `leaving` or not.
    pub fn hear(&mut self, line: &trace::Page, leaving: bool) -> Message {
        let place = match self.place(line) {
            Some(place) => place,
            None => {
                // Never seen to be opened: not the one opened last.
                let page = self.new_page(line.page.clone());
                self.pages.insert(0, page);
                0
            }
        };
        let page = &mut self.pages[place];
        let message = page.message(line.seq);
        if !message.late {
            page.open = !leaving;
        }
        self.forget_oldest_page();
        message
    }

    fn forget_oldest_page(&mut self) {
        if self.pages.len() > MAX_PAGES {
            self.pages.remove(0);
        }
    }

    /// What `page` shows from now on in the place of targets that showed no tracking number before: a
    /// number on a page is never replaced by another.
    pub fn show(&mut self, page: &PageId, numbers: Shown) {
        let last = self.pages.len();
        let Some(place) = self.pages.iter().rposition(|known| known.id == *page) else { return };
        let shown = &mut self.pages[place].shows;
        for (target, number) in numbers {
            shown.entry(target).or_insert(number);
        }
        if place + 1 == last {
            self.on_screen.clone_from(&self.pages[place].shows);
        }
    }

    fn place(&self, line: &trace::Page) -> Option<usize> {
        match &line.page {
            None => self.pages.len().checked_sub(1),
            Some(_) => self.pages.iter().rposition(|page| page.name == line.page),
        }
    }

    fn new_page(&mut self, name: Option<String>) -> PageState {
        self.pages_ever += 1;
        let id = format!("page{:06}", self.pages_ever).parse();
        let id = id.unwrap_or_else(|_| unreachable!("at most 24 letters and digits"));
        PageState { name, id, seq: None, shows: Shown::new(), open: true }
    }
}

impl PageState {
    fn message(&mut self, seq: Option<u32>) -> Message {
        let seq = seq.unwrap_or_else(|| self.seq.map_or(1, |newest| newest.saturating_add(1)));
        let late = self.seq.is_some_and(|newest| seq <= newest);
        self.seq = self.seq.max(Some(seq));
        Message { page: self.id.clone(), seq, late, shows: self.shows.clone() }
    }
}
