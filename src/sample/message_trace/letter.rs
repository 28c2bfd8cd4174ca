//! One message of a trace, decided before a row of it is written.

use crate::sample::cast::Address;
use crate::sample::text::Put;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// From an application through the relay.
    Relay,
    /// Written by a person.
    Mailbox,
    /// From outside to a person.
    Inbound,
    /// A report on a failure, with the null sender.
    Report,
}

impl Way {
    /// The word for its part of the truth.
    pub(super) fn name(self) -> &'static str {
        match self {
            Way::Relay => "relay",
            Way::Mailbox | Way::Report => "mailbox",
            Way::Inbound => "inbound",
        }
    }
}

/// What became of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Delivered,
    Failed,
    Pending,
    Quarantined,
    /// A group, followed by its members.
    Expanded,
}

/// Who a recipient is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mailbox {
    /// Someone outside.
    Outside(Address),
    /// A person of the company, by number.
    Inside(u64),
    /// A group of people outside, by number.
    Group(u64),
    /// An application that sends, by its number in the cast.
    Application,
}

/// A row of a recipient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addressee {
    pub(super) mailbox: Mailbox,
    pub(super) status: Status,
    /// Bytes of this recipient's copy.
    pub(super) size: u64,
}

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) way: Way,
    /// Microseconds since 1970.
    pub(super) time: u64,
    /// As in the rows; `<>` for a report.
    pub(super) sender: Vec<u8>,
    /// Without angle brackets.
    pub(super) message_id: Vec<u8>,
    /// Network message id.
    pub(super) trace_id: [u64; 2],
    /// The largest copy, in bytes.
    pub(super) size: u64,
    pub(super) addressees: Vec<Addressee>,
    /// A number that varies subjects and addresses.
    pub(super) chance: u64,
    /// Whether the subject has marks that a format must protect.
    pub(super) awkward: bool,
    /// The sender of the message that a report is on.
    pub(super) origin: Vec<u8>,
}

impl Letter {
    /// Addressees that count: those the sender named, which of a group is the group alone.
    pub(super) fn named(&self) -> impl Iterator<Item = &Addressee> {
        let has_group = self.addressees.iter().any(|addressee| addressee.status == Status::Expanded);
        self.addressees.iter().filter(move |addressee| !has_group || addressee.status == Status::Expanded)
    }

    /// How many of those that count ended with one of some statuses.
    pub(super) fn ended(&self, statuses: &[Status]) -> u64 {
        self.named().filter(|addressee| statuses.contains(&addressee.status)).count() as u64
    }

    /// How many there are if the members of a group count and the group does not.
    pub(super) fn upper(&self) -> u64 {
        let is_person = |addressee: &&Addressee| addressee.status != Status::Expanded;
        self.addressees.iter().filter(is_person).count() as u64
    }

    /// Appends the address of a recipient.
    pub(super) fn put_address(&self, line: &mut Vec<u8>, mailbox: Mailbox) {
        match mailbox {
            Mailbox::Outside(address) => address.put(line, "@"),
            Mailbox::Inside(number) => put_person(line, number),
            Mailbox::Group(number) => _ = line.text("partners-").number(number).text("@contoso.com"),
            Mailbox::Application => line.extend_from_slice(&self.origin),
        }
    }

    /// Appends the address of the host that handed it in, nothing for mail of people.
    pub(super) fn put_client(&self, line: &mut Vec<u8>) {
        match self.way {
            Way::Relay => _ = line.text(super::RELAY_IP),
            Way::Inbound => _ = line.text("198.51.100.").number(1 + self.chance % 250),
            Way::Mailbox | Way::Report => {}
        }
    }

    /// Appends the subject as it was written.
    pub(super) fn put_subject(&self, line: &mut Vec<u8>) {
        let number = self.chance % 90_000 + 10_000;
        match (self.way, self.awkward) {
            (Way::Report, _) => line.text("Undeliverable: your message"),
            (_, true) => match self.chance % 4 {
                0 => line.text("Offer \"autumn\", part ").number(number),
                1 => line.text("Grüße aus Köln; Bestellung ").number(number),
                2 => line.text("Status,\n report ").number(number),
                _ => line.text("=Rapport d’activité\t").number(number),
            },
            (Way::Relay, _) => line.text("Invoice ").number(number),
            _ => line.text("Meeting ").number(number),
        };
    }
}

/// A person of the company.
pub(super) fn put_person(line: &mut Vec<u8>, number: u64) {
    line.text("employee.").number(number).text("@contoso.com");
}
