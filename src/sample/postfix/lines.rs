//! The lines that Postfix writes about one message.

use super::queue::QueueId;
use super::story::{Outcome, Passage, Place, Recipient, Story};
use super::words::{put_address, put_delays, put_microsoft_reply, put_next_host, put_recipient, put_reply};
use crate::sample::cast::Entry;
use crate::sample::text::{Put, SECOND};
use crate::sample::timeline::Timeline;

/// Microsecond parts of steps that take no noticeable time.
const STEP: u64 = 9_000;

/// Writes stories as lines.
#[derive(Debug)]
pub(super) struct Scribe {
    pub(super) timeline: Timeline,
    /// Names of the hosts, without domain.
    pub(super) hosts: Vec<String>,
    pub(super) noise: bool,
}

impl Scribe {
    /// The start of a line of a daemon.
    pub(super) fn daemon(&mut self, time: u64, host: u32, daemon: &str, pid: u64) -> &mut Vec<u8> {
        let line = self.timeline.line(time, host);
        line.text("postfix/").text(daemon).text("[").number(pid).text("]: ");
        line
    }

    /// The start of a line of a daemon about a message.
    fn about(&mut self, time: u64, story: &Story, daemon: &str, id: &QueueId) -> &mut Vec<u8> {
        let pid = pid(daemon, time, story.chance);
        let line = self.daemon(time, story.host, daemon, pid);
        line.extend_from_slice(id.text());
        line.text(": ")
    }

    /// Handing in, up to the queue manager's first line.
    pub(super) fn hand_in(&mut self, story: &Story, connected: u64) {
        match &story.entry {
            Entry::Pickup { uid } => {
                let line = self.about(story.accepted, story, "pickup", &story.id);
                line.text("uid=").number(*uid).text(" from=<").extend_from_slice(&story.sender);
                line.text(">");
            }
            Entry::Smtp { name, ip, user } => {
                let daemon = if user.is_some() { "submission/smtpd" } else { "smtpd" };
                self.connect(story, connected, daemon, name, ip);
                let line = self.about(story.accepted, story, daemon, &story.id);
                line.text("client=").text(name).text("[").text(ip).text("]");
                if let Some(user) = user {
                    line.text(", sasl_method=PLAIN, sasl_username=").text(user);
                }
                self.refuse_recipients(story, daemon, name, ip);
                self.disconnect(story, story.queued + STEP, daemon, name, ip);
            }
        }
        self.message_id(story, story.accepted + (story.queued - story.accepted) / 2, &story.id);
        self.queue_line(story, story.queued, &story.id, story.size, story.recipients.len() as u64);
    }

    fn connect(&mut self, story: &Story, time: u64, daemon: &str, name: &str, ip: &str) {
        if !self.noise {
            return;
        }
        let pid = pid(daemon, story.accepted, story.chance);
        self.daemon(time, story.host, daemon, pid)
            .text("connect from ")
            .text(name)
            .text("[")
            .text(ip)
            .text("]");
        if daemon != "smtpd" {
            let line = self.daemon(time, story.host, daemon, pid);
            line.text("Anonymous TLS connection established from ").text(name).text("[").text(ip);
            line.text("]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)");
        }
    }

    fn disconnect(&mut self, story: &Story, time: u64, daemon: &str, name: &str, ip: &str) {
        if !self.noise {
            return;
        }
        let pid = pid(daemon, story.accepted, story.chance);
        let accepted = story.recipients.len() as u64;
        let all = accepted + u64::from(story.refused);
        let line = self.daemon(time, story.host, daemon, pid);
        line.text("disconnect from ")
            .text(name)
            .text("[")
            .text(ip)
            .text("] ehlo=1 mail=1 rcpt=")
            .number(accepted);
        if all != accepted {
            line.text("/").number(all);
        }
        line.text(" data=1 quit=1 commands=").number(accepted + 4);
        if all != accepted {
            line.text("/").number(all + 4);
        }
    }

    fn refuse_recipients(&mut self, story: &Story, daemon: &str, name: &str, ip: &str) {
        for number in 0..story.refused {
            let line = self.about(story.accepted + 1 + u64::from(number), story, daemon, &story.id);
            line.text("reject: RCPT from ").text(name).text("[").text(ip);
            line.text("]: 501 5.1.3 <no-such..mailbox@example.net>: Recipient address syntax; from=<");
            line.extend_from_slice(&story.sender);
            line.text("> to=<no-such..mailbox@example.net> proto=ESMTP helo=<").text(name).text(">");
        }
    }

    fn message_id(&mut self, story: &Story, time: u64, id: &QueueId) {
        let line = self.about(time, story, "cleanup", id);
        line.text("message-id=<").extend_from_slice(&story.message_id);
        line.text(">");
    }

