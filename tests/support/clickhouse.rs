//! A database in ClickHouse of a test's own: on the server that `CLICKHOUSE_URL` names (with user and password in it), or
//! else in the engine itself, behind `clickhouse_front.py`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ringtrace::config::model::{Config, WarehouseKind};
use ringtrace::platform::secret::Secret;
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// A database; it is gone with this.
pub struct TestClickHouse {
    url: Url,
    database: String,
    engine: Option<Engine>,
}

/// The engine behind its front.
struct Engine {
    process: Child,
    folder: TempDir,
}

impl TestClickHouse {
    /// How many worlds a property that asks hundreds of questions draws: planning one takes a tenth of a second.
    pub const CASES: u32 = 1;

    /// A new database on the server, or in a new engine.
    pub fn start() -> Self {
        let database = format!("ringtrace_{}", Uuid::now_v7().simple());
        match std::env::var("CLICKHOUSE_URL") {
            Ok(url) => {
                let url = url.parse().expect("CLICKHOUSE_URL is a URL");
                TestClickHouse { url, database, engine: None }
            }
            Err(_) => {
                let folder = tempfile::tempdir().expect("a folder");
                let (process, port) = start(folder.path(), None);
                let url = format!("http://127.0.0.1:{port}/").parse().expect("a URL");
                TestClickHouse { url, database, engine: Some(Engine { process, folder }) }
            }
        }
    }

    /// Makes `config` put facts here.
    pub fn configure(&self, config: &mut Config) {
        let (user, password) = self.login();
        let warehouse = &mut config.warehouse;
        warehouse.kind = WarehouseKind::Clickhouse;
        warehouse.url = self.address().into();
        warehouse.database.clone_from(&self.database);
        warehouse.user = user.to_owned();
        warehouse.password = Secret::new(password);
    }

    /// The same as a section of a configuration.
    pub fn toml(&self) -> String {
        let (user, password) = self.login();
        format!(
            "[warehouse]\nkind = \"clickhouse\"\nurl = \"{}\"\ndatabase = \"{}\"\nuser = \"{user}\"\npassword = \"{password}\"\n",
            self.address(),
            self.database
        )
    }

    /// The address without user and password.
    fn address(&self) -> Url {
        let mut url = self.url.clone();
        let _ = (url.set_username(""), url.set_password(None));
        url
    }

    fn login(&self) -> (&str, &str) {
        match self.url.username() {
            "" => ("default", ""),
            user => (user, self.url.password().unwrap_or_default()),
        }
    }

    /// Whether it can be stopped and started: a server of somebody else's cannot.
    pub fn is_own(&self) -> bool {
        self.engine.is_some()
    }

    /// Ends the engine, as a crash would; what was written stays.
    pub fn stop(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.process.kill().expect("killed");
            engine.process.wait().expect("ended");
        }
    }

    /// Starts the engine again, at the same address.
    pub fn start_again(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.process = start(engine.folder.path(), self.url.port()).0;
        }
    }
}

fn start(folder: &Path, port: Option<u16>) -> (Child, u16) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut process = Command::new(root.join(".venv/bin/python"))
        .arg(root.join("tests/support/clickhouse_front.py"))
        .arg(folder)
        .args(port.map(|port| port.to_string()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests' Python: scripts/setup python");
    let mut port = String::new();
    let said = process.stdout.take().expect("its output");
    BufReader::new(said).read_line(&mut port).expect("a port");
    (process, port.trim().parse().expect("a port: is chdb-core installed?"))
}

impl Drop for TestClickHouse {
    fn drop(&mut self) {
        match &mut self.engine {
            Some(engine) => {
                let _ = engine.process.kill();
                let _ = engine.process.wait();
            }
            None => drop_database(self.url.clone(), &self.database),
        }
    }
}

/// On a thread of its own: a test's runtime is ending.
fn drop_database(url: Url, database: &str) {
    let statement = format!("DROP DATABASE IF EXISTS `{database}`");
    let dropped = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let client = ringtrace::platform::tls::client_builder().build().expect("a client");
        runtime.block_on(client.post(url).body(statement).send()).map(|_| ())
    });
    let _ = dropped.join();
}
