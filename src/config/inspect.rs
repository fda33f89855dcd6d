//! Holds a merged tree against the schema and tells everything that does not fit at once: unknown
//! keys with the nearest known one, missing keys, values of another kind, secret files.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use crate::config::complaint::{Complaint, Severity, did_you_mean};
use crate::config::layers::Layers;
use crate::config::schema::{CONFIG, FILE_SUFFIX, Key, Leaf, Shape};
use crate::config::secrets;

/// Most characters of a wrong value that are shown.
const SHOWN: usize = 60;

/// Where every value came from.
#[derive(Clone, Debug, Default)]
pub struct Origins(BTreeMap<String, Option<String>>);

impl Origins {
    /// The file or environment variable that set the key at `path`, or the table around it.
    pub fn of(&self, path: &str) -> Option<String> {
        let mut path = path;
        loop {
            if let Some(origin) = self.0.get(path) {
                return origin.clone();
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// The path of the key `name` in the table at `path`.
pub fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// An error about the key at `path`.
pub fn complaint(path: &str, origin: Option<String>, message: String) -> Complaint {
    Complaint { path: path.to_owned(), message, severity: Severity::Error, origin }
}

/// Complains about everything in `tree` that the schema does not know. What can be left out
/// without moving anything else (unknown keys, unreadable optional keys) is taken out, and secrets
/// are read from their files, so that the rest can be checked all the same.
pub fn inspect(tree: &mut Value, layers: &Layers) -> (Vec<Complaint>, Origins) {
    let mut inspection = Inspection { layers, complaints: Vec::new(), origins: Origins::default() };
    inspection.value(tree, &CONFIG, "", None);
    (inspection.complaints, inspection.origins)
}

struct Inspection<'a> {
    layers: &'a Layers,
    complaints: Vec<Complaint>,
    origins: Origins,
}

impl Inspection<'_> {
    /// Whether `value` fits `shape`; complains when it does not.
    fn value(
        &mut self,
        value: &mut Value,
        shape: &Shape,
        path: &str,
        around: Option<&str>,
    ) -> bool {
        let origin = self.layers.origin(value.tag());
        if origin.as_deref() != around {
            self.origins.0.insert(path.to_owned(), origin.clone());
        }
        let origin = origin.as_deref();
        match (shape, value) {
            (Shape::Leaf(leaf), value) => self.leaf(value, leaf, path, origin),
            (Shape::File, Value::String(tag, file)) if !file.is_empty() => {
                *file = self.layers.folder(*tag).join(&file).to_string_lossy().into_owned();
                true
            }
            (Shape::File, _) => {
                self.complain(path, origin, "expected the path of a file in quotes")
            }
            (Shape::Secret, Value::String(..)) => true,
            (Shape::Secret, _) => self.complain(path, origin, "expected a text in quotes"),
            (Shape::Table(keys), Value::Dict(_, table)) => {
                self.table(table, &[keys], path, origin);
                true
            }
            (Shape::Tables(keys), value @ Value::Dict(..)) => {
                self.value(value, &Shape::Table(keys), path, around)
            }
            (Shape::Tables(keys), Value::Array(_, tables)) => {
                tables.iter_mut().enumerate().fold(true, |fits, (index, table)| {
                    let path = format!("{path}[{index}]");
                    self.value(table, &Shape::Table(keys), &path, origin) && fits
                })
            }
            (Shape::Tables(_), _) => {
                self.complain(path, origin, "expected a table of keys, or a list of them")
            }
            (Shape::Kinds { common, kinds }, Value::Dict(_, table)) => {
                self.kinds(table, common, kinds, path, origin);
                true
            }
            (Shape::Map(inner), Value::Dict(_, table)) => {
                table.iter_mut().fold(true, |fits, (name, value)| {
                    self.value(value, inner, &format!("{path}.{name}"), origin) && fits
                })
            }
            (Shape::List(inner), Value::Array(_, values)) => {
                values.iter_mut().enumerate().fold(true, |fits, (index, value)| {
                    self.value(value, inner, &format!("{path}[{index}]"), origin) && fits
                })
            }
            (Shape::List(_), _) => self.complain(path, origin, "expected a list: [ … ]"),
            (Shape::Table(_) | Shape::Kinds { .. } | Shape::Map(_), _) => {
                self.complain(path, origin, "expected a table of keys")
            }
        }
    }

    fn leaf(&mut self, value: &Value, leaf: &Leaf, path: &str, origin: Option<&str>) -> bool {
        if (leaf.fits)(value) {
            return true;
        }
        let message = format!("expected {}, found {}", leaf.expected, shown(value));
        self.complain(path, origin, &message)
    }

    fn table(&mut self, table: &mut Dict, keys: &[&[Key]], path: &str, origin: Option<&str>) {
        for keys in keys {
            secrets::resolve(table, keys, path, self.layers, &mut self.complaints);
        }
        let known = || keys.iter().flat_map(|keys| keys.iter());
        table.retain(|name, value| {
            let path = &child(path, name);
            let Some(key) = known().find(|key| key.answers_to(name)) else {
                let origin = self.layers.origin(value.tag());
                self.complain(path, origin.as_deref(), &unknown_key(name, known()));
                return false;
            };
            if name.ends_with(FILE_SUFFIX) && name != key.name {
                return value.as_str().is_some();
            }
            let fits = self.value(value, &key.shape, path, origin);
            fits || key.needed
        });
        for key in known().filter(|key| key.needed && !table.contains_key(key.name)) {
            let expected = match &key.shape {
                Shape::Leaf(leaf) => format!("; expected {}", leaf.expected),
                _ => String::new(),
            };
            self.complain(&child(path, key.name), origin, &format!("it is missing{expected}"));
        }
    }

    fn kinds(
        &mut self,
        table: &mut Dict,
        common: &[Key],
        kinds: &[(&str, &[Key])],
        path: &str,
        origin: Option<&str>,
    ) {
        let words = || kinds.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        let kind = table.remove("kind");
        let word = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
        let Some((_, own)) = kinds.iter().find(|(name, _)| *name == word) else {
            let expected = words().join(" or ");
            let meant = did_you_mean(word, words());
            let message = match &kind {
                None => format!("it is missing; expected {expected}"),
                Some(value) => format!("expected {expected}, found {}{meant}", shown(value)),
            };
            self.complain(&child(path, "kind"), origin, &message);
            return;
        };
        self.table(table, &[common, own], path, origin);
        table.extend(kind.map(|kind| ("kind".to_owned(), kind)));
    }

    /// Always `false`: what is complained about does not fit.
    fn complain(&mut self, path: &str, origin: Option<&str>, message: &str) -> bool {
        let origin = origin.map(str::to_owned);
        self.complaints.push(complaint(path, origin, message.to_owned()));
        false
    }
}

fn unknown_key<'k>(name: &str, known: impl Iterator<Item = &'k Key>) -> String {
    format!("unknown key{}", did_you_mean(name, known.map(|key| key.name)))
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Dict(..) => return "a table".to_owned(),
        Value::Array(..) => return "a list".to_owned(),
        Value::String(_, text) => format!("{text:?}"),
        other => other.clone().into_string().unwrap_or_else(|| {
            serde_json::to_string(other).unwrap_or_else(|_| "something else".to_owned())
        }),
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain("…".chars()).collect()
}
