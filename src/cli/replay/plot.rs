//! Reliability as a picture: for each tier and delay, how often answers of a confidence are right. Pure.

use std::fmt::Write;

use crate::cli::replay::quality::Reliability;
use crate::cli::replay::score::{DELAYS, Score};
use crate::lease::model::Tier;

/// Width and height of one diagram, with its margins.
const SIZE: f64 = 220.0;
const MARGIN: f64 = 34.0;
const INSIDE: f64 = SIZE - 2.0 * MARGIN;
/// Diagrams in a row.
const ROW: usize = 4;

/// The diagrams as one SVG: all calls, then by tier, then by delay. A point is a tenth of confidence; its
/// area grows with its calls; on the diagonal, the confidence is what it says.
pub fn svg(score: &Score) -> String {
    let tiers = Tier::ALL.iter().filter_map(|tier| score.by_tier.get_key_value(tier.word()));
    let delays = DELAYS.iter().filter_map(|(name, _)| score.by_delay.get_key_value(name));
    let all = std::iter::once(("all calls", &score.quality.all));
    let named = tiers.chain(delays).map(|(name, of)| (*name, of));
    let panels: Vec<_> = all.chain(named).filter(|(_, of)| of.all().calls > 0).collect();
    let rows = panels.len().div_ceil(ROW).max(1);
    let (width, height) = (SIZE * ROW as f64, SIZE * rows as f64);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"10\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (n, (name, of)) in panels.iter().enumerate() {
        panel(&mut out, SIZE * (n % ROW) as f64, SIZE * (n / ROW) as f64, name, of);
    }
    out.push_str("</svg>\n");
    out
}

fn panel(out: &mut String, left: f64, top: f64, name: &str, of: &Reliability) {
    let x = |value: f64| left + MARGIN + value * INSIDE;
    let y = |value: f64| top + MARGIN + (1.0 - value) * INSIDE;
    let all = of.all();
    let error = of.error().unwrap_or(0.0);
    // Writing into a string cannot fail.
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{name}</text>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#555\">{} calls, error {error:.3}</text>\n\
         <rect x=\"{}\" y=\"{}\" width=\"{INSIDE}\" height=\"{INSIDE}\" fill=\"none\" stroke=\"#999\"/>\n\
         <path d=\"M{} {}L{} {}\" stroke=\"#bbb\" stroke-dasharray=\"3\"/>",
        x(0.0),
        top + 14.0,
        x(0.0),
        top + 27.0,
        all.calls,
        x(0.0),
        y(1.0),
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0),
    );
    for edge in [0.0, 0.5, 1.0] {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{edge}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{edge}</text>",
            x(edge),
            y(0.0) + 13.0,
            x(0.0) - 4.0,
            y(edge) + 3.0,
        );
    }
    let mut path = String::new();
    for bin in of.bins() {
        let (Some(said), Some(right)) = (bin.confidence(), bin.share()) else { continue };
        let _ = write!(
            path,
            "{}{:.1} {:.1}",
            if path.is_empty() { "M" } else { "L" },
            x(said),
            y(right)
        );
        let radius = 2.0 + 9.0 * (bin.calls as f64 / all.calls as f64).sqrt();
        let _ = writeln!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#1b6ca8\" fill-opacity=\"0.45\"><title>\
             said {said:.3}, right {right:.3}, {} calls</title></circle>",
            x(said),
            y(right),
            bin.calls,
        );
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#1b6ca8\"/>");
}
