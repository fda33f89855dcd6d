//! Conversions as files, for what has no API or no key: CSV in the formats that Google Ads, Microsoft Advertising and
//! Meta take by hand or fetch from a URL.
//!
//! In: the calls of a period. Out: one line for each that meets the rule, brought a click id of the platform and is
//! allowed to be told. A platform drops what it has already, so that a file may overlap the one before.

pub mod http;
pub mod rows;
