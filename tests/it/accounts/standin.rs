//! A server that behaves like a provider's API: it asks for credentials, pages its lists, keeps what is set,
//! and can be told to be busy or broken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// What authorises every request of the stand-ins but Vonage's list of calls.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// Rows of a page.
const PAGE: usize = 2;

/// How the stand-in feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It serves.
    Fine,
    /// It is busy for so many requests.
    Busy(u32),
    /// It answers what is none of its API.
    Garbage,
    /// Its lists never end: each page names itself as the next.
    Circle,
    /// Its next page is on another host.
    Elsewhere,
}

/// What the account has.
#[derive(Clone, Debug)]
pub struct State {
    /// Number → its application, or its own voice webhook.
    pub numbers: BTreeMap<String, String>,
    /// What was set last of anything, as JSON or text.
    pub set: Vec<(String, String)>,
    /// The application's settings, or those of all numbers.
    pub hooks: [String; 3],
    /// The list of calls as the provider writes it.
    pub calls: Vec<Value>,
    pub mood: Mood,
    /// Requests that came with wrong credentials.
    pub refused: usize,
}

/// A provider.
pub struct StandIn {
    pub provider: &'static str,
    pub server: MockServer,
    state: Arc<Mutex<State>>,
}

struct Answers {
    provider: &'static str,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub async fn start(provider: &'static str, numbers: &[&str]) -> Self {
        let state = State {
            numbers: numbers.iter().map(|n| ((*n).to_owned(), String::new())).collect(),
            set: Vec::new(),
            hooks: Default::default(),
            calls: Vec::new(),
            mood: Mood::Fine,
            refused: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let server = MockServer::start().await;
        let answers = Answers { provider, state: state.clone() };
        Mock::given(any()).respond_with(answers).mount(&server).await;
        StandIn { provider, server, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic before")
    }

    /// The table of the configuration that leads here; `secret` is the credential.
    pub fn table(&self, secret: &str) -> String {
        let at = self.server.uri();
        let own = match self.provider {
            "twilio" => format!(
                "account = \"AC00000000000000000000000000000001\"\nauth_token = \"{secret}\"\napi_base = \"{at}\""
            ),
            "signalwire" => format!(
                "signing_key = \"PSK_x\"\nproject = \"p1\"\napi_token = \"{secret}\"\napi_base = \"{at}\""
            ),
            "telnyx" => format!(
                "public_key = \"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\"\naccount = \"a1\"\n\
                 api_key = \"{secret}\"\napplication = \"app1\"\napi_base = \"{at}/v2\""
            ),
            "plivo" => format!(
                "account = \"MA1\"\nauth_token = \"{secret}\"\napplication = \"app1\"\napi_base = \"{at}/v1/Account\""
            ),
            "vonage" => format!(
                "signature_secret = \"{SECRET}\"\napi_key = \"k1\"\napi_secret = \"{secret}\"\n\
                 application_id = \"app1\"\nprivate_key = '''{}'''\napi_base = \"{at}\"\nrest_base = \"{at}\"",
                include_str!("../../fixtures/rsa-for-tests.pem")
            ),
            _ => format!(
                "username = \"ringtrace\"\npassword = \"{SECRET}\"\naccount = \"990\"\nclient_id = \"c1\"\n\
                 client_secret = \"{secret}\"\napplication = \"app1\"\napi_base = \"{at}/api\"\n\
                 voice_base = \"{at}/v2\"\ntoken_url = \"{at}/token\""
            ),
        };
        format!(
            "[sites.telephony.{}]\n{own}\nfallback_url = \"https://static.example.org/forward\"\n",
            self.provider
        )
    }
}

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.state.lock().expect("no panic before");
        match state.mood {
            Mood::Busy(0) | Mood::Fine | Mood::Circle | Mood::Elsewhere => {}
            Mood::Busy(left) => {
                state.mood = Mood::Busy(left - 1);
                return ResponseTemplate::new(429).insert_header("retry-after", "0");
            }
            Mood::Garbage => {
                return ResponseTemplate::new(200).set_body_string("<html>{\"data\":1");
            }
        }
        if !authorised(self.provider, request) {
            state.refused += 1;
            return ResponseTemplate::new(401).set_body_json(json!({ "message": "Authenticate" }));
        }
        match self.provider {
            "twilio" => {
                laml(&mut state, request, "/2010-04-01/Accounts/AC00000000000000000000000000000001")
            }
            "signalwire" => laml(&mut state, request, "/api/laml/2010-04-01/Accounts/p1"),
            "telnyx" => telnyx(&mut state, request),
            "plivo" => plivo(&mut state, request),
            "vonage" => vonage(&mut state, request),
            _ => bandwidth(&mut state, request),
        }
    }
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn authorised(provider: &str, request: &Request) -> bool {
    let told = header(request, "authorization");
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{SECRET}")));
    match (provider, request.url.path()) {
        ("twilio", _) => told == basic("AC00000000000000000000000000000001"),
        ("signalwire", _) => told == basic("p1"),
        ("telnyx", _) => told == format!("Bearer {SECRET}"),
        ("plivo", _) => told == basic("MA1"),
        // A token in three parts; it is signed by a key that only its application's owner has.
        ("vonage", "/v1/calls") => {
            told.strip_prefix("Bearer ").is_some_and(|t| t.split('.').count() == 3)
        }
        ("vonage", _) => told == basic("k1"),
        ("bandwidth", "/token") => told == basic("c1"),
        _ => told == "Bearer session-token",
    }
}

