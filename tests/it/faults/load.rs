//! Calls and page views that go on whatever happens, and what they were answered.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SessionId;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::until;
use crate::support::app::BROWSER;
use crate::support::service::{Answer, Plan, Service, send_twilio};

/// Browsers that look at pages all the time.
const VIEWERS: usize = 3;

/// How long what was acknowledged may take to arrive everywhere.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a repeated webhook or a viewer waits.
const PAUSE: Duration = Duration::from_millis(50);

/// An ad platform that takes everything, and the configuration that tells it of half of the calls.
pub struct Platform(pub MockServer);

impl Platform {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        Platform(server)
    }

    /// A conversion and its destination, for the end of a site's configuration.
    pub fn conversions(&self) -> String {
        format!(
            "[[sites.conversions]]\nname = \"qualified\"\ndestinations = [\"ads\"]\n\
             when = {{ answered = true, min_talk_s = 60 }}\n\
             [[sites.destinations]]\nid = \"ads\"\nkind = \"url\"\n\
             url = \"{}/postback?id={{txid}}\"\n",
            self.0.uri()
        )
    }

    /// Keys of what it was told, and how often it was told anything.
    async fn told(&self) -> (BTreeSet<Vec<u8>>, usize) {
        let requests = self.0.received_requests().await.expect("requests are recorded");
        let keys = requests.iter().map(|r| r.headers["idempotency-key"].as_bytes().to_vec());
        (keys.collect(), requests.len())
    }
}

/// The provider's id of a call.
pub fn sid(number: usize) -> String {
    format!("CA{number:032}")
}

/// Webhooks of one call: every other one is answered for 95 s, the rest nobody picks up.
pub fn story(number: usize, to: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let sid = sid(number);
    let leg = format!("{sid}-leg");
    let from = format!("+1415556{number:04}");
    let answered = number.is_multiple_of(2);
    let ended = if answered { "completed" } else { "no-answer" };
    let at = |s: i64| {
        let moment = Millis::system_now().plus(s * 1000).timestamp();
        jiff::fmt::rfc2822::to_string(&moment.to_zoned(jiff::tz::TimeZone::UTC)).expect("a time")
    };
    let parent = |more: Vec<(&'static str, String)>| {
        let mut fields =
            vec![("CallSid", sid.clone()), ("From", from.clone()), ("To", to.to_owned())];
        fields.extend(more);
        fields
    };
    let child = |status: &str, s: i64| {
        vec![
            ("CallSid", leg.clone()),
            ("ParentCallSid", sid.clone()),
            ("CallStatus", status.to_owned()),
            ("Timestamp", at(s)),
        ]
    };
    let mut story = vec![
        ("voice", parent(vec![("CallStatus", "ringing".to_owned())])),
        ("leg", child("ringing", 1)),
    ];
    if answered {
        story.push(("leg", child("in-progress", 5)));
    }
    story.push(("leg", child(ended, 100)));
    let mut dial = vec![("DialCallStatus", ended.to_owned()), ("DialCallSid", leg.clone())];
    if answered {
        dial.extend([("DialBridged", "true".to_owned()), ("DialCallDuration", "95".to_owned())]);
    }
    story.push(("dial", parent(dial)));
    story.push((
        "status",
        parent(vec![("CallStatus", "completed".to_owned()), ("Timestamp", at(100))]),
    ));
    story
}

/// Load that goes on.
pub struct Load {
    taken: Arc<AtomicUsize>,
    webhooks: usize,
    enough: Arc<AtomicBool>,
    calls: JoinHandle<Seen>,
    views: Vec<JoinHandle<Seen>>,
}

/// What was answered.
#[derive(Default)]
pub struct Seen {
    /// Answers that must not be.
    pub errors: Vec<String>,
    pub slowest_webhook: Duration,
    pub slowest_view: Duration,
    /// When a page was answered, and whether out of Redis.
    views: Vec<(Instant, bool)>,
}

