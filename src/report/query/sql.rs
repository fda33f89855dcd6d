//! A question in SQL: one statement for each kind of rows that it needs. Pure.
//!
//! Names come from the catalogues and numbers from the configuration; whatever comes from outside is bound, never
//! written into the text.

use jiff::civil::Date;

use crate::report::credits::model::Model;
use crate::report::credits::sql::{column as credit_column, credited, periods, shared_by};
use crate::report::model::{Period, SpamFilter};
use crate::report::query::cell::{Cell, Kind};
use crate::report::query::dimensions::{Dimension, OF_SESSIONS};
use crate::report::query::fact::Fact;
use crate::report::query::filter::{Condition, Filter, Test};
use crate::report::query::model::{MAX_GROUPS, Selection, Thresholds};
use crate::report::query::sql::grouping::Grouping;
use crate::report::query::sql::part::by_session;
use crate::report::query::sums::Sum;
use crate::warehouse::dialect::{CELLS, Dialect};

mod grouping;
mod part;

pub use part::Part;

/// A value that is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A text, or a day.
    Text(String),
    /// A number.
    Whole(i64),
}

/// One statement. Its columns are the dimensions, then the sums; where a row of everything together was asked for, then 1 in
/// that row and 0 in the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The SQL.
    pub text: String,
    /// What is bound, first to last.
    pub bound: Vec<Bound>,
}

/// What a statement asks.
pub struct Asked<'a> {
    /// Which rows count.
    pub selection: &'a Selection,
    /// Data-driven shares of channels, where calls are shared out by them; else empty.
    pub shares: &'a str,
    /// By what rows are told apart.
    pub dimensions: &'a [&'static Dimension],
    /// Whether a row of everything together stands among them. Where rows are dear to make, it costs far less there than
    /// by a statement of its own.
    pub with_total: bool,
    /// What counts as in time and the like.
    pub thresholds: Thresholds,
}

/// The statement that sums `sums`, all of `fact`, over a part of its rows; `Err` with the dimension that such rows do not
/// have.
pub fn statement(
    dialect: &dyn Dialect,
    (fact, part): (Fact, Part),
    asked: &Asked<'_>,
    sums: &[Sum],
) -> Result<Statement, &'static str> {
    let Asked { selection, dimensions, .. } = asked;
    let mut writer = Writer { dialect, fact, asked, bound: Vec::new() };
    let credit = selection.credit.filter(|_| fact == Fact::Calls);
    if let Some(crediting) = credit {
        // The building block names them $1 to $5.
        writer.text(&periods(&selection.bounds));
        writer.text(asked.shares);
        writer.text(selection.spam.word());
        writer.text(&selection.conversion);
        writer.text(shared_by(crediting.model));
    }
    if fact.moment().is_none() && matches!(selection.period, Period::Moments { .. }) {
        return Err("moment");
    }
    let keys: Vec<String> =
        dimensions.iter().map(|d| writer.expression(d)).collect::<Result<_, _>>()?;
    let filter = selection.filter.as_ref().map(|filter| writer.filter(filter)).transpose()?;
    let mut source = writer.source(sums, credit.is_some());
    if let Some(words) = dimensions.iter().find(|d| d.kind == Kind::Words) {
        let text = words.column(fact).ok_or(words.name)?;
        source = dialect.words(&source, text, WORD);
    }
    let mut conditions = Vec::new();
    if credit.is_none() {
        conditions.push(format!("site IN ({})", writer.sites()));
        conditions.extend(writer.period());
        match fact {
            Fact::Unwanted => conditions.push("unwanted".to_owned()),
            fact if fact.is_chosen() => conditions.push(writer.wanted()),
            _ => {}
        }
    }
    conditions.extend(part.condition(dialect));
    conditions.extend(filter);
    let weight = credit.map(|crediting| format!("weight * {}", credit_column(crediting.model)));
    let mut columns: Vec<String> =
        keys.iter().enumerate().map(|(n, key)| format!("{key} AS k{n}")).collect();
    columns.extend(sums.iter().enumerate().map(|(n, sum)| {
        let definition = sum.definition();
        let when = writer.limits(definition.when);
        format!("{} AS s{n}", dialect.sum(part.how(definition.how), &when, weight.as_deref()))
    }));
    if !conditions.is_empty() {
        source.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    let grouping = Grouping { keys: keys.len(), with_total: asked.with_total };
    let mut groups = grouping.by(&[]);
    if fact == Fact::Leases && part != Part::Alone {
        (columns, source) = by_session(dialect, &keys, &source, (sums, grouping));
        groups = grouping.again();
    } else {
        columns.extend(grouping.mark());
    }
    let mut text = format!("SELECT {} FROM {source}{groups}", columns.join(", "));
    if !keys.is_empty() {
        let most = MAX_GROUPS + 1 + usize::from(asked.with_total);
        text.push_str(&format!(" LIMIT {most}"));
    }
    if let Some(crediting) = credit {
        let calls = writer.calls(sums);
        text = credited(dialect, &format!(" {text}"), &calls, crediting);
    }
    Ok(Statement { text, bound: writer.bound })
}

