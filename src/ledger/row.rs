//! Rows of the ledger as plain values, texts and all: what a file holds and what a batch brings.
//!
//! Columns are left to `schema`, joining two rows of one message to `merge`.

use crate::ingest::trail::{Addressee, Status};
use crate::period::Timestamp;
use crate::usage::{BilledCharge, Client, Recipients, SizeQuality, TimeQuality, Traffic};

/// A message, or a further leg of one, with what is needed to know it again.
#[derive(Clone, PartialEq, Debug)]
pub struct SubmissionRow {
    /// Digest of what identifies the message in its source.
    pub key: u128,
    /// 0 for the message, 1 and more for further rows of the same key in one batch.
    pub leg: u32,
    /// [`Trail::thread`](crate::ingest::Trail::thread).
    pub thread: Option<u64>,
    /// The instant at which the relay accepted it.
    pub time: Timestamp,
    /// The instant of its last line.
    pub last: Timestamp,
    /// How `time` became an instant.
    pub time_quality: TimeQuality,
    /// 1; 0 for a further leg.
    pub messages: u64,
    /// Bytes of one copy.
    pub message_size: Option<u64>,
    /// Where the size comes from.
    pub size_quality: SizeQuality,
    /// Recipients by what became of them.
    pub recipients: Recipients,
    /// The most recipients that are possible.
    pub recipients_upper: u64,
    /// The envelope sender; `None`: the source does not tell; `<>`: the null sender.
    pub sender: Option<String>,
    /// The submitting host.
    pub client: Client,
    /// The connector or next host; `None`: the source does not tell.
    pub connector: Option<String>,
    /// Which traffic it looks like.
    pub traffic: Traffic,
    /// The format that it was read as.
    pub format: String,
    /// The input in which it was first seen.
    pub source: String,
    /// The line of its first record in that input.
    pub line: u64,
    /// Input records behind it.
    pub records: u64,
    /// The number of the batch that brought it, or changed it last.
    pub batch: u64,
    /// Whether its beginning was seen.
    pub begun: bool,
    /// Whether its end was seen.
    pub ended: bool,
    /// Recipients that its acceptance states; 0: none.
    pub stated: u64,
    /// What became of those that are stated and not listed.
    pub rest: Status,
    /// Whether the acceptance lists its recipients.
    pub accepted: bool,
    /// Its recipients, as keyed digests in place of hashes; empty once they are erased.
    pub addressees: Vec<Addressee>,
}

/// Messages that a source counted for a window: what a query in Azure returns, or a pre-aggregated table.
#[derive(Clone, PartialEq, Debug)]
pub struct SummaryRow {
    /// Digest of what identifies the row in its source: the window and what it is grouped by, not its counts.
    pub key: u128,
    /// Start of the window.
    pub time: Timestamp,
    /// Seconds of the window; 86,400 where the source gives a day only.
    pub seconds: u32,
    /// How `time` became an instant.
    pub time_quality: TimeQuality,
    /// Messages in the window.
    pub messages: u64,
    /// Mean bytes of one copy.
    pub message_size: Option<u64>,
    /// Where the size comes from.
    pub size_quality: SizeQuality,
    /// Recipients of all its messages by what became of them.
    pub recipients: Recipients,
    /// The most recipients that are possible.
    pub recipients_upper: u64,
    /// The envelope sender; `None`: the source does not tell; `<>`: the null sender.
    pub sender: Option<String>,
    /// The submitting host.
    pub client: Client,
    /// The connector, next host or Azure resource; `None`: the source does not tell.
    pub connector: Option<String>,
    /// Which traffic it looks like.
    pub traffic: Traffic,
    /// The format that it was read as.
    pub format: String,
    /// The input that states it.
    pub source: String,
    /// The line of its record in that input.
    pub line: u64,
    /// Input records behind it.
    pub records: u64,
    /// The number of the batch that brought it.
    pub batch: u64,
}

/// A line of an invoice or cost export, with where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct ChargeRow {
    /// What was billed; its `source` is not used.
    pub charge: BilledCharge,
    /// The input that states it.
    pub source: String,
    /// The number of the batch that brought it.
    pub batch: u64,
}
