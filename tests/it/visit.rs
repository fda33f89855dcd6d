//! Sessions and visitors in a real Redis.

use jiff::SignedDuration;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::{SessionId, SiteId, VisitorId};
use ringtrace::platform::keys::{Shards, SiteKeys};
use ringtrace::platform::redis::Redis;
use ringtrace::visit::ad_ids::AdIds;
use ringtrace::visit::learnt::{Labels, Learnt};
use ringtrace::visit::model::{Consent, Device, Machine, Place, Source, Visit};
use ringtrace::visit::opening::Opening;
use ringtrace::visit::store::{MAX_KEPT, Said, change_consent, learn, load_visits, touches};

use crate::support::redis::TestRedis;

const WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);

fn visit(site: &SiteId, visitor: Option<VisitorId>, analytics: bool, at: i64) -> Visit {
    Visit {
        session: SessionId::new(),
        visitor,
        site: site.clone(),
        started_at: Millis(at),
        source: Source::direct(),
        click_ids: Vec::new(),
        ad_ids: Default::default(),
        labels: Default::default(),
        referrer_host: String::new(),
        landing_host: "www.example.com".to_owned(),
        landing_page: "/".to_owned(),
        machine: Machine { device: Device::Mobile, ..Machine::default() },
        place: Place::default(),
        network: None,
        carried: None,
        consent: Consent { analytics, ads: false },
    }
}

async fn open(handle: &Redis, keys: &SiteKeys, visit: &Visit) {
    let opening = Opening::new(keys, visit, None, (WINDOW, LOOK_BACK), true).expect("it packs");
    opening.write(handle).await.expect("redis answers");
}

#[tokio::test]
async fn a_session_is_written_with_its_touch_and_its_ledger_entry() {
    let redis = TestRedis::start().await;
    let handle = redis.patient_handle();
    let site = crate::support::unique_site();
    let keys = Shards(16).keys(&site);
    let visitor = VisitorId::new();
    let first = visit(&site, Some(visitor), true, 1_000);
    let second = visit(&site, Some(visitor), true, 2_000);
    for visit in [&first, &second] {
        open(&handle, &keys, visit).await;
    }
    let unknown = SessionId::new();
    let found = load_visits(&handle, &keys, &[second.session, unknown, first.session]).await;
    assert_eq!(found.expect("redis answers"), [Some(second.clone()), None, Some(first.clone())]);
    let times: Vec<i64> = touches(&handle, &keys, &visitor, None)
        .await
        .expect("redis answers")
        .iter()
        .map(|touch| touch.at.0)
        .collect();
    assert_eq!(times, [1_000, 2_000], "oldest first");

    for (key, days) in [(keys.session(&first.session), 90), (keys.visitor(&visitor), 90)] {
        let life: i64 =
            handle.command("a test", redis::cmd("TTL").arg(&key)).await.expect("redis answers");
        assert!((days * 86_400 - 60..=days * 86_400).contains(&life), "{key}: {life}");
    }
    let entries: Vec<(String, Vec<String>)> = handle
        .command("a test", redis::cmd("XRANGE").arg(keys.shard.ledger()).arg("-").arg("+"))
        .await
        .expect("redis answers");
    let envelope: Envelope = serde_json::from_str(&entries[0].1[1]).expect("an envelope");
    assert_eq!(envelope.id, first.session.to_string());
    assert_eq!(envelope.event, Event::Session(Box::new(first)));
}

#[tokio::test]
async fn a_visitor_is_remembered_with_consent_only_and_within_bounds() {
    let redis = TestRedis::start().await;
    let handle = redis.patient_handle();
    let site = crate::support::unique_site();
    let keys = Shards(16).keys(&site);
    let visitor = VisitorId::new();
    let refused = visit(&site, Some(visitor), false, 1);
    open(&handle, &keys, &refused).await;
    assert_eq!(touches(&handle, &keys, &visitor, None).await.expect("redis answers"), []);
    for at in 0..60 {
        let visit = visit(&site, Some(visitor), true, at);
        open(&handle, &keys, &visit).await;
    }
    let known = touches(&handle, &keys, &visitor, None).await.expect("redis answers");
    assert_eq!(known.len() as isize, MAX_KEPT);
    assert_eq!(known.last().map(|touch| touch.at.0), Some(59));
}

