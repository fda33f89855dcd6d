//! Why Redis did not do what it was asked, and whether it can at all just now.

use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why Redis did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis is down, slow, full, loading, read-only or moving the data; the caller takes its
    /// fallback. The breaker may have answered without asking.
    #[error("Redis is not available: {0}")]
    Unavailable(String),
    /// Redis answered, and the answer is an error or not of the expected shape: a bug, not a fault.
    #[error("Redis refused {what}: {source}")]
    Refused {
        /// What was being tried.
        what: &'static str,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// What was stored cannot be read.
    #[error("cannot read what Redis holds for {what}: {why}")]
    Unreadable {
        /// Which record.
        what: &'static str,
        /// The decoder's reason.
        why: String,
    },
}

/// Words by which Redis says that it cannot serve now. Before 7.0 they stand inside the text of the
/// error that a script ends with.
const OUTAGE_WORDS: [&str; 13] = [
    "OOM",
    "MISCONF",
    "LOADING",
    "READONLY",
    "NOREPLICAS",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MOVED",
    "ASK",
    "BUSY",
    "NOAUTH",
    "WRONGPASS",
];

/// Texts without such a word: a script that ran into a slot on the move, and a full house.
const OUTAGE_TEXTS: [&str; 3] =
    ["non local key in a cluster node", "while the cluster is down", "max number of clients"];

/// Whether an error means "Redis cannot serve now" rather than "the question was wrong".
pub fn is_outage(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io | ErrorKind::AuthenticationFailed => return true,
        ErrorKind::Server(ServerErrorKind::ResponseError) => {}
        ErrorKind::Server(kind) => return server_outage(kind, error),
        _ => {}
    }
    if error.code().is_some_and(|code| OUTAGE_WORDS.contains(&code)) {
        return true;
    }
    // Inside a pipeline, and wrapped by a script.
    let text = error.to_string();
    OUTAGE_TEXTS.iter().any(|known| text.contains(known))
        || text
            .split(|c: char| !c.is_ascii_uppercase())
            .any(|word| word.len() > 2 && OUTAGE_WORDS.contains(&word))
}

fn server_outage(kind: ServerErrorKind, error: &RedisError) -> bool {
    match kind {
        ServerErrorKind::BusyLoading
        | ServerErrorKind::TryAgain
        | ServerErrorKind::ClusterDown
        | ServerErrorKind::MasterDown
        | ServerErrorKind::ReadOnly
        | ServerErrorKind::Moved
        | ServerErrorKind::Ask => true,
        // A transaction is refused for what one of its commands met.
        ServerErrorKind::ExecAbort => {
            server_errors(error).any(|(code, _)| OUTAGE_WORDS.contains(&code.as_str()))
        }
        _ => false,
    }
}

/// Code and details of every error that Redis gave for a command, pipeline or transaction.
pub(super) fn server_errors(error: &RedisError) -> impl Iterator<Item = (String, String)> {
    let errors = error.clone().into_server_errors();
    let errors: Vec<_> = errors.iter().flat_map(|errors| errors.iter()).map(owned).collect();
    errors.into_iter()
}

fn owned((_, error): &(usize, redis::ServerError)) -> (String, String) {
    (error.code().to_owned(), error.details().unwrap_or_default().to_owned())
}

/// The error of an answer that did not come in time.
pub(super) fn too_late() -> RedisError {
    RedisError::from(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> RedisError {
        let line = format!("-{text}\r\n");
        let value = redis::parse_redis_value(line.as_bytes()).expect("an error reply");
        value.extract_error().expect_err("it is an error")
    }

    #[test]
    fn an_outage_is_told_from_a_wrong_question() {
        for text in [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "READONLY You can't write against a read only replica.",
            "LOADING Redis is loading the dataset in memory",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOREPLICAS Not enough good replicas to write.",
            "CLUSTERDOWN The cluster is down",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "MOVED 3999 127.0.0.1:6381",
            "BUSY Redis is busy running a script.",
            "NOAUTH Authentication required.",
            "WRONGPASS invalid username-password pair or user is disabled.",
            "ERR max number of clients reached",
            "ERR Error running script (call to f_12): @user_script:3: -OOM command not allowed",
            "ERR Error running script (call to f_12): @user_script:3: -READONLY You can't write",
            "ERR Script attempted to access a non local key in a cluster node",
        ] {
            assert!(is_outage(&said(text)), "{text}");
        }
        for text in [
            "ERR unknown command 'FOO'",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "NOSCRIPT No matching script.",
            "ERR user_script:3: attempt to index a nil value",
            "CROSSSLOT Keys in request don't hash to the same slot",
        ] {
            assert!(!is_outage(&said(text)), "{text}");
        }
        assert!(is_outage(&too_late()));
    }
}
