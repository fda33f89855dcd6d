//! A question finds the server that answers for its hash slot, over the handle's own connections.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Arg, Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};

use crate::platform::keys;
use crate::platform::redis::error::server_errors;
use crate::platform::redis::handle::Deployment;
use crate::platform::redis::script::Invocation;
use crate::platform::redis::topology::Node;

/// Redirects that one question follows: the slot moved, and moves on.
const MOST_REDIRECTS: usize = 3;

/// Questions that may wait for their answers on one connection before asking takes a turn: up to here
/// they reach Redis in the order in which they were first polled.
pub const IN_FLIGHT: usize = 1024;

/// What Redis is asked.
pub(super) enum Question<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    Script(&'a Invocation<'a>),
}

impl Question<'_> {
    /// The hash tag of its keys, from the first of them.
    pub(super) fn tag(&self) -> Option<&[u8]> {
        match self {
            Question::Command(command) => tag_of(command),
            Question::Pipeline(pipeline) => {
                debug_assert!(has_one_tag(pipeline), "keys of several hash tags in one pipeline");
                pipeline.cmd_iter().find_map(tag_of)
            }
            Question::Script(call) => call.keys().find_map(keys::tag_of),
        }
    }
}

fn tag_of(command: &Cmd) -> Option<&[u8]> {
    command.args_iter().find_map(|arg| match arg {
        Arg::Simple(text) => keys::tag_of(text),
        _ => None,
    })
}

fn has_one_tag(pipeline: &Pipeline) -> bool {
    let mut tags = pipeline.cmd_iter().filter_map(tag_of);
    let first = tags.next();
    tags.all(|tag| Some(tag) == first)
}

/// The connections of one handle.
#[derive(Default)]
pub(super) struct Lines {
    open: Mutex<Vec<Line>>,
}

struct Line {
    node: Arc<Node>,
    generation: u64,
    connection: ConnectionManager,
}

impl Lines {
    /// Asks whoever answers for `slot`, following redirects.
    pub(super) async fn route(
        &self,
        deployment: &Arc<Deployment>,
        slot: u16,
        question: &Question<'_>,
    ) -> RedisResult<Value> {
        let topology = deployment.topology();
        let mut node = match topology.node_of(slot) {
            Some(node) => node,
            None => {
                topology.refresh().await;
                topology.node_of(slot).ok_or_else(nobody)?
            }
        };
        let mut asking = false;
        for _ in 0..MOST_REDIRECTS {
            let error = match self.send(deployment, &node, question, asking).await {
                Err(error) if deployment.is_cluster() => error,
                answer => return answer,
            };
            let Some((kind, to)) = redirect(&error) else { return Err(error) };
            // A transaction was refused as a whole, but some of its keys may not have moved.
            if kind == Redirect::Ask && matches!(question, Question::Pipeline(_)) {
                return Err(error);
            }
            if kind == Redirect::Moved {
                let deployment = deployment.clone();
                tokio::spawn(async move { deployment.topology().refresh().await });
            }
            asking = kind == Redirect::Ask;
            node = topology.redirected(&to, &node).ok_or(error)?;
        }
        Err(nobody())
    }

    /// Asks this server.
    pub(super) async fn send(
        &self,
        deployment: &Deployment,
        node: &Arc<Node>,
        question: &Question<'_>,
        asking: bool,
    ) -> RedisResult<Value> {
        let mut line = self.to(deployment, node)?;
        match question {
            Question::Command(command) => single(&mut line, command, asking).await,
            Question::Pipeline(pipeline) if deployment.is_cluster() => {
                let mut transaction = (*pipeline).clone();
                transaction.atomic();
                transaction.query_async(&mut line).await
            }
            Question::Pipeline(pipeline) => pipeline.query_async(&mut line).await,
            Question::Script(call) => {
                let tag = call.keys().find_map(keys::tag_of).filter(|_| deployment.is_cluster());
                let guard = tag.map(|tag| keys::never(&String::from_utf8_lossy(tag)));
                let guard = guard.as_deref();
                match single(&mut line, &call.by_hash(guard), asking).await {
                    Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                        single(&mut line, &call.by_text(guard), asking).await
                    }
                    answer => answer,
                }
            }
        }
    }

    /// The connection to `node`, a new one when there is none or it was given up.
    fn to(&self, deployment: &Deployment, node: &Arc<Node>) -> RedisResult<ConnectionManager> {
        let generation = node.generation();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.iter().find(|line| Arc::ptr_eq(&line.node, node));
        if let Some(line) = known.filter(|line| line.generation == generation) {
            return Ok(line.connection.clone());
        }
        let patience = deployment.patience();
        // How long an answer may take is bounded by whoever asks. A connection that cannot be made
        // is an answer too: the breaker's probe tries again.
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(Some(patience.connection))
            .set_number_of_retries(0)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(100))
            .set_pipeline_buffer_size(IN_FLIGHT);
        let connection = ConnectionManager::new_lazy_with_config(node.client()?, config)?;
        open.retain(|line| {
            !Arc::ptr_eq(&line.node, node) && deployment.topology().knows(&line.node)
        });
        open.push(Line { node: node.clone(), generation, connection: connection.clone() });
        Ok(connection)
    }
}

/// One command; `asking` says that its slot is on the way to this server. Both words go out
/// together: they share the connection with everybody else.
async fn single(line: &mut ConnectionManager, command: &Cmd, asking: bool) -> RedisResult<Value> {
    if !asking {
        return command.query_async(line).await;
    }
    let mut both = redis::pipe();
    both.cmd("ASKING").ignore().add_command(command.clone());
    let (answer,) = both.query_async(line).await?;
    Ok(answer)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redirect {
    /// The slot belongs to somebody else.
    Moved,
    /// The slot is on the way to somebody else, and the keys are there already.
    Ask,
}

/// Where a server sends the question, as `host:port`.
fn redirect(error: &RedisError) -> Option<(Redirect, String)> {
    server_errors(error).find_map(|(code, details)| {
        let kind = match code.as_str() {
            "MOVED" => Redirect::Moved,
            "ASK" => Redirect::Ask,
            _ => return None,
        };
        Some((kind, details.split_whitespace().nth(1)?.to_owned()))
    })
}

fn nobody() -> RedisError {
    let why = "no server answers for these keys";
    RedisError::from(std::io::Error::new(std::io::ErrorKind::NotConnected, why))
}
