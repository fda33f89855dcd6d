//! `ringtrace report`: asks the running server and prints its answer.

use std::io::IsTerminal;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::cli::CliError;
use crate::cli::client::{Client, ServerArgs};
use crate::report::model::Report;
use crate::report::render::{RenderOptions, render};

/// The named reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportName {
    /// By source, medium, campaign and channel.
    Sources,
    /// By hour and weekday.
    Hours,
    /// By landing page.
    LandingPages,
}

impl ReportName {
    /// Every named report, in the order in which the demo prints them.
    pub const ALL: [ReportName; 3] =
        [ReportName::Sources, ReportName::Hours, ReportName::LandingPages];

    fn path(self) -> &'static str {
        match self {
            ReportName::Sources => "sources",
            ReportName::Hours => "hours",
            ReportName::LandingPages => "landing-pages",
        }
    }
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    #[default]
    Table,
    /// As the API's CSV.
    Csv,
    /// As the API's JSON.
    Json,
}

/// What `ringtrace report` was asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    /// Which report.
    pub name: ReportName,
    /// First day (YYYY-MM-DD, in the site's time zone) or first moment (RFC 3339).
    #[arg(long)]
    pub from: Option<String>,
    /// Last day, or the moment before which it ends.
    #[arg(long)]
    pub to: Option<String>,
    /// Site; may be given several times. All that the key may see when absent.
    #[arg(long)]
    pub site: Vec<String>,
    /// Shares calls out over the touches of who called: first, last, last_non_direct, last_paid, lead_creation,
    /// linear, position_based, w_shaped, time_decay or data_driven. Each to its own source when absent.
    #[arg(long)]
    pub model: Option<String>,
    /// How much a call counts: calls (each once) or confidence (as much as its answer is sure).
    #[arg(long)]
    pub weight: Option<String>,
    /// Under which time: that of the call, or that of the credited visit.
    #[arg(long)]
    pub clock: Option<String>,
    /// Only calls that met the conversion of this name.
    #[arg(long)]
    pub conversion: Option<String>,
    /// How it is printed.
    #[arg(long, default_value = "table")]
    pub format: ReportFormat,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

impl Client {
    /// A report from one day to another, both included, as a table.
    pub async fn table(&self, name: ReportName, from: Date, to: Date) -> Result<String, CliError> {
        self.report(name, &[("from", from.to_string()), ("to", to.to_string())]).await
    }

    async fn report(&self, name: ReportName, query: &[(&str, String)]) -> Result<String, CliError> {
        let path = format!("/v1/reports/{}", name.path());
        let text = self.get(&path, query).await?;
        let report: Report = serde_json::from_str(&text).map_err(|e| CliError::Server {
            url: self.url(&path),
            why: format!("the answer is not a report: {e}"),
        })?;
        Ok(render(&report, &screen()))
    }
}

/// As wide as the terminal, and plain where there is none.
fn screen() -> RenderOptions {
    let default = RenderOptions::default();
    if !std::io::stdout().is_terminal() {
        return RenderOptions { plain: true, ..default };
    }
    let width = console::Term::stdout().size_checked().map_or(default.width, |(_, width)| width);
    RenderOptions { width, ..default }
}

/// Prints one report.
pub async fn run(args: ReportArgs) -> Result<(), CliError> {
    let client = args.server.client()?;
    let mut query: Vec<(&str, String)> = Vec::new();
    query.extend(args.from.map(|from| ("from", from)));
    query.extend(args.to.map(|to| ("to", to)));
    query.extend(args.model.map(|model| ("model", model)));
    query.extend(args.weight.map(|weight| ("weight", weight)));
    query.extend(args.clock.map(|clock| ("clock", clock)));
    query.extend(args.conversion.map(|name| ("conversion", name)));
    query.extend(args.site.into_iter().map(|site| ("site", site)));
    let text = match args.format {
        ReportFormat::Table => client.report(args.name, &query).await?,
        ReportFormat::Csv | ReportFormat::Json => {
            let format = if args.format == ReportFormat::Csv { "csv" } else { "json" };
            query.push(("format", format.to_owned()));
            client.get(&format!("/v1/reports/{}", args.name.path()), &query).await?
        }
    };
    println!("{}", text.trim_end());
    Ok(())
}
