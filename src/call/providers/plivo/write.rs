//! An answer → Plivo's XML (telephony facts §5.2). The writer of elements escapes.

use crate::call::answer::{
    ACCEPT_KEY, ACCEPT_TIMEOUT_S, Answer, Bookmark, Dial, Gather, Prompt, Record, Rejection,
    ShownNumber, Step, Target, Voicemail, Whisper,
};
use crate::call::providers::Document;
use crate::call::providers::xml::Element;

/// The document of an answer; `<Response></Response>` when there is nothing more to do.
pub fn render(answer: &Answer) -> Document {
    let asks_last = match answer.steps.last() {
        Some(Step::Gather(gather)) => Some(no_key(answer, gather)),
        _ => None,
    };
    let elements = answer.steps.iter().flat_map(|step| elements(answer, step)).chain(asks_last);
    let body = Element::new("Response").children(elements).document();
    Document { content_type: "application/xml", body }
}

fn elements(answer: &Answer, step: &Step) -> Vec<Element> {
    match step {
        Step::Say(prompt) => vec![say(prompt)],
        Step::Dial(dial) => dial_elements(answer, dial),
        Step::Gather(gather) => vec![gather_element(answer, gather)],
        Step::Voicemail(voicemail) => vec![record_element(answer, voicemail)],
        Step::Reject(Rejection::Busy) => vec![Element::new("Hangup").attribute("reason", "busy")],
        Step::Reject(Rejection::Declined) => {
            vec![Element::new("Hangup").attribute("reason", "rejected")]
        }
        Step::HangUp => vec![Element::new("Hangup")],
    }
}

fn say(prompt: &Prompt) -> Element {
    match prompt {
        Prompt::Text { text, language } => {
            Element::new("Speak").attribute_if("language", language).text(text)
        }
        Prompt::Audio(url) => Element::new("Play").text(url),
    }
}

/// A dial without a time limit would ring until the carrier gives up. The recording of a
/// conversation is an element of its own before it.
fn dial_elements(answer: &Answer, dial: &Dial) -> Vec<Element> {
    // That the call was accepted is told by the leg, that nobody did by the dial: both must know that it was asked.
    let screened = dial.whisper.as_ref().filter(|whisper| whisper.accept);
    let bookmark = Bookmark::at(&dial.mark).with_whisper(screened);
    let mut element = Element::new("Dial")
        .attribute("action", answer.address("dial", &bookmark))
        .attribute("method", "POST")
        .attribute("redirect", "true")
        .attribute("timeout", dial.ring_s.clamp(5, 600))
        .attribute("callbackUrl", answer.address("leg", &bookmark))
        .attribute("callbackMethod", "POST");
    if let ShownNumber::Fixed(number) = &dial.shown {
        element = element.attribute("callerId", number.digits());
    }
    if let Some(whisper) = &dial.whisper {
        // Plivo asks for the key itself: its reply to the address only speaks.
        let spoken = Whisper { accept: false, ..whisper.clone() };
        let bookmark = Bookmark::default().with_whisper(Some(&spoken));
        element = element.attribute("confirmSound", answer.address("whisper", &bookmark));
        if whisper.accept {
            element = element
                .attribute("confirmKey", ACCEPT_KEY)
                .attribute("confirmTimeout", ACCEPT_TIMEOUT_S);
        }
    }
    let element = element.children(dial.targets.iter().map(target));
    recording(answer, dial.record).into_iter().chain([element]).collect()
}

fn target(target: &Target) -> Element {
    match target {
        Target::Phone(number) => Element::new("Number").text(number.digits()),
        Target::Sip(uri) => Element::new("User").text(uri.as_str()),
    }
}

fn recording(answer: &Answer, record: Record) -> Option<Element> {
    let address = answer.address("recording", &Bookmark::default());
    let element = Element::new("Record")
        .attribute("action", &address)
        .attribute("redirect", "false")
        .attribute("recordSession", "true")
        .attribute("startOnDialAnswer", "true")
        .attribute("fileFormat", "mp3")
        .attribute("maxLength", LONGEST_RECORDING_S)
        .attribute("callbackUrl", &address)
        .attribute("callbackMethod", "POST");
    match record {
        Record::Off => None,
        Record::On => Some(element),
        Record::Dual => Some(element.attribute("recordChannelType", "stereo")),
    }
}

fn gather_element(answer: &Answer, gather: &Gather) -> Element {
    Element::new("GetInput")
        .attribute("action", answer.address("gather", &Bookmark::at(&gather.mark)))
        .attribute("method", "POST")
        .attribute("inputType", "dtmf")
        .attribute("executionTimeout", gather.timeout_s.clamp(5, 60))
        .attribute("digitEndTimeout", gather.timeout_s.clamp(2, 10))
        .attribute("finishOnKey", "#")
        .attribute("numDigits", gather.max_digits)
        .attribute("redirect", "true")
        .children(gather.prompt.iter().map(say))
}

/// Without a key `<GetInput>` asks nobody and the document goes on: this asks in its place.
fn no_key(answer: &Answer, gather: &Gather) -> Element {
    let address = answer.address("gather", &Bookmark::at(&gather.mark));
    Element::new("Redirect").attribute("method", "POST").text(&address)
}

fn record_element(answer: &Answer, voicemail: &Voicemail) -> Element {
    Element::new("Record")
        .attribute("action", answer.address("voicemail", &Bookmark::at(&voicemail.mark)))
        .attribute("method", "POST")
        .attribute("redirect", "true")
        .attribute("fileFormat", "mp3")
        .attribute("maxLength", voicemail.max_s)
        .attribute("timeout", SILENCE_S)
        .attribute("finishOnKey", "#")
        .attribute("playBeep", "true")
}

/// Longest recorded conversation, in seconds.
const LONGEST_RECORDING_S: u32 = 4 * 3600;
/// Seconds of silence that end a message.
const SILENCE_S: u16 = 5;
