//! The telephony providers of a site: who may tell of its calls.
//!
//! Each provider is a list of accounts, in a file one table or several; each account has room for two
//! secrets, so that one can be replaced while webhooks still come with the other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::platform::secret::Secret;

/// The telephony providers of a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telephony {
    /// Twilio.
    #[serde(deserialize_with = "one_or_many")]
    pub twilio: Vec<Twilio>,
    /// SignalWire.
    #[serde(deserialize_with = "one_or_many")]
    pub signalwire: Vec<SignalWire>,
    /// Telnyx.
    #[serde(deserialize_with = "one_or_many")]
    pub telnyx: Vec<Telnyx>,
    /// Plivo.
    #[serde(deserialize_with = "one_or_many")]
    pub plivo: Vec<Plivo>,
    /// Vonage.
    #[serde(deserialize_with = "one_or_many")]
    pub vonage: Vec<Vonage>,
    /// Bandwidth.
    #[serde(deserialize_with = "one_or_many")]
    pub bandwidth: Vec<Bandwidth>,
    /// FreeSWITCH.
    #[serde(deserialize_with = "one_or_many")]
    pub freeswitch: Vec<TokenAccount>,
    /// Asterisk.
    #[serde(deserialize_with = "one_or_many")]
    pub asterisk: Vec<TokenAccount>,
    /// Kamailio.
    #[serde(deserialize_with = "one_or_many")]
    pub kamailio: Vec<TokenAccount>,
    /// Everything that can sign JSON.
    #[serde(deserialize_with = "one_or_many")]
    pub generic: Vec<Generic>,
}

/// One table, or a list of tables.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(all) => all,
        OneOrMany::One(one) => vec![one],
    })
}

/// An account of Twilio.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Twilio {
    /// Its SID (`AC…`); empty: webhooks of any account that this one's secrets sign.
    pub account: String,
    /// Auth token of the account that owns the numbers.
    pub auth_token: Secret,
    /// File that holds it instead.
    pub auth_token_file: Option<PathBuf>,
    /// The previous or next token while it is being rotated.
    pub second_auth_token: Secret,
    /// File that holds it instead.
    pub second_auth_token_file: Option<PathBuf>,
    /// Shared key of webhooks that are signed with SHA-256.
    pub shared_key: Secret,
    /// File that holds it instead.
    pub shared_key_file: Option<PathBuf>,
    /// The previous or next shared key while it is being rotated.
    pub second_shared_key: Secret,
    /// File that holds it instead.
    pub second_shared_key_file: Option<PathBuf>,
    /// Where its API is; absent: the provider's own address.
    pub api_base: Option<String>,
    /// A static document off our host that forwards calls when we do not answer; empty: none.
    pub fallback_url: String,
}

/// A project of SignalWire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalWire {
    /// The project's signing key (`PSK_…`).
    pub signing_key: Secret,
    /// File that holds it instead.
    pub signing_key_file: Option<PathBuf>,
    /// The previous or next key while it is being rotated.
    pub second_signing_key: Secret,
    /// File that holds it instead.
    pub second_signing_key_file: Option<PathBuf>,
    /// The project's id, for its API.
    pub project: String,
    /// API token of the project.
    pub api_token: Secret,
    /// File that holds it instead.
    pub api_token_file: Option<PathBuf>,
    /// Where its API is: `https://<space>.signalwire.com`.
    pub api_base: Option<String>,
    /// A static document off our host that forwards calls when we do not answer; empty: none.
    pub fallback_url: String,
}

/// An account of Telnyx.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telnyx {
    /// The account's public key: base64 of 32 bytes.
    pub public_key: String,
    /// The previous or next key while it is being rotated; empty: none.
    pub second_public_key: String,
    /// The account's id, for its list of calls.
    pub account: String,
    /// Key of the API.
    pub api_key: Secret,
    /// File that holds it instead.
    pub api_key_file: Option<PathBuf>,
    /// Id of the TeXML application that serves the numbers.
    pub application: String,
    /// Where its API is; absent: the provider's own address.
    pub api_base: Option<String>,
    /// A static document off our host that forwards calls when we do not answer; empty: none.
    pub fallback_url: String,
    /// Whether its calls come as events of the Voice API and are told what to do by its commands.
    pub voice_api: bool,
}

