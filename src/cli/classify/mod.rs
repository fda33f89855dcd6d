//! `ringtrace classify`: what a page view would be taken for, and why. Asks nobody: it reads the
//! configuration and the tables as the service does.

mod stream;

use std::borrow::Cow;
use std::env::temp_dir;
use std::io::{self, Write};
use std::net::IpAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::Args;
use serde::Deserialize;

use crate::cli::CliError;
use crate::config::Installation;
use crate::config::load::{load, load_checked};
use crate::platform::ids::SiteId;
use crate::visit::explain::{Explanation, Question, explain};
use crate::visit::place::Places;
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;

/// Options of `classify`.
#[derive(Clone, Debug, Args)]
pub struct ClassifyArgs {
    /// Address of the page, as the browser shows it.
    #[arg(long, required_unless_present = "stdin")]
    pub url: Option<String>,
    /// `document.referrer` of the page.
    #[arg(long, default_value = "")]
    pub referrer: String,
    /// `User-Agent` of the browser; without it, device and bot are not judged.
    #[arg(long)]
    pub user_agent: Option<String>,
    /// Address that it was asked from.
    #[arg(long)]
    pub ip: Option<IpAddr>,
    /// The site whose rules hold (with --config); without it, those that every site begins with.
    #[arg(long)]
    pub site: Option<SiteId>,
    /// Read one JSON object a line with these names as keys (`user_agent` for --user-agent), write
    /// one line each, in their order.
    #[arg(long, conflicts_with_all = ["url", "referrer", "user_agent", "ip"])]
    pub stdin: bool,
    /// Threads for --stdin; without it, one per core.
    #[arg(long, requires = "stdin")]
    pub threads: Option<NonZero<usize>>,
    /// A configuration file, or a folder whose *.toml are read in name order: sites and databases of
    /// places.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// One line of `--stdin`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    referrer: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "user-agent")]
    user_agent: Option<Cow<'a, str>>,
    #[serde(default)]
    ip: Option<IpAddr>,
    #[serde(default)]
    site: Option<SiteId>,
}

/// Prints what each page view is taken for.
pub(super) fn run(args: &ClassifyArgs) -> Result<(), CliError> {
    let config = match &args.config {
        Some(path) => load_checked(Some(path))?.0,
        None => load(None)?,
    };
    let desk = Desk {
        places: Places::open(&config.place.databases, &temp_dir()).map_err(CliError::Place)?,
        tables: Tables::load().map_err(|error| CliError::Start(error.into()))?,
        site: args.site.clone(),
        no_rules: SiteRules::default(),
        installation: Installation::new(config),
    };
    if let Some(unknown) = args.site.iter().find(|site| desk.installation.site(site).is_none()) {
        return Err(CliError::NoSuchSite(unknown.clone()));
    }
    let mut out = io::stdout().lock();
    let written = if args.stdin {
        let cores = || available_parallelism().map_or(1, NonZero::get);
        let threads = args.threads.map_or_else(cores, NonZero::get);
        stream::run(io::stdin(), out, threads, || {
            |line: &[u8], out: &mut Vec<u8>| desk.line(line, out)
        })
    } else {
        let question = Question {
            url: args.url.as_deref().unwrap_or(""),
            referrer: &args.referrer,
            user_agent: args.user_agent.as_deref(),
            ip: args.ip,
        };
        let answer = desk.explain(desk.rules(None), &question);
        serde_json::to_writer_pretty(&mut out, &answer)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    };
    written.map_err(CliError::Stream)
}

/// Everything that a page view is judged by.
struct Desk {
    tables: Tables,
    places: Places,
    installation: Installation,
    site: Option<SiteId>,
    /// What every site begins with.
    no_rules: SiteRules,
}

impl Desk {
    fn rules(&self, site: Option<&SiteId>) -> &SiteRules {
        let site = site.or(self.site.as_ref());
        site.map_or(&self.no_rules, |site| self.installation.rules(site))
    }

    fn explain<'a>(&'a self, rules: &'a SiteRules, question: &Question<'_>) -> Explanation<'a> {
        let data_centres = self.installation.config.bots.data_centres;
        explain(&self.tables, &self.places, rules, data_centres, question)
    }

    /// Answers one line with one; a line that cannot be read with what is wrong with it.
    fn line(&self, line: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        if let Err(why) = self.answer(line, out) {
            out.truncate(start);
            let error = serde_json::json!({ "error": why });
            out.extend_from_slice(error.to_string().as_bytes());
        }
        out.push(b'\n');
    }

    fn answer(&self, line: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        if line.len() > stream::MAX_LINE {
            return Err(format!("the line is longer than {} bytes", stream::MAX_LINE));
        }
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if let Some(site) = line.site.as_ref().filter(|site| self.installation.site(site).is_none())
        {
            return Err(format!("there is no site `{site}` in the configuration"));
        }
        let question = Question {
            url: &line.url,
            referrer: line.referrer.as_deref().unwrap_or(""),
            user_agent: line.user_agent.as_deref(),
            ip: line.ip,
        };
        let rules = self.rules(line.site.as_ref());
        let answer = self.explain(rules, &question);
        serde_json::to_writer(out, &answer).map_err(|error| error.to_string())
    }
}
