//! From an address to the stored visit: places, truncated networks, sealed details.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use ringtrace::app::{App, Options};
use ringtrace::config::Live;
use ringtrace::config::load::load_text;
use ringtrace::config::model::Config;
use ringtrace::config::reach::reach;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::ids::{SessionId, SiteId};
use ringtrace::platform::keys::Shards;
use ringtrace::visit::client::{ClientDetails, SealedClient};
use ringtrace::visit::learnt::Learnt;
use ringtrace::visit::model::{Consent, Visit};
use ringtrace::visit::opening::Opening;
use ringtrace::visit::place::Places;
use ringtrace::visit::place::worker::{Outcome, Watcher};
use ringtrace::visit::store::{Said, change_consent, load_client};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::edge::{CHROME, client_key, edge, one_site, view};
use crate::support::redis::TestRedis;
use crate::support::world::{START, config, site_json};

/// In the test databases: Boxford in England.
const BOXFORD: &str = "2.125.160.217";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maxmind").join(name)
}

/// One site that tells a destination, behind a proxy, with a database of cities.
fn behind_a_proxy(keep_ip: &str) -> Config {
    let mut site = site_json("demo", 2, json!({}));
    site["visits"] = json!({ "keep_ip": keep_ip });
    site["destinations"] =
        json!([{ "id": "crm", "kind": "webhook", "url": "https://crm.example.com/" }]);
    let mut config = config(json!([site]));
    config.server.trusted_proxies = vec!["192.0.2.0/24".parse().expect("a network")];
    config.place.databases = vec![fixture("GeoIP2-City-Test.mmdb")];
    config
}

#[actix_web::test]
async fn a_visit_from_behind_a_proxy_has_its_place_in_redis_and_in_the_ledger() {
    let edge = edge(behind_a_proxy("truncated"), TestRedis::patient_handle).await;
    edge.view_from(&format!("203.0.113.5, {BOXFORD}"), &view("page-one", 1)).await;

    let visit = edge.visits().await.remove(0);
    let place = &visit.place;
    assert_eq!((place.country.as_str(), place.city.as_str()), ("GB", "Boxford"));
    assert_eq!((place.region.as_str(), place.postal_code.as_str()), ("ENG", "OX1"));
    assert_eq!(place.time_zone, "Europe/London");
    assert_eq!(visit.network, Some("2.125.160.0/24".parse().expect("a network")));

    let ledger = Shards(16).of(&visit.site).ledger();
    let entries: Vec<(String, Vec<String>)> = edge.redis(&["XRANGE", &ledger, "-", "+"]).await;
    let session = entries[0].1[1].lines().next().expect("a line");
    let told: Envelope = serde_json::from_str(session).expect("JSON");
    assert_eq!(told.event, Event::Session(Box::new(visit)));
}

#[actix_web::test]
async fn a_site_that_keeps_no_address_keeps_no_network_either() {
    let edge = edge(behind_a_proxy("none"), TestRedis::patient_handle).await;
    edge.view_from(BOXFORD, &view("page-one", 1)).await;
    let visit = edge.visits().await.remove(0);
    assert_eq!((visit.place.city.as_str(), visit.network), ("Boxford", None));
}

#[actix_web::test]
async fn address_and_agent_are_sealed_and_only_with_consent_to_ads() {
    let edge = edge(behind_a_proxy("none"), TestRedis::patient_handle).await;
    let mut asked = view("page-one", 1);
    asked["consent"] = json!({ "analytics": true, "ads": false });
    let reply = edge.view_from(BOXFORD, &asked).await;
    assert!(edge.keys_like("rt:*:client:*").await.is_empty());

    // Given later, and withdrawn, and given again.
    asked["session"] = reply["session"].clone();
    let says = async |ads: bool, seq: u32, asked: &mut Value| {
        asked["consent"]["ads"] = json!(ads);
        asked["seq"] = json!(seq);
        asked["session"] = edge.view_from(BOXFORD, asked).await["session"].clone();
        edge.keys_like("rt:*:client:*").await
    };
    assert_eq!(says(true, 2, &mut asked).await.len(), 1);
    assert_eq!(says(false, 3, &mut asked).await.len(), 0);
    let kept = says(true, 4, &mut asked).await;
    assert_eq!(kept.len(), 1);

    // 30 days of attribution and 72 hours of attempts.
    let life: i64 = edge.redis(&["TTL", &kept[0]]).await;
    assert!((33 * 86_400 - 60..=33 * 86_400).contains(&life), "{life}");
    let session = kept[0].rsplit(':').next().and_then(SessionId::from_short).expect("a session");
    let (site, redis) = ("demo".parse::<SiteId>().unwrap(), edge.redis.patient_handle());
    let keys = Shards(16).keys(&site);
    let known = load_client(&redis, &keys, &client_key(), (&site, &session)).await.unwrap();
    let known = known.expect("it opens");
    assert_eq!((known.address.to_string().as_str(), known.user_agent.as_str()), (BOXFORD, CHROME));

    // Nothing that Redis holds tells them, visits and ledger among it.
    edge.redis::<()>(&["CONFIG", "SET", "rdbcompression", "no"]).await;
    let mut held = Vec::new();
    for key in edge.keys_like("*").await {
        held.extend(edge.redis::<Vec<u8>>(&["DUMP", &key]).await);
    }
    let holds = |text: &str| held.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("Boxford") && holds("/plumbing"), "what is no secret is found");
    assert!(![BOXFORD, CHROME, "Chrome/140"].into_iter().any(holds));
}

