//! A line of a table → a call of the past. Pure.

use std::collections::HashMap;

use csv::StringRecord;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::attribution::answer::attribute_imported;
use crate::call::answer::{Stage, Target};
use crate::call::caller::caller_number;
use crate::call::import::cells::{Calendar, flag, moment, money, outcome, seconds};
use crate::call::import::columns::{Column, places};
use crate::call::import::model::{ImportFormat, Imported};
use crate::call::model::{CallEvent, CallEventKind, Caller, DialOutcome};
use crate::call::outcome::model::{Outcome, OutcomeChange};
use crate::call::providers::bounds;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;
use crate::platform::table::{Row, Table};
use crate::visit::model::Source;
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;

/// Most calls of one request.
pub const MAX_ROWS: usize = 5_000;
/// How far in the future a call may lie: clocks differ.
const AHEAD_MS: i64 = 5 * 60_000;
/// Longest notes that are taken over, in characters.
const MAX_NOTES: usize = 4_000;

/// A line of the table with its number, or why it cannot be used.
pub type Entry = (usize, Result<Imported, String>);

/// What lines are read by.
pub struct Reader<'a> {
    /// The site that the calls are of.
    pub site: &'a Site,
    /// Whose table it is.
    pub format: ImportFormat,
    /// The site's clock and calendar.
    pub calendar: Calendar,
    /// What sources are.
    pub tables: &'a Tables,
    /// What they are on this site.
    pub rules: &'a SiteRules,
    /// Who imports.
    pub by: &'a str,
    /// The moment it is.
    pub now: Millis,
}

