//! Deciding what happens to a message.

use super::words::put_root;
use super::*;
use crate::sample::cast::Sizes;

/// Retries that take longer than a day.
const LONG_WAIT: usize = 12;

impl Run<'_> {
    /// Decides everything about a message that is accepted.
    pub(super) fn make_up(&mut self, arrival: Arrival, host: u32, sender: usize, refused: bool) -> Story {
        let addresses = self.cast.addresses(sender, self.plan.max_recipients, &mut self.random);
        let (accepted, id) = self.open(arrival.time, host);
        let mut story = self.blank(host, accepted, id);
        story.recipients = addresses.into_iter().map(|address| delivered(address, Place::Outside)).collect();
        let sender = self.cast.sender(sender);
        story.entry = sender.entry.clone();
        story.microsoft = sender.microsoft;
        story.size = sender.sizes.draw(&mut self.random);
        put_sender(&mut story.sender, sender, &story.recipients);
        story.refused = u32::from(refused && story.entry != Entry::Pickup { uid: 30 });
        if self.quotas.local.take() {
            self.stay_at_home(&mut story);
        } else if self.quotas.aliases.take() {
            self.write_as_root(&mut story);
            story.recipients[0].place = Place::Alias;
        }
        self.finish(&mut story);
        story
    }

    /// A report on a failure, for the sender of the failed message.
    pub(super) fn make_up_report(&mut self, failed: &Story, time: u64) -> Story {
        let id = self.queue(failed.host).open(time);
        let mut report = self.blank(failed.host, time, id);
        let mut root = Vec::new();
        put_root(&mut root, failed.host);
        let place = if failed.sender == root { Place::Local } else { Place::Origin };
        report.origin.clone_from(&failed.sender);
        report.microsoft = failed.microsoft && place == Place::Origin;
        report.size = self.random.between(2_600, 5_200);
        report.recipients = vec![delivered(Address { number: 0, domain: 0 }, place)];
        report.queued = time + 4_000;
        report.accepted_size = accepted_size(report.size, &mut self.random);
        report.attempts.push(report.queued);
        put_own_message_id(&mut report);
        report
    }

    fn blank(&mut self, host: u32, accepted: u64, id: QueueId) -> Story {
        Story {
            host,
            id,
            accepted,
            queued: accepted,
            sender: Vec::with_capacity(48),
            entry: Entry::Pickup { uid: 30 },
            message_id: Vec::with_capacity(64),
            size: 0,
            accepted_size: 0,
            microsoft: false,
            passage: Passage::Straight,
            recipients: Vec::new(),
            origin: Vec::new(),
            refused: 0,
            attempts: Vec::with_capacity(1),
            chance: self.random.bits() >> 1,
        }
    }

    /// When it is accepted, and under which id.
    fn open(&mut self, arrival: u64, host: u32) -> (u64, QueueId) {
        let time = arrival + self.random.between(20_000, 240_000);
        let host = host as usize;
        if let Some((time, id)) = self.queues[host].open_again(time) {
            return (time, id);
        }
        if self.queues.len() > 1 && self.random.percent(50) && self.quotas.id_reuse.take() {
            self.twins += 1;
            let other = (host + 1) % self.queues.len();
            if let Ok([queue, other]) = self.queues.get_disjoint_mut([host, other])
                && let Some(id) = queue.open_twin(other, time, self.twins)
            {
                return (time, id);
            }
        }
        (time, self.queues[host].open(time))
    }

    /// Mail that stays on the host, wholly or for one recipient, or whose report does.
    fn stay_at_home(&mut self, story: &mut Story) {
        let local = delivered(Address { number: 0, domain: 0 }, Place::Local);
        self.locals += 1;
        match self.locals % 4 {
            1 | 2 => {
                self.write_as_root(story);
                story.recipients = vec![local];
            }
            3 => story.recipients.push(local),
            _ => {
                self.write_as_root(story);
                story.recipients[0].outcome = Outcome::Bounced;
            }
        }
    }

    /// Mail of the host's administration: short, handed in on the host.
    fn write_as_root(&mut self, story: &mut Story) {
        story.entry = Entry::Pickup { uid: 0 };
        story.microsoft = false;
        story.refused = 0;
        story.size = Sizes::Alert.draw(&mut self.random);
        story.recipients.truncate(1);
        story.sender.clear();
        put_root(&mut story.sender, story.host);
    }

    /// What follows from the rest: times, message-id, the way through the filter, attempts.
    fn finish(&mut self, story: &mut Story) {
        story.queued = story.accepted + 6_000 + self.random.below(50_000) + story.size / 8;
        story.accepted_size = accepted_size(story.size, &mut self.random);
        match &story.entry {
            Entry::Pickup { .. } => put_own_message_id(story),
            Entry::Smtp { name, .. } => {
                let host = if name == "unknown" { "scan.fabrikam.com" } else { name };
                story.message_id.hex(self.random.bits(), 16, LOWER).text(".");
                story.message_id.number(story.accepted / SECOND % 100_000).text("@").text(host);
            }
        }
        let mut first = story.queued;
        if !story.stays_at_home() {
            first = self.choose_passage(story);
        }
        if story.passage == Passage::Discarded {
            return;
        }
        let retries = if story.stays_at_home() { Some(0) } else { self.choose_fate(story, first) };
        story.plan_attempts(first, retries, self.plan.end_micros());
    }

    /// Whether it passes the filter; returns when delivery begins.
    fn choose_passage(&mut self, story: &mut Story) -> u64 {
        if self.quotas.discards.take() {
            story.passage = Passage::Discarded;
        } else if self.quotas.filtered.take() {
            let back = story.queued + self.random.between(150_000, 900_000);
            let second = self.queue(story.host).open(back - 20_000);
            story.passage = Passage::Filtered { second, named: self.random.percent(50) };
            return back;
        }
        story.queued
    }

    /// Who bounces or waits; returns the number of retries, `None` until it expires.
    fn choose_fate(&mut self, story: &mut Story, first: u64) -> Option<usize> {
        let enough = EXPIRY_DAYS * 86_400 * SECOND;
        let time_left = self.plan.end_micros() - first;
        let last = story.recipients.iter().rposition(|recipient| recipient.place != Place::Local)?;
        let recipient = &mut story.recipients[last];
        if recipient.outcome == Outcome::Bounced {
            return Some(0);
        }
        if (time_left > enough || u64::from(self.plan.days) <= EXPIRY_DAYS) && self.quotas.expiries.take() {
            recipient.outcome = Outcome::Expired;
            recipient.settled = usize::MAX;
            return None;
        }
        if self.quotas.bounces.take() {
            recipient.outcome = Outcome::Bounced;
            return Some(0);
        }
        if self.waits {
            recipient.settled = LONG_WAIT;
            return Some(LONG_WAIT);
        }
        if !self.quotas.deferrals.take() {
            return Some(0);
        }
        let retries = self.random.mostly_low(1, 6) as usize;
        recipient.settled = retries;
        if self.random.percent(12) {
            recipient.outcome = Outcome::Bounced;
        }
        Some(retries)
    }
}

fn delivered(address: Address, place: Place) -> Recipient {
    Recipient { address, place, settled: 0, outcome: Outcome::Delivered }
}

/// Microsoft adds headers of its own before it counts.
fn accepted_size(size: u64, random: &mut Random) -> u64 {
    size + random.between(1_600, 5_200) + size / 300
}

fn put_sender(text: &mut Vec<u8>, sender: &Sender, recipients: &[Recipient]) {
    text.text(&sender.local_part);
    if let (true, Some(recipient)) = (sender.variable, recipients.first()) {
        text.text("+");
        recipient.address.put(text, "=");
    }
    text.text("@").text(&sender.domain);
}

/// The message-id that Postfix gives: UTC second, queue id, host.
fn put_own_message_id(story: &mut Story) {
    let id = story.id;
    put_compact_utc(&mut story.message_id, story.accepted);
    story.message_id.text(".").extend_from_slice(id.text());
    story.message_id.text("@relay").number(u64::from(story.host) + 1).text(".contoso.com");
}
