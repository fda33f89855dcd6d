//! The messages of `docs/protocol.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::model::{Capability, Mode};
use crate::http::problem::Problem;
use crate::lease::model::{Gesture, SignKind, Tier};
use crate::lease::pages::{LeaseWhenReply, SettingsReply};
use crate::lease::told;
use crate::platform::ids::{PageId, TargetId};
use crate::platform::phone::PhoneNumber;
use crate::visit::learnt::{MAX_IDS, MAX_TAGS};
use crate::visit::model::{Consent, NoNumberReason};

/// The version of the protocol that this program speaks.
pub const PROTOCOL_VERSION: u32 = 1;

const MAX_URL: usize = 4096;
const MAX_REFERRER: usize = 2048;
const MAX_TOKEN: usize = 512;
const MAX_SHOWN: usize = 64;
const MAX_COOKIES: usize = 32;
const MAX_COOKIE: usize = 1024;
const MAX_ID_NAME: usize = 32;
const MAX_ID: usize = 128;
const MAX_TAG: usize = 64;

/// `POST /v1/lease`: a page view.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LeaseRequest {
    v: u32,
    /// The site's public key.
    pub key: String,
    /// The loaded page.
    #[schema(value_type = String)]
    pub page: PageId,
    /// Rises with every message of the page, from 1.
    pub seq: u32,
    /// `location.href`
    pub url: String,
    /// `document.referrer`
    #[serde(default)]
    pub referrer: Option<String>,
    /// Whether a number is wanted.
    #[serde(default)]
    pub want: Want,
    /// The session token last received.
    #[serde(default)]
    pub session: Option<String>,
    /// The visitor token last received.
    #[serde(default)]
    pub visitor: Option<String>,
    /// The link token that the page's address had; one that is not good is ignored.
    #[serde(default)]
    pub link: Option<String>,
    /// What the visitor allowed; absent: what was said before, at first what holds by default.
    #[serde(default)]
    pub consent: Option<WireConsent>,
    /// First-party cookies of advertising tags, `name=value` each; only with consent to ads.
    #[serde(default, deserialize_with = "told::cookies")]
    #[schema(value_type = Vec<String>)]
    pub cookies: BTreeMap<String, String>,
    /// Ids of other systems that the page told of its visitor; kept only with consent to analytics.
    #[serde(default, deserialize_with = "told::ids")]
    pub ids: BTreeMap<String, String>,
    /// Tags that the page gave its visit.
    #[serde(default, deserialize_with = "told::tags")]
    pub tags: Vec<String>,
    /// The page is being prerendered.
    #[serde(default)]
    pub prerender: bool,
    /// The tracking numbers that are on the page already.
    #[serde(default)]
    #[schema(value_type = HashMap<String, String>)]
    pub shown: Shown,
}

/// The tracking number that a page shows for each target.
pub type Shown = BTreeMap<TargetId, PhoneNumber>;

/// Whether a page wants a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// Lease one.
    #[default]
    Now,
    /// As the site's `lease_when` says.
    Auto,
    /// Only count the page view; a number may be asked for later.
    Later,
    /// Only count the page view.
    None,
}

/// What the visitor allowed.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub struct WireConsent {
    /// A visitor id may be kept.
    #[serde(default)]
    pub analytics: bool,
    /// Conversions may be sent to ad platforms.
    #[serde(default)]
    pub ads: bool,
}

impl From<WireConsent> for Consent {
    fn from(wire: WireConsent) -> Self {
        Consent { analytics: wire.analytics, ads: wire.ads }
    }
}

