//! Reads costs and staffing, from JSON and from the cells of a table. Pure.

use std::collections::HashSet;

use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::costs::model::{Cost, CostKind, Staffing};
use crate::platform::ids::SiteId;
use crate::platform::table::{Row, Table};

/// Most lines of one request.
pub const MAX_LINES: usize = 10_000;
/// Longest text of a field, in characters.
const MAX_TEXT: usize = 256;
/// Digits of an amount before and after its point: what the warehouse keeps.
const WHOLE_DIGITS: usize = 14;
const FRACTION_DIGITS: usize = 4;
/// Longest that one day can be staffed by a team that is told as one.
const MAX_HOURS: f64 = 100_000.0;

/// The fields of a cost.
const COST_FIELDS: [&str; 9] =
    ["date", "source", "medium", "campaign", "utm_id", "publisher", "amount", "currency", "kind"];
/// The fields of a line of staffing.
const STAFFING_FIELDS: [&str; 6] = ["date", "agent", "shift", "hours", "wage", "currency"];

/// A line with its number in the table, or its place in the list, from 1; or why it cannot be used.
pub type Entry<T> = (usize, Result<T, String>);

/// Where lines are read.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The site that they are of.
    pub site: &'a SiteId,
    /// Its currency.
    pub currency: &'a str,
    /// The latest day on earth; nothing was spent after it.
    pub latest: Date,
}

/// Something that is told line by line.
pub trait Told: Sized {
    /// The names of its fields.
    const FIELDS: &'static [&'static str];
    /// Reads one line.
    fn read(line: &Line<'_>, place: Place<'_>) -> Result<Self, String>;
    /// What tells it from others of the site: what is told twice of the same replaces the first.
    fn key(&self) -> String;

    /// Its id in the ledger.
    fn id(&self, site: &SiteId) -> String {
        let name = format!("{site}\n{}", self.key());
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }
}

/// The fields of one line that say something.
pub struct Line<'a>(Vec<(&'a str, String)>);

impl Line<'_> {
    fn of(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, text)| *known == name && !text.trim().is_empty());
        found.map(|(_, text)| text.trim())
    }

    fn text(&self, name: &str) -> Result<String, String> {
        let text = self.of(name).unwrap_or_default();
        match text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
            true => Err(format!("`{name}` must be one line of at most {MAX_TEXT} characters")),
            false => Ok(text.to_owned()),
        }
    }

    fn date(&self, place: Place<'_>) -> Result<Date, String> {
        let text = self.of("date").ok_or("`date` is missing")?;
        // `Date` would also take the date of a longer text, and drop its time.
        let date = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        let date = date.ok_or("`date` must be a day such as 2026-03-01")?;
        if date > place.latest || date.year() < 2000 {
            return Err("`date` must lie between 2000 and today".to_owned());
        }
        Ok(date)
    }

    fn money(&self, name: &str) -> Result<Option<String>, String> {
        let Some(text) = self.of(name) else { return Ok(None) };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=WHOLE_DIGITS).contains(&whole.len())
            && fraction.len() <= FRACTION_DIGITS
            && !text.ends_with('.');
        if fits && digits(whole) && digits(fraction) {
            return Ok(Some(text.to_owned()));
        }
        Err(format!(
            "`{name}` must be a decimal such as 149.90, with at most four digits behind the point"
        ))
    }

    fn currency(&self, place: Place<'_>) -> Result<String, String> {
        match self.of("currency") {
            Some(told) if !told.eq_ignore_ascii_case(place.currency) => Err(format!(
                "`currency` must be the site's, {}: reports do not convert",
                place.currency
            )),
            _ => Ok(place.currency.to_owned()),
        }
    }
}

