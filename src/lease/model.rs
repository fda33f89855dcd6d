//! What a lease is, and what the scripts answer.

use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::ids::{PageId, PoolId, SessionId, SiteId, TargetId};
use crate::platform::phone::PhoneNumber;

/// How good a number is for attribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Leased to this session alone.
    Own,
    /// Own, but reused before its rest was over.
    Unrested,
    /// Several live sessions hold it.
    Shared,
    /// A static number of the right source.
    Source,
    /// The page was left alone.
    Original,
}

impl Tier {
    /// All of them, best first.
    pub const ALL: [Tier; 5] =
        [Tier::Own, Tier::Unrested, Tier::Shared, Tier::Source, Tier::Original];

    /// The word used in scripts, replies, facts and reports.
    pub fn word(self) -> &'static str {
        match self {
            Tier::Own => "own",
            Tier::Unrested => "unrested",
            Tier::Shared => "shared",
            Tier::Source => "source",
            Tier::Original => "original",
        }
    }

    /// The tier that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Tier::ALL.into_iter().find(|tier| tier.word() == word)
    }
}

/// What a session holds of one pool after `acquire` or `beat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The pool.
    pub pool: PoolId,
    /// The number on the page; `None` with tier `original`.
    pub number: Option<PhoneNumber>,
    /// How good it is.
    pub tier: Tier,
    /// When this session got it.
    pub since: Millis,
    /// Whether this answer is the first of it: the session did not have it before.
    pub is_new: bool,
}

impl Lease {
    /// Whether it is a number of the pool.
    pub fn is_pooled(&self) -> bool {
        matches!(self.tier, Tier::Own | Tier::Unrested | Tier::Shared)
    }
}

/// One sign of life of a page. Its first one may be a view, which is a beat that also asks for a
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageSign {
    /// The page.
    pub page: PageId,
    /// Rises with every message of the page; a message that is not newer changes nothing.
    pub seq: u32,
    /// What the page said.
    pub kind: SignKind,
    /// What the visitor did with numbers on the page.
    pub done: Vec<Done>,
    /// The path of the page, when it is a view of a session that had pages before.
    pub path: Option<String>,
}

/// What a visitor did with a number on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The pool of the number.
    pub pool: PoolId,
    /// What it was.
    pub gesture: Gesture,
    /// Milliseconds since then.
    pub ago_ms: i64,
}

/// What can be done with a number on a page. All of it is evidence that a call is near; a click also
/// keeps the number from others for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// Its `tel:` link was clicked.
    TelClick,
    /// It was copied.
    Copied,
    /// It was pressed long, as phones offer to call or copy it then.
    LongPress,
}

impl Gesture {
    /// All of them, in the order in which scripts keep them.
    pub const ALL: [Gesture; 3] = [Gesture::TelClick, Gesture::Copied, Gesture::LongPress];

    /// The word used in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Gesture::TelClick => "tel_click",
            Gesture::Copied => "copied",
            Gesture::LongPress => "long_press",
        }
    }
}

/// What a page can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignKind {
    /// It was loaded, or came back.
    View,
    /// Still here (visible or hidden).
    Beat,
    /// The page is being unloaded (`pagehide`).
    Leave,
}

impl SignKind {
    /// The word used in scripts and metrics.
    pub fn word(self) -> &'static str {
        match self {
            SignKind::View => "view",
            SignKind::Beat => "beat",
            SignKind::Leave => "leave",
        }
    }
}

/// Who was shown a number, as `holders` remembers it. A live holder's `last_seen` comes from its
/// lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The session.
    pub session: SessionId,
    /// When it got the number.
    pub from: Millis,
    /// Last sign of life.
    pub last_seen: Millis,
    /// How it held the number.
    pub tier: Tier,
    /// When it clicked the number's `tel:` link last, if ever.
    pub tel_click: Option<Millis>,
    /// When it copied the number last, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied: Option<Millis>,
    /// When it pressed the number long last, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_press: Option<Millis>,
    /// Whether the lease still ran when this was read.
    pub live: bool,
    /// When the lease ends or ended, by its last sign of life; 0 when that is not known.
    #[serde(default)]
    pub until: Millis,
    /// The pool of the number.
    pub pool: PoolId,
    /// Path of the page that it had opened last; `None` while that was its first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// The body of a `lease` ledger event: a number was granted, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseFact {
    /// The session.
    pub session: SessionId,
    /// The site.
    pub site: SiteId,
    /// The pool.
    pub pool: PoolId,
    /// The target on the page, when one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetId>,
    /// The number, unless the tier is `original`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// How good it is.
    pub tier: Tier,
}
