//! Who was shown a number: the LIST `holders:<number>`, newest first.
//!
//! One entry is `session from last_seen tier gestures until pool` with single spaces: 22 letters ([`SessionId::short`]), ms,
//! ms, a tier word, when its `tel:` link was clicked (`ms`, or with more `clicked/copied/pressed`; 0 =
//! never) with the page that was opened last (`0@12/prices`: 12 s after `from`), ms or 0, a pool id. It is pushed when the number is granted and corrected once, when the lease
//! is over; `until` is 0 till then, and the lease itself knows better.

use jiff::SignedDuration;

use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Redis, StoreError};

/// Most entries kept of one number.
pub const MAX_HOLDERS: isize = 1024;

/// Who was shown a number before a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The moment of the call on the clock that the leases are written by.
    pub at: Millis,
    /// The holders, newest first.
    pub holders: Vec<Holder>,
    /// Whether there may have been more, whom the list has no room for.
    pub is_full: bool,
}

/// Every session that was shown `number` before `at` and was seen inside `window` before it,
/// newest first, each once. A call that is judged late sees only what was known at its own time: a
/// sign of life after `at` counts as one at `at`, a tel click after it as none.
///
/// `at` is a moment of our own clock, leases are written by that of Redis: `ours`, the moment it is
/// now by ours, tells how far they are apart. Without it they are one clock. A visitor who taps the
/// number two seconds after it was shown must not be missed because a clock is three seconds late.
///
/// One round trip, and a second one when leases still run.
pub async fn holders(
    redis: &Redis,
    keys: &SiteKeys,
    number: &PhoneNumber,
    at: Millis,
    ours: Option<Millis>,
    window: SignedDuration,
) -> Result<Shown, StoreError> {
    let mut asked = redis::pipe();
    asked.cmd("LRANGE").arg(keys.holders(number)).arg(0).arg(MAX_HOLDERS - 1).cmd("TIME");
    let (texts, (seconds, micros)): (Vec<String>, (i64, i64)) =
        redis.pipeline("holders", &asked).await?;
    let theirs = Millis(seconds * 1000 + micros / 1000);
    let at = ours.map_or(at, |ours| at.plus(theirs.since(ours)));
    let mut entries: Vec<Entry> = texts.iter().filter_map(|text| parse(text)).collect();

    let mut running: Vec<&mut Entry> =
        entries.iter_mut().filter(|entry| entry.until.0 == 0).collect();
    if !running.is_empty() {
        let mut command = redis::cmd("MGET");
        for entry in &running {
            command.arg(keys.lease(&entry.pool, &entry.session));
        }
        let leases: Vec<Option<String>> = redis.command("leases of holders", &command).await?;
        for (entry, lease) in running.iter_mut().zip(leases) {
            if let Some(lease) = lease {
                entry.learn(number, &lease);
            }
        }
    }
    let is_full = texts.len() as isize >= MAX_HOLDERS;
    Ok(Shown { at, holders: known_at(&entries, at, window), is_full })
}

#[derive(Clone, Debug)]
struct Entry {
    session: SessionId,
    from: Millis,
    last_seen: Millis,
    tier: Tier,
    done: Done,
    /// The page that was opened last, unless that was the session's first one.
    page: Option<Opened>,
    /// 0 while the lease was not seen to be over.
    until: Millis,
    pool: PoolId,
}

impl Entry {
    /// Takes over what the lease value says, when it is still this lease.
    fn learn(&mut self, number: &PhoneNumber, lease: &str) {
        let mut words = lease.split(' ');
        let mut read = || {
            let same = words.next()? == number.as_str();
            let tier = Tier::from_word(words.next()?)?;
            let mut ms = || words.next()?.parse().ok().map(Millis);
            let (since, last_seen, until) = (ms()?, ms()?, ms()?);
            let (done, page) = marks(words.next()?, since)?;
            (same && since == self.from).then_some((tier, last_seen, until, done, page))
        };
        if let Some((tier, last_seen, until, done, page)) = read() {
            self.page = page;
            self.tier = tier;
            self.last_seen = last_seen;
            self.until = until;
            self.done = done;
        }
    }
}

/// A page that was opened.
#[derive(Clone, Debug, PartialEq)]
struct Opened {
    at: Millis,
    path: String,
}

/// What was done with a number that was granted at `from`, and the page that was opened last.
fn marks(word: &str, from: Millis) -> Option<(Done, Option<Opened>)> {
    let Some((done, opened)) = word.split_once('@') else {
        return Some((Done::parse(word)?, None));
    };
    let path = opened.find('/')?;
    let seconds: i64 = opened[..path].parse().ok()?;
    let at = from.plus(seconds.checked_mul(1_000)?);
    Some((Done::parse(done)?, Some(Opened { at, path: opened[path..].to_owned() })))
}

/// When a holder did something with the number last, if ever.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Done {
    tel_click: Option<Millis>,
    copied: Option<Millis>,
    long_press: Option<Millis>,
}

impl Done {
    fn parse(text: &str) -> Option<Self> {
        let mut times = text.split('/').map(|ms| ms.parse().map(Millis));
        let mut time = || match times.next() {
            Some(Ok(at)) => Some((at.0 > 0).then_some(at)),
            Some(Err(_)) => None,
            None => Some(None),
        };
        Some(Done { tel_click: time()?, copied: time()?, long_press: time()? })
    }

    fn add_to(self, holder: &mut Holder) {
        holder.tel_click = holder.tel_click.max(self.tel_click);
        holder.copied = holder.copied.max(self.copied);
        holder.long_press = holder.long_press.max(self.long_press);
    }

    fn before(self, at: Millis) -> Self {
        let known = |time: Option<Millis>| time.filter(|&time| time <= at);
        Done {
            tel_click: known(self.tel_click),
            copied: known(self.copied),
            long_press: known(self.long_press),
        }
    }
}