fn query(request: &Request, name: &str) -> Option<String> {
    request.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn number(request: &Request, name: &str) -> usize {
    query(request, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn body(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

fn form(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn ok(value: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(value)
}

fn missing() -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({ "message": "not found" }))
}

/// One page of `items` from `from` on, and whether there is more.
fn page<T: Clone>(items: &[T], from: usize) -> (Vec<T>, bool) {
    let rest = items.get(from..).unwrap_or_default();
    (rest.iter().take(PAGE).cloned().collect(), rest.len() > PAGE)
}

fn laml(state: &mut State, request: &Request, folder: &str) -> ResponseTemplate {
    let path = request.url.path();
    let from = number(request, "Page");
    let next = |more: bool, name: &str, mood: Mood| match (mood, more) {
        (Mood::Circle, _) => json!(format!("{path}?{}", request.url.query().unwrap_or_default())),
        (Mood::Elsewhere, _) => json!("https://evil.example/steal?Page=2"),
        (_, true) => json!(format!("{folder}/{name}?Page={}", from + PAGE)),
        (_, false) => Value::Null,
    };
    if path == format!("{folder}/IncomingPhoneNumbers.json") {
        let numbers: Vec<_> = state.numbers.clone().into_iter().collect();
        let (rows, more) = page(&numbers, from);
        let rows: Vec<Value> = rows
            .iter()
            .map(|(number, voice)| {
                json!({ "sid": format!("PN{}", &number[1..]), "phone_number": number, "voice_url": voice,
                    "status_callback": state.hooks[1], "voice_fallback_url": state.hooks[2],
                    "voice_application_sid": null, "capabilities": { "voice": true, "sms": true } })
            })
            .collect();
        let next = next(more, "IncomingPhoneNumbers.json", state.mood);
        return ok(json!({ "incoming_phone_numbers": rows, "next_page_uri": next }));
    }
    if let Some(sid) = path.strip_prefix(&format!("{folder}/IncomingPhoneNumbers/PN")) {
        let number = format!("+{}", sid.trim_end_matches(".json"));
        let told = form(request);
        let Some(voice) = state.numbers.get_mut(&number) else { return missing() };
        voice.clone_from(&told["VoiceUrl"]);
        state.hooks[1].clone_from(&told["StatusCallback"]);
        state.hooks[2] = told.get("VoiceFallbackUrl").cloned().unwrap_or_default();
        state.set.push((number, told["VoiceMethod"].clone()));
        return ok(json!({}));
    }
    if path == format!("{folder}/Calls.json") {
        assert!(query(request, "StartTime>").is_some() || from > 0, "{}", request.url);
        let (rows, more) = page(&state.calls, from);
        return ok(json!({ "calls": rows, "next_page_uri": next(more, "Calls.json", state.mood) }));
    }
    missing()
}

fn telnyx(state: &mut State, request: &Request) -> ResponseTemplate {
    match (request.method.as_str(), request.url.path()) {
        ("GET", "/v2/phone_numbers") => {
            let at = number(request, "page[number]").max(1);
            let numbers: Vec<_> = state.numbers.clone().into_iter().collect();
            let pages = numbers.len().div_ceil(PAGE);
            let (rows, _) = page(&numbers, (at - 1) * PAGE);
            let rows: Vec<Value> = rows
                .iter()
                .map(|(number, application)| {
                    json!({ "id": number[1..], "phone_number": number, "connection_id": application })
                })
                .collect();
            let shown = if state.mood == Mood::Circle { at - 1 } else { at };
            ok(json!({ "data": rows, "meta": { "page_number": shown, "total_pages": pages } }))
        }
        ("GET", "/v2/texml_applications/app1") => ok(json!({ "data": {
            "friendly_name": "mine", "voice_url": state.hooks[0],
            "status_callback": state.hooks[1], "voice_fallback_url": state.hooks[2] } })),
        ("PATCH", "/v2/texml_applications/app1") => {
            let told: Value = serde_json::from_str(&body(request)).expect("JSON");
            assert_eq!(told["friendly_name"], "mine");
            let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
            state.hooks = [text("voice_url"), text("status_callback"), text("voice_fallback_url")];
            ok(json!({}))
        }
        ("GET", "/v2/call_control_applications/app1") => ok(json!({ "data": {
            "record_type": "call_control_application", "application_name": "mine",
            "webhook_api_version": if state.set.is_empty() { "1" } else { "2" },
            "webhook_event_url": state.hooks[0], "webhook_event_failover_url": state.hooks[2] } })),
        ("PATCH", "/v2/call_control_applications/app1") => {
            let told: Value = serde_json::from_str(&body(request)).expect("JSON");
            let known = ["application_name", "webhook_event_url", "webhook_api_version"];
            let fields = told.as_object().expect("an object");
            assert!(fields.keys().all(|name| known.contains(&name.as_str())), "{told}");
            assert_eq!((&told[known[0]], &told[known[2]]), (&json!("mine"), &json!("2")));
            told[known[1]].as_str().unwrap_or_default().clone_into(&mut state.hooks[0]);
            state.set.push(("call_control_applications".to_owned(), "2".to_owned()));
            ok(json!({}))
        }
        ("PATCH", path) => {
            let number = format!("+{}", path.trim_start_matches("/v2/phone_numbers/"));
            let told: Value = serde_json::from_str(&body(request)).expect("JSON");
            let application = told["connection_id"].as_str().unwrap_or_default().to_owned();
            state.numbers.insert(number, application);
            ok(json!({}))
        }
        ("GET", "/v2/texml/Accounts/a1/Calls") => {
            let from = number(request, "Page");
            let (rows, more) = page(&state.calls, from);
            let next = format!("/v2/texml/Accounts/a1/Calls?Page={}", from + PAGE);
            ok(json!({ "calls": rows, "next_page_uri": more.then_some(next) }))
        }
        _ => missing(),
    }
}

fn plivo(state: &mut State, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    let from = number(request, "offset");
    let next = |more: bool, circle: bool, name: &str| {
        let offset = if circle { from } else { from + PAGE };
        (more || circle).then(|| format!("/v1/Account/MA1/{name}/?limit=20&offset={offset}"))
    };
    let circle = state.mood == Mood::Circle;
    match (request.method.as_str(), path) {
        ("GET", "/v1/Account/MA1/Number/") => {
            let numbers: Vec<_> = state.numbers.clone().into_iter().collect();
            let (rows, more) = page(&numbers, from);
            let rows: Vec<Value> = rows
                .iter()
                .map(|(number, application)| {
                    let application = format!("/v1/Account/MA1/Application/{application}/");
                    json!({ "number": number[1..], "application": application, "sms_enabled": false })
                })
                .collect();
            ok(json!({ "objects": rows, "meta": { "next": next(more, circle, "Number") } }))
        }
        ("GET", "/v1/Account/MA1/Application/app1/") => ok(json!({
            "answer_url": state.hooks[0], "hangup_url": state.hooks[1], "fallback_answer_url": state.hooks[2] })),
        ("POST", "/v1/Account/MA1/Application/app1/") => {
            let told: Value = serde_json::from_str(&body(request)).expect("JSON");
            let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
            state.hooks = [text("answer_url"), text("hangup_url"), text("fallback_answer_url")];
            ok(json!({}))
        }
        ("POST", path) => {
            let digits = path.trim_start_matches("/v1/Account/MA1/Number/").trim_end_matches('/');
            let told: Value = serde_json::from_str(&body(request)).expect("JSON");
            let application = told["app_id"].as_str().unwrap_or_default().to_owned();
            state.numbers.insert(format!("+{digits}"), application);
            ok(json!({}))
        }
        ("GET", "/v1/Account/MA1/Call/") => {
            let (rows, more) = page(&state.calls, from);
            ok(json!({ "objects": rows, "meta": { "next": next(more, circle, "Call") } }))
        }
        _ => missing(),
    }
}

fn vonage(state: &mut State, request: &Request) -> ResponseTemplate {
    match (request.method.as_str(), request.url.path()) {
        // The real one has 100 rows a page; here all fit on one.
        ("GET", "/account/numbers") => {
            let numbers = state.numbers.iter().map(|(number, application)| {
                json!({ "country": "US", "msisdn": number[1..], "app_id": application,
                    "features": ["VOICE", "SMS"] })
            });
            let rows: Vec<Value> = numbers.collect();
            ok(json!({ "count": rows.len(), "numbers": rows }))
        }
        ("POST", "/number/update") => {
            let told = form(request);
            assert_eq!(told["country"], "US");
            state.numbers.insert(format!("+{}", told["msisdn"]), told["app_id"].clone());
            ok(json!({ "error-code": "200" }))
        }
        ("GET", "/v2/applications/app1") => {
            let hook = |address: &String| json!({ "address": address, "http_method": "POST" });
            ok(json!({ "id": "app1", "name": "mine", "keys": { "public_key": "PEM" }, "_links": {},
                "capabilities": { "rtc": { "keep": 1 }, "voice": { "signed_callbacks": true, "webhooks": {
                    "answer_url": hook(&state.hooks[0]), "event_url": hook(&state.hooks[1]),
                    "fallback_answer_url": hook(&state.hooks[2]) } } } }))
        }
        ("PUT", "/v2/applications/app1") => {
            let told: Value = serde_json::from_str(&body(request)).expect("JSON");
            assert_eq!(
                (&told["name"], &told["keys"]["public_key"]),
                (&json!("mine"), &json!("PEM"))
            );
            assert_eq!(told["capabilities"]["rtc"]["keep"], 1, "what is not ours stays");
            assert_eq!(told["capabilities"]["voice"]["signed_callbacks"], true);
            let hook = |name: &str| {
                let address = &told["capabilities"]["voice"]["webhooks"][name]["address"];
                address.as_str().unwrap_or_default().to_owned()
            };
            state.hooks = [hook("answer_url"), hook("event_url"), hook("fallback_answer_url")];
            ok(json!({}))
        }
        ("GET", "/v1/calls") => {
            let (rows, _) = page(&state.calls, number(request, "record_index"));
            ok(json!({ "count": state.calls.len(), "_embedded": { "calls": rows } }))
        }
        _ => missing(),
    }
}

fn bandwidth(state: &mut State, request: &Request) -> ResponseTemplate {
    let xml = |text: String| ResponseTemplate::new(200).set_body_raw(text, "application/xml");
    match (request.method.as_str(), request.url.path()) {
        ("POST", "/token") => ok(json!({ "access_token": "session-token", "expires_in": 3600 })),
        ("GET", "/api/accounts/990/inserviceNumbers") => {
            let at = number(request, "page").max(1);
            let numbers: Vec<_> = state.numbers.keys().cloned().collect();
            let (rows, _) = page(&numbers, at - 1);
            let rows =
                rows.iter().map(|n| format!("<TelephoneNumber>{}</TelephoneNumber>", &n[2..]));
            let rows: String = rows.collect();
            xml(format!(
                "<?xml version=\"1.0\"?><TNs><TotalCount>{}</TotalCount><TelephoneNumbers>{rows}</TelephoneNumbers></TNs>",
                numbers.len()
            ))
        }
        ("GET", "/api/accounts/990/applications/app1") => xml(format!(
            "<ApplicationProvisioningResponse><Application><AppName>A &amp; B</AppName>\
             <CallInitiatedCallbackUrl>{}</CallInitiatedCallbackUrl><CallStatusCallbackUrl>{}</CallStatusCallbackUrl>\
             <CallInitiatedFallbackUrl>{}</CallInitiatedFallbackUrl></Application></ApplicationProvisioningResponse>",
            state.hooks[0], state.hooks[1], state.hooks[2]
        )),
        ("PUT", "/api/accounts/990/applications/app1") => {
            let told = body(request);
            assert!(told.contains("<AppName>A &amp; B</AppName>"), "{told}");
            assert!(told.contains("<UserId>ringtrace</UserId>"), "{told}");
            let text = |name: &str| {
                let (_, rest) = told.split_once(&format!("<{name}>")).unwrap_or_default();
                rest.split('<').next().unwrap_or_default().to_owned()
            };
            state.hooks = [
                text("CallInitiatedCallbackUrl"),
                text("CallStatusCallbackUrl"),
                text("CallInitiatedFallbackUrl"),
            ];
            xml("<ok/>".to_owned())
        }
        ("GET", "/v2/accounts/990/calls") => {
            let from = number(request, "pageToken");
            let (rows, more) = page(&state.calls, from);
            let answer = ok(json!(rows));
            let next = format!("</v2/accounts/990/calls?pageToken={}>; rel=\"next\"", from + PAGE);
            if more { answer.insert_header("link", next.as_str()) } else { answer }
        }
        _ => missing(),
    }
}
