//! Schema, model, defaults and the commented files agree.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{DEMO, config, texts};
use crate::config::check::check;
use crate::config::layers::{DEFAULTS, Sources};
use crate::config::schema::{CONFIG, FILE_SUFFIX, Key, Shape};

/// Examples of all kinds of destinations.
const DESTINATIONS: &str = include_str!("../../../config/destinations.toml");

/// The demo and the examples, as two files of one folder.
fn both() -> Sources {
    texts(&[("demo.toml", DEMO), ("destinations.toml", DESTINATIONS)])
}

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
    model_keys(&serde_json::to_value(config(&both())).expect("it serialises"), "", &mut model);
    let differ: Vec<_> = schema.symmetric_difference(&model).collect();
    assert!(differ.is_empty(), "{differ:?}");
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
    let commented: BTreeSet<String> = [DEFAULTS, DEMO, DESTINATIONS]
        .into_iter()
        .flat_map(documented)
        .filter_map(|(path, commented)| commented.then_some(path))
        .collect();
    let mut keys = BTreeSet::new();
    leaf_keys(&CONFIG, "", &mut keys);
    // The conditions of values are those of conversions, explained there.
    keys.retain(|key| !key.starts_with(".sites.conversions.values.when."));
    let missing: Vec<_> = keys.difference(&commented).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn the_defaults_that_shipped_files_show_are_the_real_ones() {
    the_defaults_are_real("demo.toml", DEMO, "\nhold = ");
    the_defaults_are_real("destinations.toml", DESTINATIONS, "\ntest_code = ");
}

#[test]
fn the_examples_of_destinations_have_nothing_to_complain_about() {
    let config = config(&texts(&[("destinations.toml", DESTINATIONS)]));
    // It is no whole configuration, but what it shows must work.
    let told = check(&config).into_iter().filter(|complaint| complaint.path.contains("].d"));
    assert_eq!(told.collect::<Vec<_>>(), []);
}

fn the_defaults_are_real(name: &str, text: &str, one_of_them: &str) {
    let shown: Vec<String> = text
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
    assert!(shown.contains(one_of_them), "defaults were uncommented");
    let with_defaults = config(&texts(&[(name, &shown)]));
    assert_eq!(with_defaults, config(&texts(&[(name, text)])));
}
