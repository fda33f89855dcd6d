//! Bodies of requests, bounded before they are read.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};

use crate::http::problem::Problem;
use crate::platform::table;

/// How long a body may take to come: a client that sends a byte a second must not hold its memory for hours.
const LONGEST: Duration = Duration::from_secs(20);

/// The whole body, at most `limit` bytes of it, within [`LONGEST`].
pub async fn read_body(body: web::Payload, limit: usize) -> Result<web::Bytes, Problem> {
    match tokio::time::timeout(LONGEST, body.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_))) => Err(Problem::BadRequest("the body broke off".to_owned())),
        Ok(Err(_)) => Err(Problem::TooLarge { limit }),
        Err(_) => Err(Problem::TooSlow { longest_s: LONGEST.as_secs() }),
    }
}

/// The body as text, when the request says that it is CSV, in the encoding that it names or [`table::text`] finds.
pub fn as_csv<'a>(request: &HttpRequest, body: &'a [u8]) -> Option<Result<Cow<'a, str>, Problem>> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let (kind, parameters) = kind.split_once(';').unwrap_or((&kind, ""));
    let charset = parameters.split(';').find_map(|parameter| {
        parameter.trim().strip_prefix("charset=").map(|name| name.trim_matches('"'))
    });
    let refused = |why| Problem::BadRequest(format!("the body: {why}"));
    (kind.trim() == "text/csv").then(|| table::text(body, charset).map_err(refused))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_table_is_read_in_its_encoding() {
        let utf_16: Vec<u8> = "\u{feff}Zoë".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (kind, body, expected) in [
            ("text/csv", "Zoë".as_bytes(), Some("Zoë")),
            ("text/csv", "\u{feff}Zoë".as_bytes(), Some("Zoë")),
            ("Text/CSV; charset=\"ISO-8859-1\"", b"Zo\xeb", Some("Zoë")),
            ("text/csv", b"Zo\xeb", Some("Zoë")),
            ("text/csv; header=present", &utf_16, Some("Zoë")),
            ("text/csv; charset=utf-8", b"Zo\xeb", None),
            ("text/csv; charset=klingon", b"Zo", None),
        ] {
            let request = TestRequest::post().insert_header((CONTENT_TYPE, kind)).to_http_request();
            let read = as_csv(&request, body).expect("a table").ok();
            assert_eq!(read.as_deref(), expected, "{kind}");
        }
        let request = TestRequest::post().insert_header((CONTENT_TYPE, "text/csvx"));
        assert!(as_csv(&request.to_http_request(), b"").is_none());
    }
}
