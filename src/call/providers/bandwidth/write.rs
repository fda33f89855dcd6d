//! An answer → BXML (telephony facts §7). The writer of elements escapes.

use crate::call::answer::{
    Answer, Asks, Bookmark, Dial, Gather, Prompt, Record, ShownNumber, Step, Target, Voicemail,
};
use crate::call::providers::xml::Element;
use crate::call::providers::{Document, Limits};
use crate::config::model::Bandwidth;

/// How far a `<Transfer>` goes.
pub const LIMITS: Limits = Limits { at_once: 8, ring_s: 1..=300 };

/// The document of an answer; `<Response></Response>` when there is nothing more to do. Bandwidth
/// identifies itself on the addresses in it as `application` says.
pub fn render(application: Option<&Bandwidth>, answer: &Answer) -> Document {
    let writer = BxmlWriter { application, answer };
    let verbs = answer.steps.iter().flat_map(|step| writer.verbs(step));
    let body = Element::new("Response").children(verbs).document();
    Document { content_type: "application/xml", body }
}

struct BxmlWriter<'a> {
    application: Option<&'a Bandwidth>,
    answer: &'a Answer,
}

impl BxmlWriter<'_> {
    fn verbs(&self, step: &Step) -> Vec<Element> {
        match step {
            Step::Say(prompt) => vec![say(prompt)],
            Step::Dial(dial) => self.transfer(dial),
            Step::Gather(gather) => vec![self.gather(gather)],
            Step::Voicemail(voicemail) => vec![self.record(voicemail)],
            // Before anything else it leaves the call unanswered.
            Step::Reject(_) | Step::HangUp => vec![Element::new("Hangup")],
        }
    }

    fn address(&self, event: &str, bookmark: &Bookmark) -> String {
        self.answer.address(event, bookmark)
    }

    /// With the name and password that go with the element's addresses.
    fn identified(&self, element: Element) -> Element {
        match self.application {
            Some(application) => element
                .attribute("username", &application.username)
                .attribute("password", application.password.reveal()),
            None => element,
        }
    }

    /// Without a number to show, the caller's own is shown.
    fn transfer(&self, dial: &Dial) -> Vec<Element> {
        let mut element = Element::new("Transfer");
        if let ShownNumber::Fixed(number) = &dial.shown {
            element = element.attribute("transferCallerId", number);
        }
        let screened = dial.whisper.as_ref().filter(|whisper| whisper.accept);
        let done = Bookmark::at(&dial.mark).with_whisper(screened);
        let element = element
            .attribute(
                "callTimeout",
                dial.ring_s.clamp(*LIMITS.ring_s.start(), *LIMITS.ring_s.end()),
            )
            .attribute("transferCompleteUrl", self.address("dial", &done))
            .attribute("transferCompleteMethod", "POST");
        let targets = dial.targets.iter().map(|target| self.target(dial, target));
        let element = self.identified(element).children(targets);
        let recording = match dial.record {
            Record::Off => None,
            Record::On => Some("false"),
            Record::Dual => Some("true"),
        };
        let recording = recording.map(|both| {
            let element = Element::new("StartRecording")
                .attribute("recordingAvailableUrl", self.address("recording", &Bookmark::default()))
                .attribute("recordingAvailableMethod", "POST")
                .attribute("fileFormat", "mp3")
                .attribute("multiChannel", both);
            self.identified(element)
        });
        recording.into_iter().chain([element]).collect()
    }

    fn target(&self, dial: &Dial, target: &Target) -> Element {
        let mut element = Element::new(match target {
            Target::Phone(_) => "PhoneNumber",
            Target::Sip(_) => "SipUri",
        });
        if let Some(whisper) = &dial.whisper {
            let bookmark = Bookmark::at(&dial.mark).with_whisper(Some(whisper));
            element = element
                .attribute("transferAnswerUrl", self.address("whisper", &bookmark))
                .attribute("transferAnswerMethod", "POST");
        }
        let element = element
            .attribute("transferDisconnectUrl", self.address("leg", &Bookmark::at(&dial.mark)))
            .attribute("transferDisconnectMethod", "POST");
        self.identified(element).text(target.as_str())
    }

    fn gather(&self, gather: &Gather) -> Element {
        let event = match gather.asks {
            Asks::Caller => "gather",
            Asks::Acceptance => "accept",
        };
        let element = Element::new("Gather")
            .attribute("gatherUrl", self.address(event, &Bookmark::at(&gather.mark)))
            .attribute("gatherMethod", "POST")
            .attribute("terminatingDigits", "#")
            .attribute("maxDigits", gather.max_digits.clamp(1, 50))
            .attribute("interDigitTimeout", gather.timeout_s.clamp(1, 60))
            .attribute("firstDigitTimeout", gather.timeout_s.min(60));
        self.identified(element).children(gather.prompt.iter().map(say))
    }

    fn record(&self, voicemail: &Voicemail) -> Element {
        let mark = Bookmark::at(&voicemail.mark);
        let element = Element::new("Record")
            .attribute("recordCompleteUrl", self.address("voicemail", &mark))
            .attribute("recordCompleteMethod", "POST")
            .attribute("recordingAvailableUrl", self.address("message", &Bookmark::default()))
            .attribute("recordingAvailableMethod", "POST")
            .attribute("terminatingDigits", "#")
            .attribute("maxDuration", voicemail.max_s.clamp(1, 10_800))
            .attribute("silenceTimeout", 5)
            .attribute("fileFormat", "mp3");
        self.identified(element)
    }
}

fn say(prompt: &Prompt) -> Element {
    match prompt {
        // Its languages are written with an underscore. Its speech may be SSML: its own package lets tags in a text
        // through, so there are none in ours.
        Prompt::Text { text, language } => Element::new("SpeakSentence")
            .attribute_if("locale", &language.replace('-', "_"))
            .text(&text.replace(['<', '>'], " ")),
        Prompt::Audio(url) => Element::new("PlayAudio").text(url),
    }
}
