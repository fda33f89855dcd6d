//! The calls of a site as the warehouse has them.

use duckdb::types::Value;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::forecast::hours::HOURS;
use crate::forecast::model::History;
use crate::forecast::what_if::{HourOfWeek, SourceCalls, Week};
use crate::platform::ids::SiteId;
use crate::warehouse::question::Question;
use crate::warehouse::store::{Warehouse, WarehouseError};

const HISTORY: &str = "read the calls of a site by day";
/// The oldest day that is looked at, in days.
const OLDEST: i64 = 3 * 365;
/// How far back calls tell how long they keep somebody busy, in days.
const HANDLED_DAYS: i64 = 90;

/// Every whole day of `site` before `today`, from the first visit or call on. Unwanted calls are left out.
pub async fn history(
    warehouse: &Warehouse,
    site: &SiteId,
    today: Date,
) -> Result<History, WarehouseError> {
    let dialect = warehouse.dialect();
    let first = "SELECT min(first)::VARCHAR FROM (
            SELECT min(local_date) AS first FROM sessions WHERE site = $1 HAVING count(*) > 0
            UNION ALL SELECT min(local_date) FROM calls WHERE site = $1 HAVING count(*) > 0)
        HAVING count(*) > 0";
    let asked = Question::new(HISTORY, first, vec![Value::Text(site.to_string())]);
    let first: Option<String> =
        warehouse.ask_one(asked).await?.map(|row| row.get(0)).transpose()?;
    let oldest = today.checked_sub(OLDEST.days()).unwrap_or(Date::MIN);
    let first = first.and_then(|first| first.parse::<Date>().ok());
    let from = first.map_or(today, |first| first.max(oldest).min(today));
    let whole_days = from.until(today).map_or(0, |span| span.get_days().max(0));
    let mut days = vec![[0; HOURS]; usize::try_from(whole_days).unwrap_or(0)];
    let day = dialect.day("$2");
    let counted = format!(
        "SELECT local_date::VARCHAR, local_hour, count(*) FROM calls
         WHERE site = $1 AND local_date >= {day} AND local_date < {} AND NOT unwanted
         GROUP BY ALL",
        dialect.day("$3")
    );
    for row in warehouse.ask(between(HISTORY, counted, site, (from, today))).await? {
        let (day, hour, calls): (String, usize, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let day = day.parse::<Date>().ok().and_then(|day| from.until(day).ok());
        let day = day.and_then(|span| usize::try_from(span.get_days()).ok());
        let day = day.and_then(|day| days.get_mut(day));
        if let Some(of_hour) = day.and_then(|day| day.get_mut(hour)) {
            *of_hour = u32::try_from(calls).unwrap_or(u32::MAX);
        }
    }
    let handled = format!(
        "SELECT avg(talk_s + coalesce(hold_s, 0) + coalesce(wrap_up_s, 0)), count(*) FROM calls
         WHERE site = $1 AND local_date >= {day} AND outcome = 'answered' AND talk_s IS NOT NULL AND NOT unwanted
         HAVING count(*) > 0"
    );
    let since = today.checked_sub(HANDLED_DAYS.days()).unwrap_or(Date::MIN);
    let bound = [site.to_string(), since.to_string()].map(Value::Text);
    let handled = match warehouse.ask_one(Question::new(HISTORY, handled, bound.into())).await? {
        Some(row) => Some((row.get(0)?, row.get(1)?)),
        None => None,
    };
    Ok(History { from, days, handled })
}

/// A question about a site (`$1`) and the days from the first (`$2`) to before the last (`$3`).
fn between(
    what: &'static str,
    text: impl Into<String>,
    site: &SiteId,
    (from, to): (Date, Date),
) -> Question {
    let bound = [site.to_string(), from.to_string(), to.to_string()];
    Question::new(what, text, bound.map(Value::Text).into())
}

/// A mean week of `site` by source and by hour, from the `days` whole days before `today`.
pub async fn week(
    warehouse: &Warehouse,
    site: &SiteId,
    today: Date,
    days: u32,
) -> Result<Week, WarehouseError> {
    let from = today.checked_sub(i64::from(days).days()).unwrap_or(Date::MIN);
    let dialect = warehouse.dialect();
    let calls = format!(
        "count(*), count(*) FILTER (WHERE outcome = 'answered') FROM calls
         WHERE site = $1 AND local_date >= {} AND local_date < {} AND NOT unwanted
         GROUP BY ALL ORDER BY ALL",
        dialect.day("$2"),
        dialect.day("$3")
    );
    let by = |columns: &str| {
        let text = format!("SELECT {columns}, {calls}");
        warehouse.ask(between("read a mean week of a site", text, site, (from, today)))
    };
    let mut week = Week { days, ..Week::default() };
    for row in by("source, medium, campaign").await? {
        week.sources.push(SourceCalls {
            source: row.get(0)?,
            medium: row.get(1)?,
            campaign: row.get(2)?,
            calls: row.get(3)?,
            answered: row.get(4)?,
        });
    }
    for row in by("local_weekday, local_hour").await? {
        week.hours.push(HourOfWeek {
            weekday: row.get(0)?,
            hour: row.get(1)?,
            calls: row.get(2)?,
            answered: row.get(3)?,
        });
    }
    Ok(week)
}
