//! The calls of a site as the warehouse has them.

use duckdb::{Connection, params};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::forecast::hours::HOURS;
use crate::forecast::model::History;
use crate::forecast::what_if::{HourOfWeek, SourceCalls, Week};
use crate::platform::ids::SiteId;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

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
    let site = site.to_string();
    let asked = move |connection: &Connection| {
        read_history(connection, &site, today).map_err(sql("read the calls of a site by day"))
    };
    warehouse.read(asked).await
}

fn read_history(
    connection: &Connection,
    site: &str,
    today: Date,
) -> Result<History, duckdb::Error> {
    let before = |days: i64| today.checked_sub(days.days()).unwrap_or(Date::MIN).to_string();
    let first: Option<String> = connection.query_row(
        "SELECT min(first)::VARCHAR FROM (
            SELECT min(local_date) AS first FROM sessions WHERE site = $1
            UNION ALL SELECT min(local_date) FROM calls WHERE site = $1)",
        [site],
        |row| row.get(0),
    )?;
    let oldest = today.checked_sub(OLDEST.days()).unwrap_or(Date::MIN);
    let first = first.and_then(|first| first.parse::<Date>().ok());
    let from = first.map_or(today, |first| first.max(oldest).min(today));
    let whole_days = from.until(today).map_or(0, |span| span.get_days().max(0));
    let mut days = vec![[0; HOURS]; usize::try_from(whole_days).unwrap_or(0)];
    let mut counted = connection.prepare(
        "SELECT local_date - $2::DATE, local_hour, count(*) FROM calls
         WHERE site = $1 AND local_date >= $2::DATE AND local_date < $3::DATE AND NOT unwanted
         GROUP BY ALL",
    )?;
    let mut rows = counted.query(params![site, from.to_string(), today.to_string()])?;
    while let Some(row) = rows.next()? {
        let (day, hour, calls): (i64, usize, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let day = usize::try_from(day).ok().and_then(|day| days.get_mut(day));
        if let Some(of_hour) = day.and_then(|day| day.get_mut(hour)) {
            *of_hour = u32::try_from(calls).unwrap_or(u32::MAX);
        }
    }
    let handled = connection.query_row(
        "SELECT avg(talk_s + coalesce(hold_s, 0) + coalesce(wrap_up_s, 0)), count(*) FROM calls
         WHERE site = $1 AND local_date >= $2::DATE AND outcome = 'answered' AND talk_s IS NOT NULL
           AND NOT unwanted",
        params![site, before(HANDLED_DAYS)],
        |row| Ok((row.get::<_, Option<f64>>(0)?, row.get::<_, i64>(1)?)),
    )?;
    let calls = u64::try_from(handled.1).unwrap_or(0);
    Ok(History { from, days, handled: handled.0.map(|seconds| (seconds, calls)) })
}

/// A mean week of `site` by source and by hour, from the `days` whole days before `today`.
pub async fn week(
    warehouse: &Warehouse,
    site: &SiteId,
    today: Date,
    days: u32,
) -> Result<Week, WarehouseError> {
    let site = site.to_string();
    let from = today.checked_sub(i64::from(days).days()).unwrap_or(Date::MIN);
    let asked = move |connection: &Connection| {
        read_week(connection, &site, (from, today)).map_err(sql("read a mean week of a site"))
    };
    Ok(Week { days, ..warehouse.read(asked).await? })
}

fn read_week(
    connection: &Connection,
    site: &str,
    (from, to): (Date, Date),
) -> Result<Week, duckdb::Error> {
    let mut week = Week::default();
    let mut by_source = connection.prepare(
        "SELECT source, medium, campaign, count(*), count(*) FILTER (outcome = 'answered') FROM calls
         WHERE site = $1 AND local_date >= $2::DATE AND local_date < $3::DATE AND NOT unwanted
         GROUP BY ALL ORDER BY ALL",
    )?;
    let mut rows = by_source.query(params![site, from.to_string(), to.to_string()])?;
    while let Some(row) = rows.next()? {
        week.sources.push(SourceCalls {
            source: row.get(0)?,
            medium: row.get(1)?,
            campaign: row.get(2)?,
            calls: row.get::<_, i64>(3)?.max(0) as u64,
            answered: row.get::<_, i64>(4)?.max(0) as u64,
        });
    }
    let mut by_hour = connection.prepare(
        "SELECT local_weekday, local_hour, count(*), count(*) FILTER (outcome = 'answered') FROM calls
         WHERE site = $1 AND local_date >= $2::DATE AND local_date < $3::DATE AND NOT unwanted
         GROUP BY ALL ORDER BY ALL",
    )?;
    let mut rows = by_hour.query(params![site, from.to_string(), to.to_string()])?;
    while let Some(row) = rows.next()? {
        week.hours.push(HourOfWeek {
            weekday: row.get(0)?,
            hour: row.get(1)?,
            calls: row.get::<_, i64>(2)?.max(0) as u64,
            answered: row.get::<_, i64>(3)?.max(0) as u64,
        });
    }
    Ok(week)
}
