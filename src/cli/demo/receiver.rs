//! Stands for an ad platform in the demo: takes postbacks and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{HttpResponse, web};

use crate::app::ExtraRoutes;

/// Counts what arrives at `/demo/postback`.
#[derive(Clone, Default)]
pub struct Receiver(Arc<AtomicU64>);

impl Receiver {
    /// How many postbacks arrived.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The receiver's route.
    pub fn routes(&self) -> ExtraRoutes {
        let count = self.0.clone();
        Arc::new(move |config: &mut web::ServiceConfig| {
            let count = count.clone();
            config.route(
                "/demo/postback",
                web::to(move || {
                    count.fetch_add(1, Ordering::Relaxed);
                    async { HttpResponse::Ok().body("OK") }
                }),
            );
        })
    }
}
