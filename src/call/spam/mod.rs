//! Call → whether it is unwanted, and why.
//!
//! In: a call with its caller, and how often they called of late ([`history`]). Out: a
//! [`model::Screen`], kept on the call. Nothing is ever dropped: the call is routed as the site says,
//! reports leave it out unless asked, and it makes no conversions unless a rule wants that. What people
//! tell of a call (`spam` of its outcome) counts more than what is found here.
//!
//! What always holds: it is judged once, by what was known at the call's own time; whoever passes the
//! challenge is not unwanted; a caller of the `allowed` list never is.

pub mod history;
pub mod model;
pub mod rules;
