//! A writer that is killed at random moments: what it committed is there, wholly, and the next command opens the ledger
//! by itself.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use relaymeter::ledger::{Kind, Store, Writer, compact};

use super::{Random, add, batches, sound_batches};

/// The ledger to which the process writes until it is killed.
const FOLDER: &str = "RELAYMETER_TEST_KILLED_LEDGER";
const KILLS: u64 = 100;

/// What is killed: not a test of its own. It adds batch after batch, and merges files now and then.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let mut writer = Writer::open(folder).unwrap();
    let last = writer.files(Kind::Unfinished).next();
    let mut number = last.map_or(0, |file| writer.submissions(file).unwrap()[0].line);
    loop {
        writer = add(writer, number).unwrap();
        number += 1;
        if number.is_multiple_of(4) {
            drop(writer);
            compact(folder).unwrap();
            writer = Writer::open(folder).unwrap();
        }
    }
}

#[test]
fn a_writer_killed_at_a_hundred_moments_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(17);
    let (mut before, mut ended, mut begun) = (0, 0, 0);
    for round in 0..KILLS {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "kill::writes_until_it_is_killed", "--nocapture"]);
        command.env(FOLDER, folder.path()).stdout(Stdio::null());
        let mut writer = command.spawn().unwrap();
        // Once it is at work, at any moment; of three times one within a commit, which else is a small part of the time.
        let start = Instant::now();
        let record = folder.path().join("state/commit.json");
        let staging = folder.path().join("state/staging");
        let (sign, most) = if round % 3 == 0 { (&record, 1_500) } else { (&staging, 40_000) };
        while !sign.exists() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_micros(50));
        }
        thread::sleep(Duration::from_micros(random.below(most)));
        writer.kill().unwrap();
        assert!(writer.wait().unwrap().code().is_none(), "the writer ended by itself");
        ended += u64::from(record.exists());
        begun += u64::from(staging.exists());
        if !folder.path().join("state/manifest.json").exists() && !record.exists() {
            continue;
        }
        if round % 2 == 0 {
            // The next is a writer; else a reader.
            drop(Writer::open(folder.path()).unwrap());
        }
        let after = sound_batches(folder.path());
        assert!(after >= before, "{before} batches became {after}");
        before = after;
    }
    assert!(!folder.path().join("state/commit.json").exists());
    eprintln!(
        "{KILLS} kills: {before} batches; {begun} batches were under way, {ended} commits ended by the next"
    );
    assert!(ended > 0 && begun > ended && before > 0);
    assert_eq!(batches(&Store::open(folder.path()).unwrap()), before);
}
