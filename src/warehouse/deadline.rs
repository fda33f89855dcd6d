//! Questions that may not take for ever: they are interrupted when their time is over, and when nobody waits for the
//! answer any more.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use duckdb::{Connection, InterruptHandle};
use tokio::time::timeout;

use crate::warehouse::store::{Warehouse, WarehouseError};

/// Between two interruptions of a question that goes on with its next statement.
const AGAIN: Duration = Duration::from_millis(20);

impl Warehouse {
    /// As [`Warehouse::read`], for at most `limit`, waiting for a connection included.
    pub async fn read_within<T: Send + 'static>(
        &self,
        limit: Duration,
        question: impl FnOnce(&Connection) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let state = Shared::default();
        let _when_dropped = Stopper(state.clone());
        let asked = state.clone();
        let mut answering = pin!(self.read(move |connection| {
            if !asked.begin(connection.interrupt_handle()) {
                return Err(WarehouseError::TooSlow);
            }
            let answer = question(connection);
            asked.end();
            answer
        }));
        if let Ok(answer) = timeout(limit, &mut answering).await {
            return answer;
        }
        loop {
            state.stop();
            if let Ok(answer) = timeout(AGAIN, &mut answering).await {
                return answer.map_err(|_| WarehouseError::TooSlow);
            }
        }
    }
}

/// Where a question stands.
#[derive(Default)]
enum State {
    /// It has no connection yet.
    #[default]
    Waiting,
    /// It is being answered, on the connection that this interrupts.
    Running(Arc<InterruptHandle>),
    /// It is answered; the connection may have another question.
    Over,
    /// Nobody wants an answer any more.
    Stopped,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    /// Whether it is still wanted.
    fn begin(&self, handle: Arc<InterruptHandle>) -> bool {
        let mut state = self.lock();
        let wanted = matches!(*state, State::Waiting);
        if wanted {
            *state = State::Running(handle);
        }
        wanted
    }

    fn end(&self) {
        *self.lock() = State::Over;
    }

    fn stop(&self) {
        let mut state = self.lock();
        match &*state {
            State::Running(handle) => handle.interrupt(),
            State::Waiting => *state = State::Stopped,
            State::Over | State::Stopped => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops the question when the request that asked it is gone.
struct Stopper(Shared);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::warehouse::store::sql;

    const ENDLESS: &str = "SELECT count(*) FROM range(10_000_000) a, range(10_000_000) b WHERE a.range % 7 = b.range % 11";

    fn ask(connection: &Connection, text: &str) -> Result<i64, WarehouseError> {
        connection.query_row(text, [], |row| row.get(0)).map_err(sql("answer a test"))
    }

    #[tokio::test]
    async fn an_endless_question_is_ended_and_its_connection_answers_the_next_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let warehouse = Warehouse::open(folder.path(), 1).expect("a warehouse");
        let started = Instant::now();
        let limit = Duration::from_millis(50);
        let answer = warehouse.read_within(limit, |c| ask(c, ENDLESS)).await;
        assert!(matches!(answer, Err(WarehouseError::TooSlow)), "{answer:?}");
        assert!(started.elapsed() < Duration::from_secs(20));
        let next = warehouse.read_within(Duration::from_secs(20), |c| ask(c, "SELECT 7")).await;
        assert_eq!(next.expect("an answer"), 7);
    }
}
