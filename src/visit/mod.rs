//! Page view → visit.
//!
//! In: what the snippet says of one loaded page (address, referrer, consent) and the request's user
//! agent. Out: a [`model::Visit`] with its source, channel, landing page and device, written once
//! when the session opens, and the signed tokens that make the next page view part of it.
//!
//! Always: deciding is pure ([`rules`] and the files it calls; the tables are data compiled from
//! `config/`); whether a page view continues a session needs no Redis ([`token`]); bots open none.

pub mod ad_ids;
pub mod address;
pub mod areas;
pub mod bot;
pub mod campaign;
pub mod carry;
pub mod channel;
pub mod click_id;
pub mod client;
pub mod cookies;
pub mod device;
pub mod emails;
pub mod explain;
pub mod http;
pub mod identified;
pub mod landing;
pub mod learnt;
pub mod matcher;
pub mod mode;
pub mod model;
pub mod opening;
pub mod own_hosts;
pub mod packed;
pub mod parameters;
pub mod place;
pub mod referrer;
pub mod rules;
pub mod site_rules;
pub mod store;
pub mod tables;
pub mod token;
pub mod why;

#[cfg(test)]
mod tests;
