//! What was measured, as Markdown.

use std::fmt::Write;

use crate::peers::Times;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
const BEGIN: &str = "<!-- reports: written by cargo bench --bench reports -->";
const END: &str = "<!-- end of reports -->";

/// The figures of one size; times in milliseconds.
pub struct Measured {
    pub calls: u64,
    /// Seconds.
    pub opening: f64,
    /// Of a week, of a year.
    pub overview: [f64; 2],
    pub rows: Vec<Row>,
    pub sqlite: Times,
}

/// One report; times in milliseconds.
pub struct Row {
    pub name: &'static str,
    /// Over HTTP.
    pub took: f64,
    /// The same statements in DuckDB.
    pub direct: f64,
}

/// The table of the last size, held against the one before.
pub fn last(measured: &[Measured]) -> String {
    let Some((one, smaller)) = measured.split_last() else { return String::new() };
    part(one, smaller.last())
}

/// Everything in tables.
fn whole(measured: &[Measured]) -> String {
    let tables: Vec<String> = (1..=measured.len()).map(|n| last(&measured[..n])).collect();
    tables.join("\n") + "\n"
}

fn part(measured: &Measured, smaller: Option<&Measured>) -> String {
    let Measured { calls, opening, overview: [week, year], rows, sqlite } = measured;
    let millions = calls / 1_000_000;
    let mut text = format!(
        "{millions} M calls: {opening:.2} s from the closed file to the first answer; all panels of the dashboard's overview, asked at \
         once: {week:.0} ms for a week, {year:.0} ms for a year.\n\n\
         | report over a year | API ms | DuckDB ms | API to DuckDB | SQLite to API | to the smaller size |\n|---|---|---|---|---|---|\n"
    );
    for Row { name, took, direct } in rows {
        let times = |ratio: Option<f64>| ratio.map_or_else(String::new, |r| format!("{r:.2}"));
        let before = smaller.and_then(|s| s.rows.iter().find(|known| known.name == *name));
        _ = writeln!(
            text,
            "| {name} | {took:.0} | {direct:.0} | {:.2} | {} | {} |",
            took / direct,
            times(sqlite.get(*name).map(|other| other / took)),
            times(before.map(|smaller| took / smaller.took)),
        );
    }
    text
}

/// Puts the tables into their place of docs/benchmarks.md.
pub fn write(measured: &[Measured]) {
    let page = std::fs::read_to_string(PAGE).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("where the tables begin");
    let (_, after) = rest.split_once(END).expect("where they end");
    let tables = whole(measured);
    std::fs::write(PAGE, format!("{before}{BEGIN}\n\n{tables}{END}{after}")).expect("the page");
}
