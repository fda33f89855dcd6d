//! What platforms say, row by row of their tables of errors.

use super::golden::example;
use super::*;

/// What one answer to a request of three rows means, in one word for each row.
fn words(id: &str, status: u16, body: &Value) -> String {
    let answer = Answer::new(status, &body.to_string());
    word(&example(id).kind.platform().classify(&answer, 3))
}

fn word(answered: &Answered) -> String {
    let of = |judgement: &Judgement| match judgement {
        Judgement::Delivered => "delivered".to_owned(),
        Judgement::Taken(request) => format!("taken {request}"),
        Judgement::Rejected(_) => "rejected".to_owned(),
        Judgement::Later(_, None) => "later".to_owned(),
        Judgement::Later(_, Some(ms)) => format!("later {}h", ms / 3_600_000),
        Judgement::Unknown(_) => "unknown".to_owned(),
    };
    match answered {
        Answered::All(judgement) => of(judgement),
        Answered::Each(each) => each.iter().map(of).collect::<Vec<_>>().join(" "),
        Answered::Poisoned { rows, .. } if rows.is_empty() => "poisoned".to_owned(),
        Answered::Poisoned { rows, .. } => {
            let rows: Vec<String> = rows.iter().map(|(row, _)| row.to_string()).collect();
            format!("poisoned {}", rows.join(" "))
        }
        Answered::Refused(_) => "refused".to_owned(),
        Answered::Gone => "gone".to_owned(),
    }
}

/// Every platform but the one whose status says nothing.
const PLATFORMS: [&str; 14] = [
    "google",
    "google-ads",
    "meta",
    "bing",
    "microsoft-uet",
    "tiktok",
    "linkedin",
    "pinterest",
    "snap",
    "reddit",
    "x",
    "openai-ads",
    "quora",
    "nextdoor",
];

#[test]
fn troubles_of_transport_mean_the_same_everywhere() {
    for id in PLATFORMS {
        for status in [408, 429, 500, 502, 503, 504] {
            let page = Answer::new(status, "<html>upstream</html>");
            let answered = example(id).kind.platform().classify(&page, 3);
            assert_eq!(word(&answered), "later", "{id} {status}");
        }
        for status in [401, 403] {
            assert_eq!(words(id, status, &json!({})), "refused", "{id} {status}");
        }
        for status in [301, 400, 404, 413] {
            let said = words(id, status, &json!({}));
            assert!(said.starts_with("poisoned"), "{id} {status}: {said}");
        }
    }
}

#[test]
fn a_success_that_cannot_be_read_is_asked_for_again() {
    for id in [
        "google",
        "google-ads",
        "meta",
        "bing",
        "microsoft-uet",
        "tiktok",
        "pinterest",
        "snap",
        "x",
        "quora",
    ] {
        let page = Answer::new(200, "<html>welcome</html>");
        let answered = example(id).kind.platform().classify(&page, 3);
        assert_eq!(word(&answered), "later", "{id}");
    }
}

