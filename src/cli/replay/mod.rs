//! `ringtrace replay`: a trace of visits and calls through the real scripts and the real join, on a
//! private Redis, as fast as it goes: "what if I had 20 numbers?"
//!
//! In: a trace (`trace`, `lines`) and what it is played against (`plan`). Out: one line a call
//! (`calls`) and a summary (`score`, `counts`, `summary`). `player` turns lines into what the service
//! would be asked (`people`, `world`), many at a time (`queue`).
//!
//! Always: the same trace, options and seed give the same output, byte for byte; the clock is the
//! trace's, also for what Redis would forget by its own (`lifetimes`).

mod calls;
mod counts;
mod hear;
mod learn;
mod lifetimes;
pub mod lines;
mod people;
mod plan;
mod player;
mod plot;
mod quality;
mod queue;
mod ring;
mod rules;
mod score;
mod summary;
pub mod trace;
mod world;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use jiff::SignedDuration;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::cli::CliError;
use crate::cli::serve::Endings;
use crate::platform::ids::{PoolId, SiteId};
use lines::{Lines, Next};
use player::Player;
use world::{Ground, World};

pub use plan::{Chain, Plan, Policy};
pub use summary::Summary;

/// Bad lines that are told one by one.
const TOLD: u64 = 5;

/// How the summary is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// For people.
    #[default]
    Table,
    /// As one JSON object.
    Json,
}

/// What `ringtrace replay` was asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// The trace: one JSON object a line, in time order (docs/OPERATIONS.md); `-`: standard input.
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// How many numbers the pool has; with --config its own first, then made-up ones.
    #[arg(long, value_name = "N", required_unless_present = "config")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub numbers: Option<u32>,
    /// Configuration whose site is played with: pools, targets, tracker rules, static numbers, databases
    /// of places; without it, one pool on all defaults.
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Which site of the configuration, when it has several.
    #[arg(long, value_name = "ID", requires = "config")]
    pub site: Option<SiteId>,
    /// The pool that the options below are about, and --numbers; without it, every pool of the site.
    #[arg(long, value_name = "ID", requires = "config")]
    pub pool: Option<PoolId>,
    /// How long a number is held after the last sign of life, e.g. `3m`.
    #[arg(long, value_name = "DURATION")]
    pub hold: Option<SignedDuration>,
    /// How long it is held after the session's last page was left.
    #[arg(long, value_name = "DURATION")]
    pub linger: Option<SignedDuration>,
    /// How long a number should lie idle before somebody else gets it.
    #[arg(long, value_name = "DURATION")]
    pub rest: Option<SignedDuration>,
    /// What happens when no number is free: `shared`, `source`, `shared,source`, or `none`.
    #[arg(long, value_name = "STEPS")]
    pub overflow: Option<Chain>,
    /// Whose rules: ours, or those to beat.
    #[arg(long, default_value = "ours")]
    pub policy: Policy,
    /// Draws the numbers that `"dials":"any"` dials.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Learn when callers call anew after so many calls, from the past alone; 0: never.
    #[arg(long, value_name = "CALLS", default_value_t = 100)]
    pub refit: u32,
    /// Compare with the naive rules on the same leases, and with the policies `market` and `share`.
    #[arg(long)]
    pub compare: bool,
    /// Where to draw how reliable the confidence is, as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Where to write one JSON line a call; `-`: standard output (the summary then goes to standard
    /// error).
    #[arg(long, value_name = "FILE")]
    pub calls: Option<PathBuf>,
    /// How the summary is printed.
    #[arg(long, default_value = "table")]
    pub format: SummaryFormat,
    /// Leave out lines that cannot be used, instead of ending at the first one.
    #[arg(long)]
    pub skip_bad: bool,
    /// Wait for the answer to each line before the next: slower, with the same result.
    #[arg(long)]
    pub one_at_a_time: bool,
}

