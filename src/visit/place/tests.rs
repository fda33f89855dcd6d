//! The test databases of MaxMind, good and corrupt (`tests/fixtures/maxmind`).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maxmind").join(name)
}

fn places(names: &[&str]) -> Places {
    let paths: Vec<PathBuf> = names.iter().map(|name| fixture(name)).collect();
    Places::open(&paths, &std::env::temp_dir()).expect("good databases")
}

fn locate(places: &Places, address: &str) -> Located {
    places.locate(address.parse().expect("an address"))
}

/// What the JSON beside a database says, in our words.
fn expected(record: &Value) -> Located {
    let text = |pointer: &str| {
        record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let asn = record["autonomous_system_number"].as_u64().unwrap_or_default();
    Located {
        place: Place {
            country: text("/country/iso_code"),
            region: text("/subdivisions/0/iso_code"),
            city: text("/city/names/en"),
            postal_code: text("/postal/code"),
            time_zone: text("/location/time_zone"),
            connection: text("/connection_type"),
        },
        network: Network {
            asn: u32::try_from(asn).expect("a number"),
            organisation: text("/autonomous_system_organization"),
            is_hosting: record["is_hosting_provider"].as_bool().unwrap_or_default(),
            is_anonymous: record["is_anonymous"].as_bool().unwrap_or_default(),
        },
    }
}

#[test]
fn every_network_is_what_the_json_beside_the_database_says() {
    for (name, networks) in [
        ("GeoIP2-City-Test", 251),
        ("GeoLite2-City-Test", 242),
        ("GeoLite2-Country-Test", 244),
        ("GeoLite2-ASN-Test", 720),
        ("GeoIP2-Connection-Type-Test", 25),
        ("GeoIP-Anonymous-Plus-Test", 32),
    ] {
        let places = places(&[&format!("{name}.mmdb")]);
        let json = std::fs::read_to_string(fixture(&format!("{name}.json"))).unwrap();
        let records: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&json).unwrap();
        assert_eq!(records.len(), networks);
        for (network, record) in records.iter().flatten() {
            let first = network.parse::<IpNet>().unwrap().network();
            assert_eq!(places.locate(first), expected(record), "{name}: {network}");
        }
    }
}

#[test]
fn corrupt_databases_are_refused_at_once_with_their_path() {
    let mut refused = 0;
    for entry in std::fs::read_dir(fixture("bad-data")).unwrap() {
        let path = entry.unwrap().path();
        let began = Instant::now();
        let opened = Database::open(&path, &std::env::temp_dir());
        let why = opened.expect_err(path.to_str().unwrap()).to_string();
        assert!(why.contains(path.to_str().unwrap()), "{why}");
        assert!(began.elapsed() < Duration::from_secs(5), "{why}");
        refused += 1;
    }
    assert_eq!(refused, 21);
    for (path, reason) in [("nowhere.mmdb", "No such file"), ("bad-data", "it is not a file")] {
        let refused = Database::open(&fixture(path), &std::env::temp_dir()).unwrap_err();
        assert!(refused.to_string().ends_with(path) || refused.to_string().contains(reason));
    }
}

#[test]
fn an_address_is_found_however_it_is_written() {
    let city = places(&["GeoIP2-City-Test.mmdb"]);
    let boxford = locate(&city, "2.125.160.216");
    assert_eq!(boxford.place.city, "Boxford");
    assert_eq!(locate(&city, "::ffff:2.125.160.216"), boxford);
    // MaxMind hangs the IPv4 networks under 6to4, too.
    assert_eq!(locate(&city, "2002:27d:a0d8::1"), boxford);
    let nowhere = ["127.0.0.1", "10.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1"];
    for address in nowhere {
        assert_eq!(locate(&city, address), Located::default(), "{address}");
    }
    assert_eq!(locate(&Places::default(), "2.125.160.216"), Located::default());
    // IPv4 only.
    let anonymous = places(&["GeoIP-Anonymous-Plus-Test.mmdb"]);
    assert_eq!(locate(&anonymous, "2001:db8::1"), Located::default());
}

