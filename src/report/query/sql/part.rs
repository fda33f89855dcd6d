//! Kinds of rows that are summed in parts, each by a statement of its own.

use crate::report::query::fact::Fact;
use crate::report::query::sql::grouping::Grouping;
use crate::report::query::sums::Sum;
use crate::warehouse::dialect::{Dialect, How};

/// Which rows of a kind a statement sums. The answers of all parts are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// Leases that are alone with their session: so many rows are so many sessions.
    Alone,
    /// Leases whose session has others.
    Several,
}

impl Part {
    /// The parts in which `fact` is summed. Sessions are counted by far quicker where they need not be told apart.
    pub fn of(dialect: &dyn Dialect, fact: Fact) -> &'static [Part] {
        match dialect.alone() {
            Some(_) if fact == Fact::Leases => &[Part::Alone, Part::Several],
            _ => &[Part::Whole],
        }
    }

    /// Whether the sums of two groups are the sum of both together.
    pub fn is_additive(self, sum: Sum) -> bool {
        self == Part::Alone || sum.is_additive()
    }

    /// What holds for its rows alone.
    pub(super) fn condition(self, dialect: &dyn Dialect) -> Option<String> {
        let alone = dialect.alone()?;
        match self {
            Part::Whole => None,
            Part::Alone => Some(alone.to_owned()),
            Part::Several => Some(format!("NOT {alone}")),
        }
    }

    /// How a sum of its rows is taken.
    pub(super) fn how(self, how: How) -> How {
        match (self, how) {
            (Part::Alone, How::Distinct(_)) => How::Count,
            (_, how) => how,
        }
    }
}

/// Columns and source of a question about leases, which count sessions: each is made one row before, which takes half the
/// time of counting different ones for every sum.
pub(super) fn by_session(
    dialect: &dyn Dialect,
    keys: &[String],
    source: &str,
    (sums, grouping): (&[Sum], Grouping),
) -> (Vec<String>, String) {
    let mut inner: Vec<String> =
        keys.iter().zip(grouping.names()).map(|(key, name)| format!("{key} AS {name}")).collect();
    let mut outer: Vec<String> = grouping.names().collect();
    for (n, sum) in sums.iter().enumerate() {
        let one = match sum.definition().when {
            "" => "1".to_owned(),
            when => format!("CASE WHEN {when} THEN 1 ELSE 0 END"),
        };
        inner.push(format!("max({one}) AS c{n}"));
        outer.push(format!("{} AS s{n}", dialect.sum(How::Count, &format!("c{n} = 1"), None)));
    }
    inner.extend(grouping.mark());
    outer.extend(grouping.marked());
    let groups = grouping.by(&["session"]);
    let rows = format!("(SELECT {} FROM {source}{groups})", inner.join(", "));
    (outer, rows)
}
