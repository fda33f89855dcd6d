//! The browsers, systems and devices of `config/machines.toml`, by words of user agents and by the
//! brands and platforms of client hints. One automaton reads an agent once.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use serde::Deserialize;

use crate::visit::model::Device;
use crate::visit::tables::{TablesError, read};

const LIST: &str = "machines.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MachineFile {
    browser: Vec<Family>,
    system: Vec<Family>,
    device: Vec<DeviceEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    name: String,
    words: Vec<String>,
    /// How client hints call it, when they do.
    #[serde(default)]
    hints: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceEntry {
    kind: Device,
    words: Vec<String>,
}

/// What a word of an agent is a sign of.
#[derive(Clone, Copy, Debug)]
enum Sign {
    Browser(usize),
    System(usize),
    Device(Device),
}

/// What the words of one agent say. A family is its place in the table: the lower, the more specific.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs {
    /// Family of the browser.
    pub browser: Option<usize>,
    /// Family of the system.
    pub system: Option<usize>,
    /// Words of a tablet.
    pub tablet: bool,
    /// Words of a phone.
    pub mobile: bool,
    /// Words of something else that shows pages (television, console, car, watch, reader).
    pub other: bool,
}

/// The families in order, and the words they are known by.
#[derive(Debug)]
pub struct MachineTable {
    set: AhoCorasick,
    /// For each pattern of the set.
    signs: Vec<Sign>,
    browsers: Vec<String>,
    systems: Vec<String>,
    browser_by_brand: HashMap<String, usize>,
    system_by_platform: HashMap<String, usize>,
}

impl MachineTable {
    /// Reads the compiled-in table.
    pub fn load() -> Result<Self, TablesError> {
        let file: MachineFile = read(LIST, include_str!("../../../config/machines.toml"))?;
        let mut words = Vec::new();
        let mut signs = Vec::new();
        let mut add = |these: &[String], sign| {
            signs.extend(these.iter().map(|_| sign));
            words.extend_from_slice(these);
        };
        for (rank, family) in file.browser.iter().enumerate() {
            add(&family.words, Sign::Browser(rank));
        }
        for (rank, family) in file.system.iter().enumerate() {
            add(&family.words, Sign::System(rank));
        }
        for entry in &file.device {
            add(&entry.words, Sign::Device(entry.kind));
        }
        let set = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&words)
            .map_err(|error| TablesError::Line(LIST, error.to_string()))?;
        Ok(MachineTable {
            set,
            signs,
            browser_by_brand: by_hint(&file.browser),
            system_by_platform: by_hint(&file.system),
            browsers: file.browser.into_iter().map(|family| family.name).collect(),
            systems: file.system.into_iter().map(|family| family.name).collect(),
        })
    }

    /// Reads the words of a user agent.
    pub fn read(&self, user_agent: &str) -> Signs {
        let mut signs = Signs::default();
        let lower = |known: &mut Option<usize>, rank: usize| {
            *known = Some(known.map_or(rank, |known| known.min(rank)));
        };
        for found in self.set.find_overlapping_iter(user_agent) {
            match self.signs[found.pattern().as_usize()] {
                Sign::Browser(rank) => lower(&mut signs.browser, rank),
                Sign::System(rank) => lower(&mut signs.system, rank),
                Sign::Device(Device::Tablet) => signs.tablet = true,
                Sign::Device(Device::Mobile) => signs.mobile = true,
                Sign::Device(Device::Other) => signs.other = true,
                Sign::Device(Device::Desktop) => {}
            }
        }
        signs
    }

    /// The browser that client hints call so.
    pub fn brand(&self, brand: &str) -> Option<usize> {
        self.browser_by_brand.get(brand).copied()
    }

    /// The system that client hints call so.
    pub fn platform(&self, platform: &str) -> Option<usize> {
        self.system_by_platform.get(platform).copied()
    }

    /// The name of a browser.
    pub fn browser(&self, family: usize) -> &str {
        self.browsers.get(family).map_or("", String::as_str)
    }

    /// The name of a system.
    pub fn system(&self, family: usize) -> &str {
        self.systems.get(family).map_or("", String::as_str)
    }
}

fn by_hint(families: &[Family]) -> HashMap<String, usize> {
    let hints = |(rank, family): (usize, &Family)| {
        family.hints.iter().map(move |hint| (hint.clone(), rank)).collect::<Vec<_>>()
    };
    families.iter().enumerate().flat_map(hints).collect()
}
