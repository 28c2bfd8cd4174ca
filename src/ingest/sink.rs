//! The collector of `usage` as the place where formats deliver what they read.
//!
//! It stands here because `usage` knows nothing of reading.

use super::{Record, Sink};
use crate::usage::{
    Apart, Collector, CountOptions, Damage, Names, Observer, Rejection, Skip, SourceId, Submission,
};

impl<O: Observer> Sink for Collector<O> {
    fn names(&mut self) -> &mut Names {
        self.names_mut()
    }

    fn records(&mut self, count: u64) {
        self.accounting_mut().records += count;
    }

    fn accept(&mut self, record: Record) {
        match record {
            Record::Submission(submission) => self.count(&submission),
            Record::BilledCharge(charge) => self.charge(charge),
            Record::ControlTotal(total) => self.control(total),
        }
    }

    fn accept_submission(&mut self, submission: &Submission) {
        self.count(submission);
    }

    fn skip(&mut self, reason: Skip, records: u64) {
        self.accounting_mut().skip(reason, records);
    }

    fn skip_message(&mut self, reason: Skip, records: u64) {
        self.accounting_mut().skip_messages(reason, 1, records);
    }

    fn reject(&mut self, rejection: Rejection) {
        self.accounting_mut().reject(rejection);
    }

    fn warn(&mut self, warning: String) {
        Collector::warn(self, warning);
    }

    fn counts_apart(&self) -> Option<CountOptions> {
        Collector::counts_apart(self)
    }

    fn absorb(&mut self, apart: &Apart, sources: &[SourceId]) -> bool {
        Collector::absorb(self, apart, sources)
    }

    fn damage(&mut self, input: &str, line: u64, what: String) {
        Collector::damage(self, Damage { input: input.to_owned(), line, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::BilledCharge;
    use crate::usage::charge::tests::{billed_charge, control_total};
    use crate::usage::submission::tests::submission;

    #[test]
    fn every_call_ends_in_the_accounting() {
        let mut collector = Collector::new(CountOptions::default());
        let sink: &mut dyn Sink = &mut collector;
        let source = sink.names().add_source("mail.log");
        sink.records(12);
        sink.accept(Record::Submission(crate::usage::Submission { source, records: 4, ..submission() }));
        sink.accept(Record::ControlTotal(control_total()));
        sink.accept(Record::BilledCharge(BilledCharge { records: 2, ..billed_charge() }));
        sink.skip(Skip::Session, 3);
        sink.skip_message(Skip::LocalDelivery, 1);
        let rejection = Rejection { file: "mail.log".into(), line: 12, reason: "no time".into() };
        sink.reject(rejection);
        sink.warn("cut".into());
        sink.warn("cut".into());
        sink.damage("mail.log", 12, "ends early".into());

        assert!(collector.accounting().adds_up());
        let usage = collector.finish().0.unwrap();
        assert_eq!(usage.accounting.skipped.get(&Skip::NotUsage), Some(&3));
        assert_eq!(usage.accounting.skipped_messages.get(&Skip::LocalDelivery), Some(&1));
        assert_eq!(usage.warnings, ["cut"]);
        assert_eq!(usage.damages.len(), 1);
        assert_eq!(usage.total.attempted.messages, 1);
    }
}
