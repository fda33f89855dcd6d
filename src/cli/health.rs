//! `ringtrace health`: for container platforms, which ask a command whether a service is well.

use std::time::Duration;

use crate::cli::CliError;
use crate::config::load::load;
use crate::platform::tls::client_builder;

/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Options of `health`.
#[derive(Clone, Debug, clap::Args)]
pub struct HealthArgs {
    /// Where the server is; by default the configuration's listen address.
    #[arg(long, env = "RINGTRACE_URL")]
    url: Option<String>,
    /// Configuration that tells where the server listens.
    #[arg(long, env = "RINGTRACE_CONFIG", value_name = "PATH")]
    config: Option<std::path::PathBuf>,
    /// Ask whether all its parts can serve, not only whether it runs. Without Redis calls are forwarded all the same: do
    /// not have a service started again because of it.
    #[arg(long)]
    ready: bool,
}

/// Succeeds when the server answers.
pub(super) async fn run(args: HealthArgs) -> Result<(), CliError> {
    let base = match args.url {
        Some(url) => url,
        None => {
            let mut listen = load(args.config.as_deref())?.server.listen;
            if listen.ip().is_unspecified() {
                // It listens everywhere, and so here.
                listen.set_ip(match listen.is_ipv4() {
                    true => std::net::Ipv4Addr::LOCALHOST.into(),
                    false => std::net::Ipv6Addr::LOCALHOST.into(),
                });
            }
            format!("http://{listen}")
        }
    };
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let failed = |why: String| CliError::Server { url: url.clone(), why };
    let client = client_builder().timeout(PATIENCE).no_proxy().build();
    let answered = client.map_err(|e| failed(e.to_string()))?.get(&url).send().await;
    let answer = answered.map_err(|e| failed(e.without_url().to_string()))?;
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    if status.is_success() {
        println!("{text}");
        return Ok(());
    }
    Err(failed(format!("{status}: {text}")))
}
