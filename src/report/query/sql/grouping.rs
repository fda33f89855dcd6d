//! How rows are told apart, and summed together in the same go.

/// The column that tells the row of everything together from the others.
const TOGETHER: &str = "together";

/// By how many keys, `k0` and so on, rows are told apart, and whether one more row sums all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grouping {
    pub keys: usize,
    pub with_total: bool,
}

impl Grouping {
    /// The names of the keys.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..self.keys).map(|n| format!("k{n}"))
    }

    /// The clause; rows with different `always` are told apart in the row of everything, too.
    pub fn by(self, always: &[&str]) -> String {
        let always = || always.iter().map(|name| (*name).to_owned());
        let apart = self.names().chain(always()).collect::<Vec<_>>().join(", ");
        match (self.with_total, apart.is_empty()) {
            (true, _) => {
                let together = always().collect::<Vec<_>>().join(", ");
                format!(" GROUP BY GROUPING SETS (({apart}), ({together}))")
            }
            (false, true) => String::new(),
            (false, false) => format!(" GROUP BY {apart}"),
        }
    }

    /// The clause over rows that were grouped so already.
    pub fn again(self) -> String {
        let names: Vec<String> =
            self.names().chain(self.with_total.then(|| TOGETHER.to_owned())).collect();
        if names.is_empty() { String::new() } else { format!(" GROUP BY {}", names.join(", ")) }
    }

    /// The column that is 1 in the row of everything, and else 0; none where there is no such row.
    pub fn mark(self) -> Option<String> {
        self.with_total.then(|| format!("grouping(k0) AS {TOGETHER}"))
    }

    /// The same column of rows that were grouped so already.
    pub fn marked(self) -> Option<String> {
        self.with_total.then(|| TOGETHER.to_owned())
    }
}
