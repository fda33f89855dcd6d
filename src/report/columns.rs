//! Which columns of a table fit into a terminal, and how wide they are. Pure.
//!
//! A name is never broken over two lines: first the columns that only decorate go, then long names
//! are cut, and only a very narrow terminal loses figures.

/// Spaces between two columns.
pub const GAP: usize = 2;
/// Names are not cut below this many columns; then the terminal has to wrap.
const SHORTEST_NAME: usize = 6;

/// A figure of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Visits.
    Visits,
    /// Calls.
    Calls,
    /// The same as a bar.
    Bar,
    /// First-time callers.
    First,
    /// Answered calls.
    Answered,
    /// Missed calls.
    Missed,
    /// Mean length of answered calls.
    Talk,
    /// Visits with a call / visits.
    CallRate,
    /// Mean confidence.
    Sure,
}

/// Every figure, from left to right.
pub const FIGURES: [Figure; 9] = [
    Figure::Visits,
    Figure::Calls,
    Figure::Bar,
    Figure::First,
    Figure::Answered,
    Figure::Missed,
    Figure::Talk,
    Figure::CallRate,
    Figure::Sure,
];

/// What goes when there is no room, in this order.
const GOES: [Figure; 4] = [Figure::Sure, Figure::Bar, Figure::First, Figure::Talk];
/// So many of them go before a name is cut.
const GOES_BEFORE_NAMES: usize = 2;

/// Columns that fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Width of each name column.
    pub names: Vec<usize>,
    /// The figures that are shown.
    pub figures: Vec<Figure>,
}

/// Columns for a terminal of `width`. Each name comes with its longest width and the width that
/// still tells it from others; `figures` are the widths of [`FIGURES`].
pub fn fit(names: &[(usize, usize)], figures: &[usize; FIGURES.len()], width: usize) -> Columns {
    let kept = |gone: usize| {
        FIGURES.into_iter().zip(figures).filter(move |(figure, _)| !GOES[..gone].contains(figure))
    };
    let room = |gone: usize| {
        let taken: usize = kept(gone).map(|(_, width)| width + GAP).sum();
        width.saturating_sub(taken + GAP * names.len().saturating_sub(1))
    };
    let whole: usize = names.iter().map(|(longest, _)| longest).sum();
    let enough: usize = names.iter().map(|(longest, enough)| longest.min(enough)).sum();
    let gone = (0..=GOES_BEFORE_NAMES)
        .find(|&gone| whole <= room(gone))
        .or_else(|| (0..GOES.len()).find(|&gone| enough <= room(gone)))
        .unwrap_or(GOES.len());
    Columns {
        names: cut(names, room(gone)),
        figures: kept(gone).map(|(figure, _)| figure).collect(),
    }
}

/// Takes from the names until all fit: first what they have more than enough, then from the widest.
fn cut(names: &[(usize, usize)], room: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = names.iter().map(|&(longest, _)| longest).collect();
    while widths.iter().sum::<usize>() > room {
        let excess = |n: &usize| (widths[*n].saturating_sub(names[*n].1), widths[*n]);
        match (0..widths.len()).max_by_key(excess) {
            Some(widest) if widths[widest] > SHORTEST_NAME => widths[widest] -= 1,
            _ => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIDTHS: [usize; 9] = [6, 5, 6, 5, 8, 6, 5, 6, 5];

    fn taken(columns: &Columns) -> usize {
        let width = |figure: &Figure| {
            WIDTHS[FIGURES.iter().position(|other| other == figure).expect("a figure")]
        };
        let figures: usize = columns.figures.iter().map(|figure| width(figure) + GAP).sum();
        columns.names.iter().sum::<usize>() + figures + GAP * (columns.names.len() - 1)
    }

    #[test]
    fn decoration_goes_before_names_are_cut_and_names_before_figures() {
        let names = [(22, 16), (16, 12), (14, 13)];
        assert_eq!(fit(&names, &WIDTHS, 140).figures.len(), 9);
        let at_120 = fit(&names, &WIDTHS, 120);
        assert_eq!(at_120.names, [22, 16, 14]);
        assert!(!at_120.figures.contains(&Figure::Sure), "{at_120:?}");
        let at_100 = fit(&names, &WIDTHS, 100);
        assert!(at_100.figures.contains(&Figure::First), "{at_100:?}");
        assert_eq!(at_100.names, [16, 12, 13], "only names are cut");
    }

    proptest! {
        #[test]
        fn what_fits_fits(
            names in proptest::collection::vec((6usize..90, 6usize..20), 1..4),
            width in 80usize..300,
        ) {
            let columns = fit(&names, &WIDTHS, width);
            prop_assert!(taken(&columns) <= width, "{columns:?}");
            prop_assert!(columns.figures.len() >= FIGURES.len() - GOES.len());
            prop_assert!(columns.names.iter().zip(&names).all(|(now, (longest, _))| now <= longest));
        }
    }
}
