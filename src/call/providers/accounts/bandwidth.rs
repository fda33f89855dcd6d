//! Bandwidth's accounts: an application holds webhooks, and locations, which the list of numbers does not
//! tell, hold numbers. Numbers and applications are XML, calls JSON.

use quick_xml::Reader;
use quick_xml::events::Event;
use reqwest::Method;
use url::Url;

use crate::call::model::DialOutcome;
use crate::call::providers::accounts::AccountApi;
use crate::call::providers::accounts::model::{
    Access, ApiRequest, Asked, Auth, Body, Hooks, Leg, Listed, OwnedNumber, Route, Window,
};
use crate::call::providers::accounts::past::{number_in, rfc3339, with_parameter};
use crate::call::providers::json::Tree;
use crate::call::providers::{Unreadable, outcome, time};
use crate::config::model::Telephony;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// Where numbers and applications are.
const BASE: &str = "https://api.bandwidth.com/api";
/// Where calls are.
const VOICE_BASE: &str = "https://voice.bandwidth.com/api/v2";
/// Where tokens are issued.
const TOKEN_URL: &str = "https://api.bandwidth.com/api/v1/oauth2/token";
/// Rows of a page.
const PAGE: usize = 1000;

/// Bandwidth.
pub struct Bandwidth;

fn application_url(access: &Access) -> Result<Url, Unreadable> {
    access.url(&format!("/accounts/{}/applications/{}", access.account, access.application))
}

impl AccountApi for Bandwidth {
    fn name(&self) -> &'static str {
        "bandwidth"
    }

    fn accesses(&self, telephony: &Telephony) -> Vec<Access> {
        let known = telephony.bandwidth.iter();
        let known = known.filter(|one| !one.account.is_empty() && !one.client_secret.is_empty());
        let or =
            |told: &Option<String>, ours: &str| told.clone().unwrap_or_else(|| ours.to_owned());
        let access = known.map(|one| Access {
            account: one.account.clone(),
            base: or(&one.api_base, BASE),
            second_base: or(&one.voice_base, VOICE_BASE),
            token_url: or(&one.token_url, TOKEN_URL),
            user: one.client_id.clone(),
            secret: one.client_secret.clone(),
            application: one.application.clone(),
            callback_login: Some((one.username.clone(), one.password.clone())),
            fallback_url: one.fallback_url.clone(),
            ..Access::default()
        });
        access.collect()
    }

    /// OAuth 2, client credentials.
    fn login(&self, access: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        let url = Url::parse(&access.token_url)
            .map_err(|error| Unreadable(format!("the address of tokens: {error}")))?;
        let form = Body::Form(vec![("grant_type", "client_credentials".to_owned())]);
        Ok(Some(ApiRequest::send(Method::POST, url, access.basic(), form)))
    }

    fn numbers(&self, access: &Access) -> Result<ApiRequest, Unreadable> {
        let path = format!("/accounts/{}/inserviceNumbers?size={PAGE}&page=1", access.account);
        Ok(ApiRequest::get(access.url(&path)?, Auth::Session))
    }

    /// Pages are named by the place of their first row, which the answer's links tell.
    fn read_numbers(&self, asked: &Asked<'_>) -> Result<Listed<OwnedNumber>, Unreadable> {
        let told = leaves(asked.body)?;
        let texts = |name: &'static str| {
            told.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
        };
        let items = texts("TelephoneNumber").filter_map(|text| {
            Some(OwnedNumber {
                number: PhoneNumber::parse_loose(text, Some("US"))?,
                id: text.to_owned(),
                route: Route::Untold,
                sms: false,
            })
        });
        let items: Vec<_> = items.collect();
        let total: usize = texts("TotalCount").next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let first = number_in(asked.url, "page").unwrap_or(1);
        let next = first + items.len();
        let more = !items.is_empty() && next <= total;
        let next = more.then(|| with_parameter(asked.url, "page", &next.to_string()));
        Ok(Listed { items, next })
    }

    fn application(&self, access: &Access) -> Result<Option<ApiRequest>, Unreadable> {
        if access.application.is_empty() {
            return Ok(None);
        }
        Ok(Some(ApiRequest::get(application_url(access)?, Auth::Session)))
    }

    fn read_application(&self, asked: &Asked<'_>) -> Result<Hooks, Unreadable> {
        let told = leaves(asked.body)?;
        let text = |name: &str| {
            let found = told.iter().find(|(known, _)| known == name);
            found.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        Ok(Hooks {
            voice: text("CallInitiatedCallbackUrl"),
            status: text("CallStatusCallbackUrl"),
            fallback: text("CallInitiatedFallbackUrl"),
        })
    }

    /// An update replaces the application; its name stays.
    fn set_application(
        &self,
        access: &Access,
        hooks: &Hooks,
        now: &str,
    ) -> Result<ApiRequest, Unreadable> {
        let told = leaves(now)?;
        let name = told.iter().find(|(known, _)| known == "AppName").map(|(_, text)| text.as_str());
        let element = |name: &str, text: &str| {
            format!("<{name}>{}</{name}>", quick_xml::escape::escape(text))
        };
        let mut parts = vec![
            element("ServiceType", "Voice-V2"),
            element("AppName", name.unwrap_or("Ringtrace")),
            element("CallInitiatedCallbackUrl", &hooks.voice),
            element("CallInitiatedMethod", "POST"),
            element("CallStatusCallbackUrl", &hooks.status),
            element("CallStatusMethod", "POST"),
        ];
        if !hooks.fallback.is_empty() {
            parts.push(element("CallInitiatedFallbackUrl", &hooks.fallback));
            parts.push(element("CallInitiatedFallbackMethod", "GET"));
        }
        if let Some((user, password)) = &access.callback_login {
            let login = element("UserId", user) + &element("Password", password.reveal());
            parts.push(format!("<CallbackCreds>{login}</CallbackCreds>"));
        }
        let body = format!("<Application>{}</Application>", parts.concat());
        let url = application_url(access)?;
        Ok(ApiRequest::send(Method::PUT, url, Auth::Session, Body::Xml(body)))
    }

    fn set_number(&self, _: &Access, _: &OwnedNumber, _: &Hooks) -> Result<ApiRequest, Unreadable> {
        Err(Unreadable("numbers belong to locations here: link the location there".to_owned()))
    }

    fn calls(&self, access: &Access, window: Window, _: Millis) -> Result<ApiRequest, Unreadable> {
        let mut url = access.second_url(&format!("/accounts/{}/calls", access.account))?;
        url.query_pairs_mut()
            .append_pair("minStartTime", &rfc3339(window.from))
            .append_pair("maxStartTime", &rfc3339(window.to))
            .append_pair("pageSize", &PAGE.to_string());
        Ok(ApiRequest::get(url, Auth::Session))
    }

    fn read_calls(&self, asked: &Asked<'_>) -> Result<Listed<Leg>, Unreadable> {
        let items = Tree::items(asked.body.as_bytes())?.iter().map(leg).collect();
        let told = asked.link.and_then(next_link);
        let next = told.map(|told| asked.url.join(told)).transpose();
        let next = next.map_err(|_| Unreadable("its next page has no address".to_owned()))?;
        Ok(Listed { items, next })
    }
}