#[actix_web::test]
async fn a_site_that_tells_nobody_keeps_no_details() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    edge.view_from(BOXFORD, &view("page-one", 1)).await;
    assert_eq!(edge.keys_like("rt:*:session:demo:*").await.len(), 1);
    assert!(edge.keys_like("rt:*:client:*").await.is_empty());
}

#[tokio::test]
async fn details_do_not_open_elsewhere_and_go_with_the_consent_even_after_the_visit() {
    let redis = TestRedis::start().await;
    let (handle, key) = (redis.patient_handle(), client_key());
    let (site, other) = (crate::support::unique_site(), crate::support::unique_site());
    let (keys, session) = (Shards(16).keys(&site), SessionId::new());
    let details =
        ClientDetails { address: BOXFORD.parse().unwrap(), user_agent: CHROME.to_owned() };
    let keep = SignedDuration::from_hours(1);
    let sealed = SealedClient { sealed: key.seal(&site, &session, &details), keep };
    let visit: Visit = serde_json::from_value(json!({
        "session": session, "site": site, "started_at": START, "source": "(direct)",
        "medium": "(none)", "channel": "Direct", "landing_host": "example.com",
        "landing_page": "/", "device": "mobile", "consent": { "analytics": false, "ads": true },
    }))
    .expect("a visit");
    let window = SignedDuration::from_millis(1);
    let opening = Opening::new(&keys, &visit, Some(&sealed), (window, keep), false).unwrap();
    opening.write(&handle).await.unwrap();

    let load = async |site: &SiteId, session: &SessionId| {
        load_client(&handle, &keys, &key, (site, session)).await.unwrap()
    };
    assert!(load(&site, &session).await == Some(details));
    assert!(load(&other, &session).await.is_none());
    let elsewhere = SessionId::new();
    let mut copy = redis::cmd("COPY");
    copy.arg(keys.client(&session)).arg(keys.client(&elsewhere));
    handle.command::<()>("a test", &copy).await.unwrap();
    assert!(load(&site, &elsewhere).await.is_none());

    // The visit is forgotten by now.
    let learnt = Learnt::default();
    let said = Said { consent: Consent::default(), visitor: None, learnt: &learnt, client: None };
    change_consent(&handle, &keys, session, said, keep, START).await.unwrap();
    assert!(load(&site, &session).await.is_none());
}

/// Files that change under a watcher.
struct Shelf {
    folder: tempfile::TempDir,
    live: Live,
    places: Places,
    watcher: Watcher,
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = one_site();
        config.place.databases = vec![folder.path().join("places.mmdb")];
        let (live, places) = (Live::new(config), Places::default());
        let watcher = Watcher::new(places.clone(), live.clone(), folder.path().to_owned());
        Shelf { folder, live, places, watcher }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("places.mmdb")
    }

    /// Puts a file in place by renaming it, as the documentation says.
    fn replace(&self, name: &str) {
        let fresh = self.folder.path().join("fresh");
        std::fs::copy(fixture(name), &fresh).unwrap();
        std::fs::rename(fresh, self.path()).unwrap();
    }

    fn look(&mut self) -> (usize, usize, usize) {
        let Outcome { opened, failed, in_force } = self.watcher.run_once();
        (opened, failed, in_force)
    }

    fn city(&self) -> (String, String) {
        let place = self.places.locate(BOXFORD.parse().unwrap()).place;
        (place.country, place.city)
    }
}

