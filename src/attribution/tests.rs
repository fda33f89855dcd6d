//! Who wins, how sure we are, and that shares are shares.

use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::model::Basis;
use super::rules::{MAX_CANDIDATES, attribute, attribute_static, rank};
use crate::config::model::StaticNumber;
use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::visit::model::{Consent, Device, Machine, Place, Source, Touch, Visit};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;

const T: i64 = 1_767_323_045_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

fn session(n: u8) -> SessionId {
    SessionId(Uuid::from_bytes([n; 16]))
}

fn holder(n: u8, seen_ago: i64, click_ago: Option<i64>) -> Holder {
    Holder {
        session: session(n),
        from: Millis(T - seen_ago - HOUR),
        last_seen: Millis(T - seen_ago),
        tier: Tier::Own,
        tel_click: click_ago.map(|ago| Millis(T - ago)),
        copied: None,
        long_press: None,
        live: false,
    }
}

fn best(holders: &[Holder]) -> (SessionId, f64) {
    let ranking = rank(Millis(T), holders);
    let best = &ranking.candidates[0];
    (best.session, best.probability)
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

#[test]
fn a_lone_holder_on_the_page_is_likely_and_a_click_makes_it_nearly_certain() {
    let (_, on_page) = best(&[holder(1, 20_000, None)]);
    assert!((0.95..0.985).contains(&on_page), "{on_page}");
    let (_, clicked) = best(&[holder(1, 20_000, Some(15_000))]);
    assert!(clicked > 0.995, "{clicked}");
    let (_, same_day) = best(&[holder(1, 5 * HOUR, None)]);
    assert!((0.4..0.6).contains(&same_day), "{same_day}");
    let (_, later) = best(&[holder(1, 240 * HOUR, None)]);
    assert!(later < 0.05, "{later}");
}

#[test]
fn sharers_split_and_the_one_who_clicked_wins() {
    let two = [holder(1, 10_000, None), holder(2, 10_000, None)];
    let ranking = rank(Millis(T), &two);
    assert_eq!(ranking.candidates[0].probability, ranking.candidates[1].probability);
    assert!(ranking.candidates[0].probability < 0.5);
    let (winner, confidence) = best(&[holder(1, 1_000, None), holder(2, 40_000, Some(30_000))]);
    assert_eq!(winner, session(2));
    assert!(confidence > 0.95, "{confidence}");
}

#[test]
fn who_is_on_the_page_outweighs_everybody_who_was_there_before() {
    let mut holders: Vec<Holder> =
        (2..100).map(|n| holder(n, i64::from(n) * HOUR / 5, None)).collect();
    holders.push(holder(1, 0, None));
    let (winner, confidence) = best(&holders);
    assert_eq!(winner, session(1));
    assert!(confidence > 0.9, "{confidence}");
}

#[test]
fn a_late_judgement_does_not_see_what_came_after_the_call() {
    let mut on_page = holder(1, 30_000, None);
    let as_it_was = rank(Millis(T), std::slice::from_ref(&on_page));
    on_page.last_seen = Millis(T + HOUR);
    on_page.tel_click = Some(Millis(T + HOUR));
    let mut came_later = holder(2, 0, None);
    came_later.from = Millis(T + 1);
    let judged_late = rank(Millis(T), &[on_page, came_later]);
    assert_eq!(judged_late.candidates.len(), 1);
    let probability = |ranking: &super::rules::Ranking| ranking.candidates[0].probability;
    assert_eq!(probability(&judged_late), probability(&as_it_was));
}

#[test]
fn nobody_and_static_numbers_say_so() {
    let none = attribute(Millis(T), &rank(Millis(T), &[]), None, &[], LOOK_BACK);
    assert_eq!((none.basis, none.source, none.confidence), (Basis::None, None, 0.0));
    let billboard = StaticNumber {
        number: "+14155550199".parse().expect("a number"),
        source: "billboard".to_owned(),
        medium: "print".to_owned(),
        campaign: "highway".to_owned(),
    };
    let tables = Tables::load().expect("the tables");
    let fixed = attribute_static(&tables, &SiteRules::default(), &billboard);
    assert_eq!((fixed.basis, fixed.tier, fixed.confidence), (Basis::Static, Tier::Source, 1.0));
    let source = fixed.source.expect("its source");
    assert_eq!((source.campaign.as_str(), source.channel.as_str()), ("highway", "Offline"));
    for (source, medium, channel) in [
        ("google", "organic", "Organic Search"),
        ("google", "cpc", "Paid Search"),
        ("newsletter", "email", "Email"),
        ("radio", "audio", "Audio"),
        ("newspaper", "print", "Offline"),
    ] {
        let (source, medium) = (source.to_owned(), medium.to_owned());
        let number = StaticNumber { source, medium, ..billboard.clone() };
        let found = attribute_static(&tables, &SiteRules::default(), &number)
            .source
            .map(|source| source.channel);
        assert_eq!(found.as_deref(), Some(channel));
    }
}

#[test]
fn a_direct_visit_never_overwrites_a_known_source() {
    let ranking = rank(Millis(T), &[holder(1, 0, None)]);
    let direct = visit(1, "(direct)");
    let touches = [touch(1, HOUR, "(direct)"), touch(2, 30 * HOUR, "google")];
    let found = attribute(Millis(T), &ranking, Some(&direct), &touches, LOOK_BACK);
    assert_eq!(found.source.map(|s| s.source), Some("google".to_owned()));
    let too_old = [touch(2, 91 * 24 * HOUR, "google")];
    let found = attribute(Millis(T), &ranking, Some(&direct), &too_old, LOOK_BACK);
    assert_eq!(found.source.map(|s| s.source), Some("(direct)".to_owned()));
    let own = visit(1, "bing");
    let found = attribute(Millis(T), &ranking, Some(&own), &touches, LOOK_BACK);
    assert_eq!(found.source.map(|s| s.source), Some("bing".to_owned()));
}

#[test]
fn the_oldest_touch_is_first_and_the_newest_is_last() {
    let ranking = rank(Millis(T), &[holder(1, 0, None)]);
    let touches = [touch(3, 2 * HOUR, "bing"), touch(2, 50 * HOUR, "google"), touch(4, -HOUR, "x")];
    let found = attribute(Millis(T), &ranking, Some(&visit(1, "meta")), &touches, LOOK_BACK);
    let credits: Vec<(&str, f64, f64)> =
        found.touches.iter().map(|t| (t.source.source.as_str(), t.first, t.last)).collect();
    assert_eq!(credits, [("google", 1.0, 0.0), ("bing", 0.0, 0.0), ("meta", 0.0, 1.0)]);
}

fn any_holder() -> impl Strategy<Value = Holder> {
    let click = prop::option::of(-HOUR..24 * HOUR);
    (1u8..20, -HOUR..720 * HOUR, click).prop_map(|(n, seen, click)| holder(n, seen, click))
}

proptest! {
    #[test]
    fn probabilities_sum_to_one(holders in prop::collection::vec(any_holder(), 0..60)) {
        let ranking = rank(Millis(T), &holders);
        let total: f64 = ranking.candidates.iter().map(|c| c.probability).sum();
        prop_assert!((total + ranking.nobody - 1.0).abs() < 1e-9);
        let ordered = ranking.candidates.windows(2).all(|w| w[0].probability >= w[1].probability);
        prop_assert!(ordered);
        let mut reversed = holders.clone();
        reversed.reverse();
        prop_assert_eq!(rank(Millis(T), &reversed).candidates.first().map(|c| c.session),
            ranking.candidates.first().map(|c| c.session));
        let found = attribute(Millis(T), &ranking, None, &[], LOOK_BACK);
        prop_assert!(found.candidates.len() <= MAX_CANDIDATES);
    }

    #[test]
    fn credits_sum_to_one(
        others in prop::collection::vec((1u8..10, -HOUR..3000 * HOUR), 0..50),
    ) {
        let touches: Vec<Touch> = others.iter().map(|&(n, ago)| touch(n, ago, "google")).collect();
        let ranking = rank(Millis(T), &[holder(1, 0, None)]);
        let found = attribute(Millis(T), &ranking, Some(&visit(1, "meta")), &touches, LOOK_BACK);
        prop_assert!(found.touches.iter().any(|touch| touch.session == session(1)));
        let sum = |share: fn(&super::model::TouchCredit) -> f64| {
            found.touches.iter().map(share).sum::<f64>()
        };
        prop_assert_eq!(sum(|t| t.first), 1.0);
        prop_assert_eq!(sum(|t| t.last), 1.0);
        prop_assert!(found.touches.iter().all(|touch| touch.at <= Millis(T)));
    }
}
