//! What each provider sends of a call whose dial ends in one way or another.

use serde_json::json;

use super::{CALLER, Ending, Story, T, TRACKING, iso, rfc2822};
use crate::call::model::CallStatus;
use crate::call::providers::tests::Sent;

/// Seconds from arrival: rings, answers, ends.
pub(super) const RINGS: i64 = 2;
pub(super) const ANSWERS: i64 = 10;
pub(super) const ENDS: i64 = 105;
pub(super) const TALK_S: u32 = 95;

pub(super) fn form(event: &'static str, fields: &[(&str, &str)]) -> Sent {
    Sent::form(event, fields)
}

pub(super) fn object(event: &'static str, value: serde_json::Value) -> Sent {
    Sent::post(event, value.to_string())
}

/// Twilio, SignalWire and TeXML speak one dialect.
pub(super) fn twiml(provider: &'static str, ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let word = ending.words["twiml"];
    let call = [("CallSid", "CA1"), ("From", CALLER), ("To", TRACKING)];
    let with = |more: &[(&'static str, &'static str)]| [&call[..], more].concat();
    let leg = |status: &str, at| {
        let time = if provider == "telnyx" { iso(at) } else { rfc2822(at) };
        let fields = [
            ("CallSid", "CA2"),
            ("ParentCallSid", "CA1"),
            ("CallStatus", status),
            ("Timestamp", &time),
        ];
        form("leg", &fields)
    };
    let mut dial = vec![("DialCallSid", "CA2"), ("DialCallStatus", word)];
    if answered {
        dial.extend([("DialCallDuration", "95"), ("DialBridged", "true")]);
    }
    let mut sent = vec![
        (0, form("voice", &with(&[("CallStatus", "ringing")]))),
        (RINGS, leg("ringing", RINGS)),
    ];
    if answered {
        sent.push((ANSWERS, leg("in-progress", ANSWERS)));
    }
    sent.push((ENDS, leg(word, ENDS)));
    sent.push((ENDS, form("dial", &with(&dial))));
    let ended = [("CallStatus", "completed"), ("CallDuration", "105")];
    let time = rfc2822(ENDS + 1);
    sent.push((ENDS + 1, form("status", &[&with(&ended)[..], &[("Timestamp", &time)]].concat())));
    story(ending, provider, sent)
}

pub(super) fn telnyx_api(ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let event = |kind: &str, at: i64, leg: &str, more: serde_json::Value| {
        let mut payload = json!({"call_session_id": "s1", "call_leg_id": leg});
        payload
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        let id = format!("{kind}-{leg}-{at}");
        let data =
            json!({"event_type": kind, "id": id, "occurred_at": iso(at), "payload": payload});
        (at, object("event", json!({"data": data})))
    };
    let incoming = || json!({"from": CALLER, "to": TRACKING});
    let outgoing = || json!({"from": TRACKING, "to": "+14155550111"});
    // Only the first event of a leg tells its direction.
    let begins = |mut payload: serde_json::Value, direction: &str| {
        payload["direction"] = json!(direction);
        payload
    };
    let mut sent = vec![
        event("call.initiated", 0, "a", begins(incoming(), "incoming")),
        event("call.answered", 1, "a", incoming()),
        event("call.initiated", RINGS, "b", begins(outgoing(), "outgoing")),
    ];
    if answered {
        sent.push(event("call.answered", ANSWERS, "b", outgoing()));
        sent.push(event("call.bridged", ANSWERS, "b", outgoing()));
    }
    let mut hangup = outgoing();
    hangup["hangup_cause"] = json!(ending.words["telnyx_api"]);
    sent.push(event("call.hangup", ENDS, "b", hangup));
    let mut hangup = incoming();
    hangup["hangup_cause"] = json!("normal_clearing");
    sent.push(event("call.hangup", ENDS, "a", hangup));
    story(ending, "telnyx", sent)
}

pub(super) fn plivo(ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let word = ending.words["plivo"];
    let call = [("CallUUID", "u1"), ("From", "14155550100"), ("To", "14155550199")];
    let with = |more: &[(&'static str, &'static str)]| [&call[..], more].concat();
    let leg = |action: &'static str, more: &[(&str, &str)]| {
        let fields = [("DialALegUUID", "u1"), ("DialBLegUUID", "u2"), ("DialAction", action)];
        form("leg", &[&fields[..], more].concat())
    };
    let mut sent =
        vec![(0, form("voice", &with(&[("Event", "StartApp"), ("CallStatus", "ringing")])))];
    if answered {
        sent.push((ANSWERS, leg("answer", &[])));
        sent.push((ANSWERS, leg("connected", &[])));
        sent.push((
            ENDS,
            leg(
                "hangup",
                &[
                    ("DialBLegStatus", "hangup"),
                    ("DialBLegHangupCause", "NORMAL_CLEARING"),
                    ("DialBLegDuration", "95"),
                ],
            ),
        ));
    }
    sent.push((
        ENDS,
        form(
            "dial",
            &with(&[("DialStatus", word), ("DialBLegUUID", if answered { "u2" } else { "" })]),
        ),
    ));
    sent.push((
        ENDS + 1,
        form(
            "status",
            &with(&[("Event", "Hangup"), ("CallStatus", "completed"), ("Duration", "106")]),
        ),
    ));
    story(ending, "plivo", sent)
}

