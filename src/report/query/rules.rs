//! How sums become an answer: figures, comparison, order, pages. Pure.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::report::model::Period;
use crate::report::query::answer::{Answer, AnswerRow, Compared, Head, LeftOut, Measured, Span};
use crate::report::query::benchmarks::Benchmarks;
use crate::report::query::cursor::Place;
use crate::report::query::figure::{Figure, p_value};
use crate::report::query::fill::{align, fill};
use crate::report::query::metrics::{Metric, MetricKind};
use crate::report::query::model::{OrderBy, Query, Selection, Sort, Yardstick};
use crate::report::query::past::{against_past, key_of_past, of_past};
use crate::report::query::store::{Key, Plan, Rows, Sums};

/// The dimension over which shares are told.
const SHARED_OVER: &str = "disposition";

/// What the warehouse is asked for `query`.
pub fn plan(query: &Query) -> Plan {
    let mut sums: Vec<_> = query.metrics.iter().flat_map(|metric| metric.sums()).collect();
    sums.sort_unstable();
    sums.dedup();
    Plan {
        dimensions: query.dimensions.clone(),
        sums,
        totals: query.totals,
        thresholds: query.thresholds,
    }
}

/// The rows that an answer is made of.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Of the selection.
    pub rows: Rows,
    /// Of what it is compared with.
    pub compared: Option<Rows>,
    /// Of the site's own past, where it is the benchmark.
    pub past: Option<Rows>,
}

/// The answer to `query`. The error is for people.
pub fn answer(query: &Query, found: Found, benchmarks: &Benchmarks) -> Result<Answer, String> {
    let Found { mut rows, compared, past } = found;
    let left_out = left_out(query, &rows, compared.as_ref());
    if left_out.len() == query.metrics.len() {
        let because: Vec<&str> = left_out.iter().map(|out| out.because.as_str()).collect();
        return Err(because.join("; "));
    }
    if query.fill {
        fill(query, &mut rows)?;
    }
    let compared = compared.map(|compared| align(query, compared));
    let book = Book::new(query, &rows, &left_out);
    let other = compared.as_ref().map(|rows| Book::new(query, rows, &left_out));
    let asked_of_past = of_past(query);
    let past = past.as_ref().map(|rows| Book::new(&asked_of_past, rows, &left_out));
    let mut keys: HashSet<&Key> = rows.groups.keys().collect();
    keys.extend(compared.iter().flat_map(|compared| compared.groups.keys()));
    let row = |key: Option<&Key>| {
        let figures = book.figures(key);
        let compared = other.as_ref().map(|other| compare(&figures, &other.figures(key)));
        let key_of_past = key.map(|key| key_of_past(query, key));
        let past = past.as_ref().map(|past| past.figures(key_of_past.as_ref()));
        let measured = match (&query.yardstick, past) {
            (Some(Yardstick::Industry(name)), _) => measure(query, &figures, benchmarks, name),
            (Some(Yardstick::OwnPast(_)), Some(past)) => against_past(query, key, &figures, &past),
            _ => Vec::new(),
        };
        let key = key.cloned().unwrap_or_default();
        AnswerRow { key, figures, compared: compared.unwrap_or_default(), measured }
    };
    let mut all: Vec<AnswerRow> = keys.into_iter().map(|key| row(Some(key))).collect();
    all.sort_by(|a, b| order(query, a, b));
    let (rows_total, begin) = (all.len(), begin(query, &all)?);
    let page = all.drain(begin..rows_total.min(begin + query.limit)).collect::<Vec<_>>();
    let is_last = begin + page.len() == rows_total;
    let next = page
        .last()
        .filter(|_| !is_last)
        .map(|last| Place::behind(query, &values(query, last), last.key.clone()).text());
    Ok(Answer {
        head: head(query, left_out.clone()),
        dimensions: query.dimensions.clone(),
        metrics: query.metrics.clone(),
        rows: page,
        totals: query.totals.then(|| row(None)),
        rows_total,
        next,
    })
}

fn left_out(query: &Query, rows: &Rows, compared: Option<&Rows>) -> Vec<LeftOut> {
    let has_sites = query.dimensions.iter().any(|dimension| dimension.name == "site");
    let out = query.metrics.iter().filter_map(|metric| {
        let missing = metric.sums().find_map(|sum| {
            let fact = sum.definition().fact;
            let other = || compared.and_then(|rows| rows.left_out.get(&fact));
            Some(match *rows.left_out.get(&fact).or_else(other)? {
                "moment" => format!("{} have days and no moments", fact.word()),
                lacks => format!("{} have no `{lacks}`", fact.word()),
            })
        });
        let mixed = metric.kind == MetricKind::Money && query.currency.is_none() && !has_sites;
        let mixed = mixed.then(|| "the sites have several currencies: ask by `site`".to_owned());
        let because = missing.or(mixed)?;
        Some(LeftOut { metric: metric.name.to_owned(), because })
    });
    out.collect()
}

/// Figures of rows.
struct Book<'a> {
    query: &'a Query,
    rows: &'a Rows,
    /// Metrics that cannot be told.
    out: Vec<bool>,
    /// Sums of all rows that differ in nothing but the disposition.
    siblings: HashMap<Key, f64>,
    /// What a row has that nothing happened in.
    empty: Sums,
    /// The place of the disposition among the dimensions.
    shared_over: Option<usize>,
}

