//! The Lua scripts, hashed once.

use redis::Script;

use crate::platform::script::HotScript;

/// Every script of this stage. Share it; running one loads it where Redis does not have it.
pub struct Scripts {
    pub(super) beat: HotScript,
    pub(super) acquire: HotScript,
    pub(super) sweep: Script,
    pub(super) numbers: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        let pool = include_str!("lua/pool.lua");
        let behind_pool = |text: &str| format!("{pool}\n{text}");
        Scripts {
            beat: HotScript::new(include_str!("lua/beat.lua").to_owned()),
            acquire: HotScript::new(behind_pool(include_str!("lua/acquire.lua"))),
            sweep: Script::new(&behind_pool(include_str!("lua/sweep.lua"))),
            numbers: Script::new(include_str!("lua/numbers.lua")),
        }
    }
}
