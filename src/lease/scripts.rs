//! The Lua scripts, hashed once.

use crate::platform::redis::script::Script;
use crate::visit::opening::OPEN;

const GESTURES: &str = include_str!("lua/gestures.lua");
const POOL: &str = include_str!("lua/pool.lua");

/// Every script of this stage but `beat`. Share it; running one loads it where Redis does not have it.
pub struct Scripts {
    pub(super) acquire: Script,
    pub(super) sweep: Script,
    pub(super) numbers: Script,
    pub(super) claim: Script,
}

/// The script of the beats.
pub(super) fn beat() -> Script {
    joined(&[GESTURES, include_str!("lua/beat.lua")])
}

impl Default for Scripts {
    fn default() -> Self {
        Scripts {
            acquire: joined(&[OPEN, GESTURES, POOL, include_str!("lua/acquire.lua")]),
            sweep: joined(&[POOL, include_str!("lua/sweep.lua")]),
            numbers: joined(&[include_str!("lua/numbers.lua")]),
            claim: joined(&[include_str!("lua/claim.lua")]),
        }
    }
}

fn joined(parts: &[&str]) -> Script {
    Script::new(&parts.join("\n"))
}
