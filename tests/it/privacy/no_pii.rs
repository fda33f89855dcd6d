//! A site that keeps nothing that tells who somebody is: a whole journey, and not a byte of it.

use serde_json::{Value, json};

use crate::privacy::world::{ADDRESS, Person, everything, get, places, start, visit_and_call};

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_keeps_nobody_has_no_byte_of_who_came_and_called() {
    let mut app = start("[sites.privacy]\nmode = \"no_pii\"").await;
    let mut ann = Person::new("ANNMARK", "+12125550177");
    visit_and_call(&app, &mut ann).await;
    assert_eq!(ann.visitor, "", "the visitor has no id");
    // The conversion is tried.
    if let Some(app) = &mut app.app {
        app.start_delivery();
    }
    for tries in 0.. {
        let log = get(&app, "/v1/postbacks?site=one").await;
        if log["postbacks"][0]["attempts"].as_u64() > Some(0) {
            break;
        }
        assert!(tries < 100, "nothing was tried: {log}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    app.reported().await;

    let all = everything(&app).await;
    assert!(!places(&all, ann.call.as_bytes()).is_empty(), "the call itself is there");
    for mark in [
        ann.number[1..].to_owned(),
        ann.number[2..].to_owned(),
        ann.mark(" Name"),
        ann.mark("-click-id"),
        ann.mark("-query"),
        ann.mark("-agent"),
        ann.mark("-recording"),
        ADDRESS.to_owned(),
        ann.email(),
        ann.email().to_lowercase(),
        ann.email_hash(),
    ] {
        assert_eq!(places(&all, mark.as_bytes()), [""; 0], "{mark}");
    }
    for (name, bytes) in &all {
        assert!(!name.contains(":client:") && !name.contains(":visitor:"), "{name}: {bytes:?}");
    }

    // Who calls again is known to have called, and is joined with a visit all the same.
    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert_eq!(call["caller"]["number"], Value::Null, "{call}");
    assert_eq!(
        (&call["caller"]["first_time"], &call["status"]),
        (&json!(true), &json!("answered"))
    );
    assert_eq!(call["attribution"]["source"], "google", "{call}");
    let again = [("CallSid", "CA2"), ("From", ann.number), ("To", "+14155550190")];
    let told = [&again[..], &[("CallStatus", "ringing"), ("Direction", "inbound")]].concat();
    assert!(app.twilio("voice", &told).await.status().is_success());
    let calls = get(&app, "/v1/calls?site=one").await;
    assert_eq!(calls["calls"][0]["caller"]["first_time"], false, "{calls}");
    app.stop().await;
}
