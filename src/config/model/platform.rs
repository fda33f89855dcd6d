//! Ad platforms that hear of conversions: who we are there, and what is told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::platform::secret::Secret;

/// What renews access tokens (OAuth 2.0, RFC 6749 §6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OAuth {
    /// Id of the client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// File that holds it instead.
    pub client_secret_file: Option<PathBuf>,
    /// The refresh token that somebody's consent gave.
    pub refresh_token: Secret,
    /// File that holds it instead.
    pub refresh_token_file: Option<PathBuf>,
    /// Where tokens are issued; empty: the platform's own address.
    pub token_url: String,
}

/// What a conversion action of Google counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GoogleAction {
    /// Clicks: an action that imports conversions from clicks.
    #[default]
    Click,
    /// Calls through a number of Google's own.
    Call,
}

/// Google's Data Manager API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataManager {
    /// The account that owns the conversion action, digits.
    pub account: String,
    /// The account whose access is used, a manager perhaps; empty: the same.
    pub login_account: String,
    /// Id of the conversion action.
    pub conversion_action: String,
    /// What the action counts.
    pub action: GoogleAction,
    /// The credential.
    pub oauth: OAuth,
    /// Where the API is; empty: Google's own address.
    pub base: String,
    /// Version of the API; empty: the one this was made for.
    pub version: String,
}

/// The Google Ads API, for developer tokens that may still upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GoogleAds {
    /// The account that owns the conversion action, digits.
    pub account: String,
    /// The account whose access is used, a manager perhaps; empty: none is named.
    pub login_account: String,
    /// Id of the conversion action.
    pub conversion_action: String,
    /// What the action counts.
    pub action: GoogleAction,
    /// The developer token.
    pub developer_token: Secret,
    /// File that holds it instead.
    pub developer_token_file: Option<PathBuf>,
    /// The credential.
    pub oauth: OAuth,
    /// Where the API is; empty: Google's own address.
    pub base: String,
    /// Version of the API; empty: the one this was made for.
    pub version: String,
}

/// Google Analytics 4, Measurement Protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ga4 {
    /// Id of the data stream, `G-…`.
    pub measurement_id: String,
    /// A secret of the stream.
    pub api_secret: Secret,
    /// File that holds it instead.
    pub api_secret_file: Option<PathBuf>,
    /// Name of the event; empty: `phone_call_` and the conversion's name.
    pub event: String,
    /// Where events go; empty: the global address.
    pub base: String,
}

/// A platform that is told by a pixel (data set, tag, event source, account …) and a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pixel {
    /// Its id at the platform.
    pub pixel: String,
    /// The platform's name of the event; empty: the one for calls or leads.
    pub event: String,
    /// The token that may tell it.
    pub access_token: Secret,
    /// File that holds it instead.
    pub access_token_file: Option<PathBuf>,
    /// What marks test events; sent by `ringtrace postback test` alone.
    pub test_code: String,
    /// Where the API is; empty: the platform's own address.
    pub base: String,
    /// Version of the API; empty: the one this was made for.
    pub version: String,
}

/// LinkedIn: a conversion rule, told with a token that lasts for weeks, or with what renews one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkedIn {
    /// Id of the conversion rule.
    pub pixel: String,
    /// The token that may tell it; somebody has to replace it before it ends.
    pub access_token: Secret,
    /// File that holds it instead.
    pub access_token_file: Option<PathBuf>,
    /// What renews tokens, instead of one.
    pub oauth: Option<OAuth>,
    /// Where the API is; empty: LinkedIn's own address.
    pub base: String,
    /// Version of the API; empty: the one this was made for.
    pub version: String,
}

/// Microsoft Advertising, offline conversions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MicrosoftAds {
    /// Id of the account that owns the goal.
    pub account: String,
    /// Id of the customer (manager account) it belongs to.
    pub customer: String,
    /// Name of the conversion goal.
    pub goal: String,
    /// Whether the caller's number is hashed without its plus sign; Microsoft does not say which it wants.
    pub without_plus: bool,
    /// The developer token.
    pub developer_token: Secret,
    /// File that holds it instead.
    pub developer_token_file: Option<PathBuf>,
    /// The credential.
    pub oauth: OAuth,
    /// Where the API is; empty: Microsoft's own address.
    pub base: String,
    /// Version of the API; empty: the one this was made for.
    pub version: String,
}

/// X: a pixel, told with OAuth 1.0a.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct X {
    /// Id of the pixel.
    pub pixel: String,
    /// Id of the single event, `tw-…`.
    pub event: String,
    /// Key of the application.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: Secret,
    /// File that holds it instead.
    pub consumer_secret_file: Option<PathBuf>,
    /// The user's token.
    pub access_token: Secret,
    /// File that holds it instead.
    pub access_token_file: Option<PathBuf>,
    /// The token's secret.
    pub token_secret: Secret,
    /// File that holds it instead.
    pub token_secret_file: Option<PathBuf>,
    /// Where the API is; empty: X's own address.
    pub base: String,
    /// Version of the API; empty: the one this was made for.
    pub version: String,
}