fn leg(row: &Tree) -> Leg {
    let (id, parent) = (row.text("/callId"), row.text("/parentCallId"));
    let ended_at = time::moment(&row.text("/endTime"));
    let answered_at = time::moment(&row.text("/answerTime"));
    let inbound = row.text("/direction") == "inbound" && parent.is_empty();
    let cause = row.text("/disconnectCause");
    let outcome = ended_at.map(|_| match (cause.as_str(), answered_at) {
        ("hangup" | "", Some(_)) => DialOutcome::Answered,
        ("hangup" | "", None) => DialOutcome::Canceled,
        (cause, _) => outcome::of(cause).unwrap_or(DialOutcome::Failed),
    });
    let talked = answered_at.zip(ended_at).map(|(from, to)| time::between(from, to));
    Leg {
        call: if parent.is_empty() { id.clone() } else { parent },
        id,
        inbound,
        from: row.text("/from"),
        name: String::new(),
        to: row.text("/to"),
        forwarded_from: String::new(),
        started_at: time::moment(&row.text("/startTime")),
        answered_at,
        ended_at,
        talk_s: talked.filter(|_| outcome == Some(DialOutcome::Answered)),
        outcome,
    }
}

/// The address behind `rel="next"` in a `Link` header.
fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters
            .split(';')
            .any(|parameter| parameter.trim().replace('"', "").eq_ignore_ascii_case("rel=next"));
        is_next.then_some(address)
    })
}

/// The texts of all elements, each with the name of the innermost one around it, in order.
fn leaves(text: &str) -> Result<Vec<(String, String)>, Unreadable> {
    let unreadable = |why: String| Unreadable(format!("the body is no XML: {why}"));
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, String)> = Vec::new();
    let mut told = Vec::new();
    let mut any = false;
    loop {
        match reader.read_event().map_err(|error| unreadable(error.to_string()))? {
            Event::Start(start) => {
                any = true;
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                open.push((name, String::new()));
            }
            Event::Text(part) => {
                if let Some((_, text)) = open.last_mut() {
                    text.push_str(&part.decode().map_err(|error| unreadable(error.to_string()))?);
                }
            }
            Event::GeneralRef(entity) => {
                let name = entity.decode().map_err(|error| unreadable(error.to_string()))?;
                let resolved = quick_xml::escape::unescape(&format!("&{name};"))
                    .map_err(|error| unreadable(error.to_string()))?
                    .into_owned();
                if let Some((_, text)) = open.last_mut() {
                    text.push_str(&resolved);
                }
            }
            Event::End(_) => {
                if let Some((name, text)) = open.pop()
                    && !text.trim().is_empty()
                {
                    told.push((name, text.trim().to_owned()));
                }
            }
            Event::Eof if any && open.is_empty() => return Ok(told),
            Event::Eof => return Err(unreadable("it breaks off".to_owned())),
            _ => {}
        }
    }
}
