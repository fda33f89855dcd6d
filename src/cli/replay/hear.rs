//! Hears pages: views, beats and leaves, each asked as the service would be.

use std::io::Write;

use crate::cli::CliError;
use crate::cli::replay::people::{Message, Session, Who};
use crate::cli::replay::player::{About, Player, Reply, Sign};
use crate::cli::replay::trace::{Page, View as ViewLine};
use crate::config::model::Pool;
use crate::lease::model::{Done, Gesture, PageSign, SignKind, Tier};
use crate::lease::view::{FirstPage, View};
use crate::lease::wire::Shown;
use crate::platform::clock::Millis;
use crate::platform::ids::VisitorId;
use crate::visit::address::kept;
use crate::visit::device::{ClientHints, machine};
use crate::visit::learnt::Learnt;
use crate::visit::model::Consent;
use crate::visit::place::Located;
use crate::visit::token::{Marks, SessionToken};

/// What a page says when it is not being opened.
pub(super) struct Said {
    /// A beat or a leave.
    pub(super) kind: SignKind,
    /// What was done with a number.
    pub(super) gestures: Vec<Gesture>,
    /// With the number of this target; `None`: the first that shows one.
    pub(super) target: Option<String>,
}

impl Said {
    /// The page is left.
    pub(super) fn leave() -> Self {
        Said { kind: SignKind::Leave, gestures: Vec::new(), target: None }
    }
}

