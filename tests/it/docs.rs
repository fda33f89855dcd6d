//! Rules that matter have a test: what the code has, the documentation names.

use std::collections::BTreeSet;
use std::path::Path;

use ringtrace::call::answer::Feature;
use ringtrace::call::providers;
use ringtrace::postback::model::SkipReason;
use ringtrace::report::presets::PRESETS;
use ringtrace::report::query::dimensions::DIMENSIONS;
use ringtrace::report::query::metrics::METRICS;
use ringtrace::report::query::periods;

fn sources(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_metric_is_in_the_operations_page() {
    let mut code = String::new();
    sources(&root().join("src"), &mut code);
    let metric = regex::Regex::new(r#""(ringtrace_[a-z_]+)""#).unwrap();
    let metrics: BTreeSet<&str> =
        metric.captures_iter(&code).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(metrics.len() > 5, "{metrics:?}");
    let page = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    let missing: Vec<_> = metrics.iter().filter(|name| !page.contains(**name)).collect();
    assert!(missing.is_empty(), "not in docs/OPERATIONS.md: {missing:?}");
}

#[test]
fn alert_rules_and_dashboard_are_about_metrics_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    let metric = regex::Regex::new(r"ringtrace_[a-z_]+").unwrap();
    for file in ["ops/alerts.yml", "ops/grafana.json"] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let named: BTreeSet<&str> = metric.find_iter(&text).map(|found| found.as_str()).collect();
        assert!(named.len() > 5, "{file}: {named:?}");
        for name in named {
            // Prometheus' own name for the parts of a histogram.
            let name = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(page.contains(&format!("`{name}`")), "{file} names {name}");
        }
    }
}

#[test]
fn the_dashboard_is_whole() {
    let text = std::fs::read_to_string(root().join("ops/grafana.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty() && panel["gridPos"]["w"].is_u64(), "{}", panel["title"]);
        for target in targets {
            let asked = target["expr"].as_str().expect("a question");
            for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
                let count = |bracket| asked.matches(bracket).count();
                assert_eq!(count(open), count(close), "{asked}");
            }
        }
    }
}

