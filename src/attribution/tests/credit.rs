//! Shares of touches.

use proptest::prelude::*;

use super::{HOUR, T, touch};
use crate::attribution::credit::{Contact, Credits, credits};
use crate::platform::clock::Millis;
use crate::visit::model::Touch;

const DAY: i64 = 24 * HOUR;
const AT_ONCE: Contact = Contact { call: Millis(T), first: Millis(T) };

fn paid(mut touch: Touch) -> Touch {
    touch.source.channel = "Paid Search".to_owned();
    touch
}

type Share = fn(&Credits) -> f64;

const MODELS: [(&str, Share); 9] = [
    ("first", |c| c.first),
    ("last", |c| c.last),
    ("last_non_direct", |c| c.last_non_direct),
    ("last_paid", |c| c.last_paid),
    ("lead_creation", |c| c.lead_creation),
    ("linear", |c| c.linear),
    ("position_based", |c| c.position_based),
    ("w_shaped", |c| c.w_shaped),
    ("time_decay", |c| c.time_decay),
];

fn shares(touches: &[Touch], contact: Contact, model: &str) -> Vec<f64> {
    let (_, share) = MODELS.iter().find(|(name, _)| *name == model).expect(model);
    credits(touches, contact).iter().map(|touch| share(&touch.credits)).collect()
}

#[test]
fn each_model_gives_what_its_name_says() {
    let touches = [
        paid(touch(1, 28 * DAY, "google")),
        paid(touch(2, 14 * DAY, "facebook")),
        touch(3, 7 * DAY, "newsletter"),
        touch(4, 0, "(direct)"),
    ];
    let contact = Contact { first: Millis(T - 10 * DAY), ..AT_ONCE };
    for (model, expected) in [
        ("first", [1.0, 0.0, 0.0, 0.0]),
        ("last", [0.0, 0.0, 0.0, 1.0]),
        ("last_non_direct", [0.0, 0.0, 1.0, 0.0]),
        ("last_paid", [0.0, 1.0, 0.0, 0.0]),
        ("lead_creation", [0.0, 1.0, 0.0, 0.0]),
        ("linear", [0.25; 4]),
        ("position_based", [0.4, 0.1, 0.1, 0.4]),
        ("w_shaped", [0.3, 0.3, 0.1, 0.3]),
        // 1/16, 1/4, 1/2 and 1 of 29/16.
        ("time_decay", [1.0 / 29.0, 4.0 / 29.0, 8.0 / 29.0, 16.0 / 29.0]),
    ] {
        let got = shares(&touches, contact, model);
        let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near, "{model}: {got:?}");
    }
}

#[test]
fn few_touches_take_all() {
    let alone = [touch(1, HOUR, "(direct)")];
    for (model, _) in MODELS {
        assert_eq!(shares(&alone, AT_ONCE, model), [1.0], "{model}");
    }
    let two = [touch(1, DAY, "google"), touch(2, HOUR, "bing")];
    assert_eq!(shares(&two, AT_ONCE, "position_based"), [0.5, 0.5]);
    let got = shares(&two, AT_ONCE, "w_shaped");
    assert!((got[0] - 1.0 / 3.0).abs() < 1e-9 && (got[1] - 2.0 / 3.0).abs() < 1e-9, "{got:?}");
    assert!(credits(&[], AT_ONCE).is_empty());
}

proptest! {
    #[test]
    fn credits_sum_to_one(
        drawn in prop::collection::vec((0..3000 * HOUR, any::<bool>(), any::<bool>()), 1..50),
        first_ago in 0..4000 * HOUR,
    ) {
        let mut drawn = drawn;
        drawn.sort_by_key(|(ago, ..)| std::cmp::Reverse(*ago));
        let touches: Vec<Touch> = (1..).zip(drawn).map(|(n, (ago, direct, is_paid))| {
            let touch = touch(n, ago, if direct { "(direct)" } else { "google" });
            if is_paid { paid(touch) } else { touch }
        }).collect();
        let contact = Contact { first: Millis(T - first_ago), ..AT_ONCE };
        let credited = credits(&touches, contact);
        for (model, share) in MODELS {
            let shares: Vec<f64> = credited.iter().map(|touch| share(&touch.credits)).collect();
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{}: {:?}", model, shares);
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{}", model);
        }
    }
}
