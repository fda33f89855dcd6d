//! Bandwidth signs nothing: it sends the name and password that its application was given (telephony
//! facts §7). They cover neither body nor time; what comes again is recognised by call, event and
//! time, and changes nothing.

use crate::call::providers::{Unverified, Verified, Webhook, secrets};
use crate::config::model::Bandwidth;

/// Checks a webhook against every application.
pub fn verify(applications: &[Bandwidth], webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
    if applications.is_empty() {
        return Err(Unverified::NotConfigured);
    }
    let (name, password) = secrets::basic(webhook).ok_or(Unverified::BadSignature)?;
    let fits = applications.iter().any(|application| {
        let passwords = secrets::given([&application.password, &application.second_password]);
        let is_named = secrets::same(application.username.as_bytes(), name.as_bytes());
        let mut passwords = passwords.into_iter();
        is_named && passwords.any(|known| secrets::same(known.as_bytes(), password.as_bytes()))
    });
    if fits { Ok(Verified::default()) } else { Err(Unverified::BadSignature) }
}
