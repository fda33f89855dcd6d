//! Where a controlled call stands, and what its provider is told.

use serde::{Deserialize, Serialize};

use crate::call::answer::Answer;
use crate::call::providers::Wants;
use crate::call::providers::accounts::model::ApiRequest;
use crate::config::model::{Site, Telephony};

/// What an event asks for whose provider is told by commands; kept with the event in the spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controlled {
    /// The application at the provider that the call came to: it says whose account commands are sent by.
    pub application: String,
    /// The caller's leg, as commands name it.
    pub leg: String,
    /// What the call waits for.
    pub wants: Wants,
}

/// A request that tells a call what to do.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its name in metrics.
    pub name: &'static str,
    /// The request.
    pub request: ApiRequest,
}

/// What is left to be done with a call.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// Its site.
    pub site: &'a Site,
    /// Which step of its route it is at; 0: none.
    pub hop: u8,
    /// The call with the steps of the answer that are left, the next one first.
    pub answer: &'a Answer,
    /// How many steps of the answer came before them.
    pub done: u8,
}

/// A provider that is told by commands.
pub trait Control: Sync {
    /// The command that does the next of what is left; behind it those that follow when it is refused. None
    /// when the account has nothing to send them with.
    fn commands(&self, keys: &Telephony, at: &Controlled, left: Left<'_>) -> Vec<Command>;
}
