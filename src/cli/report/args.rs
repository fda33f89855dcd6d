//! What `ringtrace report` can be asked for, and how the API is asked for it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::client::ServerArgs;

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

    /// Where the API has it.
    pub(super) fn route(self) -> String {
        format!("/v1/reports/{}", self.path())
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
    /// A Parquet file; not of these three either.
    Parquet,
    /// An Arrow IPC stream; not of these three either.
    Arrow,
}

impl ReportFormat {
    fn word(self) -> &'static str {
        match self {
            // A table is made of the JSON.
            ReportFormat::Table | ReportFormat::Json => "json",
            ReportFormat::Csv => "csv",
            ReportFormat::Ndjson => "ndjson",
            ReportFormat::Parquet => "parquet",
            ReportFormat::Arrow => "arrow",
        }
    }

    /// Whether it is nothing for a terminal.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, ReportFormat::Parquet | ReportFormat::Arrow)
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
    /// What is asked more rarely.
    #[command(flatten)]
    pub more: Box<MoreArgs>,
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

/// What is asked of a report more rarely.
#[derive(Clone, Debug, clap::Args)]
pub struct MoreArgs {
    /// previous_period, same_period_last_year, or JSON: {"period": …}, {"from": …, "to": …} or {"filters": …}.
    #[arg(long)]
    pub compare: Option<String>,
    /// An industry, or own_past.
    #[arg(long)]
    pub benchmark: Option<String>,
    /// Tells spans of time without rows, too.
    #[arg(long)]
    pub fill: bool,
    /// Calls flagged as spam: exclude, include or only. They are left out when absent.
    #[arg(long)]
    pub spam: Option<String>,
    /// The next page: what the page before told as `next`.
    #[arg(long)]
    pub cursor: Option<String>,
    /// Whether everything together is told, too: true or false. It is when absent.
    #[arg(long)]
    pub totals: Option<bool>,
    /// Instead of rows: what each part of the filter does to everything together.
    #[arg(long)]
    pub analyse: bool,
    /// landing-pages: the path of a page to hold against that of --b.
    #[arg(long, value_name = "PATH", requires = "b")]
    pub a: Option<String>,
    /// The other page.
    #[arg(long, value_name = "PATH", requires = "a")]
    pub b: Option<String>,
    /// The file to write; `-` is standard output, as without.
    #[arg(long, short, value_name = "FILE", conflicts_with = "watch")]
    pub output: Option<PathBuf>,
}

impl ReportArgs {
    /// The file that is asked for.
    pub(super) fn file(&self) -> Option<&Path> {
        self.more.output.as_deref().filter(|output| output.as_os_str() != "-")
    }

    /// Why it cannot be told in the way that is asked for; `None`: it can.
    pub(super) fn obstacle(&self, is_terminal: bool) -> Option<&'static str> {
        let is_binary = self.format.is_binary();
        if self.more.analyse && !matches!(self.format, ReportFormat::Table | ReportFormat::Json) {
            return Some("--analyse is told as table or json");
        }
        if is_binary && self.watch.is_some() {
            return Some("parquet and arrow cannot be watched");
        }
        (is_binary && is_terminal && self.file().is_none()).then_some(
            "parquet and arrow are nothing for a terminal; name a file with --output, or send them to another program",
        )
    }

    /// What is asked, as the API takes it.
    pub(super) fn query(self) -> Vec<(&'static str, String)> {
        let more = *self.more;
        let mut query: Vec<(&str, String)> = Vec::new();
        for (name, value) in [
            ("from", self.from),
            ("to", self.to),
            ("period", self.period),
            ("model", self.model),
            ("weight", self.weight),
            ("clock", self.clock),
            ("conversion", self.conversion),
            ("metrics", self.metrics),
            ("dimensions", self.dimensions),
            ("grain", self.grain),
            ("order", self.order),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("compare", more.compare),
            ("benchmark", more.benchmark),
            ("fill", more.fill.then(|| "true".to_owned())),
            ("spam", more.spam),
            ("cursor", more.cursor),
            ("totals", more.totals.map(|totals| totals.to_string())),
            ("analyse", more.analyse.then(|| "true".to_owned())),
            ("a", more.a),
            ("b", more.b),
        ] {
            query.extend(value.map(|value| (name, value)));
        }
        query.extend(self.site.into_iter().map(|site| ("site", site)));
        query.extend(self.filter.into_iter().map(|filter| ("filter", filter)));
        if self.format != ReportFormat::Table {
            query.push(("format", self.format.word().to_owned()));
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        args: ReportArgs,
    }

    fn asked(words: &[&str]) -> Option<ReportArgs> {
        let words = ["report", "--key=k"].into_iter().chain(words.iter().copied());
        Options::try_parse_from(words).ok().map(|options| options.args)
    }

    #[test]
    fn options_are_asked_under_the_names_of_the_api() {
        let options: [(&[&str], (&str, &str)); 6] = [
            (&["query", "--spam=only"], ("spam", "only")),
            (&["query", "--cursor=abc"], ("cursor", "abc")),
            (&["query", "--totals", "false"], ("totals", "false")),
            (&["query", "--analyse"], ("analyse", "true")),
            (&["landing-pages", "--a=/one", "--b=/two"], ("b", "/two")),
            (&["query", "--format=parquet"], ("format", "parquet")),
        ];
        for (words, expected) in options {
            let query = asked(words).expect("these are options").query();
            assert!(query.iter().any(|(n, v)| (*n, v.as_str()) == expected), "{query:?}");
        }
        assert!(asked(&["query"]).is_some_and(|args| args.query().is_empty()));
        assert!(asked(&["landing-pages", "--a=/one"]).is_none(), "it takes two");
        assert!(asked(&["query", "--watch", "--output=rows.csv"]).is_none());
    }

    #[test]
    fn a_terminal_gets_nothing_binary() {
        let obstacle = |words: &[&str], is_terminal| {
            asked(&[&["query"][..], words].concat()).expect("options").obstacle(is_terminal)
        };
        let told = obstacle(&["--format=arrow"], true);
        assert!(told.is_some_and(|why| why.contains("--output")), "{told:?}");
        assert!(obstacle(&["--format=arrow", "--output=-"], true).is_some());
        assert_eq!(obstacle(&["--format=arrow", "--output=rows.arrow"], true), None);
        assert_eq!(obstacle(&["--format=arrow"], false), None);
        assert_eq!(obstacle(&["--format=csv"], true), None);
        assert!(obstacle(&["--format=parquet", "--watch"], false).is_some());
        assert!(obstacle(&["--format=csv", "--analyse"], false).is_some());
    }
}
