//! What the person who answers hears: a template with variables of the call. Pure.
//!
//! `Call from {source}, {campaign}`: a variable in braces is replaced by what is known, made fit to be
//! spoken. What is not known leaves no trace: a comma or a space before it goes with it.

use crate::call::model::Call;
use crate::call::routing::scene::Scene;

/// Every variable.
pub const VARIABLES: [&str; 13] = [
    "site",
    "source",
    "medium",
    "campaign",
    "channel",
    "term",
    "landing_page",
    "caller_name",
    "caller_city",
    "caller_region",
    "caller_country",
    "caller_kind",
    "number",
];
/// Longest value of a variable, in characters.
const LONGEST_VALUE: usize = 60;
/// Longest text that is spoken, in characters: ten seconds and more.
const LONGEST_TEXT: usize = 200;

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The template's names that are no variables.
pub fn unknown(template: &str) -> Vec<&str> {
    let names = pieces(template).into_iter().filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Text(_) => None,
    });
    names.filter(|name| !VARIABLES.contains(name)).collect()
}

/// The text for this call.
pub fn text(template: &str, scene: &Scene<'_>) -> String {
    let mut said = String::new();
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => said.push_str(text),
            Piece::Variable(name) => {
                let value = spoken(&value(name, scene));
                if value.is_empty() {
                    let kept = said.trim_end_matches([' ', ',', ':']).len();
                    said.truncate(kept);
                } else {
                    said.push_str(&value);
                }
            }
        }
    }
    said.trim().chars().take(LONGEST_TEXT).collect()
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest[open..].find('}') else { break };
        pieces.push(Piece::Text(&rest[..open]));
        pieces.push(Piece::Variable(&rest[open + 1..open + length]));
        rest = &rest[open + length + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn value(name: &str, scene: &Scene<'_>) -> String {
    let source = scene.source();
    let call = scene.call;
    let of_call = |part: fn(&Call) -> &str| call.map_or("", part).to_owned();
    match name {
        "site" => scene.site.title().to_owned(),
        "source" => source.map(|s| s.source.clone()).unwrap_or_default(),
        "medium" => source.map(|s| s.medium.clone()).unwrap_or_default(),
        "campaign" => source.map(|s| s.campaign.clone()).unwrap_or_default(),
        "channel" => source.map(|s| s.channel.clone()).unwrap_or_default(),
        "term" => source.map(|s| s.term.clone()).unwrap_or_default(),
        "landing_page" => scene.attribution().map(|a| a.landing_page.clone()).unwrap_or_default(),
        "caller_name" => of_call(|call| &call.caller.name),
        "caller_city" => of_call(Call::city),
        "caller_region" => of_call(Call::region),
        "caller_country" => of_call(Call::country),
        "caller_kind" => match call.and_then(|call| call.first_time) {
            Some(true) => "new caller".to_owned(),
            Some(false) => "repeat caller".to_owned(),
            None => String::new(),
        },
        "number" => scene.called.map(|number| number.written().national).unwrap_or_default(),
        _ => String::new(),
    }
}

/// A value as it can be spoken: words apart, no parentheses of placeholders, not too long.
fn spoken(value: &str) -> String {
    let plain = value.trim_matches(['(', ')']);
    let apart: String = plain
        .chars()
        .map(|c| if matches!(c, '_' | '-' | '+' | '/' | '|') || c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = apart.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_VALUE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_variables_are_told() {
        assert_eq!(unknown("Call from {source}, {campaing} {"), ["campaing"]);
        assert_eq!(unknown("{}"), [""]);
        assert!(VARIABLES.iter().all(|name| unknown(&format!("{{{name}}}")).is_empty()));
    }

    #[test]
    fn values_are_made_fit_to_be_spoken() {
        assert_eq!(spoken("spring_sale-2026"), "spring sale 2026");
        assert_eq!(spoken("(direct)"), "direct");
        assert_eq!(spoken("  \u{7}a  b\n"), "a b");
        assert_eq!(spoken(&"x".repeat(500)).len(), LONGEST_VALUE);
    }
}
