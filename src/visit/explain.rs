//! What a page view is taken for, and why: what the service decides at the door, written out for
//! people. Pure, but for the databases of places.

use std::net::IpAddr;

use serde::Serialize;

use crate::visit::bot::{self, Bot, Evidence, judge};
use crate::visit::device::{ClientHints, machine};
use crate::visit::model::{Machine, Place, Source};
use crate::visit::place::{Located, Places};
use crate::visit::referrer::Referrer;
use crate::visit::rules::{Arrival, arrive};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;

/// What is known of a page view.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// Address of the page.
    pub url: &'a str,
    /// `document.referrer`, empty when none.
    pub referrer: &'a str,
    /// `User-Agent`; `None`: nobody knows, and neither machine nor program is judged.
    pub user_agent: Option<&'a str>,
    /// The address it was asked from.
    pub ip: Option<IpAddr>,
}

/// Everything that is decided of a page view.
#[derive(Serialize)]
pub struct Explanation<'a> {
    #[serde(flatten)]
    source: Source,
    click_ids: Vec<ExplainedClick<'a>>,
    referrer: ExplainedReferrer<'a>,
    landing_host: String,
    landing_page: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<Machine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<ExplainedNetwork>,
    /// Present with a user agent: the program that it is, or `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<Option<ExplainedBot<'a>>>,
    why: Reasons,
}

#[derive(Serialize)]
struct ExplainedClick<'a> {
    name: String,
    value: String,
    platform: &'a str,
    paid: bool,
    uploadable: bool,
}

#[derive(Serialize)]
struct ExplainedReferrer<'a> {
    /// The referring host or app; empty when none counts.
    host: String,
    /// What the lists call it; empty when none knows it.
    name: &'a str,
    kind: Option<&'static str>,
    /// What was searched for, where the referrer says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<String>,
}

#[derive(Serialize)]
struct ExplainedNetwork {
    asn: u32,
    organisation: String,
    is_hosting: bool,
    is_anonymous: bool,
}

#[derive(Serialize)]
struct ExplainedBot<'a> {
    kind: &'static str,
    #[serde(flatten)]
    why: bot::Why<'a>,
}

/// What decided each part, in words for people.
#[derive(Serialize)]
struct Reasons {
    source: String,
    medium: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<String>,
    channel: String,
    referrer: String,
    landing_page: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<String>,
}

/// Decides a page view as the service does, with every reason. `data_centres`: browsers in known data
/// centres are programs.
pub fn explain<'a>(
    tables: &'a Tables,
    places: &Places,
    rules: &'a SiteRules,
    data_centres: bool,
    question: &Question<'_>,
) -> Explanation<'a> {
    let Arrival { source, click_ids, landing_host, landing_page, why, .. } =
        arrive(tables, rules, question.url, question.referrer);
    let located = question.ip.map(|ip| places.locate(ip));
    let network = located.as_ref().map(|located| &located.network).filter(|_| data_centres);
    let hints = ClientHints::default();
    let bot = question
        .user_agent
        .map(|user_agent| judge(tables, &Evidence { user_agent, hints, network }));
    let of_agent = "words of config/machines.toml in the user agent";
    let reasons = Reasons {
        source: why.source.to_string(),
        medium: why.medium.to_string(),
        campaign: why.campaign.map(|told| told.to_string()),
        channel: why.channel.to_string(),
        referrer: why.referrer.to_string(),
        landing_page: why.landing.to_string(),
        machine: question.user_agent.map(|_| of_agent),
        place: question.ip.map(|_| place_reason(places, located.as_ref())),
        bot: bot.map(|bot| bot.map_or_else(|| "no list knows it".to_owned(), bot_reason)),
    };
    let clicks = click_ids.into_iter().zip(&why.clicks).map(|(click, rule)| ExplainedClick {
        uploadable: click.is_uploadable(),
        name: click.name,
        value: click.value,
        platform: &rule.platform,
        paid: rule.paid,
    });
    Explanation {
        source,
        click_ids: clicks.collect(),
        referrer: explained(why.referrer),
        landing_host,
        landing_page,
        machine: question.user_agent.map(|agent| machine(tables, agent, hints)),
        network: located.as_ref().map(|Located { network, .. }| ExplainedNetwork {
            asn: network.asn,
            organisation: network.organisation.clone(),
            is_hosting: network.is_hosting,
            is_anonymous: network.is_anonymous,
        }),
        place: located.map(|located| located.place),
        bot: bot.map(|bot| bot.map(|Bot { kind, why }| ExplainedBot { kind: kind.word(), why })),
        why: reasons,
    }
}

fn explained(referrer: Referrer<'_>) -> ExplainedReferrer<'_> {
    match referrer {
        Referrer::None(_) => {
            ExplainedReferrer { host: String::new(), name: "", kind: None, term: None }
        }
        Referrer::Known { host, listed, term } => {
            let kind = Some(listed.kind.word());
            ExplainedReferrer { host, name: &listed.label, kind, term }
        }
        Referrer::Unknown { host } => ExplainedReferrer { host, name: "", kind: None, term: None },
    }
}

fn bot_reason(Bot { kind, why }: Bot<'_>) -> String {
    let bot::Why { of, list, line } = why;
    let list = if list.is_empty() { String::new() } else { format!(" of config/{list}") };
    format!("{}: {of}, {line:?}{list}", kind.word())
}

fn place_reason(places: &Places, located: Option<&Located>) -> &'static str {
    match located {
        _ if places.is_empty() => "no database is configured",
        Some(Located { place, .. }) if *place == Place::default() => {
            "no database knows the address"
        }
        _ => "the databases of the configuration",
    }
}
