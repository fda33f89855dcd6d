//! A server that behaves as Telnyx' Voice API does: it takes commands for calls that live, ignores those whose id it
//! knows, refuses what a call cannot do, and tells by events what came of them.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::signers::Unsigned;
use super::world::{CALLER, T, TRACKING};

/// The key of its API.
pub const API_KEY: &str = "KEY_of_the_stand_in";
/// The caller's leg.
pub const LEG: &str = "v3:caller/1";

/// What a dialled person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    Talks,
    IsBusy,
    DoesNotAnswer,
}

/// One call at Telnyx.
pub struct State {
    /// Names and bodies of the commands that were carried out.
    pub done: Vec<(String, Value)>,
    /// Commands that it had carried out before.
    pub repeated: usize,
    /// What those who are dialled do, in order; then they talk.
    pub callees: VecDeque<Callee>,
    /// The keys that the caller presses, in order; then none.
    pub keys: VecDeque<&'static str>,
    /// Commands of these names are refused once each.
    pub refuses: Vec<&'static str>,
    known: HashSet<String>,
    answered: bool,
    ended: bool,
    legs: u32,
    told: u32,
    events: mpsc::UnboundedSender<Value>,
}

pub struct Telnyx {
    pub server: MockServer,
    pub events: mpsc::UnboundedReceiver<Value>,
    state: Arc<Mutex<State>>,
}

struct Answers(Arc<Mutex<State>>);

impl Telnyx {
    pub async fn start() -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let state = State {
            done: Vec::new(),
            repeated: 0,
            callees: VecDeque::new(),
            keys: VecDeque::new(),
            refuses: Vec::new(),
            known: HashSet::new(),
            answered: false,
            ended: false,
            legs: 0,
            told: 0,
            events: sender,
        };
        let state = Arc::new(Mutex::new(state));
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(Answers(state.clone())).mount(&server).await;
        Telnyx { server, events, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic before")
    }

    /// A call comes in.
    pub fn rings(&self) {
        self.state().tell("call.initiated", &json!({ "direction": "incoming", "state": "parked" }));
    }

    /// The names of the commands that were carried out.
    pub fn commands(&self) -> Vec<String> {
        self.state().done.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The bodies of those called `name`.
    pub fn bodies(&self, name: &str) -> Vec<Value> {
        let state = self.state();
        state.done.iter().filter(|(n, _)| n == name).map(|(_, body)| body.clone()).collect()
    }
}

/// An event as it is posted.
pub fn posted(event: &Value) -> Unsigned {
    Unsigned::post("telnyx", "event", event.to_string())
}

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().expect("no panic before");
        let authorised = request.headers.get("authorization").and_then(|v| v.to_str().ok());
        if authorised != Some(&format!("Bearer {API_KEY}")) {
            return ResponseTemplate::new(401);
        }
        let path = request.url.path().strip_prefix("/v2/calls/").unwrap_or_default();
        let Some((leg, name)) = path.split_once("/actions/") else {
            return ResponseTemplate::new(404);
        };
        if leg != "v3:caller%2F1" {
            return ResponseTemplate::new(404);
        }
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let id = body["command_id"].as_str().expect("an id").to_owned();
        if state.known.contains(&id) {
            state.repeated += 1;
            return ResponseTemplate::new(200).set_body_json(json!({ "data": { "result": "ok" } }));
        }
        match state.carry_out(name, &body) {
            Ok(()) => {
                state.known.insert(id);
                state.done.push((name.to_owned(), body));
                ResponseTemplate::new(200).set_body_json(json!({ "data": { "result": "ok" } }))
            }
            Err((code, title)) => ResponseTemplate::new(422)
                .set_body_json(json!({ "errors": [{ "code": code, "title": title }] })),
        }
    }
}

