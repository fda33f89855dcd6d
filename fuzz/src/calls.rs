//! What tells of calls: providers' webhooks, tables, outcomes, leads, filters.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Query;
use jiff::tz::TimeZone;
use ringtrace::call::import::cells::Calendar;
use ringtrace::call::import::model::ImportFormat;
use ringtrace::call::import::rules::Reader;
use ringtrace::call::list::query::FilterQuery;
use ringtrace::call::outcome::import as outcome;
use ringtrace::call::providers::{ALL, Webhook};
use ringtrace::lead::rules as lead;
use ringtrace::report::query::read;
use ringtrace::report::rules as report;
use serde_json::{Map, Value};

use super::{NOW, choose, two, world};

/// A webhook of any provider and event: its first line is the query, lines up to an empty one are headers, the rest is
/// the body. Read as verified, and its signature looked at.
pub fn webhook(data: &[u8]) {
    let Some((provider, data)) = choose(&ALL, data) else { return };
    let Some((event, data)) = choose(provider.events(), data) else { return };
    let end = data.windows(2).position(|end| end == b"\n\n");
    let (head, body) = end.map_or((&[][..], data), |end| (&data[..end], &data[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let query = lines.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let (world, path) = (world(), format!("/v1/telephony/{}/demo/{event}", provider.name()));
    for is_get in [false, true] {
        let url = format!("https://calls.example.com{path}?{query}");
        let (headers, received_at) = (&headers, NOW);
        let webhook = Webhook { event, is_get, url: &url, headers, body, received_at };
        let site = world.site();
        let _ = provider.verify(&site.telephony, &webhook);
        let _ = webhook.bookmark();
        if let Ok(understood) = provider.understand(site, &webhook) {
            for event in understood.events {
                assert!(!event.provider_call_id.is_empty(), "a call without an id");
            }
        }
    }
}

/// A table of calls of another system; the first byte says whose.
pub fn call_table(data: &[u8]) {
    let formats = [ImportFormat::Generic, ImportFormat::Callrail, ImportFormat::Ctm];
    let Some((format, data)) = choose(&formats, data) else { return };
    let world = world();
    let reader = Reader {
        site: world.site(),
        format,
        calendar: Calendar::new(TimeZone::UTC, "US"),
        tables: &world.tables,
        rules: world.rules(),
        by: "somebody",
        now: NOW,
    };
    let _ = reader.read(&String::from_utf8_lossy(data));
}

/// What came of calls, as JSON or as a table.
pub fn outcomes(data: &[u8]) {
    let place = outcome::Place { country: "US", calendar: Calendar::new(TimeZone::UTC, "US") };
    let _ = outcome::from_csv(&String::from_utf8_lossy(data), &place);
    if let Ok(entries) = serde_json::from_slice::<Vec<Map<String, Value>>>(data) {
        outcome::from_json(entries, &place);
    }
}

/// Forms and chats, as JSON or as a table.
pub fn leads(data: &[u8]) {
    let site = &world().site().id;
    let place = lead::Place { site, country: "US", now: NOW };
    let _ = lead::from_csv(&String::from_utf8_lossy(data), place);
    if let Ok(entries) = serde_json::from_slice::<Vec<Map<String, Value>>>(data) {
        lead::from_json(&entries, place);
    }
}

/// The query of a list of calls and of a report, and the body of a question; the first line is the query.
pub fn call_filter(data: &[u8]) {
    let (query, body) = two(data);
    if let Ok(asked) = Query::<FilterQuery>::from_query(&query) {
        let _ = asked.filter();
    }
    let _ = report::parse(&query);
    let _ = read::from_query(&query);
    let _ = read::from_json(body.as_bytes());
}
