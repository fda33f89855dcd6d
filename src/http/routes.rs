//! Every route, in one list.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::ExtraRoutes;
use crate::call::recorder::Recorder;
use crate::call::spool::Spool;
use crate::config::Live;
use crate::http::edge::edge;
use crate::http::limits::SnippetLimiter;
use crate::http::problem::Problem;
use crate::http::{operations, snippet};
use crate::lease::store::LeaseStore;
use crate::platform::clock::Clock;
use crate::platform::redis::Redis;
use crate::platform::signing::SigningKeys;
use crate::postback::store::Outbox;
use crate::visit::tables::Tables;
use crate::warehouse::store::Warehouse;
use crate::{call, lease, postback, report};

/// What the handlers work with, the same for every worker.
#[derive(Clone)]
pub struct Parts {
    /// The configuration in force.
    pub live: Live,
    /// The clock.
    pub clock: Clock,
    /// The installation's keys.
    pub signing: SigningKeys,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The spool of call events.
    pub spool: Spool,
    /// Limits snippet requests per network.
    pub limiter: web::Data<SnippetLimiter>,
    /// What visits are classified by.
    pub tables: web::Data<Tables>,
    /// The outbox of postbacks.
    pub outbox: Outbox,
    /// The dashboard's pages, prepared once.
    pub dashboard: ExtraRoutes,
    /// Routes that an embedding program adds.
    pub extra_routes: Option<ExtraRoutes>,
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
    let pages = parts.dashboard.clone();
    let extra = parts.extra_routes.clone();
    let Parts { live, clock, signing, .. } = parts.clone();
    let recorder = Recorder::new(redis.clone(), live, clock, signing);
    let unreadable = |what: &str, why: String| Problem::BadRequest(format!("{what}: {why}"));
    let (app, mut openapi) = App::new()
        .into_utoipa_app()
        .app_data(web::Data::new(parts.live.clone()))
        .app_data(web::Data::new(parts.clock.clone()))
        .app_data(web::Data::new(parts.signing.clone()))
        .app_data(web::Data::new(parts.metrics.clone()))
        .app_data(web::Data::new(parts.warehouse.clone()))
        .app_data(web::Data::new(parts.spool.clone()))
        .app_data(parts.limiter.clone())
        .app_data(parts.tables.clone())
        .app_data(web::Data::new(parts.outbox.clone()))
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
                .error_handler(move |e, _| unreadable("the body", e.to_string()).into()),
        )
        .configure(lease::http::routes)
        .configure(call::http::routes)
        .configure(report::http::routes)
        .configure(postback::http::routes)
        .configure(operations::routes)
        .split_for_parts();
    describe(&mut openapi);
    let document = web::Bytes::from(openapi.to_json().unwrap_or_default());
    app.route(
        "/openapi.json",
        web::get().to(move || {
            let document = document.clone();
            async { HttpResponse::Ok().content_type("application/json").body(document) }
        }),
    )
    .service(
        SwaggerUi::new("/docs/{page:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")),
    )
    .configure(snippet::routes)
    .configure(move |config| {
        pages(config);
        if let Some(extra) = &extra {
            extra(config);
        }
    })
    .default_service(web::to(nothing_here))
    .wrap(Compress::default())
    .wrap(from_fn(edge))
}

/// No route takes this: an unknown path, or a known one with another method.
async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(match request.match_pattern() {
        Some(_) => Problem::MethodNotAllowed,
        None => Problem::NotFound { what: "route" },
    })
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
}

/// The OpenAPI document without a server, for tests and tools.
pub fn openapi() -> OpenApi {
    let (_, mut openapi) = App::new()
        .into_utoipa_app()
        .configure(lease::http::routes)
        .configure(call::http::routes)
        .configure(report::http::routes)
        .configure(postback::http::routes)
        .configure(operations::routes)
        .split_for_parts();
    describe(&mut openapi);
    openapi
}
