//! Counting: every submission is counted in the cube, skipped for a named reason, or rejected.
//!
//! Nothing is allocated for a submission and no text is compared (see `filter`). What the sums come to is left
//! to `summary`, what they cost to `estimate`.

use super::accounting::{Accounting, Rejection, Skip};
use super::charge::{Beside, BilledCharge, ControlTotal};
use super::coverage::Coverage;
use super::cube::{Cube, Portion};
use super::days::Days;
use super::dimension::{Dimension, Key, Keyer};
use super::filter::{Filters, Sieve};
use super::impute::Imputation;
use super::names::{Names, SourceId};
use super::overhead::Overhead;
use super::qualities::Qualities;
use super::submission::{Outcome, Recipients, SizeQuality, Submission};
use super::summary::{Usage, UsageError, summarise};
use crate::money::MoneyError;
use crate::period::{Timestamp, Zone};
use crate::units::MessageSize;

/// Messages or recipients that one record can stand for: a pre-aggregated row for the mail of a continent. Keeps
/// every sum far from the end of its integer.
const COUNT_CAP: u64 = 1_000_000_000;
/// The largest size of one message, 1 TiB; no mail system accepts one of 1 GiB.
const SIZE_CAP: u64 = 1 << 40;
/// Remarks that are kept; a run over endless inputs must end.
const REMARK_CAP: usize = 1_000;

/// How a run counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CountOptions {
    /// Which submissions count.
    pub filters: Filters,
    /// What they are grouped by.
    pub by: Vec<Dimension>,
    /// The zone of days and hours.
    pub zone: Zone,
    /// Instants at which billing periods are cut beside the start of a month: where prices change.
    pub cuts: Vec<Timestamp>,
    /// What is added to sizes that the accepting service did not state.
    pub size_overhead: Overhead,
    /// The size of messages without one; without it, the mean of comparable messages.
    pub missing_size: Option<MessageSize>,
}

impl Default for CountOptions {
    fn default() -> Self {
        CountOptions {
            filters: Filters::default(),
            by: Vec::new(),
            zone: Zone::UTC,
            cuts: Vec::new(),
            size_overhead: Overhead::None,
            missing_size: None,
        }
    }
}

/// A submission with what it counted for.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// As it was read.
    pub submission: &'a Submission,
    /// Messages that count.
    pub messages: u64,
    /// Recipients that count.
    pub recipients: u64,
    /// Bytes of one copy with the overhead; `None` where it is imputed at the end.
    pub message_size: Option<u64>,
}

/// Told of every counted submission, such as the writer behind `--submissions`.
pub trait Observer {
    /// Takes note of a counted submission.
    fn counted(&mut self, counted: &Counted<'_>, names: &Names);

    /// Whether it is enough to be told of sums, so that submissions can be counted apart.
    fn takes_sums(&self) -> bool {
        false
    }

    /// Takes note of messages of an input that were counted apart.
    fn summed(&mut self, _: SourceId, _: u64, _: &Names) {}
}

impl Observer for () {
    fn counted(&mut self, _: &Counted<'_>, _: &Names) {}

    fn takes_sums(&self) -> bool {
        true
    }
}

/// Damage that ended the reading of an input early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The input.
    pub input: String,
    /// The last line that was read.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// Counts the submissions of a run.
#[derive(Debug)]
pub struct Collector<O = ()> {
    pub(super) options: CountOptions,
    pub(super) names: Names,
    sieve: Sieve,
    delivered_only: bool,
    zone: Zone,
    overhead: Overhead,
    by_outcome: bool,
    pub(super) observer: O,
    pub(super) counts: Counts,
}

/// Everything that is summed.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) keyer: Keyer,
    pub(super) cube: Cube,
    pub(super) imputation: Imputation,
    pub(super) period: Option<(Timestamp, Timestamp)>,
    pub(super) qualities: Qualities,
    pub(super) accounting: Accounting,
    pub(super) warnings: Vec<String>,
    pub(super) damages: Vec<Damage>,
    pub(super) beside: Beside,
    pub(super) days: Days,
    pub(super) coverage: Coverage,
}

impl Collector {
    /// A collector that counts.
    pub fn new(options: CountOptions) -> Collector {
        Collector::observed(options, ())
    }
}

impl<O: Observer> Collector<O> {
    /// A collector that counts and tells an observer of what it counted.
    pub fn observed(options: CountOptions, observer: O) -> Collector<O> {
        let CountOptions { filters, by, zone, cuts, size_overhead, missing_size } = options.clone();
        Collector {
            options,
            names: Names::default(),
            delivered_only: filters.delivered_only,
            sieve: Sieve::new(filters),
            zone,
            overhead: size_overhead,
            by_outcome: by.contains(&Dimension::Outcome),
            observer,
            counts: Counts {
                keyer: Keyer::new(by, zone, cuts),
                cube: Cube::default(),
                imputation: Imputation::new(missing_size),
                period: None,
                qualities: Qualities::default(),
                accounting: Accounting::default(),
                warnings: Vec::new(),
                damages: Vec::new(),
                beside: Beside::default(),
                days: Days::default(),
                coverage: Coverage::default(),
            },
        }
    }

