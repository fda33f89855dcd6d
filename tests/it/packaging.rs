//! What the program says of itself and writes for those who install it.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::process::Home;

fn ringtrace(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.args(arguments).current_dir(folder).env_remove("RINGTRACE_CONFIG");
    command.stdin(std::process::Stdio::null()).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a text")
}

#[test]
fn init_writes_what_check_accepts_and_never_writes_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let told = [
        "init",
        "--website=https://www.example.com/contact",
        "--number=+14155550100",
        "--tracking-number=+14155550198",
        "--tracking-number=+14155550199",
        "--time-zone=America/New_York",
        "--public-url=https://calls.example.com",
    ];
    let made = ringtrace(&told, folder.path());
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("ringtrace key new"), "it says what comes next");
    let checked = ringtrace(&["check", "--offline", "--config", "ringtrace.toml"], folder.path());
    let said = text(&checked.stdout);
    assert!(checked.status.success() && said.contains("1 site, 2 tracking numbers"), "{said}");

    let before = std::fs::read(folder.path().join("ringtrace.toml")).unwrap();
    assert!(!ringtrace(&told, folder.path()).status.success());
    assert_eq!(std::fs::read(folder.path().join("ringtrace.toml")).unwrap(), before);
    // Nobody is there to be asked.
    let missing = ringtrace(&[&told[..3], &["--config=other.toml"]].concat(), folder.path());
    assert!(text(&missing.stderr).contains("--tracking-number is missing"));
    assert!(!folder.path().join("other.toml").exists());
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let written = ringtrace(&["man", "--folder", "man"], folder.path());
    assert!(written.status.success(), "{}", text(&written.stderr));
    for (page, words) in [
        ("ringtrace.1", "number insertion"),
        ("ringtrace-key-rotate.1", "stays valid"),
        ("ringtrace-backup.1", "folder"),
    ] {
        let page = std::fs::read_to_string(folder.path().join("man").join(page)).expect(page);
        assert!(page.contains(".TH ringtrace") && page.contains(words), "{page}");
    }
    let printed = text(&ringtrace(&["man"], folder.path()).stdout);
    assert!(printed.contains("ringtrace"), "{printed}");
    for shell in ["bash", "zsh", "fish"] {
        let said = text(&ringtrace(&["completions", shell], folder.path()).stdout);
        for command in ["backup", "restore", "rotate", "completions"] {
            assert!(said.contains(command), "{shell} does not know {command}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_whether_somebody_answers() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let folder = home.data().parent().expect("a folder").to_owned();
    let ask = |arguments: &[&str]| {
        ringtrace(&[&["health", "--config=ringtrace.toml"], arguments].concat(), &folder)
    };
    assert!(!ask(&[]).status.success());
    let service = home.serve_ready().await;
    assert!(ask(&[]).status.success());
    let ready = ask(&["--ready"]);
    assert!(ready.status.success() && text(&ready.stdout).contains("\"redis\":true"));
    drop(service);
}
