//! Reading all inputs of a run: each is recognised, those of one format are read together, and what became of
//! every one of them is told.

use std::cmp::Ordering;

use super::detect::{Detected, detect, is_empty};
use super::source::{Digest, Digests, HEAD_BYTES, Input, Origin};
use super::{LogFormat, ReadError, ReadOptions, Sink};

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
    /// The file it is in (for a member of an archive, the archive), its length and SHA-256.
    pub digest: Digest,
}

/// What an input was recognised as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recognition {
    /// Read as the format of this name.
    Read(&'static str),
    /// No bytes, or only white space.
    Empty,
    /// No format claims it.
    Unrecognised,
    /// It could not be opened, or broke off before its first byte; what happened.
    Unreadable(String),
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
    let digests = Digests::start(&inputs);
    let kept = (HEADS_BYTES / inputs.len().max(1)).clamp(HEAD_FLOOR, HEAD_BYTES);
    let mut groups: Vec<(&'static dyn LogFormat, Vec<Input>)> = Vec::new();
    let mut listed = Vec::with_capacity(inputs.len());
    for mut input in inputs.drain(..) {
        let (recognition, format) = recognise(&input, formats, forced)?;
        listed.push((input.name().to_owned(), input.origin(), recognition));
        input.shorten_head(kept);
        match (format, listed.last()) {
            (Some(format), _) => group(&mut groups, format).push(input),
            (None, Some((name, _, Recognition::Unreadable(what)))) => sink.damage(name, 0, what.clone()),
            (None, _) => {}
        }
    }
    for (format, group) in groups {
        format.read(group, options, sink)?;
    }
    let digests = digests.finish()?;
    let inputs = listed.into_iter().zip(digests);
    let read = |((name, origin, recognition), digest)| InputRead { name, origin, recognition, digest };
    Ok(Ingested { inputs: inputs.map(read).collect() })
}

fn recognise(
    input: &Input,
    formats: &[&'static dyn LogFormat],
    forced: Option<&'static dyn LogFormat>,
) -> Result<(Recognition, Option<&'static dyn LogFormat>), ReadError> {
    let detected = match forced {
        Some(forced) if !is_empty(input.head()) => Detected::Recognised(forced),
        _ => detect(input, formats)?,
    };
    Ok(match (detected, input.head_fault()) {
        (Detected::Recognised(format), _) => (Recognition::Read(format.name()), Some(format)),
        (_, Some(what)) => (Recognition::Unreadable(what.to_owned()), None),
        (Detected::Empty, None) => (Recognition::Empty, None),
        (Detected::Unrecognised, None) => (Recognition::Unrecognised, None),
    })
}

/// The inputs of a format, which is added where it is new.
fn group<'a>(
    groups: &'a mut Vec<(&'static dyn LogFormat, Vec<Input>)>,
    format: &'static dyn LogFormat,
) -> &'a mut Vec<Input> {
    let known = groups.iter().position(|(other, _)| other.name() == format.name());
    let place = known.unwrap_or(groups.len());
    if known.is_none() {
        groups.push((format, Vec::new()));
    }
    &mut groups[place].1
}

/// Sorts inputs by the first time in them and, only where that is the same, by the last one, for which the end
/// of an input has to be read. `first` and `last` find a time in a head or tail. Inputs without a time come
/// last, as those without difference do, in the order in which they were given.
pub fn order_by_time<K: Ord>(
    inputs: Vec<Input>,
    first: impl Fn(&[u8]) -> Option<K>,
    last: impl Fn(&[u8]) -> Option<K>,
) -> Vec<Input> {
    let mut keyed: Vec<(Option<K>, Option<K>, Input)> =
        inputs.into_iter().map(|input| (first(input.head()), None, input)).collect();
    keyed.sort_by(|one, other| none_last(&one.0, &other.0));
    for place in 0..keyed.len() {
        let ties = |other: Option<&(Option<K>, Option<K>, Input)>| {
            other.is_some_and(|other| other.0.is_some() && other.0 == keyed[place].0)
        };
        if ties(keyed.get(place + 1)) || ties(place.checked_sub(1).and_then(|before| keyed.get(before))) {
            // An end that cannot be read now will be reported when the input is.
            let tail = keyed[place].2.tail().ok().flatten();
            keyed[place].1 = tail.and_then(|tail| last(&tail));
        }
    }
    keyed.sort_by(|one, other| none_last(&one.0, &other.0).then_with(|| none_last(&one.1, &other.1)));
    keyed.into_iter().map(|(_, _, input)| input).collect()
}

fn none_last<K: Ord>(one: &Option<K>, other: &Option<K>) -> Ordering {
    (one.is_none(), one).cmp(&(other.is_none(), other))
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
        let options = ReadOptions::default();
        let read = read_all(given, &[&ALPHA], None, &options, &mut sink).unwrap();
        let expected = [
            ("1", Recognition::Read("alpha")),
            ("2", Recognition::Unrecognised),
            ("3", Recognition::Empty),
            ("4", Recognition::Read("alpha")),
        ];
        assert_eq!(recognitions(&read), expected);
        assert_eq!(sink.warnings, ["alpha read 1", "alpha read 4"]);
        assert_eq!(sink.accounting.records, 3);
        let first = &read.inputs[0].digest;
        assert_eq!((first.file.as_str(), first.bytes), ("1", 2));
        assert_eq!(first.sha256, "06f961b802bc46ee168555f066d28f4f0e9afdf3f88174c1ee6f9de004fc30a0");
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

    #[test]
    fn times_order_inputs_and_ends_break_ties() {
        let time = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.trim().parse::<u32>().ok();
        let first = |head: &[u8]| time(head.split(|&byte| byte == b'\n').next()?);
        let last = |tail: &[u8]| {
            let tails = TAILS.get() + 1;
            TAILS.set(tails);
            time(tail.rsplit(|&byte| byte == b'\n').next()?)
        };
        thread_local!(static TAILS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
        let given =
            inputs(&[("c", "5\n9"), ("x", "none"), ("a", "2"), ("b", "5\n7"), ("d", "6"), ("y", "no")]);
        let sorted = order_by_time(given, first, last);
        let names: Vec<&str> = sorted.iter().map(Input::name).collect();
        assert_eq!(names, ["a", "b", "c", "d", "x", "y"]);
        assert_eq!(TAILS.get(), 2, "only inputs with the same start are read to their end");
    }
}
