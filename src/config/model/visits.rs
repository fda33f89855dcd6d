//! How the page views of one site are read: its own domains, its click ids, its landing pages, its
//! channels.

use serde::{Deserialize, Serialize};

/// How the page views of a site are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Visits {
    /// Whether campaign parameters behind the `#` of an address count, too.
    pub fragments: bool,
    /// Domains that are the site itself, each with all below it.
    pub own_domains: Vec<String>,
    /// Domains that send visitors back (payment, login) and are no source, each with all below it.
    pub ignored_referrers: Vec<String>,
    /// Landing pages that are one page in reports; the first that matches counts.
    pub landing_pages: Vec<String>,
    /// Click ids that only this site knows, or knows otherwise than everybody.
    pub click_ids: Vec<OwnClickId>,
    /// What is kept of a visitor's address.
    pub keep_ip: KeepIp,
}

/// What is kept of a visitor's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepIp {
    /// Nothing.
    #[default]
    None,
    /// Its network: IPv4 /24, IPv6 /48.
    Truncated,
}

/// A click id of this site alone: affiliate programmes share names such as `click_id` and `subid`,
/// so that only the site knows what they mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnClickId {
    /// Name of the parameter; compared without case.
    pub name: String,
    /// Source when the address names none.
    pub source: String,
    /// Medium when the address names none.
    #[serde(default = "affiliate")]
    pub medium: String,
    /// The platform in reports; empty: none.
    #[serde(default)]
    pub platform: String,
    /// Whether its presence alone proves a paid click.
    #[serde(default = "yes")]
    pub paid: bool,
}

/// A channel of this site alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// What reports show.
    pub name: String,
    /// What must hold; all of it.
    pub when: Vec<Condition>,
}

/// One condition on a visit, or on a call: it holds when any value of any operator matches. Everything
/// is compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition<F = VisitField> {
    /// What is looked at.
    pub field: F,
    /// Name of the parameter, where the field is one; compared without case.
    #[serde(default)]
    pub name: String,
    /// The whole text is one of these.
    #[serde(default)]
    pub is: Vec<String>,
    /// It begins with one of these.
    #[serde(default)]
    pub prefix: Vec<String>,
    /// It ends with one of these.
    #[serde(default)]
    pub suffix: Vec<String>,
    /// One of these is in it.
    #[serde(default)]
    pub contains: Vec<String>,
    /// One of these regular expressions finds something in it.
    #[serde(default)]
    pub regex: Vec<String>,
    /// The other way round: nothing matches.
    #[serde(default)]
    pub not: bool,
}

/// What a condition looks at; a text that a visit does not have is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitField {
    /// Source.
    Source,
    /// Medium.
    Medium,
    /// Campaign name.
    Campaign,
    /// Campaign id.
    CampaignId,
    /// Keyword.
    Term,
    /// Content.
    Content,
    /// The platform that bought the ad, as the address says it.
    SourcePlatform,
    /// The channel by the default rules.
    Channel,
    /// The platform that a click id proves.
    ClickPlatform,
    /// The name of any click id.
    ClickId,
    /// Host of the referrer.
    ReferrerHost,
    /// Host of the landing page.
    LandingHost,
    /// The landing page, as reports show it.
    LandingPage,
    /// A parameter of the landing page's address, told by `name`; trackers only, as all below.
    Parameter,
    /// The whole address of the landing page.
    Url,
    /// ISO 3166-1 alpha-2 country of the visitor.
    Country,
    /// ISO 3166-2 subdivision of the visitor, without the country.
    Region,
    /// City of the visitor, in English.
    City,
}

/// What conditions look at.
pub trait ConditionField: Copy {
    /// Whether it needs the name of what is meant.
    fn is_named(self) -> bool;
}

impl ConditionField for VisitField {
    fn is_named(self) -> bool {
        self == VisitField::Parameter
    }
}

impl VisitField {
    /// Whether it is known only once the visit is: a channel cannot be decided by it.
    pub fn is_of_trackers(self) -> bool {
        use VisitField::*;
        matches!(self, Parameter | Url | Country | Region | City)
    }
}

fn affiliate() -> String {
    "affiliate".to_owned()
}

fn yes() -> bool {
    true
}
