//! The building block of every question on credit: calls shared out over their touches.

use std::collections::BTreeMap;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{Bounds, ByClock, Crediting, Model, Weight};

/// Joins the cells of a row, and the rows of a list: no name has either.
const CELLS: &str = "\u{1f}";
const ROWS: &str = "\u{1e}";

/// What a moment on the site's wall is called in the tables, and in the building block.
const WALL: [(&str, &str); 5] = [
    ("{date}", "local_date"),
    ("{weekday}", "local_weekday"),
    ("{hour}", "local_hour"),
    ("{offset}", "local_offset"),
    ("{shift}", "shift"),
];

/// `question` behind the building block, over `calls`: the table, or rows that have all its columns. It reads from `credited`: the figures of calls, `weight`, and one `credit_`
/// column for each model.
pub(in crate::report) fn credited(question: &str, calls: &str, crediting: Crediting) -> String {
    let weight = match crediting.weight {
        Weight::Calls => "1.0",
        Weight::Confidence => "coalesce(confidence, 0)",
    };
    let moment = match crediting.clock {
        ByClock::Call => "shared.started_at",
        ByClock::Visit => "touched_at",
    };
    let block = include_str!("../sql/credited.sql");
    let block = block.replace("{calls}", calls).replace("{weight}", weight);
    let block = WALL.iter().fold(block.replace("{moment}", moment), |block, (place, column)| {
        let column = match crediting.clock {
            ByClock::Call => format!("shared.{column}"),
            ByClock::Visit => format!("coalesce(sessions.{column}, shared.{column})"),
        };
        block.replace(place, &column)
    });
    block + question
}

/// The column of `model`; without one, every call is its own source's, and all columns are alike.
pub(in crate::report) fn column(model: Option<Model>) -> String {
    format!("credit_{}", model.unwrap_or(Model::Last).word())
}

/// What shares calls out: `$5` of the building block.
pub(in crate::report) fn shared_by(model: Option<Model>) -> &'static str {
    if model.is_some() { "touches" } else { "own" }
}

/// Sites with their bounds: `$1` of the building block.
pub(in crate::report) fn periods(bounds: &Bounds) -> String {
    let row = |(site, from, to): &(SiteId, Millis, Millis)| {
        [site.as_str(), &from.0.to_string(), &to.0.to_string()].join(CELLS)
    };
    bounds.iter().map(row).collect::<Vec<_>>().join(ROWS)
}

/// The data-driven shares of channels by site: `$2` of the building block.
pub(in crate::report) fn shares(of_sites: &BTreeMap<String, BTreeMap<String, f64>>) -> String {
    let rows = of_sites.iter().flat_map(|(site, shares)| {
        shares
            .iter()
            .map(move |(channel, share)| [site.as_str(), channel, &share.to_string()].join(CELLS))
    });
    rows.collect::<Vec<_>>().join(ROWS)
}
