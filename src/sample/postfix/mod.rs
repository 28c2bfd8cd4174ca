//! Postfix logs, made up message by message.
//!
//! Each message becomes a [`Story`], from which both its lines and its place in the [`Truth`] follow.

mod lines;
mod noise;
mod plot;
mod queue;
mod story;
mod words;

use std::io::{self, Write};

use super::Plan;
use super::arrivals::{Arrival, Arrivals};
use super::cast::{Address, Cast, Entry, Sender};
use super::quota::Quota;
use super::text::{Clock, LOWER, Put, SECOND, put_compact_utc, timestamp};
use super::timeline::Timeline;
use super::truth::{Counted, Truth};
use crate::random::Random;
use lines::Scribe;
use queue::{Queue, QueueId};
use story::{Outcome, Passage, Place, Recipient, Story};

/// Writes the log of a plan and returns what a correct reader must find in it.
///
/// Lines are in order of time. Memory does not grow with the length of the log, only with the number of
/// messages that wait to be tried again. Fails only where `out` does.
pub fn postfix(plan: &Plan, out: &mut dyn Write) -> io::Result<Truth> {
    let mut random = Random::new(plan.seed);
    let mut arrivals = Arrivals::new(plan, &mut random);
    let mut run = Run::new(plan, random);
    let mut clock = Clock::new(plan.zone, plan.stamp);
    let hosts = run.scribe.hosts.clone();
    let mut start = |line: &mut Vec<u8>, time: u64, host: u32| {
        clock.put(line, time);
        let host = hosts.get(host as usize).map_or("relay1", String::as_str);
        line.text(" ").text(host).text(" ");
    };
    while let Some(arrival) = arrivals.next(&mut run.random) {
        run.scribe.timeline.write_until(arrival.time, out, &mut start)?;
        run.message(arrival);
    }
    let timeline = &mut run.scribe.timeline;
    timeline.write_until(u64::MAX, out, &mut start)?;
    if timeline.lines > 0 {
        timeline.raw(b"\n");
    }
    timeline.flush(out)?;
    (run.truth.records, run.truth.output_bytes) = (timeline.lines, timeline.bytes);
    Ok(run.truth)
}

/// Days that a message needs to expire.
const EXPIRY_DAYS: u64 = 6;

/// When each feature is due.
#[derive(Debug)]
struct Quotas {
    deferrals: Quota,
    bounces: Quota,
    expiries: Quota,
    filtered: Quota,
    discards: Quota,
    local: Quota,
    aliases: Quota,
    rejects: Quota,
    id_reuse: Quota,
}

impl Quotas {
    fn new(plan: &Plan, random: &mut Random) -> Quotas {
        let features = &plan.features;
        // What expires needs time for it; in a log too short it stays open instead.
        let days = u64::from(plan.days);
        let early =
            if days > EXPIRY_DAYS { plan.messages / days * (days - EXPIRY_DAYS) } else { plan.messages };
        let expiries = Quota::new(features.expiries, early.max(plan.messages.min(1)), random);
        // Long ids, in the last third of the time, never come again.
        let short = if features.long_ids { plan.messages / 10 * 6 } else { plan.messages };
        let id_reuse = Quota::new(features.id_reuse, short, random);
        let mut quota = |rate| Quota::new(rate, plan.messages, random);
        Quotas {
            deferrals: quota(features.deferrals),
            bounces: quota(features.bounces),
            expiries,
            filtered: quota(features.filtered),
            discards: quota(features.discards),
            local: quota(features.local),
            aliases: quota(features.aliases),
            rejects: quota(features.rejects),
            id_reuse,
        }
    }

    fn reach(&mut self, message: u64, random: &mut Random) {
        let all = [
            &mut self.deferrals,
            &mut self.bounces,
            &mut self.expiries,
            &mut self.filtered,
            &mut self.discards,
            &mut self.local,
            &mut self.aliases,
            &mut self.rejects,
            &mut self.id_reuse,
        ];
        for quota in all {
            quota.reach(message, random);
        }
    }
}