/// What was known of the entries (newest first) at `at`; a session that had the number several
/// times is one holder.
fn known_at(entries: &[Entry], at: Millis, window: SignedDuration) -> Vec<Holder> {
    let oldest = at.plus(-(window.as_millis() as i64));
    let mut holders: Vec<Holder> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.from <= at && entry.last_seen >= oldest) {
        let done = entry.done.before(at);
        match holders.iter_mut().find(|holder| holder.session == entry.session) {
            Some(holder) => {
                holder.from = holder.from.min(entry.from);
                done.add_to(holder);
            }
            None => holders.push(Holder {
                session: entry.session,
                from: entry.from,
                last_seen: entry.last_seen.min(at),
                tier: entry.tier,
                tel_click: done.tel_click,
                copied: done.copied,
                long_press: done.long_press,
                live: entry.until > at,
                until: entry.until,
                pool: entry.pool.clone(),
                page: entry
                    .page
                    .as_ref()
                    .filter(|page| page.at <= at)
                    .map(|page| page.path.clone()),
            }),
        }
    }
    // A page may tell late what was done with the number; by then its session may hold it anew.
    for entry in entries.iter().filter(|entry| entry.from > at) {
        if let Some(holder) = holders.iter_mut().find(|one| one.session == entry.session) {
            entry.done.before(at).add_to(holder);
        }
    }
    holders
}

fn parse(entry: &str) -> Option<Entry> {
    let mut parts = entry.split(' ');
    let session = SessionId::from_short(parts.next()?)?;
    let from = Millis(parts.next()?.parse().ok()?);
    let last_seen = Millis(parts.next()?.parse().ok()?);
    let tier = Tier::from_word(parts.next()?)?;
    let (done, page) = marks(parts.next()?, from)?;
    let until = Millis(parts.next()?.parse().ok()?);
    let pool = parts.next()?.parse().ok()?;
    Some(Entry { session, from, last_seen, tier, done, page, until, pool })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "AZLwwAAAcACAAAAAAAAAAQ";
    const B: &str = "AZLwwAAAcACAAAAAAAAAAg";

    fn at(entries: &[String], at: i64) -> Vec<(i64, i64, Option<i64>, bool)> {
        let entries: Vec<Entry> = entries.iter().filter_map(|text| parse(text)).collect();
        let holders = known_at(&entries, Millis(at), SignedDuration::from_millis(1_000));
        let click = |holder: &Holder| holder.tel_click.map(|click| click.0);
        holders.iter().map(|h| (h.from.0, h.last_seen.0, click(h), h.live)).collect()
    }

    #[test]
    fn a_call_sees_what_was_known_at_its_own_time() {
        let entries = [
            format!("{A} 500 600 unrested 0 700 main"),
            format!("{B} 250 300 shared 290 400 main"),
            format!("{A} 100 200 own 150 230 main"),
            "garbage".to_owned(),
        ];
        assert_eq!(at(&entries, 50), []);
        assert_eq!(at(&entries, 120), [(100, 120, None, true)]);
        assert_eq!(at(&entries, 220), [(100, 200, Some(150), true)]);
        assert_eq!(at(&entries, 280), [(250, 280, None, true), (100, 200, Some(150), false)]);
        assert_eq!(at(&entries, 650), [(100, 600, Some(150), true), (250, 300, Some(290), false)]);
        assert_eq!(at(&entries, 1_350), [(500, 600, None, false)]);
    }

    #[test]
    fn a_call_sees_the_page_that_was_opened_before_it() {
        let entries = [
            format!("{A} 5000 9000 own 0@3/prices 20000 main"),
            format!("{B} 1000 9000 own 7000/0/8000@0/a-2/3 20000 main"),
        ];
        let entries: Vec<Entry> = entries.iter().filter_map(|text| parse(text)).collect();
        let pages = |at: i64| {
            let holders = known_at(&entries, Millis(at), SignedDuration::from_secs(60));
            holders.into_iter().map(|holder| holder.page).collect::<Vec<_>>()
        };
        let path = |path: &str| Some(path.to_owned());
        assert_eq!(pages(9_000), [path("/prices"), path("/a-2/3")]);
        assert_eq!(pages(7_999), [None, path("/a-2/3")]);
        assert_eq!(entries[1].done.long_press, Some(Millis(8_000)));
    }

    #[test]
    fn a_click_that_is_told_with_the_next_lease_counts_at_its_own_time() {
        let entries =
            [format!("{A} 500 600 unrested 180 700 main"), format!("{A} 100 200 own 0 230 main")];
        assert_eq!(at(&entries, 170), [(100, 170, None, true)]);
        assert_eq!(at(&entries, 220), [(100, 200, Some(180), true)]);
    }

    #[test]
    fn a_running_lease_corrects_its_own_entry_only() {
        let number: PhoneNumber = "+14155550100".parse().expect("a number");
        let mut entry = parse(&format!("{A} 100 100 own 0 0 main")).expect("an entry");
        entry.learn(&number, "+14155550100 own 99 150 300 0 p=1");
        assert_eq!(entry.until.0, 0);
        entry.learn(&number, "+14155550100 shared 100 150 300 120 p=1");
        assert_eq!((entry.last_seen.0, entry.until.0, entry.tier), (150, 300, Tier::Shared));
        assert_eq!(entry.done.tel_click, Some(Millis(120)));
        entry.learn(&number, "+14155550100 own 100 160 310 120/140/0 p=2");
        assert_eq!((entry.done.copied, entry.done.long_press), (Some(Millis(140)), None));
        assert_eq!(entry.done.before(Millis(130)), Done { copied: None, ..entry.done });
    }
}
