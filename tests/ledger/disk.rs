//! Disks that are full, and writes that fail: an error that names the file, and the ledger as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use relaymeter::ledger::Writer;

use super::{add, sound_batches};

/// A small disk, as long as it lives.
struct Disk(PathBuf);

impl Disk {
    /// `None` where the test may not mount one.
    fn new(folder: &Path) -> Option<Disk> {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Disk(folder.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).output());
    }
}

#[test]
fn a_full_disk_leaves_the_ledger_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(folder.path()) else {
        eprintln!("skipped: no small disk can be mounted here (that takes root on Linux)");
        return;
    };
    let (ledger, filler) = (disk.0.join("ledger"), disk.0.join("filler"));
    let mut count = 0;
    let (mut failed, mut done) = (0, 0);
    let block = vec![1; 1024 * 1024];
    for room in (0..200_000).step_by(4_096).chain([1024 * 1024]) {
        drop(fs::write(&filler, &block));
        let length = fs::metadata(&filler).unwrap().len();
        fs::File::options().write(true).open(&filler).unwrap().set_len(length.saturating_sub(room)).unwrap();
        match Writer::open(&ledger).and_then(|writer| add(writer, count)) {
            Ok(_) => (count, done) = (count + 1, done + 1),
            Err(error) => {
                failed += 1;
                let error = error.to_string();
                assert!(error.starts_with(&disk.0.display().to_string()), "{error}");
                assert!(error.contains("No space left on device"), "{error}");
            }
        }
        fs::remove_file(&filler).unwrap();
        if ledger.join("state/manifest.json").exists() {
            assert_eq!(sound_batches(&ledger), count, "with room for {room} bytes");
        }
    }
    eprintln!("full disks: {failed} batches failed, {done} had room");
    assert!(failed > 5 && done > 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_leaves_the_ledger_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path();
    drop(add(Writer::open(ledger).unwrap(), 0).unwrap());
    let files = [
        "state/staging/submissions-day=2026-10-03-000002-0.parquet",
        "state/staging/manifest.json",
        "state/staging/README.md",
        "state/commit.new",
    ];
    for file in files {
        let writer = Writer::open(ledger).unwrap();
        fs::create_dir_all(ledger.join("state/staging")).unwrap();
        std::os::unix::fs::symlink("/dev/full", ledger.join(file)).unwrap();
        let error = add(writer, 1).unwrap_err().to_string();
        let path = ledger.join(file);
        assert_eq!(
            error,
            format!("{}: cannot be written: No space left on device (os error 28)", path.display())
        );
        assert!(!path.exists() && !ledger.join("state/staging").exists());
        assert_eq!(sound_batches(ledger), 1);
    }
    drop(add(Writer::open(ledger).unwrap(), 1).unwrap());
    assert_eq!(sound_batches(ledger), 2);
}
