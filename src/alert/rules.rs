//! Whether a finding is news. Pure.

use crate::alert::model::{News, Remembered, Verdict};
use crate::platform::clock::Millis;

/// News that a recipient did not take for so long are given up, in milliseconds: a day.
const STALE_MS: i64 = 86_400_000;

/// What is remembered after a look at `now`, and the news, if any. `recipients`: hashes of who hears of it. Within the
/// hold-off of the last news nothing is told but the end of what was told; what is wrong after it is told then.
pub fn look(
    before: &Remembered,
    verdict: &Verdict,
    now: Millis,
    hold_off_ms: i64,
    recipients: &[String],
) -> (Remembered, Option<News>) {
    let mut after = Remembered { looked_at: now, ..before.clone() };
    // Who is no recipient any more is not waited for, nor are old news.
    let is_stale = before.news_at.is_none_or(|at| now.since(at) >= STALE_MS);
    after.untold.retain(|one| !is_stale && recipients.contains(one));
    let is_held_off = before.news_at.is_some_and(|at| now.since(at) < hold_off_ms);
    let is_told = matches!(before.news, Some(News::Begins | News::GoesOn));
    let news = match verdict {
        Verdict::Wrong(_) if is_held_off => None,
        Verdict::Wrong(_) if is_told => Some(News::GoesOn),
        Verdict::Wrong(_) => Some(News::Begins),
        Verdict::Fine(_) => is_told.then_some(News::IsOver),
        Verdict::Unknown => None,
    };
    match verdict {
        Verdict::Wrong(text) => {
            after.since = before.since.or(Some(now));
            after.text.clone_from(text);
        }
        Verdict::Fine(text) => {
            after.since = None;
            after.text.clone_from(text);
        }
        Verdict::Unknown => {}
    }
    if news.is_some() {
        after.news = news;
        after.news_at = Some(now);
        after.untold = recipients.to_vec();
    }
    (after, news)
}

/// Whether somebody is still to be told the last news. That something is over waits while it is wrong again.
pub fn is_to_be_told(known: &Remembered) -> bool {
    let is_wrong_again = known.news == Some(News::IsOver) && known.since.is_some();
    !known.untold.is_empty() && !is_wrong_again
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn wrong() -> Verdict {
        Verdict::Wrong("too few".to_owned())
    }

    fn fine() -> Verdict {
        Verdict::Fine("enough".to_owned())
    }

    #[test]
    fn it_begins_goes_on_after_the_hold_off_and_is_over() {
        let to = ["a".to_owned()];
        let mut known = Remembered::default();
        let mut step = |verdict: Verdict, hour: i64| {
            let (after, news) = look(&known, &verdict, Millis(hour * HOUR), 5 * HOUR, &to);
            known = after;
            news
        };
        assert_eq!(step(fine(), 0), None);
        assert_eq!(step(wrong(), 1), Some(News::Begins));
        assert_eq!(step(wrong(), 2), None);
        assert_eq!(step(Verdict::Unknown, 3), None, "nobody knows: nothing is over");
        assert_eq!(step(wrong(), 6), Some(News::GoesOn));
        assert_eq!(step(wrong(), 7), None);
        assert_eq!(step(fine(), 8), Some(News::IsOver));
        assert_eq!(step(fine(), 9), None);
        assert_eq!((known.since, known.text.as_str()), (None, "enough"));
    }

    #[test]
    fn what_flaps_is_told_when_the_hold_off_is_over_if_it_is_wrong_then() {
        let to = ["a".to_owned()];
        let mut known = Remembered::default();
        let mut step = |verdict: Verdict, hour: i64| {
            let (after, news) = look(&known, &verdict, Millis(hour * HOUR), 5 * HOUR, &to);
            known = after;
            (news, known.since.map(|since| since.0 / HOUR), is_to_be_told(&known))
        };
        assert_eq!(step(wrong(), 1), (Some(News::Begins), Some(1), true));
        assert_eq!(step(fine(), 2), (Some(News::IsOver), None, true));
        assert_eq!(step(wrong(), 3), (None, Some(3), false), "remembered, and the end waits");
        assert_eq!(step(fine(), 4), (None, None, true), "nobody heard of that beginning");
        assert_eq!(step(wrong(), 5), (None, Some(5), false));
        assert_eq!(step(wrong(), 7), (Some(News::Begins), Some(5), true));
        assert_eq!(step(fine(), 8), (Some(News::IsOver), None, true), "an end is told at once");
    }

    #[test]
    fn who_did_not_take_it_is_tried_for_a_day() {
        let to = ["a".to_owned(), "b".to_owned()];
        let (mut known, _) = look(&Remembered::default(), &wrong(), Millis(0), 99 * HOUR, &to);
        assert_eq!(known.untold, to);
        known.untold.remove(0);
        let (later, _) = look(&known, &wrong(), Millis(HOUR), 99 * HOUR, &to);
        assert_eq!(later.untold, ["b"]);
        let (gone, _) = look(&known, &wrong(), Millis(HOUR), 99 * HOUR, &to[..1]);
        assert!(gone.untold.is_empty(), "b is no recipient any more");
        let (stale, _) = look(&known, &wrong(), Millis(25 * HOUR), 99 * HOUR, &to);
        assert!(stale.untold.is_empty());
    }

    proptest! {
        /// Within the hold-off of the news before only ends are told; what is wrong after it is told; and each end has
        /// its beginning.
        #[test]
        fn news_take_turns(verdicts in proptest::collection::vec(0u8..3, 1..200), hold_off in 1i64..20) {
            let (mut known, mut told_at, mut is_told) = (Remembered::default(), None, false);
            let mut is_wrong = false;
            for (hour, verdict) in verdicts.iter().enumerate() {
                let verdict = [fine(), wrong(), Verdict::Unknown][usize::from(*verdict)].clone();
                let now = Millis(hour as i64 * HOUR);
                let is_held_off = told_at.is_some_and(|at: Millis| now.since(at) < hold_off * HOUR);
                let (after, news) = look(&known, &verdict, now, hold_off * HOUR, &[]);
                known = after;
                match news {
                    Some(News::Begins) => {
                        prop_assert!(!is_held_off);
                        prop_assert!(!std::mem::replace(&mut is_told, true));
                    }
                    Some(News::GoesOn) => prop_assert!(is_told && !is_held_off),
                    Some(News::IsOver) => prop_assert!(std::mem::replace(&mut is_told, false)),
                    None => {}
                }
                match verdict {
                    Verdict::Wrong(_) => {
                        is_wrong = true;
                        prop_assert!(news.is_some() || is_held_off);
                    }
                    Verdict::Fine(_) => {
                        is_wrong = false;
                        prop_assert!(!is_told);
                    }
                    Verdict::Unknown => prop_assert!(news.is_none()),
                }
                prop_assert_eq!(known.since.is_some(), is_wrong);
                told_at = news.map_or(told_at, |_| Some(now));
            }
        }
    }
}
