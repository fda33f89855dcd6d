//! The assumptions of a simulation, as options. The defaults are invented, not measured: a local
//! service business whose visits are short and whose callers mostly call at once.

use std::path::PathBuf;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// What a trace is drawn from.
#[derive(Clone, Debug, clap::Args)]
pub struct SimulateArgs {
    /// Where to write the trace; `-`: standard output.
    #[arg(long, value_name = "TRACE")]
    pub out: PathBuf,
    /// Draws everything.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The first moment, RFC 3339; hours and weekdays are those of UTC.
    #[arg(long, default_value = "2026-03-02T00:00:00Z")]
    pub start: Timestamp,
    /// How many days.
    #[arg(long, default_value_t = 14)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3_660))]
    pub days: u32,
    /// Visits of people a day, on average.
    #[arg(long, default_value_t = 800.0)]
    pub visits: f64,
    /// How visits spread over the day: 24 weights, from midnight on.
    #[arg(long, value_delimiter = ',', value_name = "WEIGHTS")]
    #[arg(default_value = "1,1,0.5,0.5,0.5,1,2,5,8,10,10,10,9,9,10,10,10,9,8,7,6,5,3,2")]
    pub hours: Vec<f64>,
    /// How visits spread over the week: 7 weights, from Monday on.
    #[arg(long, value_delimiter = ',', value_name = "WEIGHTS")]
    #[arg(default_value = "1.2,1.15,1.1,1.1,1.05,0.8,0.6")]
    pub weekdays: Vec<f64>,
    /// How much days differ by chance beyond that: the coefficient of variation of a day's level.
    #[arg(long, default_value_t = 0.2)]
    pub day_spread: f64,
    /// How long a visit lasts on average.
    #[arg(long, default_value = "3m", value_name = "DURATION")]
    pub visit: SignedDuration,
    /// How much lengths of visits differ: sigma of their log-normal law.
    #[arg(long, default_value_t = 0.9)]
    pub visit_sigma: f64,
    /// Pages of a visit, on average.
    #[arg(long, default_value_t = 2.2)]
    pub pages: f64,
    /// Share of visits that are never heard to end.
    #[arg(long, default_value_t = 0.1)]
    pub silent: f64,
    /// Where visits come from, and what share of them calls: `name=weight:calls`, with names
    /// google-ads, organic, facebook-ads, email, referral, direct.
    #[arg(
        long,
        default_value = "google-ads=35:0.11,organic=30:0.06,facebook-ads=15:0.04,email=3:0.05,referral=5:0.04,direct=12:0.09"
    )]
    pub sources: Mixed<Weight>,
    /// Share of calls that begin with a tap on the number.
    #[arg(long, default_value_t = 0.45)]
    pub tel_clicks: f64,
    /// Seconds from the tap to the call, on average.
    #[arg(long, default_value_t = 8.0)]
    pub click_delay_s: f64,
    /// Share of visits that tap the number and do not call.
    #[arg(long, default_value_t = 0.01)]
    pub idle_clicks: f64,
    /// When the other callers call: shares of `page` (during the visit), `just` (soon after), `day` and
    /// `later`, each `share` or `share:mean delay`.
    #[arg(long, default_value = "page=0.45,just=0.25:5m,day=0.2:3h,later=0.1:4d")]
    pub delays: Delays,
    /// Share of visits on a phone. Only those tap the number: a tap on a desk is rare.
    #[arg(long, default_value_t = 0.6)]
    pub mobile: f64,
    /// Share of callers who call once more, after a day on average.
    #[arg(long, default_value_t = 0.12)]
    pub repeat: f64,
    /// Share of calls that are of nobody: spread evenly over time and numbers.
    #[arg(long, default_value_t = 0.06)]
    pub wrong_numbers: f64,
    /// Page views of programs, as a share of the visits.
    #[arg(long, default_value_t = 0.15)]
    pub bots: f64,
    /// Share of visits by somebody who was here before.
    #[arg(long, default_value_t = 0.15)]
    pub returning: f64,
    /// Share of visitors who may be known again.
    #[arg(long, default_value_t = 0.6)]
    pub consent: f64,
}

/// Named parts of a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed<T>(pub Vec<(String, T)>);

/// A source's weight among visits, and the share of its visits that call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// Against the others.
    pub weight: f64,
    /// 0 to 1.
    pub calls: f64,
}

/// When callers call who did not tap the number; each with its share and its mean delay.
#[derive(Clone, Debug, PartialEq)]
pub struct Delays {
    /// During the visit, at any moment of it.
    pub page: f64,
    /// Soon after it.
    pub just: (f64, SignedDuration),
    /// The same day.
    pub day: (f64, SignedDuration),
    /// Days later.
    pub later: (f64, SignedDuration),
}

