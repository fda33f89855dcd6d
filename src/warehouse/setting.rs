//! What facts need to know of the site that they are of.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jiff::tz::TimeZone;

use crate::config::Installation;
use crate::config::model::Site;
use crate::lease::numbers::list::kind;
use crate::lease::numbers::model::NumberKind;
use crate::ledger::model::Envelope;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;
use crate::warehouse::model::{Facts, Filed, LocalTime};
use crate::warehouse::rules::facts;
use crate::warehouse::zone::{local_time, offset, site_zone};

/// The facts of these envelopes, as `installation` files them.
pub fn facts_of<'a>(
    installation: &Installation,
    envelopes: impl Iterator<Item = &'a Envelope>,
) -> Facts {
    let mut settings: HashMap<&SiteId, Setting<'_>> = HashMap::new();
    facts(envelopes, |envelope| {
        let setting = settings.entry(&envelope.site);
        setting.or_insert_with(|| Setting::of(installation, &envelope.site)).clone()
    })
}

/// A site's wall clock, hours and numbers, for one batch of facts.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    zone: TimeZone,
    site: Option<(&'a Installation, &'a Site)>,
    /// Of numbers that were asked for: numbering plans take longer to read than all else of a fact, and a batch has few
    /// numbers in many facts.
    kinds: Rc<RefCell<HashMap<PhoneNumber, &'static str>>>,
}

/// A site of which nothing but its zone is known.
impl From<TimeZone> for Setting<'_> {
    fn from(zone: TimeZone) -> Self {
        Setting { zone, site: None, kinds: Rc::default() }
    }
}

impl<'a> Setting<'a> {
    /// That of `id`; of an unknown site everything is in UTC.
    pub fn of(installation: &'a Installation, id: &SiteId) -> Self {
        let site = installation.site(id).map(|site| (installation, site));
        Setting { zone: site_zone(installation, id), site, kinds: Rc::default() }
    }

    /// What the clock on the site's wall shows, and what else the moment is filed under.
    pub fn file(&self, at: Millis) -> (LocalTime, Filed) {
        let shift = self.site.and_then(|(installation, site)| {
            let routing = installation.routing(&site.id);
            let moment = routing.moment(at);
            routing.open(&moment).next().map(ToString::to_string)
        });
        let filed = Filed { offset: offset(at, &self.zone), shift: shift.unwrap_or_default() };
        (local_time(at, &self.zone), filed)
    }

    /// The pool of a number of the configuration, or the static number itself; empty: neither.
    pub fn tracker(&self, number: &PhoneNumber) -> String {
        let Some((installation, site)) = self.site else { return String::new() };
        match installation.routing(&site.id).pool_of(number) {
            Some(pool) => pool.to_string(),
            None => site.static_number(number).map(|s| s.number.to_string()).unwrap_or_default(),
        }
    }

    /// What sort of number it is: vanity where it is advertised with letters, else by the numbering plans.
    pub fn number_kind(&self, number: &PhoneNumber) -> &'static str {
        let Some((installation, site)) = self.site else { return "" };
        if let Some(kind) = self.kinds.borrow().get(number) {
            return kind;
        }
        let kind = match installation.known(number).details.vanity {
            Some(_) => NumberKind::Vanity,
            None => kind(number, &site.country),
        };
        self.kinds.borrow_mut().insert(number.clone(), kind.word());
        kind.word()
    }
}
