//! Names that are not known, and what was probably meant. Pure.

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be offered for the other.
const ALIKE: f64 = 0.75;
/// Most names that are offered.
const OFFERED: usize = 3;
/// Longest part of a stranger's name that is repeated to them.
const LONGEST: usize = 40;

/// What to say of a `name` that is none of `known`: `what` it is, and the nearest ones, best first.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let short: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let near = |known: &'a str| (strsim::jaro_winkler(&short.to_ascii_lowercase(), known), known);
    let mut near: Vec<(f64, &str)> = known.clone().map(near).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.retain(|(alike, _)| *alike >= ALIKE);
    near.truncate(OFFERED);
    let list = |names: Vec<&str>| names.join("`, `");
    if near.is_empty() {
        let all = list(known.collect());
        return format!("there is no {what} `{short}`; there are `{all}`");
    }
    let near = list(near.into_iter().map(|(_, name)| name).collect());
    format!("there is no {what} `{short}`; did you mean `{near}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_comes_first() {
        let known = ["calls", "answered_calls", "missed_calls", "revenue"];
        let said = unknown("metric", "awnsered_calls", known.into_iter());
        assert!(said.contains("did you mean `answered_calls`"), "{said}");
        let said = unknown("metric", "\u{1b}[31mx", known.into_iter());
        assert_eq!(
            said,
            "there is no metric `[31mx`; there are `calls`, `answered_calls`, `missed_calls`, `revenue`"
        );
    }
}
