//! Asking the service as the snippet would: the script, and a page view. The page view comes from a
//! program by its own word and wants nothing, so that no session is opened and no number taken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, ORIGIN};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};
use url::Url;

use super::fetch::{Fetched, get, network, read};
use super::tag::Tag;
use crate::lease::wire::PROTOCOL_VERSION;

/// What the service says of the site.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) v: u32,
    /// What pages swap.
    pub(super) targets: Vec<Target>,
    #[serde(flatten)]
    pub(super) settings: Settings,
}

/// One target.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) forms: Vec<Form>,
}

/// A written form.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    pub(super) digits: String,
    #[serde(default)]
    pub(super) letters: Option<String>,
}

/// What decides which numbers are swapped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) exclude: Vec<String>,
    pub(super) attributes: Vec<String>,
}

/// Why the service does not serve the page; an id and what to do.
pub(super) type Refusal = (&'static str, String);

/// Asks for `tag`'s site on behalf of `page`.
pub(super) async fn ask(client: &Client, tag: &Tag, page: &Url) -> Result<Answer, Refusal> {
    let url = tag.route("/v1/lease");
    let unreachable = |why: String| ("endpoint_unreachable", format!("{url}: {why}"));
    let key = tag.key.clone().unwrap_or_default();
    let origin = page.origin().ascii_serialization();
    let view = serde_json::json!({
        "v": PROTOCOL_VERSION, "key": key, "page": "ringtrace-doctor", "seq": 1, "want": "none",
        "url": origin, "prerender": true,
    });
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "text/plain;charset=UTF-8")
        .header(ORIGIN, &origin)
        .body(view.to_string());
    let answer = request.send().await.map_err(|error| unreachable(network(&error).to_string()))?;
    let answer = read(answer).await.map_err(|error| unreachable(error.to_string()))?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND if problem(&answer) == "not_found" => {
            return Err(("key_unknown", format!("{url} knows no site with the key {key:?}")));
        }
        StatusCode::FORBIDDEN if problem(&answer) == "origin_not_allowed" => {
            let message = format!("pages of {origin} may not use this key; add it to `origins`");
            return Err(("origin_not_allowed", message));
        }
        status => {
            return Err(unreachable(format!("it answers {status}, and is no service of ours")));
        }
    }
    let allowed = answer.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
    if allowed.and_then(|allowed| allowed.to_str().ok()) != Some(origin.as_str()) {
        let message = format!(
            "{url} does not allow {origin} to read its answer (CORS); does a proxy remove the header?"
        );
        return Err(("cors", message));
    }
    let told: Result<Answer, _> = serde_json::from_slice(&answer.body);
    let told = told.map_err(|_| unreachable("its answer cannot be read".to_owned()))?;
    if told.v == PROTOCOL_VERSION {
        Ok(told)
    } else {
        Err(unreachable(format!("it speaks version {} of the protocol", told.v)))
    }
}

fn problem(answer: &Fetched) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body["id"].as_str().unwrap_or_default().to_owned()
}

/// What is wrong with the script of `tag`, for a page that is `secure` (https) or not.
pub(super) async fn script(client: &Client, tag: &Tag, page: &Url) -> Option<Refusal> {
    let src = &tag.src;
    if page.scheme() == "https" && src.scheme() != "https" {
        let message = format!("{src} is not secure: browsers do not load it into an https page");
        return Some(("mixed_content", message));
    }
    let script = match get(client, src).await {
        Ok(script) => script,
        Err(why) => return Some(("script_unreachable", format!("{src}: {why}"))),
    };
    if script.status == StatusCode::NOT_FOUND && tag.is_immutable() {
        let message = format!(
            "{src} is gone: a newer version has another name; `ringtrace snippet` prints it"
        );
        return Some(("script_outdated", message));
    }
    if script.status != StatusCode::OK {
        return Some((
            "script_unreachable",
            format!("{src}: its server answers {}", script.status),
        ));
    }
    if !script.kind().contains("javascript") {
        let message = format!("{src} is no script but {:?}", script.kind());
        return Some(("script_unreachable", message));
    }
    let integrity = tag.integrity.as_deref().filter(|text| !text.trim().is_empty())?;
    if src.origin() != page.origin() && !tag.crossorigin {
        let message = "with `integrity` the tag needs crossorigin=\"anonymous\"; without it browsers do not run the script";
        return Some(("crossorigin_missing", message.to_owned()));
    }
    let message =
        || format!("the `integrity` of the tag is not that of {src}: browsers do not run it");
    (!fits(integrity, &script.body)).then(|| ("integrity", message()))
}

/// Whether one of the strongest hashes in `integrity` is that of `body` (Subresource Integrity); with none
/// that is known, everything is.
fn fits(integrity: &str, body: &[u8]) -> bool {
    let hashes = integrity.split_ascii_whitespace().filter_map(|one| {
        let (algorithm, rest) = one.split_once('-')?;
        let hash = rest.split('?').next().unwrap_or(rest);
        let (strength, own) = match algorithm {
            "sha256" => (1, STANDARD.encode(Sha256::digest(body))),
            "sha384" => (2, STANDARD.encode(Sha384::digest(body))),
            "sha512" => (3, STANDARD.encode(Sha512::digest(body))),
            _ => return None,
        };
        Some((strength, own == hash))
    });
    hashes.max().is_none_or(|(_, fits)| fits)
}
