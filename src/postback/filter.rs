//! Which postbacks somebody asks for. Pure.

use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::postback::log::Entry;
use crate::postback::model::SkipReason;

/// Which of the postbacks; what is not given does not matter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(default)]
pub struct Filter {
    /// Only those to this destination.
    pub destination: Option<String>,
    /// Only those of this call.
    pub call: Option<String>,
    /// Only those of this conversion rule, or event.
    pub conversion: Option<String>,
    /// Only those that were skipped for this reason.
    pub reason: Option<SkipReason>,
    /// Only those that were settled, or are due, at or after this moment (RFC 3339).
    #[param(value_type = Option<String>)]
    #[schema(value_type = Option<String>)]
    pub from: Option<jiff::Timestamp>,
    /// Only those before this moment.
    #[param(value_type = Option<String>)]
    #[schema(value_type = Option<String>)]
    pub to: Option<jiff::Timestamp>,
}

impl Filter {
    /// Whether `entry` is one of them.
    pub fn lets_through(&self, entry: &Entry) -> bool {
        let postback = &entry.postback;
        let is =
            |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        let moment = |at: jiff::Timestamp| Millis::from(at);
        is(&self.destination, postback.destination.as_str())
            && is(&self.call, &postback.call.to_string())
            && is(&self.conversion, &postback.conversion)
            && self.reason.is_none_or(|wanted| entry.reason == Some(wanted))
            && self.from.is_none_or(|from| entry.at >= moment(from))
            && self.to.is_none_or(|to| entry.at < moment(to))
    }
}
