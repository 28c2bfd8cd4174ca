//! Reading all inputs of a run: each is recognised, those of one format are read together, and what became of
//! every one of them is told.

use super::copies::copies;
use super::detect::{Detected, detect, is_empty, resemblance};
use super::source::{Digest, Digests, HEAD_BYTES, Input, Origin};
use super::{LogFormat, ReadError, ReadOptions, Sink, sheets};

/// Bytes of all heads together that are kept after the formats are recognised.
const HEADS_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a head that are kept however many inputs there are: the first lines, which hold a time.
const HEAD_FLOOR: usize = 1024;

/// What a run has read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ingested {
    /// Every input, in the order in which they were given.
    pub inputs: Vec<InputRead>,
}

/// What became of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputRead {
    /// The name under which it is shown.
    pub name: String,
    /// Whether the user named it, or it was found in a folder, an archive or by a glob.
    pub origin: Origin,
    /// What it was recognised as.
    pub recognition: Recognition,
    /// The file it is in (for a member of an archive, the archive), its length and, with [`ReadOptions::digests`], SHA-256.
    pub digest: Digest,
}

/// What an input was recognised as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recognition {
    /// Read as the format of this name.
    Read(&'static str),
    /// No bytes, or only white space.
    Empty,
    /// No format claims it; what it looks like.
    Unrecognised(&'static str),
    /// It could not be opened, or broke off before its first byte; what happened.
    Unreadable(String),
    /// A sheet beside the one of its workbook that is read.
    OtherSheet,
    /// Not read, because it holds the same text as the input of this name.
    CopyOf(String),
}

/// Reads inputs with the formats that recognise them, or all with `forced`. The inputs of one format are read
/// together, in the order in which they were given. Empty and unrecognised inputs are listed, not an error;
/// unreadable ones are also reported to the sink as damage.
pub fn read_all(
    mut inputs: Vec<Input>,
    formats: &[&'static dyn LogFormat],
    forced: Option<&'static dyn LogFormat>,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<Ingested, ReadError> {
    let digests = Digests::start(&inputs, options.digests);
    let kept = (HEADS_BYTES / inputs.len().max(1)).clamp(HEAD_FLOOR, HEAD_BYTES);
    let mut groups: Vec<Group> = Vec::new();
    let (mut listed, mut recognitions, mut sheets) = (Vec::new(), Vec::new(), Vec::new());
    let chosen = sheets::chosen(&inputs, options)?;
    sheets::unknown(&inputs, options).into_iter().for_each(|remark| sink.warn(remark));
    for (mut input, chosen) in inputs.drain(..).zip(chosen) {
        let (recognition, format) = match chosen {
            true => recognise(&input, formats, forced, options)?,
            false => (Recognition::OtherSheet, None),
        };
        listed.push((input.name().to_owned(), input.origin()));
        sheets.push(input.sheet().cloned());
        input.shorten_head(kept);
        if let Recognition::Unreadable(what) = &recognition {
            sink.damage(input.name(), 0, what.clone());
        }
        if let Some(format) = format {
            options.counter.iter().for_each(|counter| input.count_reading(counter));
            group(&mut groups, format).push((recognitions.len(), input));
        }
        recognitions.push(recognition);
    }
    sheets::settle(&sheets, &mut recognitions, options)?;
    for (format, group) in groups {
        let inputs = match format.reads_copies() {
            true => group.into_iter().map(|(_, input)| input).collect(),
            false => without_copies(group, &mut recognitions),
        };
        format.read(inputs, options, sink)?;
    }
    let digests = digests.finish()?;
    let inputs = listed.into_iter().zip(recognitions).zip(digests);
    let read = |(((name, origin), recognition), digest)| InputRead { name, origin, recognition, digest };
    Ok(Ingested { inputs: inputs.map(read).collect() })
}

fn recognise(
    input: &Input,
    formats: &[&'static dyn LogFormat],
    forced: Option<&'static dyn LogFormat>,
    options: &ReadOptions,
) -> Result<(Recognition, Option<&'static dyn LogFormat>), ReadError> {
    let detected = match forced {
        Some(forced) if !is_empty(input.head()) => Detected::Recognised(forced),
        _ => detect(input, formats, options.mapping.is_some())?,
    };
    Ok(match (detected, input.head_fault()) {
        (Detected::Recognised(format), _) => (Recognition::Read(format.name()), Some(format)),
        (_, Some(what)) => (Recognition::Unreadable(what.to_owned()), None),
        (Detected::Empty, None) => (Recognition::Empty, None),
        (Detected::Unrecognised, None) => (Recognition::Unrecognised(resemblance(input.head())), None),
    })
}

/// A format and its inputs, each with its place among all.
type Group = (&'static dyn LogFormat, Vec<(usize, Input)>);

/// The inputs of a group that are no copies; those are told in the recognitions.
fn without_copies(mut group: Vec<(usize, Input)>, recognitions: &mut [Recognition]) -> Vec<Input> {
    let copies = copies(&mut group.iter_mut().map(|(_, input)| input).collect::<Vec<_>>());
    let names: Vec<String> = group.iter().map(|(_, input)| input.name().to_owned()).collect();
    let mut inputs = Vec::with_capacity(group.len());
    for ((place, input), copy) in group.into_iter().zip(copies) {
        match copy.and_then(|first| names.get(first)) {
            Some(first) => recognitions[place] = Recognition::CopyOf(first.clone()),
            None => inputs.push(input),
        }
    }
    inputs
}

/// The inputs of a format, which is added where it is new.
fn group<'a>(groups: &'a mut Vec<Group>, format: &'static dyn LogFormat) -> &'a mut Vec<(usize, Input)> {
    let known = groups.iter().position(|(other, _)| other.name() == format.name());
    let place = known.unwrap_or(groups.len());
    if known.is_none() {
        groups.push((format, Vec::new()));
    }
    &mut groups[place].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::collect::Collected;
    use crate::ingest::detect::tests::{ALPHA, ANY};

    fn inputs(texts: &[(&str, &str)]) -> Vec<Input> {
        texts.iter().map(|(name, text)| Input::from_bytes(name, text.as_bytes())).collect()
    }

    fn recognitions(ingested: &Ingested) -> Vec<(&str, Recognition)> {
        ingested.inputs.iter().map(|input| (input.name.as_str(), input.recognition.clone())).collect()
    }

    #[test]
    fn inputs_are_grouped_by_format_and_all_are_listed() {
        let given = inputs(&[("1", "A\n"), ("2", "B\n"), ("3", " \n"), ("4", "A\nA")]);
        let mut sink = Collected::default();
        let options = ReadOptions { digests: true, ..ReadOptions::default() };
        let read = read_all(given, &[&ALPHA], None, &options, &mut sink).unwrap();
        let expected = [
            ("1", Recognition::Read("alpha")),
            ("2", Recognition::Unrecognised("text of another kind")),
            ("3", Recognition::Empty),
            ("4", Recognition::Read("alpha")),
        ];
        assert_eq!(recognitions(&read), expected);
        assert_eq!(sink.warnings, ["alpha read 1", "alpha read 4"]);
        assert_eq!(sink.accounting.records, 3);
        let first = &read.inputs[0].digest;
        assert_eq!((first.file.as_str(), first.bytes), ("1", 2));
        let expected = "06f961b802bc46ee168555f066d28f4f0e9afdf3f88174c1ee6f9de004fc30a0";
        assert_eq!(first.sha256.as_deref(), Some(expected));
    }

    #[test]
    fn a_copy_is_listed_and_not_read() {
        let given = inputs(&[("mail.log", "A\n"), ("other", "A\nA\n"), ("mail.log.1", "A\n")]);
        let mut sink = Collected::default();
        let read = read_all(given, &[&ALPHA], None, &ReadOptions::default(), &mut sink).unwrap();
        let expected = [
            ("mail.log", Recognition::Read("alpha")),
            ("other", Recognition::Read("alpha")),
            ("mail.log.1", Recognition::CopyOf("mail.log".to_owned())),
        ];
        assert_eq!((recognitions(&read), sink.accounting.records), (expected.to_vec(), 3));
    }

    #[test]
    fn a_forced_format_reads_all_but_the_empty() {
        let given = inputs(&[("1", "A\n"), ("2", "B\n"), ("3", "")]);
        let mut sink = Collected::default();
        let read = read_all(given, &[&ALPHA, &ANY], Some(&ANY), &ReadOptions::default(), &mut sink).unwrap();
        let expected =
            [("1", Recognition::Read("any")), ("2", Recognition::Read("any")), ("3", Recognition::Empty)];
        assert_eq!(recognitions(&read), expected);
    }
}
