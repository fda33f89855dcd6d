//! Plays lines: each is what the service would have been asked at that moment.
//!
//! Waiting for Redis after every line would take most of the time. Redis answers one connection in
//! the order in which it was asked, so a line may be sent before the one before it is answered, as
//! long as one question settles it. Lines that may need a second one, told by the first, go alone:
//! everything before them is answered first, and nothing follows until they are.

use std::future::Future;
use std::io::Write;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::attribution::delays::{Delays, prior};
use crate::attribution::observation::Observation;
use crate::cli::CliError;
use crate::cli::replay::counts::Counts;
use crate::cli::replay::hear::Said;
use crate::cli::replay::lifetimes::Lifetimes;
use crate::cli::replay::people::{People, Who};
use crate::cli::replay::plan::Plan;
use crate::cli::replay::queue::Queue;
use crate::cli::replay::rules::Rules;
use crate::cli::replay::score::Score;
use crate::cli::replay::trace::{Line, What};
use crate::cli::replay::world::World;
use crate::lease::model::SignKind;
use crate::lease::reply::Outcome;
use crate::lease::worker::EVERY;
use crate::platform::clock::Millis;
use crate::platform::ids::{PageId, VisitorId};
use crate::platform::redis::{IN_FLIGHT, StoreError};

/// Lines that may wait for their answers at a time. Each asks at most one question for each pool and two
/// more; all must fit into [`IN_FLIGHT`], where the order is kept.
const WINDOW: usize = 128;

/// Added to the moments of a trace that counts from zero: a number that nobody ever had rests since
/// 1970, and must be rested when the trace begins.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// The sweeper's turn comes every so many milliseconds.
const SWEEP_MS: i64 = EVERY.as_millis() as i64;

/// Plays one trace.
pub struct Player<'w, W> {
    pub(super) world: &'w World,
    pub(super) plan: &'w Plan,
    pub(super) calls: Option<W>,
    window: usize,
    pub(super) people: People,
    /// Keys whose end is known when they are asked to be written.
    pub(super) lifetimes: Lifetimes,
    /// Those that are written only when a number was granted: known with the answer.
    queue: Queue<'w, About, Reply>,
    pub(super) rng: StdRng,
    shift: Option<i64>,
    next_sweep: Option<Millis>,
    last_sign: Millis,
    pub(super) counts: Counts,
    pub(super) score: Score,
    pub(super) rules: Rules,
    /// What calls taught so far, and what was made of it.
    pub(super) observed: Vec<Observation>,
    pub(super) fits: u32,
    pub(super) delays: Delays,
}

/// What a trace came to.
pub struct Played<W> {
    /// Besides its calls.
    pub counts: Counts,
    /// Its calls.
    pub score: Score,
    /// What the naive rules made of them, where that was asked for.
    pub rules: Rules,
    /// When its callers call, as learnt last.
    pub delays: Delays,
    /// Where the calls were written to.
    pub calls: Option<W>,
}

/// What a question was about.
pub(super) enum About {
    Page { who: Who, sign: Sign },
    Sweep,
    Ends,
}

/// A message of a page.
pub struct Sign {
    /// The page.
    pub page: PageId,
    /// When it came.
    pub at: Millis,
    /// Whether it was overtaken by a newer one of its page.
    pub late: bool,
    /// Whether the page is being left.
    pub leaving: bool,
    /// Whether the session opened with it.
    pub opens: bool,
}

/// What Redis answered.
pub(super) enum Reply {
    Told { visitor: Option<VisitorId>, outcome: Outcome },
    Held(u64),
    Done,
}

impl<'w, W: Write> Player<'w, W> {
    /// A player of traces in `world`, which was made for `plan`. Answers to calls go to `calls`.
    pub fn new(world: &'w World, plan: &'w Plan, calls: Option<W>) -> Self {
        Player {
            world,
            plan,
            calls,
            window: (IN_FLIGHT / (world.pools().len() + 2)).clamp(1, WINDOW),
            people: People::default(),
            lifetimes: Lifetimes::default(),
            queue: Queue::default(),
            rng: StdRng::seed_from_u64(plan.seed),
            shift: None,
            next_sweep: None,
            last_sign: Millis(0),
            counts: Counts::default(),
            score: Score::default(),
            rules: Rules::default(),
            observed: Vec::new(),
            fits: 0,
            delays: prior(),
        }
    }

    /// Waits for every answer before the next question: slower, and the same in every other respect.
    pub fn one_at_a_time(mut self) -> Self {
        self.window = 1;
        self
    }

