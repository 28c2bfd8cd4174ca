//! Where words go: results to stdout or `--output`, remarks and errors to stderr.
//!
//! A closed pipe ends the program quietly. Text that may come from a log is made harmless before it reaches a
//! terminal. What a result says is left to the commands, how it looks to `report`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;

use super::Body;
use super::result_files::STREAM;
use crate::report::{Writer, harmless};

/// Writes a result to `--output` or stdout. A reader that closed the pipe has seen what it wanted.
pub(super) fn write(body: Body, writer: &dyn Writer, file: Option<&Path>) -> anyhow::Result<()> {
    let result = match file.filter(|path| *path != Path::new(STREAM)) {
        Some(path) => {
            write_file(body, writer, path).with_context(|| format!("{}: cannot be written", path.display()))
        }
        None => write_to(BufWriter::new(io::stdout().lock()), body, writer).context("cannot write"),
    };
    match result {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        result => result,
    }
}

fn write_to(mut out: impl Write, body: Body, writer: &dyn Writer) -> anyhow::Result<()> {
    produce(body, writer, &mut out)?;
    Ok(out.flush()?)
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
        return write_to(BufWriter::new(File::options().write(true).open(&target)?), body, writer);
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
pub(super) fn temporary(folder: &Path, target: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let kept = target.metadata().ok().map(|metadata| metadata.permissions());
    #[cfg(unix)]
    let kept = kept.or_else(|| Some(std::os::unix::fs::PermissionsExt::from_mode(0o666)));
    if let Some(permissions) = kept {
        builder.permissions(permissions);
    }
    builder.prefix(".relaymeter-").tempfile_in(folder).map_err(without_path)
}

/// The system's error alone: tempfile appends the name of the temporary file, which says nothing to the user.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    io::Error::new(error.kind(), text.split(" at path ").next().unwrap_or_default())
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
    let _ = writeln!(io::stderr().lock(), "{}", message(error));
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

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_share_a_line_and_hints_have_their_own() {
        let cause =
            anyhow!("'EU' is not a currency\nhint: use EUR").context("mail.csv:17").context("a\u{1b}b");
        assert_eq!(message(&cause), "error: a\\u{1b}b: mail.csv:17: 'EU' is not a currency\nhint: use EUR");
    }

    #[test]
    fn a_failure_leaves_the_file_that_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.csv");
        std::fs::write(&path, "old").unwrap();
        let body = Body::Stream(Box::new(|out| {
            out.write_all(b"half")?;
            Err(anyhow!("no more"))
        }));
        let error = write(body, crate::report::WRITERS[0], Some(&path)).unwrap_err();
        assert_eq!(message(&error), format!("error: {}: cannot be written: no more", path.display()));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let body = Body::Stream(Box::new(move |_| Err(anyhow::Error::from(broken()).context("writing"))));
        assert!(write(body, crate::report::WRITERS[0], None).is_ok());
    }
}
