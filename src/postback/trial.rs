//! `POST /v1/postbacks/test`: one marked conversion to one destination, and what its answer means.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};

use crate::config::Live;
use crate::config::model::{Destination, DestinationKind, Scope};
use crate::http::auth::Caller;
use crate::http::problem::{Problem, ProblemBody};
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{CallId, SiteId};
use crate::platform::redis::StoreError;
use crate::platform::secret::Secret;
use crate::postback::attempt::Sending;
use crate::postback::delivery::ClaimClock;
use crate::postback::destinations::eligible::eligible;
use crate::postback::destinations::{Batch, Judgement, Platform, Purpose, Row, Trial};
use crate::postback::fate::{Fate, Outcome};
use crate::postback::gone;
use crate::postback::lanes::{Lane, Width};
use crate::postback::model::{ConversionFacts, Exchange, Postback};
use crate::postback::people::Wanted;
use crate::postback::store::Outbox;
use crate::postback::told::{Person, Told};
use crate::postback::worker::Deliverer;
use crate::visit::ad_ids::AdIds;
use crate::visit::client::ClientDetails;
use crate::visit::model::Consent;

/// What to send.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialRequest {
    /// The site.
    #[schema(value_type = String)]
    site: SiteId,
    /// The destination.
    destination: String,
    /// Counts nothing: the platform looks at it where it can, else nothing is sent.
    #[serde(default)]
    dry_run: bool,
    /// Tells a real conversion instead of a made-up one: the id of its postback. Only with `dry_run`.
    #[serde(default)]
    postback: Option<String>,
    /// A click id as `name=value`; platforms know none that is made up.
    #[serde(default)]
    click_id: Option<String>,
}

/// What was sent, and what came of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TrialResult {
    /// `accepted`, `refused`, `no_answer`, `not_eligible`, `misconfigured` or `not_sent`.
    outcome: &'static str,
    /// The same for people, with what to do.
    explanation: String,
    /// What was sent and answered, without secrets and personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<Exchange>,
}

/// Sends one conversion that is marked as a test, and explains the answer. Platforms without test codes count it, unless
/// it is a dry run.
#[utoipa::path(
    tag = "postbacks",
    security(("key" = ["manager"])),
    request_body = TrialRequest,
    responses(
        (status = 200, description = "It was tried", body = TrialResult),
        (status = 400, description = "The body cannot be read", body = ProblemBody),
        (status = 401, description = "No valid key", body = ProblemBody),
        (status = 403, description = "The key's scope is below manager", body = ProblemBody),
        (status = 404, description = "No such site, destination or postback", body = ProblemBody),
    )
)]
#[post("/v1/postbacks/test")]
pub(crate) async fn try_destination(
    caller: Caller,
    asked: web::Json<TrialRequest>,
    live: web::Data<Live>,
    clock: web::Data<Clock>,
    outbox: web::Data<Outbox>,
    deliverer: web::Data<Deliverer>,
) -> Result<web::Json<TrialResult>, Problem> {
    caller.needs(Scope::Manager)?;
    let asked = asked.into_inner();
    let installation = live.now_full();
    let site = caller.site(&installation, asked.site.as_str())?;
    let known = site.destinations.iter().find(|known| known.id.as_str() == asked.destination);
    let destination = known.ok_or(Problem::NotFound { what: "destination" })?;
    let now = clock.now();
    let postback = match &asked.postback {
        None => sample(&site.id, destination, &site.currency, &asked, now)?,
        Some(id) if asked.dry_run => {
            let found = outbox.find(installation.shards, id).await?;
            let found = found.filter(|found| found.postback.site == site.id);
            let found = found.ok_or(Problem::NotFound { what: "postback" })?.postback;
            Postback { destination: destination.id.clone(), ..found }
        }
        Some(_) => {
            let why = "`postback` needs `dry_run`; replay it to send it again";
            return Err(Problem::BadRequest(why.to_owned()));
        }
    };
    let platform = destination.kind.platform();
    let person = match asked.postback {
        None => somebody(),
        Some(_) => deliverer.person_behind(&site.id, &postback, platform.as_ref()).await?,
    };
    let tried = Tried { platform: platform.as_ref(), destination, postback: &postback, person };
    let result = tried.run(&deliverer, asked.dry_run, now).await;
    if result.outcome == "accepted" {
        let keys = installation.shards.keys(&site.id);
        gone::forget(outbox.redis(), &keys, &destination.id).await?;
    }
    tracing::info!(destination = %destination.id, outcome = result.outcome, by = caller.name(), "a destination was tried");
    Ok(web::Json(result))
}

