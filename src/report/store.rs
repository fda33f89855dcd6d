//! The first three reports, asked of the one engine.

use std::time::Duration;

use crate::platform::clock::Millis;
use crate::report::credits::model::Bounds;
use crate::report::metrics::Tally;
use crate::report::model::{Report, ReportKind, ReportQuery, RowKey};
use crate::report::query::cell::Cell;
use crate::report::query::dimensions::dimension;
use crate::report::query::model::{Selection, Thresholds};
use crate::report::query::run::{RunError, several};
use crate::report::query::store::{Key, Plan, Sums};
use crate::report::query::sums::Sum;
use crate::report::rules;
use crate::warehouse::store::Warehouse;

/// What a row of them counts.
const SUMS: [Sum; 12] = [
    Sum::Visits,
    Sum::VisitsWithCall,
    Sum::Calls,
    Sum::FirstTime,
    Sum::Repeated,
    Sum::Answered,
    Sum::Missed,
    Sum::Talked,
    Sum::Talk,
    Sum::Attributed,
    Sum::Confidence,
    Sum::Unwanted,
];
/// What a row of the hours counts besides.
const LEASES: [Sum; 2] = [Sum::Wanted, Sum::GotOwn];
/// None of their figures depends on these.
const THRESHOLDS: Thresholds =
    Thresholds { service_level_s: 20, short_abandon_s: 5, resolution_ms: 0 };

/// What such a report sums, and by what.
pub fn plan(kind: ReportKind) -> Plan {
    let leases = LEASES.into_iter().filter(|_| kind == ReportKind::Hours);
    Plan {
        dimensions: kind.dimensions().iter().filter_map(|name| dimension(name)).collect(),
        sums: SUMS.into_iter().chain(leases).collect(),
        totals: true,
        thresholds: THRESHOLDS,
    }
}

/// Answers `query` at `now`, in at most `limit`. Without sites the answer is empty.
pub async fn answer_within(
    warehouse: &Warehouse,
    query: ReportQuery,
    limit: Duration,
    now: Millis,
) -> Result<Report, RunError> {
    let (credit, bounds) = match &query.credit {
        Some((credit, bounds)) => (Some(*credit), bounds.clone()),
        None => (None, Bounds::new()),
    };
    let selection = Selection {
        sites: query.sites.clone(),
        period: query.period,
        bounds,
        filter: query.filter.clone(),
        spam: query.spam,
        conversion: query.conversion.clone(),
        credit,
    };
    let plan = plan(query.kind);
    let found = several(warehouse, vec![Some((plan, selection))], limit, now).await?;
    let rows = found.into_iter().flatten().next().unwrap_or_default();
    let counted = rows.groups.iter().map(|(cells, sums)| (key(query.kind, cells), tally(sums)));
    Ok(rules::report(&query, counted.collect(), tally(&rows.totals)))
}

/// The same, however long it takes.
pub async fn answer(
    warehouse: &Warehouse,
    query: ReportQuery,
    now: Millis,
) -> Result<Report, RunError> {
    answer_within(warehouse, query, Duration::from_secs(3_600), now).await
}

fn key(kind: ReportKind, cells: &Key) -> RowKey {
    let text = |n: usize| match cells.get(n) {
        Some(Cell::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let whole = |n: usize| match cells.get(n) {
        Some(Cell::Whole(number)) => u8::try_from(*number).unwrap_or_default(),
        _ => 0,
    };
    match kind {
        ReportKind::Sources => {
            RowKey::Source { source: text(0), medium: text(1), campaign: text(2), channel: text(3) }
        }
        ReportKind::Hours => RowKey::Hour { weekday: whole(0), hour: whole(1) },
        ReportKind::LandingPages => {
            RowKey::LandingPage { landing_host: text(0), landing_page: text(1) }
        }
    }
}

fn tally(sums: &Sums) -> Tally {
    let of = |sum| sums.get(sum).unwrap_or(0.0);
    Tally {
        visits: of(Sum::Visits),
        visits_with_call: of(Sum::VisitsWithCall),
        calls: of(Sum::Calls),
        first_time: of(Sum::FirstTime),
        repeated: of(Sum::Repeated),
        answered: of(Sum::Answered),
        missed: of(Sum::Missed),
        timed: of(Sum::Talked),
        talk_s: of(Sum::Talk),
        attributed: of(Sum::Attributed),
        confidence: of(Sum::Confidence),
        spam: of(Sum::Unwanted),
        wanted: of(Sum::Wanted),
        got_own: of(Sum::GotOwn),
    }
}
