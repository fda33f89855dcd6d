use serde_json::json;

use super::*;
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;

const NUMBER: &str = "+12125550177";

fn site() -> SiteId {
    "one".parse().expect("a site")
}

fn signing() -> SigningKeys {
    SigningKeys::from_master(&[3; 32])
}

fn caller_traces() -> Traces {
    let number: PhoneNumber = NUMBER.parse().expect("a number");
    let subject = Subject::caller(&signing(), &site(), &number);
    Traces::new(subject, Millis(1_000), signing())
}

fn call(more: serde_json::Value) -> Envelope {
    let id = CallId::new();
    let mut body = json!({
        "id": id, "version": 1, "site": "one", "provider": "generic", "provider_call_id": "x",
        "caller": {}, "status": "answered", "started_at": 500,
    });
    let (Some(fields), Some(more)) = (body.as_object_mut(), more.as_object()) else {
        panic!("objects")
    };
    fields.extend(more.clone());
    let call: Call = serde_json::from_value(body).expect("a call");
    Envelope::new(site(), Millis(500), "x".to_owned(), Event::Call(Box::new(call)))
}

fn hash_of(number: &str) -> String {
    signing().caller_hash("one", number)
}

#[test]
fn a_callers_calls_go_and_those_of_others_lose_the_number_wherever_it_stands() {
    let mut own = call(json!({ "caller": { "number": NUMBER }, "caller_hash": hash_of(NUMBER) }));
    let mut other = call(json!({
        "caller": { "number": "+12125550188", "forwarded_from": NUMBER },
        "caller_hash": hash_of("+12125550188"),
        "outcome": { "notes": "call 12125550177 back, or +12125550177, not +12125550188" },
    }));
    let mut stranger = call(json!({ "caller": { "number": "+12125550188" } }));
    let mut later = call(json!({ "caller_hash": hash_of(NUMBER), "started_at": 2_000 }));
    let mut elsewhere = own.clone();
    elsewhere.site = "two".parse().expect("a site");
    let mut traces = caller_traces();
    for envelope in [&own, &other, &stranger, &later] {
        traces.learn(envelope);
    }
    traces.complete();
    assert_eq!(traces.calls.len(), 1);
    let text = |envelope: &Envelope| envelope.to_json();
    assert!(traces.mentions(text(&own).as_bytes(), true));
    assert!(traces.mentions(text(&other).as_bytes(), false));
    assert!(!traces.mentions(text(&other).as_bytes(), true));
    assert!(!traces.mentions(text(&stranger).as_bytes(), false));
    assert_eq!(traces.judge(&mut own), Fate::Remove);
    assert_eq!(traces.judge(&mut elsewhere), Fate::Keep);
    assert_eq!(traces.judge(&mut stranger), Fate::Keep);
    assert_eq!(traces.judge(&mut later), Fate::Keep, "they called again");
    assert_eq!(traces.judge(&mut other), Fate::Change);
    let Event::Call(cleaned) = &other.event else { panic!("a call") };
    assert_eq!(cleaned.caller.forwarded_from, None);
    assert_eq!(cleaned.outcome.notes, "call  back, or , not +12125550188");
    assert!(!traces.mentions(text(&other).as_bytes(), false));
}

#[test]
fn a_visitors_visits_go_and_calls_stay_with_their_callers() {
    let (visitor, session, other) = (VisitorId::new(), SessionId::new(), SessionId::new());
    let visit = |session: SessionId, visitor: Option<VisitorId>, at: i64| {
        let body = json!({
            "session": session, "visitor": visitor, "site": "one", "started_at": at, "source": "google", "medium": "cpc",
            "channel": "Paid Search", "landing_host": "x", "landing_page": "/", "consent": { "analytics": true, "ads": true },
        });
        let visit = serde_json::from_value(body).expect("a visit");
        Envelope::new(site(), Millis(at), session.to_string(), Event::Session(visit))
    };
    let joined = |session: SessionId, visitor: Option<VisitorId>, beside: SessionId| {
        call(json!({ "attribution": {
            "basis": "holder", "session": session, "visitor": visitor, "confidence": 0.9, "tier": "own",
            "candidates": [
                { "session": session, "probability": 0.9, "tier": "own", "idle_ms": 0, "tel_click": false },
                { "session": beside, "probability": 0.1, "tier": "own", "idle_ms": 0, "tel_click": false },
            ],
        } }))
    };
    let mut own = visit(session, Some(visitor), 500);
    let mut others = visit(other, Some(VisitorId::new()), 500);
    let mut traces = Traces::new(Subject::visitor(&site(), visitor), Millis(1_000), signing());
    traces.learn(&own);
    traces.learn(&others);
    traces.learn(&visit(SessionId::new(), Some(visitor), 2_000));
    traces.complete();
    assert_eq!(traces.sessions.iter().collect::<Vec<_>>(), [&session]);
    assert_eq!(traces.judge(&mut own), Fate::Remove);
    assert_eq!(traces.judge(&mut others), Fate::Keep);
    let (mut theirs, mut beside) =
        (joined(session, Some(visitor), other), joined(other, None, session));
    assert_eq!(traces.judge(&mut theirs), Fate::Change);
    assert_eq!(traces.judge(&mut beside), Fate::Change);
    let Event::Call(call) = &theirs.event else { panic!("a call") };
    assert!(call.attribution.is_none());
    let Event::Call(call) = &beside.event else { panic!("a call") };
    assert_eq!(call.attribution.as_ref().map(|joined| joined.candidates.len()), Some(1));
    for envelope in [&theirs, &beside] {
        assert!(!traces.mentions(envelope.to_json().as_bytes(), false));
    }
    for written in spellings(session.0) {
        assert!(traces.mentions(&[b"x".to_vec(), written, b"x".to_vec()].concat(), true));
    }
    let shared = format!("0 {} {}", session.short(), other.short());
    let cleaned = traces.without_ids(&shared).expect("it names the session");
    assert!(cleaned.ends_with(&other.short()) && !cleaned.contains(&session.short()));
    assert_eq!(cleaned.len(), shared.len());
}