impl State {
    fn carry_out(&mut self, name: &str, body: &Value) -> Result<(), (&'static str, &'static str)> {
        if self.ended {
            return Err(("90018", "Call has already ended"));
        }
        if let Some(place) = self.refuses.iter().position(|refused| *refused == name) {
            self.refuses.remove(place);
            return Err(("10015", "Invalid value"));
        }
        if !self.answered && !matches!(name, "answer" | "reject" | "hangup") {
            return Err(("90034", "Call has not been answered yet"));
        }
        for state in ["client_state", "target_leg_client_state"] {
            let is_base64 = |text: &str| STANDARD.decode(text).is_ok();
            assert!(body[state].is_null() || body[state].as_str().is_some_and(is_base64), "{body}");
        }
        let state = &body["client_state"];
        let own = |more: Value| {
            let mut payload = json!({ "direction": "incoming", "client_state": state });
            payload
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().expect("an object"));
            payload
        };
        match name {
            "answer" => {
                self.answered = true;
                self.tell("call.answered", &own(json!({})));
            }
            "speak" => {
                assert!(body["voice"].is_string() && body["payload"].is_string(), "{body}");
                self.tell("call.speak.started", &own(json!({})));
                self.tell("call.speak.ended", &own(json!({ "status": "completed" })));
            }
            "playback_start" => {
                self.tell("call.playback.ended", &own(json!({ "status": "completed" })));
            }
            "gather_using_speak" => {
                let keys = self.keys.pop_front();
                for key in keys.iter() {
                    self.tell("call.dtmf.received", &own(json!({ "digit": key })));
                }
                let status = if keys.is_some() { "valid" } else { "timeout" };
                let ended = json!({ "digits": keys.unwrap_or_default(), "status": status });
                self.tell("call.gather.ended", &own(ended));
            }
            "record_start" => {
                assert!(body["channels"].is_string() && body["format"].is_string(), "{body}");
                let saved = json!({ "recording_urls": { "mp3": "https://m.example.com/1.mp3" },
                    "recording_started_at": "2026-01-02T03:04:10Z", "recording_ended_at": "2026-01-02T03:04:22Z" });
                self.tell("call.recording.saved", &own(saved));
            }
            "transfer" => self.transfer(body),
            "hangup" => self.end("normal_clearing"),
            "reject" => self.end("call_rejected"),
            other => panic!("there is no command {other}"),
        }
        Ok(())
    }

    fn transfer(&mut self, body: &Value) {
        assert_eq!(body["park_after_unbridge"], "self", "somebody else may be dialled after it");
        self.legs += 1;
        let leg = json!({ "direction": "outgoing", "to": body["to"], "call_leg_id": format!("leg{}", self.legs),
            "call_control_id": format!("v3:callee/{}", self.legs),
            "client_state": body["target_leg_client_state"] });
        let with = |more: Value| {
            let mut leg = leg.clone();
            leg.as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().expect("an object"));
            leg
        };
        self.tell("call.initiated", &with(json!({ "state": "bridging" })));
        let cause = match self.callees.pop_front().unwrap_or(Callee::Talks) {
            Callee::Talks => {
                self.tell("call.answered", &leg);
                self.tell("call.bridged", &leg);
                self.told += 40;
                "normal_clearing"
            }
            Callee::IsBusy => "user_busy",
            Callee::DoesNotAnswer => "timeout",
        };
        self.tell("call.hangup", &with(json!({ "hangup_cause": cause })));
    }

    fn end(&mut self, cause: &str) {
        self.ended = true;
        self.tell("call.hangup", &json!({ "direction": "incoming", "hangup_cause": cause }));
    }

    fn tell(&mut self, event_type: &str, more: &Value) {
        self.told += 1;
        let at =
            jiff::Timestamp::from_millisecond(T + i64::from(self.told) * 1000).expect("a time");
        let mut payload = json!({ "call_session_id": "s1", "call_leg_id": "leg0", "call_control_id": LEG,
            "connection_id": "app1", "from": CALLER, "to": TRACKING });
        payload
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().expect("an object"));
        // As its package models the events: the first of a leg alone tells its direction.
        if event_type != "call.initiated" {
            payload.as_object_mut().expect("an object").remove("direction");
        }
        let event = json!({ "data": { "record_type": "event", "id": format!("event-{}", self.told),
            "event_type": event_type, "occurred_at": at.to_string(), "payload": payload } });
        let _ = self.events.send(event);
    }
}
