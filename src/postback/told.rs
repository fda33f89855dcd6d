//! What may be told of a conversion at the moment of sending: its frozen facts, and what is opened for it alone. Pure.

use sha2::{Digest, Sha256};

use crate::platform::email::{EmailForm, EmailHashes};
use crate::platform::phone::PhoneNumber;
use crate::postback::model::{ConversionFacts, CorrectionKind, Postback, Skip, SkipReason};
use crate::visit::click_id::is_uploadable;
use crate::visit::client::ClientDetails;

/// What is known of the people behind a conversion, as far as they allow it now. It holds personal data and therefore
/// has no `Debug`.
#[derive(Clone, Default)]
pub struct Person {
    /// Whether the visitor allows advertising, by the visit's frozen consent and by its present one.
    pub ads: bool,
    /// Whether the visitor allows analytics, likewise.
    pub analytics: bool,
    /// The caller's number; `None` when it was withheld or the call is forgotten.
    pub caller: Option<PhoneNumber>,
    /// Their e-mail address, hashed, as a form or an outcome told it.
    pub email: Option<EmailHashes>,
    /// Address and user agent of the visitor.
    pub client: Option<ClientDetails>,
}

/// How a platform wants a phone number written before it is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneForm {
    /// `+14155550100`.
    Plus,
    /// `14155550100`.
    Digits,
}

/// A conversion with what may be told of it.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The postback.
    pub postback: &'a Postback,
    /// Who is behind it.
    pub person: &'a Person,
}

impl<'a> Told<'a> {
    /// The frozen facts.
    pub fn facts(&self) -> &'a ConversionFacts {
        &self.postback.facts
    }

    /// The conversion's key at every platform: `<call>.<conversion>`, the same for its corrections.
    pub fn event_id(&self) -> String {
        let of = self.postback.corrects.as_ref().map_or(&self.postback.id, |found| &found.of);
        of.rsplit_once('.').map_or(of.as_str(), |(id, _)| id).to_owned()
    }

    /// What it makes of a conversion that was told before; none for one that was not.
    pub fn change(&self) -> Option<CorrectionKind> {
        self.postback.corrects.as_ref().map(|correction| correction.change)
    }

    /// The click id called `name`: of the visit, or else what the platform's tag keeps of an earlier click. Only one
    /// that the platform could have made, and with consent to advertising.
    pub fn click_id(&self, name: &str) -> Option<&'a str> {
        let found = self.raw_click_id(name).filter(|_| self.person.ads)?;
        is_uploadable(name, found).then_some(found)
    }

    fn raw_click_id(&self, name: &str) -> Option<&'a str> {
        let facts = self.facts();
        let of_visit = facts.click_ids.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let of_tag = || facts.ad_ids.click_ids.iter().find(|id| id.name.eq_ignore_ascii_case(name));
        of_visit.map(|(_, value)| value.as_str()).or_else(|| of_tag().map(|id| id.value.as_str()))
    }

    /// The first of `names` that the visit has, with its value; or why there is none.
    pub fn need_click<'n>(&self, names: &[&'n str]) -> Result<(&'n str, &'a str), Skip> {
        if let Some(found) = names.iter().find_map(|name| Some((*name, self.click_id(name)?))) {
            return Ok(found);
        }
        let one_of = names.join(" or ");
        Err(match names.iter().any(|name| self.raw_click_id(name).is_some()) {
            true => Skip::new(
                SkipReason::TestValue,
                format!("its {one_of} is none that the platform could have made"),
            ),
            false => Skip::new(SkipReason::NoClickId, format!("the visit has no {one_of}")),
        })
    }

    /// The click ids that may be told: those that a platform could have made, with consent to advertising.
    pub fn click_ids(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let ids =
            self.facts().click_ids.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let ads = self.person.ads;
        ids.filter(move |(name, value)| ads && is_uploadable(name, value))
    }

    /// SHA-256 of the caller's number in lower-case hex; none for anonymous callers and without consent.
    pub fn phone(&self, form: PhoneForm) -> Option<String> {
        let number = self.person.caller.as_ref().filter(|_| self.person.ads)?;
        Some(hashed_phone(number, form))
    }

    /// SHA-256 of the e-mail address in lower-case hex; none where nobody told it and without consent.
    pub fn email(&self, form: EmailForm) -> Option<&'a str> {
        self.person.email.as_ref().filter(|_| self.person.ads).map(|email| email.of(form))
    }

    /// Whether a number or an e-mail address is known to match by.
    pub fn has_person(&self) -> bool {
        self.person.ads && (self.person.caller.is_some() || self.person.email.is_some())
    }

    /// The visitor's address.
    pub fn address(&self) -> Option<String> {
        self.client().map(|client| client.address.to_string())
    }

    /// The visitor's user agent, when it sent one.
    pub fn user_agent(&self) -> Option<&'a str> {
        let agent = self.client().map(|client| client.user_agent.as_str());
        agent.filter(|agent| !agent.is_empty())
    }

    fn client(&self) -> Option<&'a ClientDetails> {
        self.person.client.as_ref().filter(|_| self.person.ads)
    }

    /// A browser id that a platform's tag keeps, unless it is empty.
    pub fn tag_id(&self, of: impl Fn(&'a ConversionFacts) -> &'a str) -> Option<&'a str> {
        Some(of(self.facts())).filter(|id| !id.is_empty() && self.person.ads)
    }

    /// The page that the visit began on.
    pub fn page(&self) -> Option<String> {
        let page = &self.facts().landing_page;
        (!page.is_empty()).then(|| format!("https://{page}"))
    }

    /// The value of the conversion.
    pub fn value(&self) -> Option<f64> {
        self.facts().value.as_deref().and_then(|value| value.parse().ok())
    }

    /// The currency, where there is a value.
    pub fn currency(&self) -> Option<&'a str> {
        self.facts().value.as_ref().map(|_| self.facts().currency.as_str())
    }

    /// When the conversion happened, in Unix seconds.
    pub fn seconds(&self) -> i64 {
        self.postback.converted_at.0.div_euclid(1000)
    }

    /// What no log may repeat of it: the caller's number and e-mail address in every form, address and user agent.
    pub fn personal(&self) -> Vec<String> {
        let mut personal = Vec::new();
        if let Some(number) = &self.person.caller {
            let forms = [PhoneForm::Plus, PhoneForm::Digits];
            personal.extend(forms.map(|form| hashed_phone(number, form)));
            personal.extend([number.as_str().to_owned(), number.digits().to_owned()]);
        }
        if let Some(email) = &self.person.email {
            personal.extend(email.all().map(str::to_owned));
        }
        if let Some(client) = &self.person.client {
            personal.extend([client.address.to_string(), client.user_agent.clone()]);
        }
        personal
    }
}

