//! What destinations ask for and how answers are judged.

use base64::Engine;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde::Deserialize;

use super::url::{BadTemplate, check_template};
use super::*;
use crate::config::model::UrlMethod;
use crate::platform::ids::CallId;
use crate::platform::secret::Secret;
use crate::postback::client::Request;
use crate::postback::model::ConversionFacts;

const NOW: Millis = Millis(1_767_323_045_000);

fn named(kind: DestinationKind) -> Destination {
    Destination { id: "d".parse().expect("an id"), kind }
}

fn url_to(url: &str, require: &[&str], hmac_secret: &str) -> Destination {
    named(DestinationKind::Url {
        url: url.to_owned(),
        method: UrlMethod::Get,
        require: require.iter().map(ToString::to_string).collect(),
        hmac_secret: Secret::new(hmac_secret),
        hmac_secret_file: None,
    })
}

fn webhook_to(url: &str, secret: &str, header: Option<(&str, &str)>) -> Destination {
    named(DestinationKind::Webhook {
        url: url.to_owned(),
        secret: Secret::new(secret),
        secret_file: None,
        headers: header
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into_iter()
            .collect(),
    })
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn postback(facts: ConversionFacts) -> Postback {
    Postback {
        id: "c.qualified.d".to_owned(),
        site: "s".parse().expect("a site"),
        destination: "d".parse().expect("a destination"),
        call: CallId::default(),
        conversion: "qualified".to_owned(),
        converted_at: NOW,
        queued_at: NOW,
        latest_at: NOW,
        attempts: 0,
        last_answer: String::new(),
        facts,
        corrects: None,
        withdrawn: String::new(),
    }
}

fn with_click_id(name: &str, value: &str) -> Postback {
    let click_ids = vec![(name.to_owned(), value.to_owned())];
    postback(ConversionFacts { click_ids, ..ConversionFacts::default() })
}

fn request(destination: &Destination, postback: &Postback) -> Request {
    match prepare(destination, postback, NOW).expect("a good destination") {
        Prepared::Send(request) => *request,
        Prepared::Skip { why } => panic!("skipped: {why}"),
    }
}

fn skipped(destination: &Destination, postback: &Postback) -> String {
    match prepare(destination, postback, NOW).expect("a good destination") {
        Prepared::Send(request) => panic!("sent to {}", request.url),
        Prepared::Skip { why } => why,
    }
}

#[test]
fn answers_are_judged_by_their_status() {
    let judged = |kind: &str, status| {
        let to = "https://x.example/";
        let destination =
            if kind == "url" { url_to(to, &[], "") } else { webhook_to(to, SECRET, None) };
        judge(&destination, &Answer { status, retry_after: None, text: String::new() })
    };
    for status in [200, 201, 202, 204] {
        assert_eq!(judged("url", status), Judgement::Delivered);
    }
    for status in [301, 302, 307, 400, 404, 405, 409, 413, 422, 451] {
        assert_eq!(judged("url", status), Judgement::Rejected);
        assert_eq!(judged("webhook", status), Judgement::Rejected);
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        assert_eq!(judged("url", status), Judgement::Later);
    }
    for status in [401, 403] {
        assert_eq!(judged("webhook", status), Judgement::Refused);
    }
    assert_eq!(judged("url", 410), Judgement::Rejected);
    assert_eq!(judged("webhook", 410), Judgement::Gone);
}

#[test]
fn templates_are_checked() {
    for good in [
        "https://x.example/pb?gclid={gclid}&c={campaign}&t={timestamp}",
        "http://x.example:81/[CLICK_ID]/{Conversion}?payout=[PAYOUT]&items[]=1&a[0]=2",
        "https://x.example",
        "https://[2a00::1]/pb?id={txid}",
    ] {
        assert_eq!(check_template(good), Ok(()), "{good}");
    }
    let error = |text: &str| check_template(text).expect_err(text);
    assert_eq!(
        error("https://x.example/?a={gcild}").to_string(),
        "there is no macro {gcild}; did you mean {gclid}?"
    );
    let hidden = error("https://x.example/?a={caller_id}").to_string();
    assert!(hidden.contains("{caller_hash}"), "{hidden}");
    assert!(matches!(error("https://x.example/?a=[WHAT_IS_IT]"), BadTemplate::Unknown { .. }));
    assert_eq!(error("https://x.example/?a={gclid"), BadTemplate::Unclosed);
    assert_eq!(error("https://{source}.example/"), BadTemplate::InHost);
    assert_eq!(error("https://x.example{source}/"), BadTemplate::InHost);
    for no_url in ["{source}", "ftp://x.example/", "x.example/?a={gclid}", "https://", "mailto:a@b"]
    {
        assert_eq!(error(no_url), BadTemplate::NotUrl, "{no_url}");
    }
    assert_eq!(error(&format!("https://x.example/{}", "a".repeat(5000))), BadTemplate::TooLong);
}

#[test]
fn required_macros_must_be_known_and_have_a_value() {
    let wants_gclid = url_to("https://x.example/", &["gclid"], "");
    assert_eq!(skipped(&wants_gclid, &postback(ConversionFacts::default())), "it has no gclid");
    for unreal in ["", "test", "{gclid}", "a b", "<script>"] {
        assert_eq!(skipped(&wants_gclid, &with_click_id("gclid", unreal)), "it has no gclid");
    }
    request(&wants_gclid, &with_click_id("gclid", "Cj0-_x.~"));
    assert!(check(&url_to("https://x.example/", &["gklid"], "")).is_err());
}

#[test]
fn every_spelling_of_a_click_id_finds_it_but_no_other_platforms() {
    let network = url_to("https://x.example/?a={click_id}&b=[CLICK_ID]&c={cid}", &[], "");
    let found = request(&network, &with_click_id("clickid", "abc"));
    assert_eq!(found.url.query(), Some("a=abc&b=abc&c=abc"));
    let other = request(&network, &with_click_id("gclid", "abc"));
    assert_eq!(other.url.query(), Some("a=&b=&c="));
}

#[test]
fn the_signature_covers_path_and_query_as_sent() {
    let signed = url_to("https://x.example/p b?c={campaign}", &[], "key");
    let facts = ConversionFacts { campaign: "a&b c".to_owned(), ..ConversionFacts::default() };
    let sent = request(&signed, &postback(facts)).url;
    // printf '/p%%20b?c=a%%26b%%20c' | openssl dgst -sha256 -hmac key
    assert_eq!(
        sent.as_str(),
        "https://x.example/p%20b?c=a%26b%20c&sig=\
         d1115d158ab0f4987b59905083c0bfc06cfae28061009a403cba63e24fb45d1f"
    );
}

proptest! {
    #[test]
    fn whatever_a_visitor_says_stays_inside_its_parameter(
        campaign in any::<String>(), source in prop_oneof![any::<String>(), "[./%\\\\]{0,6}"],
    ) {
        let template = url_to("https://x.example/a/{source}/z?c={campaign}&end=1", &[], "");
        let facts = ConversionFacts {
            campaign: campaign.clone(),
            source: source.clone(),
            ..ConversionFacts::default()
        };
        let prepared = prepare(&template, &postback(facts), NOW).expect("a good destination");
        if let Prepared::Send(sent) = prepared {
            let only_dots = |text: &str| text.bytes().all(|b| b == b'.');
            let told = |text: &str| if only_dots(text) { String::new() } else { text.to_owned() };
            prop_assert_eq!(sent.url.host_str(), Some("x.example"));
            let pairs: Vec<_> = sent.url.query_pairs().collect();
            prop_assert_eq!(pairs.len(), 2);
            prop_assert_eq!(pairs[0].1.as_ref(), told(&campaign));
            let segments: Vec<_> = sent.url.path_segments().expect("a path").collect();
            prop_assert_eq!(segments.len(), 3);
            let middle = percent_decode_str(segments[1]).decode_utf8().expect("text");
            prop_assert_eq!(middle.as_ref(), told(&source));
            let raw = sent.url.query().expect("a query");
            prop_assert!(!raw.contains('+') && !raw.contains(' '));
        }
    }
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
    id: String,
    timestamp: i64,
    payload: String,
    signature: String,
    valid_at: i64,
    valid: serde_json::Value,
}

#[test]
fn our_signatures_are_those_of_the_official_vectors() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!(
        "../../../tests/fixtures/standard-webhooks/vectors.json"
    ))
    .expect("the vectors");
    for vector in vectors {
        let signer = webhook::signer(&Secret::new(&vector.secret));
        if vector.valid == "error" {
            assert!(signer.is_err(), "{}", vector.name);
            continue;
        }
        let ours = signer
            .expect("a secret")
            .sign(&vector.id, vector.timestamp, vector.payload.as_bytes())
            .expect("a signature");
        let fresh = (vector.valid_at - vector.timestamp).abs() <= 300;
        let accepted = vector.signature.split(' ').any(|entry| entry == ours);
        assert_eq!(accepted && fresh, vector.valid == true, "{}", vector.name);
    }
}

