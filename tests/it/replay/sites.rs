//! Sites with several pools and targets, tracker rules, static numbers and places, as the service
//! decides them.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{FIRST, answers, beat, call, calls_of, play, text, view};

const SITE: &str = r#"
[place]
databases = ["DATABASE"]

[[sites]]
id = "one"
key = "pk_one"
forward_to = "+18005550100"
targets = [
    { id = "sales", number = "+18005550100", pool = "main" },
    { id = "help", number = "+18005550101", pool = "help" },
]
trackers = [
    { target = "sales", number = "+14155550150", when = [{ field = "parameter", name = "from", is = ["card"] }] },
    { target = "sales", pool = "ads", when = [{ field = "click_platform", is = ["google"] }] },
    { target = "sales", pool = "ads", when = [{ field = "country", is = ["GB"] }] },
]
pools = [
    { id = "main", numbers = ["+14155550110", "+442079460110"], match_area = true },
    { id = "ads", numbers = ["+14155550120"], overflow = [] },
    { id = "help", numbers = ["+14155550130", "+14155550131", "+14155550132", "+14155550133"] },
]
static_numbers = [{ number = "+14155550150", source = "card" }]
"#;

/// London and Washington, by the fixtures of MaxMind.
const LONDON: &str = "81.2.69.160";
const WASHINGTON: &str = "216.160.83.57";

fn config() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ringtrace.toml");
    let database = "tests/fixtures/maxmind/GeoIP2-City-Test.mmdb";
    let database = format!("{}/{database}", env!("CARGO_MANIFEST_DIR"));
    fs::write(&path, SITE.replace("DATABASE", &database)).expect("it can be written");
    let option = format!("--config {}", path.display());
    (folder, option)
}

fn view_at(at: i64, session: &str, query: &str) -> Value {
    let mut view = view(at, session);
    view["url"] = json!(format!("https://www.example.com/{query}"));
    view
}

fn from(mut view: Value, address: &str) -> Value {
    view["ip"] = json!(address);
    view
}

fn of_target(mut call: Value, target: &str) -> Value {
    call["target"] = json!(target);
    call
}

fn dialled(calls: &[Value]) -> Vec<(&str, Option<&str>, &str)> {
    let dialled = |call| -> (&str, Option<&str>, &str) {
        let call: &Value = call;
        let word = |name: &str| call[name].as_str();
        (word("to").unwrap_or("-"), word("session"), word("tier").expect("a tier"))
    };
    calls.iter().map(dialled).collect()
}

#[tokio::test]
async fn rules_decide_which_pool_or_static_number_serves_a_target() {
    let (_folder, config) = config();
    let lines = [
        view_at(0, "card", "?from=card"),
        view_at(1, "ad", "?gclid=x"),
        view_at(2, "late ad", "?gclid=y"),
        view_at(3, "plain", ""),
        beat(31, "ad"),
        beat(33, "plain"),
        call(40, "card"),
        of_target(call(41, "card"), "help"),
        call(42, "ad"),
        call(43, "late ad"),
        of_target(call(44, "late ad"), "sales"),
        call(45, "plain"),
    ];
    let (summary, calls) = calls_of(&lines, &config).await;
    assert_eq!(
        dialled(&calls),
        [
            ("+14155550150", None, "source"),
            ("+14155550130", Some("card"), "own"),
            ("+14155550120", Some("ad"), "own"),
            // Its pool was empty: the first number it was shown is that of the other target.
            ("+14155550132", Some("late ad"), "own"),
            ("-", None, "original"),
            ("+14155550110", Some("plain"), "own"),
        ]
    );
    assert_eq!(calls[0]["confidence"], 1.0);
    let leases = &summary.counts.leases;
    assert_eq!((leases["own"], leases["source"], leases["original"]), (6, 1, 1));
    assert_eq!(summary.numbers, 7);
}

