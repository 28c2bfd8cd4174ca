//! What a batch brings, day by day: kept in memory while it is little, and in a file without a name once it is not.
//!
//! Which rows are kept is left to `batch`; texts stay with its names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use rust_decimal::Decimal;

use crate::ingest::trail::{Addressee, Status};
use crate::period::Timestamp;
use crate::usage::{
    ClientId, HostId, Recipients, SenderId, SizeQuality, SourceId, Submission, TimeQuality, Traffic,
};

/// Bytes of rows that are kept in memory.
const ROOM: usize = 64 * 1024 * 1024;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A message as a batch brings it: its texts by number.
#[derive(Clone, PartialEq, Debug)]
pub struct Noted {
    /// Its place among all that the batch brings.
    pub number: u32,
    /// How many earlier ones have its key.
    pub leg: u32,
    /// What was read.
    pub submission: Submission,
    /// What every line of it names.
    pub thread: Option<u64>,
    /// The instant of its last line.
    pub last: Timestamp,
    /// Whether its beginning was seen.
    pub begun: bool,
    /// Whether its end was seen.
    pub ended: bool,
    /// Recipients that its acceptance states.
    pub stated: u64,
    /// What became of those that are stated and not listed.
    pub rest: Status,
    /// Whether the acceptance lists its recipients.
    pub accepted: bool,
    /// Its recipients, by keyed digests.
    pub addressees: Vec<Addressee>,
}

/// The UTC day of an instant, counted from 1970.
pub fn day_of(time: Timestamp) -> i64 {
    time.seconds().div_euclid(DAY)
}

/// Rows by day.
#[derive(Debug)]
pub struct Spool {
    room: usize,
    held: usize,
    days: BTreeMap<i64, Rows>,
    file: Option<File>,
    len: u64,
}

/// Those of a day: what is in memory, and where the rest stands in the file.
#[derive(Debug, Default)]
struct Rows {
    held: Vec<u8>,
    written: Vec<(u64, usize)>,
}

impl Default for Spool {
    fn default() -> Spool {
        Spool::with_room(ROOM)
    }
}

impl Spool {
    /// One that keeps so many bytes in memory.
    fn with_room(room: usize) -> Spool {
        Spool { room, held: 0, days: BTreeMap::new(), file: None, len: 0 }
    }

    /// Keeps a row.
    pub fn push(&mut self, row: &Noted) -> io::Result<()> {
        let rows = self.days.entry(day_of(row.submission.time)).or_default();
        let before = rows.held.len();
        encode(row, &mut rows.held);
        self.held += rows.held.len() - before;
        if self.held > self.room { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.len))?;
        for rows in self.days.values_mut().filter(|rows| !rows.held.is_empty()) {
            file.write_all(&rows.held)?;
            rows.written.push((self.len, rows.held.len()));
            self.len += rows.held.len() as u64;
            rows.held = Vec::new();
        }
        self.held = 0;
        Ok(())
    }

    /// The days on which there are rows, in their order.
    pub fn days(&self) -> Vec<i64> {
        self.days.keys().copied().collect()
    }

    /// The rows of a day, in the order in which they were kept.
    pub fn rows(&mut self, day: i64) -> io::Result<Vec<Noted>> {
        let Some(rows) = self.days.get(&day) else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for &(start, len) in &rows.written {
            let file = self.file.as_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
            let before = all.len();
            all.resize(before + len, 0);
            file.seek(SeekFrom::Start(start))?;
            file.read_exact(&mut all[before..])?;
        }
        all.extend_from_slice(&rows.held);
        let (mut found, mut rest) = (Vec::new(), all.as_slice());
        while !rest.is_empty() {
            found.push(decode(&mut rest).ok_or(io::ErrorKind::InvalidData)?);
        }
        Ok(found)
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(from: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
        if shift > 63 {
            return None;
        }
    }
}

fn take_bytes<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (&bytes, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(bytes)
}

fn take_narrow(from: &mut &[u8]) -> Option<u32> {
    u32::try_from(take(from)?).ok()
}

/// Qualities by the place that they have here.
const TIMES: [TimeQuality; 4] =
    [TimeQuality::Exact, TimeQuality::ZoneAssumed, TimeQuality::YearInferred, TimeQuality::DateOnly];

fn size_code(quality: SizeQuality) -> u8 {
    match quality {
        SizeQuality::Accepted => 0,
        SizeQuality::Measured => 1,
        SizeQuality::Declared => 2,
        SizeQuality::Missing => 3,
        SizeQuality::Stated { .. } => 4,
    }
}

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|other| other == one).unwrap_or(0) as u8
}

fn encode(row: &Noted, out: &mut Vec<u8>) {
    let it = &row.submission;
    let flags = [row.begun, row.ended, row.accepted, row.thread.is_some(), it.message_size.is_some()];
    out.push((0..).zip(flags).fold(0, |bits, (at, flag)| bits | u8::from(flag) << at));
    let codes =
        [place(&TIMES, &it.time_quality), size_code(it.size_quality), place(&Traffic::ALL, &it.traffic)];
    out.extend(codes);
    out.extend(it.key.to_le_bytes());
    out.extend(it.time.seconds().to_le_bytes());
    out.extend(row.last.seconds().to_le_bytes());
    row.thread.iter().for_each(|thread| out.extend(thread.to_le_bytes()));
    if let SizeQuality::Stated { megabytes } = it.size_quality {
        out.extend(megabytes.serialize());
    }
    it.message_size.iter().for_each(|&size| put(out, size));
    let Recipients { delivered, open, bounced, filtered, unknown } = it.recipients;
    for number in [delivered, open, bounced, filtered, unknown, it.recipients_upper, it.messages] {
        put(out, number);
    }
    for number in [it.sender.0, it.client.0, it.relay.0, it.source.0, row.number, row.leg] {
        put(out, number.into());
    }
    put(out, it.line);
    put(out, it.records);
    put(out, row.stated);
    out.push(row.rest as u8);
    put(out, row.addressees.len() as u64);
    for entry in &row.addressees {
        out.extend(entry.hash.to_le_bytes());
        out.push(entry.status as u8 | u8::from(entry.accepted) << 7);
    }
}