impl<'a> Book<'a> {
    fn new(query: &'a Query, rows: &'a Rows, left_out: &[LeftOut]) -> Self {
        let is_out = |metric: &&Metric| left_out.iter().any(|out| out.metric == metric.name);
        let out = query.metrics.iter().map(is_out).collect();
        let shared_over = query.dimensions.iter().position(|d| d.name == SHARED_OVER);
        let share = query.metrics.iter().find(|metric| metric.kind == MetricKind::Share);
        let empty = rows.empty();
        let mut book = Book { query, rows, out, siblings: HashMap::new(), empty, shared_over };
        for under in share.iter().flat_map(|share| share.under) {
            for (key, sums) in &rows.groups {
                let sum = sums.get(*under).unwrap_or(0.0);
                *book.siblings.entry(book.family(key)).or_default() += sum;
            }
        }
        book
    }

    /// The row without its disposition.
    fn family(&self, key: &Key) -> Key {
        let others = key.iter().enumerate().filter(|(n, _)| Some(*n) != self.shared_over);
        others.map(|(_, cell)| cell.clone()).collect()
    }

    /// The figures of a row, or of everything together.
    fn figures(&self, key: Option<&Key>) -> Vec<Figure> {
        let sums = match key {
            Some(key) => self.rows.groups.get(key).unwrap_or(&self.empty),
            None => &self.rows.totals,
        };
        let figure = |(metric, out): (&&'static Metric, &bool)| match (out, key, metric.kind) {
            (true, ..) => Figure::Unknown,
            (_, Some(key), MetricKind::Share) => self.share(metric, sums, key),
            _ => Figure::of(metric, |sum| sums.get(sum)),
        };
        self.query.metrics.iter().zip(&self.out).map(figure).collect()
    }

    fn share(&self, metric: &Metric, sums: &Sums, key: &Key) -> Figure {
        let all = self.siblings.get(&self.family(key)).copied().unwrap_or(0.0);
        let own = metric.over.first().and_then(|term| sums.get(term.plus)).unwrap_or(0.0);
        crate::report::metrics::Rate::of(own, all).map_or(Figure::Unknown, Figure::Rate)
    }
}

fn compare(figures: &[Figure], others: &[Figure]) -> Vec<Compared> {
    let compared = figures.iter().zip(others).map(|(now, other)| {
        let change = match (now.value(), other.value(), now) {
            (Some(now), Some(other), Figure::Rate(_) | Figure::Quotient { .. }) => {
                Some(now - other)
            }
            (Some(now), Some(other), _) if other != 0.0 => Some((now - other) / other.abs()),
            _ => None,
        };
        let p_value = match (now, other) {
            (Figure::Rate(now), Figure::Rate(other)) => p_value(now, other),
            _ => None,
        };
        Compared { other: *other, change, p_value }
    });
    compared.collect()
}

fn measure(
    query: &Query,
    figures: &[Figure],
    benchmarks: &Benchmarks,
    industry: &str,
) -> Vec<Option<Measured>> {
    let measured = query.metrics.iter().zip(figures).map(|(metric, figure)| {
        Some(benchmarks.of(metric.name, industry)?.measure(figure.value()?))
    });
    measured.collect()
}

fn head(query: &Query, left_out: Vec<LeftOut>) -> Head {
    let selection = &query.selection;
    let (from, to) = bounds(selection);
    let words = |selection: &Selection| selection.filter.as_ref().map(ToString::to_string);
    let mut names = query.zones.iter().map(|zone| zone.iana_name().map(str::to_owned));
    let time_zone = names.next().flatten().filter(|_| names.next().is_none());
    let compared_with = query.compare.as_ref().map(|(other, _)| {
        let (from, to) = bounds(other);
        Span { from, to, filter: words(other) }
    });
    Head {
        sites: selection.sites.clone(),
        from,
        to,
        time_zone,
        currency: query.currency.clone(),
        credit: selection.credit,
        conversion: selection.conversion.clone(),
        filter: words(selection),
        compared_with,
        left_out,
    }
}

fn bounds(selection: &Selection) -> (String, String) {
    match selection.period {
        Period::Days { from, to } => (from.to_string(), to.to_string()),
        Period::Moments { from, to } => (from.to_string(), to.to_string()),
    }
}

/// What is not known comes last; rows that are alike go by their dimensions.
fn order(query: &Query, a: &AnswerRow, b: &AnswerRow) -> Ordering {
    sorted(&query.order, (&values(query, a), &a.key), (&values(query, b), &b.key))
}

/// The figures that a row is ordered by.
fn values(query: &Query, row: &AnswerRow) -> Vec<Option<f64>> {
    let value = |sort: &Sort| match sort.by {
        OrderBy::Metric(n) => row.figures.get(n).and_then(Figure::value),
        OrderBy::Dimension(_) => None,
    };
    query.order.iter().map(value).collect()
}

fn sorted(order: &[Sort], a: (&[Option<f64>], &Key), b: (&[Option<f64>], &Key)) -> Ordering {
    for (n, Sort { by, descending }) in order.iter().enumerate() {
        let turned = |order: Ordering| if *descending { order.reverse() } else { order };
        let ordering = match by {
            OrderBy::Metric(_) => {
                match (a.0.get(n).copied().flatten(), b.0.get(n).copied().flatten()) {
                    (Some(a), Some(b)) => turned(a.total_cmp(&b)),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                }
            }
            OrderBy::Dimension(n) => turned(a.1.get(*n).cmp(&b.1.get(*n))),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    a.1.cmp(b.1)
}

/// Where the page begins.
fn begin(query: &Query, all: &[AnswerRow]) -> Result<usize, String> {
    let Some(text) = &query.cursor else { return Ok(0) };
    let place = Place::read(text)?;
    let last = place.figures(query)?;
    let before = |row: &AnswerRow| {
        let row = (&values(query, row)[..], &row.key);
        sorted(&query.order, row, (&last, &place.key)) != Ordering::Greater
    };
    Ok(all.partition_point(before))
}