impl<W: Write> Player<'_, W> {
    pub(super) fn is_stray(&mut self, page: &Page) -> bool {
        let stray = self.people.find(&page.session).is_none();
        self.counts.strays += u64::from(stray);
        stray
    }

    pub(super) async fn view(&mut self, at: Millis, line: &ViewLine) -> Result<(), CliError> {
        let who = self.people.find_or_add(&line.page.session, at);
        self.settle(who).await?;
        let located = self.world.locate(line.address);
        if self.world.is_program(line.user_agent.as_deref(), &located) {
            self.counts.programs += 1;
            self.people.get_mut(who).on_screen = Shown::new();
            return Ok(());
        }
        let visitor = line.visitor.as_deref().map(|name| self.people.visitor(name, at));
        if line.page.page.is_none() {
            self.replace_page(at, who).await?;
        }
        let session = self.people.get_mut(who);
        let message = session.open_page(&line.page);
        let before = session.token;
        let opens = before.is_none();
        let consented = visitor.is_some() || before.is_some_and(|token| token.consent.analytics);
        let consent = Consent { analytics: consented, ads: consented };
        let view = match before {
            Some(before) => {
                let said = (consent, true);
                View::goes_on(before, visitor.map(|(id, _)| id), said, Learnt::default(), at)
            }
            None => self.opened(at, who, line, &located, visitor, consent),
        };
        let session = self.people.get_mut(who);
        session.token = Some(view.token);
        session.last_sign = at;
        self.counts.sessions += u64::from(opens);
        self.counts.page_views += u64::from(!message.late);
        if opens {
            self.visit_is_written(view.token, at);
        } else if !message.late {
            // Which pools a new session has is known with the answer.
            for pool in self.world.serving(view.token.marks).pools() {
                self.lease_is_written(who, pool, at);
            }
        }
        let alone = view.looks_back() || !opens && !self.runs(who, at);
        let Message { page, seq, late, shows } = message;
        let sign = Sign { page: page.clone(), at, late, leaving: false, opens };
        let about = About::Page { who, sign };
        let sign = PageSign { page, seq, kind: SignKind::View, done: Vec::new(), path: None };
        let (world, from) = (self.world, (line.url.clone(), located.place));
        let answer = async move {
            let (visitor, outcome) = world.view(view, sign, shows, from).await?;
            Ok(Reply::Told { visitor, outcome })
        };
        self.ask(about, alone, answer).await
    }

    /// The session that begins with `line`; its `visitor`, and whether it was known before.
    fn opened(
        &self,
        at: Millis,
        who: Who,
        line: &ViewLine,
        located: &Located,
        visitor: Option<(VisitorId, bool)>,
        consent: Consent,
    ) -> View {
        let world = self.world;
        let token = SessionToken {
            session: self.people.get(who).id,
            visitor: visitor.map(|(id, _)| id),
            seen: at,
            touch: 0,
            consent,
            told: true,
            marks: Marks::default(),
        };
        let agent = line.user_agent.as_deref().unwrap_or_default();
        let keeps = world.site().visits.keep_ip;
        let page = FirstPage {
            url: &line.url,
            referrer: &line.referrer,
            machine: machine(&world.tables, agent, ClientHints::default()),
            place: located.place.clone(),
            network: line.address.and_then(|address| kept(address, keeps)),
            learnt: Learnt::default(),
        };
        let rules = world.installation.rules(&world.site().id);
        let known = visitor.is_some_and(|(_, known)| known);
        View::opens(&world.tables, world.site(), rules, token, page, known)
    }

    /// A page is gone when the next one of its session is opened in its place.
    async fn replace_page(&mut self, at: Millis, who: Who) -> Result<(), CliError> {
        let session = self.people.get(who);
        let Some(token) = session.token.filter(|_| self.plan.hears_leaves) else { return Ok(()) };
        if session.replaced_page().is_none() {
            return Ok(());
        }
        let line = Page { session: session.name.clone(), page: None, seq: None };
        self.message(at, who, token, &line, Said::leave()).await
    }

    pub(super) async fn sign(
        &mut self,
        at: Millis,
        line: &Page,
        said: Said,
    ) -> Result<(), CliError> {
        if self.is_stray(line) {
            return Ok(());
        }
        let who = self.people.find_or_add(&line.session, at);
        self.settle(who).await?;
        // A program was told nothing; its signs are turned away like its views.
        let Some(token) = self.people.get(who).token else { return Ok(()) };
        self.message(at, who, token, line, said).await
    }

    async fn message(
        &mut self,
        at: Millis,
        who: Who,
        token: SessionToken,
        line: &Page,
        said: Said,
    ) -> Result<(), CliError> {
        let world = self.world;
        let leaving = said.kind == SignKind::Leave;
        let Message { page, seq, late, shows } = self.people.get_mut(who).hear(line, leaving);
        let serving = world.serving(token.marks);
        if !late {
            self.people.get_mut(who).last_sign = at;
        }
        let session = self.people.get(who);
        let settled =
            |pool: &&Pool| is_settled(session, pool, serving.shown(&shows, pool).is_some(), at);
        let settled_at_once = leaving || serving.pools().iter().all(settled);
        for pool in serving.pools() {
            let runs = self.people.get(who).of_pool(&pool.id).is_some_and(|known| known.runs(at));
            // A leave after the end of its lease, like a message that is late, writes nothing.
            if !late && (!leaving || runs) {
                self.lease_is_written(who, pool, at);
            }
            if leaving {
                // From now on, also while it is not answered.
                let known = self.people.get_mut(who).of_pool_mut(&pool.id);
                known.runs_until = known.runs_until.min(at.plus(world.times(pool).linger));
            }
        }
        // The snippet tells what is done with a number that it put there.
        let named = |target: &&str| said.target.as_deref().is_none_or(|named| named == *target);
        let mut targets = serving.targets().map(|(target, _)| &target.id);
        let target = targets.find(|id| named(&id.as_str()) && shows.contains_key(*id));
        let pool = target.and_then(|target| serving.pool_of(target));
        let done = pool.into_iter().flat_map(|pool| {
            let done = |&gesture| Done { pool: pool.id.clone(), gesture, ago_ms: 0 };
            said.gestures.iter().map(done)
        });
        let done = done.collect();
        let sign = Sign { page: page.clone(), at, late, leaving, opens: false };
        let about = About::Page { who, sign };
        let sign = PageSign { page, seq, kind: said.kind, done, path: None };
        let answer = async move {
            let outcome = world.sign(token, sign, shows).await?;
            Ok(Reply::Told { visitor: token.visitor, outcome })
        };
        self.ask(about, !settled_at_once, answer).await
    }

    /// Whether the session surely holds a number of each of its pools at `at`.
    fn runs(&self, who: Who, at: Millis) -> bool {
        let session = self.people.get(who);
        let marks = session.token.map(|token| token.marks).unwrap_or_default();
        let pools = self.world.serving(marks).pools();
        pools.iter().all(|pool| session.of_pool(&pool.id).is_some_and(|known| known.runs(at)))
    }
}

/// Whether one question settles a beat of this session in `pool`.
fn is_settled(session: &Session, pool: &Pool, shows_a_number: bool, at: Millis) -> bool {
    session.of_pool(&pool.id).is_some_and(|known| {
        let unpooled = known.told.as_ref().is_some_and(|told| match told.tier {
            Tier::Original => !shows_a_number,
            Tier::Source => true,
            Tier::Own | Tier::Unrested | Tier::Shared => false,
        });
        known.runs(at) || unpooled && known.known_until > at
    })
}
