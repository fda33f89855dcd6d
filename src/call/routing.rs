//! Where a call goes. Pure: the decision needs nothing but the configuration, so that no fault
//! can keep a caller from getting through.

use crate::config::model::Site;
use crate::platform::ids::CallId;
use crate::platform::phone::PhoneNumber;

/// How a call is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The call, when the webhook told which one it is.
    pub call: Option<CallId>,
    /// Where to.
    pub to: PhoneNumber,
    /// How long the destination may ring, in seconds.
    pub timeout_s: u16,
    /// The caller's own number, to be shown to the destination; `None` when withheld.
    pub caller_id: Option<PhoneNumber>,
    /// Base of the URLs that the provider reports to: `<public URL>/v1/telephony/<provider>/<site>`.
    pub report_to: String,
}

/// The route of any call to `site`, also to a number that nobody configured.
pub fn route(
    site: &Site,
    public_url: &str,
    provider: &str,
    call: Option<CallId>,
    caller_id: Option<PhoneNumber>,
) -> Route {
    // Twilio takes 5 to 600 s; shorter rings nobody.
    let timeout_s = site.ring_timeout.as_secs().clamp(5, 600) as u16;
    Route {
        call,
        to: site.forward_to.clone(),
        timeout_s,
        caller_id,
        report_to: format!("{public_url}/v1/telephony/{provider}/{}", site.id),
    }
}
