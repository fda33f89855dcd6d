//! `/` and the dashboard's other pages, `/demo`, and `/assets/<hash>/<name>`, with the headers that keep the pages to
//! themselves.

use std::path::Path;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::dashboard::assets::Pages;
use crate::http::problem::Problem;

/// What a page may load, run and send: itself alone. Nothing inline, no other host, no frame.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'none'";

/// A year; the address changes with the content.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The dashboard's addresses; which page each is, the page itself decides.
const DASHBOARD_PATHS: [&str; 8] =
    ["/", "/explore", "/calls", "/calls/{id}", "/pools", "/postbacks", "/forecast", "/setup"];

/// The routes of the pages; with a `demo_key` those of the demo. Call it once and clone the result
/// into every worker, so that the pages are prepared once. With a `folder` that is not empty files are read from there with
/// every request.
pub fn routes(
    demo_key: Option<String>,
    folder: &Path,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let folder = (!folder.as_os_str().is_empty()).then_some(folder);
    let pages = Arc::new(Pages::new(demo_key.as_deref(), folder));
    move |config| {
        config.app_data(Data::from(Arc::clone(&pages)));
        for path in DASHBOARD_PATHS {
            config.service(web::resource(path).get(dashboard).route(web::head().to(dashboard)));
        }
        config.service(
            web::resource("/assets/{hash}/{name:.+}").get(asset).route(web::head().to(asset)),
        );
        if pages.demo().is_some() {
            config.service(web::resource("/demo").get(demo).route(web::head().to(demo)));
        }
    }
}

async fn dashboard(pages: Data<Pages>) -> HttpResponse {
    // It holds the demo's key, and a cached one would point to assets of an older version.
    page(pages.dashboard(), "no-referrer")
}

async fn demo(pages: Data<Pages>) -> Result<HttpResponse, Problem> {
    let html = pages.demo().ok_or(Problem::NotFound { what: "page" })?;
    // Without a referrer policy that names the origin, the snippet's beacons would come from
    // `Origin: null`, which no site allows.
    Ok(page(html, "strict-origin-when-cross-origin"))
}

async fn asset(
    pages: Data<Pages>,
    address: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (hash, name) = address.into_inner();
    let (media_type, body) =
        pages.asset(&hash, &name).ok_or(Problem::NotFound { what: "asset" })?;
    Ok(guarded()
        .insert_header((
            header::CACHE_CONTROL,
            if pages.is_settled() { FOR_GOOD } else { "no-store" },
        ))
        .content_type(media_type)
        .body(body))
}

fn page(html: Bytes, referrer_policy: &'static str) -> HttpResponse {
    guarded()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, referrer_policy))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn guarded() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"));
    response
}
