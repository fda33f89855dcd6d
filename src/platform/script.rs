//! Lua scripts of the hot paths: a call is written straight into the command that Redis gets, since
//! its keys and arguments are most of what such a path would allocate.

use redis::{Cmd, ErrorKind, FromRedisValue, ServerErrorKind, ToRedisArgs};

use crate::platform::redis::{Redis, StoreError};

/// A script and its SHA-1.
pub struct HotScript {
    text: String,
    sha: String,
}

/// `EVALSHA` of one script with its keys, then its arguments.
pub struct HotCall<'a> {
    script: &'a HotScript,
    command: Cmd,
}

impl HotScript {
    /// A script of this text.
    pub fn new(text: String) -> Self {
        let sha = redis::Script::new(&text).get_hash().to_owned();
        HotScript { text, sha }
    }

    /// A call with so many keys: they come first, then the arguments.
    pub fn call(&self, keys: usize) -> HotCall<'_> {
        let mut command = Cmd::with_capacity(keys + 24, 64 * (keys + 8));
        command.arg("EVALSHA").arg(&self.sha).arg(keys);
        HotCall { script: self, command }
    }
}

impl HotCall<'_> {
    /// Adds a key or an argument.
    pub fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.command.arg(arg);
        self
    }

    /// Runs it in one round trip; a Redis that does not know the script (it was restarted, or
    /// failed over) is told it first. `what` names the work in errors.
    pub async fn run<T: FromRedisValue>(
        &self,
        redis: &Redis,
        what: &'static str,
    ) -> Result<T, StoreError> {
        match redis.command(what, &self.command).await {
            Err(StoreError::Refused { source, .. }) if is_unknown(&source) => {
                let mut load = redis::cmd("SCRIPT");
                load.arg("LOAD").arg(&self.script.text);
                redis.command::<String>(what, &load).await?;
                redis.command(what, &self.command).await
            }
            answered => answered,
        }
    }
}

fn is_unknown(error: &redis::RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
