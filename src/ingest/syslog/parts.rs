//! The parts of a rotated log: which year and zone each is in, and the order in which they were written.
//!
//! Sources of a year, best first: `--year`; a record that states its own instant; the gzip header; a date in the
//! file's name; a sibling part of which the year is known; the file's own date, which is flagged. Never the
//! present year.

use std::io::Read;

use chrono::{Datelike, NaiveDate};

use super::clock::{self, Clock, MonthDay};
use super::envelope::{Envelope, Records};
use super::header::Header;
use super::stamp::Stamp;
use crate::ingest::{Input, ReadError, ReadOptions, Sink};
use crate::period::{ChargePeriod, Timestamp};

/// Hosts of a part that are noted beforehand.
const HOSTS_NOTED: usize = 100;
/// Days that count as half a year in months of 31 days.
const HALF_YEAR_DAYS: u32 = 6 * 31;
/// Days between the beginnings of rotated parts, at most: a quarter of a year in months of 31 days.
const ROTATION_DAYS: u32 = 3 * 31;

/// Finds the instant that a record states about itself, such as a queue id with the time in UTC.
pub type Proof = fn(&Header<'_>) -> Option<Timestamp>;

/// What a format knows of the lines of its mail system.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Whether a program is of the mail system. One that also writes a log of its own, whose lines name no program,
    /// owns the empty name.
    pub is_own: fn(&[u8]) -> bool,
    /// What its lines state about their time.
    pub proof: Proof,
}

impl Known {
    /// Header and time of a line: those of the mail system where its line stands inside another.
    fn stamped<'a>(&self, line: &'a [u8]) -> Option<(Header<'a>, Stamp)> {
        if (self.is_own)(b"") {
            let header = Header::parse_own(line, self.is_own)?;
            return Some((header, Stamp::parse(header.time)?));
        }
        let outer = Header::parse_rfc5424(line).or_else(|| Header::parse(line))?;
        let inner = if (self.is_own)(outer.program) { None } else { outer.inner() };
        let header = inner.filter(|inner| (self.is_own)(inner.program)).unwrap_or(outer);
        Some((header, Stamp::parse(header.time)?))
    }
}

/// One part of a log with the clock for its timestamps.
#[derive(Debug)]
pub struct Part {
    /// The input.
    pub input: Input,
    /// Its container.
    pub envelope: Envelope,
    /// Its clock, set to the first timestamp.
    pub clock: Clock,
    /// The hosts that wrote its first lines, in that order.
    pub hosts: Vec<Vec<u8>>,
    first: Option<Timestamp>,
}

impl Part {
    /// Fails where the lines read so far ran from the newest to the oldest: messages end before they begin in such a
    /// log, so that reading on would count wrongly without anyone seeing it.
    pub fn refuse_newest_first(&self) -> Result<(), ReadError> {
        if !self.clock.runs_backwards() {
            return Ok(());
        }
        Err(ReadError::Undecided {
            input: self.input.name().to_owned(),
            problem:
                "its lines run from the newest to the oldest, and messages can only be followed the other way"
                    .to_owned(),
            hint:
                "sort the export by time, oldest first; 'tac LOG > TURNED' turns the lines of a plain log round"
                    .to_owned(),
        })
    }

    /// The instant of the first timestamp; `None` where there is none.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }
}

/// Tells on which zones the times of parts stand that were read.
pub fn tell_zones(parts: &[Part], format: &'static str, sink: &mut dyn Sink) {
    for host in parts.iter().flat_map(|part| part.clock.hosts_with_assumed_zone()) {
        let label = &host[..memchr::memchr(b'.', host).unwrap_or(host.len())];
        sink.zone_assumed(format, &String::from_utf8_lossy(label).to_lowercase());
    }
    if parts.iter().any(|part| part.clock.assumes_utc()) {
        sink.warn("times of the log have no zone and are read as UTC; give --log-timezone".to_owned());
    }
}

/// What the start of a part tells.
#[derive(Clone, Debug, Default)]
struct Survey {
    /// The first timestamp.
    first: Option<Stamp>,
    /// The hosts of its lines, the first timestamp's first.
    hosts: Vec<Vec<u8>>,
    /// The year of the first timestamp, where a record proves it.
    year: Option<i32>,
    /// The zone offsets that hosts prove.
    offsets: Vec<(Vec<u8>, i64)>,
    /// Years from the first timestamp to one of 29 February.
    leap_day: Option<i32>,
}

impl Survey {
    fn host(&self) -> &[u8] {
        self.hosts.first().map_or(&[], Vec::as_slice)
    }
}

/// Where a part of which the year is known stands: the instant of its first timestamp, in UTC where nothing tells
/// its zone, and the zone offset that it proves.
type Sibling = (Timestamp, Option<i64>);

