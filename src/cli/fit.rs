//! `ringtrace fit`: learns now when a site's callers call, on the running server.

use serde_json::Value;

use crate::cli::CliError;
use crate::cli::client::ServerArgs;

/// Which site of which server.
#[derive(Clone, Debug, clap::Args)]
pub struct FitArgs {
    /// The site.
    #[arg(long)]
    pub site: String,
    /// Only print what is in force.
    #[arg(long)]
    pub show: bool,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Fits, and prints the fit beside what is assumed without one.
pub async fn run(args: FitArgs) -> Result<(), CliError> {
    let client = args.server.client()?;
    let site: String = url::form_urlencoded::byte_serialize(args.site.as_bytes()).collect();
    let path = format!("/v1/sites/{site}/delays");
    let told = match args.show {
        true => client.get(&path, &[]).await?,
        false => client.post(&format!("{path}/fit")).await?,
    };
    let told: Value = serde_json::from_str(&told)
        .map_err(|e| CliError::Server { url: client.url(&path), why: e.to_string() })?;
    let (fit, prior) = (&told["delays"], &told["prior"]);
    let at = fit["fitted_at"].as_str().unwrap_or("never");
    println!("fit {} of {} calls, made {at}", fit["version"], fit["calls"]);
    println!("{:<8}{:>8}{:>10}{:>12}{:>12}", "", "share", "assumed", "mean delay", "assumed");
    for name in ["click", "page", "just", "day", "later", "nobody"] {
        let share = |of: &Value| of[name]["share"].as_f64().unwrap_or(0.0);
        let mean = |of: &Value| match of[name]["mean_s"].as_f64() {
            Some(seconds) => format!("{seconds:.0} s"),
            None => "-".to_owned(),
        };
        println!(
            "{name:<8}{:>8.3}{:>10.3}{:>12}{:>12}",
            share(fit),
            share(prior),
            mean(fit),
            mean(prior)
        );
    }
    Ok(())
}