impl Told for Cost {
    const FIELDS: &'static [&'static str] = &COST_FIELDS;

    fn read(line: &Line<'_>, place: Place<'_>) -> Result<Self, String> {
        let source = line.text("source")?;
        if source.is_empty() {
            return Err("`source` is missing".to_owned());
        }
        let kind = line.of("kind").unwrap_or(CostKind::Ad.word());
        let known = CostKind::ALL.into_iter().find(|known| known.word() == kind);
        let words = CostKind::ALL.map(CostKind::word).join("`, `");
        Ok(Cost {
            date: line.date(place)?,
            source,
            medium: line.text("medium")?,
            campaign: line.text("campaign")?,
            campaign_id: line.text("utm_id")?,
            channel: String::new(),
            publisher: line.text("publisher")?,
            kind: known.ok_or_else(|| format!("`kind` is one of `{words}`"))?,
            amount: line.money("amount")?.ok_or("`amount` is missing")?,
            currency: line.currency(place)?,
        })
    }

    fn key(&self) -> String {
        let Cost { date, source, medium, campaign, campaign_id, publisher, kind, .. } = self;
        let of = format!("{source}\n{medium}\n{campaign}\n{campaign_id}\n{publisher}");
        format!("{date}\n{of}\n{}", kind.word())
    }
}

impl Told for Staffing {
    const FIELDS: &'static [&'static str] = &STAFFING_FIELDS;

    fn read(line: &Line<'_>, place: Place<'_>) -> Result<Self, String> {
        let hours = line.of("hours").ok_or("`hours` is missing")?;
        let hours = hours.parse::<f64>().ok().filter(|hours| (0.0..=MAX_HOURS).contains(hours));
        let hours = hours.ok_or("`hours` must be a number such as 7.5")?;
        Ok(Staffing {
            date: line.date(place)?,
            agent: line.text("agent")?,
            shift: line.text("shift")?,
            seconds: (hours * 3_600.0).round() as u32,
            wage: line.money("wage")?,
            currency: line.currency(place)?,
        })
    }

    fn key(&self) -> String {
        format!("{}\n{}\n{}", self.date, self.agent, self.shift)
    }
}

/// Reads a JSON list.
pub fn from_json<T: Told>(lines: &[Map<String, Value>], place: Place<'_>) -> Vec<Entry<T>> {
    let read = |line: &Map<String, Value>| {
        let mut fields = Vec::with_capacity(line.len());
        for (name, value) in line {
            match value {
                Value::Null => {}
                Value::String(text) => fields.push((name.as_str(), text.clone())),
                Value::Number(number) => fields.push((name.as_str(), number.to_string())),
                _ => return Err(format!("`{}` must be a text or a number", short(name))),
            }
        }
        told(Line(fields), place)
    };
    once(lines.iter().enumerate().map(|(i, line)| (i + 1, read(line))))
}

/// Reads a table: the first line names the columns.
pub fn from_csv<T: Told>(text: &str, place: Place<'_>) -> Result<Vec<Entry<T>>, String> {
    let mut table = Table::new(text);
    let mut rows = table.rows();
    let columns = rows.next().transpose()?.map(|row| row.cells).unwrap_or_default();
    if !columns.iter().any(|column| column == "date") {
        return Err(format!("no column `date`; the columns are `{}`", T::FIELDS.join("`, `")));
    }
    let mut entries = Vec::new();
    for row in rows {
        let Row { line, cells } = row?;
        let named = columns.iter().zip(&cells).map(|(name, text)| (name, text.to_owned()));
        entries.push((line, told(Line(named.collect()), place)));
    }
    Ok(once(entries.into_iter()))
}

fn told<T: Told>(line: Line<'_>, place: Place<'_>) -> Result<T, String> {
    if let Some((unknown, _)) = line.0.iter().find(|(name, _)| !T::FIELDS.contains(name)) {
        let known = T::FIELDS.join("`, `");
        return Err(format!("there is no field `{}`; there are `{known}`", short(unknown)));
    }
    T::read(&line, place)
}