/// Whether the shares of channels must be learnt for this.
pub fn needs_shares(selection: &Selection) -> bool {
    selection.credit.is_some_and(|credit| credit.model == Some(Model::DataDriven))
}

/// The column with one word of several.
const WORD: &str = "one_word";

const DAY_MS: i64 = 86_400_000;

/// The day's beginning in UTC, in milliseconds.
fn midnight(day: Date) -> i64 {
    day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24 * DAY_MS
}

/// Writes the parts of one statement.
struct Writer<'a> {
    dialect: &'a dyn Dialect,
    fact: Fact,
    asked: &'a Asked<'a>,
    bound: Vec<Bound>,
}

impl Writer<'_> {
    fn bind(&mut self, value: Bound) -> String {
        // What is bound twice is bound once.
        let known = self.bound.iter().position(|bound| *bound == value);
        let place = known.unwrap_or_else(|| {
            self.bound.push(value);
            self.bound.len() - 1
        });
        format!("${}", place + 1)
    }

    /// Binds the next value of the building block, whose places are fixed.
    fn text(&mut self, text: &str) {
        self.bound.push(Bound::Text(text.to_owned()));
    }

    fn sites(&mut self) -> String {
        let sites = &self.asked.selection.sites;
        // Without sites it is one empty name, which no site has.
        let none = [String::new()];
        let names: Vec<String> = match sites.is_empty() {
            true => none.to_vec(),
            false => sites.iter().map(ToString::to_string).collect(),
        };
        let names: Vec<String> =
            names.into_iter().map(|name| self.bind(Bound::Text(name))).collect();
        names.join(", ")
    }

    fn period(&mut self) -> Option<String> {
        match self.asked.selection.period {
            Period::Days { from, to } => {
                let [from, to] = [from, to].map(|day| {
                    let bound = self.bind(Bound::Text(day.to_string()));
                    self.dialect.day(&bound)
                });
                Some(format!("local_date BETWEEN {from} AND {to}"))
            }
            Period::Moments { from, to } => {
                let moment = self.fact.moment()?;
                let (from, to) = (self.bind(Bound::Whole(from.0)), self.bind(Bound::Whole(to.0)));
                Some(format!("{moment} >= {from} AND {moment} < {to}"))
            }
        }
    }

    /// Which calls count, by `spam` and `conversion`.
    fn wanted(&mut self) -> String {
        let selection = self.asked.selection;
        let spam = match selection.spam {
            SpamFilter::Exclude => "NOT unwanted",
            SpamFilter::Include => "1 = 1",
            SpamFilter::Only => "unwanted",
        };
        if selection.conversion.is_empty() {
            return spam.to_owned();
        }
        let name = self.bind(Bound::Text(format!("{CELLS}{}{CELLS}", selection.conversion)));
        let names = format!("concat('{CELLS}', conversions, '{CELLS}')");
        format!("{spam} AND {}", self.dialect.contains(&names, &name))
    }

    /// Milliseconds between which all rows of the period lie, whatever their site's zone.
    fn outer_bounds(&self) -> (i64, i64) {
        match self.asked.selection.period {
            Period::Days { from, to } => (midnight(from) - DAY_MS, midnight(to) + 2 * DAY_MS),
            Period::Moments { from, to } => (from.0, to.0),
        }
    }

    fn calls(&mut self, sums: &[Sum]) -> String {
        let asking: Vec<&str> = sums.iter().filter_map(|sum| sum.needs_history()).collect();
        if asking.is_empty() {
            return "calls".to_owned();
        }
        let mut asking = format!("({})", asking.join(" OR "));
        // Calls that are shared out may be filed under another time than their own.
        if self.asked.selection.credit.is_none()
            && let Some(period) = self.period()
        {
            asking = format!("{asking} AND {period}");
        }
        let history = include_str!("../sql/history.sql").replace("{sites}", &self.sites());
        history.replace("{asking}", &asking)
    }

    fn source(&mut self, sums: &[Sum], credited: bool) -> String {
        match self.fact {
            Fact::Calls if credited => "credited".to_owned(),
            Fact::Calls => self.calls(sums),
            Fact::Unwanted => "calls".to_owned(),
            Fact::Returned => {
                let returned =
                    include_str!("../sql/returned.sql").replace("{sites}", &self.sites());
                returned.replace("{since}", &self.outer_bounds().0.to_string())
            }
            Fact::Contacts => {
                let (sites, wanted) = (self.sites(), self.wanted());
                let contacts = include_str!("../sql/contacts.sql").replace("{sites}", &sites);
                contacts.replace("{wanted}", &wanted)
            }
            Fact::Visits if sums.contains(&Sum::VisitsWithCall) => {
                let (sites, wanted) = (self.sites(), self.wanted());
                let (since, until) = self.outer_bounds();
                let called = include_str!("../sql/called.sql").replace("{sites}", &sites);
                let called = called.replace("{since}", &since.to_string());
                called.replace("{until}", &until.to_string()).replace("{wanted}", &wanted)
            }
            Fact::Visits => "sessions".to_owned(),
            Fact::Leases => self.leases(),
            Fact::Leads => "leads".to_owned(),
            Fact::Costs => "costs".to_owned(),
            Fact::Staffing => "staffing".to_owned(),
        }
    }

    /// Leases alone, or with what is asked of their sessions.
    fn leases(&mut self) -> String {
        let Asked { dimensions, selection, .. } = self.asked;
        let filter = selection.filter.iter().flat_map(Filter::conditions);
        let used = dimensions.iter().copied().chain(filter.map(|condition| condition.dimension));
        let mut columns: Vec<&str> = used
            .filter_map(|dimension| dimension.column(Fact::Leases))
            .filter(|column| OF_SESSIONS.contains(column))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        if columns.is_empty() {
            return "leases".to_owned();
        }
        let columns: Vec<String> =
            columns.iter().map(|column| format!("sessions.{column}")).collect();
        let of_sites = format!("site IN ({})", self.sites());
        include_str!("../sql/leased.sql")
            .replace("{columns}", &columns.join(", "))
            .replace("{sessions}", &self.dialect.joined("sessions", &of_sites))
    }

    fn limits(&self, when: &str) -> String {
        let Thresholds { service_level_s, short_abandon_s, resolution_ms } = self.asked.thresholds;
        when.replace("{service_level_s}", &service_level_s.to_string())
            .replace("{short_abandon_s}", &short_abandon_s.to_string())
            .replace("{resolution_ms}", &resolution_ms.to_string())
    }

    /// What rows are grouped by.
    fn expression(&self, dimension: &'static Dimension) -> Result<String, &'static str> {
        let column = dimension.column(self.fact).ok_or(dimension.name)?;
        let dialect = self.dialect;
        Ok(match (dimension.kind, column) {
            (Kind::Words, _) => WORD.to_owned(),
            (Kind::DateHour, _) => {
                "concat(local_date::VARCHAR, 'T', lpad(local_hour::VARCHAR, 2, '0'), ':00', local_offset)"
                    .to_owned()
            }
            // A byte does not hold the hours of a Sunday.
            (_, "hour_of_week") => "(local_weekday::INTEGER - 1) * 24 + local_hour".to_owned(),
            (kind, column) => match kind.unit() {
                Some(unit) => dialect.first_day(unit, column),
                None => column.to_owned(),
            },
        })
    }

    fn filter(&mut self, filter: &Filter) -> Result<String, &'static str> {
        let mut several = |parts: &[Filter], word: &str, none: &str| {
            let parts: Vec<String> =
                parts.iter().map(|part| self.filter(part)).collect::<Result<_, _>>()?;
            Ok(if parts.is_empty() { none.to_owned() } else { format!("({})", parts.join(word)) })
        };
        match filter {
            Filter::All(parts) => several(parts, " AND ", "1 = 1"),
            Filter::Any(parts) => several(parts, " OR ", "1 = 0"),
            Filter::Not(part) => Ok(format!("NOT {}", self.filter(part)?)),
            Filter::Is(condition) => self.condition(condition),
        }
    }

    /// A condition that is true or false, never unknown.
    fn condition(&mut self, condition: &Condition) -> Result<String, &'static str> {
        let Condition { dimension, test } = condition;
        let is_words = dimension.kind == Kind::Words;
        let column = match is_words {
            true => dimension.column(self.fact).ok_or(dimension.name)?.to_owned(),
            false => self.expression(dimension)?,
        };
        let dialect = self.dialect;
        let holds = match test {
            Test::OneOf(cells) => {
                let tests: Vec<String> =
                    cells.iter().map(|cell| self.is(&column, dimension.kind, cell)).collect();
                if tests.is_empty() { "1 = 0".to_owned() } else { tests.join(" OR ") }
            }
            Test::Contains(text) => {
                dialect.contains(&column, &self.bind(Bound::Text(text.clone())))
            }
            Test::Prefix(text) if is_words => {
                let text = self.bind(Bound::Text(format!(",{text}")));
                dialect.contains(&format!("concat(',', {column})"), &text)
            }
            Test::Prefix(text) => dialect.begins(&column, &self.bind(Bound::Text(text.clone()))),
            Test::Regex(text) => dialect.matches(&column, &self.bind(Bound::Text(text.clone()))),
            Test::Range(bounds) => {
                let tests = bounds
                    .iter()
                    .map(|(order, cell)| format!("{column} {} {}", order.sign(), self.value(cell)));
                tests.collect::<Vec<_>>().join(" AND ")
            }
        };
        Ok(format!("coalesce(({holds}), 1 = 0)"))
    }

    fn is(&mut self, column: &str, kind: Kind, cell: &Cell) -> String {
        match cell {
            Cell::None if matches!(kind, Kind::Text | Kind::Words) => {
                format!("{column} IS NULL OR {column} = ''")
            }
            Cell::None => format!("{column} IS NULL"),
            Cell::Flag(true) => format!("coalesce({column}, 1 = 0)"),
            Cell::Flag(false) => format!("coalesce(NOT {column}, 1 = 0)"),
            Cell::Text(text) if kind == Kind::Words => {
                let text = self.bind(Bound::Text(format!(",{text},")));
                self.dialect.contains(&format!("concat(',', {column}, ',')"), &text)
            }
            cell => format!("coalesce({column} = {}, 1 = 0)", self.value(cell)),
        }
    }

    fn value(&mut self, cell: &Cell) -> String {
        match cell {
            Cell::None => "NULL".to_owned(),
            Cell::Flag(flag) => format!("(1 = {})", u8::from(*flag)),
            Cell::Whole(number) => self.bind(Bound::Whole(*number)),
            Cell::Day(day) => {
                let bound = self.bind(Bound::Text(day.to_string()));
                self.dialect.day(&bound)
            }
            Cell::Text(text) => self.bind(Bound::Text(text.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
