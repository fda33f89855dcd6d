//! Outcomes of many calls at once: a list as JSON, or a table as a CRM exports it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::call::archive::Archive;
use crate::call::caller::told_number;
use crate::call::import::cells::{Calendar, moment};
use crate::call::outcome::email;
use crate::call::outcome::find::{Named, find};
use crate::call::outcome::model::OutcomeChange;
use crate::call::recorder::{RecordError, Recorder};
use crate::config::model::Site;
use crate::http::problem::Problem;
use crate::platform::keys::SiteKeys;
use crate::platform::table::{Row, Table};

/// Most outcomes of one request.
pub const MAX_ROWS: usize = 5_000;

/// The fields that name the call.
const NAMING: [&str; 5] = ["call", "provider", "provider_call_id", "caller", "started_at"];

/// One outcome: where it stood, and what it says of which call.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its line, or its place in the list, from 1.
    pub entry: usize,
    /// The call and the change, or why it cannot be read.
    pub said: Result<(Named, OutcomeChange), String>,
}

/// What became of the outcomes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReply {
    /// Calls that have a new version.
    pub changed: usize,
    /// Calls that said so already.
    pub unchanged: usize,
    /// What could not be used, and why.
    pub rejected: Vec<RejectedRow>,
}

/// An outcome that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedRow {
    /// Its line, or its place in the list, from 1.
    pub entry: usize,
    /// What is wrong, for people.
    pub reason: String,
}

/// Where tables come from.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// ISO 3166-1 alpha-2 country, for national numbers.
    pub country: &'a str,
    /// For times without a zone.
    pub calendar: Calendar,
}

/// Reads the entries of a JSON list.
pub fn from_json(entries: Vec<Map<String, Value>>, place: &Place<'_>) -> Vec<Told> {
    let entries = entries.into_iter().enumerate();
    entries.map(|(i, object)| Told { entry: i + 1, said: entry(object, place) }).collect()
}

fn entry(
    mut object: Map<String, Value>,
    place: &Place<'_>,
) -> Result<(Named, OutcomeChange), String> {
    let mut naming = Vec::new();
    for name in NAMING {
        match object.remove(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => naming.push((name, text)),
            Some(_) => return Err(format!("`{name}` must be a text")),
        }
    }
    let told = naming.iter().map(|(name, text)| (*name, text.as_str()));
    Ok((named(told, place)?, OutcomeChange::from_json(&object)?))
}

/// Reads a table: the first line names the columns, in any case, also with spaces (`Started at`). Separated by commas,
/// semicolons or tabs. An empty cell leaves the field as it is, `-` clears it.
pub fn from_csv(text: &str, place: &Place<'_>) -> Result<Vec<Told>, String> {
    let mut table = Table::new(text);
    let mut rows = table.rows();
    let columns = rows.next().transpose()?.map(|row| row.cells).unwrap_or_default();
    let columns: Vec<String> =
        columns.iter().map(|name| name.to_lowercase().replace([' ', '-'], "_")).collect();
    if !columns.iter().any(|column| NAMING.contains(&column.as_str())) {
        return Err(format!("no column names the call: one of `{}`", NAMING.join("`, `")));
    }
    rows.map(|row| {
        let Row { line, cells } = row?;
        let told =
            columns.iter().map(String::as_str).zip(&cells).filter(|(_, text)| !text.is_empty());
        let (naming, said): (Vec<_>, Vec<_>) =
            told.partition(|(column, _)| NAMING.contains(column));
        let named = named(naming.into_iter(), place);
        let said =
            named.and_then(|named| Ok((named, OutcomeChange::from_cells(said.into_iter())?)));
        Ok(Told { entry: line, said })
    })
    .collect()
}

/// The call that these fields name.
fn named<'a>(
    fields: impl Iterator<Item = (&'a str, &'a str)>,
    place: &Place<'_>,
) -> Result<Named, String> {
    let fields: Vec<(&str, &str)> = fields.collect();
    let of = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    if let Some(id) = of("call") {
        return id.parse().map(Named::Id).map_err(|_| "`call` is no id of a call".to_owned());
    }
    if let Some(id) = of("provider_call_id") {
        let provider = of("provider").map(str::to_ascii_lowercase);
        return Ok(Named::ByProvider { provider, id: id.to_owned() });
    }
    let (Some(caller), Some(at)) = (of("caller"), of("started_at")) else {
        return Err(
            "name the call: `call`, `provider_call_id`, or `caller` and `started_at`".into()
        );
    };
    let number = told_number(caller, place.country)
        .ok_or("`caller` is no phone number: write it in E.164, such as +14155550100")?;
    let at = moment(at, &place.calendar).ok_or(
        "`started_at` must be a time such as 2026-03-01T09:00:00Z, or one by the site's clock",
    )?;
    Ok(Named::ByCaller { number, at })
}

/// Changes the calls that are meant, one after the other, as `by`.
pub async fn import(
    recorder: &Recorder,
    archive: &Archive,
    site: &Site,
    keys: &SiteKeys,
    told: Vec<Told>,
    by: &str,
) -> Result<ImportReply, Problem> {
    let mut reply = ImportReply::default();
    for Told { entry, said } in told {
        let mut reject = |reason: &str| {
            reply.rejected.push(RejectedRow { entry, reason: reason.to_owned() });
        };
        let (named, change) = match said {
            Ok(said) => said,
            Err(reason) => {
                reject(&reason);
                continue;
            }
        };
        let Some(call) = find(recorder.store(), archive, keys, &site.id, &named).await? else {
            reject("there is no such call");
            continue;
        };
        let amended = email::amend(recorder, &call, &change, by).await;
        match amended.map_err(RecordError::into_problem)? {
            Some((_, true)) => reply.changed += 1,
            Some((_, false)) => reply.unchanged += 1,
            None => reject("there is no such call"),
        }
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_calls_in_three_ways() {
        let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
        let place = Place { country: "US", calendar: Calendar::new(zone, "US") };
        let text = "\u{feff}Caller;Started at;provider_call_id;disposition;value\r\n\
                    (415) 555-0133;2026-03-01T09:00:00-05:00;;booked;149.90\r\n\
                    ;;CA1;;-\r\n\
                    ;;;booked;\r\n\
                    +14155550133;yesterday;;booked;\r\n\
                    ;;CA2;;a lot\r\n\
                    4155550133;3/1/2026 9:00 AM;;booked;\r\n";
        let told = from_csv(text, &place).expect("a table");
        assert_eq!(told.iter().map(|told| told.entry).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        let (named, _) = told[0].said.as_ref().expect("a caller and a time");
        let by_the_wall = told[5].said.as_ref().expect("a time of the site's clock");
        assert_eq!(by_the_wall.0, *named);
        let Named::ByCaller { number, at } = named else { panic!("{named:?}") };
        assert_eq!((number.as_str(), at.0), ("+14155550133", 1_772_373_600_000));
        let (named, _) = told[1].said.as_ref().expect("a provider's id");
        assert_eq!(*named, Named::ByProvider { provider: None, id: "CA1".to_owned() });
        for (i, part) in [(2, "name the call"), (3, "`started_at`"), (4, "`value`")] {
            let reason = told[i].said.as_ref().expect_err("refused");
            assert!(reason.contains(part), "{reason}");
        }
        assert!(from_csv("disposition\nbooked\n", &place).is_err());
    }
}
