//! The routes of pages (`docs/protocol.md`) in the test's own process, on a real Redis.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use ringtrace::config::Live;
use ringtrace::config::model::Config;
use ringtrace::http::limits::SnippetLimiter;
use ringtrace::lease::pools::load::Grants;
use ringtrace::lease::shares::Shares;
use ringtrace::lease::store::LeaseStore;
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::SessionId;
use ringtrace::platform::keys::Shards;
use ringtrace::platform::redis::Redis;
use ringtrace::platform::signing::SigningKeys;
use ringtrace::visit::client::ClientKey;
use ringtrace::visit::model::Visit;
use ringtrace::visit::place::Places;
use ringtrace::visit::store::load_visits;
use ringtrace::visit::tables::Tables;
use serde_json::{Value, json};
use utoipa_actix_web::AppExt;

use super::redis::TestRedis;
use super::world::{START, config, site_json};

pub const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/140.0.0.0 Safari/537.36";
pub const ORIGIN: &str = "https://www.example.com";

pub struct Edge<S> {
    pub app: S,
    pub redis: TestRedis,
    pub clock: Clock,
}

/// The routes over `config`, asking Redis through the handle that `handle` makes.
pub async fn edge(
    config: Config,
    handle: impl Fn(&TestRedis) -> Redis,
) -> Edge<
    impl Service<
        actix_http::Request,
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
    >,
> {
    let redis = TestRedis::start().await;
    let clock = Clock::default();
    clock.set(START);
    let store = LeaseStore::new(redis.patient_handle());
    let live = Live::new(config);
    ringtrace::lease::numbers::sync::sync_pools(&store, &live.now_full(), &clock)
        .await
        .expect("the numbers are added");
    let limiter = SnippetLimiter::new(&live.now().config.limits);
    let databases = &live.now_full().config.place.databases;
    let places = Places::open(databases, &std::env::temp_dir()).expect("good databases");
    let (app, _) = App::new()
        .into_utoipa_app()
        .app_data(web::Data::new(live))
        .app_data(web::Data::new(LeaseStore::new(handle(&redis))))
        .app_data(web::Data::new(clock.clone()))
        .app_data(web::Data::new(SigningKeys::from_master(&[7; 32])))
        .app_data(web::Data::new(limiter))
        .app_data(web::Data::new(Tables::load().expect("the tables")))
        .app_data(web::Data::new(Grants::default()))
        .app_data(web::Data::new(Shares::default()))
        .app_data(web::Data::new(places))
        .app_data(web::Data::new(client_key()))
        .configure(ringtrace::lease::http::routes)
        .split_for_parts();
    Edge { app: init_service(app).await, redis, clock }
}

/// The key that the details of visitors are sealed with.
pub fn client_key() -> ClientKey {
    ClientKey::new(&[9; 32])
}

pub fn one_site() -> Config {
    config(json!([site_json("demo", 2, json!({}))]))
}

pub fn view(page: &str, seq: u32) -> Value {
    json!({
        "v": 1, "key": "pk_demo", "page": page, "seq": seq,
        "url": "https://www.example.com/plumbing/?utm_source=google&utm_medium=cpc&gclid=Abc#top",
        "referrer": "https://www.google.com/",
        "consent": { "analytics": true, "ads": true },
    })
}

impl<S, B> Edge<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    /// A page view that the proxy at 192.0.2.1 passes on from `client`; the reply.
    pub async fn view_from(&self, client: &str, body: &Value) -> Value {
        let request = TestRequest::post()
            .uri("/v1/lease")
            .insert_header(("user-agent", CHROME))
            .insert_header(("origin", ORIGIN))
            .insert_header(("x-forwarded-for", client))
            .peer_addr("192.0.2.1:4000".parse().expect("an address"))
            .set_payload(body.to_string());
        let response = call_service(&self.app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(&read_body(response).await).expect("JSON")
    }

    pub async fn post(&self, path: &str, body: impl Into<web::Bytes>) -> ServiceResponse<B> {
        self.post_as(path, body, CHROME, Some(ORIGIN)).await
    }

    pub async fn post_as(
        &self,
        path: &str,
        body: impl Into<web::Bytes>,
        agent: &str,
        origin: Option<&str>,
    ) -> ServiceResponse<B> {
        let mut headers = vec![("user-agent", agent)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        self.post_with(path, body, &headers).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        body: impl Into<web::Bytes>,
        headers: &[(&'static str, &str)],
    ) -> ServiceResponse<B> {
        let mut request = TestRequest::post()
            .uri(path)
            .insert_header(("content-type", "text/plain;charset=UTF-8"))
            .peer_addr("192.0.2.1:4000".parse().expect("an address"))
            .set_payload(body);
        for header in headers {
            request = request.insert_header(*header);
        }
        call_service(&self.app, request.to_request()).await
    }

    pub async fn ask(&self, path: &str, body: &Value) -> Value {
        let response = self.post(path, body.to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = read_body(response).await;
        serde_json::from_slice(&bytes).expect("JSON")
    }

    pub async fn redis<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        self.redis.patient_handle().command("a test", &command).await.expect("redis answers")
    }

    /// The stored visits of the site `demo`, the oldest session first.
    pub async fn visits(&self) -> Vec<Visit> {
        let site = "demo".parse().expect("a site id");
        let session = |key: &String| SessionId::from_short(key.rsplit(':').next()?);
        let keys = self.keys_like("rt:*:session:demo:*").await;
        let mut sessions: Vec<_> = keys.iter().filter_map(session).collect();
        sessions.sort();
        let redis = self.redis.patient_handle();
        let visits = load_visits(&redis, &Shards(16).keys(&site), &sessions).await;
        visits.expect("redis answers").into_iter().flatten().collect()
    }

    pub async fn keys_like(&self, pattern: &str) -> Vec<String> {
        self.redis(&["KEYS", pattern]).await
    }
}
