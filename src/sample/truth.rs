//! What a correct reader must find in a generated log.
//!
//! Counted from the plan while the log is written, never by reading the text, and by the rules for any log: a
//! message counts once, when the relay accepted it; recipients are the distinct accepted ones that leave the
//! host; a filter's second leg, local delivery and refused mail add nothing; null senders are apart.

use std::collections::BTreeMap;

use serde::Serialize;

/// Messages, recipients and bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Messages, each once.
    pub messages: u64,
    /// Recipients of these messages.
    pub recipients: u64,
    /// Bytes of one copy of each message.
    pub bytes: u128,
    /// Bytes times recipients, summed.
    pub recipient_bytes: u128,
}

impl Counts {
    /// Adds a message of a size with so many recipients; nothing where there are none.
    pub fn add(&mut self, recipients: u64, size: u64) {
        if recipients == 0 {
            return;
        }
        self.messages += 1;
        self.recipients += recipients;
        self.bytes += u128::from(size);
        self.recipient_bytes += u128::from(size) * u128::from(recipients);
    }
}

/// The counts of a generated log.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Truth {
    /// Lines of a log, rows of a CSV without its header, objects of a JSON.
    pub records: u64,
    /// Bytes written.
    pub output_bytes: u64,
    /// All accepted messages with a sender: what is charged in the default. A message's size is what the
    /// accepting service said it took, where it said so, else what the relay measured at acceptance.
    #[serde(flatten)]
    pub total: Counts,
    /// The total with every size as the relay measured it.
    pub by_relay_size: Counts,
    /// Messages whose size the accepting service stated.
    pub accepted_size_messages: u64,
    /// The recipients of the total that were delivered, with their messages.
    pub delivered: Counts,
    /// Recipients of the total that bounced or expired.
    pub bounced_recipients: u64,
    /// Recipients of the total still waiting where the log ends.
    pub open_recipients: u64,
    /// Recipients of the total held back by a filter or quarantine.
    pub filtered_recipients: u64,
    /// Recipients of the total if every member of an expanded group counted instead of the group.
    pub recipients_upper: u64,
    /// Messages with the null sender that left the host; not in the total.
    pub null_sender: Counts,
    /// Messages that never left the host; not in the total.
    pub local_messages: u64,
    /// Messages accepted and then thrown away by a filter; not in the total.
    pub discarded_messages: u64,
    /// Messages refused before they were accepted; not in the total.
    pub refused_messages: u64,
    /// Second legs through a content filter; not messages of their own.
    pub filter_legs: u64,
    /// Records that repeat another.
    pub repeated_records: u64,
    /// The total by UTC day of acceptance.
    pub by_day: BTreeMap<String, Counts>,
    /// The total by domain of the envelope sender.
    pub by_sender_domain: BTreeMap<String, Counts>,
    /// The total by what the traffic is (message traces only).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_traffic: BTreeMap<String, Counts>,
}

/// One accepted message with a sender, as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    /// UTC day of acceptance, such as `2026-10-01`.
    pub(super) day: &'a str,
    /// Domain of the envelope sender.
    pub(super) sender_domain: &'a str,
    /// What the relay measured.
    pub(super) relay_size: u64,
    /// What the accepting service said it took.
    pub(super) accepted_size: Option<u64>,
    /// Recipients that count.
    pub(super) recipients: u64,
    /// Recipients if the members of a group count and the group does not.
    pub(super) recipients_upper: u64,
    /// Those of them that were delivered.
    pub(super) delivered: u64,
    /// Those of them that bounced or expired.
    pub(super) bounced: u64,
    /// Those of them that were held back by a filter.
    pub(super) filtered: u64,
}

impl Truth {
    /// Adds a message to the total and its parts.
    pub(super) fn count(&mut self, message: Counted<'_>) {
        let size = message.accepted_size.unwrap_or(message.relay_size);
        self.total.add(message.recipients, size);
        self.by_relay_size.add(message.recipients, message.relay_size);
        self.accepted_size_messages += u64::from(message.accepted_size.is_some());
        self.delivered.add(message.delivered, size);
        self.recipients_upper += message.recipients_upper;
        self.bounced_recipients += message.bounced;
        self.filtered_recipients += message.filtered;
        self.open_recipients += message.recipients - message.delivered - message.bounced - message.filtered;
        part(&mut self.by_day, message.day).add(message.recipients, size);
        part(&mut self.by_sender_domain, message.sender_domain).add(message.recipients, size);
    }
}

/// The counts under a name.
pub(super) fn part<'a>(parts: &'a mut BTreeMap<String, Counts>, name: &str) -> &'a mut Counts {
    parts.entry(name.to_owned()).or_default()
}
