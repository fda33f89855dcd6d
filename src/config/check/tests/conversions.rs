//! Conversions and where they go.

use super::all_are_said;
use crate::config::model::{DestinationKind, WebhookTarget};
use crate::platform::secret::Secret;

#[test]
fn conversions_reach_destinations_that_can_be_delivered_to() {
    all_are_said(&[
        (
            "unknown destination",
            |c| c.sites[0].conversions[0].destinations[1] = "crn".parse().expect("an id"),
            &["error sites[0].conversions[0].destinations[1]", "warning sites[0].destinations[1]"],
        ),
        (
            "value",
            |c| c.sites[0].conversions[0].value = Some("25,00".to_owned()),
            &["error sites[0].conversions[0].value"],
        ),
        (
            "name with a dot",
            |c| c.sites[0].conversions[0].name = "a.b".to_owned(),
            &["error sites[0].conversions[0].name"],
        ),
        (
            "talk without an answer",
            |c| c.sites[0].conversions[0].when.answered = Some(false),
            &["error sites[0].conversions[0].when.min_talk_s"],
        ),
        (
            "confidence",
            |c| c.sites[0].conversions[0].when.min_confidence = Some(f64::NAN),
            &["error sites[0].conversions[0].when.min_confidence"],
        ),
        (
            "headers of ad platforms",
            |c| {
                c.sites[0].ad_headers.campaign = vec!["X-Fine".to_owned(), "X Y".to_owned()];
                c.sites[0].ad_headers.source.clear();
            },
            &["error sites[0].ad_headers.campaign[1]", "error sites[0].ad_headers.source"],
        ),
        (
            "private and plain addresses",
            |c| c.postback.allow_private_targets = false,
            &[
                "error sites[0].destinations[0].url",
                "error sites[0].destinations[0].url",
                "error sites[0].destinations[1].url",
                "error sites[0].destinations[1].url",
            ],
        ),
        (
            "headers of the request itself",
            |c| {
                if let DestinationKind::Webhook(WebhookTarget { headers, .. }) =
                    &mut c.sites[0].destinations[1].kind
                {
                    headers.insert("Host".to_owned(), Secret::new("x"));
                    headers.insert("X-Key".to_owned(), Secret::new("a\nb"));
                    headers.insert("X-Fine".to_owned(), Secret::new("fine"));
                }
            },
            &[
                "error sites[0].destinations[1].headers.Host",
                "error sites[0].destinations[1].headers.X-Key",
            ],
        ),
        (
            "a macro that is required but not there",
            |c| {
                if let DestinationKind::Url(target) = &mut c.sites[0].destinations[0].kind {
                    target.require.push("wbraid".to_owned());
                }
            },
            &["warning sites[0].destinations[0].require[1]"],
        ),
    ]);
}