impl FromStr for Mixed<Weight> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            let read = || {
                let (name, numbers) = part.split_once('=')?;
                let (weight, calls) = numbers.split_once(':')?;
                let (weight, calls) = (weight.parse().ok()?, calls.parse().ok()?);
                let fits = weight >= 0.0 && (0.0..=1.0).contains(&calls);
                fits.then(|| (name.trim().to_owned(), Weight { weight, calls }))
            };
            read().ok_or_else(|| format!("`{part}` is not like google-ads=35:0.11"))
        };
        text.split(',').map(part).collect::<Result<_, _>>().map(Mixed)
    }
}

impl FromStr for Delays {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut delays = Delays {
            page: 0.0,
            just: (0.0, SignedDuration::from_mins(5)),
            day: (0.0, SignedDuration::from_hours(3)),
            later: (0.0, SignedDuration::from_hours(96)),
        };
        for part in text.split(',') {
            let wrong = || format!("`{part}` is not like just=0.25:5m");
            let (name, rest) = part.split_once('=').ok_or_else(wrong)?;
            let (share, mean) = rest.split_once(':').map_or((rest, None), |(s, m)| (s, Some(m)));
            let share: f64 = share.parse().map_err(|_| wrong())?;
            let mean = mean.map(|mean| days_too(mean).ok_or_else(wrong)).transpose()?;
            let known = match name.trim() {
                "page" if mean.is_none() => {
                    delays.page = share;
                    continue;
                }
                "just" => &mut delays.just,
                "day" => &mut delays.day,
                "later" => &mut delays.later,
                _ => return Err(wrong()),
            };
            *known = (share, mean.unwrap_or(known.1));
        }
        Ok(delays)
    }
}

/// A duration such as `90s` or `3h`; days are 24 hours.
fn days_too(text: &str) -> Option<SignedDuration> {
    match text.strip_suffix('d') {
        Some(days) => {
            days.parse().ok().map(|days: f64| SignedDuration::from_secs_f64(days * 86_400.0))
        }
        None => text.parse().ok(),
    }
}

impl SimulateArgs {
    /// What cannot be so.
    pub fn check(&self) -> Result<(), String> {
        let shares = [
            ("--silent", self.silent),
            ("--tel-clicks", self.tel_clicks),
            ("--idle-clicks", self.idle_clicks),
            ("--mobile", self.mobile),
            ("--repeat", self.repeat),
            ("--returning", self.returning),
            ("--consent", self.consent),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{name} must be from 0 to 1"));
            }
        }
        if !(0.0..0.9).contains(&self.wrong_numbers) {
            return Err("--wrong-numbers must be from 0 to 0.9".to_owned());
        }
        let lengths = [("--hours", self.hours.len(), 24), ("--weekdays", self.weekdays.len(), 7)];
        for (name, length, needed) in lengths {
            if length != needed {
                return Err(format!("{name} needs {needed} weights, not {length}"));
            }
        }
        let weights = self.hours.iter().chain(&self.weekdays);
        if weights.clone().any(|w| !w.is_finite() || *w < 0.0) || weights.sum::<f64>() <= 0.0 {
            return Err("--hours and --weekdays are weights of 0 and more".to_owned());
        }
        let positive = [
            ("--visits", self.visits, 10_000_000.0),
            ("--visit", self.visit.as_secs_f64(), 86_400.0),
            ("--pages", self.pages, 100.0),
            ("--click-delay-s", self.click_delay_s, 3_600.0),
        ];
        for (name, value, most) in positive {
            if !(value > 0.0 && value <= most) {
                return Err(format!("{name} must be above 0 and at most {most}"));
            }
        }
        let spreads = [
            ("--day-spread", self.day_spread),
            ("--visit-sigma", self.visit_sigma),
            ("--bots", self.bots),
        ];
        for (name, value) in spreads {
            if !(0.0..=5.0).contains(&value) {
                return Err(format!("{name} must be from 0 to 5"));
            }
        }
        let Mixed(sources) = &self.sources;
        if let Some((name, _)) =
            sources.iter().find(|(name, _)| super::visits::source(name).is_none())
        {
            return Err(format!("--sources has no source `{name}`"));
        }
        if sources.iter().all(|(_, source)| source.weight <= 0.0) {
            return Err("--sources needs a weight above 0".to_owned());
        }
        let Delays { page, just, day, later } = &self.delays;
        let shares = [*page, just.0, day.0, later.0];
        if shares.iter().any(|share| !(0.0..=1e6).contains(share))
            || shares.iter().sum::<f64>() <= 0.0
        {
            return Err("--delays needs shares of 0 and more, one of them above 0".to_owned());
        }
        Ok(())
    }
}
