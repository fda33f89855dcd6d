//! Calls that are dialled more than once: the last dial decides, whatever came before and in which order
//! it is told.

use serde_json::json;

use super::dialled::*;
use super::more::voicemails;
use super::{Ending, Story, endings, iso};
use crate::call::answer::{Bookmark, Whisper};
use crate::call::model::CallStatus;
use crate::call::providers::tests::Sent;

const FIRST: &str = "1+.d.sales.7.0.-";
const SECOND: &str = "2.d.sales.7.1.-";

/// What is told of a dial comes back with its mark; what is told of the call does not.
fn marked(sent: &Sent, mark: &str) -> Sent {
    match sent.event {
        "leg" | "dial" | "whisper" | "accept" | "gather" => {
            sent.clone().bringing(&Bookmark::at(mark))
        }
        _ => sent.clone(),
    }
}

/// Nobody takes the first dial, then `ending` befalls the second.
fn twice(name: &'static str, missed: &Story, ending: Story) -> Story {
    let of_dial = |sent: &Sent| matches!(sent.event, "leg" | "dial");
    let first = missed.sent.iter().filter(|(_, sent)| of_dial(sent));
    let first = first.map(|(at, sent)| (*at, marked(sent, FIRST)));
    let mut sent: Vec<_> = ending.sent.iter().map(|(at, s)| (*at, marked(s, SECOND))).collect();
    sent.splice(1..1, first);
    Story { name, sent, ..ending }
}

fn of_all_kinds(ending: &Ending) -> Vec<Story> {
    let mut all: Vec<Story> =
        ["twilio", "signalwire", "telnyx"].map(|name| twiml(name, ending)).into();
    all.extend([plivo(ending), vonage(ending), bandwidth(ending), freeswitch(ending)]);
    all.push(pbx("asterisk", ending));
    all
}

/// Every end of a second dial behind a first one that nobody took.
pub(super) fn dialled_twice() -> Vec<Story> {
    let endings = endings();
    let mut all = Vec::new();
    for (at, ending) in endings.iter().enumerate() {
        // Also where the first one's word would count more than the last one's.
        let missed = if at % 2 == 0 { &endings[1] } else { &endings[2] };
        let missed = of_all_kinds(missed).into_iter();
        let pairs = missed.zip(of_all_kinds(ending));
        all.extend(pairs.map(|(missed, ending)| twice("dialled twice", &missed, ending)));
        let mut told = generic(ending);
        let first = json!({"event": "dial_ended", "call_id": "g1", "at": iso(1), "cause": "BUSY", "mark": FIRST});
        told.sent.insert(1, (1, object("event", first)));
        all.push(Story { name: "dialled twice", ..told });
    }
    all
}

/// Somebody picks up the first dial, is asked, and does not take the call; the second one is answered.
pub(super) fn refused_then_taken() -> Vec<Story> {
    let endings = endings();
    let answered = &endings[0];
    let whisper = Whisper { text: "Ads".to_owned(), language: String::new(), accept: true };
    let asking = Bookmark::at(FIRST).with_whisper(Some(&whisper));
    let asked = || {
        let asked = form("whisper", &[("CallSid", "CA2"), ("ParentCallSid", "CA1")]);
        (3, asked.bringing(&asking))
    };
    let refused = [("CallSid", "CA1"), ("DialCallSid", "CA2"), ("DialCallStatus", "completed")];
    ["twilio", "signalwire"]
        .map(|name| {
            let picked_up = twiml(name, answered);
            let mut story = twiml(name, answered);
            for (_, sent) in &mut story.sent {
                *sent = marked(sent, SECOND);
            }
            let of_first = picked_up.sent.iter().filter(|(_, sent)| sent.event == "leg").take(1);
            let mut first: Vec<_> = of_first.map(|(at, sent)| (*at, marked(sent, FIRST))).collect();
            first.push(asked());
            first.push((5, marked(&form("dial", &refused), FIRST)));
            story.sent.splice(1..1, first);
            Story { name: "refused, then taken", ..story }
        })
        .into()
}

/// A caller who presses a key, is dialled for in vain, and leaves a message.
pub(super) fn menus_and_messages() -> Vec<Story> {
    let by_documents = |story: &Story| story.provider != "generic" && !story.by_commands;
    let stories = voicemails().into_iter().filter(by_documents);
    let keyed = stories.filter_map(|mut story| {
        let keys = match story.provider {
            "twilio" | "signalwire" | "telnyx" => {
                form("gather", &[("CallSid", "CA1"), ("Digits", "1")])
            }
            "plivo" => form("gather", &[("CallUUID", "u1"), ("Digits", "1")]),
            "asterisk" => form("gather", &[("call", "k1"), ("digits", "1")]),
            _ => return None,
        };
        for (_, sent) in &mut story.sent {
            *sent = marked(sent, "2+.d.sales.7.0.-");
        }
        story.sent.insert(1, (1, marked(&keys, "1+.m.main.0")));
        Some(Story { name: "menu, dial, message", status: CallStatus::Voicemail, ..story })
    });
    keyed.collect()
}
