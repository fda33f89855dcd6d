//! Writes an entry for each request that deserves one, before its answer leaves.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};

use crate::audit::model::Entry;
use crate::audit::rules::{action, target};
use crate::audit::store::AuditLog;
use crate::config::Live;
use crate::http::auth::Caller;
use crate::http::client_ip::client_ip;
use crate::http::edge::RequestId;
use crate::platform::clock::Clock;
use crate::visit::address::truncated;

/// The middleware; wraps the whole application.
pub async fn audit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let answered = next.call(request).await?;
    let caller = answered.request().extensions().get::<Caller>().cloned();
    if let Some(caller) = caller {
        keep(&answered, &caller).await;
    }
    Ok(answered)
}

async fn keep<B>(answered: &ServiceResponse<B>, caller: &Caller) {
    let request = answered.request();
    let told = |name| answered.headers().get(name).and_then(|value| value.to_str().ok());
    let (disposition, kind) = (told(header::CONTENT_DISPOSITION), told(header::CONTENT_TYPE));
    let method = request.method().as_str();
    let Some(action) = action(method, disposition, kind) else { return };
    let parts = (
        request.app_data::<web::Data<Live>>(),
        request.app_data::<web::Data<Clock>>(),
        request.app_data::<web::Data<AuditLog>>(),
    );
    let (Some(live), Some(clock), Some(log)) = parts else { return };
    let (now, installation) = (clock.now(), live.now_full());
    let status = answered.status().as_u16();
    let address = client_ip(request, &installation.config.server.trusted_proxies);
    let entry = Entry {
        at: now.to_string(),
        by: caller.name().to_owned(),
        network: truncated(address).to_string(),
        action,
        method: method.to_owned(),
        route: request.match_pattern().unwrap_or_default(),
        sites: caller.sites_asked(),
        target: target(request.match_info().iter(), status),
        status,
        request: request_id(request),
    };
    let (log, keep) = (log.get_ref().clone(), installation.config.audit.keep);
    let written = web::block(move || log.append(&entry, now, keep)).await;
    if let Ok(Err(error)) = &written {
        tracing::error!(%error, "the audit log cannot be written");
    }
    if !matches!(written, Ok(Ok(()))) {
        metrics::counter!("ringtrace_audit_failures_total").increment(1);
    }
}

fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}
