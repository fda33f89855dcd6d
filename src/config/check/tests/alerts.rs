//! Reports by the clock.

use super::{all_are_said, check, load_text};

#[test]
fn schedules_name_reports_that_letters_can_hold() {
    all_are_said(&[
        (
            "reports of a fixed shape",
            |c| {
                let names = ["sources", "hours", "landing-pages", "campaigns"];
                c.sites[0].schedules[0].reports = names.map(str::to_owned).to_vec();
            },
            &[],
        ),
        (
            "an unknown report",
            |c| c.sites[0].schedules[0].reports.push("campains".to_owned()),
            &["error sites[0].schedules[0].reports[2]"],
        ),
        (
            "a report with a column for each model",
            |c| c.sites[0].schedules[0].reports[0] = "credits".to_owned(),
            &["error sites[0].schedules[0].reports[0]"],
        ),
        (
            "no report",
            |c| c.sites[0].schedules[0].reports.clear(),
            &["error sites[0].schedules[0].reports"],
        ),
    ]);
}

#[test]
fn the_nearest_report_is_offered() {
    let demo = include_str!("../../../../config/demo.toml");
    let mut config = load_text("demo.toml", demo).expect("the demo can be read");
    config.sites[0].schedules[0].reports = vec!["landing_pages".to_owned()];
    let said: Vec<String> = check(&config).into_iter().map(|complaint| complaint.message).collect();
    assert_eq!(
        said,
        ["there is no report `landing_pages` for letters; did you mean `landing-pages`?"]
    );
}
