//! Sessions and visitors in a real Redis.

use jiff::SignedDuration;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::{SessionId, SiteId, VisitorId};
use ringtrace::platform::keys::Shards;
use ringtrace::visit::model::{Consent, Device, Source, Visit};
use ringtrace::visit::store::{MAX_TOUCHES, load_visits, open, touches};

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
        referrer_host: String::new(),
        landing_host: "www.example.com".to_owned(),
        landing_page: "/".to_owned(),
        device: Device::Mobile,
        consent: Consent { analytics, ads: false },
    }
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
        open(&handle, &keys, visit, WINDOW, LOOK_BACK).await.expect("redis answers");
    }
    let unknown = SessionId::new();
    let found = load_visits(&handle, &keys, &[second.session, unknown, first.session]).await;
    assert_eq!(found.expect("redis answers"), [Some(second.clone()), None, Some(first.clone())]);
    let times: Vec<i64> = touches(&handle, &keys, &visitor)
        .await
        .expect("redis answers")
        .iter()
        .map(|touch| touch.at.0)
        .collect();
    assert_eq!(times, [1_000, 2_000], "oldest first");

    for (key, days) in [(keys.session(&first.session), 30), (keys.visitor(&visitor), 90)] {
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
    open(&handle, &keys, &refused, WINDOW, LOOK_BACK).await.expect("redis answers");
    assert_eq!(touches(&handle, &keys, &visitor).await.expect("redis answers"), []);
    for at in 0..60 {
        let visit = visit(&site, Some(visitor), true, at);
        open(&handle, &keys, &visit, WINDOW, LOOK_BACK).await.expect("redis answers");
    }
    let known = touches(&handle, &keys, &visitor).await.expect("redis answers");
    assert_eq!(known.len() as isize, MAX_TOUCHES);
    assert_eq!(known.last().map(|touch| touch.at.0), Some(59));
}
