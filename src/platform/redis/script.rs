//! Lua scripts, run by their hash.
//!
//! On a Redis Cluster every script declares one key more, which never exists. While a slot moves
//! from one node to another, Redis then answers TRYAGAIN instead of running a script on the half of
//! its keys that it still has: a script may touch keys that only it can know, and one that stops in
//! the middle has half written. The script itself never sees that key.

use redis::{Cmd, ToRedisArgs};
use sha1::{Digest, Sha1};

/// First line of a script on a cluster: forgets the key that never exists.
const FORGET_LAST_KEY: &str = "KEYS[#KEYS] = nil\n";

/// A script, hashed once. Share it; running one loads it where Redis does not have it.
#[derive(Debug)]
pub struct Script {
    plain: Code,
    guarded: Code,
}

#[derive(Debug)]
struct Code {
    text: String,
    sha: String,
}

impl Code {
    fn new(text: String) -> Self {
        let sha = hex::encode(Sha1::digest(text.as_bytes()));
        Code { text, sha }
    }
}

impl Script {
    /// The script with this text.
    pub fn new(text: &str) -> Self {
        let guarded = Code::new(format!("{FORGET_LAST_KEY}{text}"));
        Script { plain: Code::new(text.to_owned()), guarded }
    }

    /// A call without keys and arguments yet.
    pub fn prepare_invoke(&self) -> Invocation<'_> {
        Invocation { script: self, keys: Vec::new(), args: Vec::new() }
    }

    /// A call with its first key.
    pub fn key(&self, key: impl ToRedisArgs) -> Invocation<'_> {
        let mut call = self.prepare_invoke();
        call.key(key);
        call
    }
}

/// One call of a script. All its keys carry one hash tag.
#[derive(Debug)]
pub struct Invocation<'a> {
    script: &'a Script,
    keys: Vec<Vec<u8>>,
    args: Vec<Vec<u8>>,
}

impl Invocation<'_> {
    /// Adds a key: the next of `KEYS`.
    pub fn key(&mut self, key: impl ToRedisArgs) -> &mut Self {
        key.write_redis_args(&mut self.keys);
        self
    }

    /// Adds an argument: the next of `ARGV`.
    pub fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        arg.write_redis_args(&mut self.args);
        self
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().map(Vec::as_slice)
    }

    /// The call by hash. `guard`: the key that never exists, on a cluster.
    pub(super) fn by_hash(&self, guard: Option<&str>) -> Cmd {
        self.command("EVALSHA", &self.code(guard).sha, guard)
    }

    /// The call with the whole text, which Redis keeps for the next one.
    pub(super) fn by_text(&self, guard: Option<&str>) -> Cmd {
        self.command("EVAL", &self.code(guard).text, guard)
    }

    fn code(&self, guard: Option<&str>) -> &Code {
        if guard.is_some() { &self.script.guarded } else { &self.script.plain }
    }

    fn command(&self, name: &str, code: &str, guard: Option<&str>) -> Cmd {
        let keys = self.keys.len() + usize::from(guard.is_some());
        let bytes: usize = self.keys.iter().chain(&self.args).map(Vec::len).sum();
        let mut command = Cmd::with_capacity(3 + keys + self.args.len(), code.len() + bytes + 64);
        command.arg(name).arg(code).arg(keys).arg(&self.keys);
        if let Some(guard) = guard {
            command.arg(guard);
        }
        command.arg(&self.args);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Cmd) -> Vec<String> {
        let text = |arg| match arg {
            redis::Arg::Simple(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        command.args_iter().map(text).collect()
    }

    #[test]
    fn a_cluster_gets_one_key_more_and_the_script_does_not_see_it() {
        let script = Script::new("return KEYS[1]");
        let mut call = script.key("a");
        call.arg(7);
        // What `SCRIPT LOAD "return KEYS[1]"` answers.
        let sha = "4a2267357833227dd98abdedb8cf24b15a986445";
        assert_eq!(words(&call.by_hash(None)), ["EVALSHA", sha, "1", "a", "7"]);
        let guarded = words(&call.by_text(Some("none")));
        assert_eq!(guarded, ["EVAL", "KEYS[#KEYS] = nil\nreturn KEYS[1]", "2", "a", "none", "7"]);
        assert_ne!(words(&call.by_hash(Some("none")))[1], sha);
    }
}
