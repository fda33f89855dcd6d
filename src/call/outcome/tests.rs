//! Changes of outcomes, read and applied.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::{Outcome, OutcomeChange};
use super::rules::FIELDS;
use crate::platform::clock::Millis;

const NOW: Millis = Millis(1_767_323_145_000);

fn change(value: Value) -> Result<OutcomeChange, String> {
    OutcomeChange::from_json(value.as_object().expect("an object"))
}

#[test]
fn what_is_named_changes_and_null_clears() {
    let first = change(json!({
        "disposition": " booked ", "tags": ["vip", "north", "vip"], "qualified": true, "value": 149.9,
        "csat": 5, "nps": 0, "follow_up_at": "2026-03-01T10:00:00+01:00",
    }));
    let first = first.expect("a change").apply(&Outcome::default(), "crm", NOW);
    assert_eq!((first.disposition.as_str(), first.value.as_deref()), ("booked", Some("149.9")));
    assert_eq!(first.tags.iter().collect::<Vec<_>>(), ["north", "vip"]);
    assert_eq!((first.csat, first.nps, first.qualified), (Some(5), Some(0), Some(true)));
    let follow_up = first.follow_up_at.map(|at| at.timestamp().to_string());
    assert_eq!(follow_up.as_deref(), Some("2026-03-01T09:00:00Z"));
    assert_eq!((first.by.as_str(), first.at), ("crm", Some(NOW)));

    let second =
        change(json!({ "value": null, "tags": null, "escalated": false })).expect("a change");
    let later = NOW.plus(1);
    let second = second.apply(&first, "anna", later);
    assert_eq!(
        (second.value.as_deref(), second.tags.len(), second.escalated),
        (None, 0, Some(false))
    );
    assert_eq!((second.disposition.as_str(), second.by.as_str()), ("booked", "anna"));

    // The same again is no change: who told it first stays.
    let again = change(json!({ "escalated": false, "csat": 5 })).expect("a change");
    assert_eq!(again.apply(&second, "somebody", later.plus(1)), second);
}

#[test]
fn what_cannot_be_is_refused_with_the_field() {
    for (told, field) in [
        (json!({ "csat": 6 }), "csat"),
        (json!({ "nps": -1 }), "nps"),
        (json!({ "lead_score": 50.5 }), "lead_score"),
        (json!({ "value": "1e9" }), "value"),
        (json!({ "value": "12,50" }), "value"),
        (json!({ "qualified": "yes" }), "qualified"),
        (json!({ "tags": "vip" }), "tags"),
        (json!({ "tags": ["a,b"] }), "tags"),
        (json!({ "disposition": "x".repeat(65) }), "disposition"),
        (json!({ "agent": "a\nb" }), "agent"),
        (json!({ "notes": "\u{1b}[2J" }), "notes"),
        (json!({ "follow_up_at": "tomorrow" }), "follow_up_at"),
        (json!({ "wrap_up_s": 1_000_000 }), "wrap_up_s"),
    ] {
        let refused = change(told.clone()).expect_err("refused");
        assert!(refused.starts_with(&format!("`{field}` must be ")), "{told}: {refused}");
    }
    let near = change(json!({ "dispositon": "booked" })).expect_err("refused");
    assert_eq!(near, "there is no field `dispositon`; did you mean `disposition`?");
}

#[test]
fn cells_say_the_same_as_json() {
    let cells = [
        ("disposition", "booked"),
        ("tags", "vip| north"),
        ("qualified", "Yes"),
        ("converted", "0"),
        ("value", "149.90"),
        ("csat", "4"),
        ("notes", ""),
        ("agent", "-"),
    ];
    let told = OutcomeChange::from_cells(cells.into_iter()).expect("a change");
    let same = change(json!({
        "disposition": "booked", "tags": ["vip", "north"], "qualified": true, "converted": false,
        "value": "149.90", "csat": 4, "agent": null,
    }));
    assert_eq!(told, same.expect("a change"));
    assert!(OutcomeChange::from_cells([("csat", "good")].into_iter()).is_err());
}

proptest! {
    /// Whatever comes: a change or a reason, and applying a change twice is applying it once.
    #[test]
    fn any_object_is_read_or_refused(
        named in prop::collection::vec((0..FIELDS.len(), "\\PC{0,8}|[0-9.\\-]{1,6}|true|null"), 0..6),
        as_cells: bool,
    ) {
        let told = named.iter().map(|(i, text)| (FIELDS[*i], text.as_str()));
        let read = if as_cells {
            OutcomeChange::from_cells(told)
        } else {
            let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            let object = told.map(|(name, text)| (name.to_owned(), value(text))).collect();
            OutcomeChange::from_json(&object)
        };
        if let Ok(read) = read {
            let once = read.apply(&Outcome::default(), "a", NOW);
            prop_assert_eq!(read.apply(&once, "b", NOW.plus(5)), once);
        }
    }
}
