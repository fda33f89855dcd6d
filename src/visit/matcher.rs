//! Conditions of a site's own rules, compiled once: which texts of a visit must be what.
//!
//! All conditions of a rule must hold. One holds when any value of any of its operators fits, or,
//! with `not`, when none does. Texts are compared without case.

use std::collections::HashSet;

use regex::{RegexBuilder, RegexSet, RegexSetBuilder};

use crate::config::model::{Condition, ConditionField, VisitField};

/// Most conditions of one rule.
pub const CONDITIONS_MAX: usize = 20;
/// Most values of one operator.
const VALUES_MAX: usize = 1000;
/// Longest value in bytes.
const VALUE_MAX: usize = 512;
/// Largest compiled regular expression in bytes; one that repeats large counts is refused.
const REGEX_SIZE: usize = 256 * 1024;

/// What conditions look at.
pub trait Facts<F = VisitField> {
    /// Whether `fits` is true for any text that `field` has (a parameter: that called `name`); a
    /// field without a text has an empty one.
    fn any(&self, field: F, name: &str, fits: &mut dyn FnMut(&str) -> bool) -> bool;
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Where, from the list of conditions on: `[1].regex[0]`.
    pub path: String,
    /// What is wrong, or was expected.
    pub why: String,
}

/// Conditions that must all hold.
#[derive(Debug)]
pub struct Matcher<F = VisitField>(Vec<Compiled<F>>);

#[derive(Debug)]
struct Compiled<F> {
    field: F,
    name: String,
    is: HashSet<String>,
    prefix: Vec<String>,
    suffix: Vec<String>,
    contains: Vec<String>,
    regex: RegexSet,
    not: bool,
}

impl<F: ConditionField> Matcher<F> {
    /// Compiles `conditions`, or tells everything that is wrong with them.
    pub fn compile(conditions: &[Condition<F>]) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        if conditions.is_empty() {
            flaw(&mut flaws, String::new(), "expected at least one condition");
        }
        if conditions.len() > CONDITIONS_MAX {
            flaw(
                &mut flaws,
                String::new(),
                format!("expected at most {CONDITIONS_MAX} conditions"),
            );
        }
        let conditions = conditions.iter().take(CONDITIONS_MAX).enumerate();
        let compiled = conditions
            .filter_map(|(i, condition)| {
                check(condition, &format!("[{i}]"), &mut flaws);
                let regex = RegexSetBuilder::new(&condition.regex)
                    .case_insensitive(true)
                    .size_limit(REGEX_SIZE * condition.regex.len().max(1))
                    .build();
                Some(Compiled {
                    field: condition.field,
                    name: condition.name.clone(),
                    is: lower(&condition.is).collect(),
                    prefix: lower(&condition.prefix).collect(),
                    suffix: lower(&condition.suffix).collect(),
                    contains: lower(&condition.contains).collect(),
                    // What is wrong with one was told by name above.
                    regex: regex.ok()?,
                    not: condition.not,
                })
            })
            .collect();
        if flaws.is_empty() { Ok(Matcher(compiled)) } else { Err(flaws) }
    }

    /// Whether all conditions hold.
    pub fn holds(&self, facts: &impl Facts<F>) -> bool {
        self.0.iter().all(|condition| {
            let mut fits = |text: &str| condition.fits(text);
            facts.any(condition.field, &condition.name, &mut fits) != condition.not
        })
    }
}

impl<F> Compiled<F> {
    fn fits(&self, text: &str) -> bool {
        let low = text.to_lowercase();
        self.is.contains(&low)
            || self.prefix.iter().any(|head| low.starts_with(head))
            || self.suffix.iter().any(|tail| low.ends_with(tail))
            || self.contains.iter().any(|part| low.contains(part))
            || self.regex.is_match(text)
    }
}

fn lower(values: &[String]) -> impl Iterator<Item = String> {
    values.iter().map(|value| value.to_lowercase())
}

