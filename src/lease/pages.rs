//! What the pages of a site are told besides numbers, put together once when its configuration is
//! read: the snippet's settings, and how pages write each target.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::model::{LeaseWhen, Site, Snippet, Storage, Target};
use crate::lease::wire::{Form, FormReply};
use crate::lease::written::{digits_of, read};
use crate::platform::phone::{PhoneNumber, WrittenForms};

/// What the snippet does on the pages of this site; what is not said is as in every site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SettingsReply {
    /// Digit strings that are never touched: no target's forms have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Attributes that are swapped, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// Hosts whose links get a link token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Name of the hidden form fields that get `session_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `tab`: the session is kept in the tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
}

/// When a page asks for a number: as soon as one of these is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeaseWhenReply {
    /// A number is in or near the part of the page that is seen.
    pub visible: bool,
    /// The page was visible for so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_s: Option<u32>,
}

/// What the pages of one site are told.
#[derive(Debug, Default)]
pub struct SitePages {
    settings: SettingsReply,
    lease_when: Option<LeaseWhenReply>,
    /// In the order of the site's targets.
    forms: Vec<Vec<FormReply>>,
}

impl SitePages {
    /// Puts together what the pages of `site` are told. What the check of the configuration would
    /// refuse is left out.
    pub fn compile(site: &Site) -> Self {
        let settings = settings(&site.snippet);
        let left = |target: &Target| {
            let mut forms = forms(target);
            forms.retain(|form| !settings.exclude.contains(&form.digits));
            forms
        };
        SitePages {
            forms: site.targets.iter().map(left).collect(),
            lease_when: lease_when(site.snippet.lease_when),
            settings,
        }
    }

    /// The snippet's settings.
    pub fn settings(&self) -> &SettingsReply {
        &self.settings
    }

    /// When a page that waits asks for a number; `None` where none waits.
    pub fn lease_when(&self) -> Option<LeaseWhenReply> {
        self.lease_when
    }

    /// How pages write the target at this place of the configuration, longest first, but for what
    /// the site excludes.
    pub fn forms(&self, place: usize) -> &[FormReply] {
        self.forms.get(place).map(Vec::as_slice).unwrap_or_default()
    }
}

fn settings(snippet: &Snippet) -> SettingsReply {
    let mut exclude: Vec<String> = snippet.exclude.iter().flat_map(|text| excluded(text)).collect();
    exclude.sort_by_key(|digits| std::cmp::Reverse(digits.len()));
    exclude.dedup();
    let domain = |text: &String| crate::visit::site_rules::domain(text).ok();
    SettingsReply {
        exclude,
        attributes: snippet.attributes.clone(),
        domains: snippet.domains.iter().filter_map(domain).collect(),
        field: Some(snippet.field.clone()).filter(|field| !field.is_empty()),
        storage: Some(snippet.storage).filter(|storage| *storage == Storage::Tab),
    }
}

fn lease_when(when: LeaseWhen) -> Option<LeaseWhenReply> {
    let seconds = |after: jiff::SignedDuration| u32::try_from(after.as_secs()).unwrap_or(0);
    let told = LeaseWhenReply { visible: when.visible, after_s: when.after.map(seconds) };
    (!when.is_at_once()).then_some(told)
}

/// The digits by which pages may write a number that is left alone.
fn excluded(text: &str) -> Vec<String> {
    match text.parse::<PhoneNumber>() {
        Ok(number) => {
            let written = number.written();
            vec![written.international_digits, written.national_digits, written.significant_digits]
        }
        Err(_) => vec![digits_of(text)],
    }
}

/// How pages write a target, longest first, each form once; of those of one length the ones with
/// letters come last.
fn forms(target: &Target) -> Vec<FormReply> {
    let written = target.number.written();
    let mut forms = plain_forms(&written);
    for text in &target.written {
        if let Ok(form) = read(text, &written)
            && !forms.iter().any(|known| known.is_same_text(&form))
        {
            forms.push(form);
        }
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.digits.len()));
    forms
}

/// The digit strings of a number, each once.
fn plain_forms(written: &WrittenForms) -> Vec<FormReply> {
    let mut forms: Vec<FormReply> = Vec::with_capacity(3);
    for (digits, form) in [
        (&written.international_digits, Form::International),
        (&written.national_digits, Form::National),
        (&written.significant_digits, Form::Significant),
    ] {
        if !forms.iter().any(|known| known.digits == *digits) {
            forms.push(FormReply { digits: digits.clone(), letters: None, form });
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(text: &str) -> Site {
        let head = "id = \"s\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n";
        toml::from_str(&format!("{head}{text}")).expect("a site")
    }

    fn forms_of(number: &str, written: &str) -> String {
        let target = format!(
            "[[targets]]\nid = \"t\"\nnumber = {number:?}\npool = \"p\"\nwritten = {written}"
        );
        serde_json::to_string(SitePages::compile(&site(&target)).forms(0)).expect("JSON")
    }

    #[test]
    fn a_trunk_prefix_makes_a_third_form() {
        assert_eq!(
            forms_of("+14155550100", "[]"),
            r#"[{"digits":"14155550100","form":"international"},{"digits":"4155550100","form":"national"}]"#
        );
        assert_eq!(
            forms_of("+442079460000", "[]"),
            concat!(
                r#"[{"digits":"442079460000","form":"international"},{"digits":"02079460000","#,
                r#""form":"national"},{"digits":"2079460000","form":"significant"}]"#
            )
        );
    }

    #[test]
    fn forms_with_letters_are_told_once_each() {
        assert_eq!(
            forms_of(
                "+18003569377",
                r#"["1-800-FLOWERS", "(1) 800 flowers", "800.356.9377", "BAD"]"#
            ),
            concat!(
                r#"[{"digits":"18003569377","form":"international"},"#,
                r#"{"digits":"18003569377","letters":"1800FLOWERS","form":"national"},"#,
                r#"{"digits":"8003569377","form":"national"}]"#
            )
        );
    }

    #[test]
    fn excluded_digits_are_nobodys_form() {
        let site = site(
            "snippet = { exclude = [\"020 7946 0000\"] }\n[[targets]]\nid = \"t\"\n\
             number = \"+442079460000\"\npool = \"p\"",
        );
        let pages = SitePages::compile(&site);
        let digits: Vec<&str> = pages.forms(0).iter().map(|form| form.digits.as_str()).collect();
        assert_eq!(digits, ["442079460000", "2079460000"]);
    }

    #[test]
    fn settings_are_told_only_where_they_differ() {
        assert_eq!(
            serde_json::to_string(SitePages::compile(&site("")).settings()).expect("JSON"),
            "{}"
        );
        let pages = SitePages::compile(&site(
            r#"
            [snippet]
            lease_when = { visible = true, after = "5s" }
            exclude = ["+442079460000", "555-0199"]
            attributes = ["data-phone"]
            domains = ["Shop.Example.org"]
            field = "ringtrace_session"
            storage = "tab"
            "#,
        ));
        assert_eq!(
            serde_json::to_value(pages.settings()).expect("JSON"),
            serde_json::json!({
                "exclude": ["442079460000", "02079460000", "2079460000", "5550199"],
                "attributes": ["data-phone"], "domains": ["shop.example.org"],
                "field": "ringtrace_session", "storage": "tab",
            })
        );
    }
}
