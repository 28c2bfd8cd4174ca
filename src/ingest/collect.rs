//! A sink that keeps everything it is given, for the tests of formats. Memory grows with the input: real runs
//! summarise instead (see `usage`).

use super::{Record, Sink};
use crate::usage::{Accounting, Names, Rejection, Skip, Submission};

/// All that formats delivered, in the order in which they delivered it.
#[derive(Debug, Default)]
pub struct Collected {
    /// The shared texts of the records.
    pub names: Names,
    /// Every record that was accepted.
    pub records: Vec<Record>,
    /// What became of the input records. Charges and control totals count as skipped ([`Skip::NotUsage`]).
    pub accounting: Accounting,
    /// Remarks on whole inputs.
    pub warnings: Vec<String>,
    /// Inputs that ended early.
    pub damages: Vec<Damage>,
}

/// An input whose reading ended early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The input.
    pub input: String,
    /// The last line that was read.
    pub line: u64,
    /// What ended it.
    pub what: String,
}

impl Collected {
    /// The submissions among the records.
    pub fn submissions(&self) -> impl Iterator<Item = &Submission> {
        self.records.iter().filter_map(|record| match record {
            Record::Submission(submission) => Some(submission),
            Record::BilledCharge(_) | Record::ControlTotal(_) => None,
        })
    }
}

impl Sink for Collected {
    fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    fn records(&mut self, count: u64) {
        self.accounting.records += count;
    }

    fn accept(&mut self, record: Record) {
        match &record {
            Record::Submission(submission) => self.accounting.used += submission.records,
            Record::BilledCharge(charge) => self.accounting.skip(Skip::NotUsage, charge.records),
            Record::ControlTotal(total) => self.accounting.skip(Skip::NotUsage, total.records),
        }
        self.records.push(record);
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
        self.warnings.push(warning);
    }

    fn damage(&mut self, input: &str, line: u64, what: String) {
        self.damages.push(Damage { input: input.to_owned(), line, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::ControlTotal;
    use crate::usage::charge::tests::control_total;

    #[test]
    fn every_call_ends_in_the_accounting() {
        let mut sink = Collected::default();
        sink.records(6);
        sink.skip(Skip::Header, 2);
        sink.skip_message(Skip::NullSender, 1);
        sink.reject(Rejection { file: "a.log".into(), line: 4, reason: "no size".into() });
        let total = ControlTotal { records: 2, ..control_total() };
        sink.accept(Record::ControlTotal(total));
        assert!(sink.accounting.adds_up());
        assert_eq!(sink.accounting.skipped_messages[&Skip::NullSender], 1);
        assert_eq!(sink.submissions().count(), 0);
    }
}
