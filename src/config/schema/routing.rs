//! The keys of routing and of the spam screen.

use super::*;
use crate::call::answer::Target;
use crate::config::model::{
    AttestationWord, CallField, CallerId, RecordMode, RejectReason, RingOrder,
};
use crate::platform::ids::RouteId;

const ROUTE_ID: Shape = quoted::<RouteId>("1 to 32 letters, digits, '-' or '_'");

pub(super) const ROUTING: &[Key] = &[
    key("language", TEXT),
    key("holidays", Shape::List(&TEXT)),
    key("hours", Shape::List(&Shape::Table(HOURS))),
    key("notices", Shape::List(&Shape::Table(NOTICE))),
    key("routes", Shape::List(&ROUTE)),
    key("rules", Shape::List(&Shape::Table(RULE))),
];

const HOURS: &[Key] =
    &[needed("id", ID), needed("open", Shape::List(&TEXT)), key("on_holidays", FLAG)];

const NOTICE: &[Key] =
    &[needed("prompt", TEXT), key("places", Shape::List(&TEXT)), key("language", TEXT)];

const RULE: &[Key] = &[
    needed("id", ID),
    key("providers", Shape::List(&TEXT)),
    key("when", Shape::List(&Shape::Table(CONDITION_ON_CALL))),
    needed("route", ROUTE_ID),
];

const CONDITION_ON_CALL: &[Key] = &[
    needed(
        "field",
        quoted::<CallField>(
            "source, medium, campaign, campaign_id, term, content, channel, click_platform, \
             landing_host, landing_page, number, pool, caller, caller_country, caller_region, \
             caller_city, caller_area, caller_kind, attestation, hours, weekday, hour, date or \
             holiday",
        ),
    ),
    key("name", TEXT),
    key("is", Shape::List(&TEXT)),
    key("prefix", Shape::List(&TEXT)),
    key("suffix", Shape::List(&TEXT)),
    key("contains", Shape::List(&TEXT)),
    key("regex", Shape::List(&TEXT)),
    key("not", FLAG),
];

const ROUTE: Shape = Shape::Kinds {
    common: &[needed("id", ROUTE_ID), key("language", TEXT)],
    kinds: &[
        ("dial", DIAL),
        (
            "menu",
            &[
                needed("prompt", TEXT),
                needed("choices", Shape::List(&Shape::Table(CHOICE))),
                key("timeout", DURATION),
                key("tries", COUNT),
                key("otherwise", ROUTE_ID),
            ],
        ),
        ("voicemail", &[needed("prompt", TEXT), key("longest", DURATION)]),
        (
            "reject",
            &[key("reason", quoted::<RejectReason>("\"busy\", \"declined\" or \"hangup\""))],
        ),
        (
            "area",
            &[
                needed("places", Shape::List(&Shape::Table(PLACE_ROUTE))),
                key("otherwise", ROUTE_ID),
            ],
        ),
    ],
};

const DIAL: &[Key] = &[
    needed("to", Shape::List(&Shape::Table(DESTINED))),
    key("order", quoted::<RingOrder>("\"at_once\", \"in_turn\", \"weighted\" or \"round_robin\"")),
    key("last_agent", FLAG),
    key("tries", COUNT),
    key("ring", DURATION),
    key("hours", ID),
    key("closed", ROUTE_ID),
    key("otherwise", ROUTE_ID),
    key("greeting", TEXT),
    key("whisper", TEXT),
    key("accept", FLAG),
    key("caller_id", quoted::<CallerId>("\"caller\", \"called\" or a phone number in E.164")),
    key("record", quoted::<RecordMode>("\"off\", \"on\" or \"dual\"")),
];

const DESTINED: &[Key] = &[
    needed("address", quoted::<Target>("a phone number in E.164, or sip:user@host")),
    key("name", TEXT),
    key("weight", COUNT),
    key("per_day", COUNT),
    key("at_a_time", COUNT),
];

const CHOICE: &[Key] = &[needed("key", TEXT), needed("route", ROUTE_ID)];
const PLACE_ROUTE: &[Key] = &[needed("place", TEXT), needed("route", ROUTE_ID)];

pub(super) const SPAM: &[Key] = &[
    key("numbers", Shape::List(&NUMBER)),
    key("prefixes", Shape::List(&TEXT)),
    key("anonymous", FLAG),
    key("allowed", Shape::List(&NUMBER)),
    key(
        "attestation",
        Shape::List(&quoted::<AttestationWord>("\"A\", \"B\", \"C\", \"failed\" or \"none\"")),
    ),
    key("rate", Shape::Table(&[needed("calls", COUNT), needed("within", DURATION)])),
    key(
        "short",
        Shape::Table(&[
            needed("calls", COUNT),
            needed("within", DURATION),
            needed("talk", DURATION),
        ]),
    ),
    key("challenge", TEXT),
    key("route", ROUTE_ID),
];
