//! The rows of a file of submissions by columns, with each text once: what `replay` hands over.
//!
//! Decoding columns is left to `vectors`.

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::columns::{size_quality, time_quality, traffic};
use super::error::LedgerError;
use super::manifest::FileEntry;
use super::store::Store;
use super::vectors::{self, NO_TEXT, Numbers, Texts, Vectors};
use crate::period::Timestamp;
use crate::usage::{
    Client, ClientId, HostId, Recipients, SenderId, SizeQuality, SourceId, Submission, TimeQuality, Traffic,
};

/// The columns that a caller makes use of, beside times, counts, sizes and traffic. Without one of them all rows are
/// the same in it: of an unknown sender and client, and of no connector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Senders and their domains. Null senders do not count by default, so that they are nearly always needed.
    pub sender: bool,
    /// Submitting hosts.
    pub client: bool,
    /// Connectors or next hosts.
    pub connector: bool,
    /// Inputs.
    pub source: bool,
    /// Their lines: those of what is rejected are shown.
    pub line: bool,
    /// Keys.
    pub key: bool,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { sender: true, client: true, connector: true, source: true, line: true, key: true }
    }
}

impl Wanted {
    /// None of them.
    pub fn none() -> Wanted {
        Wanted { sender: false, client: false, connector: false, source: false, line: false, key: false }
    }
}

/// A column of values that come again: each value once, and for each row its place.
#[derive(Clone, Debug)]
pub struct Coded<T> {
    values: Vec<T>,
    /// Empty where the column is not wanted, only one where all rows have the same.
    places: Vec<u32>,
}

impl<T> Default for Coded<T> {
    fn default() -> Coded<T> {
        Coded { values: Vec::new(), places: Vec::new() }
    }
}

impl<T> Coded<T> {
    /// The values, each once.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// What a row has, of something that there is for each value.
    pub fn of<U: Copy>(&self, at: usize, each: &[U], none: U) -> U {
        let place = vectors::each(&self.places, at).unwrap_or(NO_TEXT);
        each.get(place as usize).copied().unwrap_or(none)
    }

    /// The value of a row.
    pub fn value(&self, at: usize) -> Option<&T> {
        self.values.get(vectors::each(&self.places, at)? as usize)
    }
}

/// Rows of a group in a file.
#[derive(Debug, Default)]
pub struct Rows {
    len: usize,
    time: Numbers,
    time_quality: Coded<TimeQuality>,
    messages: Numbers,
    message_size: Numbers,
    size_quality: Coded<SizeQuality>,
    megabytes: Coded<Decimal>,
    recipients: [Numbers; 5],
    recipients_upper: Numbers,
    traffic: Coded<Traffic>,
    line: Numbers,
    records: Numbers,
    key: Vec<u128>,
    /// Senders.
    pub sender: Coded<Box<str>>,
    /// Submitting hosts.
    pub client: Coded<Client>,
    /// Connectors.
    pub connector: Coded<Box<str>>,
    /// Inputs.
    pub source: Coded<Box<str>>,
}

const RECIPIENTS: [&str; 5] = [
    "recipients_delivered",
    "recipients_open",
    "recipients_bounced",
    "recipients_filtered",
    "recipients_unknown",
];
const CLIENT: [&str; 3] = ["client_name", "client_ip", "client_user"];

impl Rows {
    /// Reads those of a file, group by group.
    pub fn read(store: &Store, file: &FileEntry, wanted: &Wanted) -> Result<Vec<Rows>, LedgerError> {
        let mut names = vec!["time", "time_quality", "messages", "message_size", "size_quality"];
        names.extend(["stated_megabytes", "recipients_upper", "traffic", "records"]);
        names.extend(RECIPIENTS);
        names.extend(wanted.client.then_some(CLIENT).into_iter().flatten());
        let optional = [
            (wanted.sender, "sender"),
            (wanted.connector, "connector"),
            (wanted.source, "source"),
            (wanted.line, "line"),
            (wanted.key, "key"),
        ];
        names.extend(optional.into_iter().filter_map(|(wanted, name)| wanted.then_some(name)));
        let groups = store.submission_columns(file, &names)?;
        let rows = |vectors| {
            Rows::of(vectors).ok_or_else(|| {
                let what = "it has words that are none of the ledger";
                LedgerError::damaged(&store.path(file), what)
            })
        };
        groups.into_iter().map(rows).collect()
    }

