//! Puts together the events that one webhook tells of one call. Pure.

use crate::call::answer::Stage;
use crate::call::caller::{caller_number, told_number};
use crate::call::model::{CallEvent, CallEventKind, Caller};
use crate::call::provided::provided;
use crate::call::providers::{Unreadable, Webhook, bounds};
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// What all events of a webhook share.
pub struct Report<'a> {
    site: &'a Site,
    webhook: &'a Webhook<'a>,
    provider: &'static str,
    call_id: String,
    /// The tracking number, when the webhook tells it.
    pub to: Option<PhoneNumber>,
    /// Who called, when the webhook tells it.
    pub from: Caller,
    /// `Call-ID` of the caller's leg, when the webhook tells it.
    pub sip_call_id: Option<String>,
    /// Which step of the call the webhook is about: what its address brought back tells.
    pub stage: Stage,
    /// Where the leg went that it is about, when it is about one and tells that.
    dialled: Option<String>,
    events: Vec<CallEvent>,
}

impl<'a> Report<'a> {
    /// A report on the call that `call_id` names.
    pub fn new(
        provider: &'static str,
        site: &'a Site,
        webhook: &'a Webhook<'a>,
        call_id: &str,
    ) -> Result<Self, Unreadable> {
        let call_id = bounds::id(call_id)
            .ok_or_else(|| Unreadable("the call's id is missing or no id".to_owned()))?;
        Ok(Report {
            site,
            webhook,
            provider,
            call_id: call_id.to_owned(),
            to: None,
            from: Caller::default(),
            sip_call_id: None,
            stage: Stage::of_mark(&webhook.bookmark().mark),
            dialled: None,
            events: Vec::new(),
        })
    }

    /// Adds the numbers of the call itself. A withheld or made-up number has no name and no country.
    pub fn numbers(mut self, from: &str, name: &str, to: &str) -> Self {
        let country = &self.site.country;
        self.to = told_number(to, country);
        if let Some(number) = caller_number(from, country) {
            self.from = Caller { number: Some(number), name: bounds::text(name), ..self.from };
        }
        self
    }

    /// Adds the number that the call was forwarded from: a number or a `Diversion` header.
    pub fn forwarded_from(mut self, text: &str) -> Self {
        self.from.forwarded_from = caller_number(text, &self.site.country);
        self
    }

    /// Adds the ad that these fields tell of, SIP headers among them.
    pub fn ad<'f>(mut self, fields: impl Iterator<Item = (&'f str, &'f str)>) -> Self {
        self.from.ad = provided(&self.site.ad_headers, fields);
        self
    }

    /// Adds an event. `detail` tells it from other events of the same kind of webhook; `told_at` is
    /// when the provider says it happened. What is stale is left out.
    pub fn add(&mut self, kind: CallEventKind, detail: &str, told_at: Option<Millis>) {
        let received_at = self.webhook.received_at;
        if told_at.is_some_and(|at| bounds::is_stale(at, received_at)) {
            return;
        }
        self.events.push(CallEvent {
            controlled: None,
            provider: self.provider.to_owned(),
            provider_call_id: self.call_id.clone(),
            dedup: format!("{}:{detail}", self.webhook.event),
            site: self.site.id.clone(),
            at: bounds::believable(told_at, received_at),
            received_at,
            to: None,
            from: Caller::default(),
            sip_call_id: None,
            stage: self.stage,
            dialled: self.dialled.clone(),
            kind,
        });
    }

    /// Notes where the leg went that the webhook is about: a number or a SIP address.
    pub fn leg_to(&mut self, text: &str) {
        let text = text.trim();
        self.dialled = match text.get(..4).map(str::to_ascii_lowercase).as_deref() {
            Some("sip:" | "sips") => Some(bounds::text(text)),
            _ => told_number(text, &self.site.country).map(String::from),
        };
    }

    /// Adds the keys that the caller pressed for the step with this mark, or that none was.
    pub fn add_keys(&mut self, mark: String, told: &str, at: Option<Millis>) {
        let digits = bounds::keys(told);
        let detail = format!("{mark}:{digits}");
        let kind = match digits.is_empty() {
            true => CallEventKind::NoKeys,
            false => CallEventKind::KeysPressed { mark, digits },
        };
        self.add(kind, &detail, at);
    }

    /// Adds who of the business talks with the caller, when that is told.
    pub fn add_agent(&mut self, told: &str, detail: &str, at: Option<Millis>) {
        let name = bounds::text(told);
        if !name.is_empty() {
            self.add(CallEventKind::Agent { name }, &format!("agent:{detail}"), at);
        }
    }

    /// Adds the message that the caller left; one without any length is none.
    pub fn add_message(
        &mut self,
        url: Option<String>,
        duration_s: Option<u32>,
        at: Option<Millis>,
    ) {
        if duration_s != Some(0) {
            self.add(CallEventKind::VoicemailLeft { url, duration_s }, "message", at);
        }
    }

    /// The events, with what was said about the call in each. Where the provider names no country,
    /// the number does.
    pub fn events(mut self) -> Vec<CallEvent> {
        if self.from.country.is_empty()
            && let Some(number) = &self.from.number
        {
            self.from.country = number.country().unwrap_or_default();
        }
        let mut events = self.events;
        for event in &mut events {
            event.to.clone_from(&self.to);
            event.from.clone_from(&self.from);
            event.sip_call_id.clone_from(&self.sip_call_id);
        }
        events
    }
}
