//! Seeded, realistic logs of any size with their truth beside them.
//!
//! A [`Plan`] says how much of what; [`postfix()`], [`message_trace()`], [`exchange_tracking()`] and
//! [`acs_diagnostics()`] write it while it is made up, in bounded memory, and hand back the [`Truth`]: the counts that a correct reader must find. The same plan gives the same
//! bytes everywhere. Reading such logs is left to `ingest`. Every name and address is reserved for documentation
//! (RFC 2606, RFC 5737), private or fictitious.

mod acs_diagnostics;
mod arrivals;
mod cast;
mod exchange_tracking;
mod message_trace;
mod postfix;
mod quota;
mod text;
mod timeline;
mod traffic;
mod truth;

use std::io::{self, Write};

use chrono::NaiveDate;

use crate::period::Zone;

pub use acs_diagnostics::acs_diagnostics;
pub use exchange_tracking::exchange_tracking;
pub use message_trace::{RELAY_IP, Shape, message_trace};
pub use postfix::postfix;
pub use truth::{Counts, Truth};

/// How the time stands at the start of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    /// `Oct  1 04:52:30`: no year, no zone.
    Rfc3164,
    /// `2026-10-01T04:52:30.185246+02:00`.
    Rfc3339,
}

/// What makes real logs hard to count. The numbers say how many in 10,000 messages; what is not 0 happens at
/// least once in every log that has room for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features {
    /// Lines that belong to no message: connections, TLS, statistics, other programs (Postfix).
    pub noise: bool,
    /// Some senders hand over to Microsoft, whose replies state the bytes taken, others to the recipients' hosts
    /// (Postfix).
    pub microsoft: bool,
    /// One sender puts the recipient into the envelope sender, VERP (Postfix).
    pub variable_senders: bool,
    /// Long queue ids in the last third of the time (Postfix).
    pub long_ids: bool,
    /// Messages deferred and tried again, each with its repeated queue manager line; a tenth of that pending in a
    /// trace.
    pub deferrals: u32,
    /// Messages with a recipient that bounces, with the null-sender report that follows.
    pub bounces: u32,
    /// Messages that nobody takes for five days (Postfix).
    pub expiries: u32,
    /// Messages that pass a content filter and are queued twice (Postfix).
    pub filtered: u32,
    /// Messages that the content filter throws away (Postfix).
    pub discards: u32,
    /// Messages delivered on the host itself, wholly or for one recipient (Postfix).
    pub local: u32,
    /// Messages whose recipient stands for an alias (Postfix).
    pub aliases: u32,
    /// Recipients or whole messages that are refused (Postfix).
    pub rejects: u32,
    /// Queue ids that another message had minutes before or, with several hosts, has on another host (Postfix).
    pub id_reuse: u32,
    /// Mail that people write (traces).
    pub mailbox: u32,
    /// Mail that comes in from outside (traces).
    pub inbound: u32,
    /// Messages to a group, with rows of its members (traces).
    pub groups: u32,
    /// Recipients held back in quarantine (all but Postfix).
    pub quarantined: u32,
    /// Rows that stand twice, as overlapping pages have them (all but Postfix).
    pub repeats: u32,
    /// Subjects with quotes, line breaks, marks and letters beyond ASCII (traces).
    pub awkward_subjects: u32,
    /// Sizes that differ between the recipients of a message; the largest counts (traces).
    pub varied_sizes: bool,
}

impl Features {
    /// Nothing hard: five lines a message and one more per further recipient.
    pub const NONE: Features = Features {
        noise: false,
        microsoft: false,
        variable_senders: false,
        long_ids: false,
        deferrals: 0,
        bounces: 0,
        expiries: 0,
        filtered: 0,
        discards: 0,
        local: 0,
        aliases: 0,
        rejects: 0,
        id_reuse: 0,
        mailbox: 0,
        inbound: 0,
        groups: 0,
        quarantined: 0,
        repeats: 0,
        awkward_subjects: 0,
        varied_sizes: false,
    };

    /// Everything, at the rates of a company's relay.
    pub const ALL: Features = Features {
        noise: true,
        microsoft: true,
        variable_senders: true,
        long_ids: true,
        deferrals: 150,
        bounces: 100,
        expiries: 5,
        filtered: 300,
        discards: 5,
        local: 100,
        aliases: 50,
        rejects: 150,
        id_reuse: 50,
        mailbox: 2_500,
        inbound: 2_000,
        groups: 80,
        quarantined: 30,
        repeats: 60,
        awkward_subjects: 100,
        varied_sizes: true,
    };
}

/// What to make up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Start of the random numbers: another seed gives other messages of the same kind.
    pub seed: u64,
    /// Messages handed in, before refused ones.
    pub messages: u64,
    /// The first day (UTC).
    pub start: NaiveDate,
    /// Days from the first, in which all lines lie.
    pub days: u32,
    /// Different envelope senders, at least 1.
    pub senders: u32,
    /// Most recipients of one message, at least 1.
    pub max_recipients: u32,
    /// Hosts whose lines stand in one log, from 1 to 9.
    pub hosts: u32,
    /// How lines start.
    pub stamp: Stamp,
    /// The zone of the hosts' clocks; working hours follow it too.
    pub zone: Zone,
    /// What makes it hard.
    pub features: Features,
}

impl Plan {
    /// A month of everything on one host, from 2026-10-01, with the clock on UTC.
    pub fn new(messages: u64) -> Plan {
        Plan {
            seed: 1,
            messages,
            start: NaiveDate::from_ymd_opt(2026, 10, 1).unwrap_or_default(),
            days: 31,
            senders: 8,
            max_recipients: 5,
            hosts: 1,
            stamp: Stamp::Rfc3164,
            zone: Zone::UTC,
            features: Features::ALL,
        }
    }

    /// The same without anything hard.
    pub fn plain(messages: u64) -> Plan {
        Plan { features: Features::NONE, ..Plan::new(messages) }
    }

    /// As many messages as make about so many bytes of output, found by writing a few thousand to nowhere.
    pub fn sized(
        self,
        bytes: u64,
        write: impl Fn(&Plan, &mut dyn Write) -> io::Result<Truth>,
    ) -> io::Result<Plan> {
        const TRIAL: u64 = 5_000;
        let trial = write(&Plan { messages: TRIAL, ..self.clone() }, &mut io::sink())?;
        let messages = u128::from(bytes) * u128::from(TRIAL) / u128::from(trial.output_bytes.max(1));
        Ok(Plan { messages: u64::try_from(messages).unwrap_or(u64::MAX).max(1), ..self })
    }

    /// Microseconds from 1970 up to the first instant of the first day.
    fn start_micros(&self) -> u64 {
        let seconds = self.start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        u64::try_from(seconds).unwrap_or(0).saturating_mul(text::SECOND)
    }

    /// Microseconds from 1970 up to the end of the last day.
    fn end_micros(&self) -> u64 {
        self.start_micros() + u64::from(self.days.max(1)) * 86_400 * text::SECOND
    }
}
