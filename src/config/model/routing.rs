//! Where calls go: rules that choose a route, and the routes.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Condition, ConditionField};
use crate::call::answer::Target;
use crate::platform::ids::{HoursId, RouteId, RuleId};
use crate::platform::phone::PhoneNumber;

/// Where the calls of a site go. Without rules all are forwarded to `forward_to`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// BCP 47 language of all texts that are spoken; empty: the provider's own.
    pub language: String,
    /// Days on which business hours are closed: `2026-12-25`, or `12-25` for every year.
    pub holidays: Vec<String>,
    /// Business hours.
    pub hours: Vec<Hours>,
    /// What is said before a conversation is recorded, by where the caller is.
    pub notices: Vec<Notice>,
    /// What can be done with a call.
    pub routes: Vec<RouteEntry>,
    /// Which route a call takes: the first rule that holds.
    pub rules: Vec<RouteRule>,
}

/// Business hours in the site's time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Their id.
    pub id: HoursId,
    /// When it is open: `mon-fri 09:00-17:30`, `sat,sun 22:00-02:00`.
    pub open: Vec<String>,
    /// Whether holidays are days as all others.
    #[serde(default)]
    pub on_holidays: bool,
}

/// What is said before a conversation is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// A text to speak, or the `https://` URL of a sound file to play.
    pub prompt: String,
    /// Where the caller is: `US`, `US-CA`, `+1415`, `GB/london`; empty: anywhere.
    #[serde(default)]
    pub places: Vec<String>,
    /// BCP 47 language of the text; empty: that of the site's routing.
    #[serde(default)]
    pub language: String,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// Its id, shown with the calls that it decided.
    pub id: RuleId,
    /// Providers whose calls it is for; empty: all.
    #[serde(default)]
    pub providers: Vec<String>,
    /// What must hold, all of it; nothing: always.
    #[serde(default)]
    pub when: Vec<Condition<CallField>>,
    /// The route that the call takes.
    pub route: RouteId,
}

/// What a condition on a call looks at; a text that a call does not have is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallField {
    /// Source of the visit behind the call, or of the static number.
    Source,
    /// Medium.
    Medium,
    /// Campaign name.
    Campaign,
    /// Campaign id.
    CampaignId,
    /// Keyword.
    Term,
    /// Content.
    Content,
    /// The channel that reports show.
    Channel,
    /// The platform that a click id proves.
    ClickPlatform,
    /// Host of the landing page.
    LandingHost,
    /// The landing page, as reports show it.
    LandingPage,
    /// The number that was called, E.164.
    Number,
    /// The pool of that number.
    Pool,
    /// The caller's number, E.164.
    Caller,
    /// ISO 3166-1 alpha-2 country of the caller.
    CallerCountry,
    /// ISO 3166-2 subdivision of the caller, without the country.
    CallerRegion,
    /// City of the caller.
    CallerCity,
    /// North American area code of the caller: `+1415`.
    CallerArea,
    /// `first`, `repeat` or `anonymous`.
    CallerKind,
    /// What the network vouches for: `A`, `B`, `C`, `failed` or `none`.
    Attestation,
    /// The ids of all business hours that are open.
    Hours,
    /// `mon` to `sun` in the site's time zone.
    Weekday,
    /// `0` to `23`.
    Hour,
    /// `2026-12-25`.
    Date,
    /// `yes` or `no`.
    Holiday,
}

impl ConditionField for CallField {
    fn is_named(self) -> bool {
        false
    }
}

/// What can be done with a call. `serde` cannot refuse unknown keys next to `flatten`; the schema does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteEntry {
    /// Its id.
    pub id: RouteId,
    /// BCP 47 language of its texts; empty: that of the site's routing.
    #[serde(default)]
    pub language: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: RouteKind,
}

/// Kinds of routes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RouteKind {
    /// Connects the caller with somebody.
    Dial(DialRoute),
    /// Asks the caller for a key.
    Menu(MenuRoute),
    /// Records a message.
    Voicemail(VoicemailRoute),
    /// Turns the call away.
    Reject(RejectRoute),
    /// Goes on by where the caller is.
    Area(AreaRoute),
}

/// Whom to connect the caller with, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialRoute {
    /// The destinations; at least one.
    pub to: Vec<Destined>,
    /// How they ring.
    #[serde(default)]
    pub order: RingOrder,
    /// Whether a caller is offered first to the destination that they talked to last.
    #[serde(default)]
    pub last_agent: bool,
    /// Most destinations, or groups that ring together, that are tried.
    #[serde(default)]
    pub tries: Option<u32>,
    /// How long one rings; absent: the site's `ring_timeout`.
    #[serde(default)]
    pub ring: Option<SignedDuration>,
    /// Business hours outside of which it is closed.
    #[serde(default)]
    pub hours: Option<HoursId>,
    /// The route that is taken when it is closed.
    #[serde(default)]
    pub closed: Option<RouteId>,
    /// The route that is taken when nobody takes the call, or all destinations have enough.
    #[serde(default)]
    pub otherwise: Option<RouteId>,
    /// What the caller hears first: a text, or the URL of a sound file.
    #[serde(default)]
    pub greeting: String,
    /// What the person who answers hears first, with variables in braces.
    #[serde(default)]
    pub whisper: String,
    /// Whether they must press 1 to take the call.
    #[serde(default)]
    pub accept: bool,
    /// What the destination sees as the caller; absent: the caller's number where the provider can.
    #[serde(default)]
    pub caller_id: Option<CallerId>,
    /// Whether the conversation is recorded.
    #[serde(default)]
    pub record: RecordMode,
}

