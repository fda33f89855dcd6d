//! Bodies of requests, bounded before they are read.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};

use crate::http::problem::Problem;

/// The whole body, at most `limit` bytes of it.
pub async fn read_body(body: web::Payload, limit: usize) -> Result<web::Bytes, Problem> {
    match body.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::BadRequest("the body broke off".to_owned())),
        Err(_) => Err(Problem::TooLarge { limit }),
    }
}

/// The body as text, when the request says that it is CSV.
pub fn as_csv<'a>(request: &HttpRequest, body: &'a [u8]) -> Option<Result<&'a str, Problem>> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let is_csv = kind.trim_start().to_ascii_lowercase().starts_with("text/csv");
    let not_text = |_| Problem::BadRequest("the body: it is not UTF-8".to_owned());
    is_csv.then(|| std::str::from_utf8(body).map_err(not_text))
}
