//! `GET /rt.js` and `GET /rt.<hash>.js`: the snippet, compiled into the binary.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384};

use crate::http::problem::Problem;

const SNIPPET: &str = include_str!("../../js-snippet/dist/rt.js");

/// First ten hex digits of the snippet's SHA-256: its immutable name is `/rt.<hash>.js`.
pub fn snippet_hash() -> String {
    hex::encode(Sha256::digest(SNIPPET.as_bytes()))[..10].to_owned()
}

/// The `integrity` attribute for the immutable name (Subresource Integrity, SHA-384).
pub fn snippet_integrity() -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(SNIPPET.as_bytes())))
}

fn script(cache: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, cache))
        // Integrity checks need a CORS answer; the script is public.
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .body(SNIPPET)
}

/// The routes of the snippet.
pub fn routes(config: &mut web::ServiceConfig) {
    let hash = snippet_hash();
    config.route("/rt.js", web::get().to(|| async { script("public, max-age=300") })).route(
        "/rt.{hash}.js",
        web::get().to(move |asked: web::Path<String>| {
            let known = *asked == hash;
            async move {
                if known {
                    Ok(script("public, max-age=31536000, immutable"))
                } else {
                    Err(Problem::NotFound { what: "snippet" })
                }
            }
        }),
    );
}
