//! What an answer may ask of a provider: the words in which a provider says what it cannot do.

use crate::call::answer::{
    Asks, Dial, DialOrder, Prompt, Record, Rejection, ShownNumber, Step, Target,
};

/// Something that not every provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Speaks a text.
    Speak,
    /// Plays a sound file from a URL.
    Play,
    /// Rings several targets at once.
    DialAtOnce,
    /// Rings several targets in turn.
    DialInTurn,
    /// Asks what comes next when nobody took a dial.
    AskNext,
    /// Dials a SIP address.
    DialSip,
    /// Shows the destination the caller's own number.
    PassCallerId,
    /// Shows the destination a number of yours.
    FixedCallerId,
    /// Says something to the person who answers before they are connected.
    Whisper,
    /// Says it also to who answers at a SIP address.
    WhisperSip,
    /// Lets the person who answers take the call by pressing 1.
    WhisperAccept,
    /// Records the conversation.
    Record,
    /// Records each side in a channel of its own.
    RecordDual,
    /// Waits for key presses.
    Gather,
    /// Records a message.
    Voicemail,
    /// Turns a call away as busy.
    RejectBusy,
    /// Turns a call away as not taken.
    RejectDeclined,
}

impl Feature {
    /// Every feature, in the order of the documentation.
    pub const ALL: [Feature; 17] = [
        Feature::Speak,
        Feature::Play,
        Feature::DialAtOnce,
        Feature::DialInTurn,
        Feature::AskNext,
        Feature::DialSip,
        Feature::PassCallerId,
        Feature::FixedCallerId,
        Feature::Whisper,
        Feature::WhisperSip,
        Feature::WhisperAccept,
        Feature::Record,
        Feature::RecordDual,
        Feature::Gather,
        Feature::Voicemail,
        Feature::RejectBusy,
        Feature::RejectDeclined,
    ];

    /// In words that end "… cannot".
    pub fn word(self) -> &'static str {
        match self {
            Feature::Speak => "speak a text",
            Feature::Play => "play a sound file",
            Feature::DialAtOnce => "ring several targets at once",
            Feature::DialInTurn => "ring several targets in turn",
            Feature::AskNext => "ask what comes after a dial",
            Feature::DialSip => "dial a SIP address",
            Feature::PassCallerId => "show the caller's own number",
            Feature::FixedCallerId => "show a number of yours",
            Feature::Whisper => "whisper to the person who answers",
            Feature::WhisperSip => "whisper to who answers at a SIP address",
            Feature::WhisperAccept => "let the person who answers press 1 to accept",
            Feature::Record => "record the conversation",
            Feature::RecordDual => "record in two channels",
            Feature::Gather => "wait for key presses",
            Feature::Voicemail => "record a message",
            Feature::RejectBusy => "turn away as busy",
            Feature::RejectDeclined => "turn away as not taken",
        }
    }
}

pub(super) fn of_step(step: &Step) -> Vec<Feature> {
    match step {
        Step::Say(prompt) => vec![of_prompt(prompt)],
        Step::Dial(dial) => of_dial(dial),
        Step::Gather(gather) => {
            let kind = match gather.asks {
                Asks::Caller => Feature::Gather,
                Asks::Acceptance => Feature::WhisperAccept,
            };
            gather.prompt.iter().map(of_prompt).chain([kind]).collect()
        }
        Step::Voicemail(_) => vec![Feature::Voicemail],
        Step::Reject(Rejection::Busy) => vec![Feature::RejectBusy],
        Step::Reject(Rejection::Declined) => vec![Feature::RejectDeclined],
        Step::HangUp => Vec::new(),
    }
}

fn of_prompt(prompt: &Prompt) -> Feature {
    match prompt {
        Prompt::Text { .. } => Feature::Speak,
        Prompt::Audio(_) => Feature::Play,
    }
}

fn of_dial(dial: &Dial) -> Vec<Feature> {
    let mut needed = vec![match dial.shown {
        ShownNumber::Callers => Feature::PassCallerId,
        ShownNumber::Fixed(_) => Feature::FixedCallerId,
    }];
    if dial.targets.len() > 1 {
        needed.push(match dial.order {
            DialOrder::AtOnce => Feature::DialAtOnce,
            DialOrder::InTurn => Feature::DialInTurn,
        });
    }
    let is_sip = dial.targets.iter().any(|target| matches!(target, Target::Sip(_)));
    needed.extend(is_sip.then_some(Feature::DialSip));
    if let Some(whisper) = &dial.whisper {
        needed.push(Feature::Whisper);
        needed.extend(is_sip.then_some(Feature::WhisperSip));
        needed.extend(whisper.accept.then_some(Feature::WhisperAccept));
    }
    match dial.record {
        Record::Off => {}
        Record::On => needed.push(Feature::Record),
        Record::Dual => needed.push(Feature::RecordDual),
    }
    needed
}