pub(super) fn vonage(ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let event = |event: &'static str, at: i64, leg: &str, status: &str, more: serde_json::Value| {
        let direction = if leg == "a" { "inbound" } else { "outbound" };
        let mut value = json!({"conversation_uuid": "CON-1", "uuid": leg, "status": status, "direction": direction,
            "from": "14155550100", "to": "14155550199", "timestamp": iso(at)});
        value
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        (at, object(event, value))
    };
    let voice = Sent::get("voice");
    let voice =
        format!("{}?from=14155550100&to=14155550199&uuid=a&conversation_uuid=CON-1", voice.url);
    let mut sent = vec![
        (0, Sent::get("voice").at(&voice)),
        event("status", 0, "a", "ringing", json!({})),
        event("status", 1, "a", "answered", json!({})),
        event("dial", RINGS, "b", "started", json!({})),
        event("dial", RINGS, "b", "ringing", json!({})),
    ];
    let mut last = json!({});
    if answered {
        sent.push(event("dial", ANSWERS, "b", "answered", json!({})));
        last = json!({"start_time": iso(ANSWERS), "end_time": iso(ENDS), "duration": "95", "price": "0.1"});
    }
    sent.push(event("dial", ENDS, "b", ending.words["vonage"], last));
    sent.push(event(
        "status",
        ENDS,
        "a",
        "completed",
        json!({"duration": 105, "end_time": iso(ENDS)}),
    ));
    story(ending, "vonage", sent)
}

pub(super) fn bandwidth(ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let word = ending.words["bandwidth"];
    let event = |event: &'static str, at: i64, more: serde_json::Value| {
        let mut value =
            json!({"eventTime": iso(at), "callId": "c-1", "from": CALLER, "to": TRACKING});
        value
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        (at, object(event, value))
    };
    let mut leg = json!({"callId": "c-2", "parentCallId": "c-1", "startTime": iso(RINGS), "endTime": iso(ENDS), "cause": word});
    if answered {
        leg["answerTime"] = json!(iso(ANSWERS));
    }
    let mut end = json!({"cause": "hangup", "startTime": iso(0), "endTime": iso(ENDS)});
    if answered {
        end["answerTime"] = json!(iso(1));
    }
    let mut sent = vec![event("voice", 0, json!({"startTime": iso(0)})), event("leg", ENDS, leg)];
    // Not sent when the caller has gone.
    if ending.status != CallStatus::Canceled && !answered {
        sent.push(event("dial", ENDS, json!({"cause": word})));
    }
    sent.push(event("status", ENDS, end));
    story(ending, "bandwidth", sent)
}

pub(super) fn freeswitch(ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let word = ending.words["freeswitch"];
    let micros = |s: i64| ((T + s * 1000) * 1000).to_string();
    let ask = [
        ("session_id", "u1"),
        ("Caller-Caller-ID-Number", CALLER),
        ("Caller-Destination-Number", TRACKING),
    ];
    let variables = json!({
        "direction": "inbound", "uuid": "u1", "start_uepoch": micros(0), "progress_uepoch": micros(RINGS),
        "bridge_uepoch": if answered { micros(ANSWERS) } else { "0".to_owned() }, "end_uepoch": micros(ENDS),
        "originate_disposition": word, "hangup_cause": if answered { "NORMAL_CLEARING" } else { word },
    });
    let profile = json!({"caller_id_number": CALLER, "destination_number": TRACKING});
    let record = json!({"variables": variables, "callflow": [{"caller_profile": profile}]});
    let dial = [("session_id", "u1"), ("originate_disposition", word)];
    let sent =
        vec![(0, form("voice", &ask)), (ENDS, form("dial", &dial)), (ENDS, object("cdr", record))];
    story(ending, "freeswitch", sent)
}

pub(super) fn pbx(provider: &'static str, ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let word = ending.words["pbx"];
    let call = [("call", "k1"), ("from", CALLER), ("to", TRACKING)];
    let leg = |state: &'static str, at| {
        (at, form("leg", &[("call", "k1"), ("state", state), ("at", &iso(at))]))
    };
    let mut sent = vec![(0, form("voice", &call)), leg("ringing", RINGS)];
    if answered {
        sent.push(leg("answered", ANSWERS));
    }
    let at = iso(ENDS);
    let mut status = vec![("call", "k1"), ("cause", word), ("at", &at), ("duration_s", "105")];
    if answered {
        status.push(("talk_ms", "95000"));
    }
    if provider == "asterisk" {
        sent.push((ENDS, form("dial", &status)));
    }
    sent.push((ENDS, form("status", &status)));
    story(ending, provider, sent)
}

pub(super) fn generic(ending: &Ending) -> Story {
    let answered = ending.status == CallStatus::Answered;
    let event = |at: i64, value: serde_json::Value| {
        let mut value = value;
        value["call_id"] = json!("g1");
        value["at"] = json!(iso(at));
        (at, object("event", value))
    };
    let mut sent = vec![
        event(0, json!({"event": "received", "from": CALLER, "to": TRACKING})),
        event(RINGS, json!({"event": "ringing"})),
    ];
    if answered {
        sent.push(event(ANSWERS, json!({"event": "answered"})));
    }
    sent.push(event(ENDS, json!({"event": "ended", "cause": ending.words["pbx"], "talk_ms": if answered { 95_000 } else { 0 }})));
    story(ending, "generic", sent)
}

pub(super) fn story(ending: &Ending, provider: &'static str, sent: Vec<(i64, Sent)>) -> Story {
    let talk_s = (ending.status == CallStatus::Answered).then_some(TALK_S);
    Story {
        name: ending.name,
        provider,
        sent,
        status: ending.status,
        talk_s,
        transferred: false,
        told: (None, None, ""),
        by_commands: false,
    }
}
