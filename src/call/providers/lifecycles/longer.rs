//! Calls of which more is told: holds, queues, who talked; and those that are told what to do by commands.

use serde_json::json;

use super::dialled::*;
use super::{Ending, Story, endings, iso};
use crate::call::providers::telnyx::{Doing, State};
use crate::call::providers::tests::Sent;

/// A call of the Voice API that our commands control: what follows them brings back where the call stood.
pub(super) fn by_commands(ending: &Ending) -> Story {
    let mut story = telnyx_api(ending);
    for (_, sent) in &mut story.sent {
        let mut event: serde_json::Value = serde_json::from_slice(&sent.body).expect("JSON");
        let leg = event["data"]["payload"]["call_leg_id"].clone();
        event["data"]["payload"]["call_control_id"] = leg.clone();
        let is_first = event["data"]["payload"]["direction"] == "incoming";
        if !is_first {
            let doing = if leg == "a" { Doing::Said } else { Doing::Dial };
            event["data"]["payload"]["client_state"] = json!(state(doing));
        }
        sent.body = event.to_string().into_bytes();
    }
    Story { by_commands: true, ..story }
}

/// The message that the caller of such a call left.
pub(super) fn message_by_command(url: &str) -> Sent {
    let payload = json!({"call_session_id": "s1", "call_leg_id": "a", "call_control_id": "a",
        "client_state": state(Doing::Message), "recording_urls": {"mp3": url},
        "recording_started_at": iso(ENDS - 12), "recording_ended_at": iso(ENDS)});
    let data = json!({"event_type": "call.recording.saved", "id": "saved", "occurred_at": iso(ENDS),
        "payload": payload});
    object("event", json!({ "data": data }))
}

fn state(doing: Doing) -> String {
    State { leg: "a".to_owned(), hop: 1, done: 1, mark: String::new(), doing }.packed()
}

/// The record of a FreeSWITCH call with more variables.
pub(super) fn with_variables(mut story: Story, more: &serde_json::Value) -> Story {
    for (_, sent) in story.sent.iter_mut().filter(|(_, sent)| sent.event == "cdr") {
        let mut record: serde_json::Value = serde_json::from_slice(&sent.body).expect("JSON");
        let variables = record["variables"].as_object_mut().expect("an object");
        variables.extend(more.as_object().expect("an object").clone());
        sent.body = record.to_string().into_bytes();
    }
    story
}

/// Answered calls that waited 6 seconds in a queue and were held twice for 20 seconds altogether, as far as each
/// provider tells of that.
pub(super) fn held_and_queued() -> Vec<Story> {
    let answered = &endings()[0];
    let moments = [("held", 30), ("resumed", 40), ("held", 50), ("resumed", 60)];
    let with = |mut story: Story, more: Vec<(i64, Sent)>, told| {
        story.sent.splice(1..1, more);
        Story { name: "held and queued", told, ..story }
    };
    let telnyx = |at: i64, kind: &str, more: serde_json::Value| {
        let mut payload = json!({"call_session_id": "s1", "call_leg_id": "a", "from": super::CALLER,
            "to": super::TRACKING});
        payload
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        let data = json!({"event_type": kind, "id": format!("{kind}-{at}"), "occurred_at": iso(at), "payload": payload});
        (at, object("event", json!({ "data": data })))
    };
    let mut of_telnyx = vec![
        telnyx(2, "call.enqueued", json!({"queue": "sales", "current_position": 1})),
        telnyx(8, "call.dequeued", json!({"reason": "bridged", "wait_time_secs": "6"})),
    ];
    of_telnyx.extend(moments.map(|(state, at)| {
        telnyx(at, if state == "held" { "call.hold" } else { "call.unhold" }, json!({}))
    }));
    let pbx_leg = |state: &str, at: i64| {
        let time = iso(at);
        let agent = if at > 50 { "Joe" } else { "Ann" };
        (at, form("leg", &[("call", "k1"), ("state", state), ("at", &time), ("agent", agent)]))
    };
    let of_pbx = || {
        let queue = [("queued", 2), ("dequeued", 8)];
        queue.iter().chain(&moments).map(|(state, at)| pbx_leg(state, *at)).collect::<Vec<_>>()
    };
    let of_generic = [("queued", 2), ("dequeued", 8)].iter().chain(&moments).map(|(event, at)| {
        let agent = if *at > 50 { "Joe" } else { "Ann" };
        (
            *at,
            object(
                "event",
                json!({"event": event, "call_id": "g1", "at": iso(*at), "seq": at, "agent": agent}),
            ),
        )
    });
    let all = (Some(20), Some(6), "Joe");
    vec![
        with(telnyx_api(answered), of_telnyx.clone(), (Some(20), Some(6), "")),
        with(by_commands(answered), of_telnyx, (Some(20), Some(6), "")),
        with(pbx("asterisk", answered), of_pbx(), all),
        with(pbx("kamailio", answered), of_pbx(), all),
        with(generic(answered), of_generic.collect(), all),
        Story {
            name: "held and queued",
            told: (Some(20), None, ""),
            ..with_variables(freeswitch(answered), &json!({"hold_accum_seconds": "20"}))
        },
    ]
}
