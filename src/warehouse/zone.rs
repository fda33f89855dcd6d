//! The clock on a site's wall.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Installation;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::warehouse::model::LocalTime;

/// The time zone of a site; UTC when the site or its zone is not known (any more).
pub fn site_zone(installation: &Installation, site: &SiteId) -> TimeZone {
    let name = installation.site(site).map_or("UTC", |site| site.time_zone.as_str());
    TimeZone::get(name).unwrap_or_else(|error| {
        tracing::warn!(%site, %error, "times of this site are in UTC");
        TimeZone::UTC
    })
}

/// How far the clock on the wall is from UTC in `zone` at `at`: `+02:00`.
pub fn offset(at: Millis, zone: &TimeZone) -> String {
    let seconds = zone.to_offset(at.timestamp()).seconds();
    let minutes = seconds.unsigned_abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// What the clock on the wall shows in `zone` at `at`.
pub fn local_time(at: Millis, zone: &TimeZone) -> LocalTime {
    let wall = zone.to_datetime(at.timestamp());
    let weekday = wall.weekday().to_monday_one_offset();
    LocalTime { date: wall.date(), hour: wall.hour(), weekday }
}

/// The day that it is at `now` on any of these sites' walls; sites far apart have two: the later one.
pub fn latest_day(installation: &Installation, sites: &[SiteId], now: Millis) -> Date {
    let days = sites.iter().map(|site| local_time(now, &site_zone(installation, site)).date);
    days.max().unwrap_or_else(|| local_time(now, &TimeZone::UTC).date)
}
