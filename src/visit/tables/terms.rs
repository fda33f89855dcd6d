//! The words that somebody searched for, where a search engine passes them on.

use encoding_rs::Encoding;
use percent_encoding::percent_decode;
use regex::Regex;
use url::Url;

use crate::visit::bot::cut;

/// Longest term that is kept, in bytes.
const TERM_MAX: usize = 255;
/// Most parameters that are looked at.
const PARAMETERS_MAX: usize = 200;

/// Where a search engine puts the term, in the order in which it is looked for.
#[derive(Debug)]
pub struct SearchTerms {
    places: Vec<Place>,
    /// What it may be written in besides UTF-8.
    charsets: Vec<&'static Encoding>,
}

#[derive(Debug)]
enum Place {
    Parameter(String),
    /// Over path and query; its first group is the term.
    Expression(Regex),
}

impl SearchTerms {
    /// Compiles parameter names and `/expressions/`, and the names of charsets, both separated by
    /// blanks.
    pub fn compile(terms: &str, charsets: &str) -> Result<Self, Box<regex::Error>> {
        let place = |term: &str| match term.strip_prefix('/').and_then(|t| t.strip_suffix('/')) {
            Some(expression) => Ok(Place::Expression(Regex::new(expression)?)),
            None => Ok(Place::Parameter(term.to_owned())),
        };
        let places: Result<_, regex::Error> = terms.split_whitespace().map(place).collect();
        let charsets = charsets.split_whitespace();
        let charsets = charsets.filter_map(|name| Encoding::for_label(name.as_bytes())).collect();
        Ok(SearchTerms { places: places?, charsets })
    }

    /// The term in `url`: decoded, trimmed, without control characters, at most 255 bytes. `None`
    /// when there is none or it is in no charset that is known for the engine.
    pub fn read(&self, url: &Url) -> Option<String> {
        self.places.iter().find_map(|place| match place {
            Place::Parameter(name) => {
                let fragment = url.fragment().map(parameters_of_fragment);
                let texts = [url.query(), fragment];
                texts.into_iter().flatten().find_map(|text| self.parameter(text, name))
            }
            Place::Expression(expression) => {
                let text = &url[url::Position::BeforePath..url::Position::AfterQuery];
                self.decode(expression.captures(text)?.get(1)?.as_str())
            }
        })
    }

    fn parameter(&self, text: &str, name: &str) -> Option<String> {
        let pairs = text.split('&').take(PARAMETERS_MAX).filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| self.decode(value))
    }

    fn decode(&self, value: &str) -> Option<String> {
        if value.is_empty() {
            return None;
        }
        let spaced = value.replace('+', " ");
        let bytes: Vec<u8> = percent_decode(spaced.as_bytes()).collect();
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.into(),
            Err(_) => self.charsets.iter().find_map(|charset| {
                charset.decode_without_bom_handling_and_without_replacement(&bytes)
            })?,
        };
        let kept: String = text.chars().filter(|c| !c.is_control()).collect();
        let kept = cut(kept.trim(), TERM_MAX).trim_end();
        (!kept.is_empty()).then(|| kept.to_owned())
    }
}

/// `q=a` of `#q=a` and of `#!/search?q=a`.
fn parameters_of_fragment(fragment: &str) -> &str {
    match fragment.split_once('?') {
        Some((path, parameters)) if path.is_empty() || path.starts_with(['!', '/']) => parameters,
        _ => fragment,
    }
}
