//! `GET /rt.js` and `GET /rt.<hash>.js`: the snippet, compiled into the binary, and the versions of it
//! that were served before.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, Encoding, EntityTag, Header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use crate::http::problem::Problem;
use crate::http::snippet_versions::{hash_of, keep};

const SNIPPET: &str = include_str!("../../js-snippet/dist/rt.js");

/// First ten hex digits of the snippet's SHA-256: its immutable name is `/rt.<hash>.js`.
pub fn snippet_hash() -> String {
    hash_of(SNIPPET.as_bytes())
}

/// The `integrity` attribute for the immutable name (Subresource Integrity, SHA-384).
pub fn snippet_integrity() -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(SNIPPET.as_bytes())))
}

/// A version of the snippet as it is sent, each form made once, when it is first asked for.
struct Script {
    hash: String,
    plain: Bytes,
    packed: OnceLock<[Bytes; 2]>,
}

impl Script {
    fn new(plain: Bytes) -> Self {
        Script { hash: hash_of(&plain), plain, packed: OnceLock::new() }
    }

    /// In brotli and gzip. Writing to memory cannot fail; a form that did would be empty, and is not
    /// offered.
    fn packed(&self) -> &[Bytes; 2] {
        let pack = |packed: std::io::Result<Vec<u8>>| Bytes::from(packed.unwrap_or_default());
        self.packed.get_or_init(|| [pack(brotli(&self.plain)), pack(gzip(&self.plain))])
    }

    /// The best form that the request takes.
    fn form(&self, request: &HttpRequest) -> (&'static str, &Bytes) {
        let accepts = header::AcceptEncoding::parse(request).ok();
        let [brotli, gzip] = self.packed();
        let forms = [("br", Encoding::brotli(), brotli), ("gzip", Encoding::gzip(), gzip)];
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

/// The version of this program, and those before it by hash.
struct Scripts {
    newest: Script,
    older: HashMap<String, Script>,
}

impl Scripts {
    /// Without its folder only the newest version is served: pages that name another one show their
    /// own number.
    fn open(folder: &Path) -> Self {
        let older = keep(folder, SNIPPET.as_bytes()).unwrap_or_else(|error| {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "older versions of the snippet cannot be kept");
            Vec::new()
        });
        let older = older.into_iter().map(|(hash, code)| (hash, Script::new(code.into())));
        let newest = Script::new(Bytes::from_static(SNIPPET.as_bytes()));
        newest.packed();
        Scripts { newest, older: older.collect() }
    }

    fn named(&self, hash: &str) -> Option<&Script> {
        if hash == self.newest.hash { Some(&self.newest) } else { self.older.get(hash) }
    }
}

/// The routes of the snippet, whose versions are kept in `folder`. Call it once and clone the result
/// into every worker, so that its forms are made once.
pub fn routes(folder: &Path) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + Sync + 'static {
    let scripts = Arc::new(Scripts::open(folder));
    move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&scripts)))
            .route("/rt.js", web::get().to(newest))
            .route("/rt.{hash}.js", web::get().to(by_hash));
    }
}

async fn newest(request: HttpRequest, scripts: web::Data<Scripts>) -> HttpResponse {
    scripts.newest.answer(&request, "public, max-age=300")
}

async fn by_hash(
    request: HttpRequest,
    scripts: web::Data<Scripts>,
    asked: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let script = scripts.named(&asked).ok_or(Problem::NotFound { what: "snippet" })?;
    Ok(script.answer(&request, "public, max-age=31536000, immutable"))
}