    /// Plays one line. The inner error is one of the line, which was not played then.
    pub async fn play(&mut self, line: Line) -> Result<Result<(), String>, CliError> {
        let shift = *self.shift.get_or_insert(if line.at.0 < YEAR_MS { YEAR_MS } else { 0 });
        let at = line.at.plus(shift);
        self.sweep_until(at).await?;
        self.end_keys(at).await?;
        self.last_sign = at;
        self.world.clock.set(at);
        self.counts.heard(line.at);
        match line.what {
            What::View(view) => self.view(at, &view).await?,
            What::Beat { page, gestures, target } => {
                let said = Said { kind: SignKind::Beat, gestures, target };
                self.sign(at, &page, said).await?;
            }
            What::Leave(page) if self.plan.hears_leaves => {
                self.sign(at, &page, Said::leave()).await?;
            }
            What::Leave(page) => {
                self.is_stray(&page);
            }
            What::Call(call) => return self.call(&call).await,
        }
        Ok(Ok(()))
    }

    /// Waits for what is on its way. Returns what was counted, and where the calls were written to.
    pub async fn finish(mut self) -> Result<Played<W>, CliError> {
        if self.counts.held.samples == 0 && self.next_sweep.is_some() {
            self.sweep().await?;
        }
        self.settle_all().await?;
        if let Some(calls) = &mut self.calls {
            calls.flush().map_err(|e| CliError::Replay(format!("cannot write the calls: {e}")))?;
        }
        let Player { counts, score, rules, delays, calls, .. } = self;
        Ok(Played { counts, score, rules, delays, calls })
    }

    /// The sweeper's turns up to `at`. Once everything is swept that can be over, further turns
    /// change nothing until the next line and are only counted.
    async fn sweep_until(&mut self, at: Millis) -> Result<(), CliError> {
        let mut next = self.next_sweep.unwrap_or(at.plus(SWEEP_MS));
        let times = self.world.pools().iter().map(|pool| self.world.times(pool));
        let longest = times.map(|times| times.hold.max(times.pin)).max().unwrap_or(0);
        let quiet = self.last_sign.plus(longest + 2 * SWEEP_MS);
        while next <= at {
            if next > quiet {
                let turns = at.since(next) / SWEEP_MS + 1;
                self.counts.held.idle(turns.unsigned_abs());
                next = next.plus(turns * SWEEP_MS);
            } else {
                self.end_keys(next).await?;
                self.world.clock.set(next);
                self.sweep().await?;
                next = next.plus(SWEEP_MS);
            }
        }
        self.next_sweep = Some(next);
        Ok(())
    }

    async fn sweep(&mut self) -> Result<(), CliError> {
        let world = self.world;
        let answer = async move { world.sweep_and_count().await.map(Reply::Held) };
        self.ask(About::Sweep, false, answer).await
    }

    async fn end_keys(&mut self, now: Millis) -> Result<(), CliError> {
        // Whoever was granted a number since then has more time.
        if now.since(self.last_sign) > 4 * SWEEP_MS {
            self.settle_all().await?;
        }
        let over = self.lifetimes.over(now);
        if over.is_empty() {
            return Ok(());
        }
        let world = self.world;
        let answer = async move { world.end(&over).await.map(|()| Reply::Done) };
        self.ask(About::Ends, false, answer).await
    }

    /// Sends a question, `alone` when its answer may lead to another one.
    pub(super) async fn ask(
        &mut self,
        about: About,
        alone: bool,
        answer: impl Future<Output = Result<Reply, StoreError>> + 'w,
    ) -> Result<(), CliError> {
        if alone {
            self.settle_all().await?;
        }
        while self.queue.len() >= self.window {
            self.settle_oldest().await?;
        }
        if let About::Page { who, .. } = about {
            self.people.get_mut(who).unanswered += 1;
        }
        self.queue.ask(about, answer).await;
        if alone || self.window == 1 { self.settle_all().await } else { Ok(()) }
    }

    /// Waits until nothing of this session is on its way.
    pub(super) async fn settle(&mut self, who: Who) -> Result<(), CliError> {
        while self.people.get(who).unanswered > 0 {
            self.settle_oldest().await?;
        }
        Ok(())
    }

    pub(super) async fn settle_all(&mut self) -> Result<(), CliError> {
        while self.queue.len() > 0 {
            self.settle_oldest().await?;
        }
        Ok(())
    }

    async fn settle_oldest(&mut self) -> Result<(), CliError> {
        let Some((about, answer)) = self.queue.oldest().await else { return Ok(()) };
        match (about, answer?) {
            (About::Sweep, Reply::Held(held)) => self.counts.held.sample(held),
            (About::Page { who, sign }, Reply::Told { visitor, outcome }) => {
                self.learn(who, sign, visitor, outcome);
            }
            _ => {}
        }
        Ok(())
    }
}
