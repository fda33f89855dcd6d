//! Which numbers on a page the snippet would swap. Pure.

use std::collections::HashSet;

use super::diagnosis::{NumberFound, Place};
use super::page::Page;
use super::service::Target;

/// Most signs between two digits of one number.
const BETWEEN: usize = 3;

/// What the snippet would swap on `page`, and the digits of links that dial something else. Texts of
/// `exclude` (digits) are left alone, and of the attributes that begin with `data-` only those named.
pub(super) fn scan(
    page: &Page,
    targets: &[Target],
    exclude: &[String],
    attributes: &[String],
) -> (Vec<NumberFound>, Vec<String>) {
    let mut found: Vec<NumberFound> = Vec::new();
    let mut add = |target: &Target, place: Place, written: &str| {
        let same = |known: &&mut NumberFound| {
            known.target == target.id && known.place == place && known.written == written
        };
        match found.iter_mut().find(same) {
            Some(known) => known.count += 1,
            None => found.push(NumberFound {
                target: target.id.clone(),
                number: target.number.clone(),
                place,
                written: written.to_owned(),
                count: 1,
            }),
        }
    };
    for line in &page.lines {
        hits(line, targets, exclude).iter().for_each(|hit| add(hit.0, Place::Text, hit.1));
    }
    for (name, value) in &page.attributes {
        if !name.starts_with("data-") || attributes.contains(name) {
            hits(value, targets, exclude)
                .iter()
                .for_each(|hit| add(hit.0, Place::Attribute, hit.1));
        }
    }
    let mut others: Vec<String> = Vec::new();
    for link in &page.links {
        let number = link.split_once(':').map_or("", |(_, number)| number).trim();
        let (digits, _) = number.split_once(';').unwrap_or((number, ""));
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        let of = |target: &&Target| target.forms.iter().any(|form| form.digits == digits);
        match targets.iter().find(of) {
            Some(target) => add(target, Place::Link, link),
            None if exclude.contains(&digits) || others.contains(link) => {}
            None => others.push(link.clone()),
        }
    }
    for (id, text) in &page.marked {
        if let Some(target) = targets.iter().find(|target| target.id == *id) {
            add(target, Place::Element, text.trim());
        }
    }
    (found, others)
}

/// The targets that have no number in `found`.
pub(super) fn missing<'a>(targets: &'a [Target], found: &[NumberFound]) -> Vec<&'a Target> {
    let known: HashSet<&str> = found.iter().map(|number| number.target.as_str()).collect();
    targets.iter().filter(|target| !known.contains(target.id.as_str())).collect()
}

/// Every number of a target in `text`, from left to right.
fn hits<'t, 'a>(
    text: &'a str,
    targets: &'t [Target],
    exclude: &[String],
) -> Vec<(&'t Target, &'a str)> {
    let mut hits = Vec::new();
    let mut from = 0;
    while let Some((start, first)) = next_start(text, from) {
        from = start + first.len_utf8();
        let (before, rest) = text.split_at(start);
        if let Some(length) = exclude.iter().filter_map(|digits| spells(before, rest, digits)).max()
        {
            from = start + length;
            continue;
        }
        let forms =
            targets.iter().flat_map(|target| target.forms.iter().map(move |form| (target, form)));
        let hit = forms
            .filter_map(|(target, form)| {
                let signs = form.letters.as_deref().unwrap_or(&form.digits);
                Some((spells(before, rest, signs)?, target))
            })
            .max_by_key(|(length, _)| *length);
        if let Some((length, target)) = hit {
            hits.push((target, &text[start - lead(before, &rest[..length])..start + length]));
            from = start + length;
        }
    }
    hits
}

/// How many bytes before a number are its own: its plus sign, or the bracket that it closes.
fn lead(before: &str, number: &str) -> usize {
    let closes = number.find(')').is_some_and(|end| !number[..end].contains('('));
    usize::from(before.ends_with('+') || (closes && before.ends_with('(')))
}

/// Where a number may begin: a letter or digit, with the plus sign or bracket before it left out.
fn next_start(text: &str, from: usize) -> Option<(usize, char)> {
    let rest = text.get(from..)?;
    let (at, first) = rest.char_indices().find(|(_, c)| c.is_ascii_alphanumeric())?;
    Some((from + at, first))
}

