//! What is known when a step of a call is decided, and what rules may ask of it. Pure.

use crate::attribution::model::Attribution;
use crate::call::attestation::Attestation;
use crate::call::model::Call;
use crate::call::providers::Provider;
use crate::call::routing::hours::{DAYS, Moment};
use crate::call::routing::site::SiteRouting;
use crate::config::model::{AttestationWord, CallField, Site};
use crate::platform::clock::Millis;
use crate::platform::ids::PoolId;
use crate::platform::phone::PhoneNumber;
use crate::visit::matcher::Facts;
use crate::visit::model::Source;

/// A call that waits for a word.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Its site.
    pub site: &'a Site,
    /// The site's routing, compiled.
    pub routing: &'a SiteRouting,
    /// The provider that waits.
    pub provider: &'a dyn Provider,
    /// The call; `None` while Redis is away.
    pub call: Option<&'a Call>,
    /// The number that was called, when told.
    pub called: Option<&'a PhoneNumber>,
    /// The pool that it is in, when it is in one.
    pub pool: Option<&'a PoolId>,
    /// When it waits.
    pub at: Millis,
    /// The same on the site's wall.
    pub now: Moment,
    /// Whom the caller talked to last: `+…` or `sip:…`.
    pub last_agent: Option<&'a str>,
    /// A draw of this call; the same whenever it is asked.
    pub draw: u32,
}

impl<'a> Scene<'a> {
    /// The source of the call, when there is one.
    pub fn source(&self) -> Option<&'a Source> {
        self.attribution()?.source.as_ref()
    }

    /// Whose call it was.
    pub fn attribution(&self) -> Option<&'a Attribution> {
        self.call?.attribution.as_ref()
    }

    /// Where calls go that no rule decides.
    pub fn fail_safe(&self) -> &'a PhoneNumber {
        self.site.fail_safe(self.called)
    }

    /// Whether the caller is in `place`: a label such as `US-CA`.
    pub fn is_in(&self, place: &str) -> bool {
        let is = |label: &String| label.eq_ignore_ascii_case(place);
        self.call.is_some_and(|call| call.labels().iter().any(is))
    }
}

/// What the network vouches for, in one word.
pub fn attestation_word(told: Option<Attestation>) -> AttestationWord {
    use crate::call::attestation::Level;
    match told {
        None => AttestationWord::None,
        Some(told) if !told.validated => AttestationWord::Failed,
        Some(told) => match told.level {
            Some(Level::A) => AttestationWord::A,
            Some(Level::B) => AttestationWord::B,
            Some(Level::C) => AttestationWord::C,
            // Genuine, but it says nothing of the caller.
            None => AttestationWord::C,
        },
    }
}

fn attestation_text(word: AttestationWord) -> &'static str {
    match word {
        AttestationWord::A => "A",
        AttestationWord::B => "B",
        AttestationWord::C => "C",
        AttestationWord::Failed => "failed",
        AttestationWord::None => "none",
    }
}

fn caller_kind(call: &Call) -> &'static str {
    match call.first_time {
        _ if call.caller.is_anonymous() => "anonymous",
        Some(true) => "first",
        Some(false) => "repeat",
        None => "",
    }
}

impl Facts<CallField> for Scene<'_> {
    fn any(&self, field: CallField, _: &str, fits: &mut dyn FnMut(&str) -> bool) -> bool {
        let source = self.source();
        let of_source = |part: fn(&Source) -> &String| source.map_or("", |s| part(s).as_str());
        let landing = |part: fn(&Attribution) -> &String| {
            self.attribution().map_or("", |found| part(found).as_str())
        };
        let number = |number: Option<&PhoneNumber>| number.map_or("", |n| n.as_str()).to_owned();
        match field {
            CallField::Source => fits(of_source(|s| &s.source)),
            CallField::Medium => fits(of_source(|s| &s.medium)),
            CallField::Campaign => fits(of_source(|s| &s.campaign)),
            CallField::CampaignId => fits(of_source(|s| &s.campaign_id)),
            CallField::Term => fits(of_source(|s| &s.term)),
            CallField::Content => fits(of_source(|s| &s.content)),
            CallField::Channel => fits(of_source(|s| &s.channel)),
            CallField::ClickPlatform => fits(of_source(|s| &s.click_platform)),
            CallField::LandingHost => fits(landing(|a| &a.landing_host)),
            CallField::LandingPage => fits(landing(|a| &a.landing_page)),
            CallField::Number => fits(&number(self.called)),
            CallField::Pool => fits(self.pool.map_or("", |pool| pool.as_str())),
            CallField::Caller => {
                fits(&number(self.call.and_then(|call| call.caller.number.as_ref())))
            }
            CallField::CallerCountry => fits(self.call.map_or("", Call::country)),
            CallField::CallerRegion => fits(self.call.map_or("", Call::region)),
            CallField::CallerCity => fits(self.call.map_or("", Call::city)),
            CallField::CallerArea => fits(self.call.map_or("", |call| call.home.area())),
            CallField::CallerKind => fits(self.call.map_or("", caller_kind)),
            CallField::Attestation => {
                let told = self.call.and_then(|call| call.caller.attestation);
                fits(attestation_text(attestation_word(told)))
            }
            CallField::Hours => {
                let mut open = self.routing.open(&self.now).peekable();
                // With none open there is an empty text, as with every other field.
                if open.peek().is_none() { fits("") } else { open.any(|id| fits(id.as_str())) }
            }
            CallField::Weekday => fits(DAYS[self.now.weekday]),
            CallField::Hour => fits(&self.now.hour().to_string()),
            CallField::Date => fits(&self.now.date.to_string()),
            CallField::Holiday => {
                fits(if self.routing.is_holiday(self.now.date) { "yes" } else { "no" })
            }
        }
    }
}
