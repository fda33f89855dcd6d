//! An answer → verbs (telephony facts §2.2). The writer of elements escapes.

use crate::call::answer::{
    Answer, Asks, Bookmark, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step,
    Target, Voicemail,
};
use crate::call::providers::Document;
use crate::call::providers::twiml::Dialect;
use crate::call::providers::xml::Element;

/// The document of an answer; `<Response></Response>` when there is nothing more to do.
pub fn render(dialect: &Dialect, answer: &Answer) -> Document {
    let asks_last = match answer.steps.last() {
        Some(Step::Gather(gather)) if gather.asks == Asks::Caller => Some(no_key(answer, gather)),
        _ => None,
    };
    let verbs = answer.steps.iter().map(|step| verb(dialect, answer, step)).chain(asks_last);
    let body = Element::new("Response").children(verbs).document();
    Document { content_type: "text/xml; charset=utf-8", body }
}

fn verb(dialect: &Dialect, answer: &Answer, step: &Step) -> Element {
    match step {
        Step::Say(prompt) => say(prompt),
        Step::Dial(dial) => dial_verb(dialect, answer, dial),
        Step::Gather(gather) => gather_verb(answer, gather),
        Step::Voicemail(voicemail) => record_verb(answer, voicemail),
        Step::Reject(Rejection::Busy) => Element::new("Reject").attribute("reason", "busy"),
        Step::Reject(Rejection::Declined) => Element::new("Reject").attribute("reason", "rejected"),
        Step::HangUp => Element::new("Hangup"),
    }
}

fn say(prompt: &Prompt) -> Element {
    match prompt {
        Prompt::Text { text, language } => {
            Element::new("Say").attribute_if("language", language).text(text)
        }
        Prompt::Audio(url) => Element::new("Play").text(url),
    }
}

/// `answerOnBridge`: the caller hears it ring, and is not billed as answered, until the destination
/// answers.
fn dial_verb(dialect: &Dialect, answer: &Answer, dial: &Dial) -> Element {
    let ring_s = dial.ring_s.clamp(*dialect.ring_s.start(), *dialect.ring_s.end());
    // Screening comes back with the dial's end, which alone proves that they were bridged.
    let screened = dial.whisper.as_ref().filter(|whisper| whisper.accept);
    let done = Bookmark::at(&dial.mark).with_whisper(screened);
    let mut verb = Element::new("Dial")
        .attribute("timeout", ring_s)
        .attribute("answerOnBridge", "true")
        .attribute("action", answer.address("dial", &done))
        .attribute("method", "POST");
    match (&dial.shown, &answer.caller) {
        (ShownNumber::Fixed(number), _) => verb = verb.attribute("callerId", number),
        (ShownNumber::Callers, Some(number)) if dialect.names_caller => {
            verb = verb.attribute("callerId", number);
        }
        (ShownNumber::Callers, _) => {}
    }
    if dial.order == DialOrder::InTurn && dial.targets.len() > 1 && dialect.in_turn {
        verb = verb.attribute("sequential", "true");
    }
    let record = match dial.record {
        Record::Off => None,
        Record::On => Some("record-from-answer"),
        Record::Dual => Some("record-from-answer-dual"),
    };
    if let Some(record) = record {
        verb = verb
            .attribute("record", record)
            .attribute("recordingStatusCallback", answer.address("recording", &Bookmark::default()))
            .attribute("recordingStatusCallbackMethod", "POST");
    }
    verb.children(dial.targets.iter().map(|target| noun(answer, dial, target)))
}

fn noun(answer: &Answer, dial: &Dial, target: &Target) -> Element {
    let mut noun = Element::new(match target {
        Target::Phone(_) => "Number",
        Target::Sip(_) => "Sip",
    });
    if let Some(whisper) = &dial.whisper {
        let bookmark = Bookmark::at(&dial.mark).with_whisper(Some(whisper));
        noun =
            noun.attribute("url", answer.address("whisper", &bookmark)).attribute("method", "POST");
    }
    noun.attribute("statusCallback", answer.address("leg", &Bookmark::at(&dial.mark)))
        .attribute("statusCallbackMethod", "POST")
        .attribute("statusCallbackEvent", "ringing answered completed")
        .text(target.as_str())
}

fn gather_verb(answer: &Answer, gather: &Gather) -> Element {
    let event = match gather.asks {
        Asks::Caller => "gather",
        Asks::Acceptance => "accept",
    };
    Element::new("Gather")
        .attribute("numDigits", gather.max_digits)
        .attribute("timeout", gather.timeout_s)
        .attribute("finishOnKey", "#")
        .attribute("action", answer.address(event, &Bookmark::at(&gather.mark)))
        .attribute("method", "POST")
        .children(gather.prompt.iter().map(say))
}

/// Without a key a `<Gather>` asks nobody and the document goes on: this asks in its place.
fn no_key(answer: &Answer, gather: &Gather) -> Element {
    let address = answer.address("gather", &Bookmark::at(&gather.mark));
    Element::new("Redirect").attribute("method", "POST").text(&address)
}

/// Without an `action` the provider would ask the same address again, for ever.
fn record_verb(answer: &Answer, voicemail: &Voicemail) -> Element {
    Element::new("Record")
        .attribute("action", answer.address("voicemail", &Bookmark::at(&voicemail.mark)))
        .attribute("method", "POST")
        .attribute("maxLength", voicemail.max_s)
        .attribute("timeout", SILENCE_S)
        .attribute("finishOnKey", "#")
        .attribute("playBeep", "true")
        .attribute("recordingStatusCallback", answer.address("recording", &Bookmark::default()))
        .attribute("recordingStatusCallbackMethod", "POST")
}

/// Seconds of silence that end a message.
const SILENCE_S: u16 = 5;
