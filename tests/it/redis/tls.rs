//! A Redis that speaks TLS alone, with a certificate of an authority of its own and an ACL user.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::support::ports::free_port;
use crate::support::servers::until;

/// The server; dropping it kills it.
struct Secured {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the authority's certificate, and the server's for `localhost` with its key.
fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).expect("an authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("it signs itself");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a server");
    let server = server.signed_by(&key, &authority).expect("it is signed");
    for (name, text) in [
        ("ca.pem", authority.pem()),
        ("server.pem", server.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).expect("it can be written");
    }
}

impl Secured {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        certificates(folder.path());
        let users = "user default off\nuser rt on >secret ~* &* +@all\n";
        fs::write(folder.path().join("users.acl"), users).expect("it can be written");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let port = free_port();
        let port_text = port.to_string();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port_text])
            .args(["--tls-cert-file", &file("server.pem"), "--tls-key-file", &file("key.pem")])
            .args(["--tls-ca-cert-file", &file("ca.pem"), "--tls-auth-clients", "no"])
            .args(["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"])
            .args(["--aclfile", &file("users.acl")])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server must be installed for the tests");
        let secured = Secured { child, port, folder };
        let up = || std::net::TcpStream::connect(("127.0.0.1", port)).ok();
        until("the server", async || up()).await;
        secured
    }

    /// What `ringtrace check` says of a Redis reached as `login`, trusting the authority or not.
    fn check(&self, login: &str, trusting: bool) -> Output {
        let config = self.folder.path().join("ringtrace.toml");
        let url = format!("rediss://{login}localhost:{}", self.port);
        fs::write(&config, format!("[redis]\nurl = \"{url}\"\n")).expect("it can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
        command.arg("check").arg("--config").arg(&config).current_dir(self.folder.path());
        command.env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
        if trusting {
            command.env("SSL_CERT_FILE", self.folder.path().join("ca.pem"));
        }
        command.output().expect("it runs")
    }
}

#[tokio::test]
async fn an_acl_user_over_tls_is_let_in_and_nobody_else() {
    let redis = Secured::start().await;
    let said = |output: &Output| {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        String::from_utf8_lossy(&text).into_owned()
    };
    let good = redis.check("rt:secret@", true);
    assert!(good.status.success(), "{}", said(&good));
    for (login, trusting) in [("rt:wrong@", true), ("", true), ("rt:secret@", false)] {
        let bad = redis.check(login, trusting);
        assert!(!bad.status.success(), "{login} {trusting}: {}", said(&bad));
        assert!(said(&bad).contains("redis.url"), "{}", said(&bad));
        assert!(!said(&bad).contains("secret"), "a password is told: {}", said(&bad));
    }
}
