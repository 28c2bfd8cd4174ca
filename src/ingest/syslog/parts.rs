//! The parts of a rotated log: which year and zone each is in, and the order in which they were written.
//!
//! Sources of a year, best first: `--year`; a record that states its own instant; a sibling part that has one; the
//! gzip header; a date in the file's name; the file's own date, which is flagged. Never the present year.

use std::io::Read;

use chrono::Datelike;

use super::clock::{self, Clock};
use super::envelope::{Envelope, Records};
use super::header::Header;
use super::stamp::Stamp;
use crate::ingest::{Input, ReadError, ReadOptions, Sink};
use crate::period::Timestamp;

/// Finds the instant that a record states about itself, such as a queue id with the time in UTC.
pub type Proof = fn(&Header<'_>) -> Option<Timestamp>;

/// One part of a log with the clock for its timestamps.
#[derive(Debug)]
pub struct Part {
    /// The input.
    pub input: Input,
    /// Its container.
    pub envelope: Envelope,
    /// Its clock, set to the first timestamp.
    pub clock: Clock,
    /// The host that wrote its first line; empty where unknown.
    pub host: Vec<u8>,
    first: Option<Timestamp>,
}

impl Part {
    /// The instant of the first timestamp; `None` where there is none.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }
}

/// What the start of a part tells.
#[derive(Clone, Copy, Debug, Default)]
struct Survey {
    /// The first timestamp.
    first: Option<Stamp>,
    /// The year of the first timestamp and the zone offset, where a record proves them.
    proof: Option<(i32, i64)>,
}

/// Gives every part its clock and puts the parts in the order in which they were written.
pub fn arrange(
    inputs: Vec<Input>,
    options: &ReadOptions,
    proof: Proof,
    sink: &mut dyn Sink,
) -> Result<Vec<Part>, ReadError> {
    let mut surveyed: Vec<(Input, Survey)> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let survey = survey(input.head(), Envelope::of(input.head()), proof);
        surveyed.push((input, survey));
    }
    let needs_year = |survey: &Survey| survey.first.is_some_and(|first| first.year.is_none());
    let proven = surveyed.iter().any(|(_, survey)| survey.proof.is_some());
    if !proven && options.year.is_none() && surveyed.iter().any(|(_, survey)| needs_year(survey)) {
        search_whole(&mut surveyed, proof)?;
    }
    let siblings = proven_siblings(&surveyed);
    let mut parts = Vec::with_capacity(surveyed.len());
    for (input, survey) in surveyed {
        parts.push(part(input, &survey, options, &siblings, sink)?);
    }
    in_order(parts)
}

/// Looks at records until one proves its instant.
fn survey<R: Read>(text: R, envelope: Envelope, proof: Proof) -> Survey {
    let mut records = Records::new(text, envelope);
    let mut survey = Survey::default();
    let (mut years, mut last_month) = (0, 0);
    while let Ok(Some(record)) = records.next_record() {
        let header = Header::parse_rfc5424(record.line).or_else(|| Header::parse(record.line));
        let Some((header, stamp)) = header.and_then(|h| Some((h, Stamp::parse(h.time)?))) else { continue };
        if stamp.year.is_none() {
            years = clock::rolled(years, last_month, stamp.month);
            last_month = stamp.month;
        }
        let first = *survey.first.get_or_insert(stamp);
        let Some((year, offset)) = proof(&header).and_then(|utc| clock::proven(&stamp, utc)) else {
            continue;
        };
        survey.proof = Some((first.year.unwrap_or(year - years), offset));
        return survey;
    }
    survey
}

/// Reads whole parts until one proves its year: a second reading is cheaper than a wrong year.
fn search_whole(surveyed: &mut [(Input, Survey)], proof: Proof) -> Result<(), ReadError> {
    for (input, survey_of_head) in surveyed.iter_mut().filter(|(input, _)| input.can_reopen()) {
        let whole = survey(input.open()?, Envelope::of(input.head()), proof);
        if whole.proof.is_some() {
            *survey_of_head = whole;
            return Ok(());
        }
    }
    Ok(())
}

/// The first instant and the zone offset of every part that proves them.
fn proven_siblings(surveyed: &[(Input, Survey)]) -> Vec<(Timestamp, i64)> {
    let proven = |survey: &Survey| {
        let (year, offset) = survey.proof?;
        let local = clock::calendar(&survey.first?, year)?.and_utc().timestamp();
        Some((Timestamp::from_seconds(local - offset), offset))
    };
    surveyed.iter().filter_map(|(_, survey)| proven(survey)).collect()
}

