//! The winner and its touches.

use super::{HOUR, LOOK_BACK, MINUTE, T, evidence, holder, session, touch, visit};
use crate::attribution::answer::{Joined, attribute, attribute_static};
use crate::attribution::delays::prior;
use crate::attribution::model::{Attribution, Basis};
use crate::attribution::rules::{Kept, rank};
use crate::config::model::StaticNumber;
use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::visit::model::{Touch, Visit};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;

fn answer(visit: &Visit, touches: &[Touch]) -> Attribution {
    let ranking = rank(&evidence(&[holder(1, 0, None)]), &prior(), None, Kept::STORED);
    let touches = touches.to_vec();
    let joined =
        Joined { at: Millis(T), ranking, visit: Some(visit), touches, ..Joined::default() };
    attribute(joined, LOOK_BACK)
}

#[test]
fn nobody_and_static_numbers_say_so() {
    let none = attribute(Joined::default(), LOOK_BACK);
    assert_eq!((none.basis, none.source, none.confidence), (Basis::None, None, 0.0));
    assert_eq!(none.nobody, 1.0);
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
    let direct = visit(1, "(direct)");
    let touches = [touch(1, HOUR, "(direct)"), touch(2, 30 * HOUR, "google")];
    let found = answer(&direct, &touches);
    assert_eq!(found.source.map(|s| s.source), Some("google".to_owned()));
    let too_old = [touch(2, 91 * 24 * HOUR, "google")];
    let found = answer(&direct, &too_old);
    assert_eq!(found.source.map(|s| s.source), Some("(direct)".to_owned()));
    let found = answer(&visit(1, "bing"), &touches);
    assert_eq!(found.source.map(|s| s.source), Some("bing".to_owned()));
}

#[test]
fn the_oldest_touch_is_first_and_the_newest_is_last() {
    let touches = [touch(3, 2 * HOUR, "bing"), touch(2, 50 * HOUR, "google"), touch(4, -HOUR, "x")];
    let found = answer(&visit(1, "meta"), &touches);
    let credits: Vec<(&str, f64, f64)> = found
        .touches
        .iter()
        .map(|t| (t.source.source.as_str(), t.credits.first, t.credits.last))
        .collect();
    assert_eq!(credits, [("google", 1.0, 0.0), ("bing", 0.0, 0.0), ("meta", 0.0, 1.0)]);
}

#[test]
fn a_repeat_caller_whom_the_number_does_not_tell_is_joined_with_the_earlier_session() {
    let earlier = visit(7, "google");
    let joined = |ranking| Joined {
        at: Millis(T),
        ranking,
        earlier: Some((&earlier, 0.95)),
        visit: Some(&earlier),
        ..Joined::default()
    };
    let rejoined = attribute(joined(Default::default()), LOOK_BACK);
    assert_eq!((rejoined.basis, rejoined.session), (Basis::Inferred, Some(session(7))));
    assert!((rejoined.confidence + rejoined.nobody - 1.0).abs() < 1e-9);
    assert!(rejoined.confidence > 0.5 && rejoined.source.is_some());

    // Whoever is on the page now is more likely.
    let ranking = rank(&evidence(&[holder(1, MINUTE / 2, None)]), &prior(), None, Kept::STORED);
    let chosen = attribute(joined(ranking), LOOK_BACK);
    assert_eq!((chosen.basis, chosen.session), (Basis::Holder, Some(session(1))));
}

#[test]
fn so_many_candidates_are_stored_as_are_worth_it() {
    let holders: Vec<Holder> = (1..100).map(|n| holder(n, i64::from(n) * 1_000, None)).collect();
    let answered = |kept| {
        let ranking = rank(&evidence(&holders), &prior(), None, kept);
        attribute(Joined { ranking, ..Joined::default() }, LOOK_BACK)
    };
    assert_eq!(answered(Kept::STORED).candidates.len(), Kept::STORED.most);
    let all = answered(Kept::ALL);
    let sum: f64 = all.candidates.iter().map(|one| one.probability).sum();
    assert!((sum + all.nobody - 1.0).abs() < 1e-3, "{sum}");
}
