//! The files that a run writes results to: none of them may replace another, or a file that is read.
//!
//! They are known from the command line before anything is done. Whatever a run is about to read is shown to
//! [`ResultFiles::check_read`] first: a refusal comes before a byte is written. Files are compared by their
//! place, so that links and other spellings are seen through. Writing is left to `output` and the commands.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::levels;

/// Arguments that name a file of results.
const RESULTS: [&str; 2] = ["output", "submissions"];
/// Arguments that name a folder in which a command makes files; all other paths are read.
const FOLDERS: [&str; 1] = ["folder"];
/// The path that stands for a standard stream.
pub(super) const STREAM: &str = "-";

/// The files of results that a command line names.
#[derive(Debug, Default)]
pub struct ResultFiles(Vec<ResultFile>);

/// A file of results, where it is or will be.
#[derive(Debug)]
struct ResultFile {
    /// The option and path as they are typed.
    typed: String,
    place: PathBuf,
}

impl ResultFiles {
    /// The files that a command line names. Refuses one that is named twice, or that the same command line says
    /// is to be read.
    pub(super) fn of(matches: &ArgMatches) -> anyhow::Result<ResultFiles> {
        let mut files = ResultFiles::default();
        for option in RESULTS {
            for path in paths(matches, |id| id == option) {
                files.add(option, &path)?;
            }
        }
        for path in paths(matches, |id| !RESULTS.contains(&id) && !FOLDERS.contains(&id)) {
            files.check_read(&path)?;
        }
        Ok(files)
    }

    fn add(&mut self, option: &str, path: &Path) -> anyhow::Result<()> {
        let file = ResultFile { typed: format!("'--{option} {}'", path.display()), place: place_of(path) };
        // A device or a pipe is not replaced: it takes what is written to it.
        if path == Path::new(STREAM) || (file.place.exists() && !file.place.is_file()) {
            return Ok(());
        }
        if let Some(other) = self.0.iter().find(|other| other.place == file.place) {
            anyhow::bail!(
                "{} and {} are the same file: name another for one of them",
                other.typed,
                file.typed
            );
        }
        self.0.push(file);
        Ok(())
    }

    /// Refuses a file that is about to be read, or a folder of such files, where a result would replace it.
    pub fn check_read(&self, path: &Path) -> anyhow::Result<()> {
        let Some((file, place)) = self.touched(path) else { return Ok(()) };
        let what = if file.place == place { "" } else { "a file in " };
        anyhow::bail!(
            "{} would replace {what}{}, which is read: name another file for the result",
            file.typed,
            path.display()
        );
    }

    /// Refuses a file that a command is about to make by itself, where a result would replace it.
    pub fn check_made(&self, path: &Path) -> anyhow::Result<()> {
        let place = place_of(path);
        match self.0.iter().find(|file| file.place == place) {
            Some(file) => anyhow::bail!(
                "{} would replace {}, which is written too: name another file for the result",
                file.typed,
                path.display()
            ),
            None => Ok(()),
        }
    }

    /// The result at the place of a path or, where that is a folder, the file there that a result would replace.
    fn touched(&self, path: &Path) -> Option<(&ResultFile, PathBuf)> {
        if self.0.is_empty() {
            return None;
        }
        let place = path.canonicalize().ok()?;
        let inside = |file: &ResultFile| file.place.starts_with(&place) && file.place.is_file();
        let file = self.0.iter().find(|file| file.place == place || inside(file))?;
        Some((file, place))
    }
}

/// The paths of a command line whose argument is wanted.
fn paths(matches: &ArgMatches, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for level in levels(matches) {
        for id in level.ids().filter(|id| wanted(id.as_str())) {
            // An argument of another type names no file.
            let values = level.try_get_many::<PathBuf>(id.as_str()).ok().flatten();
            for path in values.into_iter().flatten() {
                // An option that holds for all commands is found at every level.
                if !found.contains(path) {
                    found.push(path.clone());
                }
            }
        }
    }
    found
}

/// Where a file is, links followed; for one that is yet to be made, where it will be.
fn place_of(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
