//! What a site keeps of people, and for how long.

use super::{DURATION, Key, Shape, key, quoted};
use crate::config::model::PrivacyMode;

const MODE: Shape = quoted::<PrivacyMode>("\"standard\" or \"no_pii\"");

pub(super) const PRIVACY: &[Key] = &[key("mode", MODE)];

pub(super) const RETENTION: &[Key] = &[
    key("caller_number", DURATION),
    key("caller", DURATION),
    key("caller_name", DURATION),
    key("place", DURATION),
    key("click_ids", DURATION),
    key("pages", DURATION),
    key("recordings", DURATION),
    key("notes", DURATION),
    key("visits", DURATION),
    key("calls", DURATION),
    key("leads", DURATION),
];
