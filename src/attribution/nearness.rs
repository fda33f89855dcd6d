//! Where callers and candidates are at home. Pure.

use serde::{Deserialize, Serialize};

use crate::platform::phone::PhoneNumber;
use crate::visit::areas::{AreaTable, Steps};
use crate::visit::model::Place;

/// Where caller and visitor are at home.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// One of them is nowhere.
    #[default]
    Unknown,
    /// In the same area code or city.
    SameArea,
    /// In the same region.
    SameRegion,
    /// In the same country.
    SameCountry,
    /// In two countries.
    OtherCountry,
}

/// What both places tell. The nearest area that both have counts.
pub fn nearness(areas: &AreaTable, caller: &PhoneNumber, place: &Place) -> Nearness {
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
