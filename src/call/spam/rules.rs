//! Whether a call is unwanted. Pure.

use crate::call::model::{Call, CallStatus, Caller};
use crate::call::routing::mark::{Mark, Place};
use crate::call::routing::scene::attestation_word;
use crate::call::spam::history::History;
use crate::call::spam::model::{Reason, Screen};
use crate::config::model::{ShortCalls, Spam};

/// What the screen finds of a caller with this history.
pub fn judge(spam: &Spam, caller: &Caller, history: &History) -> Screen {
    let number = caller.number.as_ref();
    if number.is_some_and(|number| spam.allowed.contains(number)) {
        return Screen::default();
    }
    let begins = |prefix: &String| number.is_some_and(|n| n.as_str().starts_with(prefix.as_str()));
    let word = attestation_word(caller.attestation);
    let found = [
        (number.is_some_and(|number| spam.numbers.contains(number)), Reason::Listed),
        (spam.prefixes.iter().any(begins), Reason::Prefix),
        (spam.anonymous && caller.is_anonymous(), Reason::Anonymous),
        (spam.attestation.contains(&word), Reason::Attestation),
        (spam.rate.as_ref().is_some_and(|rate| history.recent >= rate.calls), Reason::Rate),
        (spam.short.as_ref().is_some_and(|short| history.short >= short.calls), Reason::Short),
    ];
    let reasons = found.into_iter().filter_map(|(is_so, reason)| is_so.then_some(reason));
    Screen { reasons: reasons.collect() }
}

/// Whether `call` is unwanted: what people tell counts, else what was found, unless the caller passed
/// the challenge.
pub fn is_spam(call: &Call) -> bool {
    call.outcome.spam.unwrap_or_else(|| {
        let found = call.screen.as_ref().is_some_and(|screen| !screen.reasons.is_empty());
        found && !passed(call)
    })
}

/// Whether the caller pressed the key that lets them through.
pub fn passed(call: &Call) -> bool {
    call.facts.keys.iter().any(|press| {
        let asked = Mark::parse(&press.mark).map(|mark| mark.place);
        press.digits == "1" && asked == Some(Place::Challenge)
    })
}

/// Whether a call that is over was one of those that a caller makes without talking.
pub fn was_short(rule: &ShortCalls, call: &Call) -> bool {
    let most = rule.talk.as_secs();
    let at_most = |seconds: Option<u32>| seconds.is_some_and(|s| i64::from(s) <= most);
    match call.status {
        CallStatus::Answered => at_most(call.talk_s),
        CallStatus::Canceled => at_most(call.wait_s),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spam(text: &str) -> Spam {
        toml::from_str(text).expect("a screen")
    }

    fn caller(number: &str, verstat: &str) -> Caller {
        Caller {
            number: number.parse().ok(),
            attestation: crate::call::attestation::from_verstat(verstat),
            ..Caller::default()
        }
    }

    fn reasons(spam: &Spam, caller: &Caller, recent: u32, short: u32) -> Vec<Reason> {
        judge(spam, caller, &History { recent, short, ..History::default() }).reasons
    }

    #[test]
    fn each_rule_finds_what_it_says() {
        let known = caller("+14155550100", "TN-Validation-Passed-A");
        let list = spam("numbers = ['+14155550100']\nprefixes = ['+1415555']");
        assert_eq!(reasons(&list, &known, 1, 0), [Reason::Listed, Reason::Prefix]);
        let anonymous = spam("anonymous = true");
        assert_eq!(reasons(&anonymous, &caller("anonymous", ""), 0, 0), [Reason::Anonymous]);
        assert_eq!(reasons(&anonymous, &known, 0, 0), []);
        let vouched = spam("attestation = ['C', 'failed', 'none']");
        assert_eq!(reasons(&vouched, &known, 0, 0), []);
        for word in ["TN-Validation-Passed-C", "TN-Validation-Failed-B", ""] {
            let found = reasons(&vouched, &caller("+14155550100", word), 0, 0);
            assert_eq!(found, [Reason::Attestation], "{word}");
        }
        let rate = spam("rate = { calls = 3, within = '10m' }");
        assert_eq!(reasons(&rate, &known, 2, 9), []);
        assert_eq!(reasons(&rate, &known, 3, 9), [Reason::Rate]);
        let short = spam("short = { calls = 2, within = '24h', talk = '3s' }");
        assert_eq!(reasons(&short, &known, 9, 2), [Reason::Short]);
    }

    #[test]
    fn who_is_allowed_is_never_unwanted() {
        let both = spam(
            "numbers = ['+14155550100']\nallowed = ['+14155550100']\nrate = { calls = 1, within = '1h' }",
        );
        assert_eq!(reasons(&both, &caller("+14155550100", ""), 9, 9), []);
        assert_eq!(
            judge(&Spam::default(), &caller("", ""), &History::default()),
            Screen::default()
        );
    }
}
