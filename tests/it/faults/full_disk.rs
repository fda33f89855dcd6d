//! A disk that is really full, below spool, Redis, warehouse and segments at once: a small tmpfs, which only root can make.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::load::{Load, Platform, reckon, story};
use super::{how_many, until};
use crate::support::service::{Answer, Plan, Service};

/// A mounted tmpfs; dropping it unmounts it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount.
    fn mounted(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a folder");
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at).output();
        let is_mounted = mounted.is_ok_and(|done| done.status.success());
        is_mounted.then(|| SmallDisk(at.to_owned()))
    }

    /// Takes all that is left; the file that does.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
        let of = format!("of={}", ballast.display());
        let filled = Command::new("dd").args(["if=/dev/zero", &of, "bs=4k"]).output();
        assert!(!filled.expect("dd runs").status.success(), "it never became full");
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Those who have files there were killed before.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_get_through_a_full_disk_and_calls_are_counted_once_there_is_room() {
    let calls = how_many(60, 400);
    let platform = Platform::start().await;
    let mut service = Service::prepared(&platform.conversions(), &[]);
    let Some(disk) = SmallDisk::mounted(&service.data(), "48m") else {
        println!("not root: nothing can be mounted, and the test of file limits has to do");
        return;
    };
    service.start_again().await;
    let load = |calls| Plan { calls, at_a_time: 30, ..service.plan() };
    let seen = Load::start(load(0..calls)).end().await;
    assert_eq!(seen.errors, [""; 0]);

    let ballast = disk.fill();
    let began = Instant::now();
    let mut refused = 0;
    for number in calls..calls + 40 {
        let (event, fields) = story(number, "+14155550150").swap_remove(0);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        match service.twilio(event, &fields).await {
            Answer::Told(200, text) => assert!(text.contains("+14155550111"), "{text}"),
            Answer::Told(..) | Answer::Nobody => refused += 1,
        }
    }
    assert_eq!(refused, 0, "every caller is forwarded");
    let each = began.elapsed() / 40;
    tokio::time::sleep(Duration::from_secs(2)).await;
    std::fs::remove_file(ballast).expect("room is made");
    let freed = Instant::now();
    // Told once more, the end of a call that is over changes nothing.
    let (event, fields) = story(0, "+14155550150").pop().expect("an end");
    let probe: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    until("the spool takes events again", Duration::from_secs(20), async || {
        match service.twilio(event, &probe).await {
            Answer::Told(200 | 204, _) => Ok(()),
            Answer::Told(status, text) => Err(format!("{status} {text}")),
            Answer::Nobody => Err("nobody answers".to_owned()),
        }
    })
    .await;
    println!(
        "a caller waited {each:?}; events are taken {:?} after there was room",
        freed.elapsed()
    );
    // The provider tells the rest of the story of those who called meanwhile.
    let seen = Load::start(load(calls..calls + 40)).end().await;
    assert_eq!(seen.errors, [""; 0]);
    reckon(&service, &platform, calls + 40).await;
    service.kill();
    service.kill_redis();
}
