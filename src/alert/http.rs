//! `/v1/sites/{site}/alerts`: what needs attention.

use std::collections::HashMap;

use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::alert::model::{AlertView, AlertsReply, Remembered};
use crate::alert::store;
use crate::config::Live;
use crate::config::model::{Alert, AlertKind, Scope};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::redis::Redis;

/// Mounts the route.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(alerts);
}

/// The alerts of a site, with what was found when they were looked at last.
#[utoipa::path(
    tag = "sites",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id")),
    responses(
        (status = 200, description = "Its alerts, those that are wrong first", body = AlertsReply),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/alerts")]
async fn alerts(
    caller: Caller,
    live: web::Data<Live>,
    redis: web::Data<Redis>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let site = caller.site(&installation, &path)?;
    let known = store::load(&redis, &installation.shards.keys(&site.id)).await?;
    let mut alerts: Vec<AlertView> =
        site.alerts.iter().flat_map(|alert| views(alert, &known)).collect();
    alerts.sort_by_key(|alert| alert.wrong != Some(true));
    Ok(HttpResponse::Ok().json(AlertsReply { site: site.id.to_string(), alerts }))
}

/// One view for each subject, by name; one without a finding where nothing was looked at yet.
fn views(alert: &Alert, known: &HashMap<String, Remembered>) -> Vec<AlertView> {
    let of_it = known.iter().map(|(field, known)| (store::parts(field), known));
    let mut of_it: Vec<_> = of_it.filter(|((id, _), _)| *id == alert.id.as_str()).collect();
    of_it.sort_by_key(|((_, subject), _)| *subject);
    let (id, kind) = (alert.id.to_string(), word(&alert.kind).to_owned());
    let view = |((_, subject), known): ((&str, &str), &Remembered)| AlertView {
        id: id.clone(),
        kind: kind.clone(),
        subject: subject.to_owned(),
        // Without a text nobody could tell yet.
        wrong: (!known.text.is_empty()).then_some(known.since.is_some()),
        since: known.since.map(|since| since.to_string()),
        text: known.text.clone(),
        looked_at: Some(known.looked_at.to_string()),
        untold: known.untold.len(),
    };
    let mut views: Vec<AlertView> = of_it.into_iter().map(view).collect();
    if views.is_empty() {
        let (subject, text) = (String::new(), String::new());
        let (wrong, since, looked_at) = (None, None, None);
        views.push(AlertView { id, kind, subject, wrong, since, text, looked_at, untold: 0 });
    }
    views
}

fn word(kind: &AlertKind) -> &'static str {
    match kind {
        AlertKind::Threshold { .. } => "threshold",
        AlertKind::Benchmark { .. } => "benchmark",
        AlertKind::Forecast {} => "forecast",
        AlertKind::Silent { .. } => "silent",
        AlertKind::Overflow { .. } => "overflow",
        AlertKind::Postbacks { .. } => "postbacks",
    }
}
