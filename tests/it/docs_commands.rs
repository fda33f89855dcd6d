//! What the documentation tells people to type works: commands are run, requests are sent to a service, configuration is checked.
//!
//! A block that needs somebody's account or host stands below `<!-- parsed only: why -->`: its commands are held against the
//! command line's own parser, and not run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser as _;
use clap::error::ErrorKind;
use ringtrace::cli::Cli;
use ringtrace::http::auth::key_hash;

use crate::support::process::Home;

const MARK: &str = "<!-- parsed only:";

/// A fenced block of a page.
struct Block {
    page: String,
    line: usize,
    language: String,
    text: String,
    is_run: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("js-snippet/README.md")];
    let docs = std::fs::read_dir(root().join("docs")).expect("the documentation");
    pages.extend(docs.flatten().map(|entry| entry.path()));
    pages.retain(|page| page.extension().is_some_and(|kind| kind == "md"));
    pages.sort();
    pages
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a text");
        let name = page.strip_prefix(root()).expect("ours").display().to_string();
        let mut open: Option<Block> = None;
        let (mut marked, mut indent) = (false, 0);
        for (number, line) in text.lines().enumerate() {
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(language)) => {
                    indent = line.len() - line.trim_start().len();
                    let (page, language) = (name.clone(), language.trim().to_owned());
                    let (line, is_run) = (number + 1, !marked);
                    open = Some(Block { page, line, language, text: String::new(), is_run });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(line.get(indent..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) if line.trim().is_empty() => {}
                (None, None) => marked = line.trim().starts_with(MARK),
            }
            if open.is_some() {
                marked = false;
            }
        }
    }
    blocks
}

/// The commands of a block, as words.
fn commands(block: &Block) -> Vec<Vec<String>> {
    let joined = block.text.replace("\\\n", " ");
    joined.lines().map(words).filter(|words| !words.is_empty()).collect()
}

/// A line as a shell would split it, without its comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            (None, '#') if !begun => break,
            (None, c) if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (None, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// The folder in which the commands of a page are run, and the service that they talk to.
struct World<'a> {
    home: &'a Home,
    folder: &'a Path,
    call: String,
}

impl World<'_> {
    /// The word with what a reader fills in.
    fn filled(&self, word: &str) -> String {
        let base = self.home.url("");
        word.replace("https://calls.example.com", &base)
            .replace("$RINGTRACE_KEY", "rt_admin")
            .replace("CALL_ID", &self.call)
            .replace("rt_…", "rt_admin")
    }

    fn run(&self, block: &Block, words: &[String]) {
        let words: Vec<String> = words.iter().map(|word| self.filled(word)).collect();
        let program = match words[0].as_str() {
            "ringtrace" | "target/release/ringtrace" => env!("CARGO_BIN_EXE_ringtrace"),
            other => other,
        };
        let is_request = program == "curl";
        let mut command = Command::new(program);
        command.args(&words[1..]).current_dir(self.folder).stdin(Stdio::null());
        command.env("RINGTRACE_URL", self.home.url("")).env("RINGTRACE_KEY", "rt_admin");
        command.env("NO_PROXY", "127.0.0.1");
        if is_request {
            command.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "20"]);
        }
        let said = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(
            said.status.success(),
            "{}:{}: {}\n{}{}",
            block.page,
            block.line,
            words.join(" "),
            String::from_utf8_lossy(&said.stdout),
            String::from_utf8_lossy(&said.stderr)
        );
    }
}

