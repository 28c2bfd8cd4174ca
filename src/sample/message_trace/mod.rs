//! Exchange Online message traces, made up message by message.
//!
//! Each message becomes a [`Letter`], from which both its rows and its place in the [`Truth`] follow. A trace
//! mixes application mail with that of people; the truth has both, apart.

mod letter;
mod shapes;

use std::io::{self, Write};

use super::Plan;
use super::arrivals::{Arrival, Arrivals};
use super::cast::{Address, Cast, Entry, Sizes};
use super::quota::Quota;
use super::text::{LOWER, Put, SECOND, UPPER, timestamp};
use super::timeline::Timeline;
use super::truth::{Counted, Truth, part};
use crate::random::Random;
use letter::{Addressee, Letter, Mailbox, Status, Way, put_person};
pub use shapes::Shape;

/// The address under which the relay hands over to Exchange Online: what `--client` is for.
pub const RELAY_IP: &str = "192.0.2.10";
/// People of the company.
const PEOPLE: u64 = 400;
/// Groups of people outside.
const GROUPS: u64 = 12;

/// Writes the trace of a plan in one shape and returns what a correct reader must find in it.
///
/// Messages are in order of time, but the rows of one stand apart. Of the plan's settings, hosts, stamp and the
/// features of Postfix have no meaning here. Fails only where `out` does.
pub fn message_trace(plan: &Plan, shape: Shape, out: &mut dyn Write) -> io::Result<Truth> {
    let [header, separator, footer] = shape.frame();
    let mut random = Random::new(plan.seed);
    let mut arrivals = Arrivals::new(plan, &mut random);
    let mut run = Run::new(plan, shape, random);
    run.rows = Timeline::new(separator.as_bytes());
    run.rows.raw(header.as_bytes());
    while let Some(arrival) = arrivals.next(&mut run.random) {
        run.rows.write_until(arrival.time, out, |_, _, _| {})?;
        run.message(arrival);
    }
    run.rows.write_until(u64::MAX, out, |_, _, _| {})?;
    run.rows.raw(if run.rows.lines > 0 || shape == Shape::Graph { footer.as_bytes() } else { b"" });
    run.rows.flush(out)?;
    (run.truth.records, run.truth.output_bytes) = (run.rows.lines, run.rows.bytes);
    Ok(run.truth)
}

/// A trace in the making.
struct Run<'a> {
    plan: &'a Plan,
    shape: Shape,
    random: Random,
    quotas: Quotas,
    cast: Cast,
    rows: Timeline,
    /// Mean time between messages: rows of one message stand up to three of them apart.
    gap: u64,
    index: u64,
    truth: Truth,
}

/// When each feature is due.
struct Quotas {
    mailbox: Quota,
    inbound: Quota,
    groups: Quota,
    failed: Quota,
    pending: Quota,
    quarantined: Quota,
    repeats: Quota,
    awkward: Quota,
}

impl Quotas {
    fn new(plan: &Plan, random: &mut Random) -> Quotas {
        let mut quota = |rate| Quota::new(rate, plan.messages, random);
        let features = &plan.features;
        Quotas {
            mailbox: quota(features.mailbox),
            inbound: quota(features.inbound),
            groups: quota(features.groups),
            failed: quota(features.bounces),
            pending: quota(features.deferrals / 10),
            quarantined: quota(features.quarantined),
            repeats: quota(features.repeats),
            awkward: quota(features.awkward_subjects),
        }
    }

