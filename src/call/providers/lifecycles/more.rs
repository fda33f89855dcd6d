//! Messages, transfers, and calls that nobody accepted.

use serde_json::json;

use super::dialled::*;
use super::longer::{by_commands, message_by_command, with_variables};
use super::{Story, endings, iso};
use crate::call::answer::{Bookmark, Whisper};
use crate::call::model::CallStatus;
use crate::call::providers::tests::Sent;

/// A missed call after which the caller leaves a message, as each provider tells of that.
pub(super) fn voicemails() -> Vec<Story> {
    let endings = endings();
    let missed = &endings[2];
    let url = "https://media.example.com/m1";
    let message = |event, more: &[(&str, &str)]| {
        let fields = [("RecordingUrl", url), ("RecordUrl", url), ("RecordingDuration", "12")];
        form(event, &[&fields[..], more].concat())
    };
    let after = |mut story: Story, sent: Sent| {
        // Before the caller's own end, which comes last.
        let at = story.sent.len() - 1;
        story.sent.insert(at, (ENDS, sent));
        Story { name: "voicemail", status: CallStatus::Voicemail, ..story }
    };
    let twilio = ["twilio", "signalwire", "telnyx"]
        .map(|name| after(twiml(name, missed), message("voicemail", &[("CallSid", "CA1")])));
    let mut all: Vec<Story> = twilio.into();
    all.push(after(plivo(missed), message("voicemail", &[("CallUUID", "u1")])));
    let recorded = json!({"conversation_uuid": "CON-1", "recording_url": url, "recording_uuid": "r1",
        "start_time": iso(ENDS), "end_time": iso(ENDS + 12)});
    all.push(after(vonage(missed), object("voicemail", recorded)));
    let complete =
        json!({"callId": "c-1", "eventTime": iso(ENDS), "mediaUrl": url, "duration": "PT12.3S"});
    all.push(after(bandwidth(missed), object("voicemail", complete)));
    all.push(after(by_commands(missed), message_by_command(url)));
    all.push(after(
        freeswitch(missed),
        form("voicemail", &[("session_id", "u1"), ("record_seconds", "12")]),
    ));
    let left = [("call", "k1"), ("duration_s", "12"), ("url", url)];
    all.push(after(pbx("asterisk", missed), form("voicemail", &left)));
    let left =
        json!({"event": "voicemail", "call_id": "g1", "recording_url": url, "duration_ms": 12_000});
    all.push(after(generic(missed), object("event", left)));
    all
}

/// An answered call that is handed on, where the provider tells of it.
pub(super) fn transfers() -> Vec<Story> {
    let endings = endings();
    let answered = &endings[0];
    let with = |mut story: Story, sent: Sent| {
        story.sent.insert(2, (60, sent));
        Story { name: "transferred", transferred: true, ..story }
    };
    let refer = || form("refer", &[("CallSid", "CA1"), ("ReferTransferTarget", "+14155550133")]);
    let api = json!({"data": {"event_type": "call.refer.completed", "id": "x", "occurred_at": iso(60),
        "payload": {"call_session_id": "s1"}}});
    let moved = json!({"status": "transfer", "conversation_uuid_from": "CON-1", "conversation_uuid_to": "CON-2",
        "timestamp": iso(60)});
    let handed =
        json!({"event": "transferred", "call_id": "g1", "to": "+14155550133", "at": iso(60)});
    let mut all: Vec<Story> =
        ["twilio", "signalwire", "telnyx"].map(|name| with(twiml(name, answered), refer())).into();
    let history = json!({"transfer_history": "1767323105:a1:bl_xfer:+14155550133/public/XML"});
    all.push(Story {
        transferred: true,
        name: "transferred",
        ..with_variables(freeswitch(answered), &history)
    });
    all.extend([
        with(telnyx_api(answered), object("event", api.clone())),
        with(by_commands(answered), object("event", api)),
        with(vonage(answered), object("status", moved)),
        with(bandwidth(answered), object("refer", json!({"callId": "c-1", "eventTime": iso(60)}))),
        with(
            pbx("asterisk", answered),
            form("transfer", &[("call", "k1"), ("to", "+14155550133")]),
        ),
        with(pbx("kamailio", answered), form("transfer", &[("call", "k1")])),
        with(generic(answered), object("event", handed)),
    ]);
    all
}

/// Somebody picked up, was asked to accept the call, and did not.
pub(super) fn screened() -> Vec<Story> {
    let endings = endings();
    let answered = &endings[0];
    let whisper = Whisper { text: "Ads".to_owned(), language: String::new(), accept: true };
    let asking = Bookmark::default().with_whisper(Some(&whisper));
    let refused = |mut story: Story, asked: Sent| {
        story.sent.insert(2, (ANSWERS, asked.bringing(&asking)));
        for (_, sent) in &mut story.sent {
            // Twilio knows that they were not bridged.
            let body = String::from_utf8_lossy(&sent.body)
                .replace("DialBridged=true", "DialBridged=false");
            sent.body = body.into_bytes();
        }
        Story { name: "screened out", status: CallStatus::NoAnswer, talk_s: None, ..story }
    };
    let leg = || form("whisper", &[("CallSid", "CA2"), ("ParentCallSid", "CA1")]);
    // Plivo asks for the key itself: without one the leg is never connected.
    let mut of_plivo = plivo(answered);
    of_plivo.sent.retain(|(_, sent)| !String::from_utf8_lossy(&sent.body).contains("connected"));
    for (_, sent) in &mut of_plivo.sent {
        if matches!(sent.event, "leg" | "dial") {
            *sent = sent.clone().bringing(&asking);
        }
    }
    let of_bandwidth = json!({"callId": "c-2", "parentCallId": "c-1", "eventTime": iso(ANSWERS)});
    vec![
        refused(twiml("twilio", answered), leg()),
        refused(twiml("signalwire", answered), leg()),
        refused(twiml("telnyx", answered), leg()),
        Story { name: "screened out", status: CallStatus::NoAnswer, talk_s: None, ..of_plivo },
        refused(bandwidth(answered), object("whisper", of_bandwidth)),
    ]
}

/// Somebody picked up, was asked to accept the call, and did.
pub(super) fn accepted() -> Vec<Story> {
    let whisper = Whisper { text: "Ads".to_owned(), language: String::new(), accept: true };
    let asking = Bookmark::default().with_whisper(Some(&whisper));
    let mut of_plivo = plivo(&endings()[0]);
    for (_, sent) in &mut of_plivo.sent {
        if matches!(sent.event, "leg" | "dial") {
            *sent = sent.clone().bringing(&asking);
        }
    }
    vec![Story { name: "accepted", ..of_plivo }]
}
