//! What the columns of other systems mean. Pure.
//!
//! Names are compared without case, spaces and punctuation. CallRail's and CallTrackingMetrics' are those of their
//! exports and of their APIs; both let people choose and rename columns, so many ways are known.

use std::collections::HashMap;

use csv::StringRecord;

use crate::call::import::model::ImportFormat;

/// A column that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The other system's id of the call.
    Id,
    /// The provider, where the table names one.
    Provider,
    /// When it began.
    StartedAt,
    /// Day alone, where the time stands beside.
    Date,
    /// Time alone.
    Time,
    /// Who called.
    Caller,
    /// Their name.
    CallerName,
    /// Their city.
    CallerCity,
    /// Their region.
    CallerRegion,
    /// Their country.
    CallerCountry,
    /// The number that was called.
    TrackingNumber,
    /// Who was called in the end.
    Destination,
    /// How it ended.
    Status,
    /// Whether somebody answered.
    Answered,
    /// Inbound or outbound.
    Direction,
    /// Its length altogether.
    Duration,
    /// Seconds talked.
    Talk,
    /// Seconds until somebody answered.
    Wait,
    /// The caller's first call.
    FirstTime,
    /// Source.
    Source,
    /// Medium.
    Medium,
    /// Campaign.
    Campaign,
    /// Keyword.
    Term,
    /// Ad content.
    Content,
    /// Channel group.
    Channel,
    /// Landing page.
    LandingPage,
    /// Referrer.
    Referrer,
    /// Link to a recording.
    Recording,
    /// Disposition.
    Disposition,
    /// Tags.
    Tags,
    /// Notes.
    Notes,
    /// Who talked.
    Agent,
    /// Qualified.
    Qualified,
    /// Converted.
    Converted,
    /// Revenue.
    Value,
    /// Score.
    LeadScore,
}

use Column::*;

/// Our own names, as exports have them.
const GENERIC: &[(Column, &[&str])] = &[
    (Id, &["providercallid", "id", "callid"]),
    (Provider, &["provider"]),
    (StartedAt, &["startedat", "starttime"]),
    (Date, &["date"]),
    (Time, &["time"]),
    (Caller, &["caller", "callernumber", "from"]),
    (CallerName, &["callername", "name"]),
    (CallerCity, &["callercity", "city"]),
    (CallerRegion, &["callerregion", "region", "state"]),
    (CallerCountry, &["callercountry", "country"]),
    (TrackingNumber, &["trackingnumber", "number", "to"]),
    (Destination, &["destination", "destinationnumber"]),
    (Status, &["status"]),
    (Answered, &["answered"]),
    (Direction, &["direction"]),
    (Duration, &["duration", "durations", "durationseconds"]),
    (Talk, &["talks", "talktime", "talkseconds"]),
    (Wait, &["waits", "waittime", "waitseconds", "rings"]),
    (FirstTime, &["firsttime", "firsttimecaller"]),
    (Source, &["source"]),
    (Medium, &["medium"]),
    (Campaign, &["campaign"]),
    (Term, &["term", "keyword", "keywords"]),
    (Content, &["content"]),
    (Channel, &["channel"]),
    (LandingPage, &["landingpage", "landingpageurl"]),
    (Referrer, &["referrer", "referrerhost"]),
    (Recording, &["recordingurl", "recording"]),
    (Disposition, &["disposition"]),
    (Tags, &["tags"]),
    (Notes, &["notes", "note"]),
    (Agent, &["agent"]),
    (Qualified, &["qualified"]),
    (Converted, &["converted"]),
    (Value, &["value", "revenue"]),
    (LeadScore, &["leadscore", "score"]),
];

const CALLRAIL: &[(Column, &[&str])] = &[
    (Id, &["id", "callid", "calluuid", "uniqueid"]),
    (StartedAt, &["starttime", "startedat", "calltime", "datetime", "calldatetime"]),
    (Date, &["date", "calldate", "startdate"]),
    (Time, &["time", "timeofday"]),
    (
        Caller,
        &["phonenumber", "customerphonenumber", "callernumber", "callerphonenumber", "callerid"],
    ),
    (CallerName, &["name", "customername", "callername"]),
    (CallerCity, &["city", "customercity", "callercity"]),
    (CallerRegion, &["state", "customerstate", "callerstate"]),
    (CallerCountry, &["country", "customercountry", "callercountry"]),
    (TrackingNumber, &["trackingnumber", "trackingphonenumber"]),
    (
        Destination,
        &[
            "destinationnumber",
            "businessphonenumber",
            "businessnumber",
            "forwardedto",
            "answeredby",
        ],
    ),
    (Status, &["callstatus", "status"]),
    (Answered, &["answered"]),
    (Direction, &["direction", "calldirection"]),
    (Duration, &["duration", "durationseconds", "calllength", "calldurationseconds"]),
    (FirstTime, &["firsttimecaller", "firstcall", "firsttime"]),
    (Source, &["source", "leadsource", "formattedtrackingsource"]),
    (Medium, &["medium", "utmmedium"]),
    (Campaign, &["campaign", "utmcampaign"]),
    (Term, &["keywords", "keyword", "utmterm"]),
    (Content, &["utmcontent", "adcontent"]),
    (LandingPage, &["landingpage", "landingpageurl"]),
    (Referrer, &["referrer", "referringurl", "referrerdomain"]),
    (Recording, &["recordingurl", "recording", "recordingplayer"]),
    (Tags, &["tags"]),
    (Notes, &["note", "notes"]),
    (Agent, &["agent", "agentname", "agentemail", "employeename"]),
    (Qualified, &["leadstatus", "qualified", "goodlead", "goodcall", "leadqualification"]),
    (Value, &["value", "leadvalue"]),
];

