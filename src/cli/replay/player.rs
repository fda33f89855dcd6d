//! Plays lines: each is what the service would have been asked at that moment.
//!
//! Waiting for Redis after every line would take most of the time. Redis answers one connection in
//! the order in which it was asked, so a line may be sent before the one before it is answered, as
//! long as one question settles it. Lines that may need a second one, told by the first, go alone:
//! everything before them is answered first, and nothing follows until they are.

use std::future::Future;
use std::io::Write;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::cli::CliError;
use crate::cli::replay::calls::{self, CallLine};
use crate::cli::replay::counts::Counts;
use crate::cli::replay::lifetimes::Lifetimes;
use crate::cli::replay::people::{Message, People, Who};
use crate::cli::replay::plan::Plan;
use crate::cli::replay::queue::Queue;
use crate::cli::replay::score::{Answer, Score, Truth};
use crate::cli::replay::trace::{Call, Dialled, Line, Page, View as ViewLine, What};
use crate::cli::replay::world::World;
use crate::lease::model::{Done, Gesture, Lease, PageSign, SignKind, Tier};
use crate::lease::reply::Outcome;
use crate::lease::view::{FirstPage, View};
use crate::lease::worker::EVERY;
use crate::platform::clock::Millis;
use crate::platform::ids::{PageId, VisitorId};
use crate::platform::redis::StoreError;
use crate::visit::bot::{Evidence, judge};
use crate::visit::device::{ClientHints, machine};
use crate::visit::learnt::Learnt;
use crate::visit::model::{Consent, Place};
use crate::visit::token::{Marks, SessionToken};

/// Lines that may wait for their answers at a time. Each asks up to three questions; all must fit
/// into `platform::redis::IN_FLIGHT`, where the order is kept.
const WINDOW: usize = 128;

/// Added to the moments of a trace that counts from zero: a number that nobody ever had rests since
/// 1970, and must be rested when the trace begins.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// The sweeper's turn comes every so many milliseconds.
const SWEEP_MS: i64 = EVERY.as_millis() as i64;

/// Plays one trace.
pub struct Player<'w, W> {
    pub(super) world: &'w World,
    plan: &'w Plan,
    calls: Option<W>,
    window: usize,
    pub(super) people: People,
    /// Keys whose end is known when they are asked to be written.
    pub(super) lifetimes: Lifetimes,
    /// Those that are written only when a number was granted: known with the answer.
    queue: Queue<'w, About, Reply>,
    rng: StdRng,
    shift: Option<i64>,
    next_sweep: Option<Millis>,
    last_sign: Millis,
    pub(super) counts: Counts,
    score: Score,
}

/// What a question was about.
enum About {
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
}

