//! What listeners are told of a call. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::model::{Call, CallOrigin, CallStatus};
use crate::platform::caller_keys::{CallerKeys, SealedNumber};
use crate::platform::ids::SiteId;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LiveKind {
    /// A call came in.
    Ringing,
    /// A person and the caller are talking.
    Answered,
    /// It is over.
    Ended,
}

impl LiveKind {
    /// The event's name in the stream.
    pub fn word(self) -> &'static str {
        match self {
            LiveKind::Ringing => "ringing",
            LiveKind::Answered => "answered",
            LiveKind::Ended => "ended",
        }
    }

    fn of(status: CallStatus) -> Self {
        match status {
            CallStatus::Received | CallStatus::Ringing => LiveKind::Ringing,
            CallStatus::InProgress => LiveKind::Answered,
            _ => LiveKind::Ended,
        }
    }
}

/// A call as it was when something happened; `GET /v1/calls/{id}` tells the rest. Times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveEvent {
    /// What happened.
    pub kind: LiveKind,
    /// The call.
    pub call: String,
    /// Its version then: an event that comes again has the same.
    pub version: u32,
    /// The site.
    #[schema(value_type = String)]
    pub site: SiteId,
    /// Where it stands.
    pub status: CallStatus,
    /// When it came in.
    pub started_at: String,
    /// The number that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// Who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Their first call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_time: Option<bool>,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// By what medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// Of which campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Of which channel group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Seconds waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u32>,
    /// Seconds talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_s: Option<u32>,
}

impl LiveEvent {
    /// Opens who calls, which Redis has sealed; what cannot be opened is left out.
    pub fn open(&mut self, keys: &CallerKeys) {
        let sealed = self.caller.take().and_then(|text| SealedNumber::try_from(text).ok());
        self.caller = sealed.and_then(|sealed| keys.open(&sealed)).map(|number| number.to_string());
    }

    /// What a change tells listeners; `None` when it is nothing new to them, or long past.
    pub fn of(before: Option<&Call>, after: &Call) -> Option<Self> {
        let kind = LiveKind::of(after.status);
        let is_news = before.is_none_or(|before| LiveKind::of(before.status) != kind);
        if !is_news || after.origin() != CallOrigin::Webhook {
            return None;
        }
        let source = after.attribution.as_ref().and_then(|found| found.source.as_ref());
        Some(LiveEvent {
            kind,
            call: after.id.to_string(),
            version: after.version,
            site: after.site.clone(),
            status: after.status,
            started_at: after.started_at.to_string(),
            tracking_number: after.tracking_number.as_ref().map(ToString::to_string),
            caller: after.caller.number.as_ref().map(ToString::to_string),
            first_time: after.first_time,
            source: source.map(|source| source.source.clone()),
            medium: source.map(|source| source.medium.clone()),
            campaign: source.map(|source| source.campaign.clone()).filter(|text| !text.is_empty()),
            channel: source.map(|source| source.channel.clone()),
            wait_s: after.wait_s,
            talk_s: after.talk_s,
        })
    }
}
