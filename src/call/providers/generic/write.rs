//! An answer → JSON.
//!
//! `action` names the first thing that decides (`forward`, `gather`, `voicemail`, `reject`, `hangup`, `none`).
//! `steps`, in order, are there whenever the answer is more than one plain forward:
//!
//! ```json
//! {"do":"say", "text":"…", "language":"en-US"}
//! {"do":"play", "url":"…"}
//! {"do":"dial", "targets":["+14155550111"], "order":"at_once", "ring_s":25, "caller_id":"+1…", "whisper":"…",
//!  "accept":true, "record":"dual", "mark":"…"}
//! {"do":"gather", "text":"…", "max_digits":1, "timeout_s":8, "mark":"…"}
//! {"do":"voicemail", "max_s":120, "mark":"…"}
//! {"do":"reject", "reason":"busy"}
//! {"do":"hangup"}
//! ```

use serde_json::{Map, Value, json};

use crate::call::answer::{
    Answer, Dial, DialOrder, Prompt, Record, Rejection, ShownNumber, Step, Target,
};
use crate::call::providers::Document;

/// The JSON of an answer; `{}` when there is nothing more to do.
pub fn render(answer: &Answer) -> Document {
    let mut reply = Map::new();
    if let Some(decisive) = answer.steps.iter().find(|step| !matches!(step, Step::Say(_))) {
        reply.insert("action".to_owned(), json!(action(decisive)));
    }
    if let Some(dial) = answer.dial() {
        if let Some(first) = dial.targets.first() {
            reply.insert("to".to_owned(), json!(first.as_str()));
        }
        reply.insert("timeout_s".to_owned(), json!(dial.ring_s));
        if let Some(shown) = shown(answer, dial) {
            reply.insert("caller_id".to_owned(), shown);
        }
    }
    if !answer.steps.is_empty() {
        if let Some(call) = answer.call {
            reply.insert("call".to_owned(), json!(call.to_string()));
        }
        if !is_plain_forward(&answer.steps) {
            let steps: Vec<Value> =
                answer.steps.iter().map(|step| self::step(answer, step)).collect();
            reply.insert("steps".to_owned(), Value::Array(steps));
        }
    }
    Document { content_type: "application/json", body: Value::Object(reply).to_string() }
}

fn action(step: &Step) -> &'static str {
    match step {
        Step::Say(_) => "say",
        Step::Dial(_) => "forward",
        Step::Gather(_) => "gather",
        Step::Voicemail(_) => "voicemail",
        Step::Reject(_) => "reject",
        Step::HangUp => "hangup",
    }
}

/// One number, nothing else: what a sender that knows no steps can do.
fn is_plain_forward(steps: &[Step]) -> bool {
    let [Step::Dial(dial)] = steps else { return false };
    matches!(dial.targets[..], [Target::Phone(_)])
        && dial.whisper.is_none()
        && dial.record == Record::Off
        && dial.mark.is_empty()
}

fn shown(answer: &Answer, dial: &Dial) -> Option<Value> {
    let number = match &dial.shown {
        ShownNumber::Fixed(number) => Some(number),
        ShownNumber::Callers => answer.caller.as_ref(),
    };
    number.map(|number| json!(number))
}

fn step(answer: &Answer, step: &Step) -> Value {
    match step {
        Step::Say(prompt) => said(prompt),
        Step::Dial(dial) => dial_step(answer, dial),
        Step::Gather(gather) => {
            let mut value = gather.prompt.as_ref().map_or_else(|| json!({}), said);
            value["do"] = json!("gather");
            value["max_digits"] = json!(gather.max_digits);
            value["timeout_s"] = json!(gather.timeout_s);
            value["mark"] = json!(gather.mark);
            value
        }
        Step::Voicemail(voicemail) => {
            json!({"do": "voicemail", "max_s": voicemail.max_s, "mark": voicemail.mark})
        }
        Step::Reject(Rejection::Busy) => json!({"do": "reject", "reason": "busy"}),
        Step::Reject(Rejection::Declined) => json!({"do": "reject", "reason": "declined"}),
        Step::HangUp => json!({"do": "hangup"}),
    }
}

fn said(prompt: &Prompt) -> Value {
    match prompt {
        Prompt::Text { text, language } if language.is_empty() => {
            json!({"do": "say", "text": text})
        }
        Prompt::Text { text, language } => json!({"do": "say", "text": text, "language": language}),
        Prompt::Audio(url) => json!({"do": "play", "url": url}),
    }
}

fn dial_step(answer: &Answer, dial: &Dial) -> Value {
    let targets: Vec<&str> = dial.targets.iter().map(Target::as_str).collect();
    let order = match dial.order {
        DialOrder::AtOnce => "at_once",
        DialOrder::InTurn => "in_turn",
    };
    let record = match dial.record {
        Record::Off => "off",
        Record::On => "on",
        Record::Dual => "dual",
    };
    let mut value = json!({
        "do": "dial", "targets": targets, "order": order, "ring_s": dial.ring_s, "record": record,
        "mark": dial.mark,
    });
    if let Some(shown) = shown(answer, dial) {
        value["caller_id"] = shown;
    }
    if let Some(whisper) = &dial.whisper {
        value["whisper"] = json!(whisper.text);
        value["accept"] = json!(whisper.accept);
    }
    value
}
