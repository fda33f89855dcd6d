//! `/v1/sites/{site}/forecast`, `…/staffing`, `…/what-if`.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::routing::hours::{Moment, Span};
use crate::config::Live;
use crate::config::model::{Scope, Site};
use crate::forecast::backtest::{Learnt, learn};
use crate::forecast::model::{
    Expected, ForecastGrain, ForecastReply, HandleTimeFrom, History, StaffedHour, StaffingReply,
};
use crate::forecast::rules::{MOST_DAYS, expect};
use crate::forecast::staffing::{Goal, people_for};
use crate::forecast::store;
use crate::forecast::what_if::{WhatIf, WhatIfReply, answer};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::Clock;
use crate::warehouse::store::Warehouse;
use crate::warehouse::zone::{local_time, site_zone};

/// Days that are told when nobody says how many.
const DEFAULT_DAYS: usize = 14;
/// Fewest answered calls from which their handle time is believed.
const FEWEST_HANDLED: u64 = 30;
/// Cross-industry mean of the time that a call keeps somebody busy, in seconds: 6 min 3 s.
const USUAL_HANDLE_S: f64 = 363.0;
/// Hours with fewer calls than this get nobody: less than one call in ten such hours.
const HARDLY_ANY: f64 = 0.1;

/// Mounts the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(forecast).service(staffing).service(what_if);
}

/// What a forecast is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ForecastAsked {
    /// `day` (default) or `hour`.
    #[param(inline)]
    grain: Option<ForecastGrain>,
    /// Days from today on, 1 to 92; default 14.
    days: Option<usize>,
}

/// How many calls the next days or hours will bring, with intervals, and how good such forecasts of this site were.
#[utoipa::path(
    tag = "forecast",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id"), ForecastAsked),
    responses(
        (status = 200, description = "What is expected from today on", body = ForecastReply),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/forecast")]
async fn forecast(
    caller: Caller,
    state: ForecastState,
    path: web::Path<String>,
    asked: web::Query<ForecastAsked>,
) -> Result<HttpResponse, Problem> {
    let days = days_asked(asked.days)?;
    let grain = asked.grain.unwrap_or_default();
    let known = Known::of(&caller, &state, &path).await?;
    let made_at = state.1.now().to_string();
    let (site, time_zone) = (known.site.id.to_string(), known.site.time_zone.clone());
    let days_known = known.history.days.len();
    let (learnt, expected) = computed(known.history, grain, days).await?;
    let quality = match grain {
        ForecastGrain::Day => learnt.days,
        ForecastGrain::Hour => learnt.hours,
    };
    let weeks_held_back = learnt.weeks;
    Ok(HttpResponse::Ok().json(ForecastReply {
        site,
        time_zone,
        made_at,
        days_known,
        weeks_held_back,
        method: learnt.method,
        quality,
        expected,
    }))
}

/// What staffing is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct StaffingAsked {
    /// Days from today on, 1 to 92; default 14.
    days: Option<usize>,
    /// Share of the calls that is answered in time, 0.01 to 0.99; default 0.8.
    service_level: Option<f64>,
    /// What in time is, in seconds, 0 to 3600; default 20.
    within: Option<f64>,
    /// Most of their time that people may be busy, 0.1 to 1; default 0.9.
    occupancy: Option<f64>,
    /// Mean time that a call keeps somebody busy in seconds, 1 to 36000; default: that of the site's answered calls.
    handle_time: Option<f64>,
    /// Share of the rostered people who are away (breaks, training, illness), 0 to 0.9; default 0.
    away: Option<f64>,
    /// Plan for more calls than expected: for those that four of five hours stay below (`true`); default `false`.
    cautious: Option<bool>,
    /// Only these hours of the site: id of one of its `[sites.routing.hours]`.
    hours: Option<String>,
}

/// How many people it takes to answer what is expected: Erlang C for each hour.
#[utoipa::path(
    tag = "forecast",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id"), StaffingAsked),
    responses(
        (status = 200, description = "People for each hour from today on", body = StaffingReply),
        (status = 400, description = "Unknown or unreadable parameter", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[get("/v1/sites/{site}/staffing")]
async fn staffing(
    caller: Caller,
    state: ForecastState,
    path: web::Path<String>,
    asked: web::Query<StaffingAsked>,
) -> Result<HttpResponse, Problem> {
    let days = days_asked(asked.days)?;
    let goal = Goal {
        service_level: within("service_level", asked.service_level, 0.8, 0.01, 0.99)?,
        within_s: within("within", asked.within, 20.0, 0.0, 3_600.0)?,
        occupancy: within("occupancy", asked.occupancy, 0.9, 0.1, 1.0)?,
    };
    let away = within("away", asked.away, 0.0, 0.0, 0.9)?;
    let given = asked.handle_time.map(|s| within("handle_time", Some(s), 0.0, 1.0, 36_000.0));
    let given = given.transpose()?;
    let known = Known::of(&caller, &state, &path).await?;
    let open = asked.hours.as_deref().map(|id| spans(&known.site, id)).transpose()?;
    let (handle_s, handle_from) = handle_time(given, &known.history);
    let (_, expected) = computed(known.history, ForecastGrain::Hour, days).await?;
    let cautious = asked.cautious.unwrap_or(false);
    let staffed = |one: &Expected| {
        let hour = one.hour.unwrap_or(0);
        let calls = if cautious { one.in_80_percent[1] as f64 } else { one.calls };
        let is_open = open.as_ref().is_none_or(|open| is_open(open, one, hour));
        let needed = if is_open && one.calls >= HARDLY_ANY { calls } else { 0.0 };
        let answering = people_for(needed, handle_s, goal);
        let rostered = (f64::from(answering.people) / (1.0 - away) - 1e-9).ceil() as u32;
        StaffedHour { date: one.date, hour, calls, answering, rostered }
    };
    Ok(HttpResponse::Ok().json(StaffingReply {
        site: known.site.id.to_string(),
        time_zone: known.site.time_zone.clone(),
        handle_time_s: handle_s,
        handle_time_from: handle_from,
        assumptions: assumptions(goal, away, cautious),
        hours: expected.iter().map(staffed).collect(),
    }))
}

/// What another budget or other hours would change, as an estimate with its assumptions.
#[utoipa::path(
    tag = "forecast",
    security(("key" = ["reader"])),
    params(("site" = String, Path, description = "The site's id")),
    request_body = WhatIf,
    responses(
        (status = 200, description = "The estimate", body = WhatIfReply),
        (status = 400, description = "What cannot be estimated, and why", body = ProblemBody),
        (status = 404, description = "No such site for this key", body = ProblemBody),
    ),
)]
#[post("/v1/sites/{site}/what-if")]
async fn what_if(
    caller: Caller,
    (live, clock, warehouse): ForecastState,
    path: web::Path<String>,
    asked: web::Json<WhatIf>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Scope::Reader)?;
    let installation = live.now_full();
    let site = caller.site(&installation, &path)?;
    let days = asked.days.unwrap_or(28);
    if !(7..=366).contains(&days) {
        return Err(Problem::BadRequest("`days` must be from 7 to 366".to_owned()));
    }
    let today = local_time(clock.now(), &site_zone(&installation, &site.id)).date;
    let week = store::week(&warehouse, &site.id, today, days).await?;
    let answered = answer(&week, &asked).map_err(Problem::BadRequest)?;
    Ok(HttpResponse::Ok().json(answered))
}

