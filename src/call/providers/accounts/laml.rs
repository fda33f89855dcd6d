//! The REST dialect of Twilio (2010-04-01), SignalWire's compatible API and Telnyx' TeXML. Pure.

use reqwest::Method;

use crate::call::model::DialOutcome;
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Auth, Body, Hooks, Leg, Listed, OwnedNumber, Route, Window,
};
use crate::call::providers::accounts::past::day;
use crate::call::providers::json::Tree;
use crate::call::providers::{Unreadable, outcome, time};
use crate::platform::phone::PhoneNumber;

/// Asks for the numbers of an account under `folder`.
pub fn numbers(access: &Access, folder: &str) -> Result<ApiRequest, Unreadable> {
    let path = format!("{folder}/IncomingPhoneNumbers.json?PageSize=500");
    Ok(ApiRequest::get(access.url(&path)?, access.basic()))
}

/// Reads a page of numbers. A number that an application or a trunk serves ignores its own webhooks.
pub fn read_numbers(asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable> {
    let tree = Tree::of(asked.body.as_bytes())?;
    let rows = tree.list("/incoming_phone_numbers")?;
    let items = rows.iter().filter_map(|row| {
        let served_by = row.first(&["/voice_application_sid", "/trunk_sid"]);
        let hooks = Hooks {
            voice: row.text("/voice_url"),
            status: row.text("/status_callback"),
            fallback: row.text("/voice_fallback_url"),
        };
        Some(OwnedNumber {
            number: row.text("/phone_number").parse::<PhoneNumber>().ok()?,
            id: row.text("/sid"),
            route: Route::Own(if served_by.is_empty() { hooks } else { Hooks::default() }),
            sms: row.text("/capabilities/sms") == "true",
        })
    });
    Ok(Listed { items: items.collect(), next: next(asked, &tree)? })
}

/// Sets a number's own webhooks, and takes it out of an application that would serve it.
pub fn set_number(
    access: &Access,
    folder: &str,
    number: &OwnedNumber,
    hooks: &Hooks,
) -> Result<ApiRequest, Unreadable> {
    let url = access.url(&format!("{folder}/IncomingPhoneNumbers/{}.json", number.id))?;
    let mut form = vec![
        ("VoiceUrl", hooks.voice.clone()),
        ("VoiceMethod", "POST".to_owned()),
        ("StatusCallback", hooks.status.clone()),
        ("StatusCallbackMethod", "POST".to_owned()),
        ("VoiceApplicationSid", String::new()),
    ];
    if !hooks.fallback.is_empty() {
        form.push(("VoiceFallbackUrl", hooks.fallback.clone()));
        // Hosts of static files often take nothing else.
        form.push(("VoiceFallbackMethod", "GET".to_owned()));
    }
    Ok(ApiRequest::send(Method::POST, url, access.basic(), Body::Form(form)))
}

/// Asks for the calls under `folder`. The list goes by days.
pub fn calls(
    access: &Access,
    folder: &str,
    auth: Auth,
    window: Window,
) -> Result<ApiRequest, Unreadable> {
    let mut url = access.url(&format!("{folder}/Calls"))?;
    let (from, to) = (day(window.from), day(window.to));
    url.query_pairs_mut()
        .append_pair("StartTime>", &from)
        .append_pair("StartTime<", &to)
        .append_pair("PageSize", "500");
    Ok(ApiRequest::get(url, auth))
}

/// Reads a page of calls: legs that were dialled name the caller's.
pub fn read_calls(asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable> {
    let tree = Tree::of(asked.body.as_bytes())?;
    let items = tree.list("/calls")?.iter().map(leg).collect();
    Ok(Listed { items, next: next(asked, &tree)? })
}

fn leg(row: &Tree) -> Leg {
    let (id, parent) = (row.text("/sid"), row.text("/parent_call_sid"));
    let word = row.text("/status");
    let over = matches!(
        word.as_str(),
        "completed" | "busy" | "no-answer" | "failed" | "canceled" | "cancelled"
    );
    let outcome = outcome::of(&word).filter(|_| over);
    let (from, to) = (row.text("/from"), row.text("/to"));
    let started_at = time::moment(&row.first(&["/start_time", "/date_created"]));
    let ended_at = time::moment(&row.text("/end_time"));
    let answered = outcome == Some(DialOutcome::Answered);
    Leg {
        call: if parent.is_empty() { id.clone() } else { parent.clone() },
        id,
        inbound: row.text("/direction") == "inbound" && parent.is_empty(),
        from,
        name: row.text("/caller_name"),
        to,
        forwarded_from: row.text("/forwarded_from"),
        started_at,
        // The list names no moment of the answer.
        answered_at: None,
        ended_at,
        talk_s: row.seconds("/duration").filter(|_| answered),
        outcome,
    }
}

/// The next page: a path of the same API, or a whole address.
fn next(asked: &Asked<'_>, tree: &Tree) -> Result<Option<url::Url>, Unreadable> {
    let told = tree.first(&["/next_page_uri", "/next_page_url"]);
    if told.is_empty() {
        return Ok(None);
    }
    let joined = asked.url.join(&told);
    joined.map(Some).map_err(|_| Unreadable("its next page has no address".to_owned()))
}
