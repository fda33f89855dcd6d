//! Cookies that the service itself sets: when, which, and above all when not.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::read_body;
use ringtrace::config::model::Config;
use serde_json::{Value, json};

use crate::support::edge::{CHROME, Edge, edge, view};
use crate::support::redis::TestRedis;
use crate::support::world::{START, config, site_json};

const WWW: &str = "https://www.example.com";
const SHOP: &str = "https://shop.example.org";

fn site(cookie_host: &str, consent: &str) -> Config {
    let mut site = site_json("demo", 4, json!({}));
    site["origins"] = json!([WWW, SHOP, "http://dev.example.com"]);
    site["consent"] = json!(consent);
    site["snippet"] = json!({ "cookie_host": cookie_host });
    config(json!([site]))
}

/// A reply: its cookies, whether credentials are welcome, and its body.
struct Told {
    cookies: Vec<String>,
    credentials: bool,
    body: Value,
}

impl Told {
    /// The value of a cookie that is set.
    fn value(&self, name: &str) -> &str {
        let set = self.cookies.iter().find_map(|cookie| cookie.strip_prefix(&format!("{name}=")));
        set.and_then(|rest| rest.split(';').next()).unwrap_or_default()
    }
}

async fn ask<S, B>(
    edge: &Edge<S>,
    path: &str,
    origin: Option<&str>,
    cookies: &str,
    body: &Value,
) -> Told
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let mut headers = vec![("user-agent", CHROME)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    headers.extend((!cookies.is_empty()).then_some(("cookie", cookies)));
    let response = edge.post_with(path, body.to_string(), &headers).await;
    assert_eq!(response.status(), 200);
    let text = |name: &str| {
        let values = response.headers().get_all(name);
        values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect::<Vec<_>>()
    };
    let credentials = text("access-control-allow-credentials") == ["true"];
    let cookies = text("set-cookie");
    let body = serde_json::from_slice(&read_body(response).await).expect("JSON");
    Told { cookies, credentials, body }
}

fn silent(page: &str, seq: u32, consent: Value) -> Value {
    let mut asked = view(page, seq);
    asked["url"] = json!("https://www.example.com/");
    asked["consent"] = consent;
    asked
}

#[actix_web::test]
async fn session_and_visitor_are_set_read_back_and_removed() {
    let edge = edge(site("example.com", "denied"), TestRedis::patient_handle).await;
    let granted = json!({ "analytics": true, "ads": false });
    let first = ask(&edge, "/v1/lease", Some(WWW), "", &silent("page-one", 1, granted)).await;
    assert!(first.credentials);
    let (session, visitor) = (first.value("rt_session"), first.value("rt_visitor"));
    assert_eq!(Some(session), first.body["session"].as_str());
    assert_eq!(Some(visitor), first.body["visitor"].as_str());
    let rest = "SameSite=Lax; Secure; Path=/; Domain=example.com; Max-Age=";
    let expected = [
        format!("rt_session={session}; {rest}1800"),
        format!("rt_visitor={visitor}; {rest}7776000"),
    ];
    assert_eq!(first.cookies, expected);

    // The next page has nothing in its body.
    let jar = format!("other=1; rt_session={session}; rt_visitor={visitor}");
    edge.clock.set(START.plus(60_000));
    let second =
        ask(&edge, "/v1/lease", Some(WWW), &jar, &silent("page-two", 1, json!(null))).await;
    assert_eq!(second.body["session_id"], first.body["session_id"]);
    assert_eq!(second.cookies.len(), 2, "both live on");

    // What the body has comes before the cookie.
    let mut third = silent("page-xxx", 1, json!(null));
    third["session"] = json!("another");
    let third = ask(&edge, "/v1/lease", Some(WWW), &jar, &third).await;
    assert_ne!(third.body["session_id"], first.body["session_id"]);

    let denied = silent("page-two", 2, json!({ "analytics": false, "ads": false }));
    let denied = ask(&edge, "/v1/lease", Some(WWW), &jar, &denied).await;
    assert!(denied.body.get("visitor").is_none());
    let gone = |name: &str| format!("{name}=; {rest}0");
    assert_eq!(denied.cookies, [gone("rt_session"), gone("rt_visitor")]);
    let visits = edge.visits().await;
    let of_first = visits.iter().find(|visit| {
        Some(visit.session.to_string().as_str()) == first.body["session_id"].as_str()
    });
    assert_eq!(of_first.map(|visit| visit.visitor), Some(None), "withdrawn by the cookie's token");
}