/// A log in the making.
struct Run<'a> {
    plan: &'a Plan,
    random: Random,
    quotas: Quotas,
    cast: Cast,
    queues: Vec<Queue>,
    twins: u32,
    /// Messages with something local so far.
    locals: u64,
    /// Whether the message at hand is to be waiting where the log ends.
    waits: bool,
    scribe: Scribe,
    /// For times inside of lines.
    clock: Clock,
    truth: Truth,
    /// UTC day of the messages at hand, as a number and as text.
    day: (u64, String),
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, mut random: Random) -> Run<'a> {
        let hosts: Vec<String> = (1..=plan.hosts.clamp(1, 9)).map(|host| format!("relay{host}")).collect();
        let (start, end) = (plan.start_micros(), plan.end_micros());
        let long_from = if plan.features.long_ids { end - (end - start) / 3 } else { u64::MAX };
        Run {
            plan,
            quotas: Quotas::new(plan, &mut random),
            random,
            cast: Cast::new(plan.senders, &plan.features),
            queues: hosts.iter().map(|_| Queue::new(long_from, plan.features.id_reuse > 0)).collect(),
            twins: 0,
            locals: 0,
            waits: false,
            scribe: Scribe { timeline: Timeline::new(b"\n"), hosts, noise: plan.features.noise },
            clock: Clock::new(plan.zone, plan.stamp),
            truth: Truth::default(),
            day: (0, String::new()),
        }
    }

    /// Makes up one message: its lines and what it counts.
    fn message(&mut self, arrival: Arrival) {
        self.quotas.reach(arrival.number, &mut self.random);
        if self.plan.features.noise {
            self.statistics(arrival);
        }
        self.waits = self.plan.features.deferrals > 0 && arrival.number + 2 == self.plan.messages;
        let host = self.random.below(self.queues.len() as u64) as u32;
        let sender = self.cast.choose(arrival.night, &mut self.random);
        let refused = self.quotas.rejects.take();
        if refused && self.random.percent(75) {
            return self.refuse(arrival, host, sender);
        }
        let story = self.make_up(arrival, host, sender, refused);
        self.count(&story);
        self.tell(&story, arrival.time);
    }

    /// Adds an accepted message to the truth.
    fn count(&mut self, story: &Story) {
        if story.passage == Passage::Discarded {
            self.truth.discarded_messages += 1;
            return;
        }
        self.truth.filter_legs += u64::from(story.passage != Passage::Straight);
        if story.all_outside() == 0 {
            self.truth.local_messages += 1;
            return;
        }
        let number = story.accepted / SECOND / 86_400;
        if number != self.day.0 {
            self.day = (number, timestamp(story.accepted).date().to_string());
        }
        self.truth.count(Counted {
            day: &self.day.1,
            sender_domain: story.sender_domain(),
            relay_size: story.size,
            accepted_size: story.stated_size(),
            recipients: story.all_outside(),
            recipients_upper: story.all_outside(),
            delivered: story.outside(&[Outcome::Delivered]),
            bounced: story.outside(&[Outcome::Bounced, Outcome::Expired]),
            filtered: 0,
        });
    }

    /// Writes the lines of an accepted message from its first to its last.
    fn tell(&mut self, story: &Story, connected: u64) {
        self.scribe.hand_in(story, connected);
        let mut id = story.id;
        if story.passage != Passage::Straight {
            let left = self.scribe.filter(story);
            self.queue(story.host).remove(&id, left, false);
        }
        match story.passage {
            Passage::Discarded => return,
            Passage::Filtered { second, .. } => id = second,
            Passage::Straight => {}
        }
        let mut end = story.queued;
        for attempt in 0..story.attempts.len() {
            end = self.scribe.attempt(story, attempt, &id);
            if story.expires() && attempt + 1 == story.attempts.len() {
                self.scribe.expire(story, end, &id);
            }
            if story.fails_at(attempt) {
                self.report(story, end, &id);
            }
        }
        if !story.stays() {
            let removed = end + 40_000;
            self.scribe.remove(story, removed, &id);
            let again = self.queue(story.host).can_come_again(removed) && self.quotas.id_reuse.take();
            self.queue(story.host).remove(&id, removed, again);
        }
    }

    /// The report with the null sender that follows a failure.
    fn report(&mut self, failed: &Story, time: u64, id: &QueueId) {
        let report = self.make_up_report(failed, time + 10_000);
        match report.stays_at_home() {
            true => self.truth.local_messages += 1,
            false => {
                let size = report.stated_size().unwrap_or(report.size);
                self.truth.null_sender.add(1, size);
            }
        }
        self.scribe.report(failed, id, &report);
        let end = self.scribe.attempt(&report, 0, &report.id) + 10_000;
        self.scribe.remove(&report, end, &report.id);
        self.queue(report.host).remove(&report.id, end, false);
    }

    fn queue(&mut self, host: u32) -> &mut Queue {
        &mut self.queues[host as usize]
    }
}

#[cfg(test)]
mod tests;
