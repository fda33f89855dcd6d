//! `ringtrace snippet`: what a page needs, ready to be pasted.

use std::path::PathBuf;

use clap::Args;

use crate::cli::CliError;
use crate::config::load::load_checked;
use crate::config::model::{Config, Site};
use crate::http::snippet::{snippet_hash, snippet_integrity};
use crate::platform::ids::SiteId;

/// Options of `snippet`.
#[derive(Clone, Debug, Args)]
pub struct SnippetArgs {
    /// The site; may be left out where there is only one.
    #[arg(long)]
    pub site: Option<SiteId>,
    /// A configuration file, or a folder whose *.toml are read in name order.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Print the script tag alone.
    #[arg(long)]
    pub tag_only: bool,
}

/// The optional part of the snippet that stands in the page itself.
const HEAD: &str = include_str!("../../js-snippet/dist/head.js");

/// What is said of an address that pages of the internet cannot use.
const NOT_SECURE: &str =
    "\nserver.public_url is no https:// address: browsers do not load it into https pages.\n";

/// Prints the script tag, and unless only that is wanted, what else there is.
pub(super) fn run(args: &SnippetArgs) -> Result<(), CliError> {
    let (config, _) = load_checked(args.config.as_deref())?;
    let site = match &args.site {
        Some(id) => config.site(id).ok_or_else(|| CliError::NoSuchSite(id.clone()))?,
        None => match config.sites.as_slice() {
            [site] => site,
            _ => return Err(CliError::WhichSite(ids(&config))),
        },
    };
    let tag = tag(&config, site);
    match args.tag_only {
        true => println!("{tag}"),
        false => print!("{}", everything(&config, site, &tag)),
    }
    Ok(())
}

fn ids(config: &Config) -> String {
    let ids: Vec<&str> = config.sites.iter().map(|site| site.id.as_str()).collect();
    ids.join(", ")
}

/// The tag of the version that this program has: its name and hash change with every other one.
fn tag(config: &Config, site: &Site) -> String {
    let (url, key) = (attribute(&config.server.public_url), &site.key);
    let (hash, integrity) = (snippet_hash(), snippet_integrity());
    let cookies = server_cookies(site);
    format!(
        "<script async src=\"{url}/rt.{hash}.js\" integrity=\"{integrity}\" crossorigin=\"anonymous\" \
         data-key=\"{key}\"{cookies}></script>"
    )
}

fn everything(config: &Config, site: &Site, tag: &str) -> String {
    let (url, key) = (attribute(&config.server.public_url), &site.key);
    let cookies = server_cookies(site);
    format!(
        "The tag for the <head> of every page of {title}. It names this version of the script; print it\n\
         again after an update, or pages stay with this one as long as it is kept:\n\n  {tag}\n\n\
         The same without a version, for pages that nobody will touch again (checked every 5 minutes):\n\n  \
         <script async src=\"{url}/rt.js\" data-key=\"{key}\"{cookies}></script>\n\n\
         Optional, before it: lets a page call ringtrace(…) before the script is there:\n\n  \
         <script>window.ringtrace=window.ringtrace||function(){{(ringtrace.q=ringtrace.q||[]).push(arguments)}}</script>\n\n\
         Optional, in the <head>, too: from the second page of a visit on, the known number is there before\n\
         anything is painted:\n\n  <script>{head}</script>\n\n\
         With Google Tag Manager: a tag of the type \"Custom HTML\" with the tag without a version, on the\n\
         trigger \"Initialization - All Pages\". With data-consent=\"auto\" in it, it follows Consent Mode.\n\n\
         A Content-Security-Policy needs: script-src {url}; connect-src {url}\n\
         Then look whether it is right: ringtrace doctor https://…\n{note}",
        title = site.title(),
        head = HEAD.trim(),
        note = if url.starts_with("https://") { "" } else { NOT_SECURE },
    )
}

fn server_cookies(site: &Site) -> &'static str {
    if site.snippet.cookie_host.is_empty() { "" } else { " data-cookies=\"server\"" }
}

/// A text as it stands in an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::load_text;

    #[test]
    fn the_tag_names_this_version_and_its_hash() {
        let demo = include_str!("../../config/demo.toml");
        let mut config = load_text("demo.toml", demo).expect("the demo can be read");
        config.server.public_url = "https://rt.example.com".to_owned();
        let tag = |config: &Config| tag(config, &config.sites[0]);
        let expected = format!(
            "<script async src=\"https://rt.example.com/rt.{}.js\" integrity=\"{}\" \
             crossorigin=\"anonymous\" data-key=\"pk_demo\"></script>",
            snippet_hash(),
            snippet_integrity()
        );
        assert_eq!(tag(&config), expected);
        assert!(!everything(&config, &config.sites[0], "").contains("data-cookies"));
        assert!(!HEAD.contains("</"), "it would end its script element");
        config.sites[0].snippet.cookie_host = "example.com".to_owned();
        assert!(tag(&config).ends_with(" data-cookies=\"server\"></script>"));
        assert_eq!(attribute("a\"><b"), "a&quot;>&lt;b");
    }
}
