//! Plays planned traffic through the service's real HTTP endpoints, in the order of its own clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::cli::demo::document::{self, Asks};
use crate::cli::demo::traffic::{PlannedCall, StepKind, Traffic};
use crate::platform::clock::{Clock, Millis};
use crate::platform::tls::client_builder;

/// Seconds of an announcement, and the longest that somebody speaks to a machine.
const GREETING_S: i64 = 6;
const LONGEST_MESSAGE_S: i64 = 45;
/// Where the provider keeps messages.
const RECORDINGS: &str =
    "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Recordings";

/// What the player needs to know about the service it plays on.
pub struct Stage {
    /// `http://127.0.0.1:8080`
    pub base: String,
    /// The site's id.
    pub site: String,
    /// The site's public key.
    pub key: String,
    /// The Twilio auth token that signs the webhooks.
    pub auth_token: String,
    /// The billboard's number.
    pub billboard: String,
}

/// Why the play stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The service did not answer.
    #[error("the service did not answer {what}: {source}")]
    Http {
        /// Which request.
        what: &'static str,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The service answered with an error.
    #[error("the service answered {what} with {status}: {body}")]
    Refused {
        /// Which request.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// Beginning of the body.
        body: String,
    },
}

/// What one person's browser remembers.
#[derive(Clone, Default)]
struct Browser {
    session: Option<String>,
    visitor: Option<String>,
    shown: Option<String>,
    page: String,
    seq: u32,
}

/// One signed webhook that is due later.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Webhook {
    at: Millis,
    order: usize,
    url: String,
    is_last: bool,
    form: Vec<(String, String)>,
}

/// The player.
pub struct Player {
    stage: Stage,
    clock: Clock,
    client: reqwest::Client,
    browsers: Vec<Browser>,
    webhooks: BinaryHeap<Reverse<Webhook>>,
    sent: usize,
}

/// What a played step was, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// A page view.
    View,
    /// A beat or a leave.
    Sign,
    /// A call arrived.
    Call,
    /// A call ended: conversions may be waiting.
    CallEnded,
}

impl Player {
    /// A player on `stage`, moving `clock`.
    pub fn new(stage: Stage, clock: Clock) -> Result<Self, PlayError> {
        Ok(Player {
            stage,
            clock,
            client: client_builder()
                .build()
                .map_err(|source| PlayError::Http { what: "anything", source })?,
            browsers: Vec::new(),
            webhooks: BinaryHeap::new(),
            sent: 0,
        })
    }

    /// Plays everything; `watch` hears of each step and may do what must happen in between.
    pub async fn play(
        mut self,
        traffic: &Traffic,
        mut watch: impl AsyncFnMut(Millis, Played),
    ) -> Result<(), PlayError> {
        self.browsers = vec![Browser::default(); traffic.people.len()];
        let end = traffic.steps.last().map_or(Millis(0), |step| step.at);
        for step in &traffic.steps {
            self.webhooks_until(step.at, end, &mut watch).await?;
            self.clock.set(step.at);
            let played = self.step(traffic, step.person, &step.kind, step.at).await?;
            watch(step.at, played).await;
        }
        self.webhooks_until(Millis(i64::MAX), end, &mut watch).await
    }

    async fn webhooks_until(
        &mut self,
        until: Millis,
        end: Millis,
        watch: &mut impl AsyncFnMut(Millis, Played),
    ) -> Result<(), PlayError> {
        while self.webhooks.peek().is_some_and(|Reverse(next)| next.at <= until) {
            let Some(Reverse(webhook)) = self.webhooks.pop() else { break };
            let at = webhook.at.min(end);
            self.clock.set(at);
            self.webhook(&webhook.url, &webhook.form).await?;
            watch(at, if webhook.is_last { Played::CallEnded } else { Played::Sign }).await;
        }
        Ok(())
    }

