//! The building block of every question on credit: calls shared out over their touches.

use std::collections::BTreeMap;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{Bounds, ByClock, Crediting, Model, Weight};
use crate::warehouse::dialect::{CELLS, Cells, Dialect, ROWS};

/// What a moment on the site's wall is called in the tables, and in the building block.
const WALL: [(&str, &str); 5] = [
    ("{date}", "local_date"),
    ("{weekday}", "local_weekday"),
    ("{hour}", "local_hour"),
    ("{offset}", "local_offset"),
    ("{shift}", "shift"),
];

/// What a touch has of its own, and not of its call.
const OF_TOUCHES: &str = "session, source, medium, campaign, campaign_id, term, content, channel, click_platform, \
                          landing_host, landing_page";
/// What a share has by one clock or the other.
const OF_CLOCKS: &str = "landing_host, local_date, local_weekday, local_hour, local_offset, shift";
/// The visits that made the touches.
const TOUCHED: &str =
    "site IN (SELECT of_site FROM periods) AND id IN (SELECT session FROM touched)";

/// `question` behind the building block, over `calls`: the table, or rows that have all its columns. It reads from `credited`: the figures of calls, `weight`, and one `credit_`
/// column for each model.
pub(in crate::report) fn credited(
    dialect: &dyn Dialect,
    question: &str,
    calls: &str,
    crediting: Crediting,
) -> String {
    let weight = match crediting.weight {
        Weight::Calls => "1.0",
        Weight::Confidence => "coalesce(confidence, 0)",
    };
    let moment = match crediting.clock {
        ByClock::Call => "shared.started_at",
        ByClock::Visit => "touched_at",
    };
    let periods = [Cells::Text("of_site"), Cells::Whole("since"), Cells::Whole("until")];
    let shares = [Cells::Text("of_site"), Cells::Text("of_channel"), Cells::Number("share")];
    // No name of a conversion has what joins them.
    let met = dialect.contains(
        &format!("concat('{CELLS}', conversions, '{CELLS}')"),
        &format!("concat('{CELLS}', $4, '{CELLS}')"),
    );
    let block = include_str!("../sql/credited.sql")
        .replace("{periods}", &dialect.list("$1", &periods))
        .replace("{shares}", &dialect.list("$2", &shares))
        .replace("{met}", &met)
        .replace("{chosen}", &dialect.all_but("chosen", OF_TOUCHES))
        .replace("{shared}", &dialect.all_but("shared", OF_CLOCKS))
        .replace("{sessions}", &dialect.joined("sessions", TOUCHED));
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
