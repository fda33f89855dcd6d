//! The keys of telephony providers: what their webhooks are believed by, and what their APIs are asked with.

use super::{FLAG, Key, Shape, TEXT, key};

pub(super) const TELEPHONY: &[Key] = &[
    key("twilio", Shape::Tables(TWILIO)),
    key("signalwire", Shape::Tables(SIGNALWIRE)),
    key("telnyx", Shape::Tables(TELNYX)),
    key("plivo", Shape::Tables(PLIVO)),
    key("vonage", Shape::Tables(VONAGE)),
    key("bandwidth", Shape::Tables(BANDWIDTH)),
    key("freeswitch", Shape::Tables(TOKEN_ACCOUNT)),
    key("asterisk", Shape::Tables(TOKEN_ACCOUNT)),
    key("kamailio", Shape::Tables(TOKEN_ACCOUNT)),
    key("generic", Shape::Tables(GENERIC)),
];

const TWILIO: &[Key] = &[
    key("account", TEXT),
    key("auth_token", Shape::Secret),
    key("second_auth_token", Shape::Secret),
    key("shared_key", Shape::Secret),
    key("second_shared_key", Shape::Secret),
    key("api_base", TEXT),
    key("fallback_url", TEXT),
];

const SIGNALWIRE: &[Key] = &[
    key("signing_key", Shape::Secret),
    key("second_signing_key", Shape::Secret),
    key("project", TEXT),
    key("api_token", Shape::Secret),
    key("api_base", TEXT),
    key("fallback_url", TEXT),
];

const TELNYX: &[Key] = &[
    key("public_key", TEXT),
    key("second_public_key", TEXT),
    key("voice_api", FLAG),
    key("account", TEXT),
    key("api_key", Shape::Secret),
    key("application", TEXT),
    key("api_base", TEXT),
    key("fallback_url", TEXT),
];

const PLIVO: &[Key] = &[
    key("auth_token", Shape::Secret),
    key("second_auth_token", Shape::Secret),
    key("account", TEXT),
    key("application", TEXT),
    key("api_base", TEXT),
    key("fallback_url", TEXT),
];

const VONAGE: &[Key] = &[
    key("application_id", TEXT),
    key("api_key", TEXT),
    key("signature_secret", Shape::Secret),
    key("second_signature_secret", Shape::Secret),
    key("api_secret", Shape::Secret),
    key("private_key", Shape::Secret),
    key("api_base", TEXT),
    key("rest_base", TEXT),
    key("fallback_url", TEXT),
];

const BANDWIDTH: &[Key] = &[
    key("username", TEXT),
    key("password", Shape::Secret),
    key("second_password", Shape::Secret),
    key("account", TEXT),
    key("client_id", TEXT),
    key("client_secret", Shape::Secret),
    key("application", TEXT),
    key("api_base", TEXT),
    key("voice_base", TEXT),
    key("token_url", TEXT),
    key("fallback_url", TEXT),
];

const TOKEN_ACCOUNT: &[Key] = &[key("token", Shape::Secret), key("second_token", Shape::Secret)];

const GENERIC: &[Key] = &[key("secret", Shape::Secret), key("second_secret", Shape::Secret)];
