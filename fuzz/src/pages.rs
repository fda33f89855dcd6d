//! What pages and browsers send: bodies, addresses, agents, cookies, tokens.

use std::collections::BTreeMap;

use ringtrace::lease::wire::{BeatRequest, LeaseRequest};
use ringtrace::platform::phone::PhoneNumber;
use ringtrace::platform::signing::SigningKeys;
use ringtrace::visit::bot::{self, Evidence};
use ringtrace::visit::device::{ClientHints, machine};
use ringtrace::visit::landing::Fold;
use ringtrace::visit::rules::{arrive, campaign_fingerprint};
use ringtrace::visit::token::{SessionToken, read_visitor};
use ringtrace::visit::{cookies as ids, packed};

use super::{NOW, two, world};

/// The body of a page view.
pub fn lease_body(data: &[u8]) {
    let _ = LeaseRequest::read(data);
}

/// The body of a beat or a leave.
pub fn beat_body(data: &[u8]) {
    let _ = BeatRequest::read(data);
}

/// A URL and the referrer that led to it, a line each: landing page, campaign, click ids, channel.
pub fn arrival(data: &[u8]) {
    let (url, referrer) = two(data);
    let world = world();
    let arrival = arrive(&world.tables, world.rules(), &url, &referrer);
    assert!(!arrival.source.source.is_empty() && !arrival.source.channel.is_empty());
    assert!(arrival.landing_page.len() <= url.len() * 3 + 1, "a page longer than its address");
    campaign_fingerprint(&world.tables, world.rules(), &url);
    if let Ok(fold) = Fold::parse(&referrer) {
        fold.matches(&arrival.landing_page);
    }
}

/// A user agent and the brands that the browser tells, a line each.
pub fn agent(data: &[u8]) {
    let (user_agent, brands) = two(data);
    let tables = &world().tables;
    let hints = ClientHints { brands: &brands, mobile: "?1", platform: &brands };
    machine(tables, &user_agent, hints);
    bot::judge(tables, &Evidence { user_agent: &user_agent, hints, network: None });
    bot::ahead::is_ahead(&user_agent);
}

/// Cookies of ad platforms, `name=value` a line; and a number as people write them.
pub fn cookies(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let cookies: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    ids::read(&cookies);
    if let Some(number) = PhoneNumber::parse_loose(&text, Some("US")) {
        assert_eq!(number.as_str().parse::<PhoneNumber>().ok().as_ref(), Some(&number));
        number.written();
    }
}

/// Tokens of sessions, links, visitors and of the dashboard: nothing but ours is believed. And a stored visit.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let keys = SigningKeys::from_master(&[7; 32]);
    let site = &world().site().id;
    assert!(SessionToken::read(&keys, site, &text, NOW).is_none(), "a forged session");
    assert!(SessionToken::read_link(&keys, site, &text, NOW).is_err(), "a forged link");
    assert!(read_visitor(&keys, site, &text).is_none(), "a forged visitor");
    assert!(ringtrace::http::session::read(&keys, &text, NOW).is_none());
    let _ = packed::unpack(data, site, ringtrace::platform::ids::SessionId::new());
}