#[actix_web::test]
async fn without_consent_nothing_outlives_the_browser() {
    let edge = edge(site("example.com", "denied"), TestRedis::patient_handle).await;
    let told = ask(&edge, "/v1/lease", Some(WWW), "", &silent("page-one", 1, json!(null))).await;
    assert_eq!(told.body["mode"], "full");
    assert_eq!(told.cookies.len(), 1, "no visitor: {:?}", told.cookies);
    assert!(told.cookies[0].starts_with("rt_session="));
    assert!(!told.cookies[0].contains("Max-Age") && !told.cookies[0].contains("Expires"));
}

#[actix_web::test]
async fn no_cookie_is_set_where_none_may_be() {
    let granted = json!({ "analytics": true, "ads": true });
    let asked = silent("page-one", 1, granted.clone());
    for (what, config, origin) in [
        ("the site has no cookie host", site("", "granted"), Some(WWW)),
        ("the page is on another domain", site("example.com", "granted"), Some(SHOP)),
        ("the page is not secure", site("example.com", "granted"), Some("http://dev.example.com")),
        ("nobody says where the page is", site("example.com", "granted"), None),
    ] {
        let sets_some = !config.sites[0].snippet.cookie_host.is_empty();
        let edge = edge(config, TestRedis::patient_handle).await;
        let told = ask(&edge, "/v1/lease", origin, "", &asked).await;
        assert_eq!(told.cookies, [""; 0], "{what}");
        assert_eq!(told.credentials, sets_some && origin.is_some(), "{what}");
        assert!(told.body["session"].is_string());
    }
    for mode in ["none", "session"] {
        let mut config = site("example.com", "granted");
        config.sites[0].modes = serde_json::from_value(json!({ "unknown": mode })).expect("modes");
        let edge = edge(config, TestRedis::patient_handle).await;
        let silent = silent("page-one", 1, json!(null));
        let told = ask(&edge, "/v1/lease", Some(WWW), "", &silent).await;
        assert_eq!((told.body["mode"].as_str(), told.cookies.len()), (Some(mode), 0));
        let jar = "rt_session=old; rt_visitor=old";
        let told = ask(&edge, "/v1/lease", Some(WWW), jar, &silent).await;
        assert!(told.cookies.iter().all(|cookie| cookie.ends_with("Max-Age=0")));
        assert_eq!(told.cookies.len(), 2, "and old ones go");
    }
    // A program is told nothing to keep.
    let edge = edge(site("example.com", "granted"), TestRedis::patient_handle).await;
    let headers = [("user-agent", "curl/8.0"), ("origin", WWW)];
    let answer = edge.post_with("/v1/lease", asked.to_string(), &headers).await;
    assert!(answer.headers().get("set-cookie").is_none());
    // Nor who may not use the key.
    let headers = [("user-agent", CHROME), ("origin", "https://evil.example.com")];
    let answer = edge.post_with("/v1/lease", asked.to_string(), &headers).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().get("set-cookie").is_none());
    assert!(answer.headers().get("access-control-allow-credentials").is_none());
}

#[actix_web::test]
async fn a_beat_prolongs_its_own_cookie_and_no_other_tabs() {
    let edge = edge(site("example.com", "granted"), TestRedis::patient_handle).await;
    let granted = json!({ "analytics": true, "ads": true });
    let mine =
        ask(&edge, "/v1/lease", Some(WWW), "", &silent("page-one", 1, granted.clone())).await;
    let other = ask(&edge, "/v1/lease", Some(WWW), "", &silent("page-two", 1, granted)).await;
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": mine.body["session"], "page": "page-one", "seq": 2,
        "kind": "beat",
    });
    edge.clock.set(START.plus(30_000));
    let jar = |of: &Told| format!("rt_session={}", of.value("rt_session"));
    let told = ask(&edge, "/v1/beat", Some(WWW), &jar(&mine), &beat).await;
    assert_eq!(told.cookies.len(), 1);
    assert_eq!(Some(told.value("rt_session")), told.body["session"].as_str());
    for jar in [jar(&other), String::new(), "rt_session=garbage".to_owned()] {
        let told = ask(&edge, "/v1/beat", Some(WWW), &jar, &beat).await;
        assert_eq!(told.cookies, [""; 0], "{jar}");
    }
}

#[actix_web::test]
async fn a_session_of_the_tab_is_in_no_cookie() {
    let mut config = site("example.com", "granted");
    config.sites[0].snippet.storage = ringtrace::config::model::Storage::Tab;
    let edge = edge(config, TestRedis::patient_handle).await;
    let asked = silent("page-one", 1, json!(null));
    let told = ask(&edge, "/v1/lease", Some(WWW), "", &asked).await;
    assert_eq!(told.cookies.len(), 1);
    assert!(told.cookies[0].starts_with("rt_visitor="));
}