#[test]
fn google_data_manager_takes_or_refuses_a_whole_request() {
    assert_eq!(words("google", 200, &json!({ "requestId": "r-1" })), "taken r-1");
    let invalid = |field: &str| {
        json!({ "error": {
            "code": 400, "status": "INVALID_ARGUMENT", "message": "There was a problem",
            "details": [{ "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{ "field": field, "description": "is required" }] }],
        }})
    };
    assert_eq!(words("google", 400, &invalid("events[1].currency")), "poisoned 1");
    assert_eq!(words("google", 400, &invalid("events.events[2].user_data")), "poisoned 2");
    assert_eq!(words("google", 400, &invalid("encoding")), "poisoned");
    let quota = json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED" } });
    assert_eq!(words("google", 429, &quota), "later");
}

/// What the status of a request says of its rows 0, 5 and 7.
fn asked(status: &Value) -> String {
    let body = json!({ "requestStatusPerDestination": [status] }).to_string();
    let platform = example("google");
    word(&platform.kind.platform().classify_question(&Answer::new(200, &body), &[0, 5, 7]))
}

#[test]
fn google_data_manager_tells_of_rows_by_index_later() {
    assert_eq!(asked(&json!({ "requestStatus": "PROCESSING" })), "taken ");
    assert_eq!(asked(&json!({ "requestStatus": "SUCCESS" })), "delivered delivered delivered");
    let with = |status: &str, reason: &str, rows: &Value| {
        json!({ "requestStatus": status, "errorInfo": { "errorCounts": [{
            "reason": format!("PROCESSING_ERROR_REASON_{reason}"), "recordCount": "1",
            "recordIndices": rows,
        }]}})
    };
    for (reason, verdict) in [
        ("TOO_RECENT_CLICK", "later 6h"),
        ("TOO_RECENT_CALL", "later 6h"),
        ("DESTINATION_TOO_RECENTLY_CREATED", "later 6h"),
        ("INTERNAL_ERROR", "later 6h"),
        ("CLICK_NOT_FOUND", "later 6h"),
        ("EVENT_TOO_OLD", "rejected"),
        ("EXPIRED_CLICK", "rejected"),
        ("EXPIRED_CALL", "rejected"),
        ("INVALID_GCLID", "rejected"),
        ("INVALID_GBRAID", "rejected"),
        ("INVALID_WBRAID", "rejected"),
        ("INVALID_CLICK", "rejected"),
        ("INVALID_CALL", "rejected"),
        ("CONVERSION_PRECEDES_CLICK", "rejected"),
        ("ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID", "rejected"),
        ("DENIED_CONSENT", "rejected"),
        ("NO_CONSENT", "rejected"),
        ("UNKNOWN_CONSENT", "rejected"),
        ("INVALID_OPERATING_ACCOUNT_FOR_CLICK", "rejected"),
        ("DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED", "rejected"),
        ("INVALID_CUSTOM_VARIABLE", "rejected"),
        ("CUSTOM_VARIABLE_NOT_ENABLED", "rejected"),
        ("DUPLICATE_TRANSACTION_ID", "delivered"),
        ("DUPLICATE_GCLID", "delivered"),
        ("UNSPECIFIED", "unknown"),
    ] {
        let said = asked(&with("PARTIAL_SUCCESS", reason, &json!(["5"])));
        assert_eq!(said, format!("delivered {verdict} delivered"), "{reason}");
        let all = asked(&with("FAILED", reason, &json!([])));
        assert_eq!(all, format!("{verdict} {verdict} {verdict}"), "{reason}");
    }
    let quiet = json!({ "requestStatus": "FAILED" });
    assert_eq!(asked(&quiet), "unknown unknown unknown");
}

#[test]
fn google_ads_tells_of_rows_by_their_error() {
    let failure = |kind: &str, code: &str, index: Option<u64>| {
        let path = match index {
            Some(index) => {
                json!([{ "fieldName": "conversions", "index": index }, { "fieldName": "gclid" }])
            }
            None => json!([{ "fieldName": "customer" }]),
        };
        json!({ "results": [{}, {}, {}], "partialFailureError": { "code": 3, "message": "…",
            "details": [{ "errors": [{ "errorCode": { kind: code }, "message": "said",
                "location": { "fieldPathElements": path } }] }] } })
    };
    for (code, verdict) in [
        ("TOO_RECENT_EVENT", "later 6h"),
        ("TOO_RECENT_CALL", "later 6h"),
        ("TOO_RECENT_CONVERSION_ACTION", "later 6h"),
        ("TOO_RECENT_CONVERSION", "later 24h"),
        ("EVENT_NOT_FOUND", "later 24h"),
        ("CLICK_NOT_FOUND", "later 24h"),
        ("CALL_NOT_FOUND", "later 24h"),
        ("CLICK_CONVERSION_ALREADY_EXISTS", "delivered"),
        ("CALL_CONVERSION_ALREADY_EXISTS", "delivered"),
        ("ORDER_ID_ALREADY_IN_USE", "delivered"),
        ("DUPLICATE_CLICK_CONVERSION_IN_REQUEST", "delivered"),
        ("DUPLICATE_ORDER_ID_IN_REQUEST", "delivered"),
        ("RESTATEMENT_ALREADY_EXISTS", "delivered"),
        ("CONVERSION_ALREADY_RETRACTED", "delivered"),
        ("EXPIRED_EVENT", "rejected"),
        ("EXPIRED_CALL", "rejected"),
        ("CONVERSION_PRECEDES_EVENT", "rejected"),
        ("CONVERSION_PRECEDES_CALL", "rejected"),
        ("UNPARSEABLE_GCLID", "rejected"),
        ("UNPARSEABLE_GBRAID", "rejected"),
        ("UNPARSEABLE_WBRAID", "rejected"),
        ("UNPARSEABLE_CALLERS_PHONE_NUMBER", "rejected"),
        ("INVALID_CUSTOMER_FOR_CLICK", "rejected"),
        ("INVALID_CUSTOMER_FOR_CALL", "rejected"),
        ("ORDER_ID_CONTAINS_PII", "rejected"),
        ("CUSTOM_VARIABLE_VALUE_CONTAINS_PII", "rejected"),
        ("NO_CONVERSION_ACTION_FOUND", "rejected"),
        ("INVALID_CONVERSION_ACTION_TYPE", "rejected"),
        ("CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS", "rejected"),
        ("CUSTOMER_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS", "rejected"),
        ("RESOURCE_EXHAUSTED", "later"),
        ("RESOURCE_TEMPORARILY_EXHAUSTED", "later"),
        ("UNKNOWN", "unknown"),
    ] {
        let said = words("google-ads", 200, &failure("conversionUploadError", code, Some(1)));
        assert_eq!(said, format!("delivered {verdict} delivered"), "{code}");
        let whole = words("google-ads", 200, &failure("quotaError", code, None));
        assert_eq!(whole, verdict, "{code}");
    }
    assert_eq!(
        words("google-ads", 200, &json!({ "results": [{}, {}, {}] })),
        "delivered delivered delivered"
    );
    let closed = json!({ "error": { "message": "no", "details": [{ "errors": [{
        "errorCode": { "authorizationError": "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE" } }] }] } });
    assert_eq!(words("google-ads", 403, &closed), "refused");
    assert_eq!(words("google-ads", 400, &closed), "refused");
}

#[test]
fn ga4_is_believed_whatever_it_says() {
    for status in [200, 204] {
        assert_eq!(words("analytics", status, &Value::Null), "delivered");
    }
    for status in [400, 404, 429, 500, 503] {
        assert_eq!(words("analytics", status, &Value::Null), "rejected", "{status}");
    }
    let invalid = json!({ "validationMessages": [
        { "fieldPath": "events", "description": "reserved", "validationCode": "NAME_RESERVED" }] });
    assert_eq!(words("analytics", 200, &invalid), "rejected");
    assert_eq!(words("analytics", 200, &json!({ "validationMessages": [] })), "delivered");
}

#[test]
fn meta_tells_by_code() {
    let error = |code: i64, passes: bool| {
        json!({ "error": { "message": "said", "type": "OAuthException", "code": code,
            "error_subcode": 2_804_003, "is_transient": passes, "fbtrace_id": "A" } })
    };
    for (code, passes, verdict) in [
        (190, false, "refused"),
        (102, false, "refused"),
        (10, false, "refused"),
        (200, false, "refused"),
        (299, false, "refused"),
        (100, false, "poisoned"),
        (2_804_050, false, "poisoned"),
        (1, true, "later"),
        (2, true, "later"),
        (999, true, "later"),
        (4, false, "later"),
        (17, false, "later"),
        (32, false, "later"),
        (613, false, "later"),
        (80_004, false, "later"),
    ] {
        assert_eq!(words("meta", 400, &error(code, passes)), verdict, "{code}");
    }
    assert_eq!(words("meta", 200, &json!({ "events_received": 3 })), "delivered");
    assert_eq!(words("meta", 200, &json!({ "events_received": 2 })), "later");
}

#[test]
fn microsoft_tells_of_rows_on_success() {
    let partial = |code: &str| {
        json!({ "PartialErrors": [{ "Index": 2, "Code": 1, "ErrorCode": code, "Message": "said",
            "Type": "BatchError" }] })
    };
    assert_eq!(
        words("bing", 200, &json!({ "PartialErrors": [] })),
        "delivered delivered delivered"
    );
    for (code, verdict) in [
        ("OfflineConversionNameInvalid", "rejected"),
        ("OfflineConversionMicrosoftClickIdInvalid", "rejected"),
        ("CallRateExceeded", "later"),
        ("InternalError", "later"),
        ("OfflineConversionTooRecent", "later 2h"),
        ("", "unknown"),
    ] {
        let said = words("bing", 200, &partial(code));
        assert_eq!(said, format!("delivered delivered {verdict}"), "{code}");
    }
    for (number, code, status, verdict) in [
        (117, "CallRateExceeded", 200, "later"),
        (109, "AuthenticationTokenExpired", 200, "refused"),
        (105, "InvalidCredentials", 400, "refused"),
        (1001, "NullRequest", 400, "poisoned"),
        (1001, "NullRequest", 200, "poisoned"),
    ] {
        let body = json!({ "Errors": [{ "Code": number, "ErrorCode": code, "Message": "said" }] });
        assert_eq!(words("bing", status, &body), verdict, "{number} {status}");
    }
    let uet = json!({ "eventsReceived": 2,
        "error": { "message": "bad", "details": [{ "index": 0, "errorMessage": "no id" }] } });
    for status in [200, 400] {
        assert_eq!(words("microsoft-uet", status, &uet), "rejected delivered delivered");
    }
    assert_eq!(
        words("microsoft-uet", 200, &json!({ "eventsReceived": 3 })),
        "delivered delivered delivered"
    );
}

#[test]
fn tiktok_tells_by_code_on_success() {
    for (code, verdict) in [
        (0, "delivered"),
        (20001, "delivered"),
        (40050, "delivered"),
        (40100, "later"),
        (40132, "later"),
        (50000, "later"),
        (50002, "later"),
        (51001, "later"),
        (40102, "refused"),
        (40104, "refused"),
        (40105, "refused"),
        (40000, "poisoned"),
        (40001, "poisoned"),
        (40002, "poisoned"),
        (40061, "poisoned"),
        (40062, "poisoned"),
        (40063, "poisoned"),
        (99999, "unknown"),
    ] {
        let said = words("tiktok", 200, &json!({ "code": code, "message": "said" }));
        assert_eq!(said, verdict, "{code}");
    }
}

#[test]
fn others_tell_of_rows_in_their_own_way() {
    let linkedin = json!({ "elements": [{ "status": 201 }, { "status": 400 }, { "status": 429 }] });
    assert_eq!(words("linkedin", 200, &linkedin), "delivered rejected later");
    assert_eq!(words("linkedin", 201, &Value::Null), "delivered");
    let pinterest = json!({ "num_events_received": 3, "num_events_processed": 2, "events": [
        { "status": "processed" }, { "status": "failed", "error_message": "no" }, { "status": "processed" }] });
    for status in [200, 422] {
        assert_eq!(words("pinterest", status, &pinterest), "delivered rejected delivered");
    }
    for (said, verdict) in [("VALID", "delivered"), ("OK", "delivered"), ("INVALID", "poisoned")] {
        assert_eq!(words("snap", 200, &json!({ "status": said })), verdict);
    }
    let reddit = json!({ "error": { "message": "bad", "fields": [
        { "field": "data.events.1.event_at", "message": "too old" }] } });
    assert_eq!(words("reddit", 400, &reddit), "poisoned 1");
    assert_eq!(words("reddit", 200, &json!({ "data": {} })), "delivered");
    assert_eq!(words("x", 200, &json!({ "data": { "conversions_processed": 3 } })), "delivered");
    assert_eq!(words("openai-ads", 200, &json!({})), "delivered");
    assert_eq!(words("openai-ads", 422, &json!({ "error": { "message": "bad" } })), "poisoned");
    let quora = json!({ "events_received": 3, "events_errored": 2, "events": [
        { "index": 0, "status": 200 },
        { "index": 1, "status": 400, "error_code": "bad", "error_message": "no" },
        { "index": 2, "status": 500, "error_code": "x", "error_message": "later" }] });
    assert_eq!(words("quora", 200, &quora), "delivered rejected later");
    assert_eq!(
        words("quora", 207, &json!({ "events_received": 3, "events_errored": 0 })),
        "delivered"
    );
    assert_eq!(words("nextdoor", 200, &json!({})), "delivered");
}

#[test]
fn no_answer_makes_anything_panic() {
    use proptest::prelude::*;
    let ids = PLATFORMS.iter().chain(&["analytics", "hubspot"]);
    let destinations: Vec<Destination> = ids.map(|id| example(id)).collect();
    proptest!(ProptestConfig::with_cases(64), |(status in 100u16..600, body in ".{0,200}", rows in 0usize..5)| {
        for destination in &destinations {
            let platform = destination.kind.platform();
            let answer = Answer::new(status, &body);
            if let Answered::Each(each) = platform.classify(&answer, rows) {
                prop_assert!(each.len() <= rows.max(1));
            }
            platform.classify_question(&answer, &[0]);
        }
    });
}