/// Replays a trace and prints the summary.
pub async fn run(args: ReplayArgs) -> Result<(), CliError> {
    if args.compare && is_dash(&args.trace) {
        return Err(CliError::Replay(
            "--compare plays the trace again: it must be a file".to_owned(),
        ));
    }
    let calls: Option<Box<dyn Write + Send>> = match &args.calls {
        None => None,
        Some(path) if is_dash(path) => Some(Box::new(BufWriter::new(io::stdout()))),
        Some(path) => Some(Box::new(BufWriter::new(File::create(path).map_err(at(path))?))),
    };
    let began = Instant::now();
    let (mut summary, _) =
        replay(args.clone(), Plan::of(&args)?, open(&args.trace)?, calls).await?;
    let took = began.elapsed().as_secs_f64();
    if args.compare {
        for policy in [Policy::Market, Policy::Share].into_iter().filter(|p| *p != args.policy) {
            let theirs = ReplayArgs { policy, ..args.clone() };
            let plan = Plan::of(&theirs)?;
            let (other, _) = replay(theirs, plan, open(&args.trace)?, None::<io::Sink>).await?;
            summary.compare_with(other);
        }
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::svg(&summary.score)).map_err(at(path))?;
    }
    let printed = match args.format {
        SummaryFormat::Table => summary.table(),
        SummaryFormat::Json => {
            let json = serde_json::to_string_pretty(&summary);
            json.map_err(|e| CliError::Replay(e.to_string()))? + "\n"
        }
    };
    if args.calls.as_deref().is_some_and(is_dash) {
        eprint!("{printed}");
    } else {
        print!("{printed}");
    }
    // How long it took is not part of the result: that is always the same.
    eprintln!("{took:.1} s, {:.0} lines/s", summary.lines as f64 / took.max(1e-3));
    Ok(())
}

fn open(trace: &Path) -> Result<Box<dyn BufRead + Send>, CliError> {
    Ok(match is_dash(trace) {
        true => Box::new(BufReader::new(io::stdin())),
        false => Box::new(BufReader::new(File::open(trace).map_err(at(trace))?)),
    })
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CliError {
    let path = path.display().to_string();
    move |error| CliError::Replay(format!("{path}: {error}"))
}

/// Replays `trace` by `plan`, writing the answers to calls to `calls`, which is given back. Ends
/// early on SIGTERM and SIGINT; the private Redis is gone in every case.
pub async fn replay<R, W>(
    args: ReplayArgs,
    plan: Plan,
    trace: R,
    calls: Option<W>,
) -> Result<(Summary, Option<W>), CliError>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    // From here on: one that comes while Redis starts must not leave it behind.
    let mut endings = Endings::listen()?;
    let ground = Ground::start(&plan).await?;
    let played = tokio::select! {
        played = play_on(&ground, args, plan, trace, calls) => played,
        () = endings.next() => Err(CliError::Replay("ended before its end".to_owned())),
    };
    ground.stop().await;
    played
}

async fn play_on<R, W>(
    ground: &Ground,
    args: ReplayArgs,
    plan: Plan,
    trace: R,
    calls: Option<W>,
) -> Result<(Summary, Option<W>), CliError>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    let world = World::new(ground, &plan).await?;
    // Reading a trace may block (a pipe that says nothing), and must not keep signals from being
    // heard.
    let runtime = Handle::current();
    let playing =
        spawn_blocking(move || runtime.block_on(play(&args, &plan, &world, trace, calls)));
    playing.await.map_err(|error| CliError::Replay(error.to_string()))?
}

async fn play<R: BufRead, W: Write>(
    args: &ReplayArgs,
    plan: &Plan,
    world: &World,
    trace: R,
    calls: Option<W>,
) -> Result<(Summary, Option<W>), CliError> {
    let mut lines = Lines::new(trace);
    let mut player = Player::new(world, plan, calls);
    if args.one_at_a_time {
        player = player.one_at_a_time();
    }
    let mut bad_lines = 0;
    while let Some(next) = lines.next_line().map_err(at(&args.trace))? {
        let (number, why) = match next {
            Next::Bad { number, why } => (number, why),
            Next::Line { number, line } => match player.play(*line).await? {
                Ok(()) => continue,
                Err(why) => (number, why),
            },
        };
        let bad = format!("{}: line {number}: {why}", args.trace.display());
        if !args.skip_bad {
            return Err(CliError::Replay(bad));
        }
        bad_lines += 1;
        if bad_lines <= TOLD {
            eprintln!("ringtrace: replay: {bad}; left out");
        }
    }
    let played = player.finish().await?;
    let summary = Summary::new(plan, &played, lines.read_so_far(), bad_lines);
    Ok((summary, played.calls))
}