/// `POST /v1/beat`: a sign of life.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BeatRequest {
    v: u32,
    /// The site's public key.
    pub key: String,
    /// The newest session token.
    pub session: String,
    /// The loaded page.
    #[schema(value_type = String)]
    pub page: PageId,
    /// Rises with every message of the page.
    pub seq: u32,
    /// Still here, or leaving.
    pub kind: WireKind,
    /// The tracking numbers that are on the page.
    #[serde(default)]
    #[schema(value_type = HashMap<String, String>)]
    pub shown: Shown,
    /// A `tel:` link was clicked.
    #[serde(default)]
    pub tel_click: Option<WireGesture>,
    /// The number was copied.
    #[serde(default)]
    pub copied: Option<WireGesture>,
    /// The number was pressed long.
    #[serde(default)]
    pub long_press: Option<WireGesture>,
    /// Ids of other systems that the page told of its visitor; kept only with consent to analytics.
    #[serde(default, deserialize_with = "told::ids")]
    pub ids: BTreeMap<String, String>,
    /// Tags that the page gave its visit.
    #[serde(default, deserialize_with = "told::tags")]
    pub tags: Vec<String>,
}

/// What a beat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WireKind {
    /// Still here.
    Beat,
    /// `pagehide`.
    Leave,
}

impl From<WireKind> for SignKind {
    fn from(wire: WireKind) -> Self {
        match wire {
            WireKind::Beat => SignKind::Beat,
            WireKind::Leave => SignKind::Leave,
        }
    }
}

/// Something that the visitor did with a number.
#[derive(Debug, Deserialize, ToSchema)]
pub struct WireGesture {
    /// The target whose number it was.
    #[schema(value_type = String)]
    pub target: TargetId,
    /// Milliseconds since then.
    pub ago_ms: f64,
}

/// What both routes answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reply<'a> {
    /// 1.
    pub v: u32,
    /// The session token from now on; absent when there is no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The plain id of the session, as the API shows it; present whenever `session` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The visitor token; absent without consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
    /// What may be stored on the device.
    pub mode: Mode,
    /// A token for links to the site's other hosts; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What the snippet does on this site; what is absent is as on every site.
    #[serde(flatten)]
    pub settings: &'a SettingsReply,
    /// When a page that got `not_wanted` asks for a number; absent from all other replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_when: Option<LeaseWhenReply>,
    /// Seconds between two beats of a visible page.
    pub beat_s: u32,
    /// Seconds that a number stays leased after the last sign of life.
    pub hold_s: u32,
    /// Every target of the site, in the configured order.
    pub targets: Vec<TargetReply<'a>>,
}

/// One target.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetReply<'a> {
    /// The target.
    pub id: &'a str,
    /// The business number, E.164.
    pub number: &'a str,
    /// How pages may write it, longest first.
    pub forms: &'a [FormReply],
    /// How good the tracking number is.
    pub tier: Tier,
    /// The number to show; absent with tier `original`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<TrackingReply<'a>>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<NoNumberReason>,
}

/// Digits, or letters and digits, by which a page may write the business number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FormReply {
    /// The digits; of a form with letters those that it stands for.
    pub digits: String,
    /// The form as it is written, upper-case letters and digits only; absent when it is `digits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letters: Option<String>,
    /// In which form the number to show replaces it.
    pub form: Form,
}

impl FormReply {
    /// Whether pages that write `other` write this one.
    pub(super) fn is_same_text(&self, other: &Self) -> bool {
        let text = |form: &Self| form.letters.clone().unwrap_or_else(|| form.digits.clone());
        text(self) == text(other)
    }
}

/// The ways to write a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// With country code.
    International,
    /// As dialled inside the country.
    National,
    /// Without country code and trunk prefix.
    Significant,
}

/// The number to show.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrackingReply<'a> {
    /// E.164.
    pub number: Cow<'a, str>,
    /// Written with country code.
    pub international: Cow<'a, str>,
    /// Written as dialled inside the country.
    pub national: Cow<'a, str>,
    /// Its digits in each form that occurs in `forms`.
    pub digits: Digits<'a>,
    /// Written with letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vanity: Option<String>,
    /// What it takes besides calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// Digits of the tracking number by form.
#[derive(Debug, Serialize, ToSchema)]
pub struct Digits<'a> {
    /// With country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub international: Option<Cow<'a, str>>,
    /// As dialled inside the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national: Option<Cow<'a, str>>,
    /// Without country code and trunk prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub significant: Option<Cow<'a, str>>,
}

