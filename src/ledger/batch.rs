//! A batch: what formats deliver, kept aside until all is read.
//!
//! What of it the ledger has already, and putting it there, is left to `add`.

use std::collections::BTreeSet;
use std::io;

use rustc_hash::FxHashMap;

use super::error::LedgerError;
use super::keys::Secrets;
use super::manifest::Settings;
use super::merge;
use super::roster::Roster;
use super::settings::zone_of;
use super::spool::{Noted, Spool};
use super::submissions::Identity;
use super::writer::Writer;
use crate::ingest::trail::{Addressee, Status, Trail};
use crate::ingest::{ReadOptions, Record, Sink};
use crate::usage::collector::implausible;
use crate::usage::{
    Accounting, BilledCharge, Damage, Names, Rejection, Skip, SourceId, Submission, TimeQuality,
};

/// Seconds of a window of which nothing is said.
const HOUR: u32 = 60 * 60;
/// Remarks that are kept; a run over endless inputs must end.
const REMARK_CAP: usize = 1_000;

/// What formats delivered for a ledger.
#[derive(Debug)]
pub struct Batch {
    pub(super) secrets: Secrets,
    pub(super) settings: Settings,
    /// The zone of times without one.
    pub(super) zone: String,
    /// Inputs with times without a zone.
    pub(super) zoneless: BTreeSet<SourceId>,
    /// Formats and hosts of which times without a zone are told.
    pub(super) zone_hosts: BTreeSet<(&'static str, String)>,
    pub(super) names: Names,
    pub(super) spool: Spool,
    pub(super) roster: Roster,
    /// Messages that do not count yet.
    pub(super) unfinished: Vec<Noted>,
    pub(super) charges: Vec<BilledCharge>,
    pub(super) summarised: Summarised,
    scratch: Vec<Addressee>,
    accounting: Accounting,
    control_totals: u64,
    warnings: Vec<String>,
    damages: Vec<Damage>,
    failure: Option<io::Error>,
}

impl Batch {
    /// An empty batch for a ledger, of inputs that are read with these options; an error where earlier batches were
    /// read with others.
    pub fn new(writer: &Writer, options: &ReadOptions, pseudonymise: bool) -> Result<Batch, LedgerError> {
        let settings = Settings::of(options, pseudonymise);
        settings.check(writer.manifest())?;
        let secrets = Secrets::of(writer.folder())?;
        Ok(Batch {
            secrets,
            settings,
            zone: zone_of(options),
            zoneless: BTreeSet::new(),
            zone_hosts: BTreeSet::new(),
            names: Names::default(),
            spool: Spool::default(),
            roster: Roster::default(),
            unfinished: Vec::new(),
            charges: Vec::new(),
            summarised: Summarised::default(),
            scratch: Vec::new(),
            accounting: Accounting::default(),
            control_totals: 0,
            warnings: Vec::new(),
            damages: Vec::new(),
            failure: None,
        })
    }

    /// Whether nothing was read that a ledger keeps.
    pub fn is_empty(&self) -> bool {
        self.roster.is_empty() && self.unfinished.is_empty() && self.charges.is_empty()
    }

    /// What became of the records that were read. Those of messages that the ledger has already count as used here.
    pub fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// Control totals that were read; none is kept.
    pub fn control_totals(&self) -> u64 {
        self.control_totals
    }

