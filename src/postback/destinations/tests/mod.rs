//! What destinations ask for, what they are told, and how their answers are judged.

mod golden;
mod said;
mod templates;

use serde_json::{Value, json};

use super::eligible::eligible;
use super::{Answered, Batch, Judgement, Purpose, Row};
use crate::config::model::{Destination, DestinationKind};
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request};
use crate::postback::destinations::BadDestination;
use crate::postback::model::{ConversionFacts, Postback, Skip, SkipReason};
use crate::postback::told::{Person, Told};
use crate::visit::client::ClientDetails;

/// 2026-01-02T03:04:05Z.
const NOW: Millis = Millis(1_767_323_045_000);

fn named(kind: DestinationKind) -> Destination {
    Destination { id: "d".parse().expect("an id"), kind }
}

fn postback(facts: ConversionFacts) -> Postback {
    let what = ("s".parse().expect("a site"), "d".parse().expect("an id"), Default::default());
    let id = "c.qualified.d".to_owned();
    Postback::new(id, what, "qualified".to_owned(), (NOW, NOW), facts)
}

fn with_click_id(name: &str, value: &str) -> Postback {
    let click_ids = vec![(name.to_owned(), value.to_owned())];
    postback(ConversionFacts { click_ids, ..ConversionFacts::default() })
}

/// Somebody who allows everything.
fn person() -> Person {
    Person {
        ads: true,
        analytics: true,
        caller: Some("+14155550100".parse().expect("a number")),
        email: Some("Jane.Doe@example.com".parse().expect("an address")),
        client: Some(ClientDetails {
            address: "203.0.113.7".parse().expect("an address"),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(),
        }),
    }
}

/// The request that tells of `postback` at `now`, or why none does.
fn prepared(destination: &Destination, postback: &Postback, now: Millis) -> Result<Request, Skip> {
    let platform = destination.kind.platform();
    let person = person();
    let told = Told { postback, person: &person };
    eligible(platform.as_ref(), &told, now)?;
    let rows = [Row { id: postback.id.clone(), body: platform.row(&told) }];
    let batch = Batch {
        rows: &rows,
        corrects: postback.corrects.is_some(),
        purpose: Purpose::Count,
        token: Secret::new("ya29.token"),
        now,
        nonce: "abcdef0123456789".to_owned(),
    };
    Ok(platform.request(&batch).expect("a good destination"))
}

fn request(destination: &Destination, postback: &Postback) -> Request {
    prepared(destination, postback, NOW).unwrap_or_else(|skip| panic!("skipped: {skip:?}"))
}

fn skipped(destination: &Destination, postback: &Postback) -> Skip {
    prepared(destination, postback, NOW).err().expect("it is skipped")
}
