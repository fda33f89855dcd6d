//! Who may use the API: keys, and people whom a proxy signs in.

use actix_web::http::header::HeaderName;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::installation::listens_locally;
use super::{at_most, unique};
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::Config;
use crate::platform::ids::SiteId;

/// The key that `config/demo.toml` publishes.
const DEMO_KEY: &str = "rt_demo";
/// Shortest and longest time that the audit log may be kept.
const AUDIT_KEPT: (SignedDuration, SignedDuration) =
    (SignedDuration::from_hours(24), SignedDuration::from_hours(24 * 3_660));

pub(super) fn check(config: &Config, out: &mut Complaints) {
    keys(config, out);
    people(config, out);
    if config.audit.keep < AUDIT_KEPT.0 {
        out.error("audit.keep", "it must be a day at least (\"24h\")");
    }
    at_most("audit.keep", config.audit.keep, AUDIT_KEPT.1, out);
}

fn keys(config: &Config, out: &mut Complaints) {
    let keys = &config.api_keys;
    if keys.is_empty() && config.access.user_header.is_empty() {
        out.warning("api_keys", "nobody can read a report; `ringtrace key new` makes a key");
    }
    let hashes = keys.iter().enumerate();
    let hashes = hashes.map(|(i, key)| (format!("api_keys[{i}].sha256"), key.sha256.as_str()));
    unique("hash", hashes, out);
    let demo = hex::encode(Sha256::digest(DEMO_KEY));
    for (i, key) in keys.iter().enumerate() {
        if key.name.trim().is_empty() {
            out.error(format!("api_keys[{i}].name"), "it is empty; logs show it");
        }
        let path = format!("api_keys[{i}].sha256");
        if key.sha256.len() != 64 || !key.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            out.error(&path, "expected 64 hex digits as `ringtrace key new` prints them");
        } else if key.sha256.eq_ignore_ascii_case(&demo) && !listens_locally(config) {
            out.warning(&path, "this is the demo's key, which everybody knows");
        }
        known_sites(config, &format!("api_keys[{i}]"), &key.sites, out);
    }
}

fn people(config: &Config, out: &mut Complaints) {
    let access = &config.access;
    let headers = [("user_header", &access.user_header), ("role_header", &access.role_header)];
    for (name, header) in headers {
        if !header.is_empty() && HeaderName::from_bytes(header.as_bytes()).is_err() {
            out.error(format!("access.{name}"), "expected the name of a header");
        }
    }
    let names = access.roles.iter().enumerate();
    let names = names.map(|(i, role)| (format!("access.roles[{i}].name"), role.name.as_str()));
    unique("role", names, out);
    for (i, role) in access.roles.iter().enumerate() {
        if role.name.is_empty() || role.name.contains([',', ' ']) {
            out.error(format!("access.roles[{i}].name"), "one word without a comma is expected");
        }
        known_sites(config, &format!("access.roles[{i}]"), &role.sites, out);
    }
    if access.user_header.is_empty() {
        return;
    }
    if config.server.trusted_proxies.is_empty() {
        let message = "no proxy is trusted to send it; set server.trusted_proxies";
        out.error("access.user_header", message);
    }
    if access.role_header.is_empty() || access.roles.is_empty() {
        let message = "people need a role to do anything; set it and [[access.roles]]";
        out.error("access.role_header", message);
    }
}

fn known_sites(config: &Config, path: &str, sites: &[SiteId], out: &mut Complaints) {
    for (j, site) in sites.iter().enumerate() {
        if config.site(site).is_none() {
            let known = config.sites.iter().map(|site| site.id.as_str());
            let meant = did_you_mean(site.as_str(), known);
            out.error(format!("{path}.sites[{j}]"), format!("there is no site `{site}`{meant}"));
        }
    }
}
