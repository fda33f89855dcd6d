//! Calls as a file, streamed page by page: CSV for spreadsheets, or one JSON object a line.

use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;

use crate::call::archive::Archive;
use crate::call::list::page::{ListError, Page, Question, page};
use crate::call::model::Call;
use crate::call::recorder::Recorder;
use crate::call::view::CallView;
use crate::http::problem::Problem;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;
use crate::report::csv::harmless;

/// How calls are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Comma-separated values (RFC 4180), names in the first line.
    #[default]
    Csv,
    /// One JSON object a line, as `GET /v1/calls/{id}` shows it.
    Ndjson,
}

/// Calls that are read for one piece of the file.
const PAGE: usize = 200;

/// How often a page is asked for again, and the pause before that.
const RETRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// The columns of the CSV.
const COLUMNS: [&str; 36] = [
    "id",
    "site",
    "origin",
    "provider",
    "provider_call_id",
    "status",
    "started_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "wait_s",
    "talk_s",
    "queue_s",
    "hold_s",
    "tracking_number",
    "destination",
    "caller",
    "caller_name",
    "caller_city",
    "caller_region",
    "caller_country",
    "first_time",
    "source",
    "medium",
    "campaign",
    "channel",
    "landing_page",
    "confidence",
    "disposition",
    "tags",
    "agent",
    "qualified",
    "converted",
    "value",
    "lead_score",
    "recording_url",
];

/// The file that `question` asks for; its limit does not matter. It breaks off where an error comes up: a
/// client sees that from a transfer without an end.
pub fn export(
    recorder: Recorder,
    archive: Archive,
    mut question: Question,
    format: ExportFormat,
) -> impl Stream<Item = Result<Bytes, Problem>> {
    question.limit = PAGE;
    unfold(Some((recorder, archive, question, true)), move |state| async move {
        let (recorder, archive, mut question, first) = state?;
        let piece = match patient_page(&recorder, &archive, &question).await {
            Ok(page) => {
                question.cursor = page.next;
                written(&page.calls, format, first)
            }
            Err(error) => Err(error.into()),
        };
        let goes_on = piece.is_ok() && question.cursor.is_some();
        Some((piece, goes_on.then_some((recorder, archive, question, false))))
    })
}

/// A page, asked for again while Redis stutters: a file that took minutes must not break off for that.
async fn patient_page(
    recorder: &Recorder,
    archive: &Archive,
    question: &Question,
) -> Result<Page, ListError> {
    for _ in 0..RETRIES {
        match page(recorder, archive, question).await {
            Err(ListError::Store(StoreError::Unavailable(_))) => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
    page(recorder, archive, question).await
}

fn written(calls: &[Call], format: ExportFormat, first: bool) -> Result<Bytes, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a call cannot be exported");
        Problem::Internal
    };
    match format {
        ExportFormat::Ndjson => {
            let mut text = Vec::new();
            for call in calls {
                serde_json::to_writer(&mut text, &CallView::from(call)).map_err(|e| failed(&e))?;
                text.push(b'\n');
            }
            Ok(text.into())
        }
        ExportFormat::Csv => {
            let mut builder = csv::WriterBuilder::new();
            let mut writer = builder.terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            if first {
                writer.write_record(COLUMNS).map_err(|e| failed(&e))?;
            }
            for call in calls {
                writer.write_record(cells(call)).map_err(|e| failed(&e))?;
            }
            Ok(writer.into_inner().map_err(|e| failed(&e))?.into())
        }
    }
}

/// What strangers wrote is made harmless for spreadsheets; numbers, times and words of ours stay.
fn cells(call: &Call) -> [String; COLUMNS.len()] {
    let found = call.attribution.as_ref();
    let source = found.and_then(|found| found.source.as_ref());
    let (outcome, caller) = (&call.outcome, &call.caller);
    let text = |text: &str| harmless(text);
    let time = |at: Option<Millis>| at.map(|at| at.to_string()).unwrap_or_default();
    let count = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let flag = |is: Option<bool>| is.map(|is| is.to_string()).unwrap_or_default();
    let number = |n: &Option<PhoneNumber>| n.as_ref().map(ToString::to_string).unwrap_or_default();
    let of_source = |part: Option<&String>| part.map(|part| text(part)).unwrap_or_default();
    [
        call.id.to_string(),
        call.site.to_string(),
        call.origin().word().to_owned(),
        call.provider.clone(),
        text(&call.provider_call_id),
        call.status.word().to_owned(),
        time(Some(call.started_at)),
        time(call.ringing_at),
        time(call.answered_at),
        time(call.ended_at),
        count(call.wait_s),
        count(call.talk_s),
        count(call.queue_s),
        count(call.hold_s),
        number(&call.tracking_number),
        call.destination.as_ref().map(|target| target.as_str().to_owned()).unwrap_or_default(),
        number(&caller.number),
        text(&caller.name),
        text(&caller.city),
        text(&caller.region),
        text(&caller.country),
        flag(call.first_time),
        of_source(source.map(|s| &s.source)),
        of_source(source.map(|s| &s.medium)),
        of_source(source.map(|s| &s.campaign)),
        of_source(source.map(|s| &s.channel)),
        found.map(|f| text(&format!("{}{}", f.landing_host, f.landing_page))).unwrap_or_default(),
        found.map(|f| f.confidence.to_string()).unwrap_or_default(),
        text(&outcome.disposition),
        text(&outcome.tags.iter().map(String::as_str).collect::<Vec<_>>().join(",")),
        text(call.agent()),
        flag(call.qualified()),
        flag(outcome.converted),
        outcome.value.clone().unwrap_or_default(),
        call.lead_score().map(|n| n.to_string()).unwrap_or_default(),
        call.recording_url.as_deref().map(text).unwrap_or_default(),
    ]
}
