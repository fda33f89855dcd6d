//! The real binary, `ringtrace serve`, as a process that can be killed.

use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::platform::tls::client_builder;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::app::{configuration, twilio_signature};
use crate::support::ports::free_port;

/// A `ringtrace serve` of the test's own, with its configuration and data in one folder.
pub struct Service {
    /// `http://127.0.0.1:<port>`
    pub base: String,
    /// The client that the helpers use.
    pub client: reqwest::Client,
    folder: TempDir,
    environment: Vec<(String, String)>,
    process: Option<Child>,
}

/// What load is put on a service, and for how long.
#[derive(Clone)]
pub struct Plan {
    /// `http://127.0.0.1:<port>` of the service or of what stands before it.
    pub base: String,
    /// The base that webhooks are signed for.
    pub signed_for: String,
    pub calls: Range<usize>,
    /// Calls on the line at a time.
    pub at_a_time: usize,
    /// Longest pause between two webhooks of a call.
    pub pause: Duration,
    /// Whether nobody may answer for a while.
    pub may_die: bool,
}

/// What a webhook got.
pub enum Answer {
    /// Status and body.
    Told(u16, String),
    /// No connection, or it broke: nobody serves.
    Nobody,
}

impl Service {
    /// Starts the configuration of [`configuration`] with `more` at the end of its site `one`.
    pub async fn start(more: &str) -> Self {
        Self::start_with(more, &[]).await
    }

    /// The same with these environment variables.
    pub async fn start_with(more: &str, environment: &[(&str, &str)]) -> Self {
        let mut service = Self::prepared(more, environment);
        service.start_again().await;
        service
    }

    /// The same, not started yet.
    pub fn prepared(more: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let data = folder.path().join("data").display().to_string();
        let text = configuration(&data, port, &["0190", "0191"]);
        let next_site = "[[sites]]\nid = \"two\"";
        let text = text.replace(next_site, &format!("{more}{next_site}"));
        std::fs::write(folder.path().join("ringtrace.toml"), text).expect("it is written");
        let client = client_builder().timeout(Duration::from_secs(5)).build().expect("a client");
        let base = format!("http://127.0.0.1:{port}");
        let set = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let mut environment: Vec<(String, String)> = environment.iter().map(set).collect();
        // Many page views come from one address.
        for limit in ["SNIPPET_PER_MINUTE", "SNIPPET_BURST"] {
            environment.push((format!("RINGTRACE__LIMITS__{limit}"), "1000000".to_owned()));
        }
        Service { base, client, folder, environment, process: None }
    }

