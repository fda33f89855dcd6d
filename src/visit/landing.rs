//! The first page: host and path as reports group them.
//!
//! Addresses that lead to the same page get the same text: the path is normalised as RFC 3986 §6.2.2
//! says (dot segments, percent-encoding), and without what servers add or leave out: doubled and
//! trailing slashes, index files, session ids. Normalising twice changes nothing.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// Longest name of a host (RFC 1035 §2.3.4), in bytes.
const MAX_HOST: usize = 253;
/// Longest path that is kept, in bytes.
const MAX_PATH: usize = 512;
/// Longest segment that may be a session id in parentheses, in bytes.
const MAX_COOKIELESS: usize = 64;

/// File names that a folder answers with when none is asked for, without their extension, and the
/// extensions.
const INDEX_FILES: [&str; 2] = ["index", "default"];
const INDEX_EXTENSIONS: [&str; 9] =
    ["html", "htm", "php", "asp", "aspx", "jsp", "cfm", "shtml", "xhtml"];

/// Path parameters that carry a session: of Java servlets, of PHP.
const SESSION_PARAMETERS: [&str; 3] = ["jsessionid", "phpsessid", "sid"];

/// The host of a page, lower case, without port and trailing dot; empty when it has none, or one
/// longer than names can be. International names are in their ASCII form.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").trim_end_matches('.');
    if host.len() <= MAX_HOST { host.to_ascii_lowercase() } else { String::new() }
}

