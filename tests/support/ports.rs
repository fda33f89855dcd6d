//! Ports for servers that are told one before they listen.

use std::fs::{File, TryLockError, create_dir_all};
use std::net::TcpListener;
use std::sync::Mutex;

/// Below the range the kernel hands out of itself (`ip_local_port_range`, 32768 and up), so that
/// neither a connection nor a listener on port 0 is ever given one of them.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// The locks of this process' ports. They are kept until it ends: a server that was stopped is
/// started on its port again.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port of this process alone, that nobody listens on.
///
/// Whoever asks the kernel for a free port and closes it may find another test's service there:
/// it answers like one's own, until that test ends.
pub fn free_port() -> u16 {
    let folder = std::env::temp_dir().join("ringtrace-test-ports");
    create_dir_all(&folder).expect("a folder of locks");
    let span = RANGE.end - RANGE.start;
    for _ in 0..span {
        let port = RANGE.start + rand::random::<u16>() % span;
        let lock = File::create(folder.join(port.to_string())).expect("a lock");
        match lock.try_lock() {
            Ok(()) if TcpListener::bind(("127.0.0.1", port)).is_ok() => {
                TAKEN.lock().expect("nobody panics with it").push(lock);
                return port;
            }
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => panic!("a port cannot be locked: {error}"),
        }
    }
    panic!("every port is taken");
}
