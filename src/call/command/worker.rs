//! Sends commands, as soon as they are decided, and for as long as they can help the caller.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::call::command::model::Command;
use crate::call::providers::accounts::client::{ApiClient, ApiError};
use crate::call::spool::{Spool, SpoolId};
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::CallId;
use crate::platform::shutdown::ShutdownSignal;

/// How long after an event its commands may be sent. Telnyx knows a command's id for 60 s (telephony facts
/// §4.2); within that nothing is done twice.
pub const LATEST: Duration = Duration::from_secs(45);
/// Pause before a command is tried again that nobody answered.
const PAUSE: Duration = Duration::from_secs(1);
/// Most calls whose commands wait; the spool keeps the others.
const QUEUE: usize = 4_096;
/// Most commands on their way at a time.
const AT_ONCE: usize = 256;

/// Commands that an event leads to.
pub struct Job {
    /// The event in the spool, which is done when the commands are; `None` where it is not there, or not
    /// recorded yet.
    pub spooled: Option<SpoolId>,
    /// The provider's name.
    pub provider: &'static str,
    /// The call.
    pub call: CallId,
    /// When its event came.
    pub received_at: Millis,
    /// The command, and those that follow when it is refused.
    pub commands: Vec<Command>,
}

/// Takes commands; cheap to clone.
#[derive(Clone)]
pub struct Commander {
    jobs: mpsc::Sender<Job>,
    under_way: UnderWay,
}

/// Events of the spool whose commands are on their way.
#[derive(Clone, Default)]
struct UnderWay(Arc<Mutex<HashSet<SpoolId>>>);

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashSet<SpoolId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    /// The provider took it.
    Sent,
    /// The call is over.
    Gone,
    /// The provider does not do it.
    Refused,
    /// The account may not.
    Forbidden,
    /// Nobody answered until it was too late.
    TooLate,
}

impl Became {
    fn word(self) -> &'static str {
        match self {
            Became::Sent => "sent",
            Became::Gone => "gone",
            Became::Refused => "refused",
            Became::Forbidden => "forbidden",
            Became::TooLate => "too_late",
        }
    }
}

impl Commander {
    /// A handle, and the worker that sends what it is given.
    pub fn new(client: ApiClient, spool: Spool, clock: Clock) -> (Self, CommandWorker) {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let under_way = UnderWay::default();
        let worker = CommandWorker { waiting, under_way: under_way.clone(), client, spool, clock };
        (Commander { jobs, under_way }, worker)
    }

    /// Sends the commands of `job`, unless that is under way. Nobody waits for it. What does not fit into the
    /// queue is sent later, from the spool.
    pub fn send(&self, job: Job) {
        let spooled = job.spooled;
        if spooled.is_some_and(|id| !self.under_way.lock().insert(id)) {
            return;
        }
        if self.jobs.try_send(job).is_err()
            && let Some(id) = spooled
        {
            self.under_way.lock().remove(&id);
        }
    }

    /// Whether the commands of an event of the spool are on their way.
    pub fn is_under_way(&self, id: SpoolId) -> bool {
        self.under_way.lock().contains(&id)
    }
}

/// Sends commands.
pub struct CommandWorker {
    waiting: mpsc::Receiver<Job>,
    under_way: UnderWay,
    client: ApiClient,
    spool: Spool,
    clock: Clock,
}

impl CommandWorker {
    /// Runs until shutdown. What is on its way then is sent again at the next start.
    pub async fn run(mut self, mut shutdown: ShutdownSignal) {
        let mut sending = JoinSet::new();
        loop {
            tokio::select! {
                () = shutdown.over() => return,
                job = self.waiting.recv(), if sending.len() < AT_ONCE => {
                    let Some(job) = job else { return };
                    let courier = Courier { client: self.client.clone(), clock: self.clock.clone() };
                    let (under_way, spool) = (self.under_way.clone(), self.spool.clone());
                    sending.spawn(async move {
                        courier.carry_out(&job).await;
                        if let Some(id) = job.spooled {
                            spool.done(id);
                            under_way.lock().remove(&id);
                        }
                    });
                }
                Some(_) = sending.join_next() => {}
            }
        }
    }
}

struct Courier {
    client: ApiClient,
    clock: Clock,
}

impl Courier {
    /// Sends the first command that the provider takes.
    async fn carry_out(&self, job: &Job) {
        for command in &job.commands {
            let became = self.send(job, command).await;
            metrics::counter!("ringtrace_call_commands_total", "provider" => job.provider,
                "command" => command.name, "result" => became.word())
            .increment(1);
            match became {
                Became::Refused => {}
                Became::TooLate => {
                    tracing::warn!(call = %job.call, command = command.name,
                        "a command was not sent in time; the caller has gone, or hears nothing");
                    return;
                }
                Became::Sent | Became::Gone | Became::Forbidden => return,
            }
        }
    }

    async fn send(&self, job: &Job, command: &Command) -> Became {
        loop {
            let age = self.clock.now().since(job.received_at).max(0).unsigned_abs();
            let left = LATEST.saturating_sub(Duration::from_millis(age));
            if left.is_zero() {
                return Became::TooLate;
            }
            let sent = tokio::time::timeout(left, self.client.send(&command.request, None)).await;
            match sent {
                Err(_) => return Became::TooLate,
                // It was taken; what the answer says does not matter.
                Ok(Ok(_) | Err(ApiError::Unreadable { .. })) => return Became::Sent,
                Ok(Err(error)) => match refused(&error) {
                    Some(Became::Gone) => return Became::Gone,
                    Some(became) => {
                        tracing::warn!(%error, call = %job.call, command = command.name,
                            "a command is refused");
                        return became;
                    }
                    None => tokio::time::sleep(PAUSE.min(left)).await,
                },
            }
        }
    }
}

/// What an error says for good; `None`: asking again may help.
fn refused(error: &ApiError) -> Option<Became> {
    match error {
        ApiError::Refused { status: 404 | 410, .. } => Some(Became::Gone),
        ApiError::Refused { status: 400..=499, words, .. } => {
            // Telnyx: 90018, "Call has already ended".
            let is_over = words.contains("90018") || words.contains("already ended");
            Some(if is_over { Became::Gone } else { Became::Refused })
        }
        ApiError::Credentials { .. } => Some(Became::Forbidden),
        ApiError::Unaskable(_) => Some(Became::Refused),
        _ => None,
    }
}