    /// Remarks on whole inputs.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Inputs that ended early.
    pub fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// The error that ended the keeping of rows, once.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Keeps a submission that counts, or says why it does not.
    fn keep(&mut self, submission: Submission, trail: Option<&Trail<'_>>, window: Option<u32>) {
        if let Some(reason) = implausible(&submission) {
            let file = self.names.source_name(submission.source).to_owned();
            let rejection = Rejection { file, line: submission.line, reason };
            return self.accounting.reject_message(rejection, submission.records);
        }
        if submission.recipients.attempted() == 0 {
            let Submission { messages, records, .. } = submission;
            return self.accounting.skip_messages(Skip::NoRecipient, messages, records);
        }
        self.accounting.used += submission.records;
        if matches!(submission.time_quality, TimeQuality::ZoneAssumed | TimeQuality::YearInferred) {
            self.zoneless.insert(submission.source);
        }
        let noted = self.noted(submission, trail);
        // What stands for several messages is of a window, whoever hands it over.
        if let Some(seconds) = window.or((submission.messages > 1).then_some(HOUR)) {
            self.summarised.0.insert(noted.number, seconds);
        }
        if self.failure.is_none() {
            self.failure = self.spool.push(&noted).err();
        }
        // The room of its list serves the next.
        self.scratch = noted.addressees;
    }

    /// A message with its place among all.
    fn noted(&mut self, submission: Submission, trail: Option<&Trail<'_>>) -> Noted {
        let Submission { time, key, .. } = submission;
        let none = Trail {
            thread: None,
            last: time,
            begun: true,
            ended: true,
            stated: 0,
            rest: Status::Unknown,
            accepted: false,
            recipients: &[],
        };
        let &Trail { thread, last, begun, ended, stated, rest, accepted, recipients } =
            trail.unwrap_or(&none);
        let last = last.max(time);
        let (number, leg) = self.roster.note(&Identity { key, leg: 0, thread, time, last, begun, ended });
        let salt = thread.map_or(key, u128::from);
        let mut addressees = std::mem::take(&mut self.scratch);
        addressees.clear();
        addressees.extend(recipients.iter().map(|entry| {
            let hash = self.secrets.recipients.recipient(salt, entry.hash);
            Addressee { hash, ..*entry }
        }));
        merge::in_order(&mut addressees);
        Noted { number, leg, submission, thread, last, begun, ended, stated, rest, accepted, addressees }
    }
}

/// Rows that are of a window, by their number, with its seconds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summarised(FxHashMap<u32, u32>);

impl Summarised {
    /// The seconds of the window of a row; `None`: it is a message.
    pub(super) fn seconds(&self, noted: &Noted) -> Option<u32> {
        self.0.get(&noted.number).copied()
    }
}

impl Sink for Batch {
    fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    fn records(&mut self, count: u64) {
        self.accounting.records += count;
    }

    fn accept(&mut self, record: Record) {
        match record {
            Record::Submission(submission) => self.keep(submission, None, None),
            Record::BilledCharge(charge) => {
                self.accounting.skip(Skip::NotUsage, charge.records);
                self.charges.push(charge);
            }
            Record::ControlTotal(total) => {
                self.accounting.skip(Skip::NotUsage, total.records);
                self.control_totals += 1;
            }
        }
    }

    fn wants_trails(&self) -> bool {
        true
    }

    fn accept_with(&mut self, submission: Submission, trail: &Trail<'_>) {
        self.keep(submission, Some(trail), None);
    }

    fn accept_summary(&mut self, summary: Submission, seconds: u32) {
        self.keep(summary, None, Some(seconds));
    }

    fn zone_assumed(&mut self, format: &'static str, host: &str) {
        self.zone_hosts.insert((format, host.to_owned()));
    }

    fn unfinished(&mut self, submission: &Submission, trail: &Trail<'_>) {
        if implausible(submission).is_none() {
            let noted = self.noted(*submission, Some(trail));
            self.unfinished.push(noted);
        }
    }

    fn skip(&mut self, reason: Skip, records: u64) {
        self.accounting.skip(reason, records);
    }

    fn skip_message(&mut self, reason: Skip, records: u64) {
        self.accounting.skip_messages(reason, 1, records);
    }

    fn reject(&mut self, rejection: Rejection) {
        self.accounting.reject(rejection);
    }

    fn warn(&mut self, warning: String) {
        if self.warnings.len() < REMARK_CAP && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn damage(&mut self, input: &str, line: u64, what: String) {
        if self.damages.len() < REMARK_CAP {
            self.damages.push(Damage { input: input.to_owned(), line, what });
        }
    }
}
