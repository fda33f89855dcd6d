//! Records of ended legs in every wrapping, and documents that end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::FreeSwitch;
use crate::call::answer::{Answer, Step};
use crate::call::model::CallEvent;
use crate::call::providers::Provider;
use crate::call::providers::tests::Sent;
use crate::call::tests::site;
use crate::config::model::Telephony;

const RECORD: &str = r#"{"core-uuid":"x","variables":{"direction":"inbound","uuid":"u-1","start_uepoch":"1767323045000000","progress_uepoch":"1767323047000000","bridge_uepoch":"1767323055000000","end_uepoch":"1767323150000000","billsec":"105","hangup_cause":"NORMAL_CLEARING","originate_disposition":"SUCCESS","sip_call_id":"abc@host","sip_h_Diversion":"%3Csip%3A%2B14155550122%40carrier%3E","sip_verstat_detailed":"TN-Validation-Passed-B","hold_accum_seconds":"12"},"callflow":[{"caller_profile":{"caller_id_number":"%2B14155550100","caller_id_name":"JANE%20DOE","destination_number":"%2B14155550199"}}]}"#;

fn events(body: String) -> Vec<CallEvent> {
    let sent = Sent::post("cdr", body).received(1_767_323_151_000);
    FreeSwitch.understand(&site(), &sent.webhook()).expect("readable").events
}

#[test]
fn a_record_says_the_same_in_every_wrapping() {
    let plain = events(RECORD.to_owned());
    assert_eq!(plain.len(), 6);
    assert_eq!(plain[0].from.number, "+14155550100".parse().ok());
    assert_eq!(plain[0].from.name, "JANE DOE");
    assert_eq!(plain[0].from.forwarded_from, "+14155550122".parse().ok());
    assert_eq!(plain[0].to, "+14155550199".parse().ok());
    assert_eq!(plain[0].sip_call_id.as_deref(), Some("abc@host"));
    let form = |text: &str| {
        url::form_urlencoded::Serializer::new(String::new()).append_pair("cdr", text).finish()
    };
    assert_eq!(events(form(RECORD)), plain);
    assert_eq!(events(form(&STANDARD.encode(RECORD))), plain);
    assert_eq!(events(format!("cdr={}", STANDARD.encode(RECORD))), plain, "unescaped base64");
    assert!(events(RECORD.replace("inbound", "outbound")).is_empty(), "the other leg says nothing");
}

#[test]
fn no_document_is_asked_for_again() {
    let blank = Answer::default();
    for steps in [vec![], vec![Step::HangUp]] {
        let document = FreeSwitch.render(&Telephony::default(), &blank.with(steps));
        assert!(document.body.contains("<hangup"), "{}", document.body);
    }
}
