//! What is too old goes from Redis, segments and warehouse, and nothing else does.

use ringtrace::platform::clock::Millis;
use serde_json::json;

use crate::privacy::world::{Person, everything, get, places, post, start, visit_and_call};

const RULES: &str = r#"
[sites.retention]
caller_number = "48h"
click_ids = "24h"
notes = "24h"
recordings = "24h"
pages = "24h"
leads = "24h"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_everywhere_and_the_rest_stays() {
    let mut app = start(RULES).await;
    let mut ann = Person::new("ANNMARK", "+12125550177");
    visit_and_call(&app, &mut ann).await;
    let ask = async |dry_run: bool| {
        let body = json!({ "site": "one", "dry_run": dry_run });
        post(&app, "/v1/privacy/retention", &body).await["outdated"][0].clone()
    };
    assert_eq!(ask(false).await["segments"], 0, "nothing is old yet");
    let before = get(&app, "/v1/reports/sources?site=one").await["totals"]["calls"].clone();

    let later = |hours: i64| Millis::system_now().plus(hours * 3_600_000);
    app.app().clock().set(later(25));
    let counted = ask(true).await;
    assert!(
        counted["segments"].as_u64() > Some(0) && counted["redis"].as_u64() > Some(0),
        "{counted}"
    );
    let all = everything(&app).await;
    assert!(!places(&all, ann.mark("-notes").as_bytes()).is_empty(), "it was only counted");
    let done = ask(false).await;
    assert_eq!(done, counted, "what was counted is done");
    let again = ask(false).await;
    assert_eq!(
        (&again["segments"], &again["calls"], &again["rows"]),
        (&json!(0), &json!(0), &json!(0))
    );

    let gone = async |marks: &[String]| {
        for tries in 0.. {
            let all = everything(&app).await;
            // What waits to be told is not changed: it is sent or given up within days.
            let all: Vec<_> =
                all.into_iter().filter(|(at, _)| !at.ends_with("outbox:body")).collect();
            let of_redis = |at: &str| at.contains("/redis/appendonlydir/");
            let found: Vec<&str> = marks
                .iter()
                .flat_map(|mark| places(&all, mark.as_bytes()))
                .filter(|at| !of_redis(at))
                .collect();
            if found.is_empty() {
                return;
            }
            assert!(tries < 150, "still there: {found:?}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    gone(&[
        ann.mark("-click-id"),
        ann.mark("-notes"),
        ann.mark("-recording"),
        ann.mark("-path"),
        ann.mark(" form"),
        ann.email_hash(),
    ])
    .await;
    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert_eq!(call["caller"]["number"], ann.number, "two days are not over");
    assert_eq!(call["outcome"]["disposition"], "booked", "{call}");

    app.app().clock().set(later(49));
    assert!(ask(false).await["calls"].as_u64() > Some(0));
    gone(&["sealed:".to_owned()]).await;
    app.app().clock().follow_system();
    let after = get(&app, "/v1/reports/sources?site=one").await["totals"]["calls"].clone();
    assert_eq!(after, before, "calls are counted as before");
    app.stop().await;
}