/// Whether the program of a command, and what it is asked for, exist.
fn check_words(block: &Block, words: &[String]) {
    let place = format!("{}:{}: {}", block.page, block.line, words.join(" "));
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("a text");
    match words[0].as_str() {
        "ringtrace" | "target/release/ringtrace" => {
            // The key may stand in the environment.
            let with_key = words.iter().map(String::as_str).chain(["--key", "rt_…"]);
            let parsed = Cli::try_parse_from(words).or_else(|error| match error.kind() {
                ErrorKind::MissingRequiredArgument => Cli::try_parse_from(with_key),
                _ => Err(error),
            });
            if let Err(error) = parsed {
                panic!("{place}\n{error}");
            }
        }
        "make" => {
            let makefile = read("Makefile");
            let target = words[1..].iter().find(|word| !word.contains('='));
            let target = format!("\n{}:", target.expect("a target"));
            assert!(makefile.contains(&target), "{place}: the Makefile has no such target");
        }
        "npm" => {
            let package = read("js-snippet/package.json");
            let script = if words[1] == "run" { words.get(2) } else { words.get(1) };
            let script = script.expect("a script");
            let known = script == "ci" || package.contains(&format!("\"{script}\":"));
            assert!(known, "{place}: package.json has no such script");
        }
        "node" | "python3" | "sh" => {
            let file = words[1..].iter().find(|word| word.contains('/')).expect("a file");
            let folder = file.split('*').next().and_then(|path| path.rsplit_once('/'));
            assert!(root().join(folder.expect("a folder").0).exists(), "{place}: no such file");
        }
        path if path.contains('/') => {
            assert!(root().join(path).exists(), "{place}: no such file");
        }
        "sudo" => {
            let first = if words.get(1).is_some_and(|word| word == "-u") { 3 } else { 1 };
            check_words(block, &words[first..]);
        }
        "docker" => {
            if let [_, compose, exec, _, rest @ ..] = words
                && compose == "compose"
                && exec == "exec"
            {
                check_words(block, rest);
            }
        }
        "curl" | "cd" | "cp" | "ln" | "install" | "chown" | "useradd" => {}
        "systemctl" | "redis-cli" | "wp" => {}
        other => panic!("{place}: nobody checks `{other}`; teach `check_words` to"),
    }
}

/// Commands that go on until somebody ends them, or build for minutes: the test is inside them.
fn goes_on(words: &[String]) -> bool {
    let is_ours = words[0].ends_with("ringtrace");
    let serves = is_ours && words.get(1).is_some_and(|word| word == "serve" || word == "demo");
    serves || !(is_ours || words[0] == "curl")
}

const SITES: &str = r#"
data_folder = "@data"
[server]
listen = "127.0.0.1:@port"
public_url = "http://127.0.0.1:@port"
[postback]
allow_private_targets = true
[[api_keys]]
name = "docs"
sha256 = "@key"
scope = "admin"
"#;

const SITE: &str = r#"
[[sites]]
id = "@site"
key = "pk_@site"
origins = ["https://www.example.com"]
time_zone = "America/New_York"
forward_to = "+1415555011@n"
[[sites.targets]]
id = "main"
number = "+1800555010@n"
pool = "main"
[[sites.pools]]
id = "main"
numbers = ["+1415555019@n", "+1415555018@n"]
[sites.telephony.twilio]
auth_token = "0123456789abcdef0123456789abcdef"
[[sites.conversions]]
name = "qualified_call"
when = { answered = true }
destinations = ["crm", "google"]
[[sites.destinations]]
id = "crm"
kind = "url"
url = "http://127.0.0.1:9/call?source={source}"
[[sites.destinations]]
id = "google"
kind = "url"
url = "http://127.0.0.1:9/google?gclid={gclid}"
require = ["gclid"]
"#;

fn configuration(home: &Home) -> String {
    let head = SITES
        .replace("@data", &home.data().display().to_string())
        .replace("@port", &home.port.to_string())
        .replace("@key", &key_hash("rt_admin"));
    let sites = ["example", "demo"].into_iter().enumerate();
    let sites = sites.map(|(n, site)| SITE.replace("@site", site).replace("@n", &n.to_string()));
    format!("{head}{}", sites.collect::<String>())
}

/// Files that the pages' commands read.
fn write_files(folder: &Path) {
    let files =
        [("numbers.csv", "number\n+14155550199\n".to_owned()), ("calls.csv", CALLS.to_owned())];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("it is written");
    }
    let trace = root().join("docs/examples/plumber.ndjson");
    std::fs::copy(trace, folder.join("trace.ndjson")).expect("a trace");
    std::os::unix::fs::symlink(root().join("docs"), folder.join("docs")).expect("a link");
    std::os::unix::fs::symlink(root().join("config"), folder.join("config")).expect("a link");
}

