//! What is known of a holder of the called number at the moment of the call. Pure.

use crate::attribution::delays::{Delays, ON_PAGE_S};
use crate::attribution::known::{Known, ToldBy};
use crate::attribution::nearness::Nearness;
use crate::attribution::stays::Moment;
use crate::lease::model::{Holder, Tier};
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;

/// A copied or pressed number is dialled soon, or never.
const GESTURE_S: f64 = 900.0;
/// How much more likely a session calls that copied the number or pressed it long. A documented
/// guess: there are too few of these to learn it.
const GESTURE_FACTOR: f64 = 6.0;
/// Caller and visitor are at home in the same area code or city, or else in the same region; against
/// those of whom both places are known and differ.
const SAME_AREA: f64 = 3.0;
const SAME_REGION: f64 = 2.0;
const OTHER_COUNTRY: f64 = 0.3;

/// What the visits tell of a candidate, beside the number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beside {
    /// Which of the people it is whom the caller may be, being heard of before; `None` for everybody else.
    pub known: Option<Known>,
    /// What tells it.
    pub told_by: ToldBy,
    /// Where caller and visitor are at home.
    pub nearness: Nearness,
}

/// A holder as it stood when the call came.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The session.
    pub session: SessionId,
    /// When it was shown the number first.
    pub from: Millis,
    /// How it held the number.
    pub tier: Tier,
    /// Milliseconds since its last sign of life.
    pub idle_ms: i64,
    /// Whether a page of it is still open, as far as is known.
    pub on_page: bool,
    /// What moment of its stay it is while that is so; the first one else.
    pub moment: Moment,
    /// Whether its last page was heard to be left.
    pub left: bool,
    /// Seconds since it clicked the number's `tel:` link.
    pub clicked_s: Option<f64>,
    /// How sure it is that another call came of that click already, 0.0 to 1.0.
    pub spent: f64,
    /// Whether it copied the number or pressed it long shortly before.
    pub gesture: bool,
    /// What its visit tells.
    pub beside: Beside,
    /// The channel of its visit; empty when that was not looked at.
    pub channel: String,
}

impl Evidence {
    /// What is known at `at` of a holder that was shown the number before. Its lease runs for `hold_ms`
    /// after a sign of life; for less when its last page was left.
    pub fn of(holder: &Holder, at: Millis, hold_ms: i64) -> Self {
        let idle_ms = at.since(holder.last_seen).max(0);
        let seconds_ago = |when: Option<Millis>| {
            let ago = when.map(|when| at.since(when)).filter(|ago| *ago >= 0);
            ago.map(|ago| ago as f64 / 1_000.0)
        };
        let [copied, pressed] = [holder.copied, holder.long_press].map(seconds_ago);
        let left = holder.until.since(holder.last_seen) < hold_ms;
        let idle_s = idle_ms as f64 / 1_000.0;
        let shown_s = at.since(holder.from).max(0) as f64 / 1_000.0;
        let on_page = holder.live && !left && idle_s <= ON_PAGE_S;
        let soon = |ago: Option<f64>| ago.is_some_and(|ago| ago <= GESTURE_S);
        Evidence {
            session: holder.session,
            from: holder.from,
            tier: holder.tier,
            idle_ms,
            moment: if on_page { Moment::of(shown_s, idle_s) } else { Moment::default() },
            on_page,
            left,
            clicked_s: seconds_ago(holder.tel_click),
            spent: 0.0,
            gesture: soon(copied) || soon(pressed),
            beside: Beside::default(),
            channel: String::new(),
        }
    }

    /// Seconds since the last sign of life.
    pub fn idle_s(&self) -> f64 {
        self.idle_ms as f64 / 1_000.0
    }

    /// Seconds from when it was shown the number to its last sign of life.
    pub fn stayed_s(&self, at: Millis) -> f64 {
        at.plus(-self.idle_ms).since(self.from).max(0) as f64 / 1_000.0
    }

    /// Whether it is gone and was not heard to leave.
    pub fn is_unheard(&self) -> bool {
        !self.on_page && !self.left
    }

    /// Whether the caller may be known from this session or its visitor.
    pub fn is_known(&self) -> bool {
        self.beside.known.is_some()
    }

    /// Density of its call by the delay alone.
    pub fn density(&self, delays: &Delays) -> f64 {
        let by_delay = match self.on_page {
            true => delays.on_page(self.moment),
            false => delays.gone(self.idle_s()).iter().sum(),
        };
        by_delay + (1.0 - self.spent) * self.clicked_s.map_or(0.0, |ago| delays.by_click(ago))
    }

    /// Its weight among the candidates, on the scale of [`Delays::of_nobody`], whoever the caller is.
    pub fn weight(&self, delays: &Delays) -> f64 {
        self.density(delays) * self.factor() * delays.of_channel(&self.channel)
    }

    /// How much the rest of the evidence raises or lowers it.
    pub fn factor(&self) -> f64 {
        let near = match self.beside.nearness {
            Nearness::Unknown | Nearness::SameCountry => 1.0,
            Nearness::SameArea => SAME_AREA,
            Nearness::SameRegion => SAME_REGION,
            Nearness::OtherCountry => OTHER_COUNTRY,
        };
        let gesture = if self.gesture { GESTURE_FACTOR } else { 1.0 };
        near * gesture
    }
}
