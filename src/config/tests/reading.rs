//! Layers, unknown keys, wrong values, secrets.

use std::path::PathBuf;

use proptest::prelude::*;

use super::{DEMO, config, texts};
use crate::config::complaint::Complaint;
use crate::config::layers::Sources;
use crate::config::load::{examine_sources, read};
use crate::config::model::DestinationKind;

fn with_environment(mut sources: Sources, variables: &[(&str, &str)]) -> Sources {
    let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    sources.environment = owned.collect();
    sources
}

fn complaints(sources: &Sources) -> Vec<Complaint> {
    read(sources).complaints
}

fn told(sources: &Sources) -> String {
    let lines = complaints(sources).iter().map(ToString::to_string).collect::<Vec<_>>();
    lines.join("\n")
}

#[test]
fn the_environment_overrides_files_and_files_override_defaults() {
    let file = texts(&[("a.toml", "[server]\nlisten = \"0.0.0.0:80\"\nworkers = 3")]);
    let sources = with_environment(
        file,
        &[
            ("RINGTRACE__SERVER__WORKERS", "5"),
            ("RINGTRACE__DATA_FOLDER", "0042"),
            ("RINGTRACE__SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
            ("RINGTRACE_KEY", "not configuration"),
        ],
    );
    let config = config(&sources);
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.server.workers, 5);
    assert_eq!(config.server.trusted_proxies.len(), 1);
    assert_eq!(config.data_folder, PathBuf::from("0042"), "a text stays as it was written");
    assert_eq!(config.redis.shards, 16);
}

#[test]
fn a_folder_joins_the_sites_of_its_files() {
    let site = |id: &str| {
        format!("[[sites]]\nid = \"{id}\"\nkey = \"pk_{id}\"\nforward_to = \"+18005550100\"\n")
    };
    let (a, b) = (site("a"), site("b"));
    let joined = config(&texts(&[("1.toml", &a), ("2.toml", &b)]));
    let ids: Vec<_> = joined.sites.iter().map(|site| site.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);

    let bad = b.replace("forward_to", "forwardto");
    let told = told(&texts(&[("1.toml", &a), ("2.toml", &bad)]));
    assert!(told.contains("2.toml: sites[1].forwardto: unknown key; did you mean `forward_to`?"));
    assert!(told.contains("2.toml: sites[1].forward_to: it is missing"), "{told}");
    assert!(!told.contains("1.toml"), "{told}");
}

#[test]
fn all_unknown_keys_are_told_with_the_nearest_known_one() {
    let text = DEMO
        .replace("id = \"main\"\n# Its numbers", "id = \"main\"\nhodl = \"3m\"\n# Its numbers")
        .replace("kind = \"webhook\"", "kind = \"webhook\"\nheadres = {}")
        .replace("[sites.telephony.twilio]", "[sites.telephony.twillio]\n[sites.telephony.twilio]");
    let sources =
        with_environment(texts(&[("my.toml", &text)]), &[("RINGTRACE__SERVER__LISEN", "x")]);
    let told = told(&sources);
    for expected in [
        "my.toml: sites[0].pools[0].hodl: unknown key; did you mean `hold`?",
        "my.toml: sites[0].destinations[1].headres: unknown key; did you mean `headers`?",
        "my.toml: sites[0].telephony.twillio: unknown key; did you mean `twilio`?",
        "RINGTRACE__SERVER__LISEN: server.lisen: unknown key; did you mean `listen`?",
    ] {
        assert!(told.contains(expected), "{expected:?} is not in\n{told}");
    }
    assert_eq!(complaints(&sources).len(), 4);
}

#[test]
fn wrong_values_name_the_key_and_what_was_expected_but_no_secret() {
    let text = DEMO
        .replace("forward_to = \"+18005550100\"", "forward_to = \"800 555\"")
        .replace("\"demo-twilio-auth-token\"", "4815162342")
        .replace("kind = \"webhook\"", "kind = \"webhok\"");
    let told = told(&texts(&[("my.toml", &text)]));
    assert!(told.contains("sites[0].forward_to: expected a phone number in E.164"), "{told}");
    assert!(told.contains("found \"800 555\""), "{told}");
    assert!(told.contains("sites[0].destinations[1].kind: expected url or webhook"), "{told}");
    assert!(told.contains("did you mean `webhook`?"), "{told}");
    assert!(told.contains("twilio.auth_token: expected a text in quotes"), "{told}");
    assert!(!told.contains("4815162342"), "{told}");
}