/// What Redis answered.
enum Reply {
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
            window: WINDOW,
            people: People::default(),
            lifetimes: Lifetimes::default(),
            queue: Queue::default(),
            rng: StdRng::seed_from_u64(plan.seed),
            shift: None,
            next_sweep: None,
            last_sign: Millis(0),
            counts: Counts::default(),
            score: Score::default(),
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
            What::Beat { page, tel_click } => {
                self.sign(at, &page, SignKind::Beat, tel_click).await?;
            }
            What::Leave(page) if self.plan.hears_leaves => {
                self.sign(at, &page, SignKind::Leave, false).await?;
            }
            What::Leave(page) => {
                self.is_stray(&page);
            }
            What::Call(call) => return self.call(&call).await,
        }
        Ok(Ok(()))
    }

    /// Waits for what is on its way. Returns what was counted, and where the calls were written to.
    pub async fn finish(mut self) -> Result<(Counts, Score, Option<W>), CliError> {
        if self.counts.held.samples == 0 && self.next_sweep.is_some() {
            self.sweep().await?;
        }
        self.settle_all().await?;
        if let Some(calls) = &mut self.calls {
            calls.flush().map_err(|e| CliError::Replay(format!("cannot write the calls: {e}")))?;
        }
        Ok((self.counts, self.score, self.calls))
    }

    fn is_stray(&mut self, page: &Page) -> bool {
        let stray = self.people.find(&page.session).is_none();
        self.counts.strays += u64::from(stray);
        stray
    }

    async fn view(&mut self, at: Millis, line: &ViewLine) -> Result<(), CliError> {
        let who = self.people.find_or_add(&line.page.session, at);
        self.settle(who).await?;
        let is_program = |user_agent: &str| {
            let evidence = Evidence { user_agent, ..Evidence::default() };
            judge(&self.world.tables, &evidence).is_some()
        };
        if line.user_agent.as_deref().is_some_and(is_program) {
            self.counts.programs += 1;
            self.people.get_mut(who).on_screen = None;
            return Ok(());
        }
        let visitor = line.visitor.as_deref().map(|name| self.people.visitor(name, at));
        if line.page.page.is_none() {
            self.replace_page(at, who).await?;
        }
        let session = self.people.get_mut(who);
        let message = session.open_page(&line.page);
        let (id, before) = (session.id, session.token);
        let opened = before.is_none();
        let consented = visitor.is_some() || before.is_some_and(|token| token.consent.analytics);
        let consent = Consent { analytics: consented, ads: consented };
        let view = match before {
            Some(before) => {
                let said = (consent, true);
                View::goes_on(before, visitor.map(|(id, _)| id), said, Learnt::default(), at)
            }
            None => {
                let visitor_id = visitor.map(|(id, _)| id);
                let token = SessionToken {
                    session: id,
                    visitor: visitor_id,
                    seen: at,
                    touch: 0,
                    consent,
                    told: true,
                    marks: Marks::default(),
                };
                let world = self.world;
                let agent = line.user_agent.as_deref().unwrap_or_default();
                let page = FirstPage {
                    url: &line.url,
                    referrer: &line.referrer,
                    machine: machine(&world.tables, agent, ClientHints::default()),
                    place: Place::default(),
                    network: None,
                    learnt: Learnt::default(),
                };
                let rules = world.installation.rules(&world.site().id);
                let known = visitor.is_some_and(|(_, known)| known);
                View::opens(&world.tables, world.site(), rules, token, page, known)
            }
        };
        session.token = Some(view.token);
        self.counts.sessions += u64::from(opened);
        self.counts.page_views += u64::from(!message.late);
        if opened {
            self.visit_is_written(view.token, at);
        }
        if !message.late {
            self.lease_is_written(who, at);
        }
        let alone = view.looks_back() || !opened && !self.runs(who, at);
        let Message { page, seq, late, shows } = message;
        let about =
            About::Page { who, sign: Sign { page: page.clone(), at, late, leaving: false } };
        let sign = PageSign { page, seq, kind: SignKind::View, done: Vec::new() };
        let world = self.world;
        let answer = async move {
            let (visitor, outcome) = world.view(view, sign, shows).await?;
            Ok(Reply::Told { visitor, outcome })
        };
        self.ask(about, alone, answer).await
    }

    /// A page is gone when the next one of its session is opened in its place.
    async fn replace_page(&mut self, at: Millis, who: Who) -> Result<(), CliError> {
        let session = self.people.get(who);
        let Some(token) = session.token.filter(|_| self.plan.hears_leaves) else { return Ok(()) };
        if session.replaced_page().is_none() {
            return Ok(());
        }
        let line = Page { session: session.name.clone(), page: None, seq: None };
        self.message(at, who, token, &line, SignKind::Leave, false).await
    }

    async fn sign(
        &mut self,
        at: Millis,
        line: &Page,
        kind: SignKind,
        tel_click: bool,
    ) -> Result<(), CliError> {
        if self.is_stray(line) {
            return Ok(());
        }
        let who = self.people.find_or_add(&line.session, at);
        self.settle(who).await?;
        // A program was told nothing; its signs are turned away like its views.
        let Some(token) = self.people.get(who).token else { return Ok(()) };
        self.message(at, who, token, line, kind, tel_click).await
    }

    async fn message(
        &mut self,
        at: Millis,
        who: Who,
        token: SessionToken,
        line: &Page,
        kind: SignKind,
        tel_click: bool,
    ) -> Result<(), CliError> {
        let leaving = kind == SignKind::Leave;
        let session = self.people.get_mut(who);
        let Message { page, seq, late, shows } = session.hear(line, leaving);
        let unpooled = session.told.as_ref().is_some_and(|told| match told.tier {
            Tier::Original => shows.is_none(),
            Tier::Source => true,
            _ => false,
        });
        let settled_at_once = leaving || self.runs(who, at) || {
            let session = self.people.get(who);
            unpooled && session.known_until > at
        };
        // A leave after the end of its lease, like a message that is late, writes nothing.
        if !late && (!leaving || self.runs(who, at)) {
            self.lease_is_written(who, at);
        }
        if leaving {
            // From now on, also while it is not answered.
            let session = self.people.get_mut(who);
            session.runs_until = session.runs_until.min(at.plus(self.world.times.linger));
        }
        // The snippet tells clicks on links to a number that it put there.
        let pool = self.world.pool().id.clone();
        let clicked = || Done { pool, gesture: Gesture::TelClick, ago_ms: 0 };
        let done = (tel_click && shows.is_some()).then(clicked).into_iter().collect();
        let about = About::Page { who, sign: Sign { page: page.clone(), at, late, leaving } };
        let sign = PageSign { page, seq, kind, done };
        let world = self.world;
        let answer = async move {
            let outcome = world.sign(token, sign, shows).await?;
            Ok(Reply::Told { visitor: token.visitor, outcome })
        };
        self.ask(about, !settled_at_once, answer).await
    }

    /// Whether the session surely holds a number of the pool at `at`.
    fn runs(&self, who: Who, at: Millis) -> bool {
        let session = self.people.get(who);
        session.told.as_ref().is_some_and(Lease::is_pooled) && session.runs_until > at
    }

    async fn call(&mut self, call: &Call) -> Result<Result<(), String>, CliError> {
        self.settle_all().await?;
        let (truth, to) = match &call.dialled {
            Dialled::ShownTo(name) => match self.people.find(name) {
                Some(who) => (Some(who), self.people.get(who).on_screen.clone()),
                None => return Ok(Err(format!("no session {name:?} was shown a number before"))),
            },
            Dialled::Any => {
                let numbers = &self.world.pool().numbers;
                (None, Some(numbers[self.rng.random_range(0..numbers.len())].clone()))
            }
            Dialled::Number(number) => (None, Some(number.clone())),
        };
        let truth = match (&call.dialled, truth) {
            (Dialled::Number(_), _) => Truth::Unknown,
            (_, Some(who)) => Truth::Session(&self.people.get(who).name),
            (_, None) => Truth::Nobody,
        };
        let joined = match &to {
            // Nobody hears of a call to the business' own number.
            None => None,
            Some(to) => {
                let caller = call.caller.as_deref().unwrap_or_default();
                let recorded = self.world.call(self.score.calls, caller, to).await?;
                let key = self.world.keys.call(&recorded.id);
                let keep = crate::call::store::KEEP_CALLS.as_millis() as i64;
                self.lifetimes.set(key, self.world.clock.now().plus(keep));
                recorded.attribution
            }
        };
        let line = CallLine::of(call, to.as_ref(), truth, joined.as_ref(), &self.people);
        let answer = Answer {
            session: line.session,
            confidence: line.confidence,
            tier: line.tier,
            tracked: to.is_some(),
        };
        self.score.add(truth, answer);
        if let Some(out) = &mut self.calls {
            calls::write(out, &line)?;
        }
        Ok(Ok(()))
    }

    /// The sweeper's turns up to `at`. Once everything is swept that can be over, further turns
    /// change nothing until the next line and are only counted.
    async fn sweep_until(&mut self, at: Millis) -> Result<(), CliError> {
        let times = self.world.times;
        let mut next = self.next_sweep.unwrap_or(at.plus(SWEEP_MS));
        let quiet = self.last_sign.plus(times.hold.max(times.pin) + 2 * SWEEP_MS);
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
    async fn ask(
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
    async fn settle(&mut self, who: Who) -> Result<(), CliError> {
        while self.people.get(who).unanswered > 0 {
            self.settle_oldest().await?;
        }
        Ok(())
    }

    async fn settle_all(&mut self) -> Result<(), CliError> {
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
