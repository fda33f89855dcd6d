//! Where numbers and visitors are at home: for pools that match areas, and for callers.
//!
//! A label names an area: a North American area code (`+1415`), a city elsewhere (`GB/london`), a region
//! (`US-CA`), a country (`US`). A number has the labels of all areas that it lies in; a visitor is
//! looked for area by area, the nearest first. Who is nowhere (a toll-free number, a visitor whose
//! place is unknown) has no labels.

use std::collections::HashMap;

use crate::platform::phone::PhoneNumber;
use crate::visit::model::Place;

/// Longest prefix that the table has, with the country code.
const LONGEST: usize = 7;

/// Area codes and prefixes with what they stand for: `config/area_codes.tsv`.
#[derive(Debug)]
pub struct AreaTable {
    /// `1415` → `US-CA`
    regions: HashMap<&'static str, &'static str>,
    /// `4420` → `London`
    cities: HashMap<&'static str, &'static str>,
    /// `US-CA/oakland` → `+1510`
    codes: HashMap<String, Vec<String>>,
}

/// The areas of a visitor, the nearest first: area codes or city, region, country. Each step has
/// labels that are equally near.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps(pub Vec<Vec<String>>);

impl AreaTable {
    /// Reads the table that is compiled in.
    pub fn load() -> Self {
        let mut table =
            AreaTable { regions: HashMap::new(), cities: HashMap::new(), codes: HashMap::new() };
        let lines = include_str!("../../config/area_codes.tsv").lines();
        for line in lines.filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            match (fields.next(), fields.next(), fields.next()) {
                (Some(region), Some(codes), None) => {
                    table.regions.extend(codes.split(' ').map(|code| (code, region)));
                }
                // Cities of North America share their codes: a number alone does not tell one.
                (Some(region), Some(city), Some(codes)) if codes.starts_with('1') => {
                    let codes = codes.split(' ').map(|code| format!("+{code}"));
                    table.codes.insert(city_label(region, city), codes.collect());
                }
                (Some(_), Some(city), Some(prefixes)) => {
                    table.cities.extend(prefixes.split(' ').map(|prefix| (prefix, city)));
                }
                _ => {}
            }
        }
        table
    }

    /// The areas that a number lies in, the narrowest first.
    pub fn of_number(&self, number: &PhoneNumber) -> Vec<String> {
        let digits = number.digits();
        if let Some(code) = digits.get(..4).filter(|code| code.starts_with('1')) {
            let known = self.regions.get(code);
            return known.map_or_else(Vec::new, |region| {
                let country = region.split('-').next().unwrap_or(region);
                vec![format!("+{code}"), (*region).to_owned(), country.to_owned()]
            });
        }
        let Some(country) = number.country() else { return Vec::new() };
        let city = self.city_of(number);
        city.map(|city| city_label(&country, city)).into_iter().chain([country]).collect()
    }

    /// The city that a number lies in, where its prefix tells one.
    pub fn city_of(&self, number: &PhoneNumber) -> Option<&'static str> {
        let digits = number.digits();
        let mut prefixes = (2..=LONGEST).rev().filter_map(|length| digits.get(..length));
        prefixes.find_map(|prefix| self.cities.get(prefix)).copied()
    }

    /// Where to look for a number for a visitor at `place`.
    pub fn of_visitor(&self, place: &Place) -> Steps {
        let Place { country, region, city, .. } = place;
        if country.is_empty() {
            return Steps::default();
        }
        let mut steps = Vec::with_capacity(3);
        let within = format!("{country}-{region}");
        // The table has regions of North America alone.
        if matches!(country.as_str(), "US" | "CA") {
            if !region.is_empty() {
                steps.extend(self.codes.get(&city_label(&within, city)).cloned());
                steps.push(vec![within]);
            }
        } else if !city.is_empty() {
            steps.push(vec![city_label(country, city)]);
        }
        steps.push(vec![country.clone()]);
        Steps(steps)
    }
}

/// `GB/newcastle-upon-tyne`: lower case, one hyphen for whatever is no letter or digit.
fn city_label(place: &str, city: &str) -> String {
    let mut label = format!("{place}/");
    for word in city.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !label.ends_with('/') {
            label.push('-');
        }
        label.extend(word.chars().flat_map(char::to_lowercase));
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_number(number: &str) -> String {
        AreaTable::load().of_number(&number.parse().expect("a number")).join(" ")
    }

    fn of_visitor(country: &str, region: &str, city: &str) -> String {
        let place = Place {
            country: country.to_owned(),
            region: region.to_owned(),
            city: city.to_owned(),
            ..Place::default()
        };
        let Steps(steps) = AreaTable::load().of_visitor(&place);
        steps.iter().map(|step| step.join(" ")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_number_tells_where_it_is_at_home() {
        assert_eq!(of_number("+14155550100"), "+1415 US-CA US");
        assert_eq!(of_number("+13415550100"), "+1341 US-CA US");
        assert_eq!(of_number("+14165550100"), "+1416 CA-ON CA");
        assert_eq!(of_number("+12015550100"), "+1201 US-NJ US");
        assert_eq!(of_number("+18005550100"), "");
        assert_eq!(of_number("+442079460000"), "GB/london GB");
        assert_eq!(of_number("+4989123456"), "DE/munich DE");
        assert_eq!(of_number("+35312345678"), "IE/dublin IE");
        assert_eq!(of_number("+4915112345678"), "DE");
    }

    #[test]
    fn a_visitor_is_looked_for_from_near_to_far() {
        assert_eq!(of_visitor("US", "CA", "Oakland"), "+1510, US-CA, US");
        assert_eq!(of_visitor("US", "NY", "New York"), of_visitor("US", "NY", "NEW-YORK"));
        assert!(of_visitor("US", "NY", "New York").starts_with("+1212"));
        // There is an Oakland in Michigan, too, and a London in Ontario.
        assert_ne!(of_visitor("US", "MI", "Oakland"), of_visitor("US", "CA", "Oakland"));
        assert_eq!(of_visitor("CA", "ON", "London"), "+1226 +1519, CA-ON, CA");
        assert_eq!(of_visitor("GB", "ENG", "London"), "GB/london, GB");
        assert_eq!(of_visitor("US", "CA", "No Such City"), "US-CA, US");
        assert_eq!(of_visitor("US", "", "Oakland"), "US");
        assert_eq!(of_visitor("FR", "", ""), "FR");
        assert_eq!(of_visitor("", "CA", "Oakland"), "");
    }

    #[test]
    fn labels_are_plain_and_every_line_is_read() {
        let table = AreaTable::load();
        assert_eq!(city_label("AT", " St. Pölten / Umgebung"), "AT/st-pölten-umgebung");
        let plain = |label: &str| !label.contains([' ', '{', '}', ':']);
        assert!(table.codes.keys().all(|label| plain(label)));
        assert!(table.cities.keys().all(|prefix| (2..=LONGEST).contains(&prefix.len())));
        assert!(table.regions.len() > 400 && table.codes.len() > 10_000);
        assert!(table.cities.len() > 20_000);
        let lines = include_str!("../../config/area_codes.tsv").lines();
        for line in lines.filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let codes = fields.last().map_or("", |codes| codes);
            assert!(matches!(fields.len(), 2 | 3), "{line}");
            assert!(codes.bytes().all(|b| b.is_ascii_digit() || b == b' '), "{line}");
        }
    }
}
