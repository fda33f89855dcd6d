//! Where in a site's routes a call stands, as it rides in the marks of answers. Pure.
//!
//! `2+.d.sales.7.0.0`: the stage ([`Stage`]), the kind of step, the route, and what the kind needs. A mark
//! that no route of the configuration fits (any more) says nothing; whoever waits is forwarded.

use crate::call::answer::Stage;
use crate::platform::ids::RouteId;

/// A step of a call, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which step of the call it is, and whether something follows.
    pub stage: Stage,
    /// Where it stands.
    pub place: Place,
}

/// A place in the routes of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A dial of a route.
    Dial {
        /// The route.
        route: RouteId,
        /// What its order was drawn with; `None`: not drawn yet, only the caller's agent was dialled.
        seed: Option<u32>,
        /// Which of its rounds was dialled; `None`: the caller's agent, who comes before them.
        round: Option<usize>,
        /// The place of the caller's agent among its destinations.
        agent: Option<usize>,
    },
    /// A menu.
    Menu {
        /// The route.
        route: RouteId,
        /// How often the caller was asked before.
        asked: u32,
    },
    /// A message.
    Voicemail {
        /// The route.
        route: RouteId,
    },
    /// The key that lets an unwanted caller through.
    Challenge,
}

impl Mark {
    /// The mark in a text; `None` when it is of another kind, or of none.
    pub fn parse(text: &str) -> Option<Self> {
        let stage = Stage::of_mark(text);
        if stage.is_unknown() {
            return None;
        }
        let mut words = text.split('.').skip(1);
        let kind = words.next()?;
        let place = match kind {
            "d" => Place::Dial {
                route: words.next()?.parse().ok()?,
                seed: optional(words.next()?)?,
                round: optional(words.next()?)?,
                agent: optional(words.next()?)?,
            },
            "m" => Place::Menu {
                route: words.next()?.parse().ok()?,
                asked: words.next()?.parse().ok()?,
            },
            "v" => Place::Voicemail { route: words.next()?.parse().ok()? },
            "c" => Place::Challenge,
            _ => return None,
        };
        words.next().is_none().then_some(Mark { stage, place })
    }
}

/// `-` is none.
fn optional<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
    if word == "-" { Some(None) } else { word.parse().ok().map(Some) }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_dash = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
        write!(f, "{}.", self.stage)?;
        match &self.place {
            Place::Dial { route, seed, round, agent } => {
                let [round, agent] = [round, agent].map(|n| or_dash(n.map(|n| n as u64)));
                write!(f, "d.{route}.{}.{round}.{agent}", or_dash(seed.map(u64::from)))
            }
            Place::Menu { route, asked } => write!(f, "m.{route}.{asked}"),
            Place::Voicemail { route } => write!(f, "v.{route}"),
            Place::Challenge => f.write_str("c"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::call::answer::{Bookmark, MAX_HOPS};

    fn places() -> impl Strategy<Value = Place> {
        let route = || "[a-z0-9_-]{1,32}".prop_map(|id| id.parse().expect("a route id"));
        prop_oneof![
            (
                route(),
                any::<Option<u32>>(),
                prop::option::of(0usize..99),
                prop::option::of(0usize..20)
            )
                .prop_map(|(route, seed, round, agent)| Place::Dial {
                    route,
                    seed,
                    round,
                    agent
                }),
            (route(), 0u32..9).prop_map(|(route, asked)| Place::Menu { route, asked }),
            route().prop_map(|route| Place::Voicemail { route }),
            Just(Place::Challenge),
        ]
    }

    proptest! {
        #[test]
        fn a_mark_comes_back_also_through_an_address(hop in 1..=MAX_HOPS, more: bool, place in places()) {
            let mark = Mark { stage: Stage { hop, more }, place };
            let text = mark.to_string();
            prop_assert_eq!(Mark::parse(&text), Some(mark));
            let query = Bookmark::at(&text).query();
            let back = Bookmark::in_query(query.trim_start_matches('?'));
            prop_assert_eq!(back.mark, text);
        }

        #[test]
        fn other_texts_are_no_marks(text in "[0-9]{0,2}[+]?[.][ -~]{0,20}") {
            if let Some(mark) = Mark::parse(&text) {
                prop_assert_eq!(mark.stage, Stage::of_mark(&text));
            }
        }
    }
}
