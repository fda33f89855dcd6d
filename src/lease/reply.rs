//! What a page is told: every target of the site with the number to show.

use std::borrow::Cow;

use crate::config::model::{Mode, Site, Target};
use crate::config::{Installation, Known};
use crate::lease::model::{Lease, Tier};
use crate::lease::trackers::Serves;
use crate::lease::wire::{
    Digits, Form, FormReply, PROTOCOL_VERSION, Reply, TargetReply, TrackingReply,
};
use crate::platform::ids::SessionId;
use crate::platform::phone::{PhoneNumber, WrittenForms};
use crate::visit::model::NoNumberReason;
use crate::visit::token::Marks;

/// Seconds between two beats of a visible page; a hold must outlive several.
pub const BEAT_S: u32 = 30;

/// What the session has of each pool it was asked for, or the one reason why it has nothing.
pub enum Outcome {
    /// What was decided of the targets when the session opened, and the leases by pool; of a pool that
    /// is not among them, the session has nothing.
    Leases(Marks, Vec<Lease>),
    /// Nothing, for every target.
    Nothing(NoNumberReason),
}

/// Whom a page belongs to from now on, and what it may keep of that.
pub struct Identity {
    /// The session and its token.
    pub session: Option<(SessionId, String)>,
    /// The visitor's token.
    pub visitor: Option<String>,
    /// A token for links to the site's other hosts.
    pub link: Option<String>,
    /// What may be stored.
    pub mode: Mode,
}

impl Identity {
    /// Nobody who is known, and nothing that may be kept.
    pub fn nobody() -> Self {
        Identity { session: None, visitor: None, link: None, mode: Mode::None }
    }
}

/// Builds the reply; counts every `original` and its reason.
pub fn reply<'a>(
    installation: &'a Installation,
    site: &'a Site,
    outcome: &'a Outcome,
    identity: Identity,
) -> Reply<'a> {
    let pages = installation.pages(&site.id);
    let reply_of =
        |(place, (target, answer))| target_reply(installation, target, pages.forms(place), answer);
    let targets: Vec<TargetReply<'a>> = match outcome {
        Outcome::Nothing(reason) => {
            let left = (Tier::Original, None, Some(*reason));
            let targets = site.targets.iter().map(|target| (target, left));
            targets.enumerate().map(reply_of).collect()
        }
        Outcome::Leases(marks, leases) => installation
            .trackers(&site.id)
            .plan(site, *marks)
            .targets()
            .map(|(target, serves)| (target, answer(serves, leases)))
            .enumerate()
            .map(reply_of)
            .collect(),
    };
    let waits = targets.iter().any(|target| target.reason == Some(NoNumberReason::NotWanted));
    let hold = site.pools.iter().map(|pool| pool.hold.as_secs()).min().unwrap_or(0);
    let Identity { session, visitor, link, mode } = identity;
    let (session_id, session) = session.map(|(id, token)| (id.to_string(), token)).unzip();
    Reply {
        v: PROTOCOL_VERSION,
        session,
        session_id,
        visitor,
        mode,
        link,
        settings: pages.settings(),
        lease_when: waits.then(|| pages.lease_when()).flatten(),
        beat_s: BEAT_S,
        hold_s: u32::try_from(hold).unwrap_or(u32::MAX),
        targets,
    }
}

/// What came of a page view: `number`, or the reason why no target of the page got one.
pub fn outcome_word(reply: &Reply<'_>) -> &'static str {
    if reply.targets.iter().any(|target| target.tracking.is_some()) {
        return "number";
    }
    let reason = reply.targets.iter().find_map(|target| target.reason);
    // A site without targets.
    reason.unwrap_or(NoNumberReason::NoPool).word()
}

/// How good the number of a target is, the number, and why there is none.
pub type Answer<'a> = (Tier, Option<&'a PhoneNumber>, Option<NoNumberReason>);

/// What a target that `serves` shows in a session that has `leases`.
pub fn answer<'a>(serves: Serves<'a>, leases: &'a [Lease]) -> Answer<'a> {
    let left_alone = |reason| (Tier::Original, None, Some(reason));
    match serves {
        Serves::Number(number) => (Tier::Source, Some(number), None),
        Serves::Nothing => left_alone(NoNumberReason::NoPool),
        Serves::Pool(pool) => match leases.iter().find(|lease| lease.pool == pool.id) {
            // A beat of a session that was shown nothing of this pool.
            None => left_alone(NoNumberReason::NotWanted),
            Some(Lease { number: None, .. }) => left_alone(NoNumberReason::PoolExhausted),
            Some(Lease { number: Some(number), tier, .. }) => (*tier, Some(number), None),
        },
    }
}

fn target_reply<'a>(
    installation: &'a Installation,
    target: &'a Target,
    forms: &'a [FormReply],
    (tier, number, reason): Answer<'a>,
) -> TargetReply<'a> {
    let shown = number.map(|number| installation.known(number));
    if let Some(reason) = reason {
        metrics::counter!("ringtrace_original_total", "reason" => reason.word()).increment(1);
    }
    let has = |form: Form| forms.iter().any(|known| known.form == form);
    let tracking = shown.map(|known| {
        let digits = |form, of: fn(&WrittenForms) -> &str| has(form).then(|| part(&known, of));
        TrackingReply {
            number: part(&known, |w| &w.e164),
            international: part(&known, |w| &w.international),
            national: part(&known, |w| &w.national),
            vanity: known.details.vanity.as_ref().map(|vanity| vanity.as_str().to_owned()),
            capabilities: known.details.capabilities.clone(),
            digits: Digits {
                international: digits(Form::International, |w| &w.international_digits),
                national: digits(Form::National, |w| &w.national_digits),
                significant: digits(Form::Significant, |w| &w.significant_digits),
            },
        }
    });
    TargetReply {
        id: target.id.as_str(),
        number: target.number.as_str(),
        forms,
        tier,
        tracking,
        reason,
    }
}

/// One of the written forms, borrowed where they are.
fn part<'a>(known: &Cow<'a, Known>, of: fn(&WrittenForms) -> &str) -> Cow<'a, str> {
    match known {
        Cow::Borrowed(known) => Cow::Borrowed(of(&known.written)),
        Cow::Owned(computed) => Cow::Owned(of(&computed.written).to_owned()),
    }
}