#[test]
fn of_several_databases_the_first_that_knows_a_field_counts() {
    let all = [
        "GeoLite2-Country-Test.mmdb",
        "GeoIP2-City-Test.mmdb",
        "GeoLite2-ASN-Test.mmdb",
        "GeoIP2-Connection-Type-Test.mmdb",
    ];
    let merged = locate(&places(&all), "67.43.156.1");
    assert_eq!(
        (merged.place.country.as_str(), merged.place.connection.as_str()),
        ("BT", "Cellular")
    );
    assert_eq!(merged.network.asn, 35908);

    let mut known = Located::default();
    let record = |country, region, city| Record { country, region, city, ..Record::default() };
    known.learn(&record("us", "", ""));
    known.learn(&record("DE", "BE", "Berlin"));
    assert_eq!((known.place.country.as_str(), known.place.city.as_str()), ("US", ""));
    known.learn(&record("US", "ca", ""));
    known.learn(&record("US", "OR", "Portland"));
    known.learn(&record("US", "CA", "Fresno"));
    let Place { country, region, city, .. } = &known.place;
    assert_eq!((country.as_str(), region.as_str(), city.as_str()), ("US", "CA", "Fresno"));

    known.learn(&Record { asn: 64500, ..Record::default() });
    known.learn(&Record { asn: 64501, organisation: "Another", ..Record::default() });
    assert_eq!(known.network.organisation, "");
    known.learn(&Record { asn: 64500, organisation: "Example", ..Record::default() });
    assert_eq!((known.network.asn, known.network.organisation.as_str()), (64500, "Example"));
}

fn read(json: &'static str) -> Record<'static> {
    serde_json::from_str(json).expect("a record")
}

#[test]
fn every_vendors_way_of_writing_is_read() {
    let flat = read(
        r#"{"country_code": "DE", "state1": "Bavaria", "city": "Munich", "postcode": "80331",
            "timezone": "Europe/Berlin", "latitude": 48.1}"#,
    );
    assert_eq!((flat.country, flat.region, flat.city), ("DE", "", "Munich"));
    assert_eq!((flat.postal_code, flat.time_zone), ("80331", "Europe/Berlin"));

    let ipinfo = read(
        r#"{"asn": "AS15169", "as_name": "Google LLC", "country": "United States",
            "country_code": "US", "region": "California", "region_code": "CA", "hosting": "true"}"#,
    );
    assert_eq!((ipinfo.country, ipinfo.region, ipinfo.asn), ("US", "CA", 15169));
    assert_eq!((ipinfo.organisation, ipinfo.is_hosting), ("Google LLC", true));

    let enterprise = read(
        r#"{"traits": {"connection_type": "Corporate", "user_type": "hosting",
            "autonomous_system_number": 64500, "autonomous_system_organization": "Example"}}"#,
    );
    assert_eq!((enterprise.connection, enterprise.asn), ("Corporate", 64500));
    assert!(enterprise.is_hosting);

    // Where the network is registered is not where its visitors are.
    let at_sea = read(r#"{"registered_country": {"iso_code": "US"}}"#);
    assert_eq!(at_sea, Record::default());
}

#[test]
fn what_is_no_code_and_no_name_is_unknown() {
    for json in [
        r#"{"country": "ZZ"}"#,
        r#"{"country": {"iso_code": 49}, "city": [1, "x"], "asn": -5, "traits": "none"}"#,
        r#"{"country": ["DE"], "subdivisions": {"iso_code": {}}, "asn": 4294967296}"#,
        "{\"city\": \"line\u{85}break\", \"region_code\": \"california\", \"asn\": \"ASX\"}",
    ] {
        assert_eq!(read(json), Record::default(), "{json}");
    }
    let long: &'static str = format!("{{\"city\": \"{}\"}}", "x".repeat(129)).leak();
    assert_eq!(read(long), Record::default());
}

/// A copy of a fixture with some bytes changed, in a folder of its own.
fn damaged(name: &str, changes: &[(usize, u8)], keep: usize) -> (tempfile::TempDir, PathBuf) {
    let mut bytes = std::fs::read(fixture(name)).unwrap();
    let length = bytes.len();
    changes.iter().for_each(|(at, byte)| bytes[at % length] = *byte);
    bytes.truncate(length - keep % length);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.mmdb");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However a file is damaged: it is refused, or it answers, with nothing if need be.
    #[test]
    fn damage_never_panics_nor_hangs(
        flat in any::<bool>(),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..24),
        cut in prop_oneof![3 => Just(0usize), 1 => any::<usize>()],
        addresses in proptest::collection::vec(any::<u128>(), 1..16),
    ) {
        let name = if flat { "GeoLite2-ASN-Test.mmdb" } else { "GeoIP2-City-Test.mmdb" };
        let (_folder, path) = damaged(name, &changes, cut);
        if let Ok(places) = Places::open(&[path], &std::env::temp_dir()) {
            for address in addresses {
                places.locate(std::net::Ipv6Addr::from(address).into());
                places.locate(std::net::Ipv4Addr::from(address as u32).into());
            }
        }
    }
}