#[test]
fn text_that_is_no_toml_is_told_by_line_without_quoting_it() {
    let text = "[sites.telephony.twilio]\nauth_token = hunter2-very-secret\n";
    let told = told(&texts(&[("my.toml", text)]));
    assert!(told.starts_with("my.toml: line 2 is not TOML"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn secrets_come_from_files_next_to_the_file_that_names_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("token"), "from-a-file\n\n").expect("it can be written");
    let name = folder.path().join("site.toml");
    let name = name.to_str().expect("a path of text");
    let text = DEMO.replace(
        "auth_token = \"demo-twilio-auth-token\"",
        "auth_token_file = \"token\"\nsecond_auth_token_file = \"missing\"",
    );
    let sources = texts(&[(name, &text)]);
    let reading = read(&sources);
    let told = told(&sources);
    assert!(told.contains("twilio.second_auth_token_file: cannot read the file"), "{told}");
    assert_eq!(reading.complaints.len(), 1);
    let config = reading.config.expect("the rest can be read");
    let twilio = config.sites[0].telephony.twilio.first().expect("it is there");
    assert_eq!(twilio.auth_token.reveal(), "from-a-file\n", "one newline is not part of it");

    let both = DEMO.replace("\nauth_token = ", "\nauth_token_file = \"token\"\nauth_token = ");
    let told = complaints(&texts(&[(name, &both)]))[0].to_string();
    assert!(told.contains("both `auth_token` and `auth_token_file` are set"), "{told}");
    assert!(!told.contains("demo-twilio") && !told.contains("from-a-file"), "{told}");
}

#[test]
fn a_provider_has_one_account_or_several() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("token"), "from-a-file").expect("it can be written");
    let name = folder.path().join("site.toml");
    let name = name.to_str().expect("a path of text");
    let several =
        "[[sites.telephony.twilio]]\nauth_token_file = \"token\"\n\n[[sites.telephony.twilio]]";
    let text = DEMO.replace("[sites.telephony.twilio]", several);
    let config = config(&texts(&[(name, &text)]));
    let tokens = config.sites[0].telephony.twilio.iter().map(|twilio| twilio.auth_token.reveal());
    assert_eq!(tokens.collect::<Vec<_>>(), ["from-a-file", "demo-twilio-auth-token"]);

    let wrong = text.replace("auth_token_file = \"token\"", "auth_tokn = \"token\"");
    let told_of = told(&texts(&[(name, &wrong)]));
    let expected =
        "sites[0].telephony.twilio[0].auth_tokn: unknown key; did you mean `auth_token`?";
    assert!(told_of.contains(expected), "{told_of}");
}

#[test]
fn a_loaded_configuration_never_prints_a_secret() {
    let text = DEMO
        .replace("#: headers", "headers")
        .replace("Bearer …", "Bearer header-secret")
        .replace("# hmac_secret = \"\"", "hmac_secret = \"hmac-secret\"")
        .replace("# second_auth_token = \"\"", "second_auth_token = \"second-secret\"");
    let sources = with_environment(
        texts(&[("demo.toml", &text)]),
        &[("RINGTRACE__REDIS__URL", "redis://:redis-secret@127.0.0.1/")],
    );
    let config = config(&sources);
    let mut secrets =
        vec!["demo-twilio-auth-token", "hmac-secret", "second-secret", "redis-secret"];
    let telephony = &config.sites[0].telephony;
    secrets.extend([
        telephony.generic[0].secret.reveal(),
        telephony.signalwire[0].signing_key.reveal(),
        telephony.plivo[0].auth_token.reveal(),
        telephony.vonage[0].signature_secret.reveal(),
        telephony.bandwidth[0].password.reveal(),
        telephony.kamailio[0].token.reveal(),
    ]);
    for destination in &config.sites[0].destinations {
        if let DestinationKind::Webhook(target) = &destination.kind {
            secrets.push(target.secret.reveal());
            secrets.extend(target.headers.values().map(|value| value.reveal()));
        }
    }
    assert_eq!(secrets.len(), 12);
    let printed = format!(
        "{config:?} {config:#?} {}",
        serde_json::to_string(&config).expect("it serialises")
    );
    for secret in secrets {
        assert!(!printed.contains(secret), "{secret} was printed");
    }
}

#[test]
fn the_demo_has_nothing_to_complain_about() {
    assert_eq!(examine_sources(&texts(&[("demo.toml", DEMO)])).complaints, []);
    let _ = config(&texts(&[]));
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic_or_show_a_secret(
        line in 0..DEMO.lines().count(),
        text in "[ -~]{0,30}",
        environment in "[A-Z_]{0,12}",
    ) {
        let mut lines: Vec<&str> = DEMO.lines().collect();
        lines[line] = &text;
        let name = format!("RINGTRACE__{environment}");
        let sources = with_environment(
            texts(&[("demo.toml", &lines.join("\n"))]),
            &[(&name, &text)],
        );
        let examination = examine_sources(&sources);
        for complaint in examination.complaints {
            prop_assert!(!complaint.to_string().contains("demo-twilio-auth-token"));
        }
    }
}
