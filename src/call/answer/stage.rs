//! Which dial of a call a message is about: the head of a step's mark.
//!
//! A call may be dialled several times: in turn, after a menu, as a last resort. The steps of a call are
//! counted from 1; a mark begins with that count, and with `+` when something follows a dial that
//! nobody takes: `2+.sales`. Marks of other forms, and none, say nothing of it.

use serde::{Deserialize, Serialize};

/// Most steps that one call takes.
pub const MAX_HOPS: u8 = 24;

/// A step's place among those of its call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stage {
    /// 1 for the first step; 0: not told.
    #[serde(rename = "n")]
    pub hop: u8,
    /// Whether something follows when nobody takes this dial: then its end is not the call's.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl Stage {
    /// What the head of `mark` says.
    pub fn of_mark(mark: &str) -> Self {
        let Some((head, _)) = mark.split_once('.') else { return Stage::default() };
        let (count, more) = head.strip_suffix('+').map_or((head, false), |count| (count, true));
        match count.parse() {
            Ok(hop @ 1..=MAX_HOPS) => Stage { hop, more },
            _ => Stage::default(),
        }
    }

    /// Whether nothing is told.
    pub fn is_unknown(&self) -> bool {
        self.hop == 0
    }
}

/// As marks begin: `2`, `2+`.
impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.hop, if self.more { "+" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_mark_tells_the_step_and_other_marks_tell_nothing() {
        for (hop, more) in [(1, false), (2, true), (MAX_HOPS, true)] {
            let stage = Stage { hop, more };
            assert_eq!(Stage::of_mark(&format!("{stage}.sales.1")), stage);
        }
        for other in ["", "sales", "0.sales", "25.sales", "-1.x", "1", "+.x", "1++.x", "999.x"] {
            assert!(Stage::of_mark(other).is_unknown(), "{other}");
        }
    }
}
