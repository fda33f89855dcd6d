//! Asterisk over `CURL()`: the plain form of [`pbx`] in, form-encoded text out, which
//! `CURLOPT(hashcompat)=yes` and `HASH()` read in the dialplan (telephony facts §8.1).
//!
//! | field of the answer | |
//! |---|---|
//! | `action` | `dial`, `gather`, `voicemail`, `reject`, `hangup` or `none` |
//! | `call` | our id of the call |
//! | `say`, `play` | text to speak, URL to play before it |
//! | `dest`, `count`, `dest1` … | the first target; how many; each: `+…` or `sip:…` |
//! | `order` | of several targets: `at_once` or `in_turn` |
//! | `timeout` | seconds to ring, or to wait for a key |
//! | `callerid` | the number to show; absent: the caller's own |
//! | `whisper`, `accept` | what the person who answers hears; `1` when they must press 1 |
//! | `record` | `off`, `on` or `dual` |
//! | `digits`, `prompt`, `prompt_play` | of `gather`: most keys; text to speak or URL to play meanwhile |
//! | `max` | of `voicemail`: longest message in seconds |
//! | `cause` | of `reject`: 17 (busy) or 21 (declined) |
//! | `mark` | to be sent back with the result |
//!
//! `none` means that the dialplan goes on by itself. Steps behind the first of these actions cannot be
//! said in one flat answer; the dialplan asks again instead.

use url::form_urlencoded::Serializer;

use crate::call::answer::{
    Answer, Dial, DialOrder, Feature, Prompt, Record, Rejection, ShownNumber, Step,
};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Verified, Webhook, pbx,
};
use crate::config::model::{Site, Telephony};

/// Asterisk.
pub struct Asterisk;

impl Provider for Asterisk {
    fn name(&self) -> &'static str {
        "asterisk"
    }

    fn events(&self) -> &'static [&'static str] {
        pbx::EVENTS
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        pbx::verify(&keys.asterisk, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        let events = pbx::events(self.name(), site, webhook);
        Understood::of(pbx::wants(webhook), events, site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        let mut form = Serializer::new(String::new());
        for (name, value) in fields(answer) {
            form.append_pair(&name, &value);
        }
        Document { content_type: "application/x-www-form-urlencoded", body: form.finish() }
    }

    /// As far as the dialplan does what the answer says.
    fn can(&self, _: Feature) -> bool {
        true
    }
}

type Field = (String, String);

fn field(name: &str, value: impl ToString) -> Field {
    (name.to_owned(), value.to_string())
}

fn fields(answer: &Answer) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(call) = answer.call {
        fields.push(field("call", call));
    }
    let decisive = answer.steps.iter().position(|step| !matches!(step, Step::Say(_)));
    let (before, decisive) = match decisive {
        Some(at) => (&answer.steps[..at], action(answer, &answer.steps[at])),
        None if answer.steps.is_empty() => (&answer.steps[..], vec![field("action", "none")]),
        None => (&answer.steps[..], vec![field("action", "hangup")]),
    };
    let texts = before.iter().filter_map(|step| match step {
        Step::Say(Prompt::Text { text, .. }) => Some(text.as_str()),
        _ => None,
    });
    let texts: Vec<&str> = texts.collect();
    let sound = before.iter().find_map(|step| match step {
        Step::Say(Prompt::Audio(url)) => Some(field("play", url)),
        _ => None,
    });
    fields.extend(sound);
    fields.extend((!texts.is_empty()).then(|| field("say", texts.join(" "))));
    fields.extend(decisive);
    fields
}

fn action(answer: &Answer, step: &Step) -> Vec<Field> {
    match step {
        // Said before what decides.
        Step::Say(_) => Vec::new(),
        Step::Dial(dial) => dial_fields(answer, dial),
        Step::Gather(gather) => {
            let mut fields = vec![
                field("action", "gather"),
                field("digits", gather.max_digits),
                field("timeout", gather.timeout_s),
                field("mark", &gather.mark),
            ];
            fields.extend(gather.prompt.as_ref().map(|prompt| match prompt {
                Prompt::Text { text, .. } => field("prompt", text),
                Prompt::Audio(url) => field("prompt_play", url),
            }));
            fields
        }
        Step::Voicemail(voicemail) => vec![
            field("action", "voicemail"),
            field("max", voicemail.max_s),
            field("mark", &voicemail.mark),
        ],
        Step::Reject(rejection) => {
            let cause = match rejection {
                Rejection::Busy => 17,
                Rejection::Declined => 21,
            };
            vec![field("action", "reject"), field("cause", cause)]
        }
        Step::HangUp => vec![field("action", "hangup")],
    }
}

fn dial_fields(answer: &Answer, dial: &Dial) -> Vec<Field> {
    let mut fields = vec![field("action", "dial"), field("timeout", dial.ring_s)];
    if let Some(first) = dial.targets.first() {
        fields.push(field("dest", first.as_str()));
    }
    if dial.targets.len() > 1 {
        fields.push(field("count", dial.targets.len()));
        for (i, target) in (1..).zip(&dial.targets) {
            fields.push(field(&format!("dest{i}"), target.as_str()));
        }
        fields.push(field(
            "order",
            match dial.order {
                DialOrder::AtOnce => "at_once",
                DialOrder::InTurn => "in_turn",
            },
        ));
    }
    let shown = match &dial.shown {
        ShownNumber::Fixed(number) => Some(number),
        ShownNumber::Callers => answer.caller.as_ref(),
    };
    fields.extend(shown.map(|number| field("callerid", number)));
    if let Some(whisper) = &dial.whisper {
        fields.push(field("whisper", &whisper.text));
        fields.extend(whisper.accept.then(|| field("accept", 1)));
    }
    fields.push(field(
        "record",
        match dial.record {
            Record::Off => "off",
            Record::On => "on",
            Record::Dual => "dual",
        },
    ));
    if !dial.mark.is_empty() {
        fields.push(field("mark", &dial.mark));
    }
    fields
}
