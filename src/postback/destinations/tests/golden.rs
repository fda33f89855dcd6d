//! The exact request of every platform, and of every kind of row.

use super::*;
use crate::config::load::load_text;
use crate::config::model::{Config, GoogleAction};
use crate::platform::email::{EmailForm, EmailHashes};
use crate::postback::model::{Correction, CorrectionKind};
use crate::visit::ad_ids::{AdIds, GaSession};
use crate::visit::model::{ClickId, Consent};

/// The examples that ship.
pub(super) fn examples() -> Config {
    load_text("destinations.toml", include_str!("../../../../config/destinations.toml"))
        .expect("the examples")
}

pub(super) fn example(id: &str) -> Destination {
    let config = examples();
    let found = config.sites[0].destinations.iter().find(|known| known.id.as_str() == id);
    found.unwrap_or_else(|| panic!("no example {id}")).clone()
}

/// A conversion of a visit that brought every click id and every cookie.
pub(super) fn told() -> Postback {
    let click = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut told = postback(ConversionFacts {
        source: "google".to_owned(),
        medium: "cpc".to_owned(),
        campaign: "spring".to_owned(),
        channel: "Paid Search".to_owned(),
        click_ids: vec![
            click("gclid", "EAIaIQobChMIx"),
            click("msclkid", "b1240587f865192a03586c5b000314f5"),
            click("fbclid", "IwAR2abcDEF"),
            click("ttclid", "E.C.P.v3fQ2RHacdks"),
            click("li_fat_id", "9b8c7d6e-aaaa-4000-8000-0123456789ab"),
            click("twclid", "23opevjt88psuo13lu8d020qkn"),
            click("sccid", "a1b2c3d4-e5f6"),
            click("rdt_cid", "5138764329876"),
            click("epik", "dj0yJnU9c1k"),
            click("oppref", "opp-7f3a9c"),
            click("qclid", "qc-91f0ab"),
            click("ndclid", "nd-22b7fe"),
        ],
        landing_page: "shop.example.com/landing".to_owned(),
        call_started_at: NOW.plus(-183_000),
        talk_s: 183,
        status: "answered".to_owned(),
        first_time: Some(true),
        confidence: 0.97,
        value: Some("25.00".to_owned()),
        currency: "USD".to_owned(),
        tracking_number: "+14155550199".to_owned(),
        country: "US".to_owned(),
        caller_hash: Some("ab12".to_owned()),
        session: None,
        clicked_at: Some(NOW.plus(-7 * 3_600_000)),
        consent: Consent { analytics: true, ads: true },
        ad_ids: AdIds {
            ga_client: "1162820436.1749482504".to_owned(),
            ga_sessions: [("EXAMPLE000".to_owned(), GaSession { id: 1_767_322_500, number: 1 })]
                .into_iter()
                .collect(),
            fbp: "fb.1.1767323000000.1098115397".to_owned(),
            fbc: "fb.1.1767323000123.IwAR2abcDEF.AQICAQMC".to_owned(),
            ttp: "ttp-1".to_owned(),
            uet_visitor: "uet-1".to_owned(),
            snap_visitor: "scid-1".to_owned(),
            reddit_visitor: "1767323.reddit".to_owned(),
            click_ids: vec![ClickId { name: "gclid".to_owned(), value: "older".to_owned() }],
            ..AdIds::default()
        },
        disposition: "booked".to_owned(),
        ..ConversionFacts::default()
    });
    told.id = "att_01.qualified.d".to_owned();
    told
}

/// A request as one text: method, URL, headers, body.
fn written(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().expect("text")))
        .collect();
    headers.sort();
    text.extend(headers);
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    format!("{text}\n{}\n", serde_json::to_string_pretty(&body).expect("JSON"))
}

#[test]
fn every_platform_is_told_a_conversion() {
    for destination in &examples().sites[0].destinations {
        let request = request(destination, &told());
        insta::assert_snapshot!(format!("told_{}", destination.id), written(&request));
    }
}

#[test]
fn google_is_told_of_calls_and_adjustments() {
    let mut calls = (example("google"), example("google-ads"));
    if let DestinationKind::GoogleDataManager(config) = &mut calls.0.kind {
        config.action = GoogleAction::Call;
    }
    if let DestinationKind::GoogleAds(config) = &mut calls.1.kind {
        config.action = GoogleAction::Call;
    }
    insta::assert_snapshot!("call_google", written(&request(&calls.0, &told())));
    insta::assert_snapshot!("call_google_ads", written(&request(&calls.1, &told())));
    for (name, change) in
        [("restated", CorrectionKind::Restated), ("retracted", CorrectionKind::Retracted)]
    {
        let request = request(&example("google-ads"), &corrected(change));
        insta::assert_snapshot!(format!("{name}_google_ads"), written(&request));
    }
}

#[test]
fn microsoft_is_told_of_adjustments() {
    for (name, change) in
        [("restated", CorrectionKind::Restated), ("retracted", CorrectionKind::Retracted)]
    {
        let request = request(&example("bing"), &corrected(change));
        insta::assert_snapshot!(format!("{name}_microsoft_ads"), written(&request));
    }
}

fn corrected(change: CorrectionKind) -> Postback {
    let because = "outcome".to_owned();
    let of = "att_01.qualified.d".to_owned();
    let id = "att_01.qualified~v7.d".to_owned();
    Postback { id, corrects: Some(Correction { of, change, because }), ..told() }
}

