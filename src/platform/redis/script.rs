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
        let few = || Cmd::with_capacity(16, 512);
        Invocation { script: self, keys: few(), args: few() }
    }

    /// A call with its first key.
    pub fn key(&self, key: impl ToRedisArgs) -> Invocation<'_> {
        let mut call = self.prepare_invoke();
        call.key(key);
        call
    }
}

/// One call of a script. All its keys carry one hash tag.
pub struct Invocation<'a> {
    script: &'a Script,
    /// No commands yet: each keeps its words in one piece of memory, and scripts have many words.
    keys: Cmd,
    args: Cmd,
}

impl Invocation<'_> {
    /// Adds a key: the next of `KEYS`.
    pub fn key(&mut self, key: impl ToRedisArgs) -> &mut Self {
        self.keys.arg(key);
        self
    }

    /// Adds an argument: the next of `ARGV`.
    pub fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.args.arg(arg);
        self
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        words(&self.keys)
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
        let all = || words(&self.keys).chain(words(&self.args));
        let (count, bytes) = all().fold((4, 64), |(n, bytes), word| (n + 1, bytes + word.len()));
        let mut command = Cmd::with_capacity(count, code.len() + bytes);
        let keys = words(&self.keys).count() + usize::from(guard.is_some());
        command.arg(name).arg(code).arg(keys);
        words(&self.keys).chain(guard.map(str::as_bytes)).chain(words(&self.args)).for_each(
            |word| {
                command.arg(word);
            },
        );
        command
    }
}

fn words(list: &Cmd) -> impl Iterator<Item = &[u8]> {
    list.args_iter().filter_map(|word| match word {
        redis::Arg::Simple(bytes) => Some(bytes),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(command: &Cmd) -> Vec<String> {
        words(command).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    #[test]
    fn a_cluster_gets_one_key_more_and_the_script_does_not_see_it() {
        let script = Script::new("return KEYS[1]");
        let mut call = script.key("a");
        call.arg(7);
        // What `SCRIPT LOAD "return KEYS[1]"` answers.
        let sha = "4a2267357833227dd98abdedb8cf24b15a986445";
        assert_eq!(texts(&call.by_hash(None)), ["EVALSHA", sha, "1", "a", "7"]);
        let guarded = texts(&call.by_text(Some("none")));
        assert_eq!(guarded, ["EVAL", "KEYS[#KEYS] = nil\nreturn KEYS[1]", "2", "a", "none", "7"]);
        assert_ne!(texts(&call.by_hash(Some("none")))[1], sha);
    }
}
