//! `GET /rt.js` and `GET /rt.<hash>.js`: the snippet, compiled into the binary.

use std::io::Write;
use std::sync::Arc;

use actix_web::http::header::{self, Encoding, EntityTag, Header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
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

/// The snippet as it is sent, each form made once.
struct Script {
    plain: Bytes,
    gzip: Bytes,
    brotli: Bytes,
    hash: String,
}

impl Script {
    fn new() -> Self {
        let plain = Bytes::from_static(SNIPPET.as_bytes());
        // Writing to memory cannot fail; a form that did would be empty, and is not offered.
        Script {
            gzip: gzip(&plain).unwrap_or_default().into(),
            brotli: brotli(&plain).unwrap_or_default().into(),
            plain,
            hash: snippet_hash(),
        }
    }

    /// The best form that the request takes.
    fn form(&self, request: &HttpRequest) -> (&'static str, &Bytes) {
        let accepts = header::AcceptEncoding::parse(request).ok();
        let forms =
            [("br", Encoding::brotli(), &self.brotli), ("gzip", Encoding::gzip(), &self.gzip)];
        let offered = forms.into_iter().filter(|(_, _, body)| !body.is_empty());
        let taken = offered.into_iter().find(|(_, encoding, _)| {
            let one = [encoding.clone()];
            accepts
                .as_ref()
                .is_some_and(|accepts| accepts.negotiate(one.iter()).as_ref() == Some(encoding))
        });
        taken.map_or(("identity", &self.plain), |(word, _, body)| (word, body))
    }

    fn answer(&self, request: &HttpRequest, cache: &'static str) -> HttpResponse {
        let (encoding, body) = self.form(request);
        let tag = EntityTag::new_strong(format!("{}-{encoding}", self.hash));
        let known = match header::IfNoneMatch::parse(request) {
            Ok(header::IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
            Ok(header::IfNoneMatch::Any) => true,
            Err(_) => false,
        };
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header(header::ETag(tag))
            .insert_header((header::CACHE_CONTROL, cache))
            .insert_header((header::VARY, "Accept-Encoding"))
            // Integrity checks need a CORS answer; the script is public.
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"));
        if known {
            return response.finish();
        }
        if encoding != "identity" {
            response.insert_header((header::CONTENT_ENCODING, encoding));
        }
        response.content_type("text/javascript; charset=utf-8").body(body.clone())
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

fn brotli(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let best = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &*plain, &mut packed, &best)?;
    Ok(packed)
}

/// The routes of the snippet. Call it once and clone the result into every worker, so that its forms
/// are made once.
pub fn routes() -> impl Fn(&mut web::ServiceConfig) + Clone + Send + Sync + 'static {
    let script = Arc::new(Script::new());
    move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&script)))
            .route("/rt.js", web::get().to(newest))
            .route("/rt.{hash}.js", web::get().to(by_hash));
    }
}

async fn newest(request: HttpRequest, script: web::Data<Script>) -> HttpResponse {
    script.answer(&request, "public, max-age=300")
}

async fn by_hash(
    request: HttpRequest,
    script: web::Data<Script>,
    asked: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if *asked != script.hash {
        return Err(Problem::NotFound { what: "snippet" });
    }
    Ok(script.answer(&request, "public, max-age=31536000, immutable"))
}