/// SHA-256 of `number` written in `form`, in lower-case hex.
pub fn hashed_phone(number: &PhoneNumber, form: PhoneForm) -> String {
    hex::encode(Sha256::digest(match form {
        PhoneForm::Plus => number.as_str(),
        PhoneForm::Digits => number.digits(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_hashed_as_platforms_want_them() {
        for (number, form, hash) in [
            (
                "+14155550100",
                PhoneForm::Plus,
                "40d3f4e02db27d66cf4cfdda506c2c945f115a7955cc8491dda98ce5beabcda0",
            ),
            (
                "+14155550100",
                PhoneForm::Digits,
                "5e7ec4c79ccac6e420876e65ad0e6b4b2ccf73ec3dccb50297bf2890a1ec73b9",
            ),
            (
                "+442079460000",
                PhoneForm::Plus,
                "543f9cda443b9c55ebcf8ab34b586f9dc34948776b73de02393c41d5f8edc356",
            ),
            (
                "+442079460000",
                PhoneForm::Digits,
                "38e62b3e091778f9214de3aa00ae498aa4b78433d73dec5977eb2ec1c8be4a69",
            ),
            (
                "+11234567890",
                PhoneForm::Plus,
                "1fa6b8d986d9b9cd01bf36951815158bbde9f520c0567c835dfe34783d0a4231",
            ),
            (
                "+16502530000",
                PhoneForm::Plus,
                "3ad9f10d73829a714b1383221691d4dbf08484f3ceeae884f53053a1c7bb0a92",
            ),
        ] {
            let number = number.parse().expect("a number");
            assert_eq!(hashed_phone(&number, form), hash, "{number} {form:?}");
        }
    }

    /// What official normalisers get wrong is right once it went through E.164 with the site's country.
    #[test]
    fn national_forms_become_e164_before_they_are_hashed() {
        let hash = |text: &str, country: &str| {
            let number = PhoneNumber::parse_loose(text, Some(country)).expect("a number");
            hashed_phone(&number, PhoneForm::Plus)
        };
        let london = "543f9cda443b9c55ebcf8ab34b586f9dc34948776b73de02393c41d5f8edc356";
        assert_eq!(hash("020 7946 0000", "GB"), london);
        assert_eq!(hash("00442079460000", "GB"), london);
        assert_eq!(hash("0044 20 7946 0000", "GB"), london);
        let san_francisco = "40d3f4e02db27d66cf4cfdda506c2c945f115a7955cc8491dda98ce5beabcda0";
        assert_eq!(hash("(415) 555-0100", "US"), san_francisco);
        assert_eq!(hash("+1.415.555.0100", "US"), san_francisco);
    }
}