const CTM: &[(Column, &[&str])] = &[
    (Id, &["id", "callid", "sid", "activityid"]),
    (StartedAt, &["calledat", "starttime", "callstarttime", "datetime", "calltime"]),
    (Date, &["date", "day", "calldate"]),
    (Time, &["time", "timeofday"]),
    (Caller, &["callernumber", "contactnumber", "callernumberformat", "from", "caller"]),
    (CallerName, &["name", "callername", "cname", "contactname", "callerid"]),
    (CallerCity, &["city"]),
    (CallerRegion, &["state", "region"]),
    (CallerCountry, &["country"]),
    (TrackingNumber, &["trackingnumber", "trackingnumberformat", "to"]),
    (
        Destination,
        &[
            "receivingnumber",
            "businessnumber",
            "businessnumberformat",
            "destinationnumber",
            "routedto",
        ],
    ),
    (Status, &["callstatus", "dialstatus", "status", "callresult"]),
    (Direction, &["direction"]),
    (Duration, &["duration", "durationseconds", "calllength"]),
    (Talk, &["talktime", "talktimeseconds"]),
    (Wait, &["ringtime", "waittime", "ringtimeseconds"]),
    (FirstTime, &["newcaller", "isnewcaller", "firsttimecaller"]),
    (Source, &["trackingsource", "source", "sourcename", "trackinglabel"]),
    (Medium, &["medium", "utmmedium"]),
    (Campaign, &["campaign", "utmcampaign", "adcampaign", "paidcampaign"]),
    (Term, &["keyword", "keywords", "search", "searchquery", "utmterm"]),
    (Content, &["adcontent", "utmcontent"]),
    (LandingPage, &["location", "landingurl", "landingpage", "landingpageurl"]),
    (Referrer, &["referrer"]),
    (Recording, &["audio", "recordingurl", "recording", "audiourl"]),
    (Tags, &["taglist", "tags", "tag"]),
    (Notes, &["notes", "note", "comments"]),
    (Agent, &["agent", "agentname", "useremail", "username", "answeredby"]),
    (Disposition, &["disposition", "outcome"]),
    (Converted, &["salerecorded", "conversion", "converted"]),
    (Value, &["salevalue", "value", "salesvalue", "revenue"]),
    (LeadScore, &["leadscore"]),
];

/// Where each column of a table stands; of several that mean the same the best known name counts.
pub fn places(
    format: ImportFormat,
    names: &StringRecord,
) -> Result<HashMap<Column, usize>, String> {
    let known = match format {
        ImportFormat::Generic => GENERIC,
        ImportFormat::Callrail => CALLRAIL,
        ImportFormat::Ctm => CTM,
    };
    let names: Vec<String> = names.iter().map(plain).collect();
    let place = |aliases: &[&str]| {
        aliases.iter().find_map(|alias| names.iter().position(|name| name == alias))
    };
    let places: HashMap<Column, usize> =
        known.iter().filter_map(|(column, aliases)| Some((*column, place(aliases)?))).collect();
    let has = |column| places.contains_key(&column);
    if !has(StartedAt) && !has(Date) {
        return Err(format!("no column tells when a call began ({})", expected(known, StartedAt)));
    }
    if !has(Caller) && !has(TrackingNumber) {
        return Err("no column tells who called, or which number".to_owned());
    }
    Ok(places)
}

fn expected(known: &[(Column, &[&str])], wanted: Column) -> String {
    let aliases = known.iter().find(|(column, _)| *column == wanted).map(|(_, names)| *names);
    format!("expected one such as `{}`", aliases.unwrap_or_default().first().unwrap_or(&""))
}

/// A name without case, spaces and punctuation.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_many_names() {
        let record = |names: &[&str]| names.iter().copied().collect::<StringRecord>();
        let names =
            record(&["Start Time", "Duration (seconds)", "Phone Number", "First-Time Caller"]);
        let found = places(ImportFormat::Callrail, &names).expect("a table");
        assert_eq!(
            [StartedAt, Duration, Caller, FirstTime].map(|column| found.get(&column).copied()),
            [Some(0), Some(1), Some(2), Some(3)]
        );
        let names = record(&["called_at", "caller_number", "tracking_number", "talk_time"]);
        let found = places(ImportFormat::Ctm, &names).expect("a table");
        assert_eq!((found[&StartedAt], found[&Talk]), (0, 3));
        let bare = record(&["caller", "source"]);
        assert!(places(ImportFormat::Generic, &bare).expect_err("no time").contains("startedat"));
        let nobody = record(&["started_at", "source"]);
        assert!(places(ImportFormat::Generic, &nobody).is_err());
    }
}
