//! URL templates and webhooks: what is sent, and how answers are judged.

use base64::Engine;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::config::model::{UrlTarget, WebhookTarget};
use crate::postback::destinations::check;
use crate::postback::destinations::url::{BadTemplate, check_template};
use crate::postback::destinations::webhook;

fn url_to(url: &str, require: &[&str], hmac_secret: &str) -> Destination {
    named(DestinationKind::Url(UrlTarget {
        url: url.to_owned(),
        require: require.iter().map(ToString::to_string).collect(),
        hmac_secret: Secret::new(hmac_secret),
        ..UrlTarget::default()
    }))
}

fn webhook_to(url: &str, secret: &str, header: Option<(&str, &str)>) -> Destination {
    let headers = header.map(|(name, value)| (name.to_owned(), Secret::new(value)));
    named(DestinationKind::Webhook(WebhookTarget {
        url: url.to_owned(),
        secret: Secret::new(secret),
        headers: headers.into_iter().collect(),
        ..WebhookTarget::default()
    }))
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn answers_are_judged_by_their_status() {
    let judged = |kind: &str, status| {
        let to = "https://x.example/";
        let destination =
            if kind == "url" { url_to(to, &[], "") } else { webhook_to(to, SECRET, None) };
        destination.kind.platform().classify(&Answer::new(status, ""), 1)
    };
    for status in [200, 201, 202, 204] {
        assert_eq!(judged("url", status), Answered::delivered());
    }
    for status in [301, 302, 307, 400, 404, 405, 409, 413, 422, 451] {
        assert!(matches!(judged("url", status), Answered::Poisoned { .. }), "{status}");
        assert!(matches!(judged("webhook", status), Answered::Poisoned { .. }), "{status}");
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        assert!(matches!(judged("url", status), Answered::All(Judgement::Later(..))), "{status}");
    }
    for status in [401, 403] {
        assert!(matches!(judged("webhook", status), Answered::Refused(_)), "{status}");
    }
    assert!(matches!(judged("url", 410), Answered::Poisoned { .. }));
    assert_eq!(judged("webhook", 410), Answered::Gone);
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
    let none = skipped(&wants_gclid, &postback(ConversionFacts::default()));
    assert_eq!((none.reason, none.why.as_str()), (SkipReason::NoClickId, "it has no gclid"));
    for unreal in ["", "test", "{gclid}", "a b", "<script>"] {
        let skip = skipped(&wants_gclid, &with_click_id("gclid", unreal));
        assert_eq!(skip.reason, SkipReason::TestValue, "{unreal}");
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
        if let Ok(sent) = prepared(&template, &postback(facts), NOW) {
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
        "../../../../tests/fixtures/standard-webhooks/vectors.json"
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
    let second = prepared(&hook, &postback, NOW.plus(5000)).expect("it is sent");
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

#[test]
fn what_people_see_of_a_url_hides_its_path_and_the_templates_own_values() {
    let template = "https://x.example/hooks/T01?token=s3cr3t&gclid={gclid}&k=a{source}b#frag";
    let sent = request(&url_to(template, &[], ""), &with_click_id("gclid", "Cj0abc"));
    assert_eq!(sent.line(), "GET https://x.example/[…]?token=[…]&gclid=Cj0abc&k=[…]");
}

#[test]
fn two_secrets_sign_twice() {
    let mut hook = webhook_to("https://x.example/h", SECRET, None);
    let second = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    if let DestinationKind::Webhook(target) = &mut hook.kind {
        target.second_secret = Secret::new(second);
    }
    let sent = request(&hook, &with_click_id("gclid", "abc"));
    for secret in [SECRET, second] {
        let receiver = standardwebhooks::Webhook::new(secret).expect("a secret");
        let signature = receiver.sign("c.qualified.d", 1_767_323_045, sent.body.as_bytes());
        let signature = signature.expect("a signature");
        let header = sent.headers["webhook-signature"].to_str().expect("text");
        assert!(header.split(' ').any(|entry| entry == signature), "{header}");
    }
    assert_eq!(sent.headers["idempotency-key"], "c.qualified.d");
}

#[test]
fn a_webhook_is_told_no_click_id_that_is_unreal_or_not_allowed() {
    let hook = webhook_to("https://x.example/h", SECRET, None);
    let mut told = with_click_id("gclid", "test");
    told.facts.click_ids.push(("msclkid".to_owned(), "b1240587f865192a".to_owned()));
    let body: Value = serde_json::from_str(&request(&hook, &told).body).expect("JSON");
    assert_eq!(body["data"]["click_ids"], json!({ "msclkid": "b1240587f865192a" }));
    let denied = Person { ads: false, ..person() };
    let platform = hook.kind.platform();
    let row = platform.row(&Told { postback: &told, person: &denied });
    assert_eq!(row["data"]["click_ids"], json!({}));
    assert!(row["data"].get("caller").is_none(), "the number is told to nobody who did not ask");
}
