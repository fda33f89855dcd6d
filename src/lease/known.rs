//! Whom a message is from, as far as it says: the tokens that it carries, what was told of consent,
//! and what may be stored on the device.

use crate::config::model::{Mode, Site};
use crate::lease::desk::Desk;
use crate::lease::wire::{LeaseRequest, WireConsent};
use crate::platform::ids::VisitorId;
use crate::visit::mode::decide;
use crate::visit::model::Consent;
use crate::visit::token::{BadLink, SessionToken, VisitorToken, read_visitor};

/// Longest link token that is looked at, in bytes.
const MAX_LINK: usize = 600;

/// Who sent a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The session of its token, or of the link it followed, whether or not that goes on.
    pub(super) session: Option<SessionToken>,
    /// The session of its own token.
    pub(super) own: Option<SessionToken>,
    /// The visitor, when it was known before.
    pub(super) visitor: Option<VisitorId>,
    /// What the visitor allows from now on.
    pub(super) consent: Consent,
    /// Whether a page told that, now or before.
    pub(super) told: bool,
    /// What may be stored.
    pub(super) mode: Mode,
}

impl Known {
    /// Who sent this page view. A link token that is good comes before what the device has.
    pub(super) fn of_view(
        desk: &Desk<'_>,
        site: &Site,
        asked: &LeaseRequest,
        link: Option<&str>,
    ) -> Self {
        let (keys, now) = (desk.signing, desk.clock.now());
        let session = asked.session.as_deref();
        let session = session.and_then(|text| SessionToken::read(keys, &site.id, text, now));
        let visitor = asked.visitor.as_deref();
        let visitor = visitor.and_then(|text| read_visitor(keys, &site.id, text));
        let linked = link.filter(|link| !link.is_empty()).and_then(|link| follow(desk, site, link));
        let known = Self::by(desk, site, linked.or(session), visitor, asked.consent);
        if linked.is_some() {
            // Nothing outlives a page of a visitor who is to stay unknown.
            count_link(if known.mode == Mode::None { "not_used" } else { "followed" });
        }
        Known { own: session, ..known }
    }

    /// Somebody of whom nothing is known, told or stored.
    pub(super) fn nobody() -> Self {
        let (session, visitor, consent) = (None, None, Consent::default());
        Known { session, own: session, visitor, consent, told: false, mode: Mode::None }
    }

    /// Who sent a beat, of this session when its token could be read.
    pub(super) fn of_beat(desk: &Desk<'_>, site: &Site, session: Option<SessionToken>) -> Self {
        Self::by(desk, site, session, None, None)
    }

    fn by(
        desk: &Desk<'_>,
        site: &Site,
        session: Option<SessionToken>,
        visitor: Option<VisitorToken>,
        says: Option<WireConsent>,
    ) -> Self {
        let of_session = session.filter(|token| token.told).map(|token| token.consent);
        let of_visitor = visitor.filter(|token| token.told).map(|token| token.consent);
        // A page that does not speak of consent (yet) changes nothing of what was told.
        let told = says.map(Consent::from).or(of_session).or(of_visitor);
        let (mode, consent) = decide(site, &desk.located().place.country, told);
        let visitor = visitor.map(|token| token.visitor);
        let visitor = session.and_then(|token| token.visitor).or(visitor);
        Known { session, own: session, visitor, consent, told: told.is_some(), mode }
    }

    /// The session that this page view goes on with. Where nothing may outlive a page, the next one is a
    /// session of its own; a page that shows a number already came back (from the back/forward cache),
    /// and what is withdrawn is withdrawn from the session that it was given in.
    pub(super) fn goes_on(&self, asked: &LeaseRequest) -> Option<SessionToken> {
        let alone = self.mode == Mode::None && asked.seq == 1 && asked.shown.is_empty();
        self.session.filter(|token| !alone || token.consent.analytics)
    }

    /// The visitor who took consent back, if one did.
    pub(super) fn withdrawn(&self) -> Option<VisitorId> {
        self.visitor.filter(|_| self.told && !self.consent.analytics)
    }
}

/// The session that a link token carries over; counts why not.
fn follow(desk: &Desk<'_>, site: &Site, link: &str) -> Option<SessionToken> {
    if site.snippet.domains.is_empty() {
        count_link("not_used");
        return None;
    }
    let read = match link.len() <= MAX_LINK {
        true => SessionToken::read_link(desk.signing, &site.id, link, desk.clock.now()),
        false => Err(BadLink::Unreadable),
    };
    let bad = |bad| match bad {
        BadLink::Unreadable => "unreadable",
        BadLink::Expired => "expired",
    };
    read.map_err(|why| count_link(bad(why))).ok()
}

fn count_link(result: &'static str) {
    metrics::counter!("ringtrace_links_total", "result" => result).increment(1);
}