    fn of(mut vectors: Vectors) -> Option<Rows> {
        let len = vectors.rows();
        let size = vectors.take_numbers("message_size");
        let mut numbers = |name| vectors.take_numbers(name);
        let (time, messages) = (numbers("time"), numbers("messages"));
        let (line, records) = (numbers("line"), numbers("records"));
        let recipients = RECIPIENTS.map(&mut numbers);
        let recipients_upper = numbers("recipients_upper");
        let key = vectors.take_digests("key");
        let mut texts = |name| vectors.take_texts(name);
        Some(Rows {
            len,
            time,
            time_quality: words(texts("time_quality"), time_quality)?,
            messages,
            message_size: size,
            size_quality: words(texts("size_quality"), size_quality)?,
            megabytes: words(texts("stated_megabytes"), |text| text.parse().ok())?,
            recipients,
            recipients_upper,
            traffic: words(texts("traffic"), traffic)?,
            line,
            records,
            key,
            sender: plain(texts("sender")),
            connector: plain(texts("connector")),
            source: plain(texts("source")),
            client: clients(CLIENT.map(texts), len)?,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Records behind all of them.
    pub fn records(&self) -> u64 {
        match self.records.only() {
            Some(records) => records.cast_unsigned().saturating_mul(self.len as u64),
            None => (0..self.len).fold(0, |sum, at| sum.saturating_add(count(&self.records, at))),
        }
    }

    /// When a row was accepted.
    pub fn time(&self, at: usize) -> Timestamp {
        Timestamp::from_seconds(self.time.value(at))
    }

    /// Messages behind a row.
    pub fn messages(&self, at: usize) -> u64 {
        count(&self.messages, at)
    }

    /// A row with its texts by number.
    pub fn submission(&self, at: usize, texts: RowTexts) -> Submission {
        let is_sized = !self.message_size.is_missing(at);
        let size_quality = self.size_quality.value(at).copied().unwrap_or(SizeQuality::Missing);
        let [delivered, open, bounced, filtered, unknown] =
            [0, 1, 2, 3, 4].map(|of: usize| count(&self.recipients[of], at));
        Submission {
            time: self.time(at),
            time_quality: self.time_quality.value(at).copied().unwrap_or(TimeQuality::Exact),
            messages: self.messages(at),
            message_size: is_sized.then(|| count(&self.message_size, at)),
            size_quality: match size_quality {
                SizeQuality::Stated { .. } => {
                    SizeQuality::Stated { megabytes: self.megabytes.value(at).copied().unwrap_or_default() }
                }
                other => other,
            },
            recipients: Recipients { delivered, open, bounced, filtered, unknown },
            recipients_upper: count(&self.recipients_upper, at),
            sender: texts.sender,
            client: texts.client,
            relay: texts.connector,
            traffic: self.traffic.value(at).copied().unwrap_or(Traffic::Unknown),
            source: texts.source,
            line: count(&self.line, at),
            records: count(&self.records, at),
            key: self.key.get(at).copied().unwrap_or_default(),
        }
    }
}

/// The texts of a row, by number.
#[derive(Clone, Copy, Debug)]
pub struct RowTexts {
    /// The sender.
    pub sender: SenderId,
    /// The submitting host.
    pub client: ClientId,
    /// The connector.
    pub connector: HostId,
    /// The input.
    pub source: SourceId,
}

fn count(numbers: &Numbers, at: usize) -> u64 {
    numbers.value(at).cast_unsigned()
}

fn plain(texts: Texts) -> Coded<Box<str>> {
    Coded { values: texts.list, places: texts.places }
}

/// Words as what they stand for; `None`: one of them is none of the ledger.
fn words<T>(texts: Texts, meant: impl Fn(&str) -> Option<T>) -> Option<Coded<T>> {
    let values = texts.list.iter().map(|text| meant(text)).collect::<Option<_>>()?;
    Some(Coded { values, places: texts.places })
}

/// Hosts of so many rows by their three parts.
fn clients(parts: [Texts; 3], rows: usize) -> Option<Coded<Client>> {
    if parts.iter().all(|part| part.places.is_empty()) {
        return Some(Coded::default()); // They are not wanted.
    }
    let is_one = parts.iter().all(|part| part.places.len() == 1);
    let [names, ips, users] = parts;
    let ips = words(ips, |text| text.parse::<std::net::IpAddr>().ok())?;
    let text = |texts: &Texts, place: u32| texts.list.get(place as usize).map(|text| text.to_string());
    let mut known: FxHashMap<[u32; 3], u32> = FxHashMap::default();
    let mut coded = Coded::default();
    for at in 0..if is_one { 1 } else { rows } {
        let ip = vectors::each(&ips.places, at).unwrap_or(NO_TEXT);
        let parts = [names.place(at), ip, users.place(at)];
        let place = *known.entry(parts).or_insert_with(|| {
            let [name, ip, user] = parts;
            let ip = ips.values.get(ip as usize).copied();
            coded.values.push(Client { name: text(&names, name), ip, user: text(&users, user) });
            coded.values.len() as u32 - 1
        });
        coded.places.push(place);
    }
    Some(coded)
}
