//! `POST /v1/backup`.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::backup::snapshot::Backups;
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};

/// Mounts the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(backup);
}

/// A backup that was made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupReply {
    /// Its folder, on the server's machine. The next backup takes its place.
    pub folder: String,
    /// Its files, without the manifest.
    pub files: usize,
    /// Their size together.
    pub bytes: u64,
}

/// Makes a backup inside the data folder; `ringtrace backup` takes it from there. It never leaves over HTTP.
#[utoipa::path(
    tag = "operations",
    security(("key" = ["admin", "every-site"])),
    responses(
        (status = 201, description = "It is made", body = BackupReply),
        (status = 403, description = "The key has no scope `admin`, or may not see every site", body = ProblemBody),
        (status = 409, description = "One is being made", body = ProblemBody),
    ),
)]
#[post("/v1/backup")]
async fn backup(caller: Caller, backups: web::Data<Backups>) -> Result<HttpResponse, Problem> {
    caller.needs_admin_everywhere()?;
    let staged = backups.stage().await.map_err(|error| {
        tracing::error!(%error, "no backup was made");
        Problem::Unavailable { what: "the backup (the log says why)" }
    })?;
    let (folder, manifest) =
        staged.ok_or_else(|| Problem::Conflict("a backup is being made".to_owned()))?;
    let folder = folder.display().to_string();
    let reply = BackupReply { folder, files: manifest.files.len(), bytes: manifest.bytes() };
    Ok(HttpResponse::Created().json(reply))
}