struct Tried<'a> {
    platform: &'a dyn Platform,
    destination: &'a Destination,
    postback: &'a Postback,
    person: Person,
}

impl Tried<'_> {
    async fn run(&self, deliverer: &Deliverer, dry_run: bool, now: Millis) -> TrialResult {
        let told = Told { postback: self.postback, person: &self.person };
        if let Err(wrong) = self.platform.check() {
            return said("misconfigured", wrong.to_string(), None);
        }
        if let Err(skip) = eligible(self.platform, &told, now) {
            let hint = "; give a click id of your own with --click-id NAME=VALUE";
            let hint = if skip.reason.word().contains("click") { hint } else { "" };
            let why = format!("it would be skipped ({}): {}{hint}", skip.reason.word(), skip.why);
            return said("not_eligible", why, None);
        }
        let row = Row { id: self.postback.id.clone(), body: self.platform.row(&told) };
        let trial = self.platform.traits().trial;
        let purpose = match (trial, dry_run) {
            (Trial::Validates, _) => Purpose::Validate,
            (Trial::TestCode, false) => Purpose::Test,
            (Trial::None, false) => Purpose::Count,
            (Trial::TestCode | Trial::None, true) => {
                let body = deliverer.shown(self.platform, &row, told.personal());
                let why =
                    "the platform cannot look at a request without counting it; this would be sent";
                return said("not_sent", why.to_owned(), body);
            }
        };
        let personal = told.personal();
        let outcome =
            deliverer.try_out(self.platform, self.destination, row, personal, purpose).await;
        explain(outcome, purpose)
    }
}

fn explain(outcome: Outcome, purpose: Purpose) -> TrialResult {
    let exchange = outcome.exchange;
    let counted = match purpose {
        Purpose::Validate => "it was looked at, and nothing was counted",
        Purpose::Test => "look for it among the platform's test events",
        Purpose::Count => "it counts, as this destination knows no tests",
    };
    let (word, why) = match outcome.fate {
        Fate::Judged(Judgement::Delivered | Judgement::Taken(_)) => {
            ("accepted", format!("the destination took it; {counted}"))
        }
        Fate::Judged(Judgement::Rejected(why)) => {
            ("refused", format!("{why}; such a conversion would be rejected for good"))
        }
        Fate::Judged(Judgement::Later(why, _) | Judgement::Unknown(why)) | Fate::InDoubt(why) => {
            ("no_answer", format!("{why}; such a conversion would be tried again later"))
        }
        Fate::Refused(why) => (
            "refused",
            format!(
                "{why}; the credentials are refused: the destination would be paused until they work"
            ),
        ),
        Fate::Gone => ("refused", "nobody lives there any more (410)".to_owned()),
        Fate::Misconfigured(why) => ("misconfigured", why),
        Fate::Private(why) => ("misconfigured", why),
        Fate::Unsent => ("not_sent", "there was no time to send it".to_owned()),
    };
    said(word, why, exchange)
}

fn said(outcome: &'static str, explanation: String, exchange: Option<Exchange>) -> TrialResult {
    TrialResult { outcome, explanation, exchange }
}

