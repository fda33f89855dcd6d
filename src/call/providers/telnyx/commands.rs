//! A step of an answer → the command that does it (telephony facts §4.2; the parameters as Telnyx' own package for
//! Python 4.189.0 names them).
//!
//! A call is answered first; each command brings back a [`State`] with the event that says it is over, and that
//! asks for the next one.

use reqwest::Method;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::VoiceApi;
use super::state::{Doing, State};
use crate::call::answer::{
    Dial, Gather, Prompt, Record, Rejection, ShownNumber, Step, Target, Voicemail,
};
use crate::call::command::model::{Command, Control, Controlled, Left};
use crate::call::providers::Wants;
use crate::call::providers::accounts::model::{ApiRequest, Auth, Body};
use crate::call::providers::accounts::telnyx::BASE;
use crate::config::model::{Telephony, Telnyx};

/// Seconds that a target may ring.
const RING_S: std::ops::RangeInclusive<u16> = 5..=600;
/// Seconds of silence that end a message.
const SILENCE_S: u16 = 5;
/// The voice that texts are spoken with, in each of [`LANGUAGES`].
const VOICE: &str = "female";
/// The languages that it speaks.
const LANGUAGES: [&str; 29] = [
    "en-US",
    "en-GB",
    "en-AU",
    "en-IN",
    "en-GB-WLS",
    "arb",
    "cmn-CN",
    "cy-GB",
    "da-DK",
    "de-DE",
    "es-ES",
    "es-MX",
    "es-US",
    "fr-FR",
    "fr-CA",
    "hi-IN",
    "is-IS",
    "it-IT",
    "ja-JP",
    "ko-KR",
    "nb-NO",
    "nl-NL",
    "pl-PL",
    "pt-PT",
    "pt-BR",
    "ro-RO",
    "ru-RU",
    "sv-SE",
    "tr-TR",
];

impl Control for VoiceApi {
    fn commands(&self, keys: &Telephony, at: &Controlled, left: Left<'_>) -> Vec<Command> {
        let mut accounts = keys.telnyx.iter().filter(|account| account.voice_api);
        let own = accounts.clone().find(|account| account.application == at.application);
        let Some(account) = own.or_else(|| accounts.next()) else { return Vec::new() };
        let desk = Desk { account, at, left };
        let (first, is_waited_for) = desk.next();
        let others = if is_waited_for { desk.instead() } else { Vec::new() };
        first.into_iter().chain(others).collect()
    }
}

/// What commands are put together from.
struct Desk<'a> {
    account: &'a Telnyx,
    at: &'a Controlled,
    left: Left<'a>,
}

