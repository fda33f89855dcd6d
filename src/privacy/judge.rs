//! What becomes of the things that are kept, one by one. Pure.

use crate::call::live::model::LiveEvent;
use crate::call::model::Call;
use crate::lead::model::Lead;
use crate::ledger::model::{Envelope, Event};
use crate::platform::clock::Millis;
use crate::postback::model::SettledPostback;
use crate::visit::model::Visit;

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Keep,
    /// It stays, but not all of it, or not in the same form.
    Change,
    /// It goes.
    Remove,
}

/// A rule over everything that a site keeps. [`Fate::Change`] has changed what it judged; judging that again keeps it.
pub trait Judge: Send + Sync + 'static {
    /// Of a call.
    fn call(&self, call: &mut Call) -> Fate;

    /// Of a lead.
    fn lead(&self, lead: &mut Lead) -> Fate;

    /// Of what listeners were told of a call at that moment: it stays or goes.
    fn told(&self, at: Millis, event: &LiveEvent) -> Fate;

    /// Of the hash of an e-mail address that was told at that moment: it stays or goes.
    fn email(&self, _: Millis) -> Fate {
        Fate::Keep
    }

    /// Of a visit.
    fn visit(&self, _: &mut Visit) -> Fate {
        Fate::Keep
    }

    /// Of a postback that was settled.
    fn postback(&self, _: &mut SettledPostback) -> Fate {
        Fate::Keep
    }

    /// Of the number that a visit was shown, and of the verdict on a postback, both of this moment.
    fn passing(&self, _: &Event, _: Millis) -> Fate {
        Fate::Keep
    }

    /// Of an entry of the ledger.
    fn entry(&self, envelope: &mut Envelope) -> Fate {
        let at = envelope.at;
        match &mut envelope.event {
            Event::Session(visit) => self.visit(visit),
            Event::Call(call) => self.call(call),
            Event::Lead(lead) => self.lead(lead),
            Event::Cost(_) | Event::Staffing(_) => Fate::Keep,
            event @ (Event::Lease(_) | Event::Postback(_)) => self.passing(event, at),
        }
    }
}

/// What becomes of `thing` when `change` is done to it.
pub fn changed<T: Clone + PartialEq>(thing: &mut T, change: impl FnOnce(&mut T)) -> Fate {
    let before = thing.clone();
    change(thing);
    if *thing == before { Fate::Keep } else { Fate::Change }
}
