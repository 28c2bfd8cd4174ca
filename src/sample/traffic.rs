//! Messages of applications for the services and servers that take them over: who, to whom, how large, and what
//! became of each recipient. How that is logged is left to `acs_diagnostics` and `exchange_tracking`.

use super::arrivals::{Arrival, Arrivals};
use super::cast::{Address, Cast, Entry, Sender};
use super::quota::Quota;
use super::text::timestamp;
use super::truth::{Counted, Truth};
use super::{Features, Plan};
use crate::random::Random;

/// What became of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Delivered,
    Bounced,
    Filtered,
    /// Nothing final where the log ends.
    Open,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message {
    /// Its number, from 0.
    pub(super) number: u64,
    /// Microseconds since 1970.
    pub(super) time: u64,
    /// The sender in [`Traffic::sender`].
    sender: usize,
    pub(super) size: u64,
    pub(super) recipients: Vec<(Address, Fate)>,
    /// A random number for whatever varies.
    pub(super) chance: u64,
    /// Whether one of its records stands twice.
    pub(super) repeats: bool,
}

/// All messages of a plan.
#[derive(Debug)]
pub(super) struct Traffic<'a> {
    plan: &'a Plan,
    pub(super) random: Random,
    arrivals: Arrivals,
    cast: Cast,
    bounces: Quota,
    filtered: Quota,
    pending: Quota,
    repeats: Quota,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(plan: &'a Plan) -> Traffic<'a> {
        let mut random = Random::new(plan.seed);
        let arrivals = Arrivals::new(plan, &mut random);
        // The sender with the recipient in it is told by Postfix only.
        let features = Features { variable_senders: false, ..plan.features };
        let mut quota = |rate| Quota::new(rate, plan.messages, &mut random);
        let [bounces, filtered, pending, repeats] =
            [features.bounces, features.quarantined, features.deferrals / 10, features.repeats]
                .map(&mut quota);
        let cast = Cast::new(plan.senders, &features);
        Traffic { plan, random, arrivals, cast, bounces, filtered, pending, repeats }
    }

    /// The next message, or `None` when all have come.
    pub(super) fn next(&mut self) -> Option<Message> {
        let Arrival { number, time, night } = self.arrivals.next(&mut self.random)?;
        for quota in [&mut self.bounces, &mut self.filtered, &mut self.pending, &mut self.repeats] {
            quota.reach(number, &mut self.random);
        }
        let sender = self.cast.choose(night, &mut self.random);
        let size = self.cast.sender(sender).sizes.draw(&mut self.random);
        let addresses = self.cast.addresses(sender, self.plan.max_recipients, &mut self.random);
        let mut recipients: Vec<_> =
            addresses.into_iter().map(|address| (address, Fate::Delivered)).collect();
        if let Some((_, fate)) = recipients.last_mut() {
            *fate = if self.bounces.take() {
                Fate::Bounced
            } else if self.filtered.take() {
                Fate::Filtered
            } else if self.pending.take() {
                Fate::Open
            } else {
                Fate::Delivered
            };
        }
        let (chance, repeats) = (self.random.bits(), self.repeats.take());
        Some(Message { number, time, sender, size, recipients, chance, repeats })
    }

    /// Who sent a message.
    pub(super) fn sender(&self, message: &Message) -> &Sender {
        self.cast.sender(message.sender)
    }
}

impl Sender {
    /// The host that hands in: its name and address.
    pub(super) fn host(&self) -> (&str, &str) {
        match &self.entry {
            Entry::Smtp { name, ip, .. } if name != "unknown" => (name, ip),
            Entry::Smtp { ip, .. } => ("", ip),
            Entry::Pickup { .. } => ("relay1.contoso.com", "10.20.0.5"),
        }
    }
}

impl Message {
    /// Adds the message to the truth, with the size that the log states.
    pub(super) fn count(&self, sender: &Sender, accepted_size: Option<u64>, truth: &mut Truth) {
        let with = |fate| self.recipients.iter().filter(|recipient| recipient.1 == fate).count() as u64;
        let recipients = self.recipients.len() as u64;
        truth.count(Counted {
            day: &timestamp(self.time).date().to_string(),
            sender_domain: &sender.domain,
            relay_size: self.size,
            accepted_size,
            recipients,
            recipients_upper: recipients,
            delivered: with(Fate::Delivered),
            bounced: with(Fate::Bounced),
            filtered: with(Fate::Filtered),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::ingest::formats::FORMATS;
    use crate::ingest::run::read_all;
    use crate::ingest::{Input, ReadOptions};
    use crate::sample::{acs_diagnostics, exchange_tracking};
    use crate::usage::{Collector, CountOptions};

    type Make = fn(&Plan, &mut dyn Write) -> io::Result<Truth>;
    const ALL: [Make; 2] = [exchange_tracking, acs_diagnostics];

    fn written(make: Make, plan: &Plan) -> (Vec<u8>, Truth) {
        let mut out = Vec::new();
        let truth = make(plan, &mut out).unwrap();
        assert_eq!(truth.output_bytes, out.len() as u64);
        (out, truth)
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let digests = ALL.map(|make| {
            let (text, _) = written(make, &Plan::new(300));
            assert_eq!(written(make, &Plan::new(300)).0, text);
            Sha256::digest(&text).iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        assert_eq!(digests, ["e99d806b", "1a2af622"], "the generator changed");
    }

    #[test]
    fn readers_find_the_truth() {
        for make in ALL {
            for plan in [Plan::plain(400), Plan { max_recipients: 40, senders: 30, ..Plan::new(3_000) }] {
                let (text, truth) = written(make, &plan);

                let mut collector = Collector::new(CountOptions::default());
                let input = Input::from_bytes("sample", &text);
                read_all(vec![input], FORMATS, None, &ReadOptions::default(), &mut collector).unwrap();
                let usage = collector.finish().0.unwrap();
                let total = usage.total.attempted;
                assert_eq!(
                    (total.messages, total.recipients),
                    (truth.total.messages, truth.total.recipients)
                );
                assert_eq!(
                    (total.bytes, total.recipient_bytes),
                    (truth.total.bytes, truth.total.recipient_bytes)
                );
                assert_eq!(usage.total.delivered.recipients, truth.delivered.recipients);
                assert_eq!(usage.accounting.rejected, 0);
            }
        }
    }

    #[test]
    fn nothing_to_write_is_a_log_without_messages() {
        for make in ALL {
            assert_eq!(written(make, &Plan::new(0)).1.total.messages, 0);
        }
    }
}