type ForecastState = (web::Data<Live>, web::Data<Clock>, web::Data<Warehouse>);

/// A site and its past.
struct Known {
    site: Site,
    history: History,
}

impl Known {
    async fn of(
        caller: &Caller,
        (live, clock, warehouse): &ForecastState,
        site: &str,
    ) -> Result<Self, Problem> {
        caller.needs(Scope::Reader)?;
        let installation = live.now_full();
        let site = caller.site(&installation, site)?;
        let today = local_time(clock.now(), &site_zone(&installation, &site.id)).date;
        let history = store::history(warehouse, &site.id, today).await?;
        Ok(Known { site: site.clone(), history })
    }
}

/// Computes beside the server's own threads: it takes some hundredths of a second.
async fn computed(
    history: History,
    grain: ForecastGrain,
    days: usize,
) -> Result<(Learnt, Vec<Expected>), Problem> {
    let work = move || {
        let learnt = learn(&history.days);
        let expected = expect(&history, &learnt, grain, days);
        (learnt, expected)
    };
    web::block(work).await.map_err(|error| {
        tracing::error!(%error, "a forecast was not computed");
        Problem::Internal
    })
}

fn days_asked(days: Option<usize>) -> Result<usize, Problem> {
    let days = days.unwrap_or(DEFAULT_DAYS);
    match (1..=MOST_DAYS).contains(&days) {
        true => Ok(days),
        false => Err(Problem::BadRequest(format!("`days` must be from 1 to {MOST_DAYS}"))),
    }
}

fn within(name: &str, asked: Option<f64>, usual: f64, low: f64, high: f64) -> Result<f64, Problem> {
    let value = asked.unwrap_or(usual);
    match (low..=high).contains(&value) {
        true => Ok(value),
        false => Err(Problem::BadRequest(format!("`{name}` must be from {low} to {high}"))),
    }
}

fn handle_time(given: Option<f64>, history: &History) -> (f64, HandleTimeFrom) {
    match (given, history.handled) {
        (Some(seconds), _) => (seconds, HandleTimeFrom::Given),
        (None, Some((seconds, calls))) if calls >= FEWEST_HANDLED && seconds >= 1.0 => {
            (seconds, HandleTimeFrom::Measured)
        }
        (None, _) => (USUAL_HANDLE_S, HandleTimeFrom::Assumed),
    }
}

/// The lines of the site's business hours `id`.
fn spans(site: &Site, id: &str) -> Result<Vec<Span>, Problem> {
    let found = site.routing.hours.iter().find(|hours| hours.id.as_str() == id);
    let found = found.ok_or(Problem::NotFound { what: "business hours" })?;
    // They were checked when the configuration was read.
    Ok(found.open.iter().filter_map(|line| line.parse().ok()).collect())
}

/// Whether any minute of the hour is inside.
fn is_open(spans: &[Span], one: &Expected, hour: u8) -> bool {
    let weekday = usize::from(one.date.weekday().to_monday_zero_offset().unsigned_abs());
    (0..60).any(|minute| {
        let now = Moment { date: one.date, weekday, minute: u16::from(hour) * 60 + minute };
        spans.iter().any(|span| span.is_open(&now, |_| false))
    })
}

fn assumptions(goal: Goal, away: f64, cautious: bool) -> Vec<String> {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    vec![
        format!(
            "{} of the calls are answered within {:.0} s, and nobody is busy more than {} of the time.",
            percent(goal.service_level),
            goal.within_s,
            percent(goal.occupancy)
        ),
        "Calls of an hour come at random and alike in all its minutes; callers wait until somebody is free (Erlang C).".to_owned(),
        match cautious {
            true => "Planned for as many calls as four of five such hours stay below.".to_owned(),
            false => "Planned for the calls that are expected; every second hour brings more.".to_owned(),
        },
        format!("{} of the rostered people are away.", percent(away)),
    ]
}
