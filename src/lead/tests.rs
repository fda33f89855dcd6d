//! Leads, read from JSON and tables.

use serde_json::{Map, Value, json};

use super::rules::{Place, from_csv, from_json};
use crate::platform::clock::Millis;
use crate::platform::ids::{LeadId, SessionId, SiteId};

const NOW: Millis = Millis(1_767_323_145_000);

fn site() -> SiteId {
    "demo".parse().expect("a site")
}

fn place(site: &SiteId) -> Place<'_> {
    Place { site, country: "US", now: NOW }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

#[test]
fn a_lead_names_a_session_a_caller_or_both() {
    let (site, session) = (site(), SessionId::new());
    let entries = [
        json!({ "id": "4711", "session": session.to_string(), "caller": "(415) 555-0133" }),
        json!({ "kind": "Chat", "caller": "+442079460000", "at": "2026-01-02T03:04:05+01:00", "source": "yelp" }),
        json!({ "session": session.to_string(), "id": null }),
    ];
    let read = from_json(&entries.map(object), place(&site));
    let told: Vec<_> = read.iter().map(|(_, told)| told.as_ref().expect("a lead")).collect();
    assert_eq!(told[0].id, LeadId::of(&site, "4711"));
    assert_eq!((told[0].kind.as_str(), told[0].at, told[0].session), ("form", NOW, Some(session)));
    assert_eq!(told[0].caller.as_ref().map(|n| n.as_str()), Some("+14155550133"));
    assert_eq!((told[1].kind.as_str(), told[1].at), ("chat", Millis(1_767_319_445_000)));
    assert_eq!(told[1].source.as_ref().map(|s| s.source.as_str()), Some("yelp"));
    assert_eq!(told[2].caller, None);
    // Told without an id, the same is the same lead; another moment makes it another one.
    let again = from_json(&[object(json!({ "session": session.to_string() }))], place(&site));
    assert_eq!(again[0].1.as_ref().expect("a lead").id, told[2].id);
    let later = Place { now: NOW.plus(1), ..place(&site) };
    let later = from_json(&[object(json!({ "session": session.to_string() }))], later);
    assert_ne!(later[0].1.as_ref().expect("a lead").id, told[2].id);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let site = site();
    for (entry, part) in [
        (json!({}), "name the `session`"),
        (json!({ "caller": "anonymous" }), "`caller`"),
        (json!({ "caller": 5 }), "`caller` must be a text"),
        (json!({ "session": "abc" }), "`session`"),
        (json!({ "caller": "+14155550133", "at": "yesterday" }), "`at`"),
        (json!({ "caller": "+14155550133", "at": "2027-01-01T00:00:00Z" }), "future"),
        (json!({ "caller": "+14155550133", "kind": "two words" }), "`kind`"),
        (json!({ "caller": "+14155550133", "name": "a\nb" }), "`name`"),
        (json!({ "caller": "+14155550133", "e-mail": "x" }), "no field `e-mail`"),
    ] {
        let read = from_json(&[object(entry.clone())], place(&site));
        let reason = read[0].1.as_ref().expect_err("refused");
        assert!(reason.contains(part), "{entry}: {reason}");
    }
}

#[test]
fn a_table_tells_its_lines() {
    let site = site();
    let text = "id;kind;caller\n1;form;+14155550133\n\n2;chat;nobody\n";
    let read = from_csv(text, place(&site)).expect("a table");
    assert_eq!(
        read.iter().map(|(line, told)| (*line, told.is_ok())).collect::<Vec<_>>(),
        [(2, true), (4, false)]
    );
    assert!(from_csv("id,kind\n1,form\n", place(&site)).is_err());
}
