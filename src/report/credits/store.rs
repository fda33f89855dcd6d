//! Asks the warehouse for credits.

use std::collections::BTreeMap;

use duckdb::types::Value;

use crate::platform::clock::Millis;
use crate::report::credits::effects::{Effects, current};
use crate::report::credits::model::{
    Bounds, CreditKey, CreditReport, CreditRow, CreditSums, Crediting, LearntFrom, Model, Question,
};
use crate::report::credits::sql::{credited, periods, shared_by, shares};
use crate::report::model::SpamFilter;
use crate::warehouse::question::{Question as Asked, Row};
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Most rows that are told, those with the most credit.
const MAX_ROWS: usize = 10_000;

/// Answers `question` at `now`. Without sites the answer is empty.
pub async fn answer(
    warehouse: &Warehouse,
    question: Question,
    now: Millis,
) -> Result<CreditReport, WarehouseError> {
    let learnt = learn(warehouse, &question.sites, now).await?;
    let shares = shares_by_site(&learnt);
    let learnt_from = learnt.iter().map(|found| (found.site.to_string(), learnt_from(found)));
    let learnt_from = learnt_from.collect();
    let Question { weight, clock, .. } = question;
    let rows = rows(warehouse, &question, &shares).await?;
    let mut totals = CreditSums::default();
    rows.values().for_each(|credits| totals.add(*credits));
    let mut rows: Vec<CreditRow> =
        rows.into_iter().map(|(key, credits)| CreditRow { key, credits }).collect();
    rows.sort_by(|a, b| b.credits.last.total_cmp(&a.credits.last).then(a.key.cmp(&b.key)));
    rows.truncate(MAX_ROWS);
    Ok(CreditReport { weight, clock, rows, totals, shares, learnt_from })
}

/// The removal effects of these sites and periods.
pub async fn learn(
    warehouse: &Warehouse,
    bounds: &Bounds,
    now: Millis,
) -> Result<Vec<Effects>, WarehouseError> {
    let mut learnt = Vec::with_capacity(bounds.len());
    for bounds in bounds {
        learnt.push(current(warehouse, bounds.clone(), now).await?);
    }
    Ok(learnt)
}

/// The data-driven shares of channels by site.
pub fn shares_by_site(learnt: &[Effects]) -> BTreeMap<String, BTreeMap<String, f64>> {
    learnt.iter().map(|found| (found.site.to_string(), found.shares.clone())).collect()
}

fn learnt_from(found: &Effects) -> LearntFrom {
    LearntFrom {
        from: found.since.to_string(),
        to: found.until.to_string(),
        sessions: found.extent.sessions,
        calls: found.extent.calls,
        computed_at: found.computed_at.to_string(),
        removal_effects: found.effects.clone(),
    }
}

async fn rows(
    warehouse: &Warehouse,
    question: &Question,
    of_sites: &BTreeMap<String, BTreeMap<String, f64>>,
) -> Result<BTreeMap<CreditKey, CreditSums>, WarehouseError> {
    let Question { sites, weight, clock, spam, conversion } = question;
    let crediting = Crediting { model: None, weight: *weight, clock: *clock };
    let text = include_str!("../sql/credits.sql");
    let text = credited(warehouse.dialect(), text, "calls", crediting);
    let by_touches = shared_by(Some(Model::Last));
    let spam: SpamFilter = *spam;
    let bound = [&periods(sites), &shares(of_sites), spam.word(), conversion, by_touches];
    let bound = bound.map(|text| Value::Text(text.to_owned())).into();
    let found = warehouse.ask(Asked::new("answer a report", text, bound)).await?;
    let of_row = |row: Row| {
        let (source, medium) = (row.get(0)?, row.get(1)?);
        let key = CreditKey { source, medium, campaign: row.get(2)?, channel: row.get(3)? };
        let mut sums = [0.0; 10];
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum = row.get(4 + place)?;
        }
        Ok((key, CreditSums::of(sums)))
    };
    found.into_iter().map(of_row).collect()
}
