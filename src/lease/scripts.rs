//! The Lua scripts, hashed once.

use crate::platform::redis::script::Script;

/// Every script of this stage. Share it; running one loads it where Redis does not have it.
pub struct Scripts {
    pub(super) acquire: Script,
    pub(super) sweep: Script,
    pub(super) numbers: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        let pool = include_str!("lua/pool.lua");
        let behind_pool = |text: &str| Script::new(&format!("{pool}\n{text}"));
        Scripts {
            acquire: behind_pool(include_str!("lua/acquire.lua")),
            sweep: behind_pool(include_str!("lua/sweep.lua")),
            numbers: Script::new(include_str!("lua/numbers.lua")),
        }
    }
}
