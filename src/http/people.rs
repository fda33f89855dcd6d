//! People whom a proxy signed in (OpenID Connect and the like), as its headers tell.
//!
//! The headers are believed only from the socket's peer itself, when that is a trusted proxy: whatever stands before
//! the proxy may have written them too, so the proxy must remove what a client sends under these names.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

use crate::config::model::{Config, Role};

/// Longest name of a person, and longest list of roles, in bytes.
const LONGEST: (usize, usize) = (128, 4_096);

/// Somebody with a role.
#[derive(Clone, Debug, PartialEq)]
pub struct Person<'a> {
    /// As the proxy tells it.
    pub name: String,
    /// The first role of the configuration that they have.
    pub role: &'a Role,
}

/// Who is signed in, by the proxy's word.
pub fn signed_in<'a>(request: &HttpRequest, config: &'a Config) -> Option<Person<'a>> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = config.server.trusted_proxies.iter().any(|network| network.contains(&peer));
    if !trusted {
        return None;
    }
    told(request.headers(), config)
}

fn told<'a>(headers: &HeaderMap, config: &'a Config) -> Option<Person<'a>> {
    let access = &config.access;
    if access.user_header.is_empty() {
        return None;
    }
    let name = only(headers, &access.user_header, LONGEST.0)?;
    let has = only(headers, &access.role_header, LONGEST.1)?;
    let has: Vec<&str> = has.split([',', ' ']).filter(|role| !role.is_empty()).collect();
    let role = access.roles.iter().find(|role| has.contains(&role.name.as_str()))?;
    Some(Person { name: name.to_owned(), role })
}

/// The value of a header that is there once: of two, one may be a client's.
fn only<'a>(headers: &'a HeaderMap, name: &str, longest: usize) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?.trim();
    let fits = !value.is_empty() && value.len() <= longest;
    (fits && values.next().is_none()).then_some(value)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::config::load::load_text;
    use crate::config::model::Scope;

    #[test]
    fn a_person_has_the_first_role_of_the_configuration_that_they_are_told_to_have() {
        let config = load_text(
            "people",
            "[access]\nuser_header = \"X-User\"\nrole_header = \"X-Roles\"\n\
             [[access.roles]]\nname = \"boss\"\nscope = \"admin\"\n\
             [[access.roles]]\nname = \"staff\"\nscope = \"reader\"\n",
        );
        let config = config.expect("a configuration");
        let scope = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                let value = HeaderValue::from_static(value);
                headers.append(HeaderName::from_static(name), value);
            }
            told(&headers, &config).map(|person| person.role.scope)
        };
        let user = ("x-user", "ann@example.com");
        assert_eq!(scope(&[user, ("x-roles", "staff")]), Some(Scope::Reader));
        assert_eq!(scope(&[user, ("x-roles", "guests, staff boss")]), Some(Scope::Admin));
        for nobody in [
            &[user][..],
            &[user, ("x-roles", "bosses")],
            &[user, ("x-roles", "")],
            &[("x-user", " "), ("x-roles", "boss")],
            &[("x-roles", "boss")],
            &[user, ("x-user", "eve"), ("x-roles", "boss")],
            &[user, ("x-roles", "staff"), ("x-roles", "boss")],
        ] {
            assert_eq!(scope(nobody), None, "{nobody:?}");
        }
    }
}
