//! A disk that fills while calls come in. Files may not grow any more (`prlimit --fsize=0`), for the
//! service and for its Redis: every write fails, as on a full disk.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use crate::support::service::{Answer, Service, redis_pids};

/// Lets files of the process grow up to `limit`: `0` or `unlimited`.
fn limit_files(pid: Pid, limit: &str) {
    let limit = format!("--fsize={limit}:unlimited");
    let set = Command::new("prlimit").arg("--pid").arg(pid.to_string()).arg(limit).status();
    assert!(set.expect("prlimit is installed").success());
}

fn fields<'a>(sid: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("CallSid", sid), ("From", "+14155550123"), ("To", "+14155550150")];
    fields.extend(more);
    fields
}

/// A call arrives: whatever fails, the caller is forwarded, and soon.
async fn arrives(service: &Service, sid: &str) {
    let asked = Instant::now();
    let ringing = [("CallStatus", "ringing")];
    let Answer::Told(status, text) = service.twilio("voice", &fields(sid, &ringing)).await else {
        panic!("nobody answers");
    };
    assert_eq!(status, 200);
    assert!(text.contains("+14155550111"), "not forwarded: {text}");
    assert!(asked.elapsed() < Duration::from_secs(3), "the caller waits {:?}", asked.elapsed());
}

/// The call's end, sent until it is taken.
async fn ends(service: &Service, sid: &str) {
    let dial = fields(sid, &[("DialCallStatus", "completed"), ("DialCallDuration", "95")]);
    let status = fields(sid, &[("CallStatus", "completed")]);
    for (event, fields) in [("dial", dial), ("status", status)] {
        until("a report is taken", async || {
            matches!(service.twilio(event, &fields).await, Answer::Told(200 | 204, _))
        })
        .await;
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < end, "{what} did not happen in time");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn open_files(pid: Pid) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its open files").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_disk_is_full_and_all_is_well_once_it_is_not() {
    let mut service = Service::start("").await;
    let redis = redis_pids(&service.data());
    let [redis] = redis[..] else { panic!("one private Redis, not {redis:?}") };
    arrives(&service, "CA-before").await;

    // The spool cannot be written, Redis can.
    limit_files(service.pid(), "0");
    let files = open_files(service.pid());
    for number in 0..40 {
        arrives(&service, &format!("CA-full-{number}")).await;
    }
    assert_eq!(service.calls().await.expect("a list").len(), 41, "Redis has them");
    assert!(service.metric("ringtrace_spool_failures_total").await >= 40.0);
    let opened = open_files(service.pid()).saturating_sub(files);
    assert!(opened < 20, "{opened} files more are open");

    // Neither can.
    limit_files(redis, "0");
    for number in 0..5 {
        arrives(&service, &format!("CA-fuller-{number}")).await;
    }
    until("Redis notices", async || {
        let said = service.twilio("status", &fields("CA-lost", &[("CallStatus", "completed")]));
        matches!(said.await, Answer::Told(503, _))
    })
    .await;
    assert!(service.metric("ringtrace_webhooks_total").await > 45.0);

    limit_files(service.pid(), "unlimited");
    limit_files(redis, "unlimited");
    arrives(&service, "CA-after").await;
    for sid in ["CA-before", "CA-full-0", "CA-fuller-0", "CA-after"] {
        ends(&service, sid).await;
    }
    until("the ends are recorded", async || {
        let calls = service.calls().await.unwrap_or_default();
        let ended = |sid: &str| {
            let mut ids = calls.iter().filter(|call| call["provider_call_id"] == sid);
            ids.next().is_some_and(|call| call["status"] == "answered" && call["talk_s"] == 95)
        };
        ["CA-before", "CA-full-0", "CA-fuller-0", "CA-after"].into_iter().all(ended)
    })
    .await;
    // What comes from now on survives a crash again, also in the report.
    arrives(&service, "CA-last").await;
    service.kill();
    service.start_again().await;
    let calls = service.calls().await.expect("a list").len();
    until("the report counts them", async || {
        let report = service.json("/v1/reports/sources").await.unwrap_or_default();
        report["totals"]["calls"] == calls
    })
    .await;
    let calls = service.calls().await.expect("a list");
    assert!(calls.iter().any(|call| call["provider_call_id"] == "CA-last"));
}
