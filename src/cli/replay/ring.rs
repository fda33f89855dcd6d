//! Calls: which number is dialled, whose call it is said to be, and what is written of that.

use std::io::Write;

use rand::RngExt;

use crate::attribution::fit::fit;
use crate::attribution::model::Attribution;
use crate::cli::CliError;
use crate::cli::replay::calls::{self, CallLine};
use crate::cli::replay::people::{Session, Who};
use crate::cli::replay::player::Player;
use crate::cli::replay::score::{Answer, Truth};
use crate::cli::replay::trace::{Call, Dialled};
use crate::lease::model::Tier;
use crate::platform::phone::PhoneNumber;

/// Who calls which number; `None`: the original one.
type Dialling = (Option<Who>, Option<PhoneNumber>);

impl<W: Write> Player<'_, W> {
    /// Plays a call. The inner error is one of the line.
    pub(super) async fn call(&mut self, call: &Call) -> Result<Result<(), String>, CliError> {
        self.settle_all().await?;
        let (caller, to) = match self.dialling(&call.dialled) {
            Ok(dialling) => dialling,
            Err(why) => return Ok(Err(why)),
        };
        let truth = match (&call.dialled, caller) {
            (Dialled::Number(_), _) => Truth::Unknown,
            (_, Some(who)) => Truth::Session(&self.people.get(who).name),
            (_, None) => Truth::Nobody,
        };
        // As they stood before the call: the naive rules know no more than the join.
        let holders = match &to {
            Some(to) if self.plan.compares => Some(self.world.holders(to).await?),
            _ => None,
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
        let now = self.world.clock.now();
        let chosen = line.session.and_then(|name| self.people.find(name));
        let answer = Answer {
            session: line.session,
            confidence: line.confidence,
            of_truth: line.of_truth(truth),
            nobody: line.nobody.unwrap_or(0.0),
            tier: line.tier,
            delay_ms: chosen.map(|who| now.since(self.people.get(who).last_sign)),
            tracked: to.is_some(),
        };
        self.score.add(truth, answer);
        if self.plan.compares && line.tier != Tier::Source {
            self.rules.add(truth, holders.as_deref(), &self.people);
        }
        if let Some(out) = &mut self.calls {
            calls::write(out, &line)?;
        }
        self.learn_of(joined).await?;
        Ok(Ok(()))
    }

    /// Learns when callers call, from the past alone: every so many calls.
    async fn learn_of(&mut self, joined: Option<Attribution>) -> Result<(), CliError> {
        let Some(observed) = joined.and_then(|joined| joined.observed) else { return Ok(()) };
        self.observed.push(observed);
        let every = self.plan.refit as usize;
        if every > 0 && self.observed.len().is_multiple_of(every) {
            self.fits += 1;
            let delays = fit(&self.observed, self.fits, self.world.clock.now());
            self.world.learn(&delays).await?;
            self.delays = delays;
        }
        Ok(())
    }

    fn dialling(&mut self, dialled: &Dialled) -> Result<Dialling, String> {
        match dialled {
            Dialled::ShownTo { session, target } => match self.people.find(session) {
                Some(who) => {
                    let number = self.on_screen(self.people.get(who), target.as_deref());
                    Ok((Some(who), number))
                }
                None => Err(format!("no session {session:?} was shown a number before")),
            },
            Dialled::Any => {
                let pools = self.world.pools();
                let count = pools.iter().map(|pool| pool.numbers.len()).sum::<usize>();
                if count == 0 {
                    return Err("`dials` is \"any\", and there is no pool with a number".to_owned());
                }
                let nth = self.rng.random_range(0..count);
                let mut numbers = pools.iter().flat_map(|pool| &pool.numbers);
                Ok((None, numbers.nth(nth).cloned()))
            }
            Dialled::Number(number) => Ok((None, Some(number.clone()))),
        }
    }

    /// What a session saw last in the place of `target`, or of the first one that shows a number.
    fn on_screen(&self, session: &Session, target: Option<&str>) -> Option<PhoneNumber> {
        let targets = self.world.site().targets.iter().map(|target| &target.id);
        let mut asked = targets.filter(|id| target.is_none_or(|target| target == id.as_str()));
        asked.find_map(|id| session.on_screen.get(id)).cloned()
    }
}
