//! Stands for an ad network and a CRM in the demo: takes postbacks and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{HttpResponse, web};

use crate::app::ExtraRoutes;

/// Counts what arrives at `/demo/postback` (ad network) and `/demo/webhook` (CRM).
#[derive(Clone, Default)]
pub struct Receiver(Arc<AtomicU64>);

impl Receiver {
    /// How many postbacks arrived.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The receiver's routes.
    pub fn routes(&self) -> ExtraRoutes {
        let count = self.0.clone();
        Arc::new(move |config: &mut web::ServiceConfig| {
            for path in ["/demo/postback", "/demo/webhook"] {
                let count = count.clone();
                let take = move || {
                    count.fetch_add(1, Ordering::Relaxed);
                    async { HttpResponse::Ok().body("OK") }
                };
                config.route(path, web::to(take));
            }
        })
    }
}
