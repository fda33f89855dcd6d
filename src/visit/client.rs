//! Address and user agent of a visitor, which ad platforms match conversions by: sealed, and only
//! with consent to ads.
//!
//! They are kept apart from the visit, under a key that only the data folder has: neither Redis, its
//! files and backups, nor ledger and warehouse can tell them. What is sealed names its site and
//! session, so that it cannot be put under another one. It goes when the consent is withdrawn, and
//! with the last moment at which a postback of the session may still be sent.

use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jiff::SignedDuration;

use crate::config::model::Site;
use crate::platform::ids::{SessionId, SiteId};
use crate::platform::key_file::{KeyFileError, load_or_create};

/// Bytes of a nonce: long enough to be drawn at random for ever.
const NONCE: usize = 24;
/// Bytes of an address, IPv4 as IPv4-mapped.
const ADDRESS: usize = 16;
/// Longest user agent that is kept, in bytes.
const LONGEST_AGENT: usize = 512;
/// Longest time that details are kept, whatever the configuration adds up to.
const LONGEST: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Who asked for a page. It does not show itself: no log may have it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientDetails {
    /// The full address.
    pub address: IpAddr,
    /// The user agent, as sent.
    pub user_agent: String,
}

/// Sealed [`ClientDetails`], and how long from the start of the session they are kept.
#[derive(Clone, Debug)]
pub struct SealedClient {
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
    /// Until the last postback.
    pub keep: SignedDuration,
}

/// The key that details are sealed with.
#[derive(Clone)]
pub struct ClientKey(XChaCha20Poly1305);

impl ClientKey {
    /// The key of these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        ClientKey(XChaCha20Poly1305::new(key.into()))
    }

    /// Reads the key from `folder/client.key`, making it the first time. Without the file, nobody
    /// can read what was sealed.
    pub fn load_or_create(folder: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::new(&load_or_create(folder, "client.key")?))
    }

    /// Seals the details of a session.
    pub fn seal(&self, site: &SiteId, session: &SessionId, details: &ClientDetails) -> Vec<u8> {
        let address = match details.address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        let agent = &details.user_agent;
        let agent = &agent[..agent.floor_char_boundary(LONGEST_AGENT)];
        let content = [&address.octets(), agent.as_bytes()].concat();
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: &content, aad: &about(site, session) };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        [&nonce, sealed.expect("only gigabytes cannot be sealed").as_slice()].concat()
    }

    /// Opens what was sealed for this site and session; `None` for anything else.
    pub fn open(&self, site: &SiteId, session: &SessionId, sealed: &[u8]) -> Option<ClientDetails> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: &about(site, session) };
        let content = self.0.decrypt(&XNonce::from(*nonce), payload).ok()?;
        let (address, agent) = content.split_first_chunk::<ADDRESS>()?;
        let address = IpAddr::V6(Ipv6Addr::from(*address)).to_canonical();
        Some(ClientDetails { address, user_agent: String::from_utf8(agent.to_vec()).ok()? })
    }
}

fn about(site: &SiteId, session: &SessionId) -> Vec<u8> {
    format!("{site}\n{session}").into_bytes()
}

/// How long after its start a session of `site` may still cause a postback: a call may come until
/// the attribution window ends, and is told for `give_up_after` from then. `None` when the site tells
/// nobody.
pub fn last_postback(site: &Site, give_up_after: SignedDuration) -> Option<SignedDuration> {
    if site.destinations.is_empty() {
        return None;
    }
    Some(site.attribution_window.saturating_add(give_up_after).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SiteId {
        text.parse().expect("a site id")
    }

    fn details(address: &str, agent: &str) -> ClientDetails {
        let address = address.parse().expect("an address");
        ClientDetails { address, user_agent: agent.to_owned() }
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_site_and_session_alone() {
        let key = ClientKey::new(&[7; 32]);
        let (site, session) = (id("one"), SessionId::new());
        for (address, agent) in [("192.0.2.7", "Mozilla/5.0 (ü)"), ("2001:db8::7", "")] {
            let known = details(address, agent);
            let sealed = key.seal(&site, &session, &known);
            assert!(key.open(&site, &session, &sealed) == Some(known.clone()));
            assert!(key.open(&id("two"), &session, &sealed).is_none());
            assert!(key.open(&site, &SessionId::new(), &sealed).is_none());
            assert!(ClientKey::new(&[8; 32]).open(&site, &session, &sealed).is_none());
            assert_ne!(sealed, key.seal(&site, &session, &known), "never twice the same");
            for at in 0..sealed.len() {
                let mut forged = sealed.clone();
                forged[at] ^= 1;
                assert!(key.open(&site, &session, &forged).is_none(), "byte {at}");
                assert!(key.open(&site, &session, &sealed[..at]).is_none(), "{at} bytes");
            }
        }
    }

    #[test]
    fn a_long_user_agent_is_cut() {
        let key = ClientKey::new(&[7; 32]);
        let (site, session) = (id("one"), SessionId::new());
        let sealed = key.seal(&site, &session, &details("192.0.2.7", &"ü".repeat(600)));
        assert!(sealed.len() <= NONCE + ADDRESS + LONGEST_AGENT + 16);
        let opened = key.open(&site, &session, &sealed).expect("it opens");
        assert_eq!(opened.user_agent, "ü".repeat(256));
    }
}
