//! A visit as Redis keeps it: a version byte, then [postcard](https://postcard.jamesmunns.com). What
//! stands in the key (site and session) is left out, and a click id that is base64url, as most are,
//! is kept as the bytes that it stands for. A third of the same in JSON.
//!
//! Version 1 is a visit whose page said nothing of its visitor, as most do; version 2 has [`Said`]
//! behind the same. Visits that an earlier version wrote as JSON are still read. Whoever changes either
//! gives it another version byte and goes on reading these.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::redis::StoreError;
use crate::visit::learnt::Labels;
use crate::visit::model::{Carried, ClickId, Consent, Device, Machine, Place, Source, Visit};

const VERSION: u8 = 1;
/// With labels.
const LABELLED: u8 = 2;
/// What JSON begins with.
const JSON: u8 = b'{';

/// The order of the fields is the format.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    visitor: Option<VisitorId>,
    started_at: Millis,
    consent: Consent,
    device: Device,
    carried: Option<Carried>,
    click_ids: Vec<(&'a str, Value<'a>)>,
    #[serde(borrow)]
    texts: Texts<'a>,
}

/// Source, landing page, machine and place, each in the order of its fields; then the network, and
/// the ad ids as JSON, both empty when there are none.
type Texts<'a> = ([&'a str; 11], [&'a str; 3], [&'a str; 2], [&'a str; 6], &'a str, &'a str);

/// What the page's own script said of its visitor: ids by name, and tags.
type Said<'a> = (Vec<(&'a str, &'a str)>, Vec<&'a str>);

/// The value of a click id.
#[derive(Serialize, Deserialize)]
enum Value<'a> {
    Text(&'a str),
    Base64(Vec<u8>),
}

fn value(text: &str) -> Value<'_> {
    // The decoder takes nothing that it would not write itself: no padding, no stray bits.
    URL_SAFE_NO_PAD.decode(text).map_or(Value::Text(text), Value::Base64)
}

/// What is stored for `visit`.
pub fn pack(visit: &Visit) -> Result<Vec<u8>, StoreError> {
    let Visit { source: s, machine: m, place: p, .. } = visit;
    let network = visit.network.map(|network| network.to_string()).unwrap_or_default();
    let ad_ids = match visit.ad_ids.is_empty() {
        true => String::new(),
        false => serde_json::to_string(&visit.ad_ids).map_err(|e| unreadable(e.to_string()))?,
    };
    let packed = Packed {
        visitor: visit.visitor,
        started_at: visit.started_at,
        consent: visit.consent,
        device: m.device,
        carried: visit.carried,
        click_ids: visit.click_ids.iter().map(|id| (&*id.name, value(&id.value))).collect(),
        texts: (
            [
                &s.source,
                &s.medium,
                &s.campaign,
                &s.campaign_id,
                &s.term,
                &s.content,
                &s.source_platform,
                &s.creative_format,
                &s.marketing_tactic,
                &s.channel,
                &s.click_platform,
            ],
            [&visit.referrer_host, &visit.landing_host, &visit.landing_page],
            [&m.browser, &m.os],
            [&p.country, &p.region, &p.city, &p.postal_code, &p.time_zone, &p.connection],
            &network,
            &ad_ids,
        ),
    };
    let Labels { ids, tags } = &visit.labels;
    let version = if visit.labels.is_empty() { VERSION } else { LABELLED };
    let mut bytes = postcard::to_extend(&packed, vec![version]).map_err(not_packed)?;
    if version == LABELLED {
        let ids = ids.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let said: Said<'_> = (ids, tags.iter().map(String::as_str).collect());
        bytes = postcard::to_extend(&said, bytes).map_err(not_packed)?;
    }
    Ok(bytes)
}

