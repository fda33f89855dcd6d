//! E-mail addresses as ad platforms match people by: hashed where they come in, and never kept in clear. Pure.

use std::fmt;
use std::str::FromStr;

use lettre::Address;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest address (RFC 5321 §4.5.3.1.3), in bytes.
const LONGEST: usize = 254;
/// Hexadecimal digits of a SHA-256.
const HASH: usize = 64;
/// The domains whose mailboxes Google knows by other spellings, too.
const GMAIL: [&str; 2] = ["gmail.com", "googlemail.com"];

/// How a platform wants an address written before it is hashed; all want it trimmed and in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailForm {
    /// As it is: everybody but the two below.
    Plain,
    /// Google: without dots and `+tag` before the @ at gmail.com and googlemail.com, elsewhere as it is.
    Google,
    /// Reddit: without dots and `+tag` at every domain.
    Reddit,
}

/// SHA-256 of one address in every form that platforms want, lower-case hex. Addresses can be guessed, so this is
/// personal data and does not show itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailHashes {
    plain: String,
    /// Where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    google: Option<String>,
    /// Where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reddit: Option<String>,
}

impl fmt::Debug for EmailHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailHashes(…)")
    }
}

/// A text that is no address that mail could be sent to over the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no e-mail address such as jo@example.com, nor its SHA-256 in hexadecimal digits")]
pub struct BadEmail;

impl EmailHashes {
    /// The hash of the address written in `form`.
    pub fn of(&self, form: EmailForm) -> &str {
        let other = match form {
            EmailForm::Plain => &None,
            EmailForm::Google => &self.google,
            EmailForm::Reddit => &self.reddit,
        };
        other.as_deref().unwrap_or(&self.plain)
    }

    /// Every hash of it.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        [&self.google, &self.reddit].into_iter().flatten().chain([&self.plain]).map(String::as_str)
    }
}

impl FromStr for EmailHashes {
    type Err = BadEmail;

    /// Reads an address, or the hash of one as whoever tells it has made it: trimmed and in lower case. That hash is the
    /// only one then, whatever the form.
    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim().to_lowercase();
        if text.len() == HASH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(EmailHashes { plain: text, google: None, reddit: None });
        }
        let address: Address = Some(&text)
            .filter(|text| text.len() <= LONGEST)
            .and_then(|t| t.parse().ok())
            .ok_or(BadEmail)?;
        let (user, domain) = (address.user(), address.domain());
        // Nobody outside can be reached at a bare host or a numbered one.
        let is_public = domain.rsplit_once('.').is_some_and(|(_, top)| top.len() > 1)
            && !domain.starts_with('[');
        if !is_public {
            return Err(BadEmail);
        }
        let mailbox: String =
            user.split('+').next().unwrap_or_default().chars().filter(|c| *c != '.').collect();
        let bare =
            (!mailbox.is_empty() && mailbox != user).then(|| hash(&format!("{mailbox}@{domain}")));
        Ok(EmailHashes {
            plain: hash(&text),
            google: bare.clone().filter(|_| GMAIL.contains(&domain)),
            reddit: bare,
        })
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hashes(text: &str) -> EmailHashes {
        text.parse().unwrap_or_else(|_| panic!("{text} is an address"))
    }

    #[test]
    fn an_address_is_trimmed_and_lower_case_before_it_is_hashed() {
        let known = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d";
        for text in ["jane.doe@example.com", "  Jane.Doe@EXAMPLE.com\n"] {
            let email = hashes(text);
            assert_eq!(email.of(EmailForm::Plain), known, "{text}");
            assert_eq!(email.of(EmailForm::Google), known, "dots mean something elsewhere");
            assert_eq!(
                email.of(EmailForm::Reddit),
                hashes("janedoe@example.com").of(EmailForm::Plain)
            );
        }
        let other = "5806dc6b2f04fb728708a8f7b81c14edcd4fba36f77914cf0c9368d9a3a25f76";
        assert!(
            [EmailForm::Plain, EmailForm::Google, EmailForm::Reddit].iter().all(|form| hashes(
                "test@x.com"
            )
            .of(*form)
                == other)
        );
        // Already hashed: taken as it is, in lower case.
        assert_eq!(hashes(&known.to_uppercase()).all().collect::<Vec<_>>(), [known]);
    }

    #[test]
    fn google_alone_knows_that_dots_and_tags_are_no_part_of_its_mailboxes() {
        for text in ["J.a.n.e+shop@gmail.com", "jane+a+b@googlemail.com"] {
            let (email, domain) = (hashes(text), text.split('@').nth(1).unwrap());
            let bare = hashes(&format!("jane@{domain}"));
            assert_eq!(email.of(EmailForm::Google), bare.of(EmailForm::Plain), "{text}");
            assert_eq!(email.of(EmailForm::Reddit), bare.of(EmailForm::Plain), "{text}");
            assert_ne!(email.of(EmailForm::Plain), bare.of(EmailForm::Plain), "{text}");
        }
        for elsewhere in ["j.ane+x@mygmail.com", "j.ane+x@gmail.com.example.org"] {
            let email = hashes(elsewhere);
            assert_eq!(email.of(EmailForm::Google), email.of(EmailForm::Plain), "{elsewhere}");
        }
        let nobody = hashes("+tag@gmail.com");
        assert_eq!(nobody.of(EmailForm::Google), nobody.of(EmailForm::Plain));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(260));
        for text in [
            "",
            "jane",
            "@example.com",
            "jane@",
            "jane@localhost",
            "jane@@example.com",
            "ja ne@example.com",
            "jane@[192.0.2.1]",
            "jane@192.0.2.1",
            "Jane <jane@example.com>",
            "jane@example.com, jo@example.com",
            "jane@example.c\0m",
            &long,
            &"a".repeat(63),
        ] {
            assert_eq!(text.parse::<EmailHashes>(), Err(BadEmail), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_shows_an_address_and_nothing_breaks(text in "\\PC{0,300}", user in "[a-z.+]{1,20}", domain in "[a-z]{1,10}\\.(com|de)") {
            let _ = text.parse::<EmailHashes>();
            let address = format!("{user}@{domain}");
            if let Ok(email) = address.parse::<EmailHashes>() {
                let json = serde_json::to_string(&email).expect("JSON");
                let debug = format!("{email:?}");
                prop_assert!(!json.contains('@') && !debug.contains(email.of(EmailForm::Plain)));
                prop_assert!(email.all().all(|hash| hash.len() == HASH));
                prop_assert_eq!(serde_json::from_str::<EmailHashes>(&json).expect("read"), email);
            }
        }
    }
}
