//! What may be stored on a visitor's device, and what the visitor is taken to allow. Pure.

use crate::config::model::{ConsentDefault, Mode, Modes, Site};
use crate::visit::model::Consent;

/// The mode of a visitor from `country` (ISO 3166-1 alpha-2, empty when unknown) of whom a page `told`
/// this consent, and what is allowed from now on.
///
/// Who grants analytics may be known again. Who denies it has what `modes.denied` leaves, and never more
/// than the country. Before anything is told, the site's default holds only where cookies may be
/// stored: where people are to be asked first, nobody has allowed anything yet.
pub fn decide(site: &Site, country: &str, told: Option<Consent>) -> (Mode, Consent) {
    let by_place = of_country(&site.modes, country);
    match told {
        // Whatever is allowed: the site keeps nothing that outlives a session.
        _ if !site.keeps_people() => (by_place.min(Mode::Session), Consent::default()),
        Some(consent) if consent.analytics => (Mode::Full, consent),
        Some(consent) => (by_place.min(site.modes.denied), consent),
        None if by_place == Mode::Full => (by_place, default_consent(site)),
        None => (by_place, Consent::default()),
    }
}

fn of_country(modes: &Modes, country: &str) -> Mode {
    if country.is_empty() {
        return modes.unknown;
    }
    let listed = modes.countries.iter().any(|listed| listed.eq_ignore_ascii_case(country));
    if listed { modes.listed } else { modes.elsewhere }
}

fn default_consent(site: &Site) -> Consent {
    let granted = site.consent == ConsentDefault::Granted;
    Consent { analytics: granted, ads: granted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(text: &str) -> Site {
        let head = "id = \"s\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n";
        toml::from_str(&format!("{head}{text}")).expect("a site")
    }

    const NOTHING: Consent = Consent { analytics: false, ads: false };
    const ALL: Consent = Consent { analytics: true, ads: true };
    const ADS: Consent = Consent { analytics: false, ads: true };

    #[test]
    fn nothing_is_stored_in_europe_before_somebody_allows_it() {
        let site = site("consent = \"granted\"");
        for country in ["DE", "de", "FR", "RE", "AX", "IS", "LI", "NO", "GB", "CH", "GR", "HR"] {
            assert_eq!(decide(&site, country, None), (Mode::None, NOTHING), "{country}");
            assert_eq!(decide(&site, country, Some(ALL)), (Mode::Full, ALL), "{country}");
            // The site's own `denied` is wider than what the country allows.
            assert_eq!(decide(&site, country, Some(ADS)), (Mode::None, ADS), "{country}");
        }
        for country in ["US", "CA", "TR", "UA", "RS", ""] {
            assert_eq!(decide(&site, country, None), (Mode::Full, ALL), "{country}");
            assert_eq!(decide(&site, country, Some(NOTHING)), (Mode::Session, NOTHING));
        }
    }

    #[test]
    fn a_site_says_what_holds_where() {
        let site = site(
            "consent = \"granted\"\n[modes]\nlisted = \"session\"\ncountries = [\"BR\"]\n\
             elsewhere = \"session\"\nunknown = \"none\"\ndenied = \"none\"",
        );
        assert_eq!(decide(&site, "BR", None), (Mode::Session, NOTHING));
        assert_eq!(decide(&site, "DE", None), (Mode::Session, NOTHING), "no longer listed");
        assert_eq!(decide(&site, "", None), (Mode::None, NOTHING));
        assert_eq!(decide(&site, "US", Some(ADS)), (Mode::None, ADS));
        let denied = self::site("");
        assert_eq!(decide(&denied, "US", None), (Mode::Full, NOTHING), "a session cookie alone");
    }

    #[test]
    fn a_site_that_keeps_nobody_asks_for_nothing() {
        let site = site("consent = \"granted\"\n[privacy]\nmode = \"no_pii\"");
        assert_eq!(decide(&site, "US", Some(ALL)), (Mode::Session, NOTHING));
        assert_eq!(decide(&site, "US", None), (Mode::Session, NOTHING));
        assert_eq!(decide(&site, "DE", Some(ALL)), (Mode::None, NOTHING));
    }

    #[test]
    fn every_listed_country_is_one() {
        let countries = Modes::default().countries;
        assert!(countries.is_sorted());
        for country in countries {
            assert!(country.parse::<phonenumber::country::Id>().is_ok(), "{country}");
        }
    }
}