    /// Takes the keys of `other`, so that tokens of one are good at the other. Not started yet.
    pub fn share_keys_of(&self, other: &Service) {
        std::fs::create_dir_all(self.data()).expect("a data folder");
        for file in std::fs::read_dir(other.data()).expect("its data folder") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|kind| kind == "key") {
                let name = path.file_name().expect("a name");
                std::fs::copy(&path, self.data().join(name)).expect("a copy");
            }
        }
    }

    /// Load on it, without calls yet.
    pub fn plan(&self) -> Plan {
        Plan {
            base: self.base.clone(),
            signed_for: self.base.clone(),
            calls: 0..0,
            at_a_time: 1,
            pause: Duration::ZERO,
            may_die: false,
        }
    }

    /// Starts it on the same folder and waits until it is ready.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        // A shell that ignores SIGXFSZ, and so does what it becomes: a file that may not grow is
        // then an error like a full disk, and not the end.
        let process = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" serve --config ringtrace.toml"])
            .arg(env!("CARGO_BIN_EXE_ringtrace"))
            .current_dir(self.folder.path())
            .env("RINGTRACE__LOG__FILTER", log_filter())
            // Claims of a killed process run out after 3 × 1 s + 10 s.
            .env("RINGTRACE__POSTBACK__TIMEOUT", "1s")
            .env("RINGTRACE__POSTBACK__CONNECT_TIMEOUT", "1s")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .spawn()
            .expect("the binary starts");
        self.process = Some(process);
        let end = Instant::now() + Duration::from_secs(20);
        while !self.is_ready().await {
            let process = self.process.as_mut().expect("it was started");
            if let Ok(Some(status)) = process.try_wait() {
                panic!("the service ended with {status}");
            }
            assert!(Instant::now() < end, "the service is not ready in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn is_ready(&self) -> bool {
        let asked = self.client.get(format!("{}/readyz", self.base)).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    }

    /// SIGKILL: nothing is finished, nothing is told to its Redis.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ended");
        }
    }

    /// SIGTERM, and waits until it ended.
    pub async fn end(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let pid = Pid::from_raw(i32::try_from(process.id()).expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("it can be signalled");
        let ended = tokio::task::spawn_blocking(move || process.wait());
        let status = ended.await.expect("it is waited for").expect("it ended");
        assert!(status.success(), "it ends in order: {status}");
    }

    /// SIGKILL for its Redis; `false` when none runs just now.
    pub fn kill_redis(&self) -> bool {
        let pids = redis_pids(&self.data());
        pids.iter().filter(|pid| kill(**pid, Signal::SIGKILL).is_ok()).count() > 0
    }

    /// Its own process id.
    pub fn pid(&self) -> Pid {
        let process = self.process.as_ref().expect("it runs");
        Pid::from_raw(i32::try_from(process.id()).expect("a process id"))
    }

    /// The data folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A webhook of site `one`, signed as Twilio does.
    pub fn twilio(
        &self,
        event: &str,
        fields: &[(&str, &str)],
    ) -> impl Future<Output = Answer> + use<> {
        send_twilio(self.client.clone(), (&self.base, &self.base), event, fields)
    }

    /// GET with the key that may do everything; the answer's JSON, `None` when there is none.
    pub async fn json(&self, path: &str) -> Option<Value> {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth("rt_admin");
        request.send().await.ok()?.json().await.ok()
    }

    /// Every call of `/v1/calls`, over all pages.
    pub async fn calls(&self) -> Option<Vec<Value>> {
        let mut calls = Vec::new();
        let mut path = "/v1/calls?limit=200".to_owned();
        loop {
            let page = self.json(&path).await?;
            calls.extend(page["calls"].as_array()?.iter().cloned());
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/calls?limit=200&cursor={next}"),
                None => return Some(calls),
            }
        }
    }

    /// The value of a counter, over all its labels; 0 when it was never counted.
    pub async fn metric(&self, name: &str) -> f64 {
        let asked = self.client.get(format!("{}/metrics", self.base)).send().await;
        let text = asked.expect("an answer").text().await.expect("a text");
        let lines = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))
        });
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
        self.kill_redis();
    }
}

fn log_filter() -> String {
    std::env::var("RINGTRACE_TEST_LOG").unwrap_or_else(|_| "off".to_owned())
}

/// One webhook of site `one` to the service at `base`, signed for the address at which the world knows it.
pub fn send_twilio(
    client: reqwest::Client,
    (base, signed_for): (&str, &str),
    event: &str,
    fields: &[(&str, &str)],
) -> impl Future<Output = Answer> + use<> {
    let path = format!("/v1/telephony/twilio/one/{event}");
    let signature = twilio_signature(&format!("{signed_for}{path}"), fields);
    let url = format!("{base}{path}");
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    async move {
        let request = client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature)
            .body(body);
        let Ok(answer) = request.send().await else { return Answer::Nobody };
        let status = answer.status().as_u16();
        match answer.text().await {
            Ok(text) => Answer::Told(status, text),
            Err(_) => Answer::Nobody,
        }
    }
}

/// The `redis-server`s that work in the data folder `data`.
pub fn redis_pids(data: &Path) -> Vec<Pid> {
    let Ok(folder) = data.join("redis").canonicalize() else { return Vec::new() };
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let redis = processes.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        let works_here = std::fs::read_link(entry.path().join("cwd")).ok()? == folder;
        let is_redis = String::from_utf8_lossy(&command).contains("redis-server");
        (works_here && is_redis).then_some(Pid::from_raw(pid))
    });
    redis.collect()
}
