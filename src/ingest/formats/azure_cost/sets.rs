//! Which inputs are one run of one export: by its manifest, else by the names that partitions have.
//!
//! Rows of one set add up, even where they are equal; sets are compared with each other.

use std::collections::BTreeMap;

use super::json::Manifest;
use super::table::Belongs;

/// One run of one export, or one file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Set {
    /// When a manifest says it was asked for.
    pub(super) submitted: Option<String>,
    /// A newer run that replaces it, by the name of its manifest.
    pub(super) replaced_by: Option<String>,
}

/// All sets of a run.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// The sets.
    pub(super) all: Vec<Set>,
    /// For every input its set, and the rows that a manifest promises.
    belongs: Vec<(Belongs, Option<u64>)>,
    /// What to tell about them.
    pub(super) warnings: Vec<String>,
}

/// A set by its manifest.
struct Run<'a> {
    manifest: &'a Manifest,
    set: usize,
    is_complete: bool,
}

impl Sets {
    /// Assigns inputs, by their names, to sets.
    pub(super) fn of(inputs: &[&str], manifests: &[Manifest]) -> Sets {
        let mut sets = Sets::default();
        let mut assigned: Vec<Option<(Belongs, Option<u64>)>> = vec![None; inputs.len()];
        let mut runs: BTreeMap<&str, Run<'_>> = BTreeMap::new();
        for manifest in manifests.iter().filter(|manifest| manifest.kind.is_some()) {
            sets.take_manifest(manifest, inputs, &mut assigned, &mut runs);
        }
        sets.replace_older(&runs.into_values().collect::<Vec<_>>());
        let mut folders: BTreeMap<(&str, u64), (u32, Vec<&str>)> = BTreeMap::new();
        for (place, name) in inputs.iter().enumerate() {
            let belongs = assigned[place].unwrap_or_else(|| {
                let set = sets.without_manifest(name, &mut folders);
                (Belongs { set, kind: None }, None)
            });
            sets.belongs.push(belongs);
        }
        sets
    }

    /// The set of an input, and its rows by the manifest.
    pub(super) fn of_input(&self, place: usize) -> (Belongs, Option<u64>) {
        self.belongs.get(place).copied().unwrap_or((Belongs { set: 0, kind: None }, None))
    }

    fn add(&mut self, submitted: Option<String>) -> usize {
        self.all.push(Set { submitted, replaced_by: None });
        self.all.len() - 1
    }

    fn take_manifest<'a>(
        &mut self,
        manifest: &'a Manifest,
        inputs: &[&str],
        assigned: &mut [Option<(Belongs, Option<u64>)>],
        runs: &mut BTreeMap<&'a str, Run<'a>>,
    ) {
        let submitted = Some(manifest.submitted.clone()).filter(|time| !time.is_empty());
        // The same manifest again: its files are copies, each compared with the first as a set of its own.
        let is_copy = runs.contains_key(manifest.run.as_str());
        let set = self.add(submitted.clone());
        let mut missing = Vec::new();
        for blob in &manifest.blobs {
            let mut set = set;
            let mut found = false;
            for place in 0..inputs.len() {
                if assigned[place].is_some() || !is_blob(inputs[place], &blob.name, &manifest.input) {
                    continue;
                }
                if std::mem::replace(&mut found, true) {
                    set = self.add(submitted.clone());
                }
                let belongs = Belongs { set: set as u32, kind: manifest.kind };
                assigned[place] = Some((belongs, blob.rows));
            }
            if !found {
                missing.push(split_path(&blob.name).1);
            }
        }
        if is_copy {
            return;
        }
        if let Some(first) = missing.first() {
            self.warnings.push(format!(
                "{}: the export is incomplete: {} of its {} files are not given, such as '{first}'",
                manifest.input,
                missing.len(),
                manifest.blobs.len()
            ));
        }
        runs.insert(&manifest.run, Run { manifest, set, is_complete: missing.is_empty() });
    }

    /// Of the runs of one export for one period the newest complete one counts.
    fn replace_older(&mut self, runs: &[Run<'_>]) {
        let mut newest: BTreeMap<&(String, String, String), &Run<'_>> = BTreeMap::new();
        let rank =
            |run: &Run<'_>| (run.is_complete, run.manifest.submitted.clone(), run.manifest.run.clone());
        for run in runs {
            let best = newest.entry(&run.manifest.subject).or_insert(run);
            if rank(run) > rank(best) {
                *best = run;
            }
        }
        for run in runs {
            let best = newest.get(&run.manifest.subject).filter(|best| best.manifest.run != run.manifest.run);
            if let (Some(best), Some(set)) = (best, self.all.get_mut(run.set)) {
                set.replaced_by = Some(best.manifest.input.clone());
            }
        }
    }

    /// The set of an input of which no manifest tells. Partitions `part_0_0001.csv` of one folder are one run; a second
    /// copy of one is a set of its own, as any other file.
    fn without_manifest<'a>(
        &mut self,
        name: &'a str,
        folders: &mut BTreeMap<(&'a str, u64), (u32, Vec<&'a str>)>,
    ) -> u32 {
        let (folder, file) = split_path(name);
        let stem = stem(file);
        if !is_partition(stem) {
            return self.add(None) as u32;
        }
        let copies =
            (0..).find(|copy| folders.get(&(folder, *copy)).is_none_or(|(_, stems)| !stems.contains(&stem)));
        let (set, stems) = folders
            .entry((folder, copies.unwrap_or_default()))
            .or_insert_with(|| (self.add(None) as u32, Vec::new()));
        stems.push(stem);
        *set
    }
}

/// Folder and file of a path, of an archive's member too.
fn split_path(path: &str) -> (&str, &str) {
    match path.rfind(['/', '\\', '!']) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => ("", path),
    }
}

/// A file's name without what says how it is packed.
fn stem(file: &str) -> &str {
    file.split_once('.').map_or(file, |(stem, _)| stem)
}

/// Whether an input is a file that a manifest lists: by the folder that the manifest stands in, or by the last folder
/// of the listed path, which is an id.
fn is_blob(input: &str, blob: &str, manifest: &str) -> bool {
    let (folder, file) = split_path(input);
    let (listed_folder, listed) = split_path(blob);
    let last = |folder: &str| split_path(folder).1.to_owned();
    let is_beside = folder == split_path(manifest).0;
    stem(file) == stem(listed)
        && (is_beside || !listed_folder.is_empty() && last(folder) == last(listed_folder))
}

/// `part_0_0001`.
fn is_partition(stem: &str) -> bool {
    let Some(numbers) = stem.strip_prefix("part_") else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split_once('_').is_some_and(|(run, part)| is_number(run) && is_number(part))
}