/// Gives every part its clock and puts the parts in the order in which they were written.
pub fn arrange(
    inputs: Vec<Input>,
    options: &ReadOptions,
    known: Known,
    sink: &mut dyn Sink,
) -> Result<Vec<Part>, ReadError> {
    let mut surveyed: Vec<(Input, Survey)> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let survey = survey(input.head(), Envelope::of(input.head()), known, false);
        surveyed.push((input, survey));
    }
    let first_year = options.year.map(|year| FirstYear::of(year, &surveyed));
    let tells_year = surveyed.iter().any(|(_, survey)| sibling(survey).is_some());
    if !tells_year && first_year.is_none() && surveyed.iter().any(|(_, survey)| survey.first.is_some()) {
        search_whole(&mut surveyed, known)?;
    }
    let siblings: Vec<Sibling> = surveyed.iter().filter_map(|(_, survey)| sibling(survey)).collect();
    let mut parts = Vec::with_capacity(surveyed.len());
    for (input, survey) in surveyed {
        let clock = clock_of(&input, &survey, options, first_year.as_ref(), &siblings, sink)?;
        let first = survey.first.and_then(|first| clock.clone().instant_of(&first, survey.host()));
        parts.push(Part { envelope: Envelope::of(input.head()), input, clock, hosts: survey.hosts, first });
    }
    in_order(parts, known)
}

/// Looks at records for what they prove: all of them, or only until one proves the year.
fn survey<R: Read>(text: R, envelope: Envelope, known: Known, until_year: bool) -> Survey {
    let mut records = Records::new(text, envelope);
    let mut survey = Survey::default();
    let (mut years, mut last_day) = (0, (0, 0));
    while let Ok(Some(record)) = records.next_record() {
        let Some((header, stamp)) = known.stamped(record.line) else { continue };
        years = clock::rolled(years, last_day, (stamp.month, stamp.day));
        last_day = (stamp.month, stamp.day);
        if survey.first.is_none() {
            survey.first = Some(stamp);
        }
        if survey.hosts.len() < HOSTS_NOTED && !survey.hosts.iter().any(|host| host == header.host) {
            survey.hosts.push(header.host.to_vec());
        }
        if (stamp.month, stamp.day) == (2, 29) {
            survey.leap_day = survey.leap_day.or(Some(years));
        }
        // A line with year and zone, as after a change of the log's format, proves as much as an own message-id.
        let stated = stamp.year.map(|year| (year, stamp.offset.map(i64::from)));
        let proven = (known.proof)(&header).and_then(|utc| clock::proven(&stamp, utc));
        let Some((year, offset)) = proven.map(|(year, offset)| (year, Some(offset))).or(stated) else {
            continue;
        };
        survey.year = survey.year.or(Some(year - years));
        if let Some(offset) = offset.filter(|_| !survey.offsets.iter().any(|(host, _)| host == header.host)) {
            survey.offsets.push((header.host.to_vec(), offset));
        }
        if until_year {
            break;
        }
    }
    survey
}

/// Reads whole parts until one proves its year: a second reading is cheaper than a wrong year. Where none does, a
/// 29 February in them still narrows it.
fn search_whole(surveyed: &mut [(Input, Survey)], known: Known) -> Result<(), ReadError> {
    for (input, survey_of_head) in surveyed.iter_mut().filter(|(input, _)| input.can_reopen()) {
        let whole = survey(input.open()?, Envelope::of(input.head()), known, true);
        if whole.year.is_some() {
            *survey_of_head = whole;
            return Ok(());
        }
        survey_of_head.leap_day = whole.leap_day;
    }
    Ok(())
}

fn sibling(survey: &Survey) -> Option<Sibling> {
    let first = survey.first?;
    let local = clock::calendar(&first, first.year.or(survey.year)?)?.and_utc().timestamp();
    let offset = first.offset.map(i64::from).or(survey.offsets.first().map(|(_, offset)| *offset));
    Some((Timestamp::from_seconds(local - offset.unwrap_or(0)), offset))
}

/// What `--year` means for a set of parts: the year of the first of them. Where they lie on both sides of New
/// Year, those after it are a year later: a gap of more than half a year between their beginnings shows it, and that
/// they follow each other over New Year within the time after which logs are rotated.
struct FirstYear {
    year: i32,
    starts_with: MonthDay,
}