#[tokio::test]
async fn a_change_of_consent_reaches_visit_touches_and_ledger_once() {
    let redis = TestRedis::start().await;
    let handle = redis.patient_handle();
    let site = crate::support::unique_site();
    let keys = Shards(16).keys(&site);
    let opened = visit(&site, None, false, 1_000);
    open(&handle, &keys, &opened).await;
    let ad_ids = AdIds { ttp: "tiktok".to_owned(), ..AdIds::default() };
    let ids = [("crm".to_owned(), "4711".to_owned())].into();
    let labels = Labels { ids, tags: Vec::new() };
    let learnt = Learnt { ad_ids: ad_ids.clone(), labels };
    let change = async |consent: Consent, visitor: Option<VisitorId>, at: i64| {
        let said = Said { consent, visitor, learnt: &learnt, client: None };
        change_consent(&handle, &keys, opened.session, said, LOOK_BACK, Millis(at))
            .await
            .expect("redis answers")
    };
    let stored = async || {
        let mut found =
            load_visits(&handle, &keys, &[opened.session]).await.expect("redis answers");
        found.remove(0).expect("it is still there")
    };
    let told = async || -> Vec<(i64, String, Option<VisitorId>)> {
        let ledger = keys.shard.ledger();
        let entries: Vec<(String, Vec<String>)> = handle
            .command("a test", redis::cmd("XRANGE").arg(ledger).arg("-").arg("+"))
            .await
            .expect("redis answers");
        let read = |text: &String| serde_json::from_str::<Envelope>(text).expect("an envelope");
        let fact = |envelope: Envelope| match envelope.event {
            Event::Session(visit) => (envelope.at.0, envelope.id, visit.visitor),
            other => panic!("{other:?}"),
        };
        entries.iter().map(|(_, fields)| fact(read(&fields[1]))).collect()
    };

    let granted = Consent { analytics: true, ads: true };
    let (visitor, id) = (VisitorId::new(), opened.session.to_string());
    assert_eq!(change(granted, Some(visitor), 2_000).await, Some(visitor));
    // The reply was lost: the page says it again, and is offered another visitor id.
    assert_eq!(change(granted, Some(VisitorId::new()), 3_000).await, Some(visitor));
    assert_eq!((stored().await.consent, stored().await.visitor), (granted, Some(visitor)));
    assert_eq!(stored().await.ad_ids, ad_ids);
    assert_eq!(stored().await.labels.ids["crm"], "4711");
    let known = touches(&handle, &keys, &visitor, None).await.expect("redis answers");
    assert_eq!(known.iter().map(|touch| touch.session).collect::<Vec<_>>(), [opened.session]);
    let life: i64 = handle
        .command("a test", redis::cmd("TTL").arg(keys.session(&opened.session)))
        .await
        .expect("redis answers");
    assert!(life > 89 * 86_400, "it is a touch now: {life}");

    // Only the ads: the touch stays one.
    change(Consent { analytics: true, ads: false }, Some(visitor), 4_000).await;
    assert_eq!(touches(&handle, &keys, &visitor, None).await.expect("redis answers").len(), 1);
    assert_eq!(stored().await.ad_ids, AdIds::default());

    assert_eq!(change(Consent::default(), None, 5_000).await, None);
    assert_eq!(stored().await, opened, "as it was opened");
    assert_eq!(touches(&handle, &keys, &visitor, None).await.expect("redis answers"), []);
    let at = |at: i64, visitor| (at, id.clone(), visitor);
    let (with, without) = (Some(visitor), None);
    let expected = [at(1_000, without), at(2_000, with), at(4_000, with), at(5_000, without)];
    assert_eq!(told().await, expected);

    // A session that Redis no longer knows is not brought back.
    let said = Said { consent: granted, visitor: Some(visitor), learnt: &learnt, client: None };
    let gone = SessionId::new();
    change_consent(&handle, &keys, gone, said, LOOK_BACK, Millis(6_000)).await.expect("answers");
    assert_eq!(load_visits(&handle, &keys, &[gone]).await.expect("redis answers"), [None]);
    assert_eq!(told().await.len(), 4);
}

#[tokio::test]
async fn what_tags_know_is_added_to_a_visit_that_allows_ads_and_to_no_other() {
    let redis = TestRedis::start().await;
    let handle = redis.patient_handle();
    let site = crate::support::unique_site();
    let keys = Shards(16).keys(&site);
    let mut allowed = visit(&site, None, false, 1_000);
    allowed.consent.ads = true;
    let denied = visit(&site, None, false, 1_000);
    for visit in [&allowed, &denied] {
        open(&handle, &keys, visit).await;
    }
    let learn = async |session: SessionId, ids: AdIds| {
        let learnt = Learnt { ad_ids: ids, ..Learnt::default() };
        learn(&handle, &keys, session, &learnt, Millis(2_000)).await.expect("redis answers");
        let mut found = load_visits(&handle, &keys, &[session]).await.expect("redis answers");
        found.remove(0).map(|visit| visit.ad_ids)
    };
    let client = AdIds { ga_client: "1.2".to_owned(), ..AdIds::default() };
    let tiktok = AdIds { ttp: "t".to_owned(), ..AdIds::default() };
    assert_eq!(learn(allowed.session, client.clone()).await, Some(client.clone()));
    let both = AdIds { ttp: "t".to_owned(), ..client.clone() };
    assert_eq!(learn(allowed.session, tiktok).await, Some(both));
    assert_eq!(learn(denied.session, client.clone()).await, Some(AdIds::default()));
    assert_eq!(learn(SessionId::new(), client).await, None);
    let life: i64 = handle
        .command("a test", redis::cmd("TTL").arg(keys.session(&allowed.session)))
        .await
        .expect("redis answers");
    assert!(life > 29 * 86_400, "{life}");
}
