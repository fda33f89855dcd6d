//! What differs between the SQL of warehouses. Everything else that questions use is understood by all of them.

pub mod clickhouse;
pub mod duckdb;

pub use clickhouse::ClickHouse;
pub use duckdb::DuckDb;

/// How a sum is made of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The number of rows.
    Count,
    /// The sum of an expression; none where no row has it.
    Total(&'static str),
    /// The number of different values of an expression.
    Distinct(&'static str),
    /// The median of an expression; none where no row has it.
    Median(&'static str),
}

/// A column of a list that is bound as one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Its cells are texts.
    Text(&'static str),
    /// Its cells are whole numbers.
    Whole(&'static str),
    /// Its cells are floating point numbers.
    Number(&'static str),
}

/// Joins the cells of a row of such a list.
pub const CELLS: &str = "\u{1f}";
/// Joins its rows.
pub const ROWS: &str = "\u{1e}";

/// The words of one warehouse.
pub trait Dialect: Sync {
    /// A bound day (`2026-03-01`).
    fn day(&self, parameter: &str) -> String;
    /// The first day of the calendar's `unit` that a day lies in.
    fn first_day(&self, unit: &'static str, column: &str) -> String;
    /// A sum over the rows for which `when` holds (empty: all), each counting `weight` times (none: once), as a
    /// floating point number.
    fn sum(&self, how: How, when: &str, weight: Option<&str>) -> String;
    /// Whether a text holds another.
    fn contains(&self, text: &str, part: &str) -> String;
    /// Whether a text begins with another.
    fn begins(&self, text: &str, part: &str) -> String;
    /// Whether a regular expression is found in a text; `.` is no line break.
    fn matches(&self, text: &str, expression: &str) -> String;
    /// The rows of `source`, once for each word of a text that is joined by commas, which is then in `column`.
    fn words(&self, source: &str, text: &str, column: &str) -> String;
    /// The rows of a list that is bound as one text, joined by [`ROWS`] and [`CELLS`]; those that lack a cell are left
    /// out.
    fn list(&self, parameter: &str, columns: &[Cells]) -> String;
    /// All columns of `table` but these.
    fn all_but(&self, table: &str, columns: &str) -> String;
    /// What ids are ordered and compared by, so that their order is that of their texts.
    fn ordered(&self, id: &str) -> String;
    /// Of the rows of a group, ordered by `order`, the last `most` values of a column, joined by [`CELLS`].
    fn last_of(&self, column: &str, order: &str, most: u32) -> String;
    /// A table or rows as one side of a join: all of them, or in a warehouse that reads a joined table as a whole,
    /// those for which `only` holds.
    fn joined(&self, table: &str, only: &str) -> String;
    /// A whole number of 64 bits as 16 hex digits.
    fn hex(&self, cell: &str) -> String;
    /// Milliseconds as a moment in UTC.
    fn moment(&self, cell: &str) -> String;
    /// Milliseconds as RFC 3339 in UTC.
    fn rfc3339(&self, cell: &str) -> String;
    /// The column of `leases` that holds where no other row has the same session; `None`: there is none.
    fn alone(&self) -> Option<&'static str>;
    /// Whether a statement can group its rows in several ways at once (`GROUPING SETS`).
    fn groups_several_ways(&self) -> bool;
    /// Whether rows are added only and the newest version of a thing is found when they are read. Else they are
    /// replaced when they are written.
    fn only_adds(&self) -> bool;
}
