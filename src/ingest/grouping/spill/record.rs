//! How messages and records stand in a temporary file: numbers in little-endian order one after the other, for whoever
//! wrote them and nobody else.

use std::io::{self, Read};

use crate::ingest::grouping::acceptance::Acceptance;
use crate::ingest::grouping::intake::One;
use crate::ingest::grouping::origins::{Origins, Teller};
use crate::ingest::grouping::recipients::{Entry, entries};
use crate::ingest::grouping::shard::{LARGE, Message, Shard, seconds};
use crate::ingest::grouping::{Kind, MessageKey, Received, Said, Slot, Status};
use crate::period::Timestamp;
use crate::usage::Skip;

const DATE_ONLY: u8 = 1;
const SIZE: u8 = 1 << 1;
/// Whether an acceptance is a hop, and whether the texts of an outcome have weight.
const IS_SO: u8 = 1 << 2;
const KIND_BITS: u32 = 3;

/// Writes what is known of a message of a share.
pub(super) fn put_case(out: &mut Vec<u8>, shard: &Shard, at: u32) {
    let message = shard.messages.at(at);
    let Message { key, time, size, origin, place, first } = *message;
    let acceptance = shard.acceptances.get(&at);
    out.push(u8::from(acceptance.is_some()));
    put_words(out, &key);
    put_words(out, &[time, size, origin, place]);
    put_words(out, &first);
    if size == LARGE {
        put_long(out, shard.large.get(&at).copied().unwrap_or_default());
    }
    if let Some(acceptance) = acceptance {
        put_words(out, &[acceptance.moment.0, acceptance.origin, acceptance.stated]);
        out.push(u8::from(acceptance.is_hop));
        put_long(out, acceptance.moment.1);
        put_long(out, acceptance.records);
        put_words(out, &[acceptance.listed.len() as u32]);
        acceptance.listed.iter().for_each(|hash| put_long(out, *hash));
    }
    if Entry::from_halves(first).has_list() {
        let all: Vec<Entry> = entries(first, &shard.further).collect();
        put_words(out, &[all.len() as u32]);
        all.iter().for_each(|entry| put_words(out, &entry.halves()));
    }
}

/// Reads a message into a share, without its index; returns its number.
pub(super) fn case(from: &mut impl Read, shard: &mut Shard) -> io::Result<u32> {
    let [has_acceptance] = bytes(from)?;
    let key = [word(from)?, word(from)?, word(from)?, word(from)?];
    let [time, size, origin, place] = [word(from)?, word(from)?, word(from)?, word(from)?];
    let listed = Entry::from_halves([word(from)?, word(from)?]);
    let first = if listed.has_list() { listed.without_list() } else { listed };
    let at = shard.messages.push(Message { key, time, size, origin, place, first: first.halves() });
    if size == LARGE {
        shard.large.insert(at, long(from)?);
    }
    if has_acceptance != 0 {
        shard.acceptances.insert(at, acceptance(from)?);
    }
    if listed.has_list() {
        let count = word(from)?;
        let read = |_| Ok(Entry::from_halves([word(from)?, word(from)?]));
        let all = (0..count).map(read).collect::<io::Result<Vec<Entry>>>()?;
        // The latest stands first.
        for entry in all.into_iter().rev() {
            shard.add_further(Slot(at), entry);
        }
    }
    Ok(at)
}

fn acceptance(from: &mut impl Read) -> io::Result<Acceptance> {
    let [part, origin, stated] = [word(from)?, word(from)?, word(from)?];
    let [is_hop] = bytes(from)?;
    let (moment, records, count) = ((part, long(from)?), long(from)?, word(from)?);
    let listed = (0..count).map(|_| long(from)).collect::<io::Result<_>>()?;
    Ok(Acceptance { moment, origin, is_hop: is_hop != 0, records, stated, listed })
}

/// Writes a record, with the number of what it tells of its origin.
pub(super) fn put_row(out: &mut Vec<u8>, one: &One<'_>, origin: u32, skips: &mut Vec<Skip>) {
    let said = one.said;
    let (kind, is_so) = match said.kind {
        Kind::Recipient => (0, false),
        Kind::Message => (1, false),
        Kind::Accepted(received) => (2, received.is_hop),
        Kind::Outcome { has_weight, .. } => (3, has_weight),
    };
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    let flags = flag(said.date_only, DATE_ONLY) | flag(said.size.is_some(), SIZE) | flag(is_so, IS_SO);
    out.push(flags | kind << KIND_BITS);
    put_words(out, &said.key.parts());
    put_words(out, &[seconds(said.time), one.place, origin, one.recipients.len() as u32]);
    if let Some(size) = said.size {
        put_long(out, size);
    }
    match said.kind {
        Kind::Recipient | Kind::Message => {}
        Kind::Accepted(received) => put_words(out, &[received.nanoseconds, received.stated]),
        Kind::Outcome { otherwise, .. } => {
            let known = skips.iter().position(|skip| *skip == otherwise);
            out.push(known.unwrap_or(skips.len()) as u8);
            if known.is_none() {
                skips.push(otherwise);
            }
        }
    }
    for (hash, status) in one.recipients {
        put_long(out, *hash);
        out.push(*status as u8);
    }
}

/// Reads a record; its recipients go into a list that is used again for each.
pub(super) fn row(
    from: &mut impl Read,
    origins: &Origins,
    skips: &[Skip],
    recipients: &mut Vec<(u64, Status)>,
) -> io::Result<(Said, u32, Teller)> {
    let [flags] = bytes(from)?;
    let key = MessageKey::from_parts([word(from)?, word(from)?, word(from)?, word(from)?]);
    let [time, place, origin, count] = [word(from)?, word(from)?, word(from)?, word(from)?];
    let size = if flags & SIZE != 0 { Some(long(from)?) } else { None };
    let is_so = flags & IS_SO != 0;
    let kind = match flags >> KIND_BITS {
        0 => Kind::Recipient,
        1 => Kind::Message,
        2 => {
            let [nanoseconds, stated] = [word(from)?, word(from)?];
            // Its texts are in its origin.
            Kind::Accepted(Received { nanoseconds, stated, texts: 0, is_hop: is_so })
        }
        _ => {
            let [skip] = bytes(from)?;
            let otherwise = skips.get(usize::from(skip)).copied().unwrap_or(Skip::Event);
            Kind::Outcome { otherwise, has_weight: is_so }
        }
    };
    recipients.clear();
    for _ in 0..count {
        let (hash, [status]) = (long(from)?, bytes(from)?);
        recipients.push((hash, Status::ALL.get(usize::from(status)).copied().unwrap_or(Status::Unknown)));
    }
    let said = Said {
        key,
        time: Timestamp::from_seconds(time.into()),
        date_only: flags & DATE_ONLY != 0,
        size,
        origin: 0,
        line: 0,
        kind,
    };
    let told = Teller { told: origins.told(origin), number: Some(origin) };
    Ok((said, place, told))
}

fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

fn put_long(out: &mut Vec<u8>, long: u64) {
    out.extend_from_slice(&long.to_le_bytes());
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn word(from: &mut impl Read) -> io::Result<u32> {
    bytes(from).map(u32::from_le_bytes)
}

fn long(from: &mut impl Read) -> io::Result<u64> {
    bytes(from).map(u64::from_le_bytes)
}
