//! Why a page view was read as it was: decided along the way at no cost, written out only where
//! somebody asks.

use std::fmt;

use crate::visit::campaign::Told;
use crate::visit::channel::Decided;
use crate::visit::referrer::NoReferrer;
use crate::visit::tables::{ClickRule, Listed};

/// What decided each part of an arrival.
#[derive(Clone, Debug, Default)]
pub struct Why<'a> {
    /// What named the source.
    pub source: Evidence<'a>,
    /// What named the medium.
    pub medium: Evidence<'a>,
    /// What named the campaign, when anything did.
    pub campaign: Option<Told>,
    /// Why there is no referrer, when there is none.
    pub no_referrer: Option<NoReferrer>,
    /// What made the channel.
    pub channel: ChannelWhy,
    /// What made the landing page.
    pub landing: LandingWhy,
    /// What each click id proves, in their order.
    pub clicks: Vec<&'a ClickRule>,
}

/// What named a source or medium.
#[derive(Clone, Copy, Debug, Default)]
pub enum Evidence<'a> {
    /// A campaign parameter.
    Told(Told),
    /// The click id with this name; it proves an ad click.
    PaidClick(&'a str),
    /// A referrer of the lists, by this line.
    ListedReferrer(&'a Listed),
    /// The click id with this name; it proves no ad, and nothing better is known.
    Click(&'a str),
    /// A referrer of no list.
    OtherReferrer,
    /// The source that a campaign parameter names is an assistant, which tags its links with nothing
    /// else.
    Assistant,
    /// The URL names a campaign, and leaves this out.
    LeftOut,
    /// There is neither parameter, nor click id, nor referrer.
    #[default]
    Nothing,
    /// The text is no address.
    NoAddress,
}

impl fmt::Display for Evidence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Told(told) => told.fmt(f),
            Evidence::PaidClick(name) => write!(f, "click id {name}, which proves a paid click"),
            Evidence::ListedReferrer(listed) => {
                let Listed { pattern, list, .. } = listed;
                write!(f, "the referrer, listed as {pattern} in {}", list.file())
            }
            Evidence::Assistant => f.write_str("the source is an assistant"),
            Evidence::Click(name) => write!(f, "click id {name}, as nothing else tells"),
            Evidence::OtherReferrer => f.write_str("the referrer, which is not listed"),
            Evidence::LeftOut => f.write_str("the URL names a campaign, and leaves this out"),
            Evidence::Nothing => f.write_str("no parameter, no click id, no referrer"),
            Evidence::NoAddress => f.write_str("the URL is no address"),
        }
    }
}

impl fmt::Display for NoReferrer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoReferrer::Absent => f.write_str("none was sent"),
            NoReferrer::Unreadable => f.write_str("it is no address of a page or an app"),
            NoReferrer::OwnSite(host) => write!(f, "{host} is the site itself"),
            NoReferrer::IgnoredBySite(host) => write!(f, "the site ignores {host}"),
            NoReferrer::Payment(host) => write!(f, "{host} is listed: visitors pay there"),
            NoReferrer::SignIn(host) => write!(f, "{host} is listed: visitors sign in there"),
        }
    }
}

/// What made the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelWhy {
    /// There is nothing to decide.
    #[default]
    Direct,
    /// This one of the default rules.
    Default(Decided),
    /// A channel of the site's own; its place in the configuration.
    Own(usize),
}

impl fmt::Display for ChannelWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelWhy::Direct => f.write_str("nothing is known"),
            ChannelWhy::Default(Decided { number, rule, .. }) => {
                write!(f, "default rule {number}: {rule}")
            }
            ChannelWhy::Own(place) => write!(f, "the site's channels[{place}]"),
        }
    }
}

/// What made the landing page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LandingWhy {
    /// The path of the URL.
    #[default]
    Path,
    /// A pattern of the site; its place in the configuration.
    Fold(usize),
}

impl fmt::Display for LandingWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LandingWhy::Path => f.write_str("the path of the URL"),
            LandingWhy::Fold(place) => write!(f, "the site's landing_pages[{place}]"),
        }
    }
}