#[test]
fn a_changed_file_is_read_again_and_a_broken_one_changes_nothing() {
    let mut shelf = Shelf::new();
    let known = |country: &str, city: &str| (country.to_owned(), city.to_owned());
    assert_eq!(shelf.look(), (0, 1, 0), "no file yet");
    assert_eq!(shelf.look(), (0, 0, 0), "told once");
    shelf.watcher.try_again();
    assert_eq!(shelf.look(), (0, 1, 0), "told again when asked");
    assert_eq!(shelf.city(), known("", ""));

    shelf.replace("GeoLite2-Country-Test.mmdb");
    assert_eq!(shelf.look(), (1, 0, 1));
    assert_eq!(shelf.city(), known("GB", ""));
    assert_eq!(shelf.look(), (0, 0, 1), "not read twice");

    shelf.replace("bad-data/cyclic-data-structure.mmdb");
    assert_eq!(shelf.look(), (0, 1, 1));
    assert_eq!(shelf.city(), known("GB", ""), "the old one stays");

    shelf.replace("GeoIP2-City-Test.mmdb");
    assert_eq!(shelf.look(), (1, 0, 1));
    assert_eq!(shelf.city(), known("GB", "Boxford"));

    // Written over and cut off, and gone: what is in force is a copy.
    std::fs::write(shelf.path(), "").unwrap();
    assert_eq!(shelf.city(), known("GB", "Boxford"));
    assert_eq!(shelf.look(), (0, 1, 1));
    std::fs::remove_file(shelf.path()).unwrap();
    assert_eq!(shelf.look(), (0, 1, 1));
    assert_eq!(shelf.city(), known("GB", "Boxford"));
    shelf.watcher.try_again();
    assert_eq!(shelf.look(), (0, 1, 1));

    // Another configuration: without it, and with another one.
    let mut config = shelf.live.now_full().config.clone();
    config.place.databases.clear();
    shelf.live.replace(config.clone());
    assert_eq!(shelf.look(), (0, 0, 0));
    assert_eq!(shelf.city(), known("", ""));
    config.place.databases.push(fixture("GeoLite2-Country-Test.mmdb"));
    shelf.live.replace(config);
    assert_eq!(shelf.look(), (1, 0, 1));
    assert_eq!(shelf.city(), known("GB", ""));
}

#[actix_web::test]
async fn a_broken_database_is_an_error_of_the_check_and_keeps_nobody_from_serving() {
    let world = TestApp::on_a_free_port();
    let broken = fixture("bad-data/unexpected-bytes.mmdb").display().to_string();
    let section = format!("[place]\ndatabases = [{broken:?}]\n[[api_keys]]");
    let text = world.configuration(&["0190"]).replacen("[[api_keys]]", &section, 1);
    let config = load_text("the test", &text).expect("it can be read");

    let complaints: Vec<String> = reach(&config).await.iter().map(ToString::to_string).collect();
    let told = complaints.iter().find(|complaint| complaint.contains("place.databases[0]"));
    assert!(told.is_some_and(|complaint| complaint.contains(&broken)), "{complaints:?}");

    let app = App::start(config, Options::default()).await.expect("it serves without");
    let answer = world.client.get(format!("{}/metrics", world.base)).send().await.unwrap();
    let metrics = answer.text().await.unwrap();
    assert!(metrics.contains("ringtrace_place_databases 0"), "{metrics}");
    assert!(metrics.contains("ringtrace_place_database_failures_total"), "{metrics}");
    app.stop().await;
}

#[test]
fn a_database_belongs_to_the_folder_of_the_file_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ringtrace.toml");
    std::fs::write(&file, "[place]\ndatabases = [\"geo/a.mmdb\", \"/b.mmdb\"]\n").unwrap();
    let config = ringtrace::config::load::load(Some(&file)).expect("it can be read");
    assert_eq!(config.place.databases, [folder.path().join("geo/a.mmdb"), "/b.mmdb".into()]);

    let complaints = |databases: &str| {
        std::fs::write(&file, format!("[place]\ndatabases = {databases}\n")).unwrap();
        let examined = ringtrace::config::load::examine(Some(&file));
        let complaints: Vec<_> = examined.complaints.iter().map(ToString::to_string).collect();
        complaints.join("\n")
    };
    let all = complaints(r#"["a", "", 7]"#);
    assert!(all.contains("place.databases[1]: expected the path of a file"), "{all}");
    assert!(all.contains("place.databases[2]: expected the path of a file"), "{all}");
    let all = complaints(r#"["a", "b", "a"]"#);
    assert!(all.contains("place.databases[2]: the database"), "{all}");
    let all = complaints(r#"["a", "b", "c", "d", "e", "f", "g", "h", "i"]"#);
    assert!(all.contains("place.databases: at most 8"), "{all}");
}