/// Refuses what one request tells twice: nobody could say which of both counts.
fn once<T: Told>(entries: impl Iterator<Item = Entry<T>>) -> Vec<Entry<T>> {
    let mut keys = HashSet::new();
    let single = |(line, told): Entry<T>| match told {
        Ok(told) if !keys.insert(told.key()) => {
            (line, Err("an earlier line tells the same thing; add them up".to_owned()))
        }
        told => (line, told),
    };
    entries.map(single).collect()
}

fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn read<T: Told>(lines: Value) -> Vec<Entry<T>> {
        let lines: Vec<Map<String, Value>> = serde_json::from_value(lines).expect("a list");
        let site = "shop".parse().expect("an id");
        let place = Place { site: &site, currency: "EUR", latest: date(2026, 3, 9) };
        from_json(&lines, place)
    }

    fn why<T: Told + std::fmt::Debug>(line: Value) -> String {
        let mut entries = read::<T>(json!([line]));
        entries.remove(0).1.expect_err("it cannot be used")
    }

    #[test]
    fn a_cost_is_read_with_its_defaults() {
        let entries = read::<Cost>(json!([
            {"date": "2026-03-01", "source": "google", "medium": "cpc", "amount": 12.5},
            {"date": "2026-03-01", "source": "google", "medium": "cpc", "amount": "3", "kind": "fee"},
        ]));
        let amounts: Vec<_> = entries
            .iter()
            .map(|(line, cost)| {
                let cost = cost.as_ref().expect("a cost");
                (*line, cost.amount.as_str(), cost.kind, cost.currency.as_str())
            })
            .collect();
        assert_eq!(amounts, [(1, "12.5", CostKind::Ad, "EUR"), (2, "3", CostKind::Fee, "EUR")]);
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let cost = |name: &str, value: Value| {
            let mut line = json!({"date": "2026-03-01", "source": "google", "amount": "1"});
            line[name] = value;
            why::<Cost>(line)
        };
        assert!(cost("date", json!("2026-03-01T10:00")).contains("a day"));
        assert!(cost("date", json!("2026-03-10")).contains("today"));
        assert!(cost("amount", json!("1,50")).contains("decimal"));
        assert!(cost("amount", json!(-1)).contains("decimal"));
        assert!(cost("amount", json!(1e40)).contains("decimal"));
        assert!(cost("currency", json!("USD")).contains("EUR"));
        assert!(cost("kind", json!("gift")).contains("`ad`"));
        assert!(cost("sauce", json!("x")).contains("there are `date`"));
        assert!(cost("source", json!(null)).contains("missing"));
        assert!(cost("medium", json!(["cpc"])).contains("a text"));
        let staffing = json!({"date": "2026-03-01", "hours": "NaN"});
        assert!(why::<Staffing>(staffing).contains("7.5"));
    }

    #[test]
    fn the_same_thing_twice_in_one_request_counts_once() {
        let line = json!({"date": "2026-03-01", "agent": "ann", "hours": 8, "wage": "20"});
        let entries = read::<Staffing>(json!([line, line]));
        let first = entries[0].1.as_ref().expect("the first counts");
        assert_eq!((first.seconds, first.wage.as_deref()), (28_800, Some("20")));
        assert!(entries[1].1.as_ref().is_err_and(|why| why.contains("earlier line")));
    }

    #[test]
    fn tables_have_line_numbers() {
        let site = "shop".parse().expect("an id");
        let place = Place { site: &site, currency: "EUR", latest: date(2026, 3, 9) };
        let text = "date;source;amount\n2026-03-01;bing;7.25\n\n2026-03-02;bing;many\n";
        let entries = from_csv::<Cost>(text, place).expect("a table");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].1.as_ref().expect("a cost").amount, "7.25");
        assert_eq!((entries[1].0, entries[1].1.is_err()), (4, true));
        assert!(from_csv::<Cost>("day,amount\n", place).is_err());
    }
}
