//! The first page: host and path as reports group them.

use url::Url;

use crate::visit::bot::cut;

/// Longest path that is kept, in bytes.
const MAX_PATH: usize = 512;

/// File names that a folder answers with when none is asked for.
const INDEX_FILES: [&str; 7] = [
    "index.html",
    "index.htm",
    "index.php",
    "index.asp",
    "index.aspx",
    "default.asp",
    "default.aspx",
];

/// The host of a page, lower case, without port and trailing dot; empty when it has none.
pub fn host(url: &Url) -> String {
    url.host_str().unwrap_or("").trim_end_matches('.').to_ascii_lowercase()
}

/// The path of a page without query, fragment, index file and trailing slash; `/` for the root.
pub fn page(url: &Url) -> String {
    let path = cut(url.path(), MAX_PATH);
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let is_index = INDEX_FILES.iter().any(|index| file.eq_ignore_ascii_case(index));
    let kept = if is_index { folder } else { path };
    let kept = kept.trim_end_matches('/');
    // Addresses such as `data:…` have no path.
    if kept.starts_with('/') { kept.to_owned() } else { "/".to_owned() }
}