    /// The shared texts of the run.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The shared texts of the run, to add to.
    pub fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// What became of the records so far.
    pub fn accounting(&self) -> &Accounting {
        &self.counts.accounting
    }

    /// What became of the records so far, to add to.
    pub fn accounting_mut(&mut self) -> &mut Accounting {
        &mut self.counts.accounting
    }

    /// Keeps a remark for the user; the same one once.
    pub fn warn(&mut self, warning: String) {
        let warnings = &mut self.counts.warnings;
        if warnings.len() < REMARK_CAP && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Keeps that an input ended early.
    pub fn damage(&mut self, damage: Damage) {
        if self.counts.damages.len() < REMARK_CAP {
            self.counts.damages.push(damage);
        }
    }

    /// Counts, skips or rejects a submission.
    pub fn count(&mut self, submission: &Submission) {
        let accounting = &mut self.counts.accounting;
        if let Some(reason) = implausible(submission) {
            let file = self.names.source_name(submission.source).to_owned();
            let rejection = Rejection { file, line: submission.line, reason };
            return accounting.reject_message(rejection, submission.records);
        }
        self.counts.coverage.note(submission.time);
        let accounting = &mut self.counts.accounting;
        let nobody = submission.recipients.attempted() == 0;
        let reason = match nobody {
            true => Some(Skip::NoRecipient),
            false => self.sieve.skips(submission, &self.names),
        };
        match reason {
            Some(reason) => accounting.skip_messages(reason, submission.messages, submission.records),
            None => {
                accounting.used += submission.records;
                self.add(submission);
            }
        }
    }

    /// Keeps a billed charge beside the usage.
    pub fn charge(&mut self, charge: BilledCharge) {
        let (source, line, records) = (charge.source, charge.line, charge.records);
        let within = self.sieve.is_day_within(charge.period.start.date(), &self.zone);
        self.keep_beside(within, (source, line, records), |beside| beside.charge(charge));
    }

    /// Keeps a control total beside the usage.
    pub fn control(&mut self, total: ControlTotal) {
        let (source, line, records) = (total.source, total.line, total.records);
        let within = total.date.is_none_or(|date| self.sieve.is_day_within(date, &self.zone));
        self.keep_beside(within, (source, line, records), |beside| beside.control(total));
    }

    fn keep_beside(
        &mut self,
        within: bool,
        (source, line, records): (SourceId, u64, u64),
        keep: impl FnOnce(&mut Beside) -> Result<(), MoneyError>,
    ) {
        let accounting = &mut self.counts.accounting;
        if !within {
            return accounting.skip(Skip::OutsideWindow, records);
        }
        match keep(&mut self.counts.beside) {
            Ok(()) => accounting.skip(Skip::NotUsage, records),
            Err(error) => {
                let file = self.names.source_name(source).to_owned();
                accounting.reject_message(Rejection { file, line, reason: error.to_string() }, records);
            }
        }
    }

    fn add(&mut self, submission: &Submission) {
        let counts = &mut self.counts;
        let size = submission.message_size.map(|size| match submission.size_quality {
            SizeQuality::Accepted | SizeQuality::Stated { .. } => size,
            SizeQuality::Measured | SizeQuality::Declared | SizeQuality::Missing => {
                self.overhead.applied(size)
            }
        });
        let portion = whole(submission, size, self.delivered_only);
        let key = counts.keyer.key(submission, &self.names);
        let domain = self.names.sender_domain(submission.sender);
        let mut count = |key: Key, portion: &Portion| {
            let cell = counts.cube.add(key, portion);
            counts.imputation.add(cell, domain, portion);
        };
        match self.by_outcome {
            true => split(submission, portion, self.delivered_only, |outcome, portion| {
                count(key.with_outcome(outcome), portion);
            }),
            false => count(key, &portion),
        }
        counts.note(submission);
        counts.days.add(submission.time, portion.messages, portion.recipients, size.unwrap_or(0));
        let Portion { messages, recipients, .. } = portion;
        self.observer.counted(&Counted { submission, messages, recipients, message_size: size }, &self.names);
    }

    /// What was counted, and the observer; an error where nothing in the run carries a size.
    pub fn finish(self) -> (Result<Usage, UsageError>, O) {
        (summarise(self.counts, self.names), self.observer)
    }
}

impl Counts {
    pub(super) fn note_time(&mut self, time: Timestamp) {
        let (first, last) = self.period.unwrap_or((time, time));
        self.period = Some((first.min(time), last.max(time)));
    }

