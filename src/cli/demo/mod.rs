//! `ringtrace demo`: the whole service on its embedded defaults, two weeks of traffic through its
//! real endpoints, what the front desk tells of it, and the three reports.

mod desk;
mod document;
mod player;
mod receiver;
mod traffic;
mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ipnet::IpNet;
use jiff::tz::TimeZone;

use crate::app::{App, Options, StartError};
use crate::cli::CliError;
use crate::cli::client::Client;
use crate::cli::report::ReportName;
use crate::cli::serve::until_signalled;
use crate::config::load::load_text;
use crate::config::model::Config;
use crate::platform::clock::Millis;
use crate::platform::data_folder::DataFolder;
use crate::platform::telemetry;
use crate::postback::worker::{Deliverer, Outcome};
use player::{PlayError, Played, Player, Stage};
use receiver::Receiver;
use traffic::Traffic;

/// The key of the demo's API; it opens nothing else.
const DEMO_KEY: &str = "rt_demo";

/// The query of the landing page's link: an ad click to try.
const TRY_ME: &str = "utm_source=google&utm_medium=cpc&utm_campaign=emergency&gclid=try-me";

/// A file that says: this folder belongs to the demo and may be replaced.
const MARKER: &str = ".ringtrace-demo";

/// What `ringtrace demo` was asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// End after the reports instead of staying up.
    #[arg(long)]
    pub once: bool,
    /// Folder for the demo's data; an older demo's data in it is replaced.
    #[arg(long, default_value = "ringtrace-demo-data")]
    pub data: PathBuf,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Another play.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many days are played.
    #[arg(long, default_value_t = traffic::DAYS, value_parser = clap::value_parser!(i64).range(1..=60))]
    pub days: i64,
}

/// Runs the demo.
pub async fn run(args: DemoArgs) -> Result<(), CliError> {
    replace_folder(&args.data)?;
    let config = demo_config(&args)?;
    telemetry::start_logs("warn", config.log.format, None);
    let site = config.sites.first().cloned().ok_or(CliError::Demo("it has no site".to_owned()))?;
    let zone = TimeZone::get(&site.time_zone).map_err(|e| CliError::Demo(e.to_string()))?;
    let twilio = site.telephony.twilio.first();
    let stage = Stage {
        base: config.server.public_url.clone(),
        site: site.id.to_string(),
        key: site.key.clone(),
        auth_token: twilio.map(|t| t.auth_token.reveal().to_owned()).unwrap_or_default(),
        billboard: site.static_numbers.first().map(|s| s.number.to_string()).unwrap_or_default(),
    };

    let base = stage.base.clone();
    let receiver = Receiver::default();
    let options = Options {
        demo_key: Some(DEMO_KEY.to_owned()),
        extra_routes: Some(receiver.routes()),
        hold_postbacks: true,
    };
    let mut app = App::start(config, options).await?;
    println!("Ringtrace runs at {base}  (data in {})", args.data.display());
    let traffic = traffic::plan(args.seed, &zone, Millis::system_now(), args.days);
    let shown = tokio::select! {
        shown = show(&mut app, stage, &traffic, &zone, &receiver) => shown,
        () = until_signalled() => Err(CliError::Demo("ended before its reports".to_owned())),
    };
    if shown.is_ok() && !args.once {
        println!("Ctrl-C ends it.");
        until_signalled().await;
    }
    // Also after an error: nothing is left running.
    app.stop().await;
    shown
}