impl LeaseRequest {
    /// What a page that says nothing else asks when it is loaded.
    pub(super) fn of_page(
        key: String,
        page: PageId,
        url: String,
        referrer: Option<String>,
    ) -> Result<Self, Problem> {
        bounded("url", Some(&url), MAX_URL)?;
        bounded("referrer", referrer.as_deref(), MAX_REFERRER)?;
        Ok(LeaseRequest {
            v: PROTOCOL_VERSION,
            key,
            page,
            seq: 1,
            url,
            referrer,
            want: Want::Now,
            session: None,
            visitor: None,
            link: None,
            consent: None,
            cookies: BTreeMap::new(),
            ids: BTreeMap::new(),
            tags: Vec::new(),
            prerender: false,
            shown: Shown::new(),
        })
    }

    /// Reads a body, whatever its content type says.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut request: LeaseRequest = json(body)?;
        version(request.v)?;
        bounded("url", Some(&request.url), MAX_URL)?;
        bounded("referrer", request.referrer.as_deref(), MAX_REFERRER)?;
        bounded("session", request.session.as_deref(), MAX_TOKEN)?;
        bounded("visitor", request.visitor.as_deref(), MAX_TOKEN)?;
        few("shown", request.shown.len(), MAX_SHOWN)?;
        keep_good(&mut request.cookies, MAX_COOKIES, |_, value| fits(value, MAX_COOKIE));
        keep_labels(&mut request.ids, &mut request.tags);
        Ok(request)
    }
}

impl BeatRequest {
    /// What the visitor did, each at most once.
    pub(super) fn gestures(&self) -> impl Iterator<Item = (Gesture, &WireGesture)> {
        let told = [&self.tel_click, &self.copied, &self.long_press];
        Gesture::ALL.into_iter().zip(told).filter_map(|(kind, told)| Some((kind, told.as_ref()?)))
    }

    /// Reads a body, whatever its content type says.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut request: BeatRequest = json(body)?;
        version(request.v)?;
        bounded("session", Some(&request.session), MAX_TOKEN)?;
        few("shown", request.shown.len(), MAX_SHOWN)?;
        keep_labels(&mut request.ids, &mut request.tags);
        Ok(request)
    }
}

/// Keeps of what a page told on its own account what the contract allows: a page that tells more
/// must not lose its number for it.
fn keep_labels(ids: &mut BTreeMap<String, String>, tags: &mut Vec<String>) {
    let is_name = |name: &str| {
        let may_stand = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        (1..=MAX_ID_NAME).contains(&name.len()) && name.bytes().all(may_stand)
    };
    keep_good(ids, MAX_IDS, |name, value| {
        is_name(name) && !value.is_empty() && fits(value, MAX_ID)
    });
    tags.truncate(MAX_TAGS);
    for tag in tags {
        *tag = tag.chars().take(MAX_TAG).collect();
    }
}

/// Keeps the first `max` entries that are good.
fn keep_good(
    entries: &mut BTreeMap<String, String>,
    max: usize,
    is_good: impl Fn(&str, &str) -> bool,
) {
    let mut left = max;
    entries.retain(|name, value| {
        let keeps = left > 0 && is_good(name, value);
        left -= usize::from(keeps);
        keeps
    });
}

/// Whether a text has at most `max` characters, as JavaScript counts them.
fn fits(text: &str, max: usize) -> bool {
    text.encode_utf16().count() <= max
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| Problem::BadRequest(format!("the body: {e}")))
}

fn version(v: u32) -> Result<(), Problem> {
    if v == PROTOCOL_VERSION {
        return Ok(());
    }
    Err(Problem::BadRequest(format!("`v` must be {PROTOCOL_VERSION}")))
}

fn few(what: &str, count: usize, max: usize) -> Result<(), Problem> {
    if count <= max {
        return Ok(());
    }
    Err(Problem::BadRequest(format!("`{what}` has more than {max} entries")))
}

fn bounded(what: &str, text: Option<&str>, max: usize) -> Result<(), Problem> {
    match text {
        Some(text) if !fits(text, max) => {
            Err(Problem::BadRequest(format!("`{what}` is longer than {max} characters")))
        }
        _ => Ok(()),
    }
}
