//! Asks the warehouse for credits.

use std::collections::BTreeMap;

use duckdb::{Connection, params};

use crate::attribution::markov::{self, Path};
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{
    ByClock, CreditKey, CreditReport, CreditRow, CreditSums, Question, Weight,
};
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

/// Most rows that are told, those with the most credit.
const MAX_ROWS: usize = 10_000;

/// Joins names of channels: no name has it.
const SEPARATOR: char = '\u{1f}';

/// Answers `question`. Without sites the answer is empty.
pub async fn answer(
    warehouse: &Warehouse,
    question: Question,
) -> Result<CreditReport, WarehouseError> {
    warehouse
        .read(move |connection| report(connection, &question).map_err(sql("answer a report")))
        .await
}

fn report(connection: &Connection, question: &Question) -> Result<CreditReport, duckdb::Error> {
    let mut rows: BTreeMap<CreditKey, CreditSums> = BTreeMap::new();
    let mut shares = BTreeMap::new();
    for (site, from, to) in &question.sites {
        let of_site = markov::shares(&paths(connection, site, *from, *to)?);
        credits(connection, question, (site, *from, *to), &of_site, &mut rows)?;
        shares.insert(site.to_string(), of_site);
    }
    let mut totals = CreditSums::default();
    rows.values().for_each(|credits| totals.add(*credits));
    let mut rows: Vec<CreditRow> =
        rows.into_iter().map(|(key, credits)| CreditRow { key, credits }).collect();
    rows.sort_by(|a, b| b.credits.last.total_cmp(&a.credits.last).then(a.key.cmp(&b.key)));
    rows.truncate(MAX_ROWS);
    let Question { weight, clock, .. } = *question;
    Ok(CreditReport { weight, clock, rows, totals, shares })
}

/// The ways of a site's visitors.
fn paths(
    connection: &Connection,
    site: &SiteId,
    from: Millis,
    to: Millis,
) -> Result<Vec<Path>, duckdb::Error> {
    let mut statement = connection.prepare(include_str!("../sql/paths.sql"))?;
    let found = statement.query_map(params![site.as_str(), from.0, to.0], |row| {
        let way: String = row.get(0)?;
        let channels = way.split(SEPARATOR).map(str::to_owned).collect();
        Ok(Path { channels, calls: row.get(1)?, silences: row.get(2)? })
    })?;
    found.collect()
}

fn credits(
    connection: &Connection,
    question: &Question,
    (site, from, to): (&SiteId, Millis, Millis),
    shares: &BTreeMap<String, f64>,
    rows: &mut BTreeMap<CreditKey, CreditSums>,
) -> Result<(), duckdb::Error> {
    let moment = match question.clock {
        ByClock::Call => "calls.started_at",
        ByClock::Visit => "touches.touched_at",
    };
    let weight = match question.weight {
        Weight::Calls => "1.0",
        Weight::Confidence => "coalesce(calls.confidence, 0)",
    };
    let text = include_str!("../sql/credits.sql");
    let text = text.replace("{moment}", moment).replace("{weight}", weight);
    let channels: Vec<&str> = shares.keys().map(String::as_str).collect();
    let channels = channels.join(&SEPARATOR.to_string());
    let shares: Vec<String> = shares.values().map(f64::to_string).collect();
    // A list of nothing is one empty name with the share 0.
    let shares = if shares.is_empty() { "0".to_owned() } else { shares.join(",") };
    let mut statement = connection.prepare(&text)?;
    let found =
        statement.query_map(params![site.as_str(), from.0, to.0, channels, shares], |row| {
            let (source, medium) = (row.get(0)?, row.get(1)?);
            let key = CreditKey { source, medium, campaign: row.get(2)?, channel: row.get(3)? };
            let mut sums = [0.0; 10];
            for (place, sum) in sums.iter_mut().enumerate() {
                *sum = row.get(4 + place)?;
            }
            Ok((key, CreditSums::of(sums)))
        })?;
    for row in found {
        let (key, sums) = row?;
        rows.entry(key).or_default().add(sums);
    }
    Ok(())
}