    /// The queue manager's line, at the first attempt and again at each further one.
    pub(super) fn queue_line(&mut self, story: &Story, time: u64, id: &QueueId, size: u64, recipients: u64) {
        let line = self.about(time, story, "qmgr", id);
        line.text("from=<").extend_from_slice(&story.sender);
        line.text(">, size=").number(size).text(", nrcpt=").number(recipients).text(" (queue active)");
    }

    /// The way through the content filter: the leg into it ends, another comes back.
    /// Returns when the first leg ended.
    pub(super) fn filter(&mut self, story: &Story) -> u64 {
        let Passage::Filtered { second, named } = story.passage else {
            return self.discard(story);
        };
        let back = story.attempts.first().copied().unwrap_or(story.queued);
        let line = self.about(back - 2 * STEP, story, "smtpd", &second);
        line.text("client=localhost[127.0.0.1]");
        if let (true, Entry::Smtp { name, ip, .. }) = (named, &story.entry) {
            line.text(", orig_queue_id=").extend_from_slice(story.id.text());
            line.text(", orig_client=").text(name).text("[").text(ip).text("]");
        }
        self.message_id(story, back - STEP, &second);
        let recipients = story.recipients.len() as u64;
        self.queue_line(story, back, &second, story.size + 463, recipients);
        self.amavis(story, back + 1, "Passed CLEAN {RelayedOutbound}");
        self.leave_filter(story, back + 2, |line| {
            line.text("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ");
            line.extend_from_slice(second.text());
        })
    }

    fn discard(&mut self, story: &Story) -> u64 {
        let time = story.queued + 600_000;
        self.amavis(story, time, "Blocked SPAM {DiscardedOutbound,Quarantined}");
        self.leave_filter(story, time + 1, |line| {
            line.text("250 2.7.0 Ok, discarded, id=02279-").number(story.chance % 97 + 1).text(" - spam");
        })
    }

    fn leave_filter(&mut self, story: &Story, time: u64, reply: impl Fn(&mut Vec<u8>)) -> u64 {
        for recipient in &story.recipients {
            let line = self.about(time, story, "smtp", &story.id);
            put_recipient(line, story, recipient);
            line.text(", relay=127.0.0.1[127.0.0.1]:10024");
            put_delays(line, story, time, time - story.queued);
            line.text(", dsn=2.0.0, status=sent (");
            reply(line);
            line.text(")");
        }
        self.remove(story, time + STEP, &story.id);
        time + STEP
    }

    fn amavis(&mut self, story: &Story, time: u64, verdict: &str) {
        if !self.noise {
            return;
        }
        let line = self.timeline.line(time, story.host);
        line.text("amavis[2279]: (02279-").number(story.chance % 97 + 1).text(") ").text(verdict).text(", <");
        line.extend_from_slice(&story.sender);
        line.text("> -> <");
        if let Some(recipient) = story.recipients.first() {
            put_address(line, story, recipient);
        }
        line.text(">, Queue-ID: ").extend_from_slice(story.id.text());
        line.text(", Message-ID: <").extend_from_slice(&story.message_id);
        line.text(">, Hits: -, size: ").number(story.size).text(", 585 ms");
    }

    /// One attempt: a line per recipient that is left. Returns when it ended.
    pub(super) fn attempt(&mut self, story: &Story, attempt: usize, id: &QueueId) -> u64 {
        let start = story.attempts.get(attempt).copied().unwrap_or(story.queued);
        let left: Vec<&Recipient> =
            story.recipients.iter().filter(|recipient| recipient.settled >= attempt).collect();
        if attempt > 0 {
            let size = if *id == story.id { story.size } else { story.size + 463 };
            self.queue_line(story, start, id, size, left.len() as u64);
        }
        let mut end = start;
        for (place, recipient) in left.iter().enumerate() {
            let took = duration(story, recipient, attempt, place);
            let settled = recipient.settled == attempt && recipient.outcome != Outcome::Open;
            end = end.max(start + took);
            if recipient.place == Place::Local {
                self.deliver_locally(story, start + STEP, id, recipient);
            } else if settled && recipient.outcome == Outcome::Delivered {
                self.deliver(story, start + took, took, id, recipient, place);
            } else {
                let bounced = settled && recipient.outcome == Outcome::Bounced;
                self.fail(story, start + took, took, id, recipient, bounced);
            }
        }
        end
    }

    fn deliver_locally(&mut self, story: &Story, time: u64, id: &QueueId, recipient: &Recipient) {
        let line = self.about(time, story, "local", id);
        put_recipient(line, story, recipient);
        line.text(", relay=local");
        put_delays(line, story, time, STEP);
        line.text(", dsn=2.0.0, status=sent (delivered to mailbox)");
    }

