//! The parameters of an address, read as liberally as marketers write them.
//!
//! Links go through mail programs, short-link services and hand-made templates. What those are known
//! to break is read all the same: `&amp;` instead of `&`, a second `?` or a `;` before a known
//! parameter, spaces around names and values, `%` that begins no escape, bytes that are no UTF-8.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

/// Most parameters of an address that are read.
const PARAMETERS_MAX: usize = 200;
/// Longest name of a parameter that is decoded, in bytes; nothing known is nearly as long.
const NAME_MAX: usize = 128;

/// Where in an address a parameter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Behind the `?`.
    #[default]
    Query,
    /// Behind the `#`.
    Fragment,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Query => "query",
            Part::Fragment => "fragment",
        })
    }
}

/// One parameter as it stands in the address.
#[derive(Clone, Debug)]
pub struct Parameter<'u> {
    /// Its name, decoded and trimmed.
    pub name: Cow<'u, str>,
    /// Where it stands.
    pub part: Part,
    value: &'u str,
}

impl Parameter<'_> {
    /// Its value as text: decoded, `+` as a space, trimmed, without control characters.
    pub fn text(&self) -> String {
        if self.value.contains('+') {
            return readable(&self.value.replace('+', " "));
        }
        readable(self.value)
    }

    /// Its value as an identifier: as [`Parameter::text`], but `+` stays, which is a character of
    /// some ids, while a space is one of none.
    pub fn id(&self) -> String {
        readable(self.value)
    }
}

/// The parameters of `url`, those of its query first, then, with `fragment`, those behind its `#`.
/// `known` says which names (in any case) count; only they begin behind a `;` or a second `?`.
pub fn read<'u>(url: &'u Url, fragment: bool, known: impl Fn(&str) -> bool) -> Vec<Parameter<'u>> {
    let query = url.query().map(|text| (text, Part::Query));
    // Single-page applications route by it: `#/page?utm_source=…`.
    let behind = url.fragment().filter(|_| fragment);
    let behind = behind.map(|text| (text, Part::Fragment));
    let mut found = Vec::new();
    for (text, part) in query.into_iter().chain(behind) {
        for pair in text.split('&') {
            for pair in halves(pair, &known) {
                if found.len() < PARAMETERS_MAX {
                    found.extend(parameter(pair, part));
                }
            }
        }
    }
    found
}

/// `pair`, cut wherever a known parameter begins behind a `;` or `?`. What stands behind the `?` of
/// an address that is itself a value (`url=https://…/?utm_source=…`) belongs to that one.
fn halves<'u>(pair: &'u str, known: &impl Fn(&str) -> bool) -> Vec<&'u str> {
    let mut halves = Vec::with_capacity(1);
    let mut begin = 0;
    for (at, separator) in pair.match_indices([';', '?']) {
        let within_address = separator == "?" && pair[begin..at].contains("://");
        let name = pair[at + 1..].split_once('=').map(|(name, _)| bare(name));
        if !within_address && name.is_some_and(known) {
            halves.push(&pair[begin..at]);
            begin = at + 1;
        }
    }
    halves.push(&pair[begin..]);
    halves
}

fn parameter(pair: &str, part: Part) -> Option<Parameter<'_>> {
    let (name, value) = pair.split_once('=')?;
    let name = bare(name);
    if name.is_empty() || name.len() > NAME_MAX || value.is_empty() {
        return None;
    }
    let name = match percent_decode_str(name).decode_utf8_lossy() {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim_matches(['+', ' '])),
        Cow::Owned(name) => Cow::Owned(name.trim().to_owned()),
    };
    Some(Parameter { name, part, value })
}

/// `name` without what HTML escaping left before it: `amp;`, also twice.
fn bare(mut name: &str) -> &str {
    while let Some(rest) = name.get(..4).filter(|head| head.eq_ignore_ascii_case("amp;")) {
        name = &name[rest.len()..];
    }
    name
}

fn readable(value: &str) -> String {
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    if decoded.contains(char::is_control) {
        let kept: String = decoded.chars().filter(|c| !c.is_control()).collect();
        return kept.trim().to_owned();
    }
    decoded.trim().to_owned()
}

/// The address in `text`, also one that people write without `https://`.
pub fn address(text: &str) -> Option<Url> {
    let text = text.trim();
    match Url::parse(text) {
        Ok(url) => Some(url),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let bare = text.strip_prefix("//").unwrap_or(text);
            let host = bare.split(['/', '?', '#']).next().unwrap_or(bare);
            let is_host = host.contains('.') && !host.starts_with('.') && !host.contains(' ');
            is_host.then(|| Url::parse(&format!("https://{bare}")).ok()).flatten()
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        let url = Url::parse(&format!("https://a.example/p?{query}")).expect("an address");
        let known = |name: &str| name.to_ascii_lowercase().starts_with("utm_");
        read(&url, true, known).iter().map(|p| (p.name.to_string(), p.text())).collect()
    }

    fn is(query: &str, expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(pairs(query), expected, "{query}");
    }

    #[test]
    fn what_links_go_through_is_read_all_the_same() {
        is("utm_source=a&amp;utm_medium=b", &[("utm_source", "a"), ("utm_medium", "b")]);
        is("x=1&amp;AMP;utm_medium=b", &[("x", "1"), ("utm_medium", "b")]);
        is("id=5?utm_source=a", &[("id", "5"), ("utm_source", "a")]);
        is("?utm_source=a", &[("utm_source", "a")]);
        is("utm_source=a;utm_medium=b", &[("utm_source", "a"), ("utm_medium", "b")]);
        is("utm_term=why?&utm_content=a;b=c", &[("utm_term", "why?"), ("utm_content", "a;b=c")]);
        is("u=https://b.example/?utm_source=x", &[("u", "https://b.example/?utm_source=x")]);
        is("utm%5Fsource=a+b%20c", &[("utm_source", "a b c")]);
        is("+utm_source+=+a+", &[("utm_source", "a")]);
        is("utm_source=50%&utm_medium=%zz", &[("utm_source", "50%"), ("utm_medium", "%zz")]);
        is("utm_source=%FF%C3%A9%00", &[("utm_source", "\u{fffd}é")]);
        is("utm_source&utm_medium=&=x", &[]);
        is("a=1#utm_source=b", &[("a", "1"), ("utm_source", "b")]);
        is("a=1#/page?utm_source=b&x=2", &[("a", "1"), ("utm_source", "b"), ("x", "2")]);
    }

    #[test]
    fn addresses_are_also_read_as_people_write_them() {
        let host = |text| address(text).and_then(|url| url.host_str().map(str::to_owned));
        assert_eq!(host(" https://A.example/ ").as_deref(), Some("a.example"));
        assert_eq!(host("a.example/x?y=1").as_deref(), Some("a.example"));
        assert_eq!(host("//a.example/x").as_deref(), Some("a.example"));
        assert_eq!(host("//bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        for text in ["", "not a url", "/path.html", "../a.html", "a b.example", "https://"] {
            assert_eq!(host(text), None, "{text:?}");
        }
    }
}
