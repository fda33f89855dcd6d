//! Two tenants of one service, each with its own site, keys and data, and every route of the OpenAPI document that
//! takes a key, ready to be called for either of them.

use reqwest::{Method, RequestBuilder, Response};
use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use ringtrace::http::auth::key_hash;
use ringtrace::http::routes::openapi;
use serde_json::{Value, json};

use crate::support::app::{AUTH_TOKEN, BROWSER, TestApp, twilio_signature};

/// The scopes of keys, lowest first.
pub const SCOPES: [&str; 4] = ["reader", "analyst", "manager", "admin"];

/// The key that may do everything everywhere.
pub const EVERY_SITE: &str = "rt_every_site";

/// A tenant: one site, and the ids of what happened on it.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// Its site, and the first word of all that is its own: campaign, lead, destination.
    pub site: &'static str,
    /// Last digits of its numbers: `+1415555<digits>`.
    digits: [&'static str; 3],
    /// One call.
    pub call: String,
    /// What the provider calls that call.
    pub provider_call: String,
    /// When it began.
    pub started_at: String,
    /// The session that made it.
    pub session: String,
    /// A postback.
    pub postback: String,
}

impl Tenant {
    fn new(site: &'static str, digits: [&'static str; 3]) -> Self {
        Tenant { site, digits, ..Tenant::default() }
    }

    /// Its key of this scope.
    pub fn key(&self, scope: &str) -> String {
        format!("rt_{}_{scope}", self.site)
    }

    /// One of its numbers: two of the configuration, one that was added over the API.
    pub fn number(&self, which: usize) -> String {
        format!("+1415555{}", self.digits[which])
    }

    /// Who calls it.
    pub fn caller(&self) -> String {
        format!("+1212555{}", self.digits[0])
    }

    /// Words that only its own answers may have.
    pub fn marks(&self) -> Vec<String> {
        let Tenant { site, call, provider_call, session, .. } = self;
        let words = [site, call.as_str(), provider_call, session];
        let numbers = (0..3).map(|which| self.number(which)[1..].to_owned());
        let mut marks: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        marks.extend(numbers);
        marks.push(self.caller()[1..].to_owned());
        marks
    }

    fn toml(&self) -> String {
        let Tenant { site, .. } = self;
        let keys = SCOPES.map(|scope| {
            let hash = key_hash(&self.key(scope));
            format!(
                "[[api_keys]]\nname = \"{site} {scope}\"\nsha256 = \"{hash}\"\nscope = \"{scope}\"\nsites = [\"{site}\"]\n"
            )
        });
        format!(
            "{}[[sites]]\nid = \"{site}\"\nkey = \"pk_{site}\"\nforward_to = \"+18005550100\"\nconsent = \"granted\"\n\
             [[sites.targets]]\nid = \"main\"\nnumber = \"+18005550100\"\npool = \"main\"\n\
             [[sites.pools]]\nid = \"main\"\nnumbers = [\"{}\", \"{}\"]\n\
             [[sites.conversions]]\nname = \"{site}-won\"\ndestinations = [\"{site}-crm\"]\n\
             [[sites.destinations]]\nid = \"{site}-crm\"\nkind = \"url\"\nurl = \"http://127.0.0.1:9/?c={{call_id}}\"\n\
             [sites.telephony.twilio]\nauth_token = \"{AUTH_TOKEN}\"\n",
            keys.concat(),
            self.number(0),
            self.number(1),
        )
    }
}

/// A service with two tenants who know nothing of each other.
pub struct Tenancy {
    /// The service.
    pub app: TestApp,
    /// Who looks where they may not.
    pub meadow: Tenant,
    /// Whose things must not be seen.
    pub harbour: Tenant,
}

