//! Where a call was sent, step by step: kept on the call, shown to people, and said again when a
//! webhook comes twice.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::answer::Target;
use crate::platform::clock::Millis;
use crate::platform::ids::{RouteId, RuleId};

/// The steps of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Whom the caller talked to before this call: `+…` or `sip:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// In order of their hops, each hop once.
    pub steps: Vec<RouteStep>,
}

/// One step: what was decided, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteStep {
    /// 1 for what happened when the call arrived.
    pub hop: u8,
    /// When it was decided.
    pub at: Millis,
    /// Why.
    pub why: Why,
    /// The rule that held, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The route that was taken; `None`: the number's fail-safe, or the spam screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteId>,
    /// What is done.
    pub action: Action,
    /// Who is dialled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Whether they ring one after the other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_turn: bool,
    /// Said without Redis: nobody was asked who calls, and no turn or cap was counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blind: bool,
    /// Routes before it whose destinations all had enough calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full: Vec<RouteId>,
    /// What its messages bring back; empty: nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
}

/// What is done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Somebody is dialled.
    Dial,
    /// The caller is asked for a key.
    Menu,
    /// A message is recorded.
    Voicemail,
    /// The call is turned away.
    Reject,
    /// An unwanted caller is asked for a key.
    Challenge,
}

impl Action {
    /// The word in metrics and tables.
    pub fn word(self) -> &'static str {
        match self {
            Action::Dial => "dial",
            Action::Menu => "menu",
            Action::Voicemail => "voicemail",
            Action::Reject => "reject",
            Action::Challenge => "challenge",
        }
    }
}

/// Why a step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A rule held.
    Rule,
    /// No rule did.
    NoRule,
    /// The route's business hours are over.
    Closed,
    /// By where the caller is.
    Area,
    /// All destinations before had enough calls.
    Full,
    /// Nobody took the dial before.
    NotTaken,
    /// The caller pressed a key of the menu.
    Key,
    /// The caller pressed none, or one that the menu does not have.
    NoKey,
    /// The spam screen.
    Spam,
    /// The configuration has no such route any more.
    Gone,
    /// Redis could not be asked in time: the call went to the fail-safe of its number.
    FailSafe,
}

impl Why {
    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Why::Rule => "rule",
            Why::NoRule => "no_rule",
            Why::Closed => "closed",
            Why::Area => "area",
            Why::Full => "full",
            Why::NotTaken => "not_taken",
            Why::Key => "key",
            Why::NoKey => "no_key",
            Why::Spam => "spam",
            Why::Gone => "gone",
            Why::FailSafe => "fail_safe",
        }
    }
}

impl Route {
    /// The step of this hop.
    pub fn step(&self, hop: u8) -> Option<&RouteStep> {
        self.steps.iter().find(|step| step.hop == hop)
    }

    /// The last step.
    pub fn last(&self) -> Option<&RouteStep> {
        self.steps.last()
    }

    /// Adds a step, unless its hop has one.
    pub fn add(&mut self, step: RouteStep) {
        let at = self.steps.partition_point(|known| known.hop < step.hop);
        if self.steps.get(at).is_none_or(|known| known.hop != step.hop) {
            self.steps.insert(at, step);
        }
    }

    /// Puts in a step that was said without Redis. It is what the caller heard, whatever was decided for
    /// its hop and came too late; of two the earlier one stays, so that their order does not matter.
    pub fn tell(&mut self, step: RouteStep) {
        let step = RouteStep { blind: true, ..step };
        match self.steps.iter_mut().find(|known| known.hop == step.hop) {
            Some(known) if known.blind && known.at <= step.at => {}
            Some(known) => *known = step,
            None => self.add(step),
        }
    }

    /// Whether the call was turned away in the end.
    pub fn is_rejected(&self) -> bool {
        self.last().is_some_and(|step| step.action == Action::Reject)
    }

    /// The rule that decided it.
    pub fn rule(&self) -> Option<&RuleId> {
        self.steps.iter().find_map(|step| step.rule.as_ref())
    }
}
