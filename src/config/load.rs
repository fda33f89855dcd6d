//! Configuration as it stands in defaults, files, environment and secret files → [`Config`].
//!
//! `data_folder` is relative to the working directory, as any path that a service writes to;
//! `…_file` keys and `place.databases` are relative to the file that names them. Lists of tables (`sites`, `api_keys`)
//! from several files of a folder are joined; of other keys the last file's value counts, and an
//! environment variable overrides all files. A list is set there as a whole:
//! `RINGTRACE__SERVER__TRUSTED_PROXIES='["10.0.0.0/8"]'`.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::check::check;
use crate::config::complaint::{Complaint, Severity};
use crate::config::inspect::{Origins, complaint, inspect};
use crate::config::layers::Sources;
use crate::config::model::Config;

/// Why a configuration cannot be used: every reason at once.
#[derive(Debug)]
pub struct LoadError {
    /// The reasons; at least one is an error.
    pub complaints: Vec<Complaint>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        let errors = self.complaints.iter().filter(|c| c.severity == Severity::Error);
        errors.into_iter().try_for_each(|complaint| write!(f, "\n  {complaint}"))
    }
}

impl std::error::Error for LoadError {}

/// What reading a configuration gave.
pub struct Reading {
    /// The configuration; with complaints that are errors, what is left without the wrong keys, or
    /// `None` when nothing can be made of it.
    pub config: Option<Config>,
    /// Everything that could not be read.
    pub complaints: Vec<Complaint>,
    /// Where every value came from.
    pub origins: Origins,
}

/// Reads `sources`, complaining about everything that cannot be read.
pub fn read(sources: &Sources) -> Reading {
    let layers = match sources.merged() {
        Ok(layers) => layers,
        Err(complaints) => {
            return Reading { config: None, complaints, origins: Origins::default() };
        }
    };
    let mut tree = layers.tree();
    let (mut complaints, origins) = inspect(&mut tree, &layers);
    let config = tree.deserialize::<Config>();
    if let (Err(error), true) = (&config, complaints.is_empty()) {
        // The schema let something through that the model does not take. The error's reason may
        // quote a value, so only the place is told.
        let path = error.path.join(".");
        complaints.push(complaint(&path, origins.of(&path), "it cannot be read".to_owned()));
    }
    Reading { config: config.ok(), complaints, origins }
}

/// Reads the configuration at `path` (a file, or a folder whose `*.toml` are merged in name order;
/// `None`: the defaults) and the environment.
pub fn load(path: Option<&Path>) -> Result<Config, LoadError> {
    let sources = Sources::of(path).map_err(|complaints| LoadError { complaints })?;
    complete(read(&sources))
}

/// Reads `text` as the file `name` would be read, and the environment. For texts that are compiled
/// in.
pub fn load_text(name: &str, text: &str) -> Result<Config, LoadError> {
    let mut sources = Sources::of(None).map_err(|complaints| LoadError { complaints })?;
    sources.texts.push((PathBuf::from(name), text.to_owned()));
    complete(read(&sources))
}

fn complete(reading: Reading) -> Result<Config, LoadError> {
    match reading {
        Reading { config: Some(config), complaints, .. } if complaints.is_empty() => Ok(config),
        Reading { complaints, .. } => Err(LoadError { complaints }),
    }
}

/// A configuration that was read and checked as far as files go.
pub struct Examination {
    /// The configuration, when there are no errors.
    pub config: Option<Config>,
    /// Everything that is wrong, errors and warnings.
    pub complaints: Vec<Complaint>,
}

impl Examination {
    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.complaints.iter().any(|complaint| complaint.severity == Severity::Error)
    }
}

/// Reads and checks the configuration at `path`; complaints know the file they are about.
pub fn examine(path: Option<&Path>) -> Examination {
    match Sources::of(path) {
        Ok(sources) => examine_sources(&sources),
        Err(complaints) => Examination { config: None, complaints },
    }
}

/// Reads and checks `sources`.
pub fn examine_sources(sources: &Sources) -> Examination {
    let Reading { config, mut complaints, origins } = read(sources);
    let found = config.as_ref().map(check).unwrap_or_default();
    complaints.extend(found.into_iter().map(|mut complaint| {
        complaint.origin = origins.of(&complaint.path);
        complaint
    }));
    let mut examination = Examination { config, complaints };
    if examination.has_errors() {
        examination.config = None;
    }
    examination
}

/// Reads and checks the configuration at `path` for use: the configuration and the warnings, or
/// every complaint.
pub fn load_checked(path: Option<&Path>) -> Result<(Config, Vec<Complaint>), LoadError> {
    match examine(path) {
        Examination { config: Some(config), complaints } => Ok((config, complaints)),
        Examination { complaints, .. } => Err(LoadError { complaints }),
    }
}