impl Reader<'_> {
    /// The calls of a table, each with its line, or why that line cannot be used.
    pub fn read(&self, text: &str) -> Result<Vec<Entry>, String> {
        let mut table = Table::new(text);
        let mut rows = table.rows();
        let names = rows.next().transpose()?.map(|row| row.cells).unwrap_or_default();
        let places = places(self.format, &names)?;
        let mut calls = Vec::new();
        for row in rows {
            let Row { line, cells } = row?;
            if calls.len() == MAX_ROWS {
                return Err(format!("at most {MAX_ROWS} calls a request"));
            }
            calls.push((line, self.call(&Line { cells: &cells, places: &places })));
        }
        Ok(calls)
    }

    fn call(&self, line: &Line<'_>) -> Result<Imported, String> {
        if line.of(Column::Direction).to_ascii_lowercase().starts_with("out") {
            return Err("it is an outbound call".to_owned());
        }
        let started_at = self.started_at(line)?;
        let number = |column: Column| {
            let told = line.of(column);
            match PhoneNumber::parse_loose(told, Some(&self.site.country)) {
                None if !told.is_empty() => Err(format!("`{told:.40}` is no phone number")),
                number => Ok(number),
            }
        };
        let to = number(Column::TrackingNumber)?;
        // Many systems name a person or an extension there.
        let destination = number(Column::Destination).ok().flatten();
        let told = Told { line, started_at, outcome: self.outcome(line) };
        let event = |kind: CallEventKind, at: Millis| CallEvent {
            controlled: None,
            provider: self.provider(line),
            provider_call_id: self.id(line, started_at),
            dedup: String::new(),
            site: self.site.id.clone(),
            at,
            received_at: self.now,
            to: to.clone(),
            from: self.caller(line),
            sip_call_id: None,
            stage: Stage::default(),
            dialled: None,
            kind,
        };
        let mut events: Vec<CallEvent> =
            told.kinds()?.into_iter().map(|(kind, at)| event(kind, at)).collect();
        for (place, event) in events.iter_mut().enumerate() {
            event.dedup = format!("import:{place}");
        }
        Ok(Imported {
            events,
            attribution: attribute_imported(
                self.tables,
                self.rules,
                self.source(line),
                self.page(line),
            ),
            outcome: self.told_outcome(line)?,
            first_time: flag(line.of(Column::FirstTime)),
            destination: destination.map(Target::Phone),
        })
    }

    fn started_at(&self, line: &Line<'_>) -> Result<Millis, String> {
        let whole = line.of(Column::StartedAt);
        let parted = || format!("{} {}", line.of(Column::Date), line.of(Column::Time));
        let told = if whole.is_empty() { parted() } else { whole.to_owned() };
        let at = moment(&told, &self.calendar)
            .ok_or_else(|| format!("`{:.40}` is no time", told.trim()))?;
        if at > self.now.plus(AHEAD_MS) {
            return Err("it lies in the future".to_owned());
        }
        Ok(at)
    }

    fn provider(&self, line: &Line<'_>) -> String {
        let told = bounds::id(line.of(Column::Provider)).filter(|text| text.len() <= 32);
        told.unwrap_or(self.format.word()).to_ascii_lowercase()
    }

    /// The other system's id; where the table has none, one that the same line gives again.
    fn id(&self, line: &Line<'_>, started_at: Millis) -> String {
        if let Some(id) = bounds::id(line.of(Column::Id)) {
            return id.to_owned();
        }
        let (caller, to) = (line.of(Column::Caller), line.of(Column::TrackingNumber));
        let hash = Sha256::digest(format!("{}\n{caller}\n{to}", started_at.0).as_bytes());
        format!("line-{}", hex::encode(&hash[..12]))
    }

    fn caller(&self, line: &Line<'_>) -> Caller {
        let Some(number) = caller_number(line.of(Column::Caller), &self.site.country) else {
            return Caller::default();
        };
        let told = bounds::country_code(line.of(Column::CallerCountry));
        let country = if told.is_empty() { number.country().unwrap_or_default() } else { told };
        Caller {
            name: bounds::text(line.of(Column::CallerName)),
            city: bounds::text(line.of(Column::CallerCity)),
            region: bounds::text(line.of(Column::CallerRegion)),
            country,
            number: Some(number),
            ..Caller::default()
        }
    }

    fn outcome(&self, line: &Line<'_>) -> DialOutcome {
        let told = outcome(line.of(Column::Status));
        let by_flag = || match flag(line.of(Column::Answered)) {
            Some(true) => Some(DialOutcome::Answered),
            Some(false) => Some(DialOutcome::NoAnswer),
            None => None,
        };
        let talked = seconds(line.of(Column::Talk)).is_some_and(|s| s > 0);
        let by_talk = if talked { DialOutcome::Answered } else { DialOutcome::NoAnswer };
        told.or_else(by_flag).unwrap_or(by_talk)
    }

    fn source(&self, line: &Line<'_>) -> Option<Source> {
        let text = |column: Column| bounds::text(line.of(column));
        let source = text(Column::Source);
        (!source.is_empty() && source != crate::warehouse::rules::UNKNOWN).then(|| Source {
            source,
            medium: text(Column::Medium),
            campaign: text(Column::Campaign),
            term: text(Column::Term),
            content: text(Column::Content),
            channel: text(Column::Channel),
            ..Source::default()
        })
    }

    /// Host and path of the landing page.
    fn page(&self, line: &Line<'_>) -> (String, String) {
        let told = line.of(Column::LandingPage);
        let with_scheme =
            if told.contains("://") { told.to_owned() } else { format!("https://{told}") };
        match url::Url::parse(&with_scheme) {
            Ok(url)
                if !told.is_empty() && url.host_str().is_some_and(|host| host.contains('.')) =>
            {
                (url.host_str().unwrap_or_default().to_owned(), bounds::text(url.path()))
            }
            _ => (String::new(), String::new()),
        }
    }

    fn told_outcome(&self, line: &Line<'_>) -> Result<Outcome, String> {
        let mut told = Map::new();
        let mut text = |name: &str, column: Column, most: usize| {
            let text: String = line
                .of(column)
                .chars()
                .filter(|c| !c.is_control() || *c == '\n')
                .take(most)
                .collect();
            if !text.trim().is_empty() {
                told.insert(name.to_owned(), json!(text.trim()));
            }
        };
        text("disposition", Column::Disposition, 64);
        text("agent", Column::Agent, 64);
        text("notes", Column::Notes, MAX_NOTES);
        let tags = line.of(Column::Tags).split([',', '|', ';']).map(str::trim);
        let tags: Vec<Value> = tags
            .filter(|tag| !tag.is_empty())
            .take(32)
            .map(|tag| json!(tag.chars().take(64).collect::<String>()))
            .collect();
        if !tags.is_empty() {
            told.insert("tags".to_owned(), Value::Array(tags));
        }
        for (name, column) in [("qualified", Column::Qualified), ("converted", Column::Converted)] {
            if let Some(is) = flag(line.of(column)) {
                told.insert(name.to_owned(), json!(is));
            }
        }
        let value = line.of(Column::Value);
        if !value.is_empty() && flag(value).is_none_or(|_| money(value).is_some()) {
            let value = money(value).ok_or_else(|| format!("`{value:.40}` is no amount"))?;
            told.insert("value".to_owned(), json!(value));
        }
        if let Some(score) = seconds(line.of(Column::LeadScore)).filter(|score| *score <= 100) {
            told.insert("lead_score".to_owned(), json!(score));
        }
        Ok(OutcomeChange::from_json(&told)?.apply(&Outcome::default(), self.by, self.now))
    }
}

