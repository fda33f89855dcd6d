//! An answer → NCCO (telephony facts §6).

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::call::answer::{
    Answer, Bookmark, Dial, Gather, Prompt, Record, ShownNumber, Step, Target, Voicemail, Whisper,
};
use crate::call::providers::Document;

/// The NCCO of an answer. With nothing more to do the reply is empty: Vonage goes on with the NCCO
/// that it has.
pub fn render(answer: &Answer) -> Document {
    let ends = |step: &&Step| !matches!(step, Step::Reject(_) | Step::HangUp);
    let actions: Vec<Value> =
        answer.steps.iter().take_while(ends).flat_map(|step| actions(answer, step)).collect();
    let body =
        if answer.steps.is_empty() { String::new() } else { Value::Array(actions).to_string() };
    Document { content_type: "application/json", body }
}

/// The call ends behind the last action: turning away and hanging up are no actions.
fn actions(answer: &Answer, step: &Step) -> Vec<Value> {
    match step {
        Step::Say(prompt) => vec![say(prompt, false)],
        Step::Dial(dial) => connects(answer, dial),
        Step::Gather(gather) => gather_actions(answer, gather),
        Step::Voicemail(voicemail) => vec![record(answer, voicemail)],
        Step::Reject(_) | Step::HangUp => Vec::new(),
    }
}

fn say(prompt: &Prompt, interruptible: bool) -> Value {
    let mut action = match prompt {
        Prompt::Text { text, language } => {
            let text: String = text.chars().take(LONGEST_TALK).collect();
            let mut talk = json!({"action": "talk", "text": escaped(&text)});
            if !language.is_empty() {
                talk["language"] = json!(language);
            }
            talk
        }
        Prompt::Audio(url) => json!({"action": "stream", "streamUrl": [url]}),
    };
    if interruptible {
        action["bargeIn"] = json!(true);
    }
    action
}

/// A text of Vonage may be SSML: markup in ours is spoken, not obeyed.
fn escaped(text: &str) -> String {
    text.replace(['<', '>'], " ")
}

/// One `connect` for each target: the next one runs when the one before has failed. Only the last
/// one asks what comes then.
fn connects(answer: &Answer, dial: &Dial) -> Vec<Value> {
    let address = |event, bookmark: &Bookmark| answer.address(event, bookmark);
    let recording = match dial.record {
        Record::Off => None,
        Record::On => Some(json!({})),
        Record::Dual => Some(json!({"split": "conversation", "channels": 2})),
    };
    let recording = recording.map(|mut record| {
        record["action"] = json!("record");
        record["format"] = json!("mp3");
        record["eventUrl"] = json!([address("recording", &Bookmark::default())]);
        record["eventMethod"] = json!("POST");
        record
    });
    let last = dial.targets.len().saturating_sub(1);
    let connects = dial.targets.iter().enumerate().map(|(i, target)| {
        let mut connect = json!({
            "action": "connect",
            "timeout": dial.ring_s.clamp(*RING_S.start(), *RING_S.end()),
            "limit": LONGEST_TALK_S,
            "eventMethod": "POST",
            "endpoint": [endpoint(answer, dial, target)],
        });
        if i == last {
            connect["eventUrl"] = json!([address("dial", &Bookmark::at(&dial.mark))]);
            connect["eventType"] = json!("synchronous");
        } else {
            connect["eventUrl"] = json!([address("status", &Bookmark::at(&dial.mark))]);
        }
        let shown = match &dial.shown {
            ShownNumber::Fixed(number) => Some(number),
            // Only numbers of the account may be shown: the tracking number is one.
            ShownNumber::Callers => answer.called.as_ref(),
        };
        match shown {
            Some(number) => connect["from"] = json!(number.digits()),
            None => connect["randomFromNumber"] = json!(true),
        }
        connect
    });
    recording.into_iter().chain(connects).collect()
}

fn endpoint(answer: &Answer, dial: &Dial, target: &Target) -> Value {
    match target {
        Target::Phone(number) => {
            let mut endpoint = json!({"type": "phone", "number": number.digits()});
            if let Some(whisper) = &dial.whisper {
                // It can be told, not asked: whoever picks up is connected.
                let told = Whisper { accept: false, ..whisper.clone() };
                let bookmark = Bookmark::default().with_whisper(Some(&told));
                endpoint["onAnswer"] = json!({"url": answer.address("whisper", &bookmark)});
            }
            endpoint
        }
        Target::Sip(uri) => json!({"type": "sip", "uri": uri.as_str()}),
    }
}

fn gather_actions(answer: &Answer, gather: &Gather) -> Vec<Value> {
    let input = json!({
        "action": "input",
        "type": ["dtmf"],
        "dtmf": {
            "maxDigits": gather.max_digits.clamp(1, 20),
            "timeOut": gather.timeout_s.clamp(1, 10),
            "submitOnHash": true,
        },
        "eventUrl": [answer.address("gather", &Bookmark::at(&gather.mark))],
        "eventMethod": "POST",
    });
    gather.prompt.iter().map(|prompt| say(prompt, true)).chain([input]).collect()
}

fn record(answer: &Answer, voicemail: &Voicemail) -> Value {
    json!({
        "action": "record",
        "format": "mp3",
        "endOnSilence": 5,
        "endOnKey": "#",
        "beepStart": true,
        "timeOut": voicemail.max_s.clamp(3, 7200),
        "eventUrl": [answer.address("voicemail", &Bookmark::at(&voicemail.mark))],
        "eventMethod": "POST",
    })
}

/// Seconds that a destination may ring.
pub const RING_S: RangeInclusive<u16> = 5..=120;
/// Most characters of one `talk`.
const LONGEST_TALK: usize = 1500;
/// Longest conversation in seconds, which is also Vonage's own limit.
const LONGEST_TALK_S: u32 = 7200;
