//! One answer with everything, in the words of each provider. `tests/peers/documents_peer.py` holds the
//! snapshots against the providers' own Python packages.

use ringtrace::call::answer::{
    self, Answer, Asks, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step,
    Target, Voicemail, Whisper,
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

/// What routing asks for, one thing at a time, each with a name.
fn matrix() -> Vec<(&'static str, Vec<Step>)> {
    let phone = || Target::Phone("+14155550111".parse().expect("a number"));
    let sip = || Target::Sip("sips:a.b+c@pbx.example.com:5061".parse().expect("an address"));
    let plain = |targets: Vec<Target>| Dial {
        targets,
        order: DialOrder::AtOnce,
        ring_s: 25,
        shown: ShownNumber::Callers,
        whisper: None,
        record: Record::Off,
        mark: "1.d.sales.7.0.-".to_owned(),
    };
    let whisper = |text: &str, accept| Whisper {
        text: text.to_owned(),
        language: "en-GB".to_owned(),
        accept,
    };
    let dial = |change: &dyn Fn(&mut Dial)| {
        let mut dial = plain(vec![phone()]);
        change(&mut dial);
        vec![Step::Dial(dial)]
    };
    let gather = |prompt, asks| {
        vec![Step::Gather(Gather {
            prompt,
            max_digits: 1,
            timeout_s: 6,
            asks,
            mark: "1+.m.main.0".to_owned(),
        })]
    };
    let sound = || Prompt::Audio("https://dni.example.com/a b.mp3?x=<1>&y=\"2\"".to_owned());
    vec![
        ("one phone", dial(&|_| {})),
        ("one SIP address", dial(&|dial| dial.targets = vec![sip()])),
        ("several at once", dial(&|dial| dial.targets = vec![phone(), sip(), phone()])),
        (
            "several in turn",
            dial(&|dial| (dial.targets, dial.order) = (vec![phone(), sip()], DialOrder::InTurn)),
        ),
        (
            "a fixed number shown",
            dial(&|dial| {
                dial.shown = ShownNumber::Fixed("+14155550199".parse().expect("a number"))
            }),
        ),
        ("a short ring", dial(&|dial| dial.ring_s = 1)),
        ("a long ring", dial(&|dial| dial.ring_s = 600)),
        ("a whisper", dial(&|dial| dial.whisper = Some(whisper("Call from Google Ads", false)))),
        ("a whisper with a key", dial(&|dial| dial.whisper = Some(whisper(ODD, true)))),
        ("recorded", dial(&|dial| dial.record = Record::On)),
        ("recorded in two channels", dial(&|dial| dial.record = Record::Dual)),
        (
            "a greeting and a notice",
            [
                vec![Step::Say(sound()), Step::Say(said(ODD))],
                dial(&|dial| dial.record = Record::On),
            ]
            .concat(),
        ),
        ("a menu", gather(Some(said(ODD)), Asks::Caller)),
        ("a menu that plays", gather(Some(sound()), Asks::Caller)),
        ("keys without a prompt", gather(None, Asks::Caller)),
        (
            "a message",
            vec![
                Step::Say(said("Please leave a message.")),
                Step::Voicemail(Voicemail { max_s: 3600, mark: "2.v.message".to_owned() }),
            ],
        ),
        ("what is whispered", answer::whisper(&whisper(ODD, false), "m")),
        ("what is asked", answer::whisper(&whisper(ODD, true), "m")),
        ("busy", vec![Step::Reject(Rejection::Busy)]),
        ("declined", vec![Step::Reject(Rejection::Declined)]),
        ("the end", vec![Step::HangUp]),
        ("nothing more", Vec::new()),
    ]
}

/// What people write into campaigns.
const ODD: &str = "Zoë's \"50% <off>\" & más ]]> ${x} {y} \\ 🦀";

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
        let documents = matrix().into_iter().map(|(asked, steps)| {
            let body = provider.render(&keys(), &answer(name, steps)).body;
            assert!(!body.contains('\n'), "{name} {asked}: {body}");
            format!("{asked}\n{body}\n")
        });
        insta::assert_snapshot!(format!("{name}_matrix"), documents.collect::<String>());
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
