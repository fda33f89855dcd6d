//! Tests of the configuration: reading it, and that schema, model and shipped files agree.

mod documented;
mod reading;

use std::path::PathBuf;

use crate::config::layers::Sources;
use crate::config::load::{Reading, read};
use crate::config::model::Config;

const DEMO: &str = include_str!("../../../config/demo.toml");

fn texts(texts: &[(&str, &str)]) -> Sources {
    let texts = texts.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned()));
    Sources { texts: texts.collect(), environment: Vec::new() }
}

fn config(sources: &Sources) -> Config {
    let Reading { config, complaints, .. } = read(sources);
    assert_eq!(complaints, []);
    config.expect("a configuration without complaints")
}