#[tokio::test]
async fn an_address_decides_by_rules_and_finds_a_local_number() {
    let (_folder, config) = config();
    let lines = [
        from(view(0, "london"), LONDON),
        from(view(1, "washington"), WASHINGTON),
        view(2, "somewhere"),
        call(5, "london"),
        call(6, "washington"),
        call(7, "somewhere"),
    ];
    let (_, calls) = calls_of(&lines, &config).await;
    let numbers: Vec<_> = dialled(&calls).into_iter().map(|(to, ..)| to).collect();
    assert_eq!(numbers, ["+14155550120", "+14155550110", "+442079460110"]);

    let wrong = text(&[from(view(0, "a"), "1.2.3")]);
    let wrong = play(&wrong, &config).await.expect_err("no address").to_string();
    assert!(wrong.contains("`ip`"), "{wrong}");
}

#[tokio::test]
async fn options_are_about_the_pool_that_is_named() {
    let (_folder, config) = config();
    let several = play("", &format!("{config} --numbers 2")).await.expect_err("whose?");
    assert!(several.to_string().contains("--pool"), "{several}");
    let ads = format!("{config} --pool ads --numbers 2");
    let lines = [view_at(0, "a", "?gclid=x"), view_at(1, "b", "?gclid=y"), call(5, "b")];
    let (summary, calls) = calls_of(&lines, &ads).await;
    assert_eq!(dialled(&calls), [("+15550000000", Some("b"), "own")]);
    assert_eq!(summary.numbers, 8);
}

#[tokio::test]
async fn several_pools_are_asked_ahead_without_changing_an_answer() {
    let (_folder, config) = config();
    let mut lines = Vec::new();
    for n in 0..120 {
        let (session, query) = (format!("s{}", n % 9), ["", "?gclid=x", "?from=card"][n % 3]);
        let at = n as i64 * 7;
        lines.push(match n % 4 {
            0 | 1 => view_at(at, &session, query),
            2 if n > 40 => of_target(call(at, &session), ["sales", "help"][n % 8 / 4]),
            _ => beat(at, &session),
        });
    }
    let trace = text(&lines);
    let options = format!("{config} --skip-bad");
    let ahead = play(&trace, &options).await.expect("played");
    let slowly = play(&trace, &format!("{options} --one-at-a-time")).await.expect("played");
    assert!(ahead.0.score.calls > 10);
    assert_eq!(ahead, slowly);
}

#[tokio::test]
async fn a_configuration_brings_its_rules_and_static_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ringtrace.toml");
    let site = |id: &str, more: &str| {
        format!(
            "[[sites]]\nid = \"{id}\"\nkey = \"pk_{id}\"\nforward_to = \"+18005550100\"\n{more}\n"
        )
    };
    let pool = "[[sites.targets]]\nid = \"main\"\nnumber = \"+18005550100\"\npool = \"main\"\n\
        [[sites.pools]]\nid = \"main\"\nnumbers = [\"+14155550110\"]\noverflow = [\"source\"]\n\
        [[sites.static_numbers]]\nnumber = \"+14155550150\"\nsource = \"google\"\n";
    fs::write(&path, site("one", pool) + &site("two", "")).expect("it can be written");
    let config = format!("--config {}", path.display());

    let several = play("", &config).await.expect_err("which site?").to_string();
    assert!(several.contains("--site"), "{several}");
    let mut from_google = view(5, "b");
    from_google["url"] = json!("https://www.example.com/?utm_source=google&utm_medium=cpc");
    let lines = [view(0, "a"), from_google, call(9, "a"), call(10, "b")];
    let (summary, calls) = calls_of(&lines, &format!("{config} --site one")).await;
    let fixed = (Some("+14155550150"), None, "source");
    assert_eq!(answers(&calls), [(Some("+14155550110"), Some("a"), "own"), fixed]);
    assert_eq!(summary.score.calibration.answers.calls, 1);
    let (summary, calls) = calls_of(&lines, &format!("{config} --site one --numbers 2")).await;
    assert_eq!(answers(&calls)[1], (FIRST, Some("b"), "own"));
    assert_eq!(summary.numbers, 2);

    let wrong = play("", "--numbers 1 --hold 5s").await.expect_err("shorter than a beat");
    assert!(wrong.to_string().contains("hold"), "{wrong}");
}
