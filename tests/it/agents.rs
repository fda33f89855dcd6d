//! Whole lists of agents: programs must be recognised, people never taken for one.

use ringtrace::visit::bot::{Evidence, judge};
use ringtrace::visit::device::{ClientHints, machine};
use ringtrace::visit::tables::Tables;

const CRAWLERS: &str = include_str!("../fixtures/agents/crawlers.txt");
const ISBOT: &str = include_str!("../fixtures/agents/isbot.txt");
const BROWSERS: &str = include_str!("../fixtures/agents/browsers.tsv");
const ODD: &str = include_str!("../fixtures/agents/odd.tsv");

fn tables() -> Tables {
    Tables::load().expect("the tables")
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.starts_with('#'))
}

fn is_program(tables: &Tables, user_agent: &str) -> bool {
    judge(tables, &Evidence { user_agent, ..Evidence::default() }).is_some()
}

/// Asserts that at least `share` of a list are recognised.
fn assert_recognised(list: &str, share: f64) {
    let tables = tables();
    let all = lines(list).count() as f64;
    let missed: Vec<&str> = lines(list).filter(|agent| !is_program(&tables, agent)).collect();
    assert!(all > 500.0);
    assert!(missed.len() as f64 <= all * (1.0 - share), "{} of {all}: {missed:#?}", missed.len());
}

#[test]
fn the_public_list_of_crawlers_is_recognised() {
    assert_recognised(CRAWLERS, 0.99);
}

#[test]
fn a_list_that_no_table_was_made_from_is_recognised() {
    assert_recognised(ISBOT, 0.97);
}

#[test]
fn nobody_with_a_browser_is_taken_for_a_program() {
    let tables = tables();
    let agents = lines(BROWSERS).chain(lines(ODD)).filter_map(|line| line.rsplit('\t').next());
    let accused: Vec<&str> = agents.filter(|agent| is_program(&tables, agent)).collect();
    assert!(accused.is_empty(), "{accused:#?}");
}

#[test]
fn real_agents_have_the_device_that_their_collector_saw() {
    let tables = tables();
    let seen = lines(BROWSERS).filter_map(|line| line.split_once('\t'));
    let device = |agent| format!("{:?}", machine(&tables, agent, ClientHints::default()).device);
    let differ: Vec<_> =
        seen.filter(|(kind, agent)| device(agent).to_lowercase() != *kind).collect();
    // A screen can tell what an agent does not: a phone in desktop mode.
    assert!(differ.len() <= 5, "{differ:#?}");
}

#[test]
fn odd_browsers_are_named() {
    let tables = tables();
    for line in lines(ODD) {
        let [kind, browser, os, agent] =
            <[&str; 4]>::try_from(line.split('\t').collect::<Vec<_>>()).expect("four columns");
        let machine = machine(&tables, agent, ClientHints::default());
        let device = format!("{:?}", machine.device).to_lowercase();
        let told = (device.as_str(), machine.browser.as_str(), machine.os.as_str());
        assert_eq!(told, (kind, browser, os), "{agent}");
    }
}