fn part(
    input: Input,
    survey: &Survey,
    options: &ReadOptions,
    siblings: &[(Timestamp, i64)],
    sink: &mut dyn Sink,
) -> Result<Part, ReadError> {
    let envelope = Envelope::of(input.head());
    let Some(first) = survey.first else {
        let clock = Clock::new(options.log_zone, None);
        return Ok(Part { input, envelope, clock, host: Vec::new(), first: None });
    };
    let offset = survey.proof.map(|(_, offset)| offset);
    let clock = match first.year.or(options.year).or(survey.proof.map(|(year, _)| year)) {
        Some(year) => {
            Clock::new(options.log_zone, Some(year)).with_offset(offset.or(nearest(&first, year, siblings)))
        }
        None => match year_of_sibling(&first, siblings) {
            Some((year, offset)) => Clock::new(options.log_zone, Some(year)).with_offset(Some(offset)),
            None => Clock::new(options.log_zone, Some(year_of_dates(&input, &first, sink)?)).inferred(),
        },
    };
    let first = clock.clone().instant_of(&first);
    let host = first_host(input.head(), envelope);
    Ok(Part { input, envelope, clock, host, first })
}

fn first_host(head: &[u8], envelope: Envelope) -> Vec<u8> {
    let mut records = Records::new(head, envelope);
    while let Ok(Some(record)) = records.next_record() {
        let header = Header::parse_rfc5424(record.line).or_else(|| Header::parse(record.line));
        if let Some(header) = header {
            return header.host.to_vec();
        }
    }
    Vec::new()
}

/// The year that brings a part closest to a sibling, and the sibling's zone offset.
fn year_of_sibling(first: &Stamp, siblings: &[(Timestamp, i64)]) -> Option<(i32, i64)> {
    let candidates = siblings.iter().flat_map(|&(sibling, offset)| {
        let year = sibling.date().year();
        [year - 1, year, year + 1].into_iter().filter_map(move |year| {
            let local = clock::calendar(first, year)?.and_utc().timestamp();
            Some(((local - offset - sibling.seconds()).abs(), year, offset))
        })
    });
    candidates.min().map(|(_, year, offset)| (year, offset))
}

/// The zone offset of the sibling closest in time.
fn nearest(first: &Stamp, year: i32, siblings: &[(Timestamp, i64)]) -> Option<i64> {
    let local = clock::calendar(first, year)?.and_utc().timestamp();
    let closest = siblings.iter().min_by_key(|(sibling, offset)| (local - offset - sibling.seconds()).abs());
    closest.map(|&(_, offset)| offset)
}

/// The last year in which a part can begin and still be older than the dates of its file.
fn year_of_dates(input: &Input, first: &Stamp, sink: &mut dyn Sink) -> Result<i32, ReadError> {
    let dates = input.dates();
    let name_end = dates.name.map(|date| crate::period::ChargePeriod::of_dates(date, date).start);
    let (limit, by) = match (dates.gzip, name_end, dates.modified) {
        (Some(time), _, _) => (time, "the time in its gzip header"),
        (None, Some(time), _) => (time, "the date in its name"),
        (None, None, Some(time)) => (time, "the date of the file alone"),
        (None, None, None) => return Err(year_missing(input)),
    };
    const DAY: i64 = 86_400;
    let last = limit.date().year() + 1;
    let fits = |year: &i32| {
        let local = clock::calendar(first, *year).map(|time| time.and_utc().timestamp());
        local.is_some_and(|local| local <= limit.seconds() + DAY)
    };
    let year = (last - 9..=last).rev().find(fits).ok_or_else(|| year_missing(input))?;
    sink.warn(format!(
        "{}: its timestamps have no year: {year} is inferred from {by}; give --year if that is wrong",
        input.name()
    ));
    Ok(year)
}

fn year_missing(input: &Input) -> ReadError {
    ReadError::Undecided {
        input: input.name().to_owned(),
        problem: "its timestamps have no year, and nothing in it tells which year it is".to_owned(),
        hint: "give the year of its first line with --year".to_owned(),
    }
}

