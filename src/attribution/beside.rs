//! What visits and callers tell of candidates, beside the number: whether the caller is known, and where
//! both are at home. Pure.

use crate::attribution::evidence::{Beside, Nearness};
use crate::attribution::model::Reason;
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;
use crate::platform::phone::PhoneNumber;
use crate::visit::areas::{AreaTable, Steps};
use crate::visit::model::{Place, Visit};

/// A caller who called before, or left their number in a form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownCaller {
    /// The session that they are known from, if from one, and how sure that is.
    pub session: Option<(SessionId, f64)>,
    /// What tells it.
    pub told_by: ToldBy,
    /// Whether they called before, whoever they were then.
    pub calls_again: bool,
    /// When they were heard of first.
    pub first_at: Millis,
}

/// What tells which session a caller was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToldBy {
    /// Their latest call was joined with it.
    #[default]
    Call,
    /// They gave their number in a form or chat of it.
    Lead,
}

impl ToldBy {
    /// What speaks for a candidate who is known so.
    pub fn reason(self) -> Reason {
        match self {
            ToldBy::Call => Reason::KnownCaller,
            ToldBy::Lead => Reason::Lead,
        }
    }
}

/// What the visit of a candidate tells. `earlier` is the visit that the caller is known from, and how sure
/// that is.
pub fn beside(
    areas: &AreaTable,
    caller: Option<&PhoneNumber>,
    candidate: &Visit,
    earlier: Option<(&Visit, f64)>,
) -> Beside {
    let same_person = |(earlier, _): &(&Visit, f64)| {
        let same_visitor = earlier.visitor.is_some() && earlier.visitor == candidate.visitor;
        same_visitor || earlier.session == candidate.session
    };
    let known_caller = earlier.filter(same_person).map_or(0.0, |(_, sure)| sure);
    let nearness = caller.map(|caller| nearness(areas, caller, &candidate.place));
    Beside { known_caller, nearness: nearness.unwrap_or_default(), ..Beside::default() }
}

fn nearness(areas: &AreaTable, caller: &PhoneNumber, place: &Place) -> Nearness {
    let of_caller = areas.of_number(caller);
    let Steps(steps) = areas.of_visitor(place);
    if of_caller.is_empty() || steps.is_empty() {
        return Nearness::Unknown;
    }
    let shared = steps.iter().flatten().find(|label| of_caller.contains(label));
    match shared {
        None => Nearness::OtherCountry,
        Some(label) if label.starts_with('+') || label.contains('/') => Nearness::SameArea,
        Some(label) if label.contains('-') => Nearness::SameRegion,
        Some(_) => Nearness::SameCountry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_area_that_both_have_counts() {
        let areas = AreaTable::load();
        let near = |number: &str, country: &str, region: &str, city: &str| {
            let place = Place {
                country: country.to_owned(),
                region: region.to_owned(),
                city: city.to_owned(),
                ..Place::default()
            };
            nearness(&areas, &number.parse().expect("a number"), &place)
        };
        assert_eq!(near("+15105550100", "US", "CA", "Oakland"), Nearness::SameArea);
        assert_eq!(near("+12135550100", "US", "CA", "Oakland"), Nearness::SameRegion);
        assert_eq!(near("+12125550100", "US", "CA", "Oakland"), Nearness::SameCountry);
        assert_eq!(near("+442079460000", "US", "CA", "Oakland"), Nearness::OtherCountry);
        assert_eq!(near("+442079460000", "GB", "ENG", "London"), Nearness::SameArea);
        assert_eq!(near("+18005550100", "US", "CA", "Oakland"), Nearness::Unknown);
        assert_eq!(near("+15105550100", "", "", ""), Nearness::Unknown);
    }
}
