//! An event of the Voice API as it came, read leniently: a field of another type than expected is only that field
//! (telephony facts §4.1).

use crate::call::caller::told_number;
use crate::call::providers::Unreadable;
use crate::call::providers::json::Tree;
use crate::call::providers::telnyx::state::State;
use crate::config::model::{RouteKind, Site};
use crate::platform::phone::PhoneNumber;

/// An event.
pub struct Event {
    tree: Tree,
    /// `event_type`.
    pub kind: String,
    /// Its own id; empty: none.
    pub id: String,
    /// When it happened, as it is written.
    pub occurred_at: String,
}

impl Event {
    /// Reads a body.
    pub fn of(body: &[u8]) -> Result<Self, Unreadable> {
        let tree = Tree::of(body)?;
        let kind = tree.text("/data/event_type");
        if kind.is_empty() {
            return Err(Unreadable("the body is no event of the Voice API".to_owned()));
        }
        let (id, occurred_at) = (tree.text("/data/id"), tree.text("/data/occurred_at"));
        Ok(Event { tree, kind, id, occurred_at })
    }

    /// A field of the payload; empty when there is none.
    pub fn told(&self, field: &str) -> String {
        self.tree.text(&format!("/data/payload/{field}"))
    }

    /// Whole seconds in a field of the payload.
    pub fn seconds(&self, field: &str) -> Option<u32> {
        self.tree.seconds(&format!("/data/payload/{field}"))
    }

    /// The SIP headers that it brings, with their values.
    pub fn headers(&self) -> Vec<(String, String)> {
        let lists = ["/data/payload/sip_headers", "/data/payload/custom_headers"];
        let headers = lists.iter().flat_map(|list| self.tree.list(list).unwrap_or_default());
        headers.map(|header| (header.text("/name"), header.text("/value"))).collect()
    }

    /// Whether it is about the caller's leg. Only the first event of a leg tells its direction. Later ones bring back
    /// the caller's leg where commands of ours led to them (`state`); else the numbers must do: who is called there, or
    /// calls, is one of the site's tracking numbers, or somebody whom the site forwards to. A number that was added over
    /// the API is not known here: what is nobody's is the caller's leg.
    pub fn is_of_callers_leg(&self, site: &Site, state: Option<&State>) -> bool {
        let direction = self.told("direction");
        if !direction.is_empty() {
            return matches!(direction.as_str(), "incoming" | "inbound");
        }
        let leg = self.told("call_control_id");
        if let Some(state) = state.filter(|_| !leg.is_empty()) {
            return state.leg == leg;
        }
        let number = |field| told_number(&self.told(field), &site.country);
        let is_tracking = |number: &PhoneNumber| site.tracking_numbers().any(|of| of == number);
        match number("to") {
            Some(to) if is_tracking(&to) => true,
            Some(to) if is_forwarded_to(site, &to) => false,
            _ => !number("from").is_some_and(|from| is_tracking(&from)),
        }
    }
}

fn is_forwarded_to(site: &Site, number: &PhoneNumber) -> bool {
    let dials = site.routing.routes.iter().filter_map(|route| match &route.kind {
        RouteKind::Dial(dial) => Some(&dial.to),
        _ => None,
    });
    let mut targets = dials.flatten().map(|to| to.address.as_str());
    let mut own = site.numbers.iter().filter_map(|of| of.forward_to.as_ref());
    site.forward_to == *number
        || own.any(|forward_to| forward_to == number)
        || targets.any(|address| address == number.as_str())
}
