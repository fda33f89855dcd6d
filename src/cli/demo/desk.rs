//! What the demo's front desk tells: what came of its calls, and what its ads cost. Invented, like its traffic; the same calls
//! always come to the same.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use crate::cli::CliError;
use crate::cli::client::Client;

/// Calls that one request tells of.
const AT_ONCE: usize = 100;
/// How often a request is sent at most, and how long it is waited between two.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// A shorter talk comes to nothing, in seconds.
const SHORT_TALK_S: u64 = 60;

/// Source, medium, campaign and what they cost on a weekday; ads rest a little at weekends.
const ADS: [(&str, &str, &str, f64); 4] = [
    ("google", "cpc", "emergency", 148.0),
    ("google", "cpc", "water-heaters", 52.0),
    ("bing", "cpc", "emergency", 31.0),
    ("facebook", "paid_social", "bathroom-remodel", 44.0),
];
const AT_WEEKENDS: f64 = 0.7;

/// Who answers.
const AGENTS: [&str; 3] = ["Ana", "Ben", "Chloe"];

/// Tells all of it over the API.
pub async fn tell(client: &Client, site: &str, from: Date, to: Date) -> Result<(), CliError> {
    post(client, "/v1/costs", site, &costs(from, to)).await?;
    let mut cursor = None;
    loop {
        let mut query = vec![("site", site.to_owned()), ("limit", AT_ONCE.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page = client.get_json("/v1/calls", &query).await?;
        if let Some(told) = page["calls"].as_array().and_then(|calls| outcomes(calls)) {
            post(client, "/v1/outcomes", site, &told).await?;
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Posts a table; a machine that is busy with the play may be asked again.
async fn post(client: &Client, path: &str, site: &str, csv: &str) -> Result<(), CliError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.post_csv_to(path, &[("site", site.to_owned())], csv.to_owned()).await {
            Ok(_) => return Ok(()),
            Err(error) if tries == TRIES => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// What each day's ads cost, as CSV.
fn costs(from: Date, to: Date) -> String {
    let mut csv = "date,source,medium,campaign,amount\n".to_owned();
    let days = std::iter::successors(Some(from), |day| day.checked_add(1.day()).ok());
    for day in days.take_while(|day| *day <= to) {
        let rests = day.weekday().to_monday_zero_offset() >= 5;
        // No two days are quite alike.
        let sway = 1.0 + f64::from(day.day() % 7) * 0.03;
        for (source, medium, campaign, amount) in ADS {
            let amount = amount * sway * if rests { AT_WEEKENDS } else { 1.0 };
            // Writing to a String cannot fail.
            let _ = writeln!(csv, "{day},{source},{medium},{campaign},{amount:.2}");
        }
    }
    csv
}

/// What came of `calls` that were talked about long enough, as CSV; nothing when none was.
fn outcomes(calls: &[Value]) -> Option<String> {
    let lines: Vec<String> = calls.iter().filter_map(outcome).collect();
    let head = "call,disposition,qualified,converted,value,agent";
    (!lines.is_empty()).then(|| format!("{head}\n{}\n", lines.join("\n")))
}

fn outcome(call: &Value) -> Option<String> {
    let id = call["id"].as_str()?;
    let talk_s = call["talk_s"].as_u64().filter(|talk_s| *talk_s >= SHORT_TALK_S)?;
    let draw = u32::from_str_radix(id.get(..4)?, 16).ok()?;
    let agent = AGENTS[draw as usize % AGENTS.len()];
    // Who talks longer is more often in earnest.
    let earnest = f64::from(draw % 1_000) / 1_000.0 < 0.35 + (talk_s as f64 / 1_800.0).min(0.4);
    let books = earnest && draw % 5 < 3;
    let disposition = match (books, earnest) {
        (true, _) => "booked",
        (false, true) => "quoted",
        (false, false) => "not_interested",
    };
    let value = if books { format!("{}.00", 140 + draw % 61 * 12) } else { String::new() };
    Some(format!("{id},{disposition},{earnest},{books},{value},{agent}"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_day_has_every_ad() {
        let csv = costs(date(2026, 3, 6), date(2026, 3, 8));
        assert_eq!(csv.lines().count(), 1 + 3 * ADS.len());
        assert!(csv.contains("2026-03-08,bing,cpc,emergency,"));
    }

    #[test]
    fn only_real_talks_come_to_something() {
        assert_eq!(
            outcomes(&[json!({ "id": "00ff", "talk_s": 12 }), json!({ "id": "00ff" })]),
            None
        );
        let told = outcomes(&[json!({ "id": "0000ab", "talk_s": 300 })]).expect("an outcome");
        assert_eq!(told.lines().nth(1), Some("0000ab,booked,true,true,140.00,Ana"));
    }
}
