use serde_json::json;

use super::*;
use crate::ledger::model::Envelope;

const DAY: i64 = 86_400_000;

fn limits(text: &str) -> Limits {
    let rules: Retention = toml::from_str(text).expect("rules");
    Limits::new(&rules, Millis(100 * DAY)).expect("something is not kept")
}

fn call(day: i64) -> Envelope {
    let body = json!({
        "id": "0190a5b8e4f07cc3a1b2c3d4e5f60718", "version": 1, "site": "one", "provider": "generic",
        "provider_call_id": "x", "caller": { "number": "+12125550177", "name": "Ann", "city": "New York", "country": "US" },
        "caller_hash": "aa", "status": "answered", "started_at": day * DAY, "recording_url": "https://x.example/1",
        "outcome": { "notes": "secret", "disposition": "booked" },
        "attribution": {
            "basis": "holder", "session": "0190a5b8e4f07cc3a1b2c3d4e5f60719", "confidence": 0.9, "tier": "own",
            "session_started_at": (day - 20) * DAY, "landing_page": "/a", "page": "/r.example", "referrer_host": "r.example",
            "click_ids": [{ "name": "gclid", "value": "x" }],
        },
    });
    let call = serde_json::from_value(body).expect("a call");
    let site = "one".parse().expect("a site");
    Envelope::new(site, Millis(day * DAY), "x".to_owned(), Event::Call(call))
}

fn after(limits: &Limits, mut envelope: Envelope) -> (Fate, Call) {
    let fate = limits.entry(&mut envelope);
    let again = limits.entry(&mut envelope.clone());
    if fate == Fate::Change {
        assert_eq!(again, Fate::Keep, "doing it twice changes nothing");
    }
    let Event::Call(call) = envelope.event else { panic!("a call") };
    (fate, *call)
}

#[test]
fn every_rule_takes_its_own_fields_and_nothing_before_its_time() {
    for (rule, gone) in [
        ("caller_number = '240h'", "+12125550177"),
        ("caller = '240h'", "caller_hash"),
        ("caller_name = '240h'", "New York"),
        ("recordings = '240h'", "x.example"),
        ("notes = '240h'", "secret"),
        ("click_ids = '720h'", "gclid"),
        ("pages = '720h'", "r.example"),
        ("visits = '720h'", "0190a5b8-e4f0-7cc3-a1b2-c3d4e5f60719"),
    ] {
        let limits = limits(rule);
        let (fate, young) = after(&limits, call(95));
        assert_eq!(fate, Fate::Keep, "{rule}");
        assert!(serde_json::to_string(&young).expect("JSON").contains(gone), "{rule}");
        let (fate, old) = after(&limits, call(80));
        assert_eq!(fate, Fate::Change, "{rule}");
        let text = serde_json::to_string(&old).expect("JSON");
        assert!(!text.contains(gone), "{rule}: {text}");
        assert!(text.contains("booked") && text.contains("\"country\":\"US\""), "{rule}: {text}");
    }
    let (_, hashed) = after(&limits("caller_number = '240h'"), call(80));
    assert_eq!(hashed.caller_hash.as_deref(), Some("aa"), "the hash stays");
}

#[test]
fn whole_things_go_and_costs_stay() {
    let limits = limits("calls = '240h'\nvisits = '720h'\nleads = '240h'");
    assert_eq!(limits.entry(&mut call(80)), Fate::Remove);
    assert_eq!(limits.entry(&mut call(95)), Fate::Keep);
    let entry = |kind: &str, day: i64, body: serde_json::Value| -> Envelope {
        let text = json!({ "v": 1, "site": "one", "at": day * DAY, "id": "x", "kind": kind, "body": body });
        serde_json::from_str(&text.to_string()).expect("an entry")
    };
    let id = "0190a5b8e4f07cc3a1b2c3d4e5f60718";
    let lease = json!({ "session": id, "site": "one", "pool": "p", "tier": "original" });
    assert_eq!(limits.entry(&mut entry("lease", 69, lease.clone())), Fate::Remove);
    assert_eq!(limits.entry(&mut entry("lease", 71, lease)), Fate::Keep);
    let lead = json!({ "id": id, "site": "one", "kind": "form", "at": 80 * DAY });
    assert_eq!(limits.entry(&mut entry("lead", 95, lead)), Fate::Remove, "its own time counts");
    assert!(Limits::new(&Retention::default(), Millis(0)).is_none());
}