    async fn step(
        &mut self,
        traffic: &Traffic,
        person: usize,
        kind: &StepKind,
        at: Millis,
    ) -> Result<Played, PlayError> {
        match kind {
            StepKind::View { url, referrer } => {
                let browser = &mut self.browsers[person];
                browser.page = format!("demo-{person}-{}", at.0);
                browser.seq = 1;
                let body = json!({
                    "v": 1, "key": self.stage.key, "page": browser.page, "seq": 1, "want": "now",
                    "url": format!("{}{url}", self.stage.base), "referrer": referrer,
                    "session": browser.session, "visitor": browser.visitor,
                    "consent": {"analytics": true, "ads": true},
                });
                self.snippet(traffic, person, "/v1/lease", "a page view", body).await?;
                Ok(Played::View)
            }
            StepKind::Beat { tel_click } => {
                self.sign(traffic, person, "beat", *tel_click).await?;
                Ok(Played::Sign)
            }
            StepKind::Leave => {
                self.sign(traffic, person, "leave", false).await?;
                Ok(Played::Sign)
            }
            StepKind::Call(call) => {
                let to = if call.billboard {
                    Some(self.stage.billboard.clone())
                } else {
                    self.browsers[person].shown.clone()
                };
                // Somebody who saw only the original number does not reach a tracking number.
                if let Some(to) = to {
                    self.call(&traffic.people[person].caller, &to, call, at).await?;
                }
                Ok(Played::Call)
            }
        }
    }

    async fn sign(
        &mut self,
        traffic: &Traffic,
        person: usize,
        kind: &str,
        tel_click: bool,
    ) -> Result<(), PlayError> {
        let browser = &mut self.browsers[person];
        let Some(session) = browser.session.clone() else { return Ok(()) };
        browser.seq += 1;
        let mut body = json!({
            "v": 1, "key": self.stage.key, "session": session, "page": browser.page,
            "seq": browser.seq, "kind": kind, "shown": {},
        });
        if let Some(number) = &browser.shown {
            body["shown"]["main"] = json!(number);
        }
        if tel_click {
            body["tel_click"] = json!({"target": "main", "ago_ms": 80});
        }
        self.snippet(traffic, person, "/v1/beat", "a beat", body).await
    }

    async fn snippet(
        &mut self,
        traffic: &Traffic,
        person: usize,
        path: &str,
        what: &'static str,
        body: Value,
    ) -> Result<(), PlayError> {
        let who = &traffic.people[person];
        let request = self
            .client
            .post(format!("{}{path}", self.stage.base))
            .header("content-type", "text/plain;charset=UTF-8")
            .header("origin", &self.stage.base)
            .header("user-agent", who.agent)
            .header("x-forwarded-for", &who.address)
            .body(body.to_string());
        let reply: Value = serde_json::from_str(&answer(what, request).await?).unwrap_or_default();
        let browser = &mut self.browsers[person];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        browser.session = text(&reply["session"]).or(browser.session.take());
        browser.visitor = text(&reply["visitor"]).or(browser.visitor.take());
        if let Some(number) = text(&reply["targets"][0]["tracking"]["number"]) {
            browser.shown = Some(number);
        }
        Ok(())
    }

