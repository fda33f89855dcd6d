//! What rides in addresses comes back; what an answer needs is told.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_bookmark_comes_back_and_needs_no_escaping(
        mark in ".{0,40}", text in ".{0,200}", accept: bool, with_whisper: bool,
    ) {
        let whisper = Whisper { text, language: "en-US".to_owned(), accept };
        let bookmark = Bookmark::at(&mark).with_whisper(with_whisper.then_some(&whisper));
        let query = bookmark.query();
        prop_assert!(query.bytes().all(|b| b.is_ascii_alphanumeric() || b"?=-_".contains(&b)));
        let query = query.strip_prefix('?').unwrap_or_default();
        prop_assert_eq!(Bookmark::in_query(query), bookmark.clone());
        prop_assert_eq!(Bookmark::in_query(&format!("a=1&{query}&z=%20")), bookmark);
    }

    #[test]
    fn no_query_makes_reading_a_bookmark_fail(query in "(b=)?[ -~]{0,60}") {
        let _ = Bookmark::in_query(&query);
    }

    #[test]
    fn what_passes_as_a_sip_address_cannot_leave_a_dial_string(text in "sips?:[ -~]{0,30}@[ -~]{0,30}") {
        if let Ok(uri) = text.parse::<SipUri>() {
            let harmful = uri.as_str().contains([' ', ',', '|', '&', '{', '}', '<', '>', '"', '(', ')', '$', '^']);
            prop_assert!(!harmful, "{}", uri.as_str());
        }
    }
}

#[test]
fn sip_addresses_have_a_user_and_a_host() {
    for good in [
        "sip:sales@pbx.example.com",
        "SIPS:a.b+1@[::1]:5061",
        "sip:100@10.0.0.1:5060;transport=tcp",
    ] {
        assert!(good.parse::<SipUri>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "sip:",
        "sip:@host",
        "sip:a@",
        "tel:+1@host",
        "sip:a b@host",
        "sip:a@-host",
        "sales@host",
    ] {
        assert_eq!(bad.parse::<SipUri>(), Err(BadSipUri), "{bad}");
    }
    let uri: SipUri = "sip:sales@pbx.example.com".parse().expect("an address");
    assert_eq!(uri.without_scheme(), "sales@pbx.example.com");
}

#[test]
fn an_answer_tells_what_it_needs() {
    let number = || "+14155550111".parse().expect("a number");
    let dial = Dial {
        targets: vec![
            Target::Phone(number()),
            "sip:a@b".parse().map(Target::Sip).expect("an address"),
        ],
        order: DialOrder::InTurn,
        ring_s: 20,
        shown: ShownNumber::Fixed(number()),
        whisper: Some(Whisper { text: "Ads".to_owned(), language: String::new(), accept: true }),
        record: Record::Dual,
        mark: String::new(),
    };
    let said = Prompt::Text { text: "Hello".to_owned(), language: String::new() };
    let answer = Answer {
        steps: vec![Step::Say(said.clone()), Step::Say(said), Step::Dial(dial)],
        ..Answer::default()
    };
    let expected = [
        Feature::Speak,
        Feature::DialInTurn,
        Feature::DialSip,
        Feature::FixedCallerId,
        Feature::Whisper,
        Feature::WhisperSip,
        Feature::WhisperAccept,
        Feature::RecordDual,
    ];
    assert_eq!(answer.needs(), expected);
    assert!(answer.with(vec![Step::HangUp]).needs().is_empty());
}

#[test]
fn who_must_accept_presses_a_key_or_is_hung_up_on() {
    let told =
        Whisper { text: "Call from Google Ads".to_owned(), language: String::new(), accept: false };
    assert!(matches!(whisper(&told, "")[..], [Step::Say(_)]));
    let asked = Whisper { accept: true, ..told };
    assert!(matches!(
        whisper(&asked, "")[..],
        [Step::Gather(Gather { asks: Asks::Acceptance, .. }), Step::HangUp]
    ));
    assert!(accepts("1") && !accepts("") && !accepts("11") && !accepts("2"));
}