impl Desk<'_> {
    /// The command that comes next, and whether the caller waits for what it does.
    fn next(&self) -> (Option<Command>, bool) {
        let step = self.left.answer.steps.first();
        let command = match (&self.at.wants, step) {
            (_, None | Some(Step::HangUp)) => return (self.command("hangup", Map::new()), false),
            (Wants::Route, Some(Step::Reject(reason))) => {
                let cause = match reason {
                    Rejection::Busy => "USER_BUSY",
                    Rejection::Declined => "CALL_REJECTED",
                };
                return (self.command("reject", fields([("cause", json!(cause))])), false);
            }
            // Who was answered before cannot be turned away.
            (_, Some(Step::Reject(_))) => return (self.command("hangup", Map::new()), false),
            (Wants::Route, Some(_)) => {
                let state = State { done: self.left.done, ..self.state(Doing::Said, "") };
                self.command("answer", fields([("client_state", json!(state.packed()))]))
            }
            (_, Some(Step::Say(prompt))) => self.say(prompt),
            (_, Some(Step::Dial(dial))) => self.dial(dial),
            (_, Some(Step::Gather(gather))) => self.gather(gather),
            (_, Some(Step::Voicemail(voicemail))) => self.record(voicemail),
        };
        (command, true)
    }

    /// What is done when the provider refuses that: the call goes to its fail-safe, or else it ends.
    fn instead(&self) -> Vec<Command> {
        let site = self.left.site;
        let number = site.fail_safe(self.left.answer.called.as_ref()).clone();
        let ring_s = site.ring_timeout.as_secs().clamp(5, 600) as u16;
        let mut forward = self.transfer(&Target::Phone(number), ring_s, &ShownNumber::Callers, "");
        forward.insert("command_id".to_owned(), json!(self.id("instead")));
        let last = self.command("hangup", Map::new());
        self.command("transfer", forward).into_iter().chain(last).collect()
    }

    fn say(&self, prompt: &Prompt) -> Option<Command> {
        let state = ("client_state", json!(self.state(Doing::Said, "").packed()));
        match prompt {
            Prompt::Text { text, language } => {
                let [text, voice, language] = spoken(text, language);
                self.command("speak", fields([state, text, voice, language]))
            }
            Prompt::Audio(url) => {
                self.command("playback_start", fields([state, ("audio_url", json!(url))]))
            }
        }
    }

    fn gather(&self, gather: &Gather) -> Option<Command> {
        let state = self.state(Doing::Gather, &gather.mark);
        let milliseconds = u32::from(gather.timeout_s) * 1000;
        let mut asked = fields([
            ("client_state", json!(state.packed())),
            ("minimum_digits", json!(1)),
            ("maximum_digits", json!(gather.max_digits)),
            ("maximum_tries", json!(1)),
            ("timeout_millis", json!(milliseconds)),
            ("inter_digit_timeout_millis", json!(milliseconds)),
            ("terminating_digit", json!("#")),
        ]);
        let name = match &gather.prompt {
            Some(Prompt::Text { text, language }) => {
                asked.extend(fields(spoken(text, language)));
                "gather_using_speak"
            }
            Some(Prompt::Audio(url)) => {
                asked.insert("audio_url".to_owned(), json!(url));
                "gather_using_audio"
            }
            None => {
                asked.insert("initial_timeout_millis".to_owned(), json!(milliseconds));
                "gather"
            }
        };
        self.command(name, asked)
    }

    /// One target rings; `ringtrace check` refuses routes that ring several at once.
    fn dial(&self, dial: &Dial) -> Option<Command> {
        let mut asked = self.transfer(dial.targets.first()?, dial.ring_s, &dial.shown, &dial.mark);
        let channels = match dial.record {
            Record::Off => None,
            Record::On => Some("single"),
            Record::Dual => Some("dual"),
        };
        if let Some(channels) = channels {
            asked.extend(fields([
                ("record", json!("record-from-answer")),
                ("record_channels", json!(channels)),
                ("record_format", json!("mp3")),
            ]));
        }
        self.command("transfer", asked)
    }

    /// The caller's leg stays when the other one ends, so that something may follow.
    fn transfer(
        &self,
        target: &Target,
        ring_s: u16,
        shown: &ShownNumber,
        mark: &str,
    ) -> Map<String, Value> {
        let state = json!(self.state(Doing::Dial, mark).packed());
        let mut asked = fields([
            ("to", json!(target.as_str())),
            ("timeout_secs", json!(ring_s.clamp(*RING_S.start(), *RING_S.end()))),
            ("park_after_unbridge", json!("self")),
            ("client_state", state.clone()),
            ("target_leg_client_state", state),
        ]);
        let from = match shown {
            ShownNumber::Fixed(number) => Some(number),
            ShownNumber::Callers => self.left.answer.caller.as_ref(),
        };
        if let Some(from) = from {
            asked.insert("from".to_owned(), json!(from.as_str()));
        }
        asked
    }

    fn record(&self, voicemail: &Voicemail) -> Option<Command> {
        let asked = fields([
            ("client_state", json!(self.state(Doing::Message, &voicemail.mark).packed())),
            ("channels", json!("single")),
            ("format", json!("mp3")),
            ("play_beep", json!(true)),
            ("max_length", json!(voicemail.max_s)),
            ("timeout_secs", json!(SILENCE_S)),
        ]);
        self.command("record_start", asked)
    }

    fn state(&self, doing: Doing, mark: &str) -> State {
        State {
            leg: self.at.leg.clone(),
            hop: self.left.hop,
            done: self.left.done.saturating_add(1),
            mark: mark.to_owned(),
            doing,
        }
    }

    /// The same for the same step of a call, whenever it is decided, so that it is done once.
    fn id(&self, name: &str) -> String {
        let Left { hop, done, .. } = self.left;
        let place = match self.at.wants {
            Wants::Route => "arrived".to_owned(),
            _ => format!("{hop}.{done}"),
        };
        hex::encode(Sha1::digest(format!("{} {place} {name}", self.at.leg).as_bytes()))
    }

    fn command(&self, name: &'static str, mut body: Map<String, Value>) -> Option<Command> {
        let id = self.id(name);
        body.entry("command_id").or_insert_with(|| json!(id));
        let base = self.account.api_base.as_deref().unwrap_or(BASE);
        let mut url = url::Url::parse(base).ok()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend([
            "calls",
            &self.at.leg,
            "actions",
            name,
        ]);
        let auth = Auth::Bearer(self.account.api_key.clone());
        let body = Body::Json(Value::Object(body));
        Some(Command { name, request: ApiRequest::send(Method::POST, url, auth, body) })
    }
}

fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A text in the language that is nearest to the wanted one.
fn spoken(text: &str, language: &str) -> [(&'static str, Value); 3] {
    let same = |known: &&&str| known.eq_ignore_ascii_case(language);
    let main = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let near = |known: &&&str| !language.is_empty() && main(known) == main(language);
    let known = LANGUAGES.iter().find(same).or_else(|| LANGUAGES.iter().find(near));
    let language = known.unwrap_or(&LANGUAGES[0]);
    [("payload", json!(text)), ("voice", json!(VOICE)), ("language", json!(language))]
}