/// Sorts by first timestamp and, where that ties, by last; parts without time keep their place at the end.
fn in_order(mut parts: Vec<Part>) -> Result<Vec<Part>, ReadError> {
    parts.sort_by_key(|part| (part.first.is_none(), part.first));
    let firsts: Vec<Option<Timestamp>> = parts.iter().map(|part| part.first).collect();
    let mut keyed: Vec<(Option<Timestamp>, Part)> = Vec::with_capacity(parts.len());
    for (at, mut part) in parts.into_iter().enumerate() {
        let neighbours = [at.checked_sub(1), Some(at + 1)];
        let ties = neighbours.iter().flatten().any(|&n| firsts.get(n) == Some(&part.first));
        let last = if ties && part.first.is_some() { last_time(&mut part)? } else { None };
        keyed.push((last, part));
    }
    keyed.sort_by_key(|(last, part)| (part.first.is_none(), part.first, *last));
    Ok(keyed.into_iter().map(|(_, part)| part).collect())
}

/// The last timestamp of a part; without a year it lies within twelve months of the first.
fn last_time(part: &mut Part) -> Result<Option<Timestamp>, ReadError> {
    let Some(tail) = part.input.tail()? else { return Ok(None) };
    let mut records = Records::new(tail.as_slice(), part.envelope);
    let mut last = None;
    while let Ok(Some(record)) = records.next_record() {
        let header = Header::parse_rfc5424(record.line).or_else(|| Header::parse(record.line));
        last = header.and_then(|header| Stamp::parse(header.time)).or(last);
    }
    Ok(last.and_then(|stamp| part.clock.clone().instant_of(&stamp)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::collect::Collected;

    fn no_proof(_: &Header<'_>) -> Option<Timestamp> {
        None
    }

    /// Takes `utc=<seconds>` as proof.
    fn stated(header: &Header<'_>) -> Option<Timestamp> {
        let text = std::str::from_utf8(header.message).ok()?.strip_prefix("utc=")?;
        text.parse().ok().map(Timestamp::from_seconds)
    }

    fn starts(inputs: Vec<Input>, options: &ReadOptions, proof: Proof) -> Vec<String> {
        let parts = arrange(inputs, options, proof, &mut Collected::default()).unwrap();
        let shown = |part: &Part| {
            format!("{} {}", part.input.name(), part.first.map_or("-".into(), |time| time.to_string()))
        };
        parts.iter().map(shown).collect()
    }

    #[test]
    fn parts_are_put_in_the_order_in_which_they_were_written() {
        let late = Input::from_bytes("late", b"Jan  2 00:00:00 h p: x\n");
        // 2013-12-31T23:00:00Z, logged one hour east of UTC.
        let early =
            Input::from_bytes("early", b"Dec 30 10:00:00 h p: x\nJan  1 00:00:00 h p: utc=1388530800\n");
        let none = Input::from_bytes("none", b"no time\n");
        let found = starts(vec![none, late, early], &ReadOptions::default(), stated);
        assert_eq!(found, ["early 2013-12-30T09:00:00Z", "late 2014-01-01T23:00:00Z", "none -"]);
    }

    #[test]
    fn parts_that_begin_in_one_second_are_told_apart_by_their_end() {
        let line = "2014-04-01T00:00:00Z h p: x\n";
        let short = Input::from_bytes("short", line.as_bytes());
        let long = Input::from_bytes("long", format!("{line}2014-04-01T00:00:09Z h p: x\n").as_bytes());
        let found = starts(vec![long, short], &ReadOptions::default(), no_proof);
        assert_eq!(found, ["short 2014-04-01T00:00:00Z", "long 2014-04-01T00:00:00Z"]);
    }

    #[test]
    fn a_year_that_nothing_tells_is_asked_for() {
        let input = || Input::from_bytes("mail.log", b"Apr  1 04:52:30 h p: x\n");
        let error = arrange(vec![input()], &ReadOptions::default(), no_proof, &mut Collected::default());
        assert_eq!(
            error.unwrap_err().to_string(),
            "mail.log: its timestamps have no year, and nothing in it tells which year it is\n\
             hint: give the year of its first line with --year"
        );
        let options = ReadOptions { year: Some(2014), ..ReadOptions::default() };
        assert_eq!(starts(vec![input()], &options, no_proof), ["mail.log 2014-04-01T04:52:30Z"]);
    }
}
