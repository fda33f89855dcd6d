//! How legs end, in the words of all providers, PBXs and SIP → one word (telephony facts §9). Pure.

use crate::call::model::DialOutcome;

/// What a word or a SIP status says of the end of a dial or of its leg.
pub fn of(word: &str) -> Option<DialOutcome> {
    let word = word.trim().to_ascii_lowercase().replace('_', "-");
    Some(match word.as_str() {
        "answered" | "answer" | "completed" | "normal-clearing" | "200" => DialOutcome::Answered,
        "busy" | "user-busy" | "486" | "600" => DialOutcome::Busy,
        "no-answer" | "noanswer" | "timeout" | "unanswered" | "no-user-response"
        | "allotted-timeout" | "progress-timeout" | "408" | "480" => DialOutcome::NoAnswer,
        "canceled" | "cancelled" | "cancel" | "originator-cancel" | "487" => DialOutcome::Canceled,
        "rejected" | "call-rejected" | "decline" | "declined" | "dontcall" | "torture" | "403"
        | "603" | "607" | "608" => DialOutcome::Rejected,
        "failed" | "congestion" | "chanunavail" | "invalidargs" | "error" | "not-found"
        | "unspecified" => DialOutcome::Failed,
        "voicemail" => DialOutcome::Voicemail,
        _ => return sip_status(&word),
    })
}

/// Every other final SIP answer that is no success is a failure of the network.
fn sip_status(word: &str) -> Option<DialOutcome> {
    let code: u16 = word.parse().ok()?;
    (400..=699).contains(&code).then_some(DialOutcome::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_all_providers_come_to_one() {
        for (words, expected) in [
            ("completed ANSWER answered NORMAL_CLEARING 200", Some(DialOutcome::Answered)),
            ("busy USER_BUSY user_busy 486", Some(DialOutcome::Busy)),
            (
                "no-answer NOANSWER no_answer timeout unanswered 408 480",
                Some(DialOutcome::NoAnswer),
            ),
            ("canceled cancelled CANCEL ORIGINATOR_CANCEL 487", Some(DialOutcome::Canceled)),
            ("rejected CALL_REJECTED call_rejected 603", Some(DialOutcome::Rejected)),
            ("failed CONGESTION CHANUNAVAIL 404 500 503 not_found", Some(DialOutcome::Failed)),
            ("voicemail", Some(DialOutcome::Voicemail)),
            ("ringing 180 399 700 exploded", None),
        ] {
            for word in words.split(' ') {
                assert_eq!(of(word), expected, "{word}");
            }
        }
        assert_eq!(of(""), None);
    }
}
