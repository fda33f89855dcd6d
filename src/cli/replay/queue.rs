//! Questions to Redis on their way, in the order in which they were asked.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use tokio::task::unconstrained;

use crate::platform::redis::StoreError;

type Answer<'w, R> = Pin<Box<dyn Future<Output = Result<R, StoreError>> + 'w>>;

/// Questions that wait for their answers, each with what it was about.
pub struct Queue<'w, A, R> {
    waiting: VecDeque<Waiting<'w, A, R>>,
}

struct Waiting<'w, A, R> {
    about: A,
    answer: Answer<'w, R>,
    early: Option<Result<R, StoreError>>,
}

impl<A, R> Default for Queue<'_, A, R> {
    fn default() -> Self {
        Queue { waiting: VecDeque::new() }
    }
}

impl<'w, A, R> Queue<'w, A, R> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Sends a question behind those that were asked before.
    ///
    /// A command is on its way once it was polled, while the connection has room
    /// ([`crate::platform::redis::IN_FLIGHT`]). A budget for being fair to other tasks would hold
    /// some back and let later ones overtake them, so there is none.
    pub async fn ask(
        &mut self,
        about: A,
        answer: impl Future<Output = Result<R, StoreError>> + 'w,
    ) {
        let mut answer: Answer<'w, R> = Box::pin(unconstrained(answer));
        let polled = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context)));
        let early = match polled.await {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        self.waiting.push_back(Waiting { about, answer, early });
    }

    /// The answer to the oldest question; `None` when there is none.
    pub async fn oldest(&mut self) -> Option<(A, Result<R, StoreError>)> {
        let Waiting { about, answer, early } = self.waiting.pop_front()?;
        let answer = match early {
            Some(answer) => answer,
            None => answer.await,
        };
        Some((about, answer))
    }
}