#[test]
fn what_takes_nothing_back_says_so() {
    for destination in &examples().sites[0].destinations {
        let adjusts = matches!(
            destination.kind,
            DestinationKind::GoogleAds(_) | DestinationKind::MicrosoftAds(_)
        );
        let restates = adjusts || matches!(destination.kind, DestinationKind::GoogleDataManager(_));
        for (change, takes) in
            [(CorrectionKind::Restated, restates), (CorrectionKind::Retracted, adjusts)]
        {
            let told = prepared(destination, &corrected(change), NOW);
            match told {
                Ok(_) => assert!(takes, "{} {change:?}", destination.id),
                Err(skip) => {
                    assert!(!takes, "{} {change:?}", destination.id);
                    assert_eq!(skip.reason, SkipReason::NotAdjustable, "{}", destination.id);
                }
            }
        }
    }
}

#[test]
fn nothing_is_told_without_consent_and_nothing_too_old() {
    for destination in &examples().sites[0].destinations {
        let platform = destination.kind.platform();
        let denied = Person { ads: false, ..person() };
        let postback = told();
        let told = Told { postback: &postback, person: &denied };
        let verdict = eligible(platform.as_ref(), &told, NOW).map_err(|skip| skip.reason);
        match platform.traits().needs_consent {
            true => assert_eq!(verdict, Err(SkipReason::NoConsent), "{}", destination.id),
            false => assert_eq!(verdict, Ok(()), "{}", destination.id),
        }
        let row = platform.row(&told).to_string();
        for secret in
            ["40d3f4e0", "5e7ec4c7", "86e0b9e5", "203.0.113.7", "Mozilla", "EAIaIQ", "IwAR2"]
        {
            assert!(!row.contains(secret), "{}: {row}", destination.id);
        }
        if let Some(oldest) = platform.traits().oldest_ms {
            let late = postback.converted_at.plus(oldest + 1);
            let person = person();
            let told = Told { postback: &postback, person: &person };
            let skip = eligible(platform.as_ref(), &told, late).expect_err("it is too old");
            assert_eq!(skip.reason, SkipReason::TooOld, "{}", destination.id);
        }
    }
}

/// Everybody who matches by e-mail addresses gets the one hash in their form, and nobody else gets any.
#[test]
fn an_email_address_is_told_in_each_platforms_form() {
    let mut told_to = 0;
    for destination in &examples().sites[0].destinations {
        let platform = destination.kind.platform();
        let email: EmailHashes = "J.Doe+calls@gmail.com".parse().expect("an address");
        let form = match &destination.kind {
            DestinationKind::GoogleDataManager(_)
            | DestinationKind::GoogleAds(_)
            | DestinationKind::Ga4(_) => EmailForm::Google,
            DestinationKind::Reddit(_) => EmailForm::Reddit,
            _ => EmailForm::Plain,
        };
        let known = Person { email: Some(email.clone()), ..person() };
        let postback = told();
        let told = Told { postback: &postback, person: &known };
        let row = platform.row(&told).to_string();
        let found: Vec<&str> = email.all().filter(|hash| row.contains(hash)).collect();
        match platform.traits().email {
            true => assert_eq!(
                found,
                vec![email.of(form); found.len().max(1)],
                "{}: {row}",
                destination.id
            ),
            false => assert_eq!(found, [""; 0], "{}: {row}", destination.id),
        }
        told_to += usize::from(platform.traits().email);
        assert!(email.all().all(|hash| told.personal().contains(&hash.to_owned())), "logs hide it");
    }
    assert_eq!(told_to, 14);
}

/// Those who can match by an address alone take a conversion that has nothing else.
#[test]
fn an_email_address_alone_is_enough_where_the_platform_says_so() {
    let enough: Vec<&str> = vec![
        "linkedin",
        "meta",
        "microsoft-uet",
        "nextdoor",
        "pinterest",
        "reddit",
        "snap",
        "tiktok",
        "x",
    ];
    let mut taken: Vec<String> = Vec::new();
    for destination in &examples().sites[0].destinations {
        let platform = destination.kind.platform();
        let known = Person { caller: None, client: None, ..person() };
        let bare = postback(ConversionFacts {
            consent: told().facts.consent,
            ..ConversionFacts::default()
        });
        let told = Told { postback: &bare, person: &known };
        if platform.traits().email && eligible(platform.as_ref(), &told, NOW).is_ok() {
            taken.push(destination.id.to_string());
        }
    }
    taken.sort();
    assert_eq!(taken, enough);
}

#[test]
fn an_anonymous_caller_is_never_hashed() {
    for destination in &examples().sites[0].destinations {
        let platform = destination.kind.platform();
        let anonymous = Person { caller: None, ..person() };
        let postback = told();
        let row = platform.row(&Told { postback: &postback, person: &anonymous });
        for name in ["ph", "phone", "phoneNumber", "phone_number", "HashedPhoneNumber"] {
            let text = row.to_string();
            assert!(!text.contains(&format!("\"{name}\"")), "{}: {text}", destination.id);
        }
    }
}

#[test]
fn a_test_value_is_told_from_a_missing_click() {
    for (id, name) in [
        ("google", "gclid"),
        ("google-ads", "gclid"),
        ("bing", "msclkid"),
        ("linkedin", "li_fat_id"),
        ("openai-ads", "oppref"),
        ("quora", "qclid"),
    ] {
        let destination = example(id);
        // LinkedIn would match by the address.
        let unknown = Person { email: None, ..person() };
        let skip = |postback: &Postback| {
            let told = Told { postback, person: &unknown };
            let skip = eligible(destination.kind.platform().as_ref(), &told, NOW);
            skip.expect_err("it is skipped").reason
        };
        assert_eq!(skip(&with_click_id(name, "test")), SkipReason::TestValue, "{id}");
        assert_eq!(skip(&with_click_id("other", "abc")), SkipReason::NoClickId, "{id}");
    }
}