fn check<F: ConditionField>(condition: &Condition<F>, path: &str, flaws: &mut Vec<Flaw>) {
    let lists = [
        ("is", &condition.is),
        ("prefix", &condition.prefix),
        ("suffix", &condition.suffix),
        ("contains", &condition.contains),
        ("regex", &condition.regex),
    ];
    let named = condition.field.is_named();
    if named && !(1..=VALUE_MAX).contains(&condition.name.len()) {
        flaw(flaws, format!("{path}.name"), "expected the name of the parameter");
    } else if !named && !condition.name.is_empty() {
        flaw(flaws, format!("{path}.name"), "only the field `parameter` has a name");
    }
    if lists.iter().all(|(_, values)| values.is_empty()) {
        flaw(flaws, path, "expected values for is, prefix, suffix, contains or regex");
    }
    for (name, values) in lists {
        if values.len() > VALUES_MAX {
            flaw(flaws, format!("{path}.{name}"), format!("expected at most {VALUES_MAX} values"));
        }
        for (i, value) in values.iter().take(VALUES_MAX).enumerate() {
            let path = format!("{path}.{name}[{i}]");
            if value.len() > VALUE_MAX {
                flaw(flaws, path, format!("expected at most {VALUE_MAX} bytes"));
            } else if value.is_empty() && name != "is" {
                flaw(
                    flaws,
                    path,
                    "an empty text is in every text; `is = [\"\"]` means \"nothing\"",
                );
            } else if name == "regex" {
                let built =
                    RegexBuilder::new(value).case_insensitive(true).size_limit(REGEX_SIZE).build();
                if let Err(error) = built {
                    flaw(flaws, path, said(&error));
                }
            }
        }
    }
}

fn flaw(flaws: &mut Vec<Flaw>, path: impl Into<String>, why: impl Into<String>) {
    flaws.push(Flaw { path: path.into(), why: why.into() });
}

/// The last line of a regex error says what is wrong; those before draw it.
fn said(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    format!("expected a regular expression: {}", last.trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clicks(&'static [&'static str]);

    impl Facts for Clicks {
        fn any(&self, field: VisitField, _: &str, fits: &mut dyn FnMut(&str) -> bool) -> bool {
            match field {
                VisitField::ClickId => self.0.iter().any(|name| fits(name)),
                VisitField::Campaign => fits("Spring-Brand Über"),
                _ => fits(""),
            }
        }
    }

    fn conditions(text: &str) -> Vec<Condition> {
        #[derive(serde::Deserialize)]
        struct Rule {
            when: Vec<Condition>,
        }
        toml::from_str::<Rule>(&format!("when = [{text}]")).expect("conditions").when
    }

    fn holds(text: &str) -> bool {
        let matcher = Matcher::compile(&conditions(text)).expect("they compile");
        matcher.holds(&Clicks(&["gclid", "fbclid"]))
    }

    #[test]
    fn operators_compare_without_case() {
        for yes in [
            r#"{ field = "campaign", is = ["x", "SPRING-brand über"] }"#,
            r#"{ field = "campaign", prefix = ["Spring-"] }"#,
            r#"{ field = "campaign", suffix = ["ÜBER"] }"#,
            r#"{ field = "campaign", contains = ["g-b"] }"#,
            r#"{ field = "campaign", regex = ['^\w+-BRAND\b'] }"#,
            r#"{ field = "campaign", is = ["no"], regex = ["nor", "brand"] }"#,
            r#"{ field = "campaign", is = ["no"], not = true }"#,
            r#"{ field = "click_id", is = ["gclid"] }"#,
            r#"{ field = "term", is = [""] }"#,
            r#"{ field = "click_id", is = ["fbclid"] }, { field = "campaign", contains = ["brand"] }"#,
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in [
            r#"{ field = "campaign", is = ["brand"] }"#,
            r#"{ field = "campaign", prefix = ["brand"] }"#,
            r#"{ field = "campaign", regex = ["^brand"] }"#,
            r#"{ field = "click_id", is = ["gclid"], not = true }"#,
            r#"{ field = "click_id", is = ["gclid"] }, { field = "term", is = ["x"] }"#,
        ] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        let wrong = conditions(
            r#"{ field = "term" }, { field = "term", prefix = ["a", ""] },
               { field = "term", regex = ["a", "(", '(\w{200}){200}'] }"#,
        );
        let flaws = Matcher::compile(&wrong).expect_err("they are wrong");
        let paths: Vec<&str> = flaws.iter().map(|flaw| flaw.path.as_str()).collect();
        assert_eq!(paths, ["[0]", "[1].prefix[1]", "[2].regex[1]", "[2].regex[2]"]);
        assert_eq!(flaws[2].why, "expected a regular expression: unclosed group");
        assert!(Matcher::<VisitField>::compile(&[]).is_err());
    }
}