    fn note(&mut self, submission: &Submission) {
        self.note_time(submission.time);
        self.qualities.note(submission);
    }
}

/// What is wrong with a submission that no mail system can have handed on.
pub(crate) fn implausible(submission: &Submission) -> Option<String> {
    let Submission { messages, message_size, recipients, recipients_upper, .. } = submission;
    // Nearly all are right, which is told at once: of several counts none is greater than all their digits together.
    let Recipients { delivered, open, bounced, filtered, unknown } = recipients;
    let digits = delivered | open | bounced | filtered | unknown | messages | recipients_upper;
    if digits <= COUNT_CAP && message_size.is_none_or(|size| size <= SIZE_CAP) {
        let attempted = recipients.attempted();
        if attempted == 0 || attempted >= *messages {
            return None;
        }
    }
    let parts = Outcome::ALL.map(|outcome| recipients.with(outcome));
    if let Some(count) = parts.into_iter().chain([*messages, *recipients_upper]).find(|&n| n > COUNT_CAP) {
        return Some(format!("a count of {count} in one record: expected at most {COUNT_CAP}"));
    }
    if let Some(size) = message_size.filter(|&size| size > SIZE_CAP) {
        return Some(format!("a message of {size} bytes: expected at most {SIZE_CAP}"));
    }
    let attempted = recipients.attempted();
    (attempted > 0 && attempted < *messages).then(|| {
        format!("{messages} messages with {attempted} recipients: expected at least one recipient a message")
    })
}

/// A submission as it counts without regard to outcomes.
fn whole(submission: &Submission, size: Option<u64>, delivered_only: bool) -> Portion {
    let recipients = &submission.recipients;
    // Of a row of several messages only the recipients are known by outcome: one each, as far as they go.
    let delivered_messages = submission.messages.min(recipients.delivered);
    let megabytes = match submission.size_quality {
        SizeQuality::Stated { megabytes } => Some(megabytes),
        _ => None,
    };
    let delivered = Portion {
        size,
        megabytes,
        messages: delivered_messages,
        recipients: recipients.delivered,
        delivered_messages,
        delivered_recipients: recipients.delivered,
        unknown_recipients: 0,
        recipients_upper: recipients.delivered,
    };
    if delivered_only {
        return delivered;
    }
    let attempted = recipients.attempted();
    Portion {
        messages: submission.messages,
        recipients: attempted,
        unknown_recipients: recipients.unknown,
        recipients_upper: submission.recipients_upper.max(attempted),
        ..delivered
    }
}

/// The same by outcome: recipients each at their own, the message at the first of them. The portions add up to
/// the whole, and each has at least as many recipients as messages.
fn split(
    submission: &Submission,
    whole: Portion,
    delivered_only: bool,
    mut take: impl FnMut(Outcome, &Portion),
) {
    let mut messages = whole.messages;
    let mut possible = whole.recipients_upper - whole.recipients;
    for outcome in Outcome::ALL {
        let recipients = submission.recipients.with(outcome);
        let delivered = outcome == Outcome::Delivered;
        if recipients == 0 || (delivered_only && !delivered) {
            continue;
        }
        let portion = Portion {
            size: whole.size,
            megabytes: whole.megabytes,
            messages: messages.min(recipients),
            recipients,
            delivered_messages: if delivered { whole.delivered_messages } else { 0 },
            delivered_recipients: if delivered { whole.delivered_recipients } else { 0 },
            unknown_recipients: if outcome == Outcome::Unknown { recipients } else { 0 },
            recipients_upper: recipients + std::mem::take(&mut possible),
        };
        messages -= portion.messages;
        take(outcome, &portion);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::submission::tests::submission;
    use super::*;
    use crate::usage::{Group, Measures, Recipients, SenderId, Totals, Traffic};
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn collect(options: CountOptions, submissions: &[Submission]) -> Usage {
        let mut collector = collector(options);
        submissions.iter().for_each(|submission| {
            collector.accounting_mut().records += submission.records;
            collector.count(submission);
        });
        assert!(collector.accounting().adds_up());
        collector.finish().0.unwrap()
    }

    /// A collector that knows one input and two senders of each of two domains (ids 2 to 5).
    pub(in crate::usage) fn collector(options: CountOptions) -> Collector {
        let mut collector = Collector::new(options);
        collector.names_mut().add_source("mail.log");
        for sender in ["a@one.example", "b@one.example", "a@two.example", "b@two.example"] {
            collector.names_mut().sender(sender.as_bytes());
        }
        collector
    }

    fn by(dimensions: &[Dimension]) -> CountOptions {
        CountOptions { by: dimensions.to_vec(), ..CountOptions::default() }
    }

    fn shown(groups: &[Group]) -> Vec<(String, u64, u64, u128)> {
        let row = |group: &Group| {
            let Totals { messages, recipients, recipient_bytes, .. } = group.measures.attempted;
            (group.labels.join(" "), messages, recipients, recipient_bytes)
        };
        groups.iter().map(row).collect()
    }

    #[test]
    fn stated_megabytes_are_kept_as_logged_for_every_recipient() {
        let megabytes = Decimal::new(26_019_019_096_374_511, 18);
        let stated = Submission {
            message_size: Some(26_019),
            size_quality: SizeQuality::Stated { megabytes },
            recipients: Recipients { delivered: 2, bounced: 1, ..Recipients::default() },
            recipients_upper: 3,
            ..submission()
        };
        let options = CountOptions { size_overhead: Overhead::Bytes(100), ..by(&[Dimension::Outcome]) };
        let usage = collect(options, &[stated, submission()]);
        let Totals { recipient_bytes, stated, .. } = usage.total.attempted;
        assert_eq!((recipient_bytes, stated.recipient_bytes), (3 * 26_019 + 1_100, 3 * 26_019));
        assert_eq!(stated.recipient_megabytes, megabytes * Decimal::from(3));
        assert_eq!(usage.total.delivered.stated.recipient_megabytes, megabytes * Decimal::from(2));
    }

    #[test]
    fn attempted_and_delivered_stand_side_by_side() {
        let recipients = Recipients { delivered: 2, bounced: 1, ..Recipients::default() };
        let mixed = Submission { recipients, ..submission() };
        let bounced = Submission {
            recipients: Recipients { bounced: 1, ..Recipients::default() },
            message_size: Some(500),
            ..submission()
        };
        let usage = collect(by(&[]), &[mixed, bounced]);
        let totals = |messages, recipients, bytes, recipient_bytes| Totals {
            messages,
            recipients,
            bytes,
            recipient_bytes,
            ..Totals::default()
        };
        assert_eq!(usage.total.attempted, totals(2, 4, 1_500, 3_500));
        assert_eq!(usage.total.delivered, totals(1, 2, 1_000, 2_000));

        let mut options = by(&[]);
        options.filters.delivered_only = true;
        let usage = collect(options, &[mixed, bounced]);
        assert_eq!(usage.total.attempted, totals(1, 2, 1_000, 2_000));
        assert_eq!(usage.total.delivered, usage.total.attempted);
        assert_eq!(usage.accounting.skipped_messages.get(&Skip::NotDelivered), Some(&1));
    }

    #[test]
    fn a_message_counts_at_its_first_outcome_and_recipients_at_their_own() {
        let recipients = Recipients { delivered: 2, open: 1, bounced: 3, ..Recipients::default() };
        let one = Submission { recipients, ..submission() };
        let row_of_five = Submission { messages: 5, ..one };
        let usage = collect(by(&[Dimension::Outcome]), &[one]);
        assert_eq!(
            shown(&usage.groups),
            [
                ("bounced".to_owned(), 0, 3, 3_000),
                ("delivered".to_owned(), 1, 2, 2_000),
                ("open".to_owned(), 0, 1, 1_000)
            ]
        );
        let usage = collect(by(&[Dimension::Outcome]), &[row_of_five]);
        let messages: Vec<u64> = usage.groups.iter().map(|group| group.measures.attempted.messages).collect();
        assert_eq!(messages, [2, 2, 1]);
    }

    #[test]
    fn sizes_are_imputed_from_the_sender_domain_and_named() {
        let of = |sender, message_size| Submission { sender: SenderId(sender), message_size, ..submission() };
        let all = [of(2, Some(100)), of(3, Some(201)), of(4, Some(1_000)), of(3, None), of(1, None)];
        let mut options = by(&[Dimension::SenderDomain]);
        options.filters.include_null_sender = true;
        let usage = collect(options, &all);
        // 150.5 of one.example is rounded up; <> has no size of its own and takes the mean of all, 433.67.
        assert_eq!(
            shown(&usage.groups),
            [
                ("<>".to_owned(), 1, 1, 434),
                ("one.example".to_owned(), 3, 3, 452),
                ("two.example".to_owned(), 1, 1, 1_000)
            ]
        );
        let imputed =
            Totals { messages: 2, recipients: 2, bytes: 585, recipient_bytes: 585, ..Totals::default() };
        assert_eq!(usage.total.imputed, imputed);
        assert_eq!(usage.total.measured(), (3, 1_301));
        assert_eq!(usage.total.delivered, usage.total.attempted);
    }

    #[test]
    fn without_a_size_there_is_an_error_unless_one_is_given() {
        let none = Submission { message_size: None, ..submission() };
        let mut unsized_run = collector(by(&[]));
        unsized_run.count(&none);
        assert_eq!(
            unsized_run.finish().0.unwrap_err().to_string(),
            "mail.log: no message that counts (1) has a size: expected some to take the mean from\nhint: give one with --missing-size, such as '--missing-size 75kB'; if the input should have sizes, the words that mark them may have been replaced"
        );
        let options = CountOptions { missing_size: Some(MessageSize::from_bytes(75_000)), ..by(&[]) };
        let usage = collect(options, &[none]);
        assert_eq!((usage.total.attempted.bytes, usage.total.imputed.bytes), (75_000, 75_000));
        assert!(collector(by(&[])).finish().0.is_ok(), "nothing at all needs no size");
    }

    #[test]
    fn overhead_is_not_added_to_what_the_service_stated() {
        let options = CountOptions { size_overhead: Overhead::Bytes(10), ..by(&[]) };
        let accepted = Submission { size_quality: SizeQuality::Accepted, ..submission() };
        let usage = collect(options, &[submission(), accepted]);
        assert_eq!(usage.total.attempted.bytes, 2_010);
    }

    #[test]
    fn what_cannot_be_is_rejected_with_its_place() {
        let too_few = Submission { messages: 5, records: 2, ..submission() };
        let too_big = Submission { message_size: Some(u64::MAX), ..submission() };
        let too_many = Submission {
            recipients: Recipients { open: u64::MAX, ..Recipients::default() },
            line: 9,
            ..submission()
        };
        let nobody = Submission { recipients: Recipients::default(), ..submission() };
        let usage = collect(by(&[]), &[too_few, too_big, too_many, nobody, submission()]);
        let shown: Vec<String> = usage.accounting.rejections.iter().map(|r| r.to_string()).collect();
        assert_eq!(
            shown,
            [
                "mail.log:1: 5 messages with 1 recipients: expected at least one recipient a message",
                "mail.log:1: a message of 18446744073709551615 bytes: expected at most 1099511627776",
                "mail.log:9: a count of 18446744073709551615 in one record: expected at most 1000000000",
            ]
        );
        assert_eq!((usage.accounting.rejected, usage.accounting.used), (4, 1));
        assert_eq!(usage.accounting.skipped.get(&Skip::NoRecipient), Some(&1));
    }

    #[test]
    fn a_further_leg_adds_recipients_and_no_message() {
        let first = Submission { message_size: Some(500), ..submission() };
        let recipients = Recipients { delivered: 1, bounced: 1, ..Recipients::default() };
        let leg = Submission { messages: 0, recipients, recipients_upper: 2, ..submission() };
        let declared = Submission { size_quality: SizeQuality::Declared, ..leg };
        let usage = collect(by(&[Dimension::Outcome]), &[first, leg, declared]);
        let expected =
            Totals { messages: 1, recipients: 5, bytes: 500, recipient_bytes: 4_500, ..Totals::default() };
        assert_eq!(usage.total.attempted, expected);
        let delivered =
            Totals { messages: 1, recipients: 3, bytes: 500, recipient_bytes: 2_500, ..Totals::default() };
        assert_eq!(usage.total.delivered, delivered);
        assert_eq!(usage.total.recipients_upper, 5);
        assert_eq!((usage.sizes.messages(), usage.sizes.largest()), (1, Some(500)));
        assert_eq!(usage.qualities, Qualities::default());
        assert_eq!(
            shown(&usage.groups),
            [("bounced".to_owned(), 0, 2, 2_000), ("delivered".to_owned(), 1, 3, 2_500)]
        );
        assert_eq!((usage.accounting.used, usage.accounting.skipped_messages.len()), (3, 0));
    }

    #[test]
    fn a_further_leg_without_a_size_is_imputed_for_its_recipients() {
        let leg = Submission { messages: 0, message_size: None, ..submission() };
        let usage = collect(by(&[]), &[submission(), leg]);
        let expected =
            Totals { messages: 1, recipients: 2, bytes: 1_000, recipient_bytes: 2_000, ..Totals::default() };
        assert_eq!(usage.total.attempted, expected);
        let imputed =
            Totals { messages: 0, recipients: 1, bytes: 0, recipient_bytes: 1_000, ..Totals::default() };
        assert_eq!((usage.total.imputed, usage.total.measured()), (imputed, (1, 1_000)));
    }

    #[test]
    fn a_further_leg_that_is_filtered_is_no_skipped_message() {
        let leg = Submission { messages: 0, sender: SenderId::NULL, ..submission() };
        let usage = collect(by(&[]), &[leg]);
        assert_eq!(usage.accounting.skipped.get(&Skip::NullSender), Some(&1));
        assert_eq!(usage.accounting.skipped_messages.len(), 0);
    }

    #[test]
    fn observers_see_what_counts() {
        struct Sum(u64, u64);
        impl Observer for Sum {
            fn counted(&mut self, counted: &Counted<'_>, _: &Names) {
                self.0 += counted.recipients;
                self.1 += counted.message_size.unwrap_or(0);
            }
        }
        let options = CountOptions { size_overhead: Overhead::Bytes(1), ..by(&[]) };
        let mut collector = Collector::observed(options, Sum(0, 0));
        collector.count(&submission());
        collector.count(&Submission { sender: SenderId::NULL, ..submission() });
        let (usage, sum) = collector.finish();
        assert_eq!((sum.0, sum.1), (1, 1_001));
        assert_eq!(usage.unwrap().accounting.skipped_messages.get(&Skip::NullSender), Some(&1));
    }

    pub(in crate::usage) fn any_submission() -> impl Strategy<Value = Submission> {
        let counts = (0_u64..4, 0_u64..3, 0_u64..3, 0_u64..2, 0_u64..2);
        let texts = (0_u32..6, 0_usize..4, any::<bool>());
        (0_i64..20_000_000, prop::option::weighted(0.8, 0_u64..100_000), counts, texts, 0_u64..3).prop_map(
            |(seconds, message_size, (delivered, open, bounced, filtered, unknown), texts, messages)| {
                let recipients = Recipients { delivered, open, bounced, filtered, unknown };
                Submission {
                    time: Timestamp::from_seconds(1_396_000_000 + seconds),
                    message_size,
                    messages,
                    recipients,
                    recipients_upper: recipients.attempted() + u64::from(texts.2),
                    sender: SenderId(texts.0),
                    traffic: Traffic::ALL[texts.1],
                    ..submission()
                }
            },
        )
    }

    pub(in crate::usage) fn any_dimensions() -> impl Strategy<Value = Vec<Dimension>> {
        prop::collection::hash_set(prop::sample::select(Dimension::ALL.to_vec()), 1..5)
            .prop_map(|set| set.into_iter().collect())
    }

    proptest! {
        #[test]
        fn groups_periods_and_traffic_add_up_in_any_order(
            mut submissions in prop::collection::vec(any_submission(), 1..60),
            dimensions in any_dimensions(),
            delivered_only in any::<bool>(),
        ) {
            // One that surely counts and has a size, so that a mean exists.
            submissions.push(submission());
            let mut options = by(&dimensions);
            options.zone = "Europe/Rome".parse().unwrap();
            options.cuts = vec![Timestamp::from_seconds(1_400_000_000)];
            options.filters.delivered_only = delivered_only;
            let usage = collect(options.clone(), &submissions);
            let sum = |parts: &mut dyn Iterator<Item = Measures>| {
                parts.fold(Measures::default(), |mut sum, part| { sum.merge(&part); sum })
            };
            prop_assert_eq!(sum(&mut usage.groups.iter().map(|group| group.measures)), usage.total);
            prop_assert_eq!(sum(&mut usage.periods.values().copied()), usage.total);
            prop_assert_eq!(sum(&mut usage.traffic.values().copied()), usage.total);
            for group in &usage.groups {
                prop_assert_eq!(sum(&mut group.periods.iter().map(|(_, part)| *part)), group.measures);
                let Totals { messages, recipients, bytes, recipient_bytes, .. } = group.measures.attempted;
                prop_assert!(recipients >= messages && recipient_bytes >= bytes);
                prop_assert!(group.measures.recipients_upper >= recipients);
                prop_assert!(recipients >= group.measures.delivered.recipients);
            }
            submissions.reverse();
            let reversed = collect(options, &submissions);
            prop_assert_eq!(shown(&usage.groups), shown(&reversed.groups));
            prop_assert_eq!(usage.total, reversed.total);
            prop_assert_eq!((usage.sizes, usage.period), (reversed.sizes, reversed.period));
        }
    }
}
