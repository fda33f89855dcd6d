//! The routes of calls: webhooks of providers, lists, imports and live events.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::webhook::webhook;
use crate::call::{import, list, live};

/// The routes of this stage, but for outcomes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(webhook)
        .configure(list::http::routes)
        .configure(import::http::routes)
        .configure(live::http::routes);
}