impl Seen {
    fn with(mut self, other: Seen) -> Seen {
        self.errors.extend(other.errors);
        self.slowest_webhook = self.slowest_webhook.max(other.slowest_webhook);
        self.slowest_view = self.slowest_view.max(other.slowest_view);
        self.views.extend(other.views);
        self
    }

    /// Pages that were answered without Redis.
    pub fn fallbacks(&self) -> usize {
        self.views.iter().filter(|(_, leased)| !leased).count()
    }

    pub fn views(&self) -> usize {
        self.views.len()
    }

    /// From `since` until a page got a number again.
    pub fn back_after(&self, since: Instant) -> Duration {
        let later = self.views.iter().filter(|(at, leased)| *leased && *at >= since);
        let first = later.map(|(at, _)| *at).min().expect("pages get numbers again");
        first - since
    }
}

impl Load {
    pub fn start(plan: Plan) -> Self {
        let client = ringtrace::platform::tls::client_builder()
            .timeout(Duration::from_secs(10))
            // The service closes a connection that idles for 5 s; nobody writes into that moment.
            .pool_idle_timeout(Duration::from_secs(1))
            .build()
            .expect("a client");
        let (taken, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let webhooks = plan.calls.clone().map(|number| story(number, "").len()).sum();
        let views = (0..VIEWERS)
            .map(|_| tokio::spawn(look(client.clone(), plan.clone(), enough.clone())))
            .collect();
        let counter = taken.clone();
        let calls = tokio::spawn(async move {
            let calls = stream::iter(plan.calls.clone())
                .map(|number| call(client.clone(), plan.clone(), number, counter.clone()));
            calls
                .buffer_unordered(plan.at_a_time)
                .fold(Seen::default(), async |all, one| all.with(one))
                .await
        });
        Load { taken, webhooks, enough, calls, views }
    }

    /// Waits until this share of all webhooks was taken.
    pub async fn reached(&self, share: f64) {
        let wanted = (self.webhooks as f64 * share) as usize;
        until("calls go on", Duration::from_secs(180), async || {
            let taken = self.taken.load(Ordering::Relaxed);
            if taken >= wanted { Ok(()) } else { Err(format!("{taken} of {wanted} webhooks")) }
        })
        .await;
    }

    /// Waits for the last webhook of the last call.
    pub async fn end(self) -> Seen {
        let mut seen = self.calls.await.expect("every webhook is taken in the end");
        self.enough.store(true, Ordering::Relaxed);
        for viewer in self.views {
            seen = seen.with(viewer.await.expect("a viewer"));
        }
        seen
    }
}

async fn call(client: reqwest::Client, plan: Plan, number: usize, taken: Arc<AtomicUsize>) -> Seen {
    let mut seen = Seen::default();
    for (event, fields) in story(number, "+14155550150") {
        // Other calls come and go between the webhooks of one.
        let pause = rand::random_range(0..=plan.pause.as_millis() as u64);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        seen = seen.with(insist(&client, &plan, event, &fields).await);
        taken.fetch_add(1, Ordering::Relaxed);
    }
    seen
}

/// Sends one webhook until it is taken.
async fn insist(
    client: &reqwest::Client,
    plan: &Plan,
    event: &str,
    fields: &[(&str, String)],
) -> Seen {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut seen = Seen::default();
    loop {
        let asked = Instant::now();
        let sent = send_twilio(client.clone(), (&plan.base, &plan.signed_for), event, &fields);
        match sent.await {
            Answer::Told(200 | 204, text) => {
                let forwarded = event != "voice" || text.contains("+14155550111");
                seen.slowest_webhook = seen.slowest_webhook.max(asked.elapsed());
                seen.errors.extend((!forwarded).then(|| format!("not forwarded: {text}")));
                return seen;
            }
            Answer::Told(status, text) => seen.errors.push(format!("{event}: {status} {text}")),
            Answer::Nobody if plan.may_die => {}
            Answer::Nobody => seen.errors.push(format!("{event}: nobody answers")),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Somebody who looks at page after page until it is enough.
async fn look(client: reqwest::Client, plan: Plan, enough: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut session) = (Seen::default(), Value::Null);
    while !enough.load(Ordering::Relaxed) {
        let asked = Instant::now();
        match page_view(&client, &plan.base, &session).await {
            Ok((200, reply)) => {
                let reason = &reply["targets"][0]["reason"];
                seen.views.push((Instant::now(), reason != "store_unavailable"));
                seen.slowest_view = seen.slowest_view.max(asked.elapsed());
                if reply["session"].is_string() {
                    session = reply["session"].clone();
                }
            }
            Ok((status, reply)) => seen.errors.push(format!("page: {status} {reply}")),
            Err(_) if plan.may_die => {}
            Err(error) => seen.errors.push(format!("page: {error}")),
        }
        tokio::time::sleep(PAUSE / 2).await;
    }
    seen
}

/// A view of another page by `session`; status and reply.
pub async fn page_view(
    client: &reqwest::Client,
    base: &str,
    session: &Value,
) -> reqwest::Result<(u16, Value)> {
    let body = json!({
        "v": 1, "key": "pk_one", "page": SessionId::new().to_string(), "seq": 1,
        "url": "https://www.one.example/plumbing?utm_source=google", "session": session,
    });
    let request = client
        .post(format!("{base}/v1/lease"))
        .header("content-type", "text/plain;charset=UTF-8")
        .header("origin", "https://www.one.example")
        .header("user-agent", BROWSER)
        .body(body.to_string());
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await.unwrap_or_default()))
}

/// Every call of `0..calls` is listed once with its end, reported once, and told once to `platform`.
pub async fn reckon(service: &Service, platform: &Platform, calls: usize) {
    all_listed(service, calls).await;
    until("the report counts each call once", LONGEST, async || {
        let report = service.json("/v1/reports/sources").await.ok_or("no report")?;
        let totals = &report["totals"];
        let counts = (&totals["calls"], &totals["answered_calls"], &totals["missed_calls"]);
        let half = calls / 2;
        if counts == (&calls.into(), &half.into(), &half.into()) {
            Ok(())
        } else {
            Err(totals.to_string())
        }
    })
    .await;
    all_told(platform, calls).await;
}

/// Every call of `0..calls` is listed once, with its end.
pub async fn all_listed(service: &Service, calls: usize) {
    let all: BTreeSet<String> = (0..calls).map(sid).collect();
    until("all calls are listed with their ends", LONGEST, async || {
        let listed = service.calls().await.ok_or("no list")?;
        let text = |call: &Value, field| call[field].as_str().unwrap_or("").to_owned();
        let ids: Vec<String> = listed.iter().map(|call| text(call, "provider_call_id")).collect();
        let missing: Vec<_> = all.iter().filter(|sid| !ids.contains(sid)).collect();
        let is_open = |call: &&Value| !matches!(&*text(call, "status"), "answered" | "no_answer");
        let open = listed.iter().filter(is_open);
        let open: Vec<_> = open.map(|call| text(call, "provider_call_id")).collect();
        if missing.is_empty() && open.is_empty() && ids.len() == calls {
            Ok(())
        } else {
            Err(format!("{} calls, without {missing:?}, open {open:?}", ids.len()))
        }
    })
    .await;
}

/// `platform` was told of every other of `calls` calls, under one key each.
pub async fn all_told(platform: &Platform, calls: usize) {
    until("each conversion is delivered under one key", LONGEST, async || {
        let (keys, _) = platform.told().await;
        if keys.len() == calls / 2 { Ok(()) } else { Err(format!("{} keys", keys.len())) }
    })
    .await;
    let (_, requests) = platform.told().await;
    println!("{calls} calls: 0 lost, 0 doubled; {} conversions in {requests} requests", calls / 2);
}