#[test]
fn what_packages_the_service_fits_it() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let (image, setup, unit) =
        (read("Dockerfile"), read("scripts/setup"), read("ops/ringtrace.service"));
    let release = |text: &str| {
        let found = regex::Regex::new(r"DUCKDB_VERSION=(\S+)").unwrap();
        found.captures(text).expect("a release of DuckDB")[1].to_owned()
    };
    assert_eq!(release(&image), release(&setup));
    let rust = regex::Regex::new(r#"rust-version = "([0-9.]+)""#).unwrap();
    let cargo = read("Cargo.toml");
    let rust = &rust.captures(&cargo).expect("a version of Rust")[1];
    assert!(image.contains(&format!("ARG RUST={rust}\n")), "the image is built with Rust {rust}");
    let last = image.rsplit_once("\nFROM ").expect("stages").1;
    for needed in ["USER 10001", "HEALTHCHECK", "STOPSIGNAL SIGTERM"] {
        assert!(last.contains(needed), "the image that runs has no {needed}");
    }
    // Services get as long to end as the operations page says.
    assert!(
        unit.contains("TimeoutStopSec=45s")
            && read("compose.yaml").contains("stop_grace_period: 45s")
    );
    for hardened in ["NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n"] {
        assert!(unit.contains(hardened), "{hardened}");
    }
    // What the unit lets it write to is where it keeps everything.
    for kept in ["StateDirectory=ringtrace\n", "RINGTRACE__DATA_FOLDER=/var/lib/ringtrace\n"] {
        assert!(unit.contains(kept), "{kept}");
    }
    // The proxy comes from the gateway of the network, and Redis runs as the user to whom its data belongs.
    let compose = read("compose.yaml");
    let gateway = regex::Regex::new(r"gateway: (\S+)").unwrap();
    let gateway = &gateway.captures(&compose).expect("a gateway")[1];
    let trusted = format!(r#"RINGTRACE__SERVER__TRUSTED_PROXIES: '["{gateway}/32"]'"#);
    assert!(compose.contains(&trusted), "compose.yaml does not trust {gateway}");
    assert!(compose.contains("user: \"999:999\"") && !compose.contains("cap_add"));
}

#[test]
fn every_problem_and_every_reason_is_documented() {
    let problems = std::fs::read_to_string(root().join("src/http/problem.rs")).unwrap();
    let id = regex::Regex::new(r#"\(\s*"([a-z_]+)", StatusCode"#).unwrap();
    let page = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    let ids: Vec<&str> =
        id.captures_iter(&problems).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(ids.len() > 8, "{ids:?}");
    for id in ids {
        assert!(page.contains(&format!("`{id}`")), "problem {id} is not in docs/OPERATIONS.md");
    }
    let protocol = std::fs::read_to_string(root().join("docs/protocol.md")).unwrap();
    let model = std::fs::read_to_string(root().join("src/visit/model.rs")).unwrap();
    let word = regex::Regex::new(r#"NoNumberReason::\w+ => "([a-z_]+)""#).unwrap();
    for found in word.captures_iter(&model) {
        let word = found.get(1).unwrap().as_str();
        assert!(
            protocol.contains(&format!("`{word}`")),
            "reason {word} is not in docs/protocol.md"
        );
    }
}

#[test]
fn every_reason_why_a_conversion_is_not_sent_says_what_to_do() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let (help, list) = (read("docs/troubleshoot.md"), read("docs/postbacks.md"));
    let rows = help.lines().filter(|line| line.starts_with("| `skipped`,"));
    let named: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).collect();
    for reason in SkipReason::ALL {
        let word = format!("`{}`", reason.word());
        let is_helped = named.iter().any(|cell| cell.contains(&word));
        assert!(is_helped, "reason {word} has no row in docs/troubleshoot.md");
        assert!(list.contains(&word), "reason {word} is not in docs/postbacks.md");
    }
}

#[test]
fn the_telephony_page_says_what_each_provider_can() {
    let page = std::fs::read_to_string(root().join("docs/telephony.md")).unwrap();
    let row = |first: &str| -> Vec<&str> {
        let line = page.lines().find(|line| line.starts_with(&format!("| {first} |")));
        let line = line.unwrap_or_else(|| panic!("docs/telephony.md has no row `{first}`"));
        line.split('|').map(str::trim).skip(2).filter(|cell| !cell.is_empty()).collect()
    };
    let header = page.lines().find(|line| line.starts_with("| | twilio")).unwrap();
    let names: Vec<&str> =
        header.split('|').map(str::trim).skip(2).filter(|n| !n.is_empty()).collect();
    let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
    assert_eq!(names, known);
    for feature in Feature::ALL {
        let can = providers::ALL.iter().map(|p| if p.can(feature) { "yes" } else { "–" });
        assert_eq!(row(feature.word()), can.collect::<Vec<_>>(), "{}", feature.word());
    }
}

#[test]
fn every_metric_and_dimension_of_reports_is_documented_as_it_is() {
    let page = std::fs::read_to_string(root().join("docs/reports.md")).unwrap();
    for metric in METRICS {
        let row = format!("| `{}` | {} | {} |", metric.name, metric.kind.unit(), metric.about);
        assert!(page.lines().any(|line| line == row), "docs/reports.md has no row {row}");
    }
    for dimension in DIMENSIONS {
        let row = format!("| `{}` | {} |", dimension.name, dimension.about);
        assert!(page.lines().any(|line| line == row), "docs/reports.md has no row {row}");
    }
    let named = periods::names().chain(PRESETS.iter().map(|preset| preset.name));
    let missing: Vec<_> = named.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in docs/reports.md: {missing:?}");
}

#[test]
fn rooms_stay_small() {
    fn walk(folder: &Path, long: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, long);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "lua") {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                if lines > 450 {
                    long.push(format!("{} ({lines})", path.display()));
                }
            }
        }
    }
    let mut long = Vec::new();
    walk(&root().join("src"), &mut long);
    assert!(long.is_empty(), "longer than a room should be: {long:?}");
}