/// Somebody to dial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destined {
    /// A phone number in E.164, or a SIP address.
    pub address: Target,
    /// Their name on screen; empty: the address.
    #[serde(default)]
    pub name: String,
    /// How often they come first, against the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// Most calls that ring there on one day of the site's calendar.
    #[serde(default)]
    pub per_day: Option<u32>,
    /// Most calls there at a time.
    #[serde(default)]
    pub at_a_time: Option<u32>,
}

/// How destinations ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingOrder {
    /// All at once.
    #[default]
    AtOnce,
    /// One after the other.
    InTurn,
    /// One after the other, in an order drawn by their weights.
    Weighted,
    /// One after the other, each call beginning with the one after the last call's.
    RoundRobin,
}

/// What the destination sees as the caller: `caller`, `called`, or a number of yours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CallerId {
    /// The caller's own number.
    Caller,
    /// The number that was called.
    Called,
    /// This number.
    Number(PhoneNumber),
}

impl TryFrom<String> for CallerId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        match text.as_str() {
            "caller" => Ok(CallerId::Caller),
            "called" => Ok(CallerId::Called),
            number => {
                let number = number.parse().map(CallerId::Number);
                number.map_err(|_| "neither `caller`, `called` nor a phone number in E.164")
            }
        }
    }
}

impl From<CallerId> for String {
    fn from(id: CallerId) -> String {
        match id {
            CallerId::Caller => "caller".to_owned(),
            CallerId::Called => "called".to_owned(),
            CallerId::Number(number) => number.into(),
        }
    }
}

/// Whether a conversation is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordMode {
    /// It is not.
    #[default]
    Off,
    /// Both sides in one channel.
    On,
    /// Each side in a channel of its own.
    Dual,
}

/// A menu of keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MenuRoute {
    /// What the caller hears: a text, or the URL of a sound file.
    pub prompt: String,
    /// What the keys do.
    pub choices: Vec<Choice>,
    /// How long the caller has for a key.
    #[serde(default = "key_timeout")]
    pub timeout: SignedDuration,
    /// How often the caller is asked.
    #[serde(default = "two")]
    pub tries: u32,
    /// The route that is taken without a key of the menu; absent: `forward_to`.
    #[serde(default)]
    pub otherwise: Option<RouteId>,
}

/// A key of a menu.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// `0` to `9` or `*`.
    pub key: String,
    /// The route that it takes.
    pub route: RouteId,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoicemailRoute {
    /// What the caller hears first: a text, or the URL of a sound file.
    pub prompt: String,
    /// Longest message.
    #[serde(default = "two_minutes")]
    pub longest: SignedDuration,
}

/// A call that is turned away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectRoute {
    /// What the caller hears.
    #[serde(default)]
    pub reason: RejectReason,
}

/// What a caller hears who is turned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RejectReason {
    /// The line is busy.
    #[default]
    Busy,
    /// The call is not taken.
    Declined,
    /// The call just ends.
    Hangup,
}

/// Routes by where the caller is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AreaRoute {
    /// The places; the narrowest that the caller is in counts.
    pub places: Vec<PlaceRoute>,
    /// The route of everybody else; absent: `forward_to`.
    #[serde(default)]
    pub otherwise: Option<RouteId>,
}

/// The route of one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceRoute {
    /// `+1415`, `US-CA`, `GB/london`, `GB`.
    pub place: String,
    /// The route that is taken there.
    pub route: RouteId,
}

impl Destined {
    /// Whether it takes only so many calls.
    pub fn is_capped(&self) -> bool {
        self.per_day.is_some() || self.at_a_time.is_some()
    }
}

impl Routing {
    /// The route with this id.
    pub fn route(&self, id: &RouteId) -> Option<&RouteEntry> {
        self.routes.iter().find(|route| &route.id == id)
    }
}

impl RouteKind {
    /// Whom it dials.
    pub fn destinations(&self) -> &[Destined] {
        match self {
            RouteKind::Dial(dial) => &dial.to,
            _ => &[],
        }
    }

    /// The routes that may follow, each with the path of the key that names it.
    pub fn leads_to(&self) -> Vec<(String, &RouteId)> {
        match self {
            RouteKind::Dial(dial) => {
                let named = [named("closed", &dial.closed), named("otherwise", &dial.otherwise)];
                named.into_iter().flatten().collect()
            }
            RouteKind::Menu(menu) => {
                let choices = menu.choices.iter().enumerate();
                let choices = choices.map(|(i, of)| (format!("choices[{i}].route"), &of.route));
                choices.chain(named("otherwise", &menu.otherwise)).collect()
            }
            RouteKind::Area(area) => {
                let places = area.places.iter().enumerate();
                let places = places.map(|(i, of)| (format!("places[{i}].route"), &of.route));
                places.chain(named("otherwise", &area.otherwise)).collect()
            }
            RouteKind::Voicemail(_) | RouteKind::Reject(_) => Vec::new(),
        }
    }
}

fn one() -> u32 {
    1
}
fn two() -> u32 {
    2
}
fn key_timeout() -> SignedDuration {
    SignedDuration::from_secs(6)
}
fn two_minutes() -> SignedDuration {
    SignedDuration::from_mins(2)
}

fn named<'a>(name: &str, id: &'a Option<RouteId>) -> Option<(String, &'a RouteId)> {
    Some((name.to_owned(), id.as_ref()?))
}
