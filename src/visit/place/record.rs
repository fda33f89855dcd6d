//! A record of a database → facts in one shape.
//!
//! Vendors write the same facts in different ways; [`Part::child`] lists where each stands:
//! - MaxMind (GeoIP2, GeoLite2) and DB-IP: nested maps, <https://dev.maxmind.com/geoip/docs/databases>;
//! - ip-location-db (`@ip-location-db/*-mmdb` on npm): flat texts, <https://github.com/sapics/ip-location-db>;
//! - IPinfo: flat texts, <https://ipinfo.io/developers/database-types>.
//!
//! A value of another kind than these is as good as absent; what should be a code and is none
//! (`country = "United States"`), too.
//!
//! The country is where the address is used (`country`). Where it was registered
//! (`registered_country`) and whom it represents (`represented_country`, a military base) say
//! nothing of that and are not taken instead.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Written where a country should be, and none: "unknown", and the regions of registries.
const NO_COUNTRIES: [&str; 4] = ["ZZ", "XX", "AP", "EU"];
/// Longest text that is taken of any field, in bytes.
const LONGEST: usize = 128;

/// The facts of one record, borrowed from the database; what is unknown is empty, 0 or false.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Two letters.
    pub(super) country: &'a str,
    /// One to three letters or digits: the outermost subdivision.
    pub(super) region: &'a str,
    pub(super) city: &'a str,
    pub(super) time_zone: &'a str,
    pub(super) postal_code: &'a str,
    pub(super) connection: &'a str,
    pub(super) asn: u32,
    pub(super) organisation: &'a str,
    pub(super) is_hosting: bool,
    pub(super) is_anonymous: bool,
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut record = Record::default();
        Seed { part: Part::Whole, record: &mut record }.deserialize(deserializer)?;
        Ok(record)
    }
}

/// A part of a record, by what its value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The record, and its map `traits`, which has the same names.
    Whole,
    Country,
    Subdivisions,
    Region,
    City,
    CityNames,
    Location,
    TimeZone,
    Postal,
    Connection,
    Asn,
    Organisation,
    UserType,
    Hosting,
    Anonymous,
}

impl Part {
    /// What stands under `key` in the map that is this part.
    fn child(self, key: &str) -> Option<Part> {
        let child = match (self, key) {
            (Part::Whole, "traits") => Part::Whole,
            (Part::Whole, "country" | "country_code") => Part::Country,
            (Part::Whole, "subdivisions") => Part::Subdivisions,
            (Part::Whole, "region_code") => Part::Region,
            (Part::Whole, "city") => Part::City,
            (Part::Whole, "location") => Part::Location,
            (Part::Whole, "timezone" | "time_zone") => Part::TimeZone,
            (Part::Whole, "postal" | "postal_code" | "postcode") => Part::Postal,
            (Part::Whole, "connection_type") => Part::Connection,
            (Part::Whole, "autonomous_system_number" | "asn") => Part::Asn,
            (Part::Whole, "autonomous_system_organization" | "as_name") => Part::Organisation,
            (Part::Whole, "user_type") => Part::UserType,
            (Part::Whole, "is_hosting_provider" | "is_hosting" | "hosting") => Part::Hosting,
            (Part::Whole, "is_anonymous") => Part::Anonymous,
            (Part::Country, "iso_code") => Part::Country,
            (Part::Region, "iso_code") => Part::Region,
            (Part::City, "names") => Part::CityNames,
            (Part::CityNames, "en") => Part::City,
            (Part::Location, "time_zone") => Part::TimeZone,
            (Part::Postal, "code") => Part::Postal,
            _ => return None,
        };
        Some(child)
    }
}

/// Reads the value of a part into a record; never fails for what a value is.
struct Seed<'r, 'de> {
    part: Part,
    record: &'r mut Record<'de>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a MaxMind DB")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            match self.part.child(key) {
                Some(part) => map.next_value_seed(Seed { part, record: &mut *self.record })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        if self.part == Part::Subdivisions {
            values.next_element_seed(Seed { part: Part::Region, record: self.record })?;
        }
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        let record = self.record;
        match self.part {
            Part::Country => learn(&mut record.country, text, is_country),
            Part::Region => learn(&mut record.region, text, is_region),
            Part::City => learn(&mut record.city, text, is_name),
            Part::TimeZone => learn(&mut record.time_zone, text, is_name),
            Part::Postal => learn(&mut record.postal_code, text, is_name),
            Part::Connection => learn(&mut record.connection, text, is_name),
            Part::Organisation => learn(&mut record.organisation, text, is_name),
            Part::Asn => {
                let digits = text.strip_prefix("AS").unwrap_or(text);
                record.asn = digits.parse().unwrap_or(record.asn);
            }
            Part::UserType => record.is_hosting |= text == "hosting",
            Part::Hosting => record.is_hosting |= text == "true",
            Part::Anonymous => record.is_anonymous |= text == "true",
            Part::Whole | Part::Subdivisions | Part::CityNames | Part::Location => {}
        }
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if self.part == Part::Asn {
            self.record.asn = u32::try_from(number).unwrap_or(self.record.asn);
        }
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        match self.part {
            Part::Hosting => self.record.is_hosting |= flag,
            Part::Anonymous => self.record.is_anonymous |= flag,
            _ => {}
        }
        Ok(())
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }
}

/// Takes `text` when nothing was known and it `fits`.
fn learn<'a>(known: &mut &'a str, text: &'a str, fits: fn(&str) -> bool) {
    if known.is_empty() && fits(text) {
        *known = text;
    }
}

fn is_country(text: &str) -> bool {
    let two_letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    two_letters && !NO_COUNTRIES.iter().any(|none| text.eq_ignore_ascii_case(none))
}

fn is_region(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST && !text.chars().any(char::is_control)
}
