//! Whose files are: what people said, sealed numbers and keys are for whoever runs this alone.

use nix::sys::stat::{Mode, umask};

/// From now on every file and folder that this process makes, and those that it starts make, can be read by their owner
/// alone, whatever the shell said.
pub fn keep_to_owner() {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nobody_else_reads_what_is_written() {
        keep_to_owner();
        let folder = tempfile::tempdir().expect("a folder");
        let (inner, file) = (folder.path().join("inner"), folder.path().join("file"));
        std::fs::create_dir(&inner).expect("a folder");
        std::fs::write(&file, "x").expect("a file");
        for path in [inner, file] {
            let mode = std::fs::metadata(&path).expect("its rights").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{path:?}");
        }
    }
}
