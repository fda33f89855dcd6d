//! Who wins, how sure we are, what is learnt, and that shares are shares.

mod answer;
mod credit;
mod fit;
mod rank;

use jiff::SignedDuration;
use uuid::Uuid;

use super::evidence::Evidence;
use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::visit::model::{Consent, Device, Machine, Place, Source, Touch, Visit};

const T: i64 = 1_767_323_045_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const HOLD: i64 = 3 * MINUTE;
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

fn session(n: u8) -> SessionId {
    SessionId(Uuid::from_bytes([n; 16]))
}

/// A holder whose pages still beat when it was seen last, and whose lease ran out if that is long ago.
fn holder(n: u8, seen_ago: i64, click_ago: Option<i64>) -> Holder {
    Holder {
        session: session(n),
        from: Millis(T - seen_ago - HOUR),
        last_seen: Millis(T - seen_ago),
        tier: Tier::Own,
        tel_click: click_ago.map(|ago| Millis(T - ago)),
        copied: None,
        long_press: None,
        live: seen_ago < HOLD,
        until: Millis(T - seen_ago + HOLD),
        pool: "main".parse().expect("a pool id"),
        page: None,
    }
}

fn evidence(holders: &[Holder]) -> Vec<Evidence> {
    let before = holders.iter().filter(|holder| holder.from <= Millis(T));
    before.map(|holder| Evidence::of(holder, Millis(T), HOLD)).collect()
}

fn source(name: &str) -> Source {
    Source { source: name.to_owned(), medium: "cpc".to_owned(), ..Source::default() }
}

fn visit(n: u8, source_name: &str) -> Visit {
    Visit {
        session: session(n),
        visitor: Some(VisitorId(Uuid::from_bytes([9; 16]))),
        site: "demo".parse().expect("a site id"),
        started_at: Millis(T - HOUR),
        source: source(source_name),
        click_ids: Vec::new(),
        ad_ids: Default::default(),
        labels: Default::default(),
        referrer_host: String::new(),
        landing_host: "www.example.com".to_owned(),
        landing_page: "/".to_owned(),
        machine: Machine { device: Device::Mobile, ..Machine::default() },
        place: Place::default(),
        network: None,
        carried: None,
        consent: Consent { analytics: true, ads: true },
    }
}

fn touch(n: u8, ago: i64, source_name: &str) -> Touch {
    Touch {
        session: session(n),
        at: Millis(T - ago),
        source: source(source_name),
        landing_page: "/".to_owned(),
        click_ids: Vec::new(),
    }
}
