//! Where words go: results to stdout or `--output`, remarks and errors to stderr.
//!
//! A closed pipe ends the program quietly. Text that may come from a log is made harmless before it reaches a
//! terminal. What a result says is left to the commands, how it looks to `report`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;

use super::Body;
use crate::report::{Writer, harmless};

/// Writes a result to `--output` or stdout.
pub(super) fn write(body: Body, writer: &dyn Writer, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => write_file(body, writer, path).with_context(|| format!("{}", path.display())),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            produce(body, writer, &mut out)?;
            Ok(out.flush()?)
        }
    }
}

fn produce(body: Body, writer: &dyn Writer, out: &mut dyn Write) -> anyhow::Result<()> {
    match body {
        Body::Report(report) => Ok(writer.write(&report, out)?),
        Body::Stream(produce) => produce(out),
    }
}

/// Writes beside the file and renames, so that a failure leaves what was there; a device is written as it is.
fn write_file(body: Body, writer: &dyn Writer, path: &Path) -> anyhow::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.exists() && !target.is_file() {
        let mut out = BufWriter::new(File::options().write(true).open(&target)?);
        produce(body, writer, &mut out)?;
        return Ok(out.flush()?);
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = temporary(folder.unwrap_or(Path::new(".")), &target)?;
    let mut out = BufWriter::new(file);
    produce(body, writer, &mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(&target).map_err(|failed| failed.error)?;
    Ok(())
}

/// A new file with the permissions that the finished one shall have.
fn temporary(folder: &Path, target: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let kept = target.metadata().ok().map(|metadata| metadata.permissions());
    #[cfg(unix)]
    let kept = kept.or_else(|| Some(std::os::unix::fs::PermissionsExt::from_mode(0o666)));
    if let Some(permissions) = kept {
        builder.permissions(permissions);
    }
    builder.prefix(".relaymeter-").tempfile_in(folder)
}

/// Shows remarks, one line each.
pub(super) fn show_warnings(warnings: &[String]) {
    let mut err = io::stderr().lock();
    for warning in warnings {
        // Nobody is left to be told where stderr is closed.
        let _ = writeln!(err, "warning: {}", harmless(warning));
    }
}

/// Shows an error and says which exit code it means.
pub(super) fn show_error(error: &anyhow::Error) -> u8 {
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        return match usage.print() {
            Err(failed) if failed.kind() != io::ErrorKind::BrokenPipe => 1,
            _ => u8::try_from(usage.exit_code()).unwrap_or(2),
        };
    }
    if is_broken_pipe(error) {
        return 0;
    }
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{}", message(error));
    1
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// The chain of causes on one line; further lines of a cause, such as hints, on their own after it.
fn message(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let first = |cause: &String| cause.lines().next().map(harmless).unwrap_or_default();
    let chain: Vec<String> = causes.iter().map(first).collect();
    let further = causes.iter().flat_map(|cause| cause.lines().skip(1));
    let lines: Vec<String> = further.map(|line| format!("\n{}", harmless(line))).collect();
    format!("error: {}{}", chain.join(": "), lines.concat())
}
