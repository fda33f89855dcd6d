//! `ringtrace check` and `key new` as a person runs them; what only the world outside can tell;
//! reloading while running.

use std::path::Path;

use assert_cmd::Command;
use ringtrace::config::Live;
use ringtrace::config::complaint::Severity;
use ringtrace::config::load::{load, load_checked};
use ringtrace::config::model::Config;
use ringtrace::config::reach::reach;
use ringtrace::config::reload::reload;
use ringtrace::http::auth::find_key;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::secret::Secret;
use tempfile::TempDir;

use crate::support::redis::TestRedis;

fn ringtrace(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

fn printed(command: &mut Command, succeeds: bool) -> String {
    let output = command.output().expect("the program runs");
    assert_eq!(output.status.success(), succeeds, "{output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("it can be written");
    path.to_str().expect("a path of text").to_owned()
}

const SITE: &str = r#"
[[sites]]
id = "acme"
key = "pk_acme"
origins = ["https://www.example.com"]
forward_to = "+18005550100"
[[sites.targets]]
id = "main"
number = "+18005550100"
pool = "main"
[[sites.pools]]
id = "main"
numbers = ["+14155550110", "+14155550111"]
[sites.telephony.twilio]
auth_token = "hunter2-very-secret"
"#;

#[test]
fn the_demo_passes_the_check() {
    let said = printed(&mut ringtrace(&["check", "--offline", "--config=config/demo.toml"]), true);
    assert_eq!(said, "fine: 1 site, 14 tracking numbers; 0 errors, 0 warnings\n");
}

#[test]
fn a_broken_file_hears_every_complaint_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = SITE
        .replace("[[sites.pools]]", "[[sites.pools]]\nhodl = \"3m\"\nlinger = \"10m\"")
        .replace("\"+14155550111\"", "\"+14155550110\"")
        .replace("key = ", "time_zone = \"Europe/Berln\"\nkey = ")
        .replace("pool = \"main\"", "pool = \"mian\"");
    let broken = write(&folder, "broken.toml", &text);
    let mut command = ringtrace(&["check", "--offline", "--config", &broken]);
    let said = printed(command.env("RINGTRACE__REDIS__SHARDS", "300"), false);
    for expected in [
        format!("error: {broken}: sites[0].pools[0].hodl: unknown key; did you mean `hold`?"),
        format!(
            "error: {broken}: sites[0].time_zone: there is no time zone \"Europe/Berln\"; did you mean `Europe/Berlin`?"
        ),
        format!("error: {broken}: sites[0].pools[0].linger: it is longer than hold"),
        format!(
            "error: {broken}: sites[0].targets[0].pool: there is no pool `mian`; did you mean `main`?"
        ),
        format!(
            "error: {broken}: sites[0].pools[0].numbers[1]: +14155550110 belongs to sites[0].pools[0].numbers[0] already"
        ),
        "error: RINGTRACE__REDIS__SHARDS: redis.shards: 300 is not from 1 to 256".to_owned(),
        "warning: api_keys: nobody can read a report".to_owned(),
        "not fine: 6 errors".to_owned(),
    ] {
        assert!(said.contains(&expected), "{expected:?} is not in\n{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_missing_file_is_told_by_name() {
    let said = printed(&mut ringtrace(&["check", "--config", "/nowhere/at-all.toml"]), false);
    assert!(said.starts_with("error: /nowhere/at-all.toml: cannot read it"), "{said}");
}

#[test]
fn a_new_key_works_when_its_lines_are_pasted_into_a_file_of_a_folder() {
    let arguments = ["key", "new", "--name", "bi tool", "--scope", "analyst", "--site", "acme"];
    let said = printed(&mut ringtrace(&arguments), true);
    let key = said.lines().find(|line| line.starts_with("rt_")).expect("a key is shown");
    assert_eq!(key.len(), "rt_".len() + 43, "32 bytes in base64url");
    let lines = &said[said.find("[[api_keys]]").expect("lines for the configuration")..];
    assert!(!lines.contains(key));

    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder, "acme.toml", SITE);
    write(&folder, "keys.toml", lines);
    write(&folder, "notes.txt", "not configuration");
    let (config, warnings) = load_checked(Some(folder.path())).expect("it can be used");
    assert_eq!(warnings, []);
    assert_eq!(
        find_key(&config.api_keys, key, Millis::system_now()).map(|key| key.name.as_str()),
        Some("bi tool")
    );
    let again = printed(&mut ringtrace(&arguments), true);
    assert!(!again.contains(key), "keys are drawn at random");
}

/// A configuration that needs nothing but what `folder` has.
fn reachable(folder: &Path) -> Config {
    let mut config = load(None).expect("the defaults can be read");
    config.data_folder = folder.join("not/there/yet");
    config.server.listen = "127.0.0.1:0".parse().expect("an address");
    config
}

async fn errors_and_warnings(config: &Config) -> (Vec<String>, Vec<String>) {
    let complaints = reach(config).await;
    let told = |severity| {
        let such = complaints.iter().filter(|complaint| complaint.severity == severity);
        such.map(ToString::to_string).collect()
    };
    (told(Severity::Error), told(Severity::Warning))
}

#[tokio::test]
async fn a_private_or_a_durable_redis_and_a_free_address_are_enough() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut config = reachable(folder.path());
    assert_eq!(errors_and_warnings(&config).await, (vec![], vec![]));
    assert!(!config.data_folder.exists(), "checking makes nothing");

    let redis = TestRedis::start().await;
    config.redis.url = Secret::new(redis.url());
    assert_eq!(errors_and_warnings(&config).await, (vec![], vec![]));

    for (key, value) in [("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")] {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg(key).arg(value);
        let answer: Result<String, _> = redis.handle().command("a test", &command).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    let (errors, warnings) = errors_and_warnings(&config).await;
    assert_eq!(errors, Vec::<String>::new());
    assert!(warnings[0].contains("appendonly is off"), "{warnings:?}");
    assert!(warnings[1].contains("maxmemory-policy is allkeys-lru"), "{warnings:?}");
}

#[tokio::test]
async fn an_address_where_ringtrace_itself_answers_is_not_taken() {
    let running = wiremock::MockServer::start().await;
    let healthy = wiremock::Mock::given(wiremock::matchers::path("/healthz"));
    healthy.respond_with(wiremock::ResponseTemplate::new(200)).mount(&running).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut config = reachable(folder.path());
    config.server.listen = *running.address();
    assert_eq!(errors_and_warnings(&config).await, (vec![], vec![]));
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_without_the_password() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut config = reachable(folder.path());
    config.server.listen = taken.local_addr().expect("an address");
    config.redis.url = Secret::new("redis://:hunter2@127.0.0.1:1/");
    config.data_folder = "/proc/ringtrace".into();
    let (errors, _) = errors_and_warnings(&config).await;
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[0].starts_with("redis.url: Redis cannot be used"), "{errors:?}");
    assert!(errors[1].starts_with("data_folder: "), "{errors:?}");
    assert!(errors[2].starts_with("server.listen: another program listens"), "{errors:?}");
    assert!(!errors.concat().contains("hunter2"), "{errors:?}");

    config.redis.url = Secret::default();
    config.redis.program = "no-such-redis".to_owned();
    let (errors, _) = errors_and_warnings(&config).await;
    assert!(errors[0].starts_with("redis.program: cannot run `no-such-redis`"), "{errors:?}");
}

#[test]
fn a_reload_takes_sites_keeps_what_is_fixed_and_refuses_what_is_broken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = write(&folder, "ringtrace.toml", SITE);
    let path = Some(Path::new(&file));
    let live = Live::new(load(path).expect("it can be read"));

    let nothing = reload(&live, path).expect("nothing changed");
    assert_eq!(nothing.changes.to_string(), "nothing changed");

    let more = SITE.replace("\"+14155550111\"", "\"+14155550112\", \"+14155550113\"");
    let fixed = "[redis]\nshards = 4\n[server]\nlisten = \"127.0.0.1:9\"\n";
    write(&folder, "ringtrace.toml", &format!("{fixed}{more}"));
    let reloaded = reload(&live, path).expect("it can be used");
    assert_eq!(reloaded.changes.to_string(), "sites changed: acme; numbers: 2 added, 1 removed");
    let kept: Vec<_> = reloaded.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(kept, ["api_keys", "server.listen", "redis.shards"]);
    let now = live.now_full();
    assert_eq!((now.shards.0, now.config.server.listen.port()), (16, 8080));
    assert_eq!(now.config.sites[0].tracking_numbers().count(), 3);

    write(&folder, "ringtrace.toml", &more.replace("forward_to", "forwrad_to"));
    let refused = reload(&live, path).expect_err("it is broken").to_string();
    assert!(refused.contains("sites[0].forwrad_to: unknown key"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    assert_eq!(live.now().config, now.config, "the old one stays in force");
}