impl FirstYear {
    fn of(year: i32, surveyed: &[(Input, Survey)]) -> FirstYear {
        let firsts = surveyed.iter().filter_map(|(_, survey)| survey.first);
        let mut days: Vec<MonthDay> = firsts.map(|first| (first.month, first.day)).collect();
        days.sort_unstable();
        let day_of_year = |&(month, day): &MonthDay| month * 31 + day;
        let gap = days.windows(2).find(|pair| day_of_year(&pair[1]) - day_of_year(&pair[0]) > HALF_YEAR_DAYS);
        let ends = days.first().zip(days.last());
        let over_new_year = ends.map_or(0, |(first, last)| day_of_year(first) + 12 * 31 - day_of_year(last));
        let gap = gap.filter(|_| over_new_year <= ROTATION_DAYS);
        FirstYear { year, starts_with: gap.map_or((1, 1), |pair| pair[1]) }
    }

    fn year_of(&self, first: &Stamp) -> i32 {
        self.year + i32::from((first.month, first.day) < self.starts_with)
    }
}

/// The clock of a part, by the best source of its year.
fn clock_of(
    input: &Input,
    survey: &Survey,
    options: &ReadOptions,
    first_year: Option<&FirstYear>,
    siblings: &[Sibling],
    sink: &mut dyn Sink,
) -> Result<Clock, ReadError> {
    let Some(first) = survey.first else { return Ok(Clock::new(options.log_zone, None)) };
    let told = first.year.or(first_year.map(|set| set.year_of(&first))).or(survey.year);
    let told = told.or_else(|| year_of_dates(input, &first, survey.leap_day)).map(|year| (year, None));
    let told = told.or_else(|| year_of_sibling(&first, siblings));
    let (year, sibling_offset, inferred) = match told {
        Some((year, offset)) => (year, offset.or_else(|| nearest(&first, year, siblings)), false),
        None => (year_of_file_date(input, &first, survey.leap_day, sink)?, None, true),
    };
    let own_offset = survey.offsets.first().map(|(_, offset)| *offset);
    let mut clock = Clock::new(options.log_zone, Some(year)).with_offset(own_offset.or(sibling_offset));
    for (host, offset) in &survey.offsets {
        clock = clock.with_host(host, *offset);
    }
    Ok(if inferred { clock.inferred() } else { clock })
}

/// The year that brings a part closest to a sibling, and the sibling's zone offset.
fn year_of_sibling(first: &Stamp, siblings: &[Sibling]) -> Option<(i32, Option<i64>)> {
    let candidates = siblings.iter().flat_map(|&(sibling, offset)| {
        let year = sibling.date().year();
        [year - 1, year, year + 1].into_iter().filter_map(move |year| {
            let local = clock::calendar(first, year)?.and_utc().timestamp();
            Some(((local - offset.unwrap_or(0) - sibling.seconds()).abs(), year, offset))
        })
    });
    candidates.min().map(|(_, year, offset)| (year, offset))
}

/// The zone offset of the sibling closest in time, of those that prove one.
fn nearest(first: &Stamp, year: i32, siblings: &[Sibling]) -> Option<i64> {
    let local = clock::calendar(first, year)?.and_utc().timestamp();
    let proven = siblings.iter().filter_map(|&(sibling, offset)| Some((sibling, offset?)));
    let closest = proven.min_by_key(|(sibling, offset)| (local - offset - sibling.seconds()).abs());
    closest.map(|(_, offset)| offset)
}

/// The year by the time in the gzip header, else by a date in the name, as rotation writes it.
fn year_of_dates(input: &Input, first: &Stamp, leap_day: Option<i32>) -> Option<i32> {
    let dates = input.dates();
    let name = dates.name.map(|date| ChargePeriod::of_dates(date, date).start);
    year_before(dates.gzip.or(name)?, first, leap_day)
}

/// The year by the date of the file alone, which a copy changes: used with a warning.
fn year_of_file_date(
    input: &Input,
    first: &Stamp,
    leap_day: Option<i32>,
    sink: &mut dyn Sink,
) -> Result<i32, ReadError> {
    let year = input.dates().modified.and_then(|time| year_before(time, first, leap_day));
    let year = year.ok_or_else(|| year_missing(input))?;
    sink.warn(format!(
        "{}: its timestamps have no year: {year} is inferred from the date of the file alone; give --year if that is wrong",
        input.name()
    ));
    Ok(year)
}

/// The last year in which a part can begin without being younger than a date. A 29 February in it rules out the
/// years that have none.
fn year_before(limit: Timestamp, first: &Stamp, leap_day: Option<i32>) -> Option<i32> {
    const DAY: i64 = 86_400;
    let last = limit.date().year() + 1;
    let fits = |year: &i32| {
        let local = clock::calendar(first, *year).map(|time| time.and_utc().timestamp());
        let leaps = leap_day.is_none_or(|years| NaiveDate::from_ymd_opt(year + years, 2, 29).is_some());
        leaps && local.is_some_and(|local| local <= limit.seconds() + DAY)
    };
    (last - 9..=last).rev().find(fits)
}

