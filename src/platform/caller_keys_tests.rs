use proptest::prelude::*;

use super::*;

fn keys(of: &[u8]) -> CallerKeys {
    let ring: Vec<[u8; 32]> = of.iter().map(|byte| [*byte; 32]).collect();
    CallerKeys::new(SigningKeys::from_master(&[1; 32]), &ring)
}

fn site(text: &str) -> SiteId {
    text.parse().expect("a site id")
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

proptest! {
    #[test]
    fn every_number_comes_back_and_is_in_no_byte(digits in "[1-9][0-9]{6,14}") {
        let keys = keys(&[7]);
        let told = number(&format!("+{digits}"));
        let sealed = keys.seal(&site("one"), &told).expect("a key");
        prop_assert_eq!(keys.open(&sealed), Some(told.clone()));
        prop_assert_eq!(sealed.hash(), keys.hash(&site("one"), &told));
        prop_assert!(!sealed.to_string().contains(&digits));
        let text = serde_json::to_string(&sealed).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<SealedNumber>(&text).expect("the same"), sealed);
    }

    #[test]
    fn no_text_is_a_panic(text in ".{0,200}", tail in "[0-9a-f:A-Z_-]{0,160}") {
        let keys = keys(&[7]);
        let _ = keys.open_text(&text);
        let like = format!("{text}sealed:{tail}");
        let _ = keys.open_text(&like);
        if let Ok(sealed) = SealedNumber::try_from(format!("sealed:{tail}")) {
            prop_assert_eq!(keys.open(&sealed), None);
        }
    }
}

#[test]
fn a_sealed_number_is_of_its_site_and_cannot_be_changed() {
    let keys = keys(&[7]);
    let told = number("+12125550177");
    let (here, there) = (keys.seal(&site("one"), &told), keys.seal(&site("two"), &told));
    let (here, there) = (here.expect("a key"), there.expect("a key"));
    assert_ne!(here.hash(), there.hash());
    // The same number is never sealed the same way twice.
    assert_ne!(keys.seal(&site("one"), &told), Some(here.clone()));
    let moved = here.to_string().replace(here.hash(), there.hash());
    assert_eq!(keys.open(&SealedNumber::try_from(moved).expect("its form")), None);
    for cut in 1..here.to_string().len() {
        let part = here.to_string()[..cut].to_owned();
        let opened = SealedNumber::try_from(part).ok().and_then(|part| keys.open(&part));
        assert_eq!(opened, None);
    }
}

#[test]
fn a_text_is_opened_wherever_a_number_stands_in_it() {
    let keys = keys(&[7]);
    let sealed = keys.seal(&site("one"), &number("+12125550177")).expect("a key");
    let text = format!("{{\"a\":\"{sealed}\",\"b\":\"sealed: no\",\"c\":\"{sealed}\"}}");
    let opened = "{\"a\":\"+12125550177\",\"b\":\"sealed: no\",\"c\":\"+12125550177\"}";
    assert_eq!(keys.open_text(&text), opened);
    assert!(matches!(keys.open_text("nothing"), Cow::Borrowed("nothing")));
    assert_eq!(self::keys(&[8]).open_text(&text), text, "another key");
}

#[test]
fn an_older_key_opens_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let signing = SigningKeys::from_master(&[1; 32]);
    let load = || CallerKeys::load_or_create(folder.path(), signing.clone()).unwrap();
    let keys = load();
    let (here, told) = (site("one"), number("+12125550177"));
    let old = keys.seal(&here, &told).unwrap();
    assert!(keys.is_newest(&old));
    let held = keys.clone();
    keys.renew().unwrap();
    let new = held.seal(&here, &told).unwrap();
    // Every holder of the keys has the new one, and so has the file.
    for keys in [&keys, &held, &load()] {
        assert!(keys.is_newest(&new) && !keys.is_newest(&old));
        assert_eq!((keys.open(&new), keys.open(&old)), (Some(told.clone()), Some(told.clone())));
    }
    held.forget_old().unwrap();
    for keys in [&keys, &load()] {
        assert_eq!((keys.open(&new), keys.open(&old)), (Some(told.clone()), None));
    }
}