/// One line of a table.
struct Line<'a> {
    cells: &'a StringRecord,
    places: &'a HashMap<Column, usize>,
}

impl<'a> Line<'a> {
    /// The text of a column; empty when there is none. An apostrophe that keeps a spreadsheet from reading a
    /// formula is no part of it.
    fn of(&self, column: Column) -> &'a str {
        let place = self.places.get(&column);
        let text = place.and_then(|place| self.cells.get(*place)).unwrap_or_default().trim();
        text.strip_prefix('\'').unwrap_or(text)
    }
}

/// What a line says of the course of its call.
struct Told<'a> {
    line: &'a Line<'a>,
    started_at: Millis,
    outcome: DialOutcome,
}

impl Told<'_> {
    fn kinds(&self) -> Result<Vec<(CallEventKind, Millis)>, String> {
        let told = |column: Column| {
            let text = self.line.of(column);
            match seconds(text) {
                None if !text.is_empty() => Err(format!("`{text:.40}` is no length of time")),
                seconds => Ok(seconds),
            }
        };
        let (duration, talk, wait) =
            (told(Column::Duration)?, told(Column::Talk)?, told(Column::Wait)?);
        let after = |seconds: u32| self.started_at.plus(1000 * i64::from(seconds));
        let waited = wait.unwrap_or_else(|| match (duration, talk) {
            (Some(duration), Some(talk)) => duration.saturating_sub(talk),
            _ => 0,
        });
        let answered = self.outcome == DialOutcome::Answered;
        let talked = talk.or(duration.map(|whole| whole.saturating_sub(wait.unwrap_or(0))));
        let talked = talked.unwrap_or(0);
        let lasted = if answered { waited + talked } else { duration.unwrap_or(waited) };
        let ended_at = after(lasted);
        let mut kinds = vec![
            (CallEventKind::Received, self.started_at),
            (CallEventKind::Imported, self.started_at),
        ];
        if answered {
            kinds.push((CallEventKind::Answered, after(waited)));
        }
        let outcome = self.outcome;
        let is_message = outcome == DialOutcome::Voicemail;
        let talk_s = answered.then_some(talked);
        kinds.push((CallEventKind::DialEnded { outcome, talk_s }, ended_at));
        let url = bounds::link(self.line.of(Column::Recording));
        match url {
            url if is_message => {
                kinds.push((CallEventKind::VoicemailLeft { url, duration_s: None }, ended_at));
            }
            Some(url) => {
                let duration_s = Some(talked).filter(|_| answered);
                kinds.push((CallEventKind::Recorded { url, duration_s }, ended_at));
            }
            None => {}
        }
        kinds.push((CallEventKind::Ended { duration_s: Some(lasted), outcome: None }, ended_at));
        Ok(kinds)
    }
}