/// The visit that `stored` is of, under the key of this site and session.
pub fn unpack(stored: &[u8], site: &SiteId, session: SessionId) -> Result<Visit, StoreError> {
    let (version, packed) = match stored.split_first() {
        Some((&version @ (VERSION | LABELLED), packed)) => (version, packed),
        Some((&JSON, _)) => {
            return serde_json::from_slice(stored).map_err(|e| unreadable(e.to_string()));
        }
        _ => return Err(unreadable("a version that this program does not know".to_owned())),
    };
    let (packed, rest): (Packed<'_>, _) = postcard::take_from_bytes(packed).map_err(not_packed)?;
    let (ids, tags): Said<'_> = match version {
        LABELLED => postcard::from_bytes(rest).map_err(not_packed)?,
        _ => Said::default(),
    };
    let ids = ids.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let labels = Labels { ids, tags: tags.into_iter().map(str::to_owned).collect() };
    let (source, page, machine, place, network, ad_ids) = packed.texts;
    let [source, medium, campaign, campaign_id, term, content, rest @ ..] =
        source.map(str::to_owned);
    let [source_platform, creative_format, marketing_tactic, channel, click_platform] = rest;
    let [referrer_host, landing_host, landing_page] = page.map(str::to_owned);
    let [browser, os] = machine.map(str::to_owned);
    let [country, region, city, postal_code, time_zone, connection] = place.map(str::to_owned);
    let click_id = |(name, value): (&str, Value<'_>)| ClickId {
        name: name.to_owned(),
        value: match value {
            Value::Text(text) => text.to_owned(),
            Value::Base64(bytes) => URL_SAFE_NO_PAD.encode(bytes),
        },
    };
    Ok(Visit {
        session,
        visitor: packed.visitor,
        site: site.clone(),
        started_at: packed.started_at,
        source: Source {
            source,
            medium,
            campaign,
            campaign_id,
            term,
            content,
            source_platform,
            creative_format,
            marketing_tactic,
            channel,
            click_platform,
        },
        click_ids: packed.click_ids.into_iter().map(click_id).collect(),
        ad_ids: match ad_ids {
            "" => Default::default(),
            json => serde_json::from_str(json).map_err(|e| unreadable(e.to_string()))?,
        },
        labels,
        referrer_host,
        landing_host,
        landing_page,
        machine: Machine { device: packed.device, browser, os },
        place: Place { country, region, city, postal_code, time_zone, connection },
        network: match network {
            "" => None,
            text => Some(text.parse().map_err(|_| unreadable("a network".to_owned()))?),
        },
        carried: packed.carried,
        consent: packed.consent,
    })
}

fn not_packed(error: postcard::Error) -> StoreError {
    unreadable(error.to_string())
}

fn unreadable(why: String) -> StoreError {
    StoreError::Unreadable { what: "a visit", why }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn visit(texts: Vec<String>, click_ids: Vec<(String, String)>, known: bool) -> Visit {
        let mut texts = texts.into_iter().cycle();
        let mut text = || texts.next().unwrap_or_default();
        let carried = Carried { session: SessionId::new(), at: Millis(-1) };
        let json = serde_json::json!({
            "session": SessionId::new(), "site": "demo", "started_at": 1_700_000_000_000_i64,
            "visitor": known.then(VisitorId::new), "device": if known { "tablet" } else { "other" },
            "source": text(), "medium": text(), "campaign": text(), "campaign_id": text(),
            "term": text(), "content": text(), "source_platform": text(), "creative_format": text(),
            "marketing_tactic": text(), "channel": text(), "click_platform": text(),
            "referrer_host": text(), "landing_host": text(), "landing_page": text(),
            "browser": text(), "os": text(), "country": text(), "region": text(), "city": text(),
            "postal_code": text(), "time_zone": text(), "connection": text(),
            "network": known.then_some("2001:db8::/48"), "carried": known.then_some(carried),
            "consent": { "analytics": known, "ads": !known }, "ad_ids": { "fbp": text() },
            "ids": if known { serde_json::json!({ "crm": text() }) } else { serde_json::json!({}) },
            "tags": if known { vec![text()] } else { vec![] },
            "click_ids": click_ids.into_iter()
                .map(|(name, value)| ClickId { name, value }).collect::<Vec<_>>(),
        });
        serde_json::from_value(json).expect("a visit")
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            texts in prop::collection::vec(".{0,12}", 1..30),
            click_ids in prop::collection::vec(("[a-z]{1,8}", "[A-Za-z0-9_=-]{0,40}|.{0,9}"), 0..4),
            known: bool,
        ) {
            let visit = visit(texts, click_ids, known);
            let packed = pack(&visit).expect("it packs");
            prop_assert_eq!(&unpack(&packed, &visit.site, visit.session).expect("it opens"), &visit);
            let json = serde_json::to_vec(&visit).expect("JSON");
            prop_assert_eq!(&unpack(&json, &visit.site, visit.session).expect("it opens"), &visit);
        }

        #[test]
        fn nothing_that_stands_in_redis_makes_it_panic(stored: Vec<u8>) {
            let site: SiteId = "demo".parse().expect("a site id");
            let _ = unpack(&stored, &site, SessionId::new());
            for version in [VERSION, LABELLED] {
                let _ = unpack(&[&[version][..], &stored].concat(), &site, SessionId::new());
            }
        }
    }
}
