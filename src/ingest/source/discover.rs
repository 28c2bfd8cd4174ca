//! From what the user named to the files behind it: folders, globs, standard input, and no file twice.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::MatchOptions;
use walkdir::{DirEntry, WalkDir};

use super::dates::Dates;
use super::digest::{FileContent, SourceFile, hashed};
use super::section::{Section, Stream};
use super::unpack::{Place, Unpacker};
use super::{Input, Origin, SourceError, is_hidden_name, visible};
use crate::period::Timestamp;

/// The name under which standard input is shown.
const STDIN_NAME: &str = "(standard input)";

/// What was found behind the paths of a command line.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The texts, in the order of the paths, inside folders by name, inside archives as they stand there.
    pub inputs: Vec<Input>,
    /// Remarks on files that were reached more than once and are read once, and on what is skipped.
    pub remarks: Vec<String>,
    /// What was found beside them and cannot be read: broken links, encrypted members, folders without
    /// permission.
    pub problems: Vec<SourceError>,
}

impl Discovery {
    /// Bytes of all files that are read, as they lie on disk; streams have no length.
    pub fn bytes(&self) -> u64 {
        let mut files: Vec<&Arc<SourceFile>> = self.inputs.iter().map(|input| &input.file).collect();
        // Inputs of one file stand together.
        files.dedup_by(|one, other| Arc::ptr_eq(one, other));
        let length = |file: &&Arc<SourceFile>| match &file.content {
            FileContent::Section(section) => section.len(),
            FileContent::Stream(_) => 0,
        };
        files.iter().map(length).sum()
    }
}

/// Finds the texts behind paths: files, folders (with all below them, links followed, hidden names left out),
/// globs that the shell did not expand, and `-` for standard input. Compressions and archives are recognised by
/// content. A path that leads nowhere, a glob without a match, a folder without files, or a named file in which
/// nothing can be read is an error; trouble with some of what was found is listed.
pub fn discover<P: AsRef<Path>>(paths: &[P]) -> Result<Discovery, SourceError> {
    discover_with(paths, || Box::new(io::stdin()))
}

/// [`discover`] with a standard input of choice.
pub(super) fn discover_with<P: AsRef<Path>>(
    paths: &[P],
    stdin: impl FnOnce() -> Stream,
) -> Result<Discovery, SourceError> {
    let mut search = Search::default();
    let mut stdin = Some(stdin);
    for path in paths {
        let path = path.as_ref();
        if path == Path::new("-") {
            let stdin = stdin.take().ok_or(SourceError::StdinTwice)?;
            search.stream(STDIN_NAME.to_owned(), stdin())?;
        } else {
            search.path(path)?;
        }
    }
    Ok(search.found)
}

#[derive(Default)]
struct Search {
    found: Discovery,
    /// Files by their canonical path: the name they were first reached by and their inputs.
    known: HashMap<PathBuf, (String, std::ops::Range<usize>)>,
}