/// Plays `traffic`, then prints the reports and where to look further.
async fn show(
    app: &mut App,
    stage: Stage,
    traffic: &Traffic,
    zone: &TimeZone,
    receiver: &Receiver,
) -> Result<(), CliError> {
    let (base, site) = (stage.base.clone(), stage.site.clone());
    let played = play(app, stage, traffic, zone).await;
    app.clock().follow_system();
    played.map_err(|e| CliError::Demo(e.to_string()))?;
    app.start_delivery();
    if !app.wait_until_reported(Duration::from_secs(60)).await {
        return Err(CliError::Demo("the warehouse did not catch up within a minute".to_owned()));
    }

    let client = Client::new(&base, DEMO_KEY)?;
    let (from, to) = traffic.days(zone);
    desk::tell(&client, &site, from, to).await?;
    if !app.wait_until_reported(Duration::from_secs(60)).await {
        return Err(CliError::Demo("the warehouse did not hear the front desk".to_owned()));
    }
    for name in ReportName::ALL {
        println!("\n{}", client.table(name, from, to).await?);
    }
    println!("\n{} conversions were posted back to the demo's receivers.", receiver.count());
    println!("Dashboard:     {base}/");
    println!("Landing page:  {base}/demo?{TRY_ME}");
    Ok(())
}

async fn play(
    app: &App,
    stage: Stage,
    traffic: &Traffic,
    zone: &TimeZone,
) -> Result<(), PlayError> {
    let bar = progress(traffic.steps.len() as u64);
    let (mut views, mut calls) = (0u64, 0u64);
    let deliverer = app.deliverer();
    let player = Player::new(stage, app.clock().clone())?;
    let watch = async |at: Millis, played| {
        match played {
            Played::View => views += 1,
            Played::Call => calls += 1,
            Played::CallEnded => drain(&deliverer, at).await,
            Played::Sign => {}
        }
        if played != Played::CallEnded {
            bar.inc(1);
        }
        let local = at.timestamp().to_zoned(zone.clone());
        let hour = local.strftime("%a %b %d %H:00");
        bar.set_message(format!("{hour}  {views} page views, {calls} calls"));
    };
    player.play(traffic, watch).await?;
    bar.finish();
    Ok(())
}

/// Delivers what is due by the demo's clock before the clock moves on.
async fn drain(deliverer: &Deliverer, now: Millis) {
    while let Ok(Outcome::Settled(_)) = deliverer.run_once(Some(now)).await {}
}

/// The compiled-in demo configuration, on the asked-for address and folder.
fn demo_config(args: &DemoArgs) -> Result<Config, CliError> {
    let address = args.listen.to_string();
    let text = include_str!("../../../config/demo.toml").replace("127.0.0.1:8080", &address);
    let mut config = load_text("config/demo.toml", &text)?;
    config.data_folder = args.data.clone();
    config.server.listen = args.listen;
    config.server.public_url = format!("http://{address}");
    // Every visitor of the play has an address of their own, told as a proxy would.
    config.server.trusted_proxies = vec![IpNet::from(args.listen.ip())];
    Ok(config)
}

/// A demo's folder is replaced; anybody else's is left alone.
fn replace_folder(folder: &Path) -> Result<(), CliError> {
    let cannot = |e: std::io::Error| CliError::Demo(format!("{}: {e}", folder.display()));
    if folder.exists() {
        let empty = folder.read_dir().map_err(cannot)?.next().is_none();
        if !empty && !folder.join(MARKER).exists() {
            return Err(CliError::Demo(format!(
                "{} holds something that is not a demo's data; choose another --data",
                folder.display()
            )));
        }
        // Refused while another demo uses it. Lock files stay: a redis-server that a killed demo
        // left behind is found, and ended, by the one that it holds.
        let _claim = DataFolder::claim(folder).map_err(StartError::from)?;
        remove_all_but(folder, &[MARKER, "ringtrace.lock", "redis"]).map_err(cannot)?;
        if folder.join("redis").exists() {
            remove_all_but(&folder.join("redis"), &["redis.lock"]).map_err(cannot)?;
        }
    }
    std::fs::create_dir_all(folder).map_err(cannot)?;
    std::fs::write(folder.join(MARKER), "Data of `ringtrace demo`; replaced by the next one.\n")
        .map_err(cannot)
}

fn remove_all_but(folder: &Path, kept: &[&str]) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        if kept.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32.cyan/blue} {percent:>3} %  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps).with_style(style)
}
