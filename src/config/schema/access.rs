//! Who may use the API.

use jiff::Timestamp;

use super::{DURATION, ID, Key, Shape, TEXT, key, needed, quoted};
use crate::config::model::Scope;

const SCOPE: Shape = quoted::<Scope>("\"reader\", \"analyst\", \"manager\" or \"admin\"");

pub(super) const ACCESS: &[Key] = &[
    key("keys_file", Shape::File),
    needed("user_header", TEXT),
    needed("role_header", TEXT),
    key("roles", Shape::List(&Shape::Table(ROLE))),
];

const ROLE: &[Key] =
    &[needed("name", TEXT), needed("scope", SCOPE), key("sites", Shape::List(&ID))];

pub(super) const AUDIT: &[Key] = &[needed("keep", DURATION)];

pub(super) const API_KEY: &[Key] = &[
    needed("name", TEXT),
    needed("sha256", TEXT),
    needed("scope", SCOPE),
    key("sites", Shape::List(&ID)),
    key("expires_at", quoted::<Timestamp>("a time such as \"2027-01-01T00:00:00Z\"")),
];
