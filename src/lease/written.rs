//! Other forms in which the pages write a business number: with letters (`1-800-FLOWERS`), behind a
//! prefix for calls from abroad, or without its area code. Pure.

use crate::lease::wire::{Form, FormReply};
use crate::platform::phone::WrittenForms;
use crate::platform::vanity::key;

/// Longest form, in letters and digits.
const LONGEST: usize = 20;
/// Fewest digits that are looked for alone: fewer stand for anything.
const SHORTEST: usize = 6;
/// What is dialled before a country code in most countries, and in North America.
const FROM_ABROAD: [&str; 2] = ["00", "011"];

/// Why a text is no form of a number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadForm {
    /// It has other signs than letters, digits and what stands between them.
    #[error("expected letters, digits, spaces and the signs ( ) + - . / such as \"1-800-FLOWERS\"")]
    Sign,
    /// It has too few or too many letters and digits.
    #[error("expected {SHORTEST} to {LONGEST} letters and digits")]
    Length,
    /// Its letters and digits are not the number's.
    #[error("it stands for {spelt}, which is not {number}")]
    OtherNumber {
        /// The digits that it stands for.
        spelt: String,
        /// The number.
        number: String,
    },
    /// It has letters but not the whole number: it would be found in ordinary words.
    #[error("with letters it must be the whole number, area code and all")]
    PartWithLetters,
}

/// The form that `text` is of the number `of`.
///
/// Letters stand for the digits on whose keys they are; those behind the whole number are dialled in
/// vain (`1-800-FLOWERSNOW`). The whole number is known with its country code (also behind `00` or
/// `011`), as dialled inside the country, and without trunk prefix; in digits alone its end is good, too.
pub fn read(text: &str, of: &WrittenForms) -> Result<FormReply, BadForm> {
    let between = |c: char| c.is_whitespace() || "()+-./\u{2010}\u{2011}\u{2013}".contains(c);
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || between(c)) {
        return Err(BadForm::Sign);
    }
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    if !(SHORTEST..=LONGEST).contains(&letters.len()) {
        return Err(BadForm::Length);
    }
    let mut digits: String = letters.chars().filter_map(key).collect();
    let has_letters = digits != letters;
    if has_letters {
        digits.truncate(digits.len() - in_vain(&letters, &digits, of));
    }
    let form = match form_of(&digits, of) {
        // Whoever writes letters has no use for the form in digits that has a country code.
        Some(_) if has_letters => Form::National,
        Some(form) => form,
        None if !of.significant_digits.ends_with(&digits) => {
            let number = of.e164.clone();
            return Err(BadForm::OtherNumber { spelt: digits, number });
        }
        None if has_letters => return Err(BadForm::PartWithLetters),
        None => Form::National,
    };
    Ok(FormReply { digits, letters: has_letters.then_some(letters), form })
}

/// How many letters stand behind the whole number: fewer than there are at its end.
fn in_vain(letters: &str, digits: &str, of: &WrittenForms) -> usize {
    let at_end = letters.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let forms = [&of.international_digits, &of.national_digits, &of.significant_digits];
    let behind =
        forms.into_iter().filter_map(|form| Some(digits.strip_prefix(form.as_str())?.len()));
    behind.filter(|behind| *behind < at_end).min().unwrap_or(0)
}

fn form_of(digits: &str, of: &WrittenForms) -> Option<Form> {
    let whole = of.international_digits.as_str();
    let abroad = FROM_ABROAD.iter().filter_map(|prefix| digits.strip_prefix(prefix));
    if digits == whole || abroad.into_iter().any(|rest| rest == whole) {
        Some(Form::International)
    } else if digits == of.national_digits {
        Some(Form::National)
    } else {
        (digits == of.significant_digits).then_some(Form::Significant)
    }
}

/// The digits in a text.
pub fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::phone::PhoneNumber;

    fn written(text: &str) -> WrittenForms {
        text.parse::<PhoneNumber>().expect("a number").written()
    }

    fn said(text: &str, number: &str) -> Result<(String, Option<String>, Form), BadForm> {
        read(text, &written(number)).map(|form| (form.digits, form.letters, form.form))
    }

    #[test]
    fn letters_must_spell_the_number() {
        let flowers = |letters: &str, digits: &str| {
            Ok((digits.to_owned(), Some(letters.to_owned()), Form::National))
        };
        let number = "+18003569377";
        assert_eq!(said("1-800-FLOWERS", number), flowers("1800FLOWERS", "18003569377"));
        assert_eq!(said("1 (800) Flowers", number), flowers("1800FLOWERS", "18003569377"));
        assert_eq!(said("800.flowers", number), flowers("800FLOWERS", "8003569377"));
        assert_eq!(said("1-800-FLOWERSHOP", number), flowers("1800FLOWERSHOP", "18003569377"));
        assert_eq!(said("800-FLOW-377", number), flowers("800FLOW377", "8003569377"));
        assert_eq!(said("FLOWERS", number), Err(BadForm::PartWithLetters));
        let other = |spelt: &str| {
            Err(BadForm::OtherNumber { spelt: spelt.to_owned(), number: number.to_owned() })
        };
        assert_eq!(said("1-800-FLOWERY", number), other("18003569379"));
        assert_eq!(said("1-800-356-9377-SHOP", number), other("180035693777467"));
        assert_eq!(said("0800 BLÜTEN", number), Err(BadForm::Sign));
        assert_eq!(said("800 FLOWERS; x", number), Err(BadForm::Sign));
        assert_eq!(said("FLOW", number), Err(BadForm::Length));
        assert_eq!(said("", number), Err(BadForm::Length));
    }

    #[test]
    fn digits_may_stand_behind_a_prefix_or_without_area_code() {
        let plain = |digits: &str, form| Ok((digits.to_owned(), None, form));
        let number = "+442079460000";
        assert_eq!(said("0044 20 7946 0000", number), plain("00442079460000", Form::International));
        assert_eq!(
            said("011 44 20 7946 0000", number),
            plain("011442079460000", Form::International)
        );
        assert_eq!(said("020/79460000", number), plain("02079460000", Form::National));
        assert_eq!(said("20-7946-0000", number), plain("2079460000", Form::Significant));
        assert_eq!(said("7946 0000", number), plain("79460000", Form::National));
        assert!(matches!(said("7946 0001", number), Err(BadForm::OtherNumber { .. })));
        assert_eq!(said("60000", number), Err(BadForm::Length));
    }
}