impl Tenancy {
    /// Starts the service and lets the same happen to both.
    pub async fn start() -> Self {
        let mut app = TestApp::on_a_free_port();
        let mut meadow = Tenant::new("meadow", ["0160", "0161", "0162"]);
        let mut harbour = Tenant::new("harbour", ["0170", "0171", "0172"]);
        let (folder, base) = (app.folder().display().to_string(), app.base.clone());
        let text = format!(
            "data_folder = \"{folder}\"\n[server]\nlisten = \"{}\"\npublic_url = \"{base}\"\nworkers = 1\n\
             [limits]\nunknown_keys_per_minute = 10000\napi_per_minute = 10000\n\
             [postback]\nallow_private_targets = true\n\
             [[api_keys]]\nname = \"the installation's\"\nsha256 = \"{}\"\nscope = \"admin\"\n{}{}",
            base.trim_start_matches("http://"),
            key_hash(EVERY_SITE),
            meadow.toml(),
            harbour.toml(),
        );
        let config = load_text("two tenants", &text).expect("a good configuration");
        let options = Options { hold_postbacks: true, ..Options::default() };
        app.app = Some(App::start(config, options).await.expect("it starts"));
        for tenant in [&mut meadow, &mut harbour] {
            happen(&app, tenant).await;
        }
        app.reported().await;
        Tenancy { app, meadow, harbour }
    }

    /// A request to `route` that names the things of `tenant`, and `site` in its query, without a key.
    pub fn ask(&self, route: &Route, tenant: &Tenant, site: Option<&str>) -> RequestBuilder {
        let (path, query) = (route.path_for(tenant), route.query_for(tenant, site));
        let url = format!("{}{path}?{query}", self.app.base);
        let request = self.app.client.request(route.method.clone(), url);
        match route.has_body.then(|| route.body_for(tenant)) {
            None => request,
            Some(Value::String(csv)) => request.header("content-type", "text/csv").body(csv),
            Some(json) => request.json(&json),
        }
    }

    /// What a key of `tenant` reads at `path`.
    pub async fn read(&self, path: &str, tenant: &Tenant) -> Value {
        let answer = self.app.get(path, &tenant.key("admin")).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }
}

/// Two calls after a page view each, two leads, a number that was added: of a tenant.
async fn happen(app: &TestApp, tenant: &mut Tenant) {
    let site = tenant.site;
    for which in 0..2 {
        let view = json!({
            "v": 1, "key": format!("pk_{site}"), "page": format!("page-{site}-{which}"), "seq": 1,
            "url": format!("https://www.{site}.example/?utm_source=google&utm_campaign={site}-spring"),
        });
        let asked = app.client.post(format!("{}/v1/lease", app.base)).header("user-agent", BROWSER);
        let view: Value = asked.body(view.to_string()).send().await.unwrap().json().await.unwrap();
        let number = view["targets"][0]["tracking"]["number"].as_str().expect("a number");
        tenant.session = view["session_id"].as_str().expect("a session").to_owned();
        tenant.provider_call = format!("CA{:0>28}{}{which}", "", &tenant.digits[0][1..]);
        answered_call(app, tenant, number).await;
    }
    let key = tenant.key("admin");
    let leads = [0, 1]
        .map(|n| json!({ "id": format!("{site}-{n}"), "name": format!("{site} form"), "caller": tenant.caller() }));
    let url = |path: &str| format!("{}{path}", app.base);
    let told = app.client.post(url(&format!("/v1/leads?site={site}"))).bearer_auth(&key);
    assert_eq!(told.json(&json!({ "leads": leads })).send().await.unwrap().status(), 200);
    let added = app.client.post(url(&format!("/v1/sites/{site}/pools/main/numbers")));
    let added = added.bearer_auth(&key).json(&json!({ "numbers": [tenant.number(2)] }));
    assert_eq!(added.send().await.unwrap().status(), 200);

    let of = |path: &'static str| app.get(path, &key);
    let calls: Value = of("/v1/calls").await.json().await.unwrap();
    tenant.call = calls["calls"][0]["id"].as_str().expect("a call").to_owned();
    tenant.started_at = calls["calls"][0]["started_at"].as_str().expect("a start").to_owned();
    let postbacks: Value = of("/v1/postbacks").await.json().await.unwrap();
    tenant.postback = postbacks["postbacks"][0]["id"].as_str().expect("a postback").to_owned();
}