    /// The call arrives now; what happens to it later is queued.
    async fn call(
        &mut self,
        from: &str,
        to: &str,
        call: &PlannedCall,
        at: Millis,
    ) -> Result<(), PlayError> {
        let sid = format!("CA{:032x}", call.number);
        let leg = format!("CA{:032x}", 0xd1a1_0000_0000_u64 + call.number as u64);
        let base = |status: &str| -> Vec<(String, String)> {
            [
                ("CallSid", sid.as_str()),
                ("AccountSid", "AC00000000000000000000000000000001"),
                ("ApiVersion", "2010-04-01"),
                ("From", from),
                ("To", to),
                ("CallStatus", status),
                ("Direction", "inbound"),
                ("FromState", "MA"),
                ("FromCountry", "US"),
                ("CallerName", ""),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
        };
        let told = self.webhook(&self.event("voice"), &base("ringing")).await?;
        let answered = call.talk_s > 0;
        let picked_up = at.plus(call.ring_s * 1000);
        let over = match document::asks(&told) {
            Asks::Dial => picked_up.plus(call.talk_s * 1000),
            Asks::Message { action } => {
                // Who would not have been answered says nothing either.
                let spoken = call.talk_s.min(LONGEST_MESSAGE_S);
                let over = at.plus((GREETING_S + spoken) * 1000);
                if answered {
                    let mut form = base("in-progress");
                    let url = format!("{RECORDINGS}/RE{:032x}", call.number);
                    form.push(("RecordingUrl".to_owned(), url));
                    form.push(("RecordingDuration".to_owned(), spoken.to_string()));
                    self.later(over, action, form);
                }
                self.ends(over, GREETING_S + spoken, base("completed"));
                return Ok(());
            }
            Asks::Nothing => {
                self.ends(at.plus(GREETING_S * 1000), GREETING_S, base("completed"));
                return Ok(());
            }
        };
        if answered {
            let mut form = base("in-progress");
            form[0].1 = leg.clone();
            form.push(("ParentCallSid".to_owned(), sid.clone()));
            form.push(("Timestamp".to_owned(), rfc2822(picked_up)));
            form.push(("SequenceNumber".to_owned(), "2".to_owned()));
            form[6].1 = "outbound-dial".to_owned();
            self.later(picked_up, self.event("leg"), form);
        }
        let mut form = base("in-progress");
        form.push(("DialCallStatus".to_owned(), call.dial_status.to_owned()));
        form.push(("DialCallSid".to_owned(), leg));
        form.push(("DialBridged".to_owned(), answered.to_string()));
        form.push(("DialCallDuration".to_owned(), call.talk_s.to_string()));
        self.later(over, self.event("dial"), form);
        self.ends(over, call.ring_s + call.talk_s, base("completed"));
        Ok(())
    }

    /// The last that is told of a call, which was over at `over` after so many seconds.
    fn ends(&mut self, over: Millis, duration_s: i64, mut form: Vec<(String, String)>) {
        form.push(("CallDuration".to_owned(), duration_s.to_string()));
        form.push(("Timestamp".to_owned(), rfc2822(over.plus(200))));
        self.later(over.plus(400), self.event("status"), form);
    }

    fn later(&mut self, at: Millis, url: String, form: Vec<(String, String)>) {
        self.sent += 1;
        let is_last = url.ends_with("/status");
        self.webhooks.push(Reverse(Webhook { at, order: self.sent, url, is_last, form }));
    }

    /// The address of an event.
    fn event(&self, event: &str) -> String {
        let Stage { base, site, .. } = &self.stage;
        format!("{base}/v1/telephony/twilio/{site}/{event}")
    }

    async fn webhook(&self, url: &str, form: &[(String, String)]) -> Result<String, PlayError> {
        let auth_token = &self.stage.auth_token;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
            .header("x-twilio-signature", signature(auth_token, url, form))
            .body(body);
        answer("a webhook", request).await
    }
}

async fn answer(what: &'static str, request: reqwest::RequestBuilder) -> Result<String, PlayError> {
    let http = |source| PlayError::Http { what, source };
    let response = request.send().await.map_err(http)?;
    let status = response.status();
    let body = response.text().await.map_err(http)?;
    if status.is_success() {
        return Ok(body);
    }
    let body = body.chars().take(300).collect();
    Err(PlayError::Refused { what, status: status.as_u16(), body })
}

/// Signs as Twilio does, written apart from the verifier so that the demo checks it: base64 of
/// HMAC-SHA1 over the URL and the sorted fields.
fn signature(auth_token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut fields: Vec<_> = form.iter().collect();
    fields.sort();
    let mut mac =
        Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

fn rfc2822(at: Millis) -> String {
    let zoned = at.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::rfc2822::to_string(&zoned).unwrap_or_default()
}
