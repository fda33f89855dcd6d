//! What a crash may leave behind: nothing. The memory holds callers' numbers, keys and tokens.

use nix::sys::resource::{Resource, setrlimit};

/// From now on neither this process nor those that it starts write their memory to a file when they crash, and only
/// root may look into this one's. What the system does not allow is left as it is: the unit file says the same.
pub fn forbid() {
    _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // A program that takes dumps from a pipe (core(5)) does not ask for that limit.
    #[cfg(target_os = "linux")]
    {
        _ = nix::sys::prctl::set_dumpable(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::resource::getrlimit;

    #[test]
    fn a_crash_leaves_nothing() {
        forbid();
        assert_eq!(getrlimit(Resource::RLIMIT_CORE), Ok((0, 0)));
        #[cfg(target_os = "linux")]
        assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
    }
}