async fn answered_call(app: &TestApp, tenant: &Tenant, number: &str) {
    let (call, from) = (tenant.provider_call.as_str(), tenant.caller());
    let all = [("CallSid", call), ("From", &from), ("To", number)];
    for (event, told) in [
        ("voice", &[("CallStatus", "ringing"), ("Direction", "inbound")][..]),
        ("dial", &[("DialCallStatus", "completed"), ("DialCallDuration", "10")]),
        ("status", &[("CallStatus", "completed"), ("CallDuration", "12")]),
    ] {
        let fields = [&all[..], told].concat();
        let url = format!("{}/v1/telephony/twilio/{}/{event}", app.base, tenant.site);
        let signed =
            app.client.post(&url).header("x-twilio-signature", twilio_signature(&url, &fields));
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let told = signed.header("content-type", "application/x-www-form-urlencoded").body(body);
        assert!(told.send().await.expect("an answer").status().is_success(), "{event}");
    }
}

/// A documented route that takes a key.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its pattern.
    pub path: String,
    /// The least scope that it needs, as the document says.
    pub scope: String,
    /// Whether its query may name a site, and whether it must.
    pub site: Option<bool>,
    /// Whether it wants a key that may see every site.
    pub wants_every_site: bool,
    /// What else its query must name.
    needed: Vec<String>,
    has_body: bool,
}

/// Routes whose body names a site.
const NAMED_IN_BODY: [&str; 7] = [
    "POST /v1/postbacks/replay",
    "POST /v1/postbacks/test",
    "POST /v1/privacy/erase",
    "POST /v1/privacy/export",
    "POST /v1/privacy/retention",
    "POST /v1/reports/query",
    "POST /v1/reports/query/analyse",
];

