//! When a call is a conversion, and the kinds of destinations that hear of it.

use super::{COUNT, DURATION, FLAG, ID, Key, PROBABILITY, Shape, TEXT, bare, key, needed, quoted};
use crate::call::model::CallStatus;
use crate::config::model::{GoogleAction, Mapping, Once, UrlMethod, WebhookEvent};

const DECIMAL: Shape = quoted::<String>("a decimal in quotes such as \"25.00\"");

pub(super) const CONVERSION: &[Key] = &[
    needed("name", TEXT),
    key("when", Shape::Table(CONDITION)),
    key("value", DECIMAL),
    key("outcome_value", FLAG),
    key("values", Shape::List(&Shape::Table(VALUE))),
    key("once", quoted::<Once>("\"call\", \"caller\" or \"click\"")),
    key("delay", DURATION),
    needed("destinations", Shape::List(&ID)),
];

const VALUE: &[Key] = &[needed("when", Shape::Table(CONDITION)), needed("value", DECIMAL)];

const STATUS: Shape =
    quoted::<CallStatus>("answered, busy, no_answer, failed, canceled, voicemail or rejected");

const CONDITION: &[Key] = &[
    key("answered", FLAG),
    key("statuses", Shape::List(&STATUS)),
    key("min_talk_s", COUNT),
    key("max_talk_s", COUNT),
    key("first_time", FLAG),
    key("sources", Shape::List(&TEXT)),
    key("media", Shape::List(&TEXT)),
    key("campaigns", Shape::List(&TEXT)),
    key("channels", Shape::List(&TEXT)),
    key("min_confidence", PROBABILITY),
    key("qualified", FLAG),
    key("converted", FLAG),
    key("appointment", FLAG),
    key("dispositions", Shape::List(&TEXT)),
    key("tags", Shape::List(&TEXT)),
    key("min_value", DECIMAL),
    key("min_score", bare::<u8>("a whole number from 0 to 100")),
    key("spam", FLAG),
];

const OAUTH: &[Key] = &[
    needed("client_id", TEXT),
    key("client_secret", Shape::Secret),
    key("refresh_token", Shape::Secret),
    key("token_url", TEXT),
];

const ACTION: Shape = quoted::<GoogleAction>("\"click\" or \"call\"");

const DATA_MANAGER: &[Key] = &[
    needed("account", TEXT),
    key("login_account", TEXT),
    needed("conversion_action", TEXT),
    key("action", ACTION),
    key("oauth", Shape::Table(OAUTH)),
    key("base", TEXT),
    key("version", TEXT),
];

const GOOGLE_ADS: &[Key] = &[
    needed("account", TEXT),
    key("login_account", TEXT),
    needed("conversion_action", TEXT),
    key("action", ACTION),
    key("developer_token", Shape::Secret),
    key("oauth", Shape::Table(OAUTH)),
    key("base", TEXT),
    key("version", TEXT),
];

const GA4: &[Key] = &[
    needed("measurement_id", TEXT),
    key("api_secret", Shape::Secret),
    key("event", TEXT),
    key("base", TEXT),
];

const PIXEL: &[Key] = &[
    needed("pixel", TEXT),
    key("event", TEXT),
    key("access_token", Shape::Secret),
    key("test_code", TEXT),
    key("base", TEXT),
    key("version", TEXT),
];

const LINKEDIN: &[Key] = &[
    needed("pixel", TEXT),
    key("access_token", Shape::Secret),
    key("oauth", Shape::Table(OAUTH)),
    key("base", TEXT),
    key("version", TEXT),
];

const MICROSOFT_ADS: &[Key] = &[
    needed("account", TEXT),
    needed("customer", TEXT),
    needed("goal", TEXT),
    key("without_plus", FLAG),
    key("developer_token", Shape::Secret),
    key("oauth", Shape::Table(OAUTH)),
    key("base", TEXT),
    key("version", TEXT),
];

const X: &[Key] = &[
    needed("pixel", TEXT),
    needed("event", TEXT),
    needed("consumer_key", TEXT),
    key("consumer_secret", Shape::Secret),
    key("access_token", Shape::Secret),
    key("token_secret", Shape::Secret),
    key("base", TEXT),
    key("version", TEXT),
];

const URL: &[Key] = &[
    needed("url", TEXT),
    key("method", quoted::<UrlMethod>("\"GET\" or \"POST\"")),
    key("require", Shape::List(&TEXT)),
    key("hmac_secret", Shape::Secret),
];

const EVENT: Shape = quoted::<WebhookEvent>(
    "\"call.started\", \"call.routed\", \"call.ended\", \"call.changed\" or \"pool.overflow\"",
);

const WEBHOOK: &[Key] = &[
    needed("url", TEXT),
    key("secret", Shape::Secret),
    key("second_secret", Shape::Secret),
    key("headers", Shape::Map(&Shape::Secret)),
    key("events", Shape::List(&EVENT)),
    key("mapping", quoted::<Mapping>("\"none\", \"hubspot\", \"salesforce\" or \"pipedrive\"")),
    key("caller", FLAG),
];

pub(super) const DESTINATION: Shape = Shape::Kinds {
    common: &[needed("id", ID)],
    kinds: &[
        ("url", URL),
        ("webhook", WEBHOOK),
        ("google_data_manager", DATA_MANAGER),
        ("google_ads", GOOGLE_ADS),
        ("ga4", GA4),
        ("meta", PIXEL),
        ("microsoft_ads", MICROSOFT_ADS),
        ("microsoft_uet", PIXEL),
        ("tiktok", PIXEL),
        ("linkedin", LINKEDIN),
        ("pinterest", PIXEL),
        ("snap", PIXEL),
        ("reddit", PIXEL),
        ("x", X),
        ("openai_ads", PIXEL),
        ("quora", PIXEL),
        ("nextdoor", PIXEL),
    ],
};