#[test]
fn the_vector_of_the_payload_convention_holds() {
    let key: Vec<u8> = (0..32).collect();
    let padded = base64::engine::general_purpose::STANDARD.encode(key);
    let body = r#"{"type":"conversion.created","timestamp":"2026-01-02T03:04:05Z","data":{"id":"conv_1","value":12.5}}"#;
    for secret in [format!("whsec_{padded}"), format!("whsec_{}", padded.trim_end_matches('='))] {
        let signer = webhook::signer(&Secret::new(secret)).expect("a secret");
        let signature = signer.sign("msg_2mN8M1", 1_767_323_045, body.as_bytes());
        assert_eq!(
            signature.expect("a signature"),
            "v1,/751Th5w1K36s/QgbKLgGmtI398D5okGSexRuMDKSDM="
        );
    }
}

#[test]
fn a_webhook_says_what_happened_and_keeps_its_id_over_attempts() {
    let hook = webhook_to("https://x.example/h", SECRET, Some(("X-Team", "a")));
    assert_eq!(check(&hook), Ok(()));
    let mut postback = with_click_id("gclid", "abc");
    postback.facts.labels.ids.insert("crm".to_owned(), "4711".to_owned());
    postback.facts.labels.tags.push("vip".to_owned());
    let first = request(&hook, &postback);
    let Ok(Prepared::Send(second)) = prepare(&hook, &postback, NOW.plus(5000)) else {
        panic!("not sent");
    };
    assert_eq!(first.headers["webhook-id"], "c.qualified.d");
    assert_eq!(first.headers["webhook-id"], second.headers["webhook-id"]);
    assert_eq!(first.headers["webhook-timestamp"], "1767323045");
    assert_eq!(second.headers["webhook-timestamp"], "1767323050");
    assert_ne!(first.headers["webhook-signature"], second.headers["webhook-signature"]);
    assert_eq!(first.headers["x-team"], "a");
    assert_eq!(first.body, second.body);
    let body: serde_json::Value = serde_json::from_str(&first.body).expect("JSON");
    assert_eq!(body["type"], "conversion.created");
    assert_eq!(body["timestamp"], "2026-01-02T03:04:05.000Z");
    assert_eq!(body["data"]["click_ids"]["gclid"], "abc");
    assert_eq!(body["data"]["id"], "c.qualified.d");
    assert_eq!(body["data"]["ids"]["crm"], "4711");
    assert_eq!(body["data"]["tags"][0], "vip");
}

#[test]
fn a_webhook_with_a_bad_secret_url_or_header_is_refused() {
    for secret in ["", "whsec_", "whsec_AAAA", "whsec_not base64!"] {
        let hook = webhook_to("https://x.example/", secret, None);
        assert_eq!(check(&hook), Err(BadDestination::Secret), "{secret}");
    }
    for name in ["Webhook-Id", "content-type", "Host", "a b"] {
        let hook = webhook_to("https://x.example/", SECRET, Some((name, "x")));
        assert!(matches!(check(&hook), Err(BadDestination::Header { .. })), "{name}");
    }
    for url in ["file:///etc/passwd", "x.example/h", ""] {
        assert_eq!(check(&webhook_to(url, SECRET, None)), Err(BadDestination::Url), "{url}");
    }
}
