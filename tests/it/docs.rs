//! Rules that matter have a test: what the code has, the documentation names.

use std::collections::BTreeSet;
use std::path::Path;

use ringtrace::call::answer::Feature;
use ringtrace::call::providers;
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
fn alert_rules_are_about_metrics_that_exist() {
    let rules = std::fs::read_to_string(root().join("ops/alerts.yml")).unwrap();
    let page = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
    let metric = regex::Regex::new(r"ringtrace_[a-z_]+").unwrap();
    for found in metric.find_iter(&rules) {
        assert!(page.contains(&format!("`{}`", found.as_str())), "{}", found.as_str());
    }
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