/// The path of a page as reports show it; `/` for the root.
pub fn page(url: &Url) -> String {
    // Addresses such as `data:…` have no path.
    if url.cannot_be_a_base() {
        return "/".to_owned();
    }
    let mut segments: Vec<String> = Vec::new();
    for segment in url.path().split('/') {
        let segment = normal(segment);
        match without_session(&segment) {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            text if is_cookieless_session(text) => {}
            text => segments.push(text.to_owned()),
        }
    }
    // Whole segments, so that what is cut off cannot change what the rest means.
    let mut length = 0;
    let kept = segments.iter().take_while(|segment| {
        length += segment.len() + 1;
        length <= MAX_PATH
    });
    let kept = kept.count().max(1);
    segments.truncate(kept);
    while segments.last().is_some_and(|last| is_index(last)) {
        segments.pop();
    }
    let mut path = String::with_capacity(MAX_PATH);
    for segment in &segments {
        path.push('/');
        path.push_str(cut_between_escapes(segment, MAX_PATH - 1));
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

fn is_index(file: &str) -> bool {
    let Some((name, extension)) = file.split_once('.') else { return false };
    INDEX_FILES.iter().any(|index| name.eq_ignore_ascii_case(index))
        && INDEX_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// `segment` without a `;jsessionid=…`.
fn without_session(segment: &str) -> &str {
    let is_session = |at: &usize| {
        let name = segment[at + 1..].split_once('=').map_or("", |(name, _)| name);
        SESSION_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    let at = segment.match_indices(';').map(|(at, _)| at).find(is_session);
    at.map_or(segment, |at| &segment[..at])
}

/// `(S(lit3py55t21z5v55vlm25s55))`: how ASP.NET writes a session without cookies.
fn is_cookieless_session(segment: &str) -> bool {
    let inside = segment.strip_prefix('(').and_then(|rest| rest.strip_suffix("))"));
    segment.len() <= MAX_COOKIELESS
        && inside.is_some_and(|inside| {
            matches!(inside.as_bytes(), [b'S' | b'A' | b'F' | b'X', b'(', ..])
        })
}

/// `segment` with what needs no escape unescaped, every other escape in capitals, and a `%` that
/// begins none escaped.
fn normal(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3);
        let byte = escape.and_then(|escape| percent_decode_str(escape).next());
        match (escape, byte) {
            (Some(_), Some(byte)) if is_unreserved(byte) => text.push(char::from(byte)),
            (Some(escape), Some(byte)) if byte != b'%' || escape == "%25" => {
                text.push_str(&escape.to_ascii_uppercase());
            }
            _ => {
                text.push_str("%25");
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    text.push_str(rest);
    text
}

/// What people write plainly and browsers escape in a path.
const WRITTEN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// `segment` as a person writes it → as [`page`] has it.
fn as_in_urls(segment: &str) -> String {
    normal(&utf8_percent_encode(segment, WRITTEN).to_string())
}

/// RFC 3986 §2.3
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The first `max` bytes of `text`, or less so that no `%XX` is split.
fn cut_between_escapes(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = text.floor_char_boundary(max);
    let open = text[..end].rfind('%').filter(|at| end - at < 3);
    &text[..open.unwrap_or(end)]
}

/// A pattern for pages that are one in reports: `*` stands for one segment, `**` at its end for any
/// rest of at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    text: String,
    segments: Vec<String>,
    open: bool,
}

impl Fold {
    /// Reads a pattern such as `/product/*` or `/blog/**`; the error says what was expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_PATH {
            return Err("expected at most 512 bytes");
        }
        let Some(path) = text.strip_prefix('/').filter(|path| !path.is_empty()) else {
            return Err("expected a path such as \"/product/*\"");
        };
        let (path, open) = match path.strip_suffix("**") {
            Some("") => ("", true),
            Some(front) if front.ends_with('/') => (&front[..front.len() - 1], true),
            _ => (path, false),
        };
        let segments: Vec<String> = match path {
            "" => Vec::new(),
            path => path.split('/').map(as_in_urls).collect(),
        };
        if segments.iter().any(|part| matches!(part.as_str(), "" | "." | "..")) {
            return Err("expected a path without empty parts and without `/` at its end");
        }
        if segments.iter().any(|part| part != "*" && part.contains('*')) {
            return Err("expected `*` for one whole part of the path, `**` as its last part only");
        }
        if path.contains(['?', '#']) {
            return Err("expected a path without `?` and `#`: a landing page has no query");
        }
        Ok(Fold { text: text.to_owned(), segments, open })
    }

    /// What reports show of the pages that it matches.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches a page that [`page`] gave; letters are compared without case.
    pub fn matches(&self, page: &str) -> bool {
        let mut parts = page.strip_prefix('/').unwrap_or(page).split('/').filter(|p| !p.is_empty());
        let all_fit = self.segments.iter().all(|wanted| {
            // `**` is the text of another pattern, no segment of a page.
            let part = parts.next().filter(|part| *part != "**");
            part.is_some_and(|part| wanted == "*" || wanted.eq_ignore_ascii_case(part))
        });
        all_fit && parts.next().is_some() == self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page_of(path: &str) -> String {
        page(&Url::parse(&format!("https://a.example{path}")).expect("an address"))
    }

    #[test]
    fn addresses_of_one_page_are_one_page() {
        for (path, expected) in [
            ("", "/"),
            ("//", "/"),
            ("/index.php?x=1", "/"),
            ("/A/b/?x#y", "/A/b"),
            ("//a///b//", "/a/b"),
            ("/a/Index.HTML", "/a"),
            ("/a/index.html/", "/a"),
            ("/a/index.jsp;jsessionid=1A2B", "/a"),
            ("/a;JSESSIONID=1A2B.node1/b", "/a/b"),
            ("/a;color=red/b", "/a;color=red/b"),
            ("/(S(lit3py55t21z5v55vlm25s55))/orders/default.aspx", "/orders"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..;jsessionid=1/b", "/b"),
            ("/%7euser/%41%2fb", "/~user/A%2Fb"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/café", "/caf%C3%A9"),
            ("/50%/off%zz", "/50%25/off%25zz"),
            ("/%2541", "/%2541"),
            ("/reindex.html", "/reindex.html"),
            ("/index.php/blog", "/index.php/blog"),
            ("/indexes", "/indexes"),
        ] {
            assert_eq!(page_of(path), expected, "{path}");
        }
        for other in ["data:text/plain,index.html", "about:blank", "mailto:a@b.example"] {
            assert_eq!(page(&Url::parse(other).expect("an address")), "/", "{other}");
        }
    }

    #[test]
    fn long_paths_lose_whole_segments() {
        let long = format!("/a/{}/{}", "b".repeat(300), "c".repeat(300));
        assert_eq!(page_of(&long), format!("/a/{}", "b".repeat(300)));
        let one = format!("/{}", "%C3%A9".repeat(200));
        assert_eq!(page_of(&one), format!("/{}", "%C3%A9".repeat(85)));
    }

    #[test]
    fn patterns_stand_for_segments() {
        let fits = |pattern: &str, page: &str| Fold::parse(pattern).expect("fits").matches(page);
        assert!(fits("/product/*", "/product/123"));
        assert!(fits("/product/*", "/Product/123"));
        assert!(!fits("/product/*", "/product"));
        assert!(!fits("/product/*", "/product/1/reviews"));
        assert!(!fits("/product/*", "/products/1"));
        assert!(fits("/blog/*/comments", "/blog/x/comments"));
        assert!(!fits("/blog/*/comments", "/blog/x/y/comments"));
        assert!(fits("/blog/**", "/blog/2026/05/x"));
        assert!(!fits("/blog/**", "/blog"));
        assert!(fits("/**", "/x") && fits("/*", "/x") && !fits("/**", "/") && !fits("/*", "/"));
        assert!(fits("/caf%c3%a9/*", "/caf%C3%A9/1") && fits("/café/*", "/caf%C3%A9/1"));
        for wrong in
            ["", "/", "product/*", "/a//b", "/a/", "/a*", "/**/a", "/a/**b", "/a/../b", "/a?b=*"]
        {
            assert!(Fold::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(
            path in "(/(index\\.html|%[0-9a-f%]{2}|;jsessionid=a|\\(S\\(a\\)\\)|\\.{1,2}|[a-zé%;*. ]{0,6}){1,3}){0,6}",
            filler in 0usize..600,
        ) {
            let once = page_of(&format!("{path}/{}", "%".repeat(filler / 3)));
            prop_assert!(once.starts_with('/') && once.len() <= MAX_PATH);
            prop_assert_eq!(page_of(&once), once.clone());
            let long = page_of(&format!("/{}{path}", "y".repeat(filler)));
            prop_assert_eq!(page_of(&long), long);
        }

        #[test]
        fn folding_twice_changes_nothing(
            patterns in proptest::collection::vec("(/(\\*|a|b)){1,3}(/\\*\\*)?", 1..5),
            page in "(/(a|b|c|\\*)){0,4}",
        ) {
            let folds: Vec<Fold> = patterns.iter().map(|p| Fold::parse(p).expect("fits")).collect();
            let fold = |page: &str| {
                folds.iter().find(|f| f.matches(page)).map_or(page, Fold::text).to_owned()
            };
            let once = fold(&page);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
