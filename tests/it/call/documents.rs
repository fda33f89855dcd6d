//! One answer with everything, in the words of each provider. `tests/peers/documents_peer.py` holds the
//! snapshots against the providers' own Python packages.

use ringtrace::call::answer::{
    Answer, Asks, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step, Target,
    Voicemail, Whisper,
};
use ringtrace::call::providers;
use ringtrace::config::model::{Bandwidth, Telephony};
use ringtrace::platform::secret::Secret;

fn said(text: &str) -> Prompt {
    Prompt::Text { text: text.to_owned(), language: "en-US".to_owned() }
}

fn dial(order: DialOrder, record: Record, shown: ShownNumber) -> Dial {
    Dial {
        targets: vec![
            Target::Phone("+14155550111".parse().expect("a number")),
            Target::Sip("sip:sales@pbx.example.com".parse().expect("an address")),
        ],
        order,
        ring_s: 25,
        shown,
        whisper: Some(Whisper {
            text: "Call from Google Ads, spring sale".to_owned(),
            language: "en-US".to_owned(),
            accept: true,
        }),
        record,
        mark: "sales".to_owned(),
    }
}

fn answer(provider: &str, steps: Vec<Step>) -> Answer {
    Answer {
        call: None,
        caller: "+14155550100".parse().ok(),
        called: "+14155550199".parse().ok(),
        report_to: format!("https://dni.example.com/v1/telephony/{provider}/demo"),
        steps,
    }
}

/// A menu, two dials, a message: no provider would run all of it in one go.
fn everything() -> Vec<Step> {
    let fixed = ShownNumber::Fixed("+14155550199".parse().expect("a number"));
    vec![
        Step::Say(said("Calls may be recorded & kept.")),
        Step::Say(Prompt::Audio("https://dni.example.com/hello.mp3?a=1&b=2".to_owned())),
        Step::Gather(Gather {
            prompt: Some(said("Press 1 for sales.")),
            max_digits: 1,
            timeout_s: 6,
            asks: Asks::Caller,
            mark: "menu".to_owned(),
        }),
        Step::Dial(dial(DialOrder::InTurn, Record::Dual, fixed)),
        Step::Dial(dial(DialOrder::AtOnce, Record::On, ShownNumber::Callers)),
        Step::Say(said("Please leave a message after the tone.")),
        Step::Voicemail(Voicemail { max_s: 120, mark: "message".to_owned() }),
        Step::HangUp,
    ]
}

fn keys() -> Telephony {
    let application = Bandwidth {
        username: "ringtrace".to_owned(),
        password: Secret::new("open-sesame"),
        ..Bandwidth::default()
    };
    Telephony { bandwidth: vec![application], ..Telephony::default() }
}

#[test]
fn every_provider_says_the_same_in_its_own_words() {
    for provider in providers::ALL {
        let name = provider.name();
        let document = provider.render(&keys(), &answer(name, everything()));
        insta::assert_snapshot!(name, document.body);
        let rejected = |rejection| {
            let steps = vec![Step::Reject(rejection)];
            provider.render(&keys(), &answer(name, steps)).body
        };
        let both = format!("{}\n{}", rejected(Rejection::Busy), rejected(Rejection::Declined));
        insta::assert_snapshot!(format!("{name}_reject"), both);
    }
}
