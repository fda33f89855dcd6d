//! Every route, in one list.

use std::collections::{BTreeMap, HashMap};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, ResponseError, web};
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::ExtraRoutes;
use crate::attribution::delays::prior;
use crate::audit::middleware::audit;
use crate::audit::store::AuditLog;
use crate::backup::snapshot::Backups;
use crate::call::archive::Archive;
use crate::call::command::worker::Commander;
use crate::call::live::hub::Hub;
use crate::call::recorder::Recorder;
use crate::call::spool::Spool;
use crate::config::Live;
use crate::export::store::Exports;
use crate::http::edge::edge;
use crate::http::ended::EndedSessions;
use crate::http::limits::{ApiLimiter, SnippetLimiter};
use crate::http::operations;
use crate::http::problem::{PROBLEM, Problem};
use crate::lease::clicks::LateClicks;
use crate::lease::exhausted::Exhaustions;
use crate::lease::pools::http::CallDelays;
use crate::lease::pools::load::Grants;
use crate::lease::shares::Shares;
use crate::lease::store::LeaseStore;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Clock;
use crate::platform::redis::Redis;
use crate::platform::shutdown::ShutdownSignal;
use crate::platform::signing::SigningKeys;
use crate::postback::store::Outbox;
use crate::postback::worker::Deliverer;
use crate::privacy::eraser::Eraser;
use crate::report::query::benchmarks::Benchmarks;
use crate::visit::client::ClientKey;
use crate::visit::place::Places;
use crate::visit::tables::Tables;
use crate::warehouse::store::Warehouse;
use crate::{
    alert, attribution, call, costs, dashboard, export, forecast, lead, lease, postback, report,
    visit,
};

/// What the handlers work with, the same for every worker.
#[derive(Clone)]
pub struct Parts {
    /// The configuration in force.
    pub live: Live,
    /// The clock.
    pub clock: Clock,
    /// The installation's keys.
    pub signing: SigningKeys,
    /// What callers are hashed and sealed with.
    pub caller_keys: CallerKeys,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The spool of call events.
    pub spool: Spool,
    /// Tells calls what to do whose providers are told by commands.
    pub commander: Commander,
    /// Limits snippet requests per network.
    pub limiter: web::Data<SnippetLimiter>,
    /// Limits API requests per key.
    pub api_limiter: web::Data<ApiLimiter>,
    /// What visits are classified by.
    pub tables: web::Data<Tables>,
    /// What reports are held against.
    pub benchmarks: web::Data<Benchmarks>,
    /// Sessions that were given a number since they were last written down.
    pub grants: web::Data<Grants>,
    /// Which network holds how much of a pool.
    pub shares: web::Data<Shares>,
    /// Where taps go that pages tell of late.
    pub late_clicks: web::Data<LateClicks>,
    /// Where pools go that had no number for a visitor.
    pub exhaustions: web::Data<Exhaustions>,
    /// Where addresses are.
    pub places: Places,
    /// Seals who asked.
    pub client_key: ClientKey,
    /// Those who listen to calls.
    pub hub: Hub,
    /// Whether the service is about to end.
    pub ending: ShutdownSignal,
    /// The outbox of postbacks.
    pub outbox: Outbox,
    /// What delivers them, and tries destinations.
    pub deliverer: Deliverer,
    /// Who changed and exported what.
    pub audit: AuditLog,
    /// Sessions of the dashboard that somebody signed out of.
    pub ended_sessions: EndedSessions,
    /// Forgets people.
    pub eraser: Eraser,
    /// Writes facts as files.
    pub exports: Exports,
    /// Makes copies of everything.
    pub backups: Backups,
    /// The dashboard's pages, prepared once.
    pub dashboard: ExtraRoutes,
    /// The snippet, prepared once.
    pub snippet: ExtraRoutes,
    /// Routes that an embedding program adds.
    pub extra_routes: Option<ExtraRoutes>,
}

/// The routes that the OpenAPI document describes, in flow order.
fn documented(config: &mut ServiceConfig<'_>) {
    config
        .configure(lease::http::routes)
        // Routes are tried in this order, and callers wait for this one.
        .configure(call::http::routes)
        .configure(lease::pools::http::routes)
        .configure(lease::numbers::http::routes)
        .configure(attribution::http::routes)
        .configure(call::outcome::http::routes)
        .configure(lead::http::routes)
        .configure(costs::http::routes)
        .configure(report::http::routes)
        .configure(export::http::routes)
        .configure(forecast::http::routes)
        .configure(alert::http::routes)
        .configure(postback::http::routes)
        .configure(crate::audit::http::routes)
        .configure(crate::backup::http::routes)
        .configure(crate::privacy::http::routes)
        .configure(visit::http::routes)
        .configure(dashboard::session::routes)
        .configure(dashboard::setup::routes)
        .configure(dashboard::provider_check::routes)
        .configure(operations::routes);
}