impl Search {
    fn path(&mut self, path: &Path) -> Result<(), SourceError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            Ok(metadata) => self.file(path, &metadata, Origin::Named),
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_glob(path) => self.glob(path),
            Err(error) => Err(SourceError::Io { input: shown(path), error }),
        }
    }

    fn glob(&mut self, path: &Path) -> Result<(), SourceError> {
        let pattern = path.to_string_lossy();
        if !is_glob(path) {
            return Err(SourceError::Missing(visible(&pattern)));
        }
        let options = MatchOptions {
            case_sensitive: !cfg!(windows),
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let matches = glob::glob_with(&pattern, options).map_err(|error| SourceError::BadGlob {
            pattern: visible(&pattern),
            reason: error.msg.to_owned(),
        })?;
        let mut any = false;
        for entry in matches {
            any = true;
            match entry {
                Ok(path) => self.matched(&path),
                Err(error) => {
                    let input = shown(error.path());
                    self.found.problems.push(SourceError::Io { input, error: error.into() });
                }
            }
        }
        if any { Ok(()) } else { Err(SourceError::NoMatch(visible(&pattern))) }
    }

    /// A file or folder that a glob matches. What cannot be read there is listed.
    fn matched(&mut self, path: &Path) {
        let read = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            Ok(metadata) => self.file(path, &metadata, Origin::Found),
            Err(error) => Err(SourceError::Io { input: shown(path), error }),
        };
        self.found.problems.extend(read.err());
    }

    fn folder(&mut self, folder: &Path) -> Result<(), SourceError> {
        let mut any = false;
        if is_ledger(folder) {
            return Err(SourceError::Ledger { folder: shown(folder) });
        }
        let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name();
        let mut walk = walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
        while let Some(entry) = walk.next() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() && is_ledger(entry.path()) => {
                    any = true;
                    walk.skip_current_dir();
                    self.found.remarks.push(format!(
                        "{} is a ledger: it is not read with the other files below {}",
                        shown(entry.path()),
                        shown(folder)
                    ));
                }
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => {
                    any = true;
                    self.matched(entry.path());
                }
                // A link back to a folder above: all below it is read already.
                Err(error) if error.loop_ancestor().is_some() => {}
                Err(error) => {
                    any = true;
                    let input = shown(error.path().unwrap_or(folder));
                    let error = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
                    self.found.problems.push(SourceError::Io { input, error });
                }
            }
        }
        if any { Ok(()) } else { Err(SourceError::Nothing { input: shown(folder) }) }
    }

    fn file(&mut self, path: &Path, metadata: &fs::Metadata, origin: Origin) -> Result<(), SourceError> {
        let name = shown(path);
        let io_error = |error| SourceError::Io { input: shown(path), error };
        if !metadata.is_file() {
            // A named pipe or `<(…)` of a shell is read as a stream; devices that were only found would block.
            if origin == Origin::Named {
                return self.stream(name, Box::new(File::open(path).map_err(io_error)?));
            }
            self.found.remarks.push(format!("{name} is a pipe or a device: it is skipped"));
            return Ok(());
        }
        let canonical = fs::canonicalize(path).map_err(io_error)?;
        if let Some((first, inputs)) = self.known.get(&canonical) {
            // The members of an archive stay found; the text of a plain file has the file's own name.
            let texts = self.found.inputs.get_mut(inputs.clone()).unwrap_or_default();
            for text in texts.iter_mut().filter(|text| origin == Origin::Named && text.name == *first) {
                text.origin = Origin::Named;
            }
            let again =
                if *first == name { "is given twice".into() } else { format!("is the same file as {first}") };
            self.found.remarks.push(format!("{name} {again}: it is read once"));
            return Ok(());
        }
        let section = Section::of_file(path, metadata.len());
        let content = FileContent::Section(section.clone());
        let file = Arc::new(SourceFile { name: name.clone(), content });
        let dates = Dates { modified: modified(metadata), ..Dates::default() };
        let mut unpacker = Unpacker::new(file, origin);
        unpacker.explore(name.clone(), Place::plain(section), dates, 0);
        let start = self.found.inputs.len();
        self.take(unpacker, origin)?;
        self.known.insert(canonical, (name, start..self.found.inputs.len()));
        Ok(())
    }

    fn stream(&mut self, name: String, stream: Stream) -> Result<(), SourceError> {
        let (stream, content) = hashed(stream);
        let file = Arc::new(SourceFile { name: name.clone(), content });
        let mut unpacker = Unpacker::new(file, Origin::Named);
        unpacker.explore_stream(name, stream);
        self.take(unpacker, Origin::Named)
    }

    /// Adds what is in a file. Where a named one has nothing, its first problem is an error of its own.
    fn take(&mut self, unpacker: Unpacker, origin: Origin) -> Result<(), SourceError> {
        let Unpacker { mut inputs, mut problems, .. } = unpacker;
        if inputs.is_empty() && !problems.is_empty() && origin == Origin::Named {
            return Err(problems.swap_remove(0));
        }
        self.found.inputs.append(&mut inputs);
        self.found.problems.append(&mut problems);
        Ok(())
    }
}

fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// Whether a folder holds the history that the program itself keeps: its tables are no log.
fn is_ledger(folder: &Path) -> bool {
    folder.join("state/manifest.json").is_file() && folder.join("submissions").is_dir()
}

fn is_hidden(entry: &DirEntry) -> bool {
    is_hidden_name(&entry.file_name().to_string_lossy())
}

fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy())
}

fn modified(metadata: &fs::Metadata) -> Option<Timestamp> {
    let time = metadata.modified().ok()?;
    let seconds = match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    Some(Timestamp::from_seconds(seconds))
}
