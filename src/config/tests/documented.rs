//! Schema, model, defaults and the commented files agree.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{DEMO, config, texts};
use crate::config::layers::DEFAULTS;
use crate::config::schema::{CONFIG, FILE_SUFFIX, Key, Shape};

/// Every key of the schema, tables and `_file` keys too; kinds apart: `.sites.destinations(url).id`.
fn schema_keys(shape: &Shape, path: &str, out: &mut BTreeSet<String>) {
    let mut enter = |keys: &[Key]| {
        for key in keys {
            let path = format!("{path}.{}", key.name);
            out.insert(path.clone());
            if matches!(key.shape, Shape::Secret) {
                out.insert(format!("{path}{FILE_SUFFIX}"));
            }
            schema_keys(&key.shape, &path, out);
        }
    };
    match shape {
        Shape::Table(keys) | Shape::Tables(keys) => enter(keys),
        Shape::Kinds { common, kinds } => {
            for (word, own) in *kinds {
                let path = format!("{path}({word})");
                out.insert(format!("{path}.kind"));
                for keys in [*common, *own] {
                    schema_keys(&Shape::Table(keys), &path, out);
                }
            }
        }
        Shape::List(inner) => schema_keys(inner, path, out),
        Shape::Leaf(_) | Shape::File | Shape::Secret | Shape::Map(_) => {}
    }
}

/// Every key of the schema that holds a value, by its table in a file: `.sites.pools.hold`.
fn leaf_keys(shape: &Shape, path: &str, out: &mut BTreeSet<String>) {
    match shape {
        Shape::Table(keys) | Shape::Tables(keys) => keys.iter().for_each(|key| {
            leaf_keys(&key.shape, &format!("{path}.{}", key.name), out);
        }),
        Shape::Kinds { common, kinds } => kinds.iter().for_each(|(_, own)| {
            out.insert(format!("{path}.kind"));
            leaf_keys(&Shape::Table(common), path, out);
            leaf_keys(&Shape::Table(own), path, out);
        }),
        Shape::List(inner) => leaf_keys(inner, path, out),
        Shape::Leaf(_) | Shape::File | Shape::Secret | Shape::Map(_) => {
            out.insert(path.to_owned());
        }
    }
}

fn model_keys(value: &Json, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Json::Array(values) => values.iter().for_each(|value| model_keys(value, path, out)),
        Json::Object(table) => {
            let kind = table.get("kind").and_then(Json::as_str);
            let kinds = ["alerts", "destinations", "routes"];
            let kind = kind.filter(|_| kinds.iter().any(|list| path.ends_with(list)));
            let path = kind.map_or_else(|| path.to_owned(), |kind| format!("{path}({kind})"));
            for (name, value) in table {
                let path = format!("{path}.{name}");
                out.insert(path.clone());
                model_keys(value, &path, out);
            }
        }
        _ => {}
    }
}

#[test]
fn the_schema_knows_the_keys_of_the_model_and_no_others() {
    let (mut schema, mut model) = (BTreeSet::new(), BTreeSet::new());
    schema_keys(&CONFIG, "", &mut schema);
    model_keys(
        &serde_json::to_value(config(&texts(&[("demo.toml", DEMO)]))).expect("it serialises"),
        "",
        &mut model,
    );
    assert_eq!(schema, model);
}

/// Paths of the keys that stand in a commented file, also behind `# ` or `#: `, each with whether
/// a comment stands above it.
fn documented(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let (mut table, mut commented) = (String::new(), false);
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            table = format!(".{}", header.trim_matches(['[', ']']));
            commented = false;
            continue;
        }
        let example = line.strip_prefix("#: ");
        let bare = example.or_else(|| line.strip_prefix("# ")).unwrap_or(line);
        let name = bare.split_once(" = ").map(|(name, _)| name);
        let is_key = |name: &&str| {
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
        };
        match name.filter(is_key) {
            Some(name) => found.push((format!("{table}.{name}"), commented)),
            None if line.starts_with('#') => commented = true,
            None if line.is_empty() => commented = false,
            None => {}
        }
    }
    found
}

#[test]
fn every_key_is_in_a_shipped_file_with_a_comment() {
    let commented: BTreeSet<String> = [DEFAULTS, DEMO]
        .into_iter()
        .flat_map(documented)
        .filter_map(|(path, commented)| commented.then_some(path))
        .collect();
    let mut keys = BTreeSet::new();
    leaf_keys(&CONFIG, "", &mut keys);
    let missing: Vec<_> = keys.difference(&commented).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn the_defaults_that_the_demo_shows_are_the_real_ones() {
    let shown: Vec<String> = DEMO
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(bare)
                if bare.split(" = ").next().is_some_and(|name| !name.contains([' ', '`'])) =>
            {
                bare.to_owned()
            }
            _ => line.to_owned(),
        })
        .collect();
    let shown = shown.join("\n");
    assert!(shown.contains("\nhold = "), "defaults were uncommented");
    let with_defaults = config(&texts(&[("demo.toml", &shown)]));
    assert_eq!(with_defaults, config(&texts(&[("demo.toml", DEMO)])));
}