impl Route {
    /// All of them, from the OpenAPI document.
    pub fn all() -> Vec<Route> {
        let document = serde_json::to_value(openapi()).expect("a document");
        let paths = document["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            let item = item.as_object().expect("a path");
            item.iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        });
        operations.filter_map(|(path, method, operation)| read(path, method, operation)).collect()
    }

    /// What failures call it.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it names a thing of a tenant, be it in path, query or body.
    pub fn names_a_tenant(&self) -> bool {
        let in_body = NAMED_IN_BODY.contains(&self.name().as_str());
        self.path.contains('{') || self.site.is_some() || in_body
    }

    /// Whether it can be asked without naming anything: for all that a key may see.
    pub fn is_list(&self) -> bool {
        !self.path.contains('{') && self.site != Some(true)
    }

    fn path_for(&self, tenant: &Tenant) -> String {
        let mut path = self.path.clone();
        while let Some((before, rest)) = path.split_once('{') {
            let (name, after) = rest.split_once('}').expect("a placeholder");
            let value = match name {
                "site" => tenant.site,
                "pool" => "main",
                "number" => &tenant.number(2),
                "name" if self.path.starts_with("/v1/reports/") => "sources",
                "id" if self.path.starts_with("/v1/calls/") => &tenant.call,
                "id" if self.path.starts_with("/v1/postbacks/") => &tenant.postback,
                name => panic!(
                    "{}: tests/support/tenants.rs does not know a `{name}` of a tenant; teach `path_for` one",
                    self.name()
                ),
            };
            path = format!("{before}{value}{after}");
        }
        path
    }

    /// A query that names the tenant's things.
    fn query_for(&self, tenant: &Tenant, site: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(site) = site.filter(|_| self.site.is_some()) {
            query.append_pair("site", site);
        }
        for name in &self.needed {
            let value = match name.as_str() {
                "conversion" => &format!("{}-won", tenant.site),
                "format" => "google",
                "table" => "calls",
                name => panic!(
                    "{}: tests/support/tenants.rs does not know what to ask for in `{name}`",
                    self.name()
                ),
            };
            query.append_pair(name, value);
            if name == "table" {
                // In a compressed file nobody would see what is another's.
                query.append_pair("format", "csv");
            }
        }
        query.finish()
    }

    /// A body that names the tenant's things: a text is a CSV.
    fn body_for(&self, tenant: &Tenant) -> Value {
        let site = tenant.site;
        match self.name().as_str() {
            "POST /v1/costs" => {
                json!({ "costs": [{ "date": "2026-03-01", "source": "google", "amount": 1.5 }] })
            }
            "POST /v1/staffing" => {
                json!({ "staffing": [{ "date": "2026-03-01", "agent": "Ann", "hours": 7.5 }] })
            }
            "POST /v1/postbacks/replay" => json!({ "site": site }),
            "POST /v1/postbacks/test" => {
                json!({ "site": site, "destination": format!("{site}-crm"), "dry_run": true })
            }
            "POST /v1/privacy/erase" | "POST /v1/privacy/export" => {
                json!({ "site": site, "caller": "+12125550123" })
            }
            "POST /v1/privacy/reseal" => json!({}),
            "POST /v1/privacy/retention" => json!({ "site": site, "dry_run": true }),
            "POST /v1/reports/query" | "POST /v1/reports/query/analyse" => {
                json!({ "site": site, "metrics": ["calls"], "dimensions": ["campaign"] })
            }
            "POST /v1/sites/{site}/classify" => json!({ "url": "https://www.example.com/" }),
            "PATCH /v1/calls/{id}" => json!({ "disposition": "booked" }),
            "POST /v1/calls/{id}/events" => json!({ "id": "queued-1", "type": "queued" }),
            "POST /v1/calls/import" => Value::from(
                "started_at,caller,tracking_number,status\n2026-03-01T09:00:00Z,+12125550199,+14155550199,answered\n",
            ),
            "POST /v1/leads" => json!({ "leads": [{ "id": "walked", "caller": "+12125550199" }] }),
            "POST /v1/outcomes" => {
                json!({ "outcomes": [{ "call": tenant.call, "disposition": "booked" }] })
            }
            "POST /v1/sites/{site}/pools/{pool}/numbers" => {
                json!({ "numbers": [tenant.number(2)] })
            }
            "POST /v1/sites/{site}/what-if" => json!({ "open": ["mon-fri 09:00-17:00"] }),
            name => panic!("tests/support/tenants.rs has no body for {name}; teach `body_for` one"),
        }
    }
}

fn read(path: &str, method: &str, operation: &Value) -> Option<Route> {
    let security = operation["security"].as_array()?;
    let scopes = security.iter().find_map(|one| one["key"].as_array())?;
    let name = format!("{method} {path}");
    let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
    let [scope, more @ ..] = &scopes[..] else {
        panic!("{name}: state the scope that it needs, as in `security((\"key\" = [\"reader\"]))`")
    };
    assert!(SCOPES.contains(scope), "{name}: there is no scope `{scope}`");
    assert!(more.iter().all(|more| *more == "every-site"), "{name}: {more:?}");
    let (mut site, mut more_needed) = (None, Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let needed = parameter["required"] == true;
        match (parameter["in"].as_str(), parameter["name"].as_str()) {
            (Some("query"), Some("site")) => site = Some(needed),
            (Some("query"), Some(other)) if needed => more_needed.push(other.to_owned()),
            _ => {}
        }
    }
    Some(Route {
        method: method.to_uppercase().parse().expect("a method"),
        path: path.to_owned(),
        scope: (*scope).to_owned(),
        site,
        wants_every_site: !more.is_empty(),
        needed: more_needed,
        has_body: operation.get("requestBody").is_some(),
    })
}

/// Status, headers and body of an answer as one text; of a stream the first piece.
pub async fn seen(mut answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let mut text = format!("{:?}\n", answer.headers());
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let first = answer.chunk().await.expect("a piece").unwrap_or_default();
        text.push_str(&String::from_utf8_lossy(&first));
    } else {
        text.push_str(&answer.text().await.expect("a text"));
    }
    (status, text)
}
