//! What became of every input record: used, skipped for a named reason, or rejected and shown.
//!
//! The three sums add up to the records read; nothing disappears. Locations name file and line, never the line
//! itself: it holds addresses.

use std::collections::BTreeMap;
use std::fmt;

/// Rejected records that are shown; the others are counted.
pub const SHOWN_REJECTIONS: usize = 5;

/// Why a record is not (part of) a counted submission.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Skip {
    /// The same record or message was already read.
    Duplicate,
    /// A bounce with the null sender `<>`, which cannot be sent through the service.
    NullSender,
    /// Delivered on the host itself: local, virtual, LMTP, pipe, mailbox.
    LocalDelivery,
    /// Refused before the relay accepted it.
    NotAccepted,
    /// Accepted and then thrown away by a filter.
    Discarded,
    /// An event of a message that says nothing about its counts.
    Event,
    /// A line of the mail system that belongs to no message: connections, start and stop, statistics.
    Session,
    /// A line of another program in the same log.
    OtherProgram,
    /// A line of another mail system in the same log.
    OtherMailSystem,
    /// A piece of a line that was broken, cut or continued: it names no message.
    Fragment,
    /// A test of an address or of the system's health; no mail.
    Probe,
    /// A pass through a content filter whose outcome was already counted.
    FilterHop,
    /// A header, title, comment or empty line.
    Header,
    /// A member row that the expansion of a group produced.
    Expansion,
    /// The group row of an expansion that is counted by its members, or a forwarding step.
    Routing,
    /// Handed to a host that `--relay-host` does not name; in a message trace, handed in by one.
    OtherRelay,
    /// Excluded by a filter on client, sender domain or connector.
    Filtered,
    /// Outside `--from` and `--to`.
    OutsideWindow,
    /// No recipient was delivered, with `--delivered-only`.
    NotDelivered,
    /// A charge of an invoice or a control total, which is no usage: shown beside it.
    NotUsage,
    /// A charge of another service than mail.
    OtherService,
    /// A message of which no recipient was accepted, as far as the input tells.
    NoRecipient,
    /// Told by a better source in the same run.
    Covered,
}

impl Skip {
    /// The reason's name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Skip::Duplicate => "duplicate",
            Skip::NullSender => "null-sender",
            Skip::LocalDelivery => "local-delivery",
            Skip::NotAccepted => "not-accepted",
            Skip::Discarded => "discarded",
            Skip::Event => "event",
            Skip::Session => "session",
            Skip::OtherProgram => "other-program",
            Skip::OtherMailSystem => "other-mail-system",
            Skip::Fragment => "fragment",
            Skip::Probe => "probe",
            Skip::FilterHop => "filter-hop",
            Skip::Header => "header",
            Skip::Expansion => "expansion",
            Skip::Routing => "routing",
            Skip::OtherRelay => "other-relay",
            Skip::Filtered => "filtered",
            Skip::OutsideWindow => "outside-window",
            Skip::NotDelivered => "not-delivered",
            Skip::NotUsage => "not-usage",
            Skip::OtherService => "other-service",
            Skip::Covered => "covered",
            Skip::NoRecipient => "no-recipient",
        }
    }
}

/// A record that should be a submission and cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The input.
    pub file: String,
    /// The line (1-based).
    pub line: u64,
    /// What is wrong and what was expected. Holds no address and no raw line.
    pub reason: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

/// Counts of records and, for skipped submissions, of messages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Accounting {
    /// Records read.
    pub records: u64,
    /// Records that contributed to a counted submission.
    pub used: u64,
    /// Records that did not, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// Whole messages that were skipped, by reason, where the reason is about messages.
    pub skipped_messages: BTreeMap<Skip, u64>,
    /// Records that should be a submission and cannot be read.
    pub rejected: u64,
    /// The first of them.
    pub rejections: Vec<Rejection>,
}

impl Accounting {
    /// Counts records that were skipped.
    pub fn skip(&mut self, reason: Skip, records: u64) {
        if records > 0 {
            *self.skipped.entry(reason).or_default() += records;
        }
    }

    /// Counts a skipped submission with the records behind it.
    pub fn skip_messages(&mut self, reason: Skip, messages: u64, records: u64) {
        self.skip(reason, records);
        if messages == 0 {
            return;
        }
        *self.skipped_messages.entry(reason).or_default() += messages;
    }

    /// Counts a rejected record and keeps the first few to be shown.
    pub fn reject(&mut self, rejection: Rejection) {
        self.rejected += 1;
        if self.rejections.len() < SHOWN_REJECTIONS {
            self.rejections.push(rejection);
        }
    }

    /// Counts a submission that cannot be right, with the records behind it.
    pub fn reject_message(&mut self, rejection: Rejection, records: u64) {
        self.reject(rejection);
        self.rejected = self.rejected.saturating_add(records.saturating_sub(1));
    }

    /// Adds another account, with as many of its rejected records as are still shown.
    pub fn merge(&mut self, other: &Accounting) {
        self.records += other.records;
        self.used += other.used;
        for (&reason, &records) in &other.skipped {
            *self.skipped.entry(reason).or_default() += records;
        }
        for (&reason, &messages) in &other.skipped_messages {
            *self.skipped_messages.entry(reason).or_default() += messages;
        }
        self.rejected = self.rejected.saturating_add(other.rejected);
        let room = SHOWN_REJECTIONS.saturating_sub(self.rejections.len());
        self.rejections.extend(other.rejections.iter().take(room).cloned());
    }

    /// Whether used, skipped and rejected records add up to those read.
    pub fn adds_up(&self) -> bool {
        self.used + self.skipped.values().sum::<u64>() + self.rejected == self.records
    }
}