    fn deliver(
        &mut self,
        story: &Story,
        time: u64,
        took: u64,
        id: &QueueId,
        recipient: &Recipient,
        place: usize,
    ) {
        if self.noise && place == 0 {
            let pid = pid("smtp", time, story.chance);
            let line = self.daemon(time - took / 2, story.host, "smtp", pid);
            line.text("Trusted TLS connection established to ");
            put_next_host(line, story, recipient);
            line.text(":25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)");
        }
        let tricky = self.noise;
        let line = self.about(time, story, "smtp", id);
        put_recipient(line, story, recipient);
        line.text(", relay=");
        put_next_host(line, story, recipient);
        line.text(":25");
        if story.chance % 9 == 4 {
            line.text(", conn_use=").number(2 + story.chance / 9 % 4);
        }
        put_delays(line, story, time, took);
        if story.microsoft {
            put_microsoft_reply(line, story);
        } else {
            put_reply(line, story, recipient, tricky);
        }
    }

    fn fail(
        &mut self,
        story: &Story,
        time: u64,
        took: u64,
        id: &QueueId,
        recipient: &Recipient,
        bounced: bool,
    ) {
        let line = self.about(time, story, "smtp", id);
        put_recipient(line, story, recipient);
        line.text(", relay=");
        if !bounced && times_out(story) {
            return put_time_out(line, story, recipient, time, took);
        }
        put_next_host(line, story, recipient);
        line.text(":25");
        put_delays(line, story, time, took);
        line.text(if bounced {
            ", dsn=5.1.1, status=bounced (host "
        } else {
            ", dsn=4.7.1, status=deferred (host "
        });
        put_next_host(line, story, recipient);
        if bounced {
            line.text(" said: 550 5.1.1 <");
            put_address(line, story, recipient);
            line.text(">: Recipient address rejected: User unknown (in reply to RCPT TO command))");
        } else {
            line.text(" said: 451 4.7.1 ").text(match story.microsoft {
                true => "Server busy. Please try again later from [203.0.113.5]",
                false => "Greylisted, please try again later, status=deferred",
            });
            line.text(" (in reply to RCPT TO command))");
        }
    }

    /// Giving up after days of deferrals.
    pub(super) fn expire(&mut self, story: &Story, time: u64, id: &QueueId) {
        let line = self.about(time, story, "qmgr", id);
        line.text("from=<").extend_from_slice(&story.sender);
        line.text(">, status=expired, returned to sender");
    }

    /// A report on failed recipients is made.
    pub(super) fn report(&mut self, failed: &Story, id: &QueueId, report: &Story) {
        self.message_id(report, report.accepted, &report.id);
        self.queue_line(report, report.queued, &report.id, report.size, 1);
        let line = self.about(report.queued + 1, failed, "bounce", id);
        line.text("sender non-delivery notification: ").extend_from_slice(report.id.text());
    }

    /// The message leaves the queue.
    pub(super) fn remove(&mut self, story: &Story, time: u64, id: &QueueId) {
        self.about(time, story, "qmgr", id).text("removed");
    }
}

/// A process id: the queue manager keeps its own, others change by the hour and there are several of some.
fn pid(daemon: &str, time: u64, chance: u64) -> u64 {
    let hours = time / SECOND / 3_600 % 997;
    match daemon {
        "qmgr" => 1_268,
        "pickup" => 19_000 + hours,
        "smtp" => 21_000 + hours * 7 + chance % 12,
        "cleanup" => 29_000 + hours * 5 + chance % 6,
        "bounce" => 35_000 + hours,
        "local" => 36_500 + hours,
        _ => 38_000 + hours * 11 + chance % 16,
    }
}

fn put_time_out(line: &mut Vec<u8>, story: &Story, recipient: &Recipient, time: u64, took: u64) {
    line.text("none");
    put_delays(line, story, time, took);
    line.text(", dsn=4.4.1, status=deferred (connect to ");
    put_next_host(line, story, recipient);
    line.text(":25: Connection timed out)");
}

/// Whether the next host does not answer while the message waits.
fn times_out(story: &Story) -> bool {
    story.chance.is_multiple_of(3)
}

/// How long a delivery takes, in microseconds: a little, and longer for large messages. Recipients of one
/// transaction end together.
fn duration(story: &Story, recipient: &Recipient, attempt: usize, place: usize) -> u64 {
    if times_out(story) && attempt < recipient.settled {
        return 30_000_000;
    }
    let varied = if story.microsoft { story.chance } else { story.chance.rotate_right(7 * place as u32) };
    180_000 + (varied >> 8) % 1_900_000 + story.size.min(6_000_000) / 2 + attempt as u64 % 3 * 40_000
}