    fn reach(&mut self, message: u64, random: &mut Random) {
        let all = [
            &mut self.mailbox,
            &mut self.inbound,
            &mut self.groups,
            &mut self.failed,
            &mut self.pending,
            &mut self.quarantined,
            &mut self.repeats,
            &mut self.awkward,
        ];
        for quota in all {
            quota.reach(message, random);
        }
    }
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, shape: Shape, mut random: Random) -> Run<'a> {
        Run {
            plan,
            shape,
            quotas: Quotas::new(plan, &mut random),
            random,
            cast: Cast::new(plan.senders, &plan.features),
            rows: Timeline::default(),
            gap: (plan.end_micros() - plan.start_micros()) / plan.messages.max(1),
            index: 0,
            truth: Truth::default(),
        }
    }

    /// Makes up one message: its rows and what it counts.
    fn message(&mut self, arrival: Arrival) {
        self.quotas.reach(arrival.number, &mut self.random);
        let mut letter = if self.quotas.inbound.take() {
            self.by_outsiders(arrival.time)
        } else if self.quotas.mailbox.take() {
            self.by_a_person(arrival.time)
        } else {
            self.by_an_application(arrival)
        };
        letter.awkward = self.quotas.awkward.take();
        self.settle(&mut letter);
        self.count(&letter);
        self.write(&letter);
        let failed = letter.addressees.iter().any(|addressee| addressee.status == Status::Failed);
        if failed && letter.way != Way::Inbound {
            self.report(&letter);
        }
    }

    fn by_an_application(&mut self, arrival: Arrival) -> Letter {
        let index = self.cast.choose(arrival.night, &mut self.random);
        let mut letter = self.blank(Way::Relay, arrival.time);
        let addresses = self.cast.addresses(index, self.plan.max_recipients, &mut self.random);
        let sender = self.cast.sender(index);
        letter.size = sender.sizes.draw(&mut self.random);
        letter.sender.text(&sender.local_part).text("@").text(&sender.domain);
        letter.message_id.hex(letter.chance, 16, LOWER).text("@");
        match &sender.entry {
            Entry::Smtp { name, .. } if name != "unknown" => letter.message_id.text(name),
            _ => letter.message_id.text("relay1.contoso.com"),
        };
        letter.addressees = addresses.into_iter().map(Mailbox::Outside).map(delivered).collect();
        if self.quotas.groups.take() {
            let group = Addressee {
                status: Status::Expanded,
                ..delivered(Mailbox::Group(self.random.below(GROUPS)))
            };
            let members = self.random.between(2, 9);
            let first = Address::draw(&mut self.random);
            let member = |number| Mailbox::Outside(Address { number: first.number + number, ..first });
            letter.addressees = (0..members).map(member).map(delivered).collect();
            letter.addressees.insert(0, group);
        }
        letter
    }

    fn by_a_person(&mut self, time: u64) -> Letter {
        let mut letter = self.blank(Way::Mailbox, time);
        letter.size = Sizes::Letter.draw(&mut self.random) * 2;
        put_person(&mut letter.sender, self.random.below(PEOPLE));
        put_outlook_id(&mut letter);
        let first = Address::draw(&mut self.random);
        letter.addressees = (0..self.random.mostly_low(1, 3))
            .map(|further| Address { number: first.number + further, ..first })
            .map(|address| delivered(Mailbox::Outside(address)))
            .collect();
        letter
    }

    fn by_outsiders(&mut self, time: u64) -> Letter {
        let mut letter = self.blank(Way::Inbound, time);
        letter.size = Sizes::Letter.draw(&mut self.random) * 3;
        let sender = Address::draw(&mut self.random);
        sender.put(&mut letter.sender, "@");
        letter.message_id.hex(letter.chance, 16, LOWER).text("@mail.").text(sender.domain());
        let first = self.random.below(PEOPLE);
        letter.addressees = (0..self.random.mostly_low(1, 3))
            .map(|further| delivered(Mailbox::Inside(first + further)))
            .collect();
        letter
    }

    /// The report with the null sender that follows a failure.
    fn report(&mut self, failed: &Letter) {
        let mut report = self.blank(Way::Report, failed.time + 2 * SECOND);
        report.size = self.random.between(20_000, 60_000);
        report.sender.text("<>");
        put_outlook_id(&mut report);
        report.origin.clone_from(&failed.sender);
        report.addressees = vec![Addressee { size: report.size, ..delivered(Mailbox::Application) }];
        self.truth.null_sender.add(1, report.size);
        self.write(&report);
    }

    fn blank(&mut self, way: Way, time: u64) -> Letter {
        Letter {
            way,
            time,
            sender: Vec::with_capacity(40),
            message_id: Vec::with_capacity(64),
            trace_id: [self.random.bits(), self.random.bits()],
            size: 0,
            addressees: Vec::new(),
            chance: self.random.bits() >> 1,
            awkward: false,
            origin: Vec::new(),
        }
    }

    /// What becomes of the recipients, and how large their copies are.
    fn settle(&mut self, letter: &mut Letter) {
        let largest = self.random.below(letter.addressees.len() as u64) as usize;
        let varied = self.plan.features.varied_sizes && !self.shape.is_per_message();
        for (place, addressee) in letter.addressees.iter_mut().enumerate() {
            let less = if varied && place != largest { letter.size / 80 } else { 0 };
            addressee.size = letter.size - less;
        }
        let has_group = letter.upper() < letter.addressees.len() as u64;
        let Some(last) = letter.addressees.last_mut().filter(|_| !has_group) else { return };
        if self.quotas.failed.take() {
            last.status = Status::Failed;
        } else if self.quotas.quarantined.take() {
            last.status = Status::Quarantined;
        } else if self.quotas.pending.take() {
            last.status = Status::Pending;
        }
    }

    /// Adds a message to the truth.
    fn count(&mut self, letter: &Letter) {
        let day = timestamp(letter.time).date().to_string();
        let at = letter.sender.iter().rposition(|&byte| byte == b'@').map_or(0, |at| at + 1);
        let recipients = letter.named().count() as u64;
        self.truth.count(Counted {
            day: &day,
            sender_domain: std::str::from_utf8(&letter.sender[at..]).unwrap_or_default(),
            relay_size: letter.size,
            accepted_size: None,
            recipients,
            recipients_upper: letter.upper(),
            delivered: letter.ended(&[Status::Delivered, Status::Expanded]),
            bounced: letter.ended(&[Status::Failed]),
            filtered: letter.ended(&[Status::Quarantined]),
        });
        part(&mut self.truth.by_traffic, letter.way.name()).add(recipients, letter.size);
    }

    /// Writes the rows of a message, the later ones further down, and now and then one twice.
    fn write(&mut self, letter: &Letter) {
        let repeat = self.quotas.repeats.take();
        if self.shape.is_per_message() {
            for copy in 0..1 + u64::from(repeat) {
                put_row(&mut self.rows, letter.time + copy * self.gap, |row| {
                    shapes::put_enhanced(row, letter)
                });
            }
            self.truth.repeated_records += u64::from(repeat);
            return;
        }
        let start = self.plan.start_micros();
        for (place, addressee) in letter.addressees.iter().enumerate() {
            let copies = 1 + u64::from(repeat && place == 0);
            for copy in 0..copies {
                let apart = if place == 0 && copy == 0 { 0 } else { self.random.below(3 * self.gap) };
                let index = self.index;
                self.index += 1;
                put_row(&mut self.rows, letter.time + apart, |row| match self.shape {
                    Shape::Graph => shapes::put_graph(row, letter, addressee),
                    _ => shapes::put_get(row, letter, addressee, start, index),
                });
            }
            self.truth.repeated_records += copies - 1;
        }
    }
}

fn put_row(rows: &mut Timeline, time: u64, put: impl FnOnce(&mut Vec<u8>)) {
    put(rows.line(time, 0));
}

fn delivered(mailbox: Mailbox) -> Addressee {
    Addressee { mailbox, status: Status::Delivered, size: 0 }
}

/// A message-id as Exchange Online gives it.
fn put_outlook_id(letter: &mut Letter) {
    let (server, number) = (1_000 + letter.chance % 9_000, letter.chance);
    letter.message_id.text("DB9PR01MB").padded(server, 4).hex(number, 16, UPPER);
    letter.message_id.text("@DB9PR01MB").padded(server, 4).text(".eurprd01.prod.outlook.com");
}

#[cfg(test)]
mod tests;