/// The application of one worker; `redis` is this worker's own connection.
pub fn application(
    parts: Parts,
    redis: Redis,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let (pages, snippet) = (parts.dashboard.clone(), parts.snippet.clone());
    let extra = parts.extra_routes.clone();
    let Parts { live, clock, caller_keys, tables, .. } = parts.clone();
    let recorder = Recorder::new(redis.clone(), live, clock, caller_keys, tables.into_inner())
        .forgetting(parts.eraser.list().clone());
    let unreadable = |what: &str, why: String| Problem::BadRequest(format!("{what}: {why}"));
    let (app, mut openapi) = App::new()
        .into_utoipa_app()
        .app_data(web::Data::new(parts.live.clone()))
        .app_data(web::Data::new(parts.clock.clone()))
        .app_data(web::Data::new(parts.signing.clone()))
        .app_data(web::Data::new(parts.metrics.clone()))
        .app_data(web::Data::new(parts.warehouse.clone()))
        .app_data(web::Data::new(Archive::new(parts.warehouse.clone(), parts.caller_keys.clone())))
        .app_data(web::Data::new(parts.hub.clone()))
        .app_data(web::Data::new(parts.spool.clone()))
        .app_data(web::Data::new(parts.commander.clone()))
        .app_data(parts.limiter.clone())
        .app_data(parts.api_limiter.clone())
        .app_data(parts.tables.clone())
        .app_data(parts.benchmarks.clone())
        .app_data(parts.grants.clone())
        .app_data(parts.shares.clone())
        .app_data(parts.late_clicks.clone())
        .app_data(parts.exhaustions.clone())
        .app_data(web::Data::new(CallDelays(|idle_ms| prior().share_by(idle_ms))))
        .app_data(web::Data::new(parts.places.clone()))
        .app_data(web::Data::new(parts.client_key.clone()))
        .app_data(web::Data::new(parts.ending.clone()))
        .app_data(web::Data::new(parts.outbox.clone()))
        .app_data(web::Data::new(parts.deliverer.clone()))
        .app_data(web::Data::new(parts.audit.clone()))
        .app_data(web::Data::new(parts.ended_sessions.clone()))
        .app_data(web::Data::new(parts.backups.clone()))
        .app_data(web::Data::new(parts.eraser.clone()))
        .app_data(web::Data::new(parts.exports.clone()))
        .app_data(web::Data::new(LeaseStore::new(redis.clone())))
        .app_data(web::Data::new(recorder))
        .app_data(web::Data::new(redis))
        .app_data(
            web::QueryConfig::default()
                .error_handler(move |e, _| unreadable("the query", e.to_string()).into()),
        )
        .app_data(
            web::PathConfig::default()
                .error_handler(|_, _| Problem::NotFound { what: "route" }.into()),
        )
        .app_data(
            web::JsonConfig::default()
                .limit(parts.live.now().config.limits.api_body)
                .error_handler(move |e, _| unreadable("the body", e.to_string()).into()),
        )
        .configure(documented)
        .split_for_parts();
    describe(&mut openapi);
    let methods = web::Data::new(Methods::of(&openapi));
    let document = web::Bytes::from(openapi.to_json().unwrap_or_default());
    app.app_data(methods)
        .route(
            "/openapi.json",
            web::get().to(move || {
                let document = document.clone();
                async { HttpResponse::Ok().content_type("application/json").body(document) }
            }),
        )
        .service(
            SwaggerUi::new("/docs/{page:.*}")
                .config(utoipa_swagger_ui::Config::from("/openapi.json")),
        )
        .service(web::redirect("/docs", "/docs/"))
        .configure(move |config| {
            snippet(config);
            pages(config);
            if let Some(extra) = &extra {
                extra(config);
            }
        })
        .default_service(web::to(nothing_here))
        .wrap(from_fn(audit))
        .wrap(Compress::default())
        .wrap(from_fn(edge))
}

/// The methods that each documented route takes, as `Allow` tells them.
struct Methods(HashMap<String, String>);

impl Methods {
    fn of(document: &OpenApi) -> Self {
        let allow = |item: &PathItem| {
            let taken = [
                ("GET, HEAD", &item.get),
                ("POST", &item.post),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let taken = taken.into_iter().filter(|(_, operation)| operation.is_some());
            taken.map(|(methods, _)| methods).collect::<Vec<_>>().join(", ")
        };
        let paths = document.paths.paths.iter();
        Methods(paths.map(|(path, item)| (path.clone(), allow(item))).collect())
    }
}

/// No route takes this: an unknown path, or a known one with another method.
async fn nothing_here(
    request: HttpRequest,
    methods: web::Data<Methods>,
) -> Result<HttpResponse, Problem> {
    let Some(pattern) = request.match_pattern() else {
        return Err(Problem::NotFound { what: "route" });
    };
    // What is not documented is a page or a file.
    let allow = methods.0.get(&pattern).map_or("GET, HEAD", String::as_str);
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish());
    }
    let mut response = Problem::MethodNotAllowed.error_response();
    if let Ok(value) = header::HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    Ok(response)
}

fn describe(openapi: &mut OpenApi) {
    let info = InfoBuilder::new()
        .title("Ringtrace")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Dynamic number insertion and call attribution."))
        .build();
    let described = OpenApiBuilder::from(std::mem::take(openapi)).info(info);
    *openapi = described.build();
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for item in openapi.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            if operation.security.is_some() {
                describe_refusals(&mut operation.responses.responses);
            }
        }
    }
}

/// What any route that takes a key may answer.
fn describe_refusals(responses: &mut BTreeMap<String, RefOr<Response>>) {
    for (status, why) in [
        ("401", "No known key"),
        ("403", "The key's scope is too low"),
        ("413", "The body is larger than `limits.api_body`"),
        ("429", "Too many requests; `Retry-After` says how long to wait"),
        ("503", "Redis or the warehouse cannot serve now"),
    ] {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
        let problem = ResponseBuilder::new().description(why).content(PROBLEM, body).build();
        match responses.get_mut(status) {
            Some(RefOr::T(known)) if known.content.is_empty() => *known = problem,
            Some(_) => {}
            None => _ = responses.insert(status.to_owned(), problem.into()),
        }
    }
}

/// The OpenAPI document without a server, for tests and tools.
pub fn openapi() -> OpenApi {
    let (_, mut openapi) = App::new().into_utoipa_app().configure(documented).split_for_parts();
    describe(&mut openapi);
    openapi
}
