//! Keys of alerts, of reports by the clock and of letters.

use super::{DURATION, ID, Key, Shape, TEXT, bare, key, needed, quoted};
use crate::config::model::{Every, SilentOf};

pub(super) const MAIL: &[Key] = &[needed("url", Shape::Secret), needed("from", TEXT)];

const AMOUNT: Shape = bare::<f64>("a number");

pub(super) const ALERT: Shape = Shape::Kinds {
    common: &[needed("id", ID), key("to", Shape::List(&Shape::Secret)), key("hold_off", DURATION)],
    kinds: &[
        (
            "threshold",
            &[
                needed("metric", TEXT),
                key("filter", Shape::List(&TEXT)),
                key("period", TEXT),
                key("above", AMOUNT),
                key("below", AMOUNT),
                key("at_least", AMOUNT),
            ],
        ),
        (
            "benchmark",
            &[
                needed("metric", TEXT),
                key("filter", Shape::List(&TEXT)),
                key("period", TEXT),
                key("against", TEXT),
                key("at_least", AMOUNT),
            ],
        ),
        ("forecast", &[]),
        (
            "silent",
            &[
                key("source", TEXT),
                key("of", quoted::<SilentOf>("\"visits\" or \"calls\"")),
                key("quiet", DURATION),
            ],
        ),
        ("overflow", &[key("pool", ID)]),
        ("postbacks", &[key("destination", ID), key("above", AMOUNT), key("at_least", AMOUNT)]),
    ],
};

pub(super) const SCHEDULE: &[Key] = &[
    needed("id", ID),
    needed("every", quoted::<Every>("\"day\", \"week\" or \"month\"")),
    key("at", TEXT),
    key("on", TEXT),
    needed("reports", Shape::List(&TEXT)),
    key("period", TEXT),
    needed("to", Shape::List(&Shape::Secret)),
];