const CALLS: &str = "started_at,caller,tracking_number,status\n\
     2026-03-01T09:00:00Z,+12125550199,+14155550190,answered\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_documentation_works() {
    let all = blocks();
    let shells: Vec<&Block> = all.iter().filter(|block| block.language == "sh").collect();
    assert!(shells.len() > 15, "{} blocks", shells.len());
    let mut count = 0;
    for block in &shells {
        for words in commands(block) {
            check_words(block, &words);
            count += 1;
        }
    }
    assert!(count > 40, "{count} commands");

    let home = Home::new();
    home.write(&configuration(&home));
    let service = home.serve_ready().await;
    let client = ringtrace::platform::tls::client_builder().no_proxy().build().expect("a client");
    let import = client.post(home.url("/v1/calls/import?site=demo")).bearer_auth("rt_admin");
    let import = import.header("content-type", "text/csv").body(CALLS.replace("0190", "0191"));
    assert!(import.send().await.expect("an answer").status().is_success());
    let calls = client.get(home.url("/v1/calls?limit=1")).bearer_auth("rt_admin");
    let call = loop {
        let answer = calls.try_clone().expect("no body").send().await.expect("an answer");
        let answer: serde_json::Value = answer.json().await.expect("JSON");
        if let Some(id) = answer["calls"][0]["id"].as_str() {
            break id.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let pages: BTreeSet<&str> = shells.iter().map(|block| block.page.as_str()).collect();
    for page in pages {
        let folder = tempfile::tempdir().expect("a folder");
        write_files(folder.path());
        let outcomes = format!("call,disposition\n{call},booked\n");
        std::fs::write(folder.path().join("outcomes.csv"), outcomes).expect("it is written");
        let configured = folder.path().join("ringtrace.toml");
        let world = World { home: &home, folder: folder.path(), call: call.clone() };
        let of_page = shells.iter().filter(|block| block.page == page && block.is_run);
        for block in of_page {
            let runs: Vec<Vec<String>> =
                commands(block).into_iter().filter(|words| !goes_on(words)).collect();
            // A block that makes a configuration begins without one; all others have that of the service.
            if runs.iter().any(|words| words.get(1).is_some_and(|word| word == "init")) {
                let _ = std::fs::remove_file(&configured);
            } else {
                std::fs::write(&configured, configuration(&home)).expect("it is written");
            }
            tokio::task::block_in_place(|| {
                runs.iter().for_each(|words| world.run(block, words));
            });
        }
    }
    drop(service);
}

#[test]
fn every_configuration_in_the_documentation_is_read_without_a_complaint_about_its_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = regex::Regex::new(r#"_file = "([^"]+)""#).expect("a pattern");
    let mut count = 0;
    for block in blocks().iter().filter(|block| block.language == "toml") {
        for found in file.captures_iter(&block.text) {
            std::fs::write(folder.path().join(&found[1]), "a-secret-of-some-length-0123456789")
                .expect("it is written");
        }
        let path = folder.path().join("ringtrace.toml");
        let site = SITE.replace("@site", "example").replace("@n", "0");
        let is_of_site = block
            .text
            .lines()
            .any(|line| line.starts_with("[sites.") || line.starts_with("[[sites."));
        let head = "data_folder = \"data\"\n";
        let own: String = match is_of_site {
            // A table of the page stands for the one of the site.
            true => site.replace(
                "[sites.telephony.twilio]\nauth_token = \"0123456789abcdef0123456789abcdef\"\n",
                "",
            ),
            false => String::new(),
        };
        std::fs::write(&path, format!("{head}{own}\n{}", block.text)).expect("it is written");
        let read = ringtrace::config::load::load(Some(&path));
        let complaints = read.err().map(|error| error.to_string()).unwrap_or_default();
        let wrong = ["unknown key", "expected", "TOML", "is missing"];
        let wrong: Vec<&str> = complaints
            .lines()
            .filter(|line| wrong.iter().any(|word| line.contains(word)))
            .collect();
        assert!(wrong.is_empty(), "{}:{}\n{}\n{wrong:#?}", block.page, block.line, block.text);
        count += 1;
    }
    assert!(count > 12, "{count} blocks");
}

#[test]
fn every_json_of_the_documentation_is_json_and_every_link_leads_somewhere() {
    for block in blocks().iter().filter(|block| block.language == "json") {
        let mut values =
            serde_json::Deserializer::from_str(&block.text).into_iter::<serde_json::Value>();
        assert!(values.all(|value| value.is_ok()), "{}:{}\n{}", block.page, block.line, block.text);
    }
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let mut wrong = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a text");
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = match path.is_empty() {
                true => page.clone(),
                false => page.parent().expect("a folder").join(path),
            };
            let there = std::fs::read_to_string(&to).unwrap_or_default();
            let has_anchor = anchor.is_empty() || there.lines().any(|line| slug(line) == anchor);
            if !to.exists() || !has_anchor {
                wrong.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A headline's anchor, as GitHub makes it.
fn slug(line: &str) -> String {
    let Some(title) = line.strip_prefix('#') else { return String::new() };
    let title = title.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
