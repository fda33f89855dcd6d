//! Where configuration comes from, in order: what is compiled in, files, the environment. Each
//! later layer overrides the ones before it; the lists of several files are joined.

use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use crate::config::complaint::Complaint;
use crate::config::complaint::Severity;
use crate::config::schema::{self, Shape};

/// Every key with its default and one comment.
pub const DEFAULTS: &str = include_str!("../../config/ringtrace.toml");

/// Environment variables that begin with this are configuration.
pub const ENVIRONMENT_PREFIX: &str = "RINGTRACE__";

/// Largest configuration file in bytes.
const LARGEST_FILE: u64 = 16 << 20;

/// Where to read from.
pub struct Sources {
    /// Files with their names, in order; later ones override earlier ones.
    pub texts: Vec<(PathBuf, String)>,
    /// Environment variables; those without the prefix are ignored.
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// The file at `path`, or every `*.toml` in name order when it is a folder, and the
    /// environment of this process.
    pub fn of(path: Option<&Path>) -> Result<Self, Vec<Complaint>> {
        let texts = path.map(read_texts).transpose()?.unwrap_or_default();
        // Names and values that are no text cannot be ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Sources { texts, environment })
    }

    /// All layers, merged; nothing is checked yet.
    pub fn merged(&self) -> Result<Layers, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut figment = Figment::new();
        let mut add = |figment: Figment, layer: Result<Layer, Complaint>| match layer {
            Ok(layer) if layer.joins_lists => figment.admerge(layer),
            Ok(layer) => figment.merge(layer),
            Err(complaint) => {
                complaints.push(complaint);
                figment
            }
        };
        figment = add(figment, Layer::from_toml(Metadata::named("defaults"), DEFAULTS));
        for (path, text) in &self.texts {
            let metadata = Metadata::from("file", path.as_path());
            figment = add(figment, Layer::from_toml(metadata, text));
        }
        for (name, value) in &self.environment {
            if let Some(keys) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                figment = add(figment, Ok(Layer::from_variable(name, keys, value)));
            }
        }
        if complaints.is_empty() { Ok(Layers(figment)) } else { Err(complaints) }
    }
}

/// The merged layers, which remember where each value came from.
pub struct Layers(Figment);

impl Layers {
    /// The merged tree.
    pub fn tree(&self) -> Value {
        self.0.find_value("").unwrap_or_else(|_| Value::from(Dict::new()))
    }

    /// The file or environment variable that a value with `tag` came from; `None` for what is
    /// compiled in.
    pub fn origin(&self, tag: Tag) -> Option<String> {
        self.0.get_metadata(tag).and_then(origin)
    }

    /// The folder of the file that a value with `tag` came from; the working directory for
    /// anything else.
    pub fn folder(&self, tag: Tag) -> PathBuf {
        let source = self.0.get_metadata(tag).and_then(|metadata| metadata.source.as_ref());
        let file = source.and_then(|source| source.file_path());
        file.and_then(Path::parent).map(Path::to_owned).unwrap_or_default()
    }
}

/// One layer.
struct Layer {
    metadata: Metadata,
    tree: Dict,
    joins_lists: bool,
}

impl Layer {
    fn from_toml(metadata: Metadata, text: &str) -> Result<Self, Complaint> {
        let about_file = |message: String| Complaint {
            path: String::new(),
            message,
            severity: Severity::Error,
            origin: origin(&metadata),
        };
        // The error's own rendering quotes the line, and a secret may stand on it.
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            about_file(format!("line {line} is not TOML: {}", error.message()))
        })?;
        let tree = Value::serialize(table)
            .ok()
            .and_then(Value::into_dict)
            .ok_or_else(|| about_file("it is not a table".to_owned()))?;
        Ok(Layer { metadata, tree, joins_lists: true })
    }

    /// `RINGTRACE__SERVER__LISTEN` sets `server.listen`.
    fn from_variable(name: &str, keys: &str, text: &str) -> Self {
        let keys = keys.to_ascii_lowercase();
        let path: Vec<&str> = keys.split("__").collect();
        let textual = match schema::find(path.iter().copied()) {
            Some(Shape::Leaf(leaf)) => leaf.textual,
            Some(Shape::File | Shape::Secret) => true,
            _ => false,
        };
        let plain = || Value::from(text.to_owned());
        let value = if textual { plain() } else { text.parse().unwrap_or_else(|_| plain()) };
        let tree = path
            .iter()
            .rev()
            .fold(value, |inner, key| Value::from(Dict::from([((*key).to_owned(), inner)])));
        let metadata = Metadata::from("environment", name);
        Layer { metadata, tree: tree.into_dict().unwrap_or_default(), joins_lists: false }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.tree.clone()))
    }
}

fn origin(metadata: &Metadata) -> Option<String> {
    let source = metadata.source.as_ref()?;
    let file = source.file_path().map(|path| path.display().to_string());
    file.or_else(|| source.custom().map(str::to_owned))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn read_texts(path: &Path) -> Result<Vec<(PathBuf, String)>, Vec<Complaint>> {
    let about = |path: &Path, message: String| Complaint {
        path: String::new(),
        message,
        severity: Severity::Error,
        origin: Some(path.display().to_string()),
    };
    let files = files_at(path).map_err(|e| vec![about(path, format!("cannot read it: {e}"))])?;
    if files.is_empty() {
        return Err(vec![about(path, "there is no *.toml in this folder".to_owned())]);
    }
    let (mut texts, mut complaints) = (Vec::new(), Vec::new());
    for file in files {
        match read_bounded(&file, LARGEST_FILE) {
            Ok(text) => texts.push((file, text)),
            Err(why) => complaints.push(about(&file, format!("cannot read it: {why}"))),
        }
    }
    if complaints.is_empty() { Ok(texts) } else { Err(complaints) }
}

fn files_at(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The text of a file of at most `largest` bytes.
pub fn read_bounded(path: &Path, largest: u64) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(largest + 1).read_to_string(&mut text)?;
    if text.len() as u64 > largest {
        let why = format!("it is larger than {largest} bytes");
        return Err(std::io::Error::other(why));
    }
    Ok(text)
}
