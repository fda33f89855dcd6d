//! Why a page view was read as it was: decided along the way at no cost, written out only where
//! somebody asks.

use std::fmt;

use crate::visit::campaign::Told;
use crate::visit::channel::Decided;
use crate::visit::referrer::Referrer;
use crate::visit::tables::ClickRule;

/// What decided each part of an arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why<'a> {
    /// What named the source.
    pub source: Evidence<'a>,
    /// What named the medium.
    pub medium: Evidence<'a>,
    /// What named the campaign, when anything did.
    pub campaign: Option<Told>,
    /// What the referrer was read as.
    pub referrer: Referrer<'a>,
    /// What made the channel.
    pub channel: ChannelWhy,
    /// What made the landing page.
    pub landing: LandingWhy,
    /// What each click id proves, in their order.
    pub clicks: Vec<&'a ClickRule>,
}

/// What named a source or medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// A campaign parameter.
    Told(Told),
    /// The click id with this name; it proves an ad click.
    PaidClick(&'a str),
    /// A referrer of the lists.
    ListedReferrer,
    /// The click id with this name; it proves no ad, and nothing better is known.
    Click(&'a str),
    /// A referrer of no list.
    OtherReferrer,
    /// The source is an AI assistant, which tag their links with their name alone.
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
            Evidence::ListedReferrer => f.write_str("the referrer, which is listed"),
            Evidence::Click(name) => write!(f, "click id {name}, as nothing else tells"),
            Evidence::OtherReferrer => f.write_str("the referrer, which is not listed"),
            Evidence::Assistant => f.write_str("the source is an AI assistant"),
            Evidence::LeftOut => f.write_str("the URL names a campaign, and leaves this out"),
            Evidence::Nothing => f.write_str("no parameter, no click id, no referrer"),
            Evidence::NoAddress => f.write_str("the URL is no address"),
        }
    }
}

/// What made the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelWhy {
    /// The address could not be read.
    #[default]
    NoAddress,
    /// One of the default rules.
    Default(Decided),
    /// A channel of the site's own; its place in the configuration.
    Own(usize),
}

impl fmt::Display for ChannelWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelWhy::NoAddress => f.write_str("the URL is no address"),
            ChannelWhy::Default(Decided { number: 0, rule, .. }) => f.write_str(rule),
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
