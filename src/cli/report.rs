//! `ringtrace report`: asks the running server and prints its answer.

use std::io::IsTerminal;
use std::time::Duration;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::cli::CliError;
use crate::cli::client::{Client, ServerArgs};
use crate::report::model::Report;
use crate::report::render::{RenderOptions, render};
use crate::report::table::table;

/// The named reports, and a question of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportName {
    /// By source, medium, campaign and channel.
    Sources,
    /// By hour and weekday.
    Hours,
    /// By landing page.
    LandingPages,
    /// Campaigns: visits, calls, what came of them and what they cost.
    Campaigns,
    /// Keywords.
    Keywords,
    /// First-time and repeat callers.
    Callers,
    /// How calls ended.
    Status,
    /// Who talked to callers.
    Agents,
    /// What calls came to.
    Dispositions,
    /// Traffic partners.
    Publishers,
    /// Tracking numbers.
    Numbers,
    /// Pools and static numbers.
    Pools,
    /// Where callers are.
    Geography,
    /// What was spent, and what it brought.
    Money,
    /// How soon callers reach somebody.
    Response,
    /// A question of your own: --metrics, --dimensions, --filter, ….
    Query,
}

impl ReportName {
    /// The reports of the demo, in the order in which it prints them.
    pub const ALL: [ReportName; 3] =
        [ReportName::Sources, ReportName::Hours, ReportName::LandingPages];

    fn path(self) -> &'static str {
        match self {
            ReportName::Sources => "sources",
            ReportName::Hours => "hours",
            ReportName::LandingPages => "landing-pages",
            ReportName::Campaigns => "campaigns",
            ReportName::Keywords => "keywords",
            ReportName::Callers => "callers",
            ReportName::Status => "status",
            ReportName::Agents => "agents",
            ReportName::Dispositions => "dispositions",
            ReportName::Publishers => "publishers",
            ReportName::Numbers => "numbers",
            ReportName::Pools => "pools",
            ReportName::Geography => "geography",
            ReportName::Money => "money",
            ReportName::Response => "response",
            ReportName::Query => "query",
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
    /// One JSON object a line; not of sources, hours and landing-pages.
    Ndjson,
}

impl ReportFormat {
    fn word(self) -> &'static str {
        match self {
            // A table is made of the JSON.
            ReportFormat::Table | ReportFormat::Json => "json",
            ReportFormat::Csv => "csv",
            ReportFormat::Ndjson => "ndjson",
        }
    }
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
    /// A period by its name, instead of --from and --to: today, last_7_days, this_month, ….
    #[arg(long)]
    pub period: Option<String>,
    /// Metrics, separated by commas.
    #[arg(long)]
    pub metrics: Option<String>,
    /// Dimensions, separated by commas.
    #[arg(long)]
    pub dimensions: Option<String>,
    /// A condition such as source:equals:google or hour:gte:8; may be given several times.
    #[arg(long)]
    pub filter: Vec<String>,
    /// Rows by time: hour, day, week, month, quarter or year.
    #[arg(long)]
    pub grain: Option<String>,
    /// The order, such as -calls,source.
    #[arg(long, allow_hyphen_values = true)]
    pub order: Option<String>,
    /// Most rows.
    #[arg(long)]
    pub limit: Option<u32>,
    /// previous_period or same_period_last_year.
    #[arg(long)]
    pub compare: Option<String>,
    /// An industry, or own_past.
    #[arg(long)]
    pub benchmark: Option<String>,
    /// Tells spans of time without rows, too.
    #[arg(long)]
    pub fill: bool,
    /// Asks again every so many seconds, until interrupted.
    #[arg(long, num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
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
        let failed = |why: String| CliError::Server { url: self.url(&path), why };
        let unreadable = |e: serde_json::Error| failed(format!("the answer is not a report: {e}"));
        if ReportName::ALL.contains(&name) {
            let report: Report = serde_json::from_str(&text).map_err(unreadable)?;
            return Ok(render(&report, &screen()));
        }
        let answer: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
        table(&answer, &screen()).ok_or_else(|| failed("the answer is not a report".to_owned()))
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

/// Prints one report, or the same one again and again.
pub async fn run(args: ReportArgs) -> Result<(), CliError> {
    let client = args.server.client()?;
    let (name, format, watch) = (args.name, args.format, args.watch);
    let query = query(args);
    loop {
        let text = match format {
            ReportFormat::Table => client.report(name, &query).await?,
            _ => client.get(&format!("/v1/reports/{}", name.path()), &query).await?,
        };
        let Some(seconds) = watch else {
            println!("{}", text.trim_end());
            return Ok(());
        };
        let terminal = console::Term::stdout();
        if terminal.is_term() {
            // A terminal that cannot be cleared shows one report under the other.
            _ = terminal.clear_screen();
        }
        println!("{}", text.trim_end());
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

/// What is asked, as the API takes it.
fn query(args: ReportArgs) -> Vec<(&'static str, String)> {
    let mut query: Vec<(&str, String)> = Vec::new();
    for (name, value) in [
        ("from", args.from),
        ("to", args.to),
        ("period", args.period),
        ("model", args.model),
        ("weight", args.weight),
        ("clock", args.clock),
        ("conversion", args.conversion),
        ("metrics", args.metrics),
        ("dimensions", args.dimensions),
        ("grain", args.grain),
        ("order", args.order),
        ("limit", args.limit.map(|limit| limit.to_string())),
        ("compare", args.compare),
        ("benchmark", args.benchmark),
        ("fill", args.fill.then(|| "true".to_owned())),
    ] {
        query.extend(value.map(|value| (name, value)));
    }
    query.extend(args.site.into_iter().map(|site| ("site", site)));
    query.extend(args.filter.into_iter().map(|filter| ("filter", filter)));
    if args.format != ReportFormat::Table {
        query.push(("format", args.format.word().to_owned()));
    }
    query
}
