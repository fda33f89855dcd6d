//! `ringtrace forecast` and `ringtrace staffing`: what the running server expects of the next days.

use comfy_table::{CellAlignment, Table, TableStyle};
use serde_json::Value;

use crate::cli::CliError;
use crate::cli::client::ServerArgs;

/// Widest bar of a table, in columns.
const BAR: usize = 30;

/// Options of `forecast`.
#[derive(Clone, Debug, clap::Args)]
pub struct ForecastArgs {
    /// The site.
    #[arg(long)]
    pub site: String,
    /// Days from today on, 1 to 92.
    #[arg(long, default_value_t = 14)]
    pub days: usize,
    /// Tell each hour instead of each day.
    #[arg(long)]
    pub hours: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `staffing`.
#[derive(Clone, Debug, clap::Args)]
pub struct StaffingArgs {
    /// The site.
    #[arg(long)]
    pub site: String,
    /// Days from today on, 1 to 92.
    #[arg(long, default_value_t = 7)]
    pub days: usize,
    /// Share of the calls that is answered in time.
    #[arg(long, default_value_t = 0.8)]
    pub service_level: f64,
    /// What in time is, in seconds.
    #[arg(long, default_value_t = 20.0)]
    pub within: f64,
    /// Most of their time that people may be busy.
    #[arg(long, default_value_t = 0.9)]
    pub occupancy: f64,
    /// Mean time that a call keeps somebody busy, in seconds; default: that of the site's answered calls.
    #[arg(long)]
    pub handle_time: Option<f64>,
    /// Share of the rostered people who are away.
    #[arg(long, default_value_t = 0.0)]
    pub away: f64,
    /// Plan for the calls that four of five hours stay below.
    #[arg(long)]
    pub cautious: bool,
    /// Only these business hours of the site (an id of `[sites.routing.hours]`).
    #[arg(long)]
    pub hours: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Prints a forecast, and how good such forecasts were.
pub(super) async fn run(args: ForecastArgs) -> Result<(), CliError> {
    let grain = if args.hours { "hour" } else { "day" };
    let query = [("grain", grain.to_owned()), ("days", args.days.to_string())];
    let told = args.server.client()?.get_json(&path(&args.site, "forecast"), &query).await?;
    if args.json {
        println!("{told}");
        return Ok(());
    }
    let rows = list(&told["expected"]);
    let most = rows.iter().map(|row| number(&row["calls"])).fold(0.0, f64::max);
    let mut table = table(["", "calls", "80 %", "95 %", ""]);
    for row in rows {
        let calls = number(&row["calls"]);
        let bar = "▇".repeat((calls / most.max(f64::EPSILON) * BAR as f64).round() as usize);
        let between = |name: &str| format!("{}–{}", row[name][0], row[name][1]);
        let cells = [
            when(row),
            format!("{calls:.1}"),
            between("in_80_percent"),
            between("in_95_percent"),
            bar,
        ];
        table.add_row(cells);
    }
    println!("{table}");
    println!("\n{}", quality(&told));
    Ok(())
}

/// Prints how many people answer what is expected.
pub(super) async fn staffing(args: StaffingArgs) -> Result<(), CliError> {
    let mut query = vec![
        ("days", args.days.to_string()),
        ("service_level", args.service_level.to_string()),
        ("within", args.within.to_string()),
        ("occupancy", args.occupancy.to_string()),
        ("away", args.away.to_string()),
        ("cautious", args.cautious.to_string()),
    ];
    query.extend(args.handle_time.map(|seconds| ("handle_time", seconds.to_string())));
    query.extend(args.hours.clone().map(|hours| ("hours", hours)));
    let told = args.server.client()?.get_json(&path(&args.site, "staffing"), &query).await?;
    if args.json {
        println!("{told}");
        return Ok(());
    }
    let mut table = table(["", "calls", "people", "rostered", "in time", "wait", "busy"]);
    for row in list(&told["hours"]).iter().filter(|row| number(&row["people"]) > 0.0) {
        let percent = |name: &str| format!("{:.0} %", number(&row[name]) * 100.0);
        table.add_row([
            when(row),
            format!("{:.1}", number(&row["calls"])),
            row["people"].to_string(),
            row["rostered"].to_string(),
            percent("service_level"),
            format!("{:.0} s", number(&row["wait_s"])),
            percent("occupancy"),
        ]);
    }
    println!("{table}\n");
    let from = told["handle_time_from"].as_str().unwrap_or_default();
    println!("A call keeps somebody busy for {:.0} s ({from}).", number(&told["handle_time_s"]));
    for line in list(&told["assumptions"]) {
        println!("{}", line.as_str().unwrap_or_default());
    }
    Ok(())
}

fn path(site: &str, what: &str) -> String {
    let site: String = url::form_urlencoded::byte_serialize(site.as_bytes()).collect();
    format!("/v1/sites/{site}/{what}")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

fn when(row: &Value) -> String {
    let date = row["date"].as_str().unwrap_or_default();
    let weekday = date.parse::<jiff::civil::Date>().map(|date| date.strftime("%a").to_string());
    let hour = row["hour"].as_u64().map_or_else(String::new, |hour| format!(" {hour:02}:00"));
    format!("{} {date}{hour}", weekday.unwrap_or_default())
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(header);
    let figures = table.column_iter_mut().skip(1).take(N - 1);
    figures.for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// How good forecasts of this site were, in a sentence.
fn quality(told: &Value) -> String {
    let quality = &told["quality"];
    let (Some(ours), Some(naive)) =
        (quality["mean_error"].as_f64(), quality["naive_mean_error"].as_f64())
    else {
        return format!("{} days are known: too few to say how good this is.", told["days_known"]);
    };
    let how = match told["method"].as_str() {
        Some("week_before") => " Days are told as in the last week, which did best.",
        _ => "",
    };
    format!(
        "Learnt from {} days.{how} In {} weeks that were held back it was off by {ours:.2} calls on average (the week before \
         would have been by {naive:.2}); {:.0} % lay in the 80 % interval.",
        told["days_known"],
        told["weeks_held_back"],
        number(&quality["in_80_percent"]) * 100.0
    )
}
