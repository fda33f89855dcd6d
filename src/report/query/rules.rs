//! How sums become an answer: figures, comparison, order, pages. Pure.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::report::model::Period;
use crate::report::query::answer::{Answer, AnswerRow, Compared, Head, LeftOut, Measured, Span};
use crate::report::query::benchmarks::{Benchmark, Benchmarks, Better};
use crate::report::query::cell::{Cell, Kind};
use crate::report::query::figure::{Figure, p_value};
use crate::report::query::fill::{align, buckets};
use crate::report::query::metrics::{Metric, MetricKind};
use crate::report::query::model::{MAX_GROUPS, OrderBy, Query, Selection, Sort, Yardstick};
use crate::report::query::store::{Key, Plan, Rows, Sums};

/// Days of a site's own past that it is held against.
pub const PAST_DAYS: i64 = 84;
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
    let left_out = left_out(query, &rows);
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
    let past = past.as_ref().map(|rows| Book::new(query, rows, &left_out));
    let mut keys: HashSet<&Key> = rows.groups.keys().collect();
    keys.extend(compared.iter().flat_map(|compared| compared.groups.keys()));
    let row = |key: Option<&Key>| {
        let figures = book.figures(key);
        let compared = other.as_ref().map(|other| compare(&figures, &other.figures(key)));
        let past = past.as_ref().map(|past| past.figures(key));
        let measured = match (&query.yardstick, past) {
            (Some(Yardstick::Industry(name)), _) => measure(query, &figures, benchmarks, name),
            (Some(Yardstick::OwnPast(_)), Some(past)) => against_past(query, &figures, &past),
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
    let next = page.last().filter(|_| !is_last).map(|last| cursor(query, last));
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

fn left_out(query: &Query, rows: &Rows) -> Vec<LeftOut> {
    let has_sites = query.dimensions.iter().any(|dimension| dimension.name == "site");
    let out = query.metrics.iter().filter_map(|metric| {
        let missing = metric.sums().find_map(|sum| {
            let fact = sum.definition().fact;
            let lacks = rows.left_out.get(&fact)?;
            Some(match *lacks {
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

/// What is counted or summed is scaled to the length of the period.
fn against_past(query: &Query, figures: &[Figure], past: &[Figure]) -> Vec<Option<Measured>> {
    let (first, last) = query.days;
    let days = last.since(first).map_or(0, |span| span.get_days()) + 1;
    let scale = f64::from(days) / PAST_DAYS as f64;
    let measured = query.metrics.iter().zip(figures).zip(past).map(|((metric, now), past)| {
        let scale = if metric.under.is_empty() { scale } else { 1.0 };
        let usual = Some(past.value()? * scale);
        let benchmark = Benchmark {
            metric: metric.name.to_owned(),
            industry: String::new(),
            low: usual,
            high: usual,
            better: Better::Higher,
            from: format!("the {PAST_DAYS} days before"),
        };
        // Whether more is better depends on the metric; the gap says what there is to say.
        Some(Measured { better: "within", verdict: "own", ..benchmark.measure(now.value()?) })
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

/// Adds rows for spans of time that have none, for every combination of the other dimensions that has any.
fn fill(query: &Query, rows: &mut Rows) -> Result<(), String> {
    let times =
        query.dimensions.iter().position(|d| d.kind.is_time() || matches!(d.kind, Kind::Whole(..)));
    let Some(place) = times else { return Ok(()) };
    let buckets = buckets(query, query.dimensions[place].kind, query.days);
    let others: HashSet<Key> = rows.groups.keys().cloned().collect();
    let others: HashSet<Key> = match query.dimensions.len() {
        1 => HashSet::from([vec![Cell::None]]),
        _ => others
            .into_iter()
            .map(|mut key| {
                key[place] = Cell::None;
                key
            })
            .collect(),
    };
    if others.len().saturating_mul(buckets.len()) > MAX_GROUPS {
        return Err(format!("filled up the answer would have more than {MAX_GROUPS} rows"));
    }
    let empty = rows.empty();
    for other in others {
        for bucket in &buckets {
            let mut key = other.clone();
            key[place] = bucket.clone();
            rows.groups.entry(key).or_insert_with(|| empty.clone());
        }
    }
    Ok(())
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

/// What a cursor says: which question it belongs to, and the last row before it.
type Place = (u64, Vec<Option<f64>>, Key);

/// Opaque to clients: base64url of JSON.
fn cursor(query: &Query, last: &AnswerRow) -> String {
    let place: Place = (fingerprint(query), values(query, last), last.key.clone());
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&place).unwrap_or_default())
}

/// Where the page begins.
fn begin(query: &Query, all: &[AnswerRow]) -> Result<usize, String> {
    let Some(text) = &query.cursor else { return Ok(0) };
    let bad = || "`cursor` must be `next` of a page before of the same question".to_owned();
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
    let (asked, last, key): Place = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if asked != fingerprint(query) {
        return Err(bad());
    }
    let before = |row: &AnswerRow| {
        sorted(&query.order, (&values(query, row), &row.key), (&last, &key)) != Ordering::Greater
    };
    Ok(all.partition_point(before))
}

/// The same for the same question, whatever the page.
fn fingerprint(query: &Query) -> u64 {
    let mut hasher = DefaultHasher::new();
    let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>();
    names(&mut query.metrics.iter().map(|m| m.name)).hash(&mut hasher);
    names(&mut query.dimensions.iter().map(|d| d.name)).hash(&mut hasher);
    format!("{:?}{:?}{}", query.selection, query.order, query.fill).hash(&mut hasher);
    hasher.finish()
}
