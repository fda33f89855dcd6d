//! The examination of a page, step by step; each step says what it found wrong.

use reqwest::Client;
use url::Url;

use super::DoctorArgs;
use super::csp::Policies;
use super::diagnosis::{Diagnosis, Finding, NumberFound, Severity};
use super::fetch::{self, FetchError, Fetched, USER_AGENT, get};
use super::numbers::{missing, scan};
use super::page::Page;
use super::service::{Answer, ask, script};
use super::tag::Tag;

/// Most links to other numbers that are told of.
const OTHERS_MAX: usize = 10;

/// Looks at the page that `args` name. Fails when there is no page to look at.
pub(super) async fn examine(args: &DoctorArgs) -> Result<Diagnosis, FetchError> {
    let client = fetch::client(USER_AGENT)?;
    let reader = fetch::client(args.user_agent.as_deref().unwrap_or(USER_AGENT))?;
    let fetched = get(&reader, &args.url).await?;
    if !fetched.status.is_success() {
        return Err(FetchError::Status(fetched.status));
    }
    if !matches!(fetched.kind().as_str(), "text/html" | "application/xhtml+xml") {
        return Err(FetchError::NoPage(fetched.kind()));
    }
    let page = Page::read(&fetched.text(), &fetched.url);
    let mut examination = Examination { findings: Vec::new() };
    let tag = examination.tags(&page, args);
    let mut numbers = Vec::new();
    if let Some(tag) = &tag {
        examination.policies(&fetched, &page, tag);
        numbers = examination.service(&client, tag, &fetched.url, &page).await;
    }
    let Examination { mut findings } = examination;
    findings.sort_by_key(|finding| finding.severity);
    Ok(Diagnosis {
        url: args.url.to_string(),
        page: fetched.url.to_string(),
        ok: findings.iter().all(|finding| finding.severity != Severity::Error),
        tags: page.tags.iter().map(Tag::found).collect(),
        findings,
        numbers,
    })
}

struct Examination {
    findings: Vec<Finding>,
}

impl Examination {
    fn say(&mut self, severity: Severity, id: &'static str, message: impl Into<String>) {
        self.findings.push(Finding { severity, id, message: message.into() });
    }

    fn error(&mut self, id: &'static str, message: impl Into<String>) {
        self.say(Severity::Error, id, message);
    }

    fn warning(&mut self, id: &'static str, message: impl Into<String>) {
        self.say(Severity::Warning, id, message);
    }

    /// The tag that counts: the first one that runs.
    fn tags(&mut self, page: &Page, args: &DoctorArgs) -> Option<Tag> {
        let named = args.key.as_ref().zip(args.endpoint.as_ref());
        let Some(tag) = page.tags.first() else {
            if page.has_tag_manager {
                let message = "no tag in the page itself; its tag manager may load one: name --key and --endpoint to check the rest";
                self.say(
                    if named.is_some() { Severity::Note } else { Severity::Error },
                    "tag_manager",
                    message,
                );
            } else {
                self.error(
                    "no_tag",
                    "the page has no tag of the snippet; `ringtrace snippet` prints one",
                );
            }
            return named.map(|(key, endpoint)| by_name(key, endpoint));
        };
        for (at, other) in page.tags.iter().enumerate().skip(1) {
            if page.tags[..at].iter().any(|tag| tag.key == other.key) {
                self.error("duplicate_tag", "the tag is there more than once; leave one");
            } else {
                self.warning(
                    "several_keys",
                    "there are tags of several sites: only the first to run swaps a number",
                );
            }
        }
        if tag.key.is_none() {
            self.error("no_key", "the tag has no data-key: the snippet does nothing");
        }
        if !tag.is_async {
            self.warning("not_async", "the tag is not async: the page waits for the script");
        }
        if let Some(kind) = &tag.inert {
            let message = format!(
                "the tag has type={kind:?}: browsers do not run it until something, such as a consent manager, changes that"
            );
            self.warning("inert", message);
        }
        if let Some(word) = &tag.odd_consent {
            let message = format!(
                "data-consent={word:?} is none of granted, denied and auto: it is not looked at"
            );
            self.error("odd_consent", message);
        }
        if tag.integrity.is_some() && !tag.is_immutable() {
            let message = "`integrity` on rt.js, whose content changes with every version: use the name that `ringtrace snippet` prints";
            self.warning("integrity_of_rt_js", message);
        }
        Some(tag.clone())
    }

    fn policies(&mut self, fetched: &Fetched, page: &Page, tag: &Tag) {
        let policies = Policies::of(&fetched.url, &fetched.headers, &page.policies);
        if let Some(directive) = policies.against_script(tag) {
            let message = format!(
                "the page's Content-Security-Policy does not let {} run: {directive}",
                tag.src
            );
            self.error("csp_script", message);
        }
        let route = tag.route("/v1/lease");
        if let Some(directive) = policies.against_connection(&route) {
            let message = format!(
                "the page's Content-Security-Policy does not let the snippet ask {route}: {directive}"
            );
            self.error("csp_connect", message);
        }
    }

    async fn service(
        &mut self,
        client: &Client,
        tag: &Tag,
        url: &Url,
        page: &Page,
    ) -> Vec<NumberFound> {
        if !page.tags.is_empty()
            && let Some((id, message)) = script(client, tag, url).await
        {
            self.error(id, message);
        }
        if tag.key.is_none() {
            return Vec::new();
        }
        match ask(client, tag, url).await {
            Ok(answer) => self.numbers(page, &answer),
            Err((id, message)) => {
                self.error(id, message);
                Vec::new()
            }
        }
    }

    fn numbers(&mut self, page: &Page, answer: &Answer) -> Vec<NumberFound> {
        let Answer { targets, settings, .. } = answer;
        if targets.is_empty() {
            self.warning("no_targets", "the site has no targets: nothing is swapped anywhere");
        }
        let (numbers, others) = scan(page, targets, &settings.exclude, &settings.attributes);
        for target in missing(targets, &numbers) {
            let message = format!(
                "{} ({}) is not on this page as its server sends it; a script may write it later",
                target.number, target.id
            );
            self.warning("target_not_found", message);
        }
        for link in others.iter().take(OTHERS_MAX) {
            let message = format!("{link:?} dials a number that is no target: it stays");
            self.say(Severity::Note, "other_number", message);
        }
        for (id, _) in &page.marked {
            if id != "ignore" && !targets.iter().any(|target| target.id == *id) {
                let message = format!("data-ringtrace={id:?} names no target of the site");
                self.warning("unknown_target", message);
            }
        }
        numbers
    }
}

/// The tag that a tag manager is said to load.
fn by_name(key: &str, endpoint: &Url) -> Tag {
    Tag {
        src: endpoint.join("/rt.js").unwrap_or_else(|_| endpoint.clone()),
        key: Some(key.to_owned()),
        endpoint: endpoint.clone(),
        integrity: None,
        crossorigin: false,
        nonce: String::new(),
        is_async: true,
        inert: None,
        odd_consent: None,
    }
}