/// How many bytes of `rest` write `signs` (letters and digits) with nothing but separators between
/// them; `None` when they do not, or are part of something longer.
fn spells(before: &str, rest: &str, signs: &str) -> Option<usize> {
    let has_letters = signs.bytes().any(|b| b.is_ascii_alphabetic());
    let goes_on = |c: char| c.is_ascii_digit() || has_letters && c.is_alphanumeric();
    if is_part(before.chars().rev(), goes_on) {
        return None;
    }
    let mut signs = signs.chars();
    let mut wanted = signs.next()?;
    let mut between = 0;
    for (at, c) in rest.char_indices() {
        if c.to_ascii_uppercase() == wanted {
            between = 0;
            match signs.next() {
                Some(next) => wanted = next,
                None => {
                    let end = at + c.len_utf8();
                    return (!is_part(rest[end..].chars(), goes_on)).then_some(end);
                }
            }
        } else if is_between(c) && between < BETWEEN {
            between += 1;
        } else {
            return None;
        }
    }
    None
}

/// Whether what stands next to a number makes it part of a longer one: a digit, or a digit behind one
/// of the signs that stand inside of numbers, prices and dates.
fn is_part(mut next: impl Iterator<Item = char>, goes_on: impl Fn(char) -> bool) -> bool {
    match next.next() {
        Some(c) if goes_on(c) => true,
        Some('.' | ',' | '-' | '/' | '_' | ':') => next.next().is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '(' | ')' | '[' | ']' | '.' | '-' | '/' | '\u{ad}' | '\u{b7}' | '\u{200b}'..='\u{200f}'
                | '\u{2010}'..='\u{2015}' | '\u{2022}' | '\u{2060}' | '\u{2212}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::super::service::Form;
    use super::*;

    fn target(forms: &[(&str, Option<&str>)]) -> Target {
        let form = |(digits, letters): &(&str, Option<&str>)| Form {
            digits: (*digits).to_owned(),
            letters: letters.map(str::to_owned),
        };
        let forms = forms.iter().map(form).collect();
        Target { id: "main".to_owned(), number: "+18003569377".to_owned(), forms }
    }

    fn flowers() -> [Target; 1] {
        let letters = Some("1800FLOWERS");
        [target(&[("18003569377", None), ("18003569377", letters), ("8003569377", None)])]
    }

    fn found(text: &str) -> Vec<String> {
        let exclude = ["8003569300".to_owned()];
        let targets = flowers();
        hits(text, &targets, &exclude).iter().map(|(_, text)| (*text).to_owned()).collect()
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for written in [
            "800-356-9377",
            "8003569377",
            "800.356.9377",
            "1-800-356-9377",
            "1 (800) 356-9377",
            "1\u{a0}800\u{2011}356\u{2013}9377",
            "1-800-FLOWERS",
            "1 800 flowers",
        ] {
            let text = format!("Call us: ({written}, day and night.");
            assert_eq!(found(&text), [written], "{text}");
        }
        assert_eq!(found("8003569377 or 1-800-FLOWERS"), ["8003569377", "1-800-FLOWERS"]);
        assert_eq!(found("Tel.:+18003569377"), ["+18003569377"]);
        assert_eq!(found("Call (800) 356-9377"), ["(800) 356-9377"]);
    }

    #[test]
    fn what_is_longer_or_otherwise_is_no_number() {
        for other in [
            "98003569377",
            "80035693771",
            "order 55-8003569377",
            "8003569377-22",
            "8003569377,50",
            "800 then 356 9377",
            "800    356 9377",
            "1-800-FLOWERSHOP",
            "800-356-9300",
            "flowers",
            "",
        ] {
            assert_eq!(found(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn links_are_told_apart_from_those_to_others() {
        let page = Page {
            links: [
                "tel:+1-800-356-9377",
                "TEL:8003569377;ext=5",
                "tel:+49301234",
                "tel:+49301234",
            ]
            .map(str::to_owned)
            .to_vec(),
            marked: vec![("main".to_owned(), " … ".to_owned()), ("none".to_owned(), String::new())],
            attributes: vec![
                ("title".to_owned(), "800 356 9377".to_owned()),
                ("data-phone".to_owned(), "8003569377".to_owned()),
                ("data-order".to_owned(), "8003569377".to_owned()),
            ],
            ..Page::default()
        };
        let targets = flowers();
        let (found, others) = scan(&page, &targets, &[], &["data-phone".to_owned()]);
        let found: Vec<_> = found.iter().map(|f| (f.place, f.written.as_str())).collect();
        assert_eq!(
            found,
            [
                (Place::Attribute, "800 356 9377"),
                (Place::Attribute, "8003569377"),
                (Place::Link, "tel:+1-800-356-9377"),
                (Place::Link, "TEL:8003569377;ext=5"),
                (Place::Element, "…"),
            ]
        );
        assert_eq!(others, ["tel:+49301234"]);
    }
}