/// An account of Plivo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plivo {
    /// Auth token of the account or sub-account that owns the numbers.
    pub auth_token: Secret,
    /// File that holds it instead.
    pub auth_token_file: Option<PathBuf>,
    /// The previous or next token while it is being rotated.
    pub second_auth_token: Secret,
    /// File that holds it instead.
    pub second_auth_token_file: Option<PathBuf>,
    /// The account's id (`MA…`, `SA…`), for its API.
    pub account: String,
    /// Id of the application that serves the numbers.
    pub application: String,
    /// Where its API is; absent: the provider's own address.
    pub api_base: Option<String>,
    /// A static document off our host that forwards calls when we do not answer; empty: none.
    pub fallback_url: String,
}

/// An application of Vonage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vonage {
    /// Its id; empty: any application of the account.
    pub application_id: String,
    /// The account's API key; empty: any account that the secret is of.
    pub api_key: String,
    /// The account's signature secret.
    pub signature_secret: Secret,
    /// File that holds it instead.
    pub signature_secret_file: Option<PathBuf>,
    /// The previous or next secret while it is being rotated.
    pub second_signature_secret: Secret,
    /// File that holds it instead.
    pub second_signature_secret_file: Option<PathBuf>,
    /// Secret that goes with `api_key`, for the API.
    pub api_secret: Secret,
    /// File that holds it instead.
    pub api_secret_file: Option<PathBuf>,
    /// Private key of the application (PEM), for its list of calls.
    pub private_key: Secret,
    /// File that holds it instead.
    pub private_key_file: Option<PathBuf>,
    /// Where applications and calls are; absent: the provider's own address.
    pub api_base: Option<String>,
    /// Where numbers are; absent: the provider's own address.
    pub rest_base: Option<String>,
    /// A static document off our host that forwards calls when we do not answer; empty: none.
    pub fallback_url: String,
}

/// An application of Bandwidth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bandwidth {
    /// The name that Bandwidth identifies itself with.
    pub username: String,
    /// The password that goes with it.
    pub password: Secret,
    /// File that holds it instead.
    pub password_file: Option<PathBuf>,
    /// The previous or next password while it is being rotated.
    pub second_password: Secret,
    /// File that holds it instead.
    pub second_password_file: Option<PathBuf>,
    /// The account's id, for its API.
    pub account: String,
    /// Client id of the API.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// File that holds it instead.
    pub client_secret_file: Option<PathBuf>,
    /// Id of the voice application.
    pub application: String,
    /// Where numbers and applications are; absent: the provider's own address.
    pub api_base: Option<String>,
    /// Where calls are; absent: the provider's own address.
    pub voice_base: Option<String>,
    /// Where tokens are issued; absent: the provider's own address.
    pub token_url: Option<String>,
    /// A static document off our host that forwards calls when we do not answer; empty: none.
    pub fallback_url: String,
}

/// A server of your own that identifies itself with a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenAccount {
    /// The token.
    pub token: Secret,
    /// File that holds it instead.
    pub token_file: Option<PathBuf>,
    /// The previous or next token while it is being rotated.
    pub second_token: Secret,
    /// File that holds it instead.
    pub second_token_file: Option<PathBuf>,
}

/// A sender of signed JSON (Standard Webhooks signature).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Generic {
    /// `whsec_…`
    pub secret: Secret,
    /// File that holds it instead.
    pub secret_file: Option<PathBuf>,
    /// The previous or next secret while it is being rotated.
    pub second_secret: Secret,
    /// File that holds it instead.
    pub second_secret_file: Option<PathBuf>,
}

impl Telephony {
    /// The names of the providers that may tell of calls.
    pub fn names(&self) -> Vec<&'static str> {
        let all = [
            ("twilio", self.twilio.is_empty()),
            ("signalwire", self.signalwire.is_empty()),
            ("telnyx", self.telnyx.is_empty()),
            ("plivo", self.plivo.is_empty()),
            ("vonage", self.vonage.is_empty()),
            ("bandwidth", self.bandwidth.is_empty()),
            ("freeswitch", self.freeswitch.is_empty()),
            ("asterisk", self.asterisk.is_empty()),
            ("kamailio", self.kamailio.is_empty()),
            ("generic", self.generic.is_empty()),
        ];
        all.into_iter().filter_map(|(name, is_empty)| (!is_empty).then_some(name)).collect()
    }

    /// Whether no provider may tell of a call.
    pub fn is_empty(&self) -> bool {
        *self == Telephony::default()
    }
}
