//! How fast logs are read, beside other tools in the same run.
//!
//! `cargo bench --bench read` makes a Postfix log and a message trace of `RELAYMETER_BENCH_MB` megabytes (default 200)
//! and times `relaymeter analyze` and whatever peers the machine has; the ratio is the figure to quote. Nothing fails
//! when it is slow. `cargo test` runs it once on one megabyte, so that it keeps working.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RELAYMETER: &str = env!("CARGO_BIN_EXE_relaymeter");
const RUNS: usize = 3;

/// Reads the sizes of a trace with Python's csv module: what a script would do.
const PYTHON_SUM: &str =
    "import csv,sys;print(sum(int(r['Size']) for r in csv.DictReader(open(sys.argv[1]))))";

struct Timing {
    wall: Duration,
    peak_kib: Option<u64>,
}

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let asked = std::env::var("RELAYMETER_BENCH_MB").ok().filter(|_| is_measured);
    let megabytes = asked.unwrap_or_else(|| if is_measured { "200" } else { "1" }.into());
    let folder = tempfile::tempdir().unwrap();
    let size = format!("{megabytes}MB");
    make(folder.path(), &["sample", "postfix", "--size", &size]);
    make(folder.path(), &["sample", "message-trace", "--shape", "get", "--size", &size]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, trace) = (path("postfix.log"), path("message-trace.csv"));
    compare(
        "Postfix log",
        &log,
        &[
            ("wc -l", &["wc", "-l", &log]),
            ("grep -c status=sent", &["grep", "-c", "status=sent", &log]),
            ("pflogsumm", &["pflogsumm", "--smtpd-stats", &log]),
        ],
    );
    compare(
        "Message trace (Get-MessageTrace CSV)",
        &trace,
        &[
            ("wc -l", &["wc", "-l", &trace]),
            ("python3 csv, sum of sizes", &["python3", "-c", PYTHON_SUM, &trace]),
        ],
    );
}

fn make(folder: &Path, arguments: &[&str]) {
    let done = Command::new(RELAYMETER).args(arguments).arg(folder).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn compare(what: &str, file: &str, peers: &[(&str, &[&str])]) {
    let bytes = std::fs::metadata(file).unwrap().len();
    println!("\n{what}, {:.0} MB", bytes as f64 / 1e6);
    println!("{:<28} {:>8} {:>8} {:>7} {:>9}", "", "s", "MB/s", "ratio", "peak MiB");
    let ours = best(&[RELAYMETER, "analyze", file, "--format", "json"]).unwrap();
    show("relaymeter analyze", bytes, &ours, &ours);
    for (name, command) in peers {
        match best(command) {
            Some(timing) => show(name, bytes, &timing, &ours),
            None => println!("{name:<28} not on this machine, or failed"),
        }
    }
}

fn show(name: &str, bytes: u64, timing: &Timing, ours: &Timing) {
    let seconds = timing.wall.as_secs_f64();
    let peak = timing.peak_kib.map_or("-".into(), |kib| format!("{:.0}", kib as f64 / 1024.0));
    let rate = bytes as f64 / 1e6 / seconds;
    let ratio = seconds / ours.wall.as_secs_f64();
    println!("{name:<28} {seconds:>8.2} {rate:>8.0} {ratio:>7.2} {peak:>9}");
}

/// The fastest of a few runs; `None` where the command does not exist or fails.
fn best(command: &[&str]) -> Option<Timing> {
    (0..RUNS).filter_map(|_| run(command)).min_by_key(|timing| timing.wall)
}

fn run(command: &[&str]) -> Option<Timing> {
    let start = Instant::now();
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut peak_kib = None;
    let status = loop {
        peak_kib = peak(child.id()).or(peak_kib);
        match child.try_wait().ok()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    status.success().then_some(Timing { wall: start.elapsed(), peak_kib })
}

/// Peak memory of a running process, where the system tells (Linux).
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