fn year_missing(input: &Input) -> ReadError {
    ReadError::Undecided {
        input: input.name().to_owned(),
        problem: "its timestamps have no year, and nothing in it tells which year it is".to_owned(),
        hint: "give the year of its first line with --year".to_owned(),
    }
}

/// Sorts by first timestamp and, where that ties, by last; parts without time keep their place at the end.
fn in_order(mut parts: Vec<Part>, known: Known) -> Result<Vec<Part>, ReadError> {
    parts.sort_by_key(|part| (part.first.is_none(), part.first));
    let firsts: Vec<Option<Timestamp>> = parts.iter().map(|part| part.first).collect();
    let mut keyed: Vec<(Option<Timestamp>, Part)> = Vec::with_capacity(parts.len());
    for (at, mut part) in parts.into_iter().enumerate() {
        let neighbours = [at.checked_sub(1), Some(at + 1)];
        let ties = neighbours.iter().flatten().any(|&n| firsts.get(n) == Some(&part.first));
        let last = if ties && part.first.is_some() { last_time(&mut part, known)? } else { None };
        keyed.push((last, part));
    }
    keyed.sort_by_key(|(last, part)| (part.first.is_none(), part.first, *last));
    Ok(keyed.into_iter().map(|(_, part)| part).collect())
}

/// The last timestamp of a part; without a year it lies within twelve months of the first.
fn last_time(part: &mut Part, known: Known) -> Result<Option<Timestamp>, ReadError> {
    let Some(tail) = part.input.tail()? else { return Ok(None) };
    let mut records = Records::new(tail.as_slice(), part.envelope);
    let mut last = None;
    while let Ok(Some(record)) = records.next_record() {
        last = known.stamped(record.line).map(|(_, stamp)| stamp).or(last);
    }
    Ok(last.and_then(|stamp| {
        part.clock.clone().instant_of(&stamp, part.hosts.first().map_or(&b""[..], Vec::as_slice))
    }))
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
        let known = Known { is_own: |_| true, proof };
        let parts = arrange(inputs, options, known, &mut Collected::default()).unwrap();
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
        let known = Known { is_own: |_| true, proof: no_proof };
        let error = arrange(vec![input()], &ReadOptions::default(), known, &mut Collected::default());
        assert_eq!(
            error.unwrap_err().to_string(),
            "mail.log: its timestamps have no year, and nothing in it tells which year it is\n\
             hint: give the year of its first line with --year"
        );
        let options = ReadOptions { year: Some(2014), ..ReadOptions::default() };
        assert_eq!(starts(vec![input()], &options, no_proof), ["mail.log 2014-04-01T04:52:30Z"]);
    }

    #[test]
    fn the_year_of_a_set_is_that_of_its_first_part() {
        let input =
            |name: &str, day: &str| Input::from_bytes(name, format!("{day} 10:00:00 h p: x\n").as_bytes());
        let options = ReadOptions { year: Some(2023), ..ReadOptions::default() };
        let over_new_year = vec![input("new", "Jan  1"), input("old", "Dec 30")];
        assert_eq!(
            starts(over_new_year, &options, no_proof),
            ["old 2023-12-30T10:00:00Z", "new 2024-01-01T10:00:00Z"]
        );
        let within = vec![input("b", "Jun  1"), input("a", "Jan  1")];
        assert_eq!(starts(within, &options, no_proof), ["a 2023-01-01T10:00:00Z", "b 2023-06-01T10:00:00Z"]);
        let far_apart = vec![input("b", "Sep 15"), input("a", "Jan  5")];
        assert_eq!(
            starts(far_apart, &options, no_proof),
            ["a 2023-01-05T10:00:00Z", "b 2023-09-15T10:00:00Z"]
        );
    }

    #[test]
    fn a_line_with_year_and_zone_proves_those_without() {
        let changed = "Dec 31 23:00:00 h p: x\n2024-01-01T01:00:00+01:00 h p: x\n";
        let before = Input::from_bytes("before", b"Dec 30 10:00:00 h p: x\n");
        let found = starts(
            vec![before, Input::from_bytes("changed", changed.as_bytes())],
            &ReadOptions::default(),
            no_proof,
        );
        assert_eq!(found, ["before 2023-12-30T09:00:00Z", "changed 2023-12-31T22:00:00Z"]);
    }

    #[test]
    fn a_leap_day_rules_out_years_without_one() {
        let limit = Timestamp::from_seconds(1_790_000_000);
        let first = Stamp { year: None, month: 2, day: 28, second: 0, offset: None };
        assert_eq!(year_before(limit, &first, None), Some(2026));
        assert_eq!(year_before(limit, &first, Some(0)), Some(2024));
    }
}