fn decode(from: &mut &[u8]) -> Option<Noted> {
    let [flags, time_quality, size, traffic] = take_bytes(from)?;
    let flag = |at: u8| flags & 1 << at != 0;
    let key = u128::from_le_bytes(take_bytes(from)?);
    let time = Timestamp::from_seconds(i64::from_le_bytes(take_bytes(from)?));
    let last = Timestamp::from_seconds(i64::from_le_bytes(take_bytes(from)?));
    let thread = if flag(3) { Some(u64::from_le_bytes(take_bytes(from)?)) } else { None };
    let size_quality = take_size_quality(size, from)?;
    let message_size = if flag(4) { Some(take(from)?) } else { None };
    let [delivered, open, bounced, filtered, unknown] = take_all(from, take)?;
    let [recipients_upper, messages] = take_all(from, take)?;
    let [sender, client, relay, source, number, leg] = take_all(from, take_narrow)?;
    let [line, records, stated] = take_all(from, take)?;
    let [rest] = take_bytes(from)?;
    let submission = Submission {
        time,
        time_quality: *TIMES.get(usize::from(time_quality))?,
        messages,
        message_size,
        size_quality,
        recipients: Recipients { delivered, open, bounced, filtered, unknown },
        recipients_upper,
        sender: SenderId(sender),
        client: ClientId(client),
        relay: HostId(relay),
        traffic: *Traffic::ALL.get(usize::from(traffic))?,
        source: SourceId(source),
        line,
        records,
        key,
    };
    Some(Noted {
        number,
        leg,
        submission,
        thread,
        last,
        begun: flag(0),
        ended: flag(1),
        stated,
        rest: *Status::ALL.get(usize::from(rest))?,
        accepted: flag(2),
        addressees: (0..take(from)?).map(|_| take_addressee(from)).collect::<Option<_>>()?,
    })
}

fn take_size_quality(code: u8, from: &mut &[u8]) -> Option<SizeQuality> {
    Some(match code {
        0 => SizeQuality::Accepted,
        1 => SizeQuality::Measured,
        2 => SizeQuality::Declared,
        3 => SizeQuality::Missing,
        _ => SizeQuality::Stated { megabytes: Decimal::deserialize(take_bytes(from)?) },
    })
}

fn take_all<T: Copy + Default, const N: usize>(
    from: &mut &[u8],
    one: fn(&mut &[u8]) -> Option<T>,
) -> Option<[T; N]> {
    let mut all = [T::default(); N];
    for slot in &mut all {
        *slot = one(from)?;
    }
    Some(all)
}

fn take_addressee(from: &mut &[u8]) -> Option<Addressee> {
    let hash = u64::from_le_bytes(take_bytes(from)?);
    let [state] = take_bytes(from)?;
    let status = *Status::ALL.get(usize::from(state & 0x7f))?;
    Some(Addressee { hash, status, accepted: state & 0x80 != 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::submission::tests::submission;

    fn noted(number: u32) -> Noted {
        let n = u64::from(number);
        let megabytes = Decimal::new(i64::from(number), 3);
        Noted {
            number,
            leg: number % 2,
            submission: Submission {
                time: Timestamp::from_seconds(i64::from(number) * 50_000 - 200_000),
                size_quality: [SizeQuality::Measured, SizeQuality::Stated { megabytes }][number as usize % 2],
                message_size: (!number.is_multiple_of(3)).then_some(n << 33),
                sender: SenderId(number),
                traffic: Traffic::Inbound,
                key: u128::MAX - u128::from(n),
                line: n * 1_000,
                ..submission()
            },
            thread: (!number.is_multiple_of(2)).then_some(u64::MAX - n),
            last: Timestamp::from_seconds(1_790_000_000),
            begun: !number.is_multiple_of(2),
            ended: !number.is_multiple_of(3),
            stated: n,
            rest: Status::Local,
            accepted: !number.is_multiple_of(5),
            addressees: (0..n % 4)
                .map(|hash| Addressee { hash, status: Status::Expanded, accepted: hash > 1 })
                .collect(),
        }
    }

    #[test]
    fn rows_come_back_by_day_in_their_order_whether_written_or_held() {
        for room in [0, 500, ROOM] {
            let mut spool = Spool::with_room(room);
            let rows: Vec<Noted> = (0..40).chain(0..40).map(noted).collect();
            rows.iter().for_each(|row| spool.push(row).unwrap());
            assert_eq!(spool.file.is_some(), room < ROOM);
            let mut found = 0;
            for day in spool.days() {
                let expected: Vec<&Noted> =
                    rows.iter().filter(|row| day_of(row.submission.time) == day).collect();
                let of_day = spool.rows(day).unwrap();
                assert_eq!(of_day.iter().collect::<Vec<_>>(), expected);
                found += of_day.len();
            }
            assert_eq!(found, rows.len());
        }
    }
}
