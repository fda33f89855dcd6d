//! An answer → a document of mod_httapi (telephony facts §8.2). The writer of elements escapes; what
//! FreeSWITCH would expand or split is taken out of texts before.

use crate::call::answer::{
    Answer, Bookmark, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step,
    Target, Voicemail,
};
use crate::call::providers::Document;
use crate::call::providers::xml::Element;

/// The document of an answer. Its work ends with a hang-up unless something is asked next: FreeSWITCH
/// would ask the same address again, for ever.
pub fn render(answer: &Answer) -> Document {
    let asks_next = |step: &Step| matches!(step, Step::Dial(_) | Step::Voicemail(_));
    let last = answer.steps.iter().position(asks_next);
    let asks_last = match answer.steps.last() {
        Some(Step::Gather(gather)) if last.is_none() => Some(next(answer, "gather", &gather.mark)),
        _ => None,
    };
    // What stands behind would run before the next question.
    let steps = last.map_or(&answer.steps[..], |last| &answer.steps[..=last]);
    let mut work: Vec<Element> = steps.iter().flat_map(|step| work(answer, step)).collect();
    match asks_last {
        // Reached when no key was pressed.
        Some(asks) => work.push(asks),
        None if last.is_none() => work.push(hangup("NORMAL_CLEARING")),
        None => {}
    }
    let body = Element::new("document")
        .attribute("type", "xml/freeswitch-httapi")
        .child(Element::new("work").children(work))
        .document();
    Document { content_type: "text/xml; charset=utf-8", body }
}

fn work(answer: &Answer, step: &Step) -> Vec<Element> {
    match step {
        Step::Say(prompt) => vec![Element::new("answer"), say(prompt)],
        Step::Dial(dial) => bridge(answer, dial),
        Step::Gather(gather) => self::gather(answer, gather),
        Step::Voicemail(voicemail) => record(answer, voicemail),
        Step::Reject(Rejection::Busy) => vec![hangup("USER_BUSY")],
        Step::Reject(Rejection::Declined) => vec![hangup("CALL_REJECTED")],
        Step::HangUp => vec![hangup("NORMAL_CLEARING")],
    }
}

fn hangup(cause: &'static str) -> Element {
    Element::new("hangup").attribute("cause", cause)
}

fn say(prompt: &Prompt) -> Element {
    match prompt {
        Prompt::Text { text, .. } => Element::new("speak").text(&plain(text)),
        Prompt::Audio(url) => Element::new("playback").attribute("file", url),
    }
}

fn execute(application: &str, data: &str) -> Element {
    Element::new("execute").attribute("application", application).attribute("data", data)
}

fn bridge(answer: &Answer, dial: &Dial) -> Vec<Element> {
    let ring_s = dial.ring_s.clamp(1, 600);
    let mut work =
        vec![execute("set", "hangup_after_bridge=false"), execute("set", "continue_on_fail=true")];
    work.push(execute("set", &format!("call_timeout={ring_s}")));
    match dial.record {
        Record::Off => {}
        // The file stays on the server, under the call's own id.
        Record::On => work.push(execute("record_session", RECORDING)),
        Record::Dual => {
            work.push(execute("set", "RECORD_STEREO=true"));
            work.push(execute("record_session", RECORDING));
        }
    }
    if let Some(whisper) = &dial.whisper {
        let text = plain(&whisper.text);
        work.push(execute("export", "nolocal:bridge_pre_execute_bleg_app=speak"));
        let spoken = format!("nolocal:bridge_pre_execute_bleg_data=flite|slt|{text}");
        work.push(execute("export", &spoken));
    }
    let separator = match dial.order {
        DialOrder::AtOnce => ",",
        DialOrder::InTurn => "|",
    };
    let shown = match &dial.shown {
        ShownNumber::Fixed(number) => Some(number),
        ShownNumber::Callers => answer.caller.as_ref(),
    };
    let shown = shown.map(|number| format!("origination_caller_id_number={number},"));
    let targets: Vec<String> = dial.targets.iter().map(target).collect();
    let targets = targets.join(separator);
    let shown = shown.unwrap_or_default();
    work.push(execute("bridge", &format!("{{{shown}leg_timeout={ring_s}}}{targets}")));
    work.push(Element::new("getVariable").attribute("name", "originate_disposition"));
    work.push(next(answer, "dial", &dial.mark));
    work
}

/// A phone number goes out by the gateway `ringtrace`, as the documentation says.
fn target(target: &Target) -> String {
    match target {
        Target::Phone(number) => format!("sofia/gateway/{GATEWAY}/{number}"),
        Target::Sip(uri) => format!("sofia/external/{}", uri.as_str()),
    }
}

fn gather(answer: &Answer, gather: &Gather) -> Vec<Element> {
    let timeout_ms = u32::from(gather.timeout_s) * 1000;
    let digits = gather.max_digits.max(1);
    let prompt = match &gather.prompt {
        Some(prompt) => say(prompt),
        None => Element::new("pause").attribute("milliseconds", timeout_ms),
    };
    let address = answer.address("gather", &Bookmark::at(&gather.mark));
    let mut prompt = prompt
        .attribute("name", "digits")
        .attribute("digit-timeout", timeout_ms)
        .attribute("input-timeout", timeout_ms)
        .attribute("loops", 1)
        .child(
            Element::new("bind").attribute("action", &address).text(&format!("~\\d{{{digits}}}")),
        );
    if digits > 1 {
        let ended = Element::new("bind").attribute("action", &address).attribute("strip", "#");
        prompt = prompt.child(ended.text("~\\d+#"));
    }
    vec![Element::new("answer"), prompt]
}

fn record(answer: &Answer, voicemail: &Voicemail) -> Vec<Element> {
    // Path, longest length, level of silence, seconds of silence that end it.
    let data = format!("{MESSAGE} {} 200 5", voicemail.max_s);
    vec![
        Element::new("answer"),
        execute("record", &data),
        Element::new("getVariable").attribute("name", "record_seconds"),
        next(answer, "voicemail", &voicemail.mark),
    ]
}

/// Asks this address next, once.
fn next(answer: &Answer, event: &str, mark: &str) -> Element {
    let address = answer.address(event, &Bookmark::at(mark));
    Element::new("continue").attribute("temp-action", address)
}

/// A text without what FreeSWITCH expands (`${…}`), splits at or obeys.
fn plain(text: &str) -> String {
    let harmless =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '&' | '!' | '?' | ':');
    text.chars().map(|c| if harmless(c) { c } else { ' ' }).collect()
}

const GATEWAY: &str = "ringtrace";
const RECORDING: &str = "${recordings_dir}/${uuid}.wav";
const MESSAGE: &str = "${recordings_dir}/${uuid}-message.wav";