/// Somebody who allows everything: a number and an address that belong to nobody.
fn somebody() -> Person {
    Person {
        ads: true,
        analytics: true,
        caller: "+14155550100".parse().ok(),
        email: "jane.doe@example.com".parse().ok(),
        client: Some(ClientDetails {
            address: [203, 0, 113, 7].into(),
            user_agent: "Mozilla/5.0 (ringtrace postback test)".to_owned(),
        }),
    }
}

/// A conversion that nobody had, named so that everybody sees it.
fn sample(
    site: &SiteId,
    destination: &Destination,
    currency: &str,
    asked: &TrialRequest,
    now: Millis,
) -> Result<Postback, Problem> {
    let bad = || Problem::BadRequest("`click_id` must be `name=value`".to_owned());
    let clicks = match asked.click_id.as_deref() {
        None => Vec::new(),
        Some(text) if text.len() <= 1024 => {
            let (name, value) = text.split_once('=').ok_or_else(bad)?;
            vec![(name.to_ascii_lowercase(), value.to_owned())]
        }
        Some(_) => return Err(bad()),
    };
    let call = CallId::new();
    let conversion = "ringtrace-test".to_owned();
    let session = match &destination.kind {
        DestinationKind::Ga4(_) => format!("1.{}", now.0.div_euclid(1000)),
        _ => String::new(),
    };
    let facts = ConversionFacts {
        source: "ringtrace".to_owned(),
        medium: "test".to_owned(),
        campaign: "ringtrace postback test".to_owned(),
        click_ids: clicks,
        landing_page: "example.com/".to_owned(),
        call_started_at: now.plus(-60_000),
        talk_s: 60,
        status: "answered".to_owned(),
        value: Some("1.00".to_owned()),
        currency: currency.to_owned(),
        consent: Consent { analytics: true, ads: true },
        ad_ids: AdIds { ga_client: session, ..AdIds::default() },
        ..ConversionFacts::default()
    };
    let id = format!("{call}.{conversion}.{}", destination.id);
    let what = (site.clone(), destination.id.clone(), call);
    Ok(Postback::new(id, what, conversion, (now, now), facts))
}

impl Deliverer {
    /// Sends one row to `destination` at once, past its queue: for trials.
    async fn try_out(
        &self,
        platform: &dyn Platform,
        destination: &Destination,
        row: Row,
        personal: Vec<String>,
        purpose: Purpose,
    ) -> Outcome {
        let now = self.clock.now();
        // A lane of its own: a trial says nothing of what waits.
        let lane = Lane::new(Width::new(1, 1), 0.0);
        let label = destination.id.as_str();
        let sending = Sending {
            platform,
            lane: &lane,
            label,
            mark: label,
            rows: &[row],
            personal: &[personal],
            corrects: false,
            purpose,
            until: now.plus(self.courier.claim_ms()),
        };
        let outcomes = self.courier.send(&sending, ClaimClock::starting(now)).await;
        outcomes.into_iter().next().unwrap_or_else(Outcome::unsent)
    }

    /// What would be sent of `row`, for people.
    fn shown(&self, platform: &dyn Platform, row: &Row, personal: Vec<String>) -> Option<Exchange> {
        let batch = Batch {
            rows: std::slice::from_ref(row),
            corrects: false,
            purpose: Purpose::Count,
            token: Secret::new("unused-token"),
            now: self.clock.now(),
            nonce: "unused".to_owned(),
        };
        let request = platform.request(&batch).ok()?;
        let body = match request.body.is_empty() {
            true => String::new(),
            false => request.redact(&row.body.to_string(), &personal),
        };
        Some(Exchange { request: request.line(), body, status: 0, answer: String::new() })
    }

    /// Who is behind `postback`, as far as `platform` may know.
    async fn person_behind(
        &self,
        site: &SiteId,
        postback: &Postback,
        platform: &dyn Platform,
    ) -> Result<Person, StoreError> {
        let wanted = Wanted::from(&platform.traits());
        let keys = self.shards.keys(site);
        let people = self.courier.people.behind(&keys, &[postback], wanted).await?;
        Ok(people.into_iter().next().unwrap_or_default())
    }
}
