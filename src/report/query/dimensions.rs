//! The catalogue of dimensions: what rows can be grouped and filtered by.

use crate::report::query::cell::Kind;
use crate::report::query::fact::Fact;

/// One dimension.
#[derive(Debug)]
pub struct Dimension {
    /// Its name in the API.
    pub name: &'static str,
    /// What sort of values it has.
    pub kind: Kind,
    /// The column in the rows that have it; time is reckoned from `local_date`.
    pub columns: &'static [(&'static [Fact], &'static str)],
    /// What it is, for people.
    pub about: &'static str,
}

impl Dimension {
    /// The column in rows of `fact`, when they have it.
    pub fn column(&self, fact: Fact) -> Option<&'static str> {
        let found = self.columns.iter().find(|(facts, _)| facts.contains(&fact));
        found.map(|(_, column)| *column)
    }
}

/// The dimension of this name.
pub fn dimension(name: &str) -> Option<&'static Dimension> {
    DIMENSIONS.iter().find(|dimension| dimension.name == name)
}

const CALLS: &[Fact] = &[Fact::Calls, Fact::Unwanted, Fact::Returned];
const STAFFING: &[Fact] = &[Fact::Staffing];
const COSTS: &[Fact] = &[Fact::Costs];
const LEASES: &[Fact] = &[Fact::Leases];
/// Rows that have a moment, not only a day.
const TIMED: &[Fact] = &[
    Fact::Calls,
    Fact::Unwanted,
    Fact::Returned,
    Fact::Contacts,
    Fact::Visits,
    Fact::Leases,
    Fact::Leads,
];
/// Rows that came from somewhere.
const SOURCED: &[Fact] = &[
    Fact::Calls,
    Fact::Unwanted,
    Fact::Returned,
    Fact::Contacts,
    Fact::Visits,
    Fact::Leases,
    Fact::Leads,
    Fact::Costs,
];
/// Rows of visits, and of calls that visits made. Leases have it from their session.
const VISITED: &[Fact] = &[Fact::Calls, Fact::Unwanted, Fact::Returned, Fact::Visits, Fact::Leases];

/// Columns that leases have from their sessions.
pub const OF_SESSIONS: &[&str] = &[
    "source",
    "medium",
    "campaign",
    "campaign_id",
    "term",
    "content",
    "channel",
    "click_platform",
    "referrer_host",
    "landing_host",
    "landing_page",
    "device",
    "country",
    "region",
    "city",
    "publisher",
    "variant",
];

macro_rules! dimension {
    ($name:literal, $kind:expr, $($facts:ident . $column:ident)|+, $about:literal) => {
        Dimension {
            name: $name,
            kind: $kind,
            columns: &[$(($facts, stringify!($column))),+],
            about: $about,
        }
    };
}

const EVERY: &[Fact] = Fact::ALL;

