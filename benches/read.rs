//! How fast logs are read, beside what one would use instead, in the same run.
//!
//! `cargo bench --bench read` makes samples of `RELAYMETER_BENCH_MB` megabytes each (default 200), asks
//! `relaymeter analyze` and its peers the same question of the same file in turn, and prints Markdown tables; the
//! ratio is the figure to quote. Peers that the machine does not have are said to be missing: `wc`, `rg`, `mawk`,
//! `pflogsumm`, `gzip`, `zstd`, and DuckDB and polars for the Python that `RELAYMETER_BENCH_PYTHON` names (default
//! `python3`). Nothing fails when it is slow. `cargo test` runs it once on one megabyte, so that it keeps working.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RELAYMETER: &str = env!("CARGO_BIN_EXE_relaymeter");
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/");
/// Runs of each command, of which the fastest counts; commands take turns.
const RUNS: usize = 3;

/// Something that answers a question of a file.
struct Peer {
    name: &'static str,
    command: Vec<String>,
    /// Of those that take minutes once must do.
    runs: usize,
}

fn peer(name: &'static str, command: &[&str]) -> Peer {
    Peer { name, command: command.iter().map(|&part| part.to_owned()).collect(), runs: RUNS }
}

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let asked = std::env::var("RELAYMETER_BENCH_MB").ok().filter(|_| is_measured);
    let megabytes = asked.unwrap_or_else(|| if is_measured { "200" } else { "1" }.into());
    let folder = tempfile::tempdir().unwrap();
    let make = |arguments: &[&str], name: &str| {
        let done = Command::new(RELAYMETER)
            .arg("sample")
            .args(arguments)
            .args(["--size", &format!("{megabytes}MB")])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let python = std::env::var("RELAYMETER_BENCH_PYTHON").unwrap_or_else(|_| "python3".into());
    println!("Machine: {}\n", machine());
    postfix(&make(&["postfix"], "postfix.log"));
    let trace = make(&["message-trace"], "message-trace.csv");
    message_trace(&trace, &python);
    ledger(&trace, &folder.path().join("ledger"), &python);
    let log = make(&["exchange-tracking"], "exchange-tracking.log");
    let script = format!("{PEERS}exchange_tracking.py");
    let duckdb = |name, question| peer(name, &[&python, &script, question, &log]);
    let full = duckdb("DuckDB, the same question", "full");
    compare(
        "Exchange message tracking",
        &log,
        vec![wc(&log), full, duckdb("DuckDB, plain roll-up", "roll-up")],
    );
    let log = make(&["acs-diagnostics"], "acs-diagnostics.jsonl");
    let script = format!("{PEERS}acs_diagnostics.py");
    let engine = |name, engine| peer(name, &[&python, &script, engine, &log]);
    let engines =
        [engine("DuckDB, the same question", "duckdb"), engine("polars, the same question", "polars")];
    compare("ACS diagnostic logs", &log, [wc(&log)].into_iter().chain(engines).collect());
}

fn wc(file: &str) -> Peer {
    peer("wc -l", &["wc", "-l", file])
}

fn postfix(log: &str) {
    let awk = format!("{PEERS}postfix.awk");
    let peers = vec![
        wc(log),
        peer("rg -c status=sent", &["rg", "-c", "status=sent", log]),
        peer("mawk, join by queue id", &["mawk", "-f", &awk, log]),
        Peer { runs: 1, ..peer("pflogsumm", &["pflogsumm", "--smtpd-stats", log]) },
    ];
    compare("Postfix log", log, peers);
    for (name, tool) in [("Postfix log, gzip", "gzip"), ("Postfix log, zstd", "zstd")] {
        let packed = format!("{log}.{}", if tool == "gzip" { "gz" } else { "zst" });
        let done = Command::new(tool).args(["-kfq", log]).stderr(Stdio::null()).status();
        if done.is_ok_and(|status| status.success()) {
            let alone = if tool == "gzip" { "gzip -dc" } else { "zstd -dc" };
            compare(name, &packed, vec![peer(alone, &[tool, "-dc", &packed])]);
        }
    }
}