/// Every dimension, in the order of the documentation.
pub static DIMENSIONS: &[Dimension] = &[
    dimension!("site", Kind::Text, EVERY.site, "The site"),
    // Where it came from.
    dimension!(
        "source",
        Kind::Text,
        SOURCED.source,
        "`google`, `facebook`, …; `(direct)`; `(unknown)` for calls that fit no visit"
    ),
    dimension!("medium", Kind::Text, SOURCED.medium, "`cpc`, `organic`, `referral`, …"),
    dimension!("campaign", Kind::Text, SOURCED.campaign, "Campaign"),
    dimension!("campaign_id", Kind::Text, SOURCED.campaign_id, "`utm_id`"),
    dimension!("term", Kind::Text, TIMED.term, "Keyword"),
    dimension!("content", Kind::Text, TIMED.content, "`utm_content`"),
    dimension!("channel", Kind::Text, SOURCED.channel, "Channel group"),
    dimension!("click_platform", Kind::Text, TIMED.click_platform, "Ad platform, by the click id"),
    dimension!("referrer_host", Kind::Text, VISITED.referrer_host, "Host of the referrer"),
    dimension!(
        "publisher",
        Kind::Text,
        VISITED.publisher | COSTS.publisher,
        "Traffic partner: the tag `publisher:…` of a page, or the source of an affiliate"
    ),
    dimension!(
        "landing_page",
        Kind::Text,
        TIMED.landing_page,
        "Path of the first page of the visit"
    ),
    dimension!("landing_host", Kind::Text, TIMED.landing_host, "Its host"),
    dimension!(
        "page",
        Kind::Text,
        CALLS.page,
        "Path of the page on which the number was seen last"
    ),
    dimension!("tracker", Kind::Text, CALLS.tracker | LEASES.pool, "Pool, or static number"),
    dimension!("number", Kind::Text, CALLS.tracking_number | LEASES.number, "Tracking number"),
    dimension!(
        "number_kind",
        Kind::Text,
        CALLS.number_kind | LEASES.number_kind,
        "`local`, `toll_free`, `international` or `vanity`"
    ),
    dimension!(
        "tier",
        Kind::Text,
        CALLS.tier | LEASES.tier,
        "How the number was held: `own`, `unrested`, `shared`, `source` or `original`"
    ),
    // When, by the site's clock.
    dimension!("hour", Kind::Whole(0, 23), TIMED.local_hour, "Hour of the day"),
    dimension!("weekday", Kind::Whole(1, 7), TIMED.local_weekday, "ISO weekday, 1 = Monday"),
    dimension!("hour_of_week", Kind::Whole(0, 167), TIMED.hour_of_week, "Hours since Monday, 0:00"),
    dimension!(
        "date_hour",
        Kind::DateHour,
        TIMED.date_hour,
        "One hour of one day, with its offset from UTC"
    ),
    dimension!("date", Kind::Day, EVERY.local_date, "Day"),
    dimension!("week", Kind::Week, EVERY.local_date, "ISO week"),
    dimension!("month", Kind::Month, EVERY.local_date, "Month"),
    dimension!("quarter", Kind::Quarter, EVERY.local_date, "Quarter"),
    dimension!("year", Kind::Year, EVERY.local_date, "Year"),
    dimension!(
        "shift",
        Kind::Text,
        TIMED.shift | STAFFING.shift,
        "The first of the site's business hours that was open"
    ),
    // Who.
    dimension!("caller_country", Kind::Text, CALLS.caller_country, "Country of the caller"),
    dimension!("caller_region", Kind::Text, CALLS.caller_region, "Region of the caller"),
    dimension!("caller_city", Kind::Text, CALLS.caller_city, "City of the caller"),
    dimension!(
        "caller_area_code",
        Kind::Text,
        CALLS.caller_area_code,
        "North American area code of the caller: `+1415`"
    ),
    dimension!("visitor_country", Kind::Text, VISITED.country, "Country of the visitor"),
    dimension!("visitor_region", Kind::Text, VISITED.region, "Region of the visitor"),
    dimension!("visitor_city", Kind::Text, VISITED.city, "City of the visitor"),
    dimension!("device", Kind::Text, VISITED.device, "`desktop`, `mobile`, `tablet` or `other`"),
    dimension!("first_time", Kind::Flag, CALLS.first_time, "Whether the caller was not known"),
    // What happened.
    dimension!(
        "status",
        Kind::Text,
        CALLS.status,
        "`answered`, `busy`, `no_answer`, `failed`, `canceled`, `voicemail`, `rejected`, or where it stands"
    ),
    dimension!(
        "disposition",
        Kind::Text,
        CALLS.disposition,
        "What it came to, in the site's words"
    ),
    dimension!(
        "tag",
        Kind::Words,
        CALLS.tags,
        "Mark of a call; one with two marks counts under both"
    ),
    dimension!("qualified", Kind::Flag, CALLS.qualified, "Whether it is a lead worth pursuing"),
    dimension!("converted", Kind::Flag, CALLS.converted, "Whether it became business"),
    dimension!("agent", Kind::Text, CALLS.agent | STAFFING.agent, "Who talked to the caller"),
    dimension!("destination", Kind::Text, CALLS.destination, "Where it was forwarded to"),
    dimension!(
        "duration_band",
        Kind::Text,
        CALLS.duration_band,
        "`under_30s`, `30s_to_1m`, `1m_to_2m`, `2m_to_5m`, `5m_to_10m` or `10m_or_more` of talk"
    ),
    dimension!(
        "confidence_band",
        Kind::Text,
        CALLS.confidence_band,
        "`under_25`, `25_to_50`, `50_to_75`, `75_to_95` or `95_to_100` per cent"
    ),
    dimension!(
        "variant",
        Kind::Text,
        VISITED.variant,
        "Variant of an A/B test: the tag `variant:…` of a page"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_calls_have_every_dimension() {
        let mut names: Vec<_> = DIMENSIONS.iter().map(|dimension| dimension.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DIMENSIONS.len());
        assert!(DIMENSIONS.iter().all(|dimension| dimension.column(Fact::Calls).is_some()));
    }

    /// The list that reports promise.
    #[test]
    fn no_dimension_of_the_catalogue_is_missing() {
        let promised = "source medium campaign campaign_id term content channel click_platform \
            referrer_host publisher landing_page landing_host page tracker number number_kind tier hour weekday \
            hour_of_week date week month quarter year shift caller_country caller_region caller_city \
            caller_area_code visitor_country visitor_region visitor_city device first_time status disposition \
            tag qualified converted agent destination duration_band confidence_band variant site";
        let missing: Vec<_> =
            promised.split_whitespace().filter(|name| dimension(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