fn message_trace(trace: &str, python: &str) {
    let script = format!("{PEERS}message_trace.py");
    let engine = |name, engine, question| peer(name, &[python, &script, engine, question, trace]);
    let peers = vec![
        wc(trace),
        engine("DuckDB, the same question", "duckdb", "full"),
        engine("DuckDB, plain roll-up", "duckdb", "roll-up"),
        engine("polars, the same question", "polars", "full"),
        engine("polars, plain roll-up", "polars", "roll-up"),
    ];
    compare("Message trace (Get-MessageTrace CSV)", trace, peers);
}

/// A ledger read back, beside the same Parquet in DuckDB.
fn ledger(trace: &str, folder: &Path, python: &str) {
    let folder = folder.to_str().unwrap();
    let done = Command::new(RELAYMETER).args(["ingest", trace, "--ledger", folder]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let script = format!("{PEERS}ledger.py");
    let ours = peer(
        "relaymeter analyze --ledger",
        &[RELAYMETER, "analyze", "--ledger", folder, "--by", "month,sender-domain"],
    );
    let duckdb = peer("DuckDB, the same question", &[python, &script, folder]);
    println!("Ledger of that trace, by month and sender domain\n");
    print(vec![ours, duckdb], bytes_below(Path::new(folder)));
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let data = entry.metadata().unwrap();
            if data.is_dir() { bytes_below(&entry.path()) } else { data.len() }
        })
        .sum()
}

/// Prints how long each takes for the file, and how that stands to our time.
fn compare(what: &str, file: &str, peers: Vec<Peer>) {
    let bytes = std::fs::metadata(file).unwrap().len();
    println!("{what}, {:.0} MB\n", bytes as f64 / 1e6);
    let by = ["analyze", file, "--by", "hour,sender-domain,sender", "--top", "10"];
    let ours = peer("relaymeter analyze", &[&[RELAYMETER][..], &by].concat());
    print([ours].into_iter().chain(peers).collect(), bytes);
}

/// Runs all in turn and prints their times beside that of the first.
fn print(all: Vec<Peer>, bytes: u64) {
    println!("| | s | MB/s | times ours | peak MiB |\n|---|---:|---:|---:|---:|");
    let mut best: Vec<Option<Timing>> = all.iter().map(|_| None).collect();
    for turn in 0..RUNS {
        for (peer, best) in all.iter().zip(&mut best) {
            if turn < peer.runs {
                let known = best.take();
                *best = known.into_iter().chain(run(&peer.command)).min_by_key(|timing| timing.wall);
            }
        }
    }
    let ours = best[0].as_ref().unwrap().wall.as_secs_f64();
    for (peer, timing) in all.iter().zip(&best) {
        let Some(timing) = timing else {
            println!("| {} | not on this machine, or failed | | | |", peer.name);
            continue;
        };
        let seconds = timing.wall.as_secs_f64();
        let peak = timing.peak_kib.map_or("-".into(), |kib| format!("{:.0}", kib as f64 / 1024.0));
        let (rate, ratio) = (bytes as f64 / 1e6 / seconds, seconds / ours);
        println!("| {} | {seconds:.2} | {rate:.0} | {ratio:.2} | {peak} |", peer.name);
    }
    println!();
}

struct Timing {
    wall: Duration,
    peak_kib: Option<u64>,
}

/// One run; `None` where the command does not exist or fails.
fn run(command: &[String]) -> Option<Timing> {
    let start = Instant::now();
    let mut child = Command::new(&command[0])
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
    number_after("VmHWM:", Path::new(&format!("/proc/{process}/status")))?.parse().ok()
}

/// Cores and processor, as far as the system tells.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    format!("{cores} cores, {}", processor.as_deref().unwrap_or("an unknown processor"))
}

/// The first word behind a label at the start of a line.
fn number_after(label: &str, file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(label))?;
    line.split_whitespace().nth(1).map(str::to_owned)
}
