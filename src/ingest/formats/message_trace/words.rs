//! Words of the traces: statuses, events, directions.

use crate::ingest::grouping::Status;

/// Letters and digits of a word in lower case, so that `Filtered as spam` and `FilteredAsSpam` are the same.
struct Plain {
    letters: [u8; 24],
    len: usize,
}

impl Plain {
    fn of(word: &[u8]) -> Plain {
        let mut plain = Plain { letters: [0; 24], len: 0 };
        let kept = word.iter().filter(|b| b.is_ascii_alphanumeric());
        for (slot, byte) in plain.letters.iter_mut().zip(kept) {
            *slot = byte.to_ascii_lowercase();
            plain.len += 1;
        }
        plain
    }

    fn bytes(&self) -> &[u8] {
        &self.letters[..self.len]
    }
}

/// The status of a `Get-MessageTrace` or Graph row. A word in another language (exports from the portal are
/// translated) tells nothing.
pub(super) fn row_status(word: &[u8]) -> Status {
    if word == b"Delivered" {
        return Status::Delivered; // Nearly every row; the comparison below is a tenth of the time of reading one.
    }
    match Plain::of(word).bytes() {
        b"delivered" | b"sent" => Status::Delivered,
        b"expanded" => Status::Expanded,
        b"failed" => Status::Bounced,
        b"filteredasspam" | b"quarantined" => Status::Filtered,
        b"pending" => Status::Open,
        b"resolved" => Status::Rerouted,
        _ => Status::Unknown,
    }
}

/// The status that a list of events ends in: `Receive, Deliver`. The last word that tells wins.
pub(super) fn listed_status(list: &[u8]) -> Status {
    let told = list.rsplit(|&b| b == b',').map(|word| match Plain::of(word).bytes() {
        b"deliver" | b"send" | b"sendexternal" => Status::Delivered,
        b"fail" => Status::Bounced,
        b"defer" => Status::Open,
        b"expand" => Status::Expanded,
        b"resolve" | b"transfer" | b"redirect" => Status::Rerouted,
        _ => row_status(word),
    });
    told.into_iter().find(|status| *status != Status::Unknown).unwrap_or(Status::Unknown)
}

/// What an Extended row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// The message was accepted, from a host or from a mailbox.
    Accepted {
        /// From a mailbox (`STOREDRIVER`).
        mailbox: bool,
    },
    /// Something became of its recipients.
    Outcome(Status),
    /// A group was expanded; the row names it.
    Expanded,
    /// A step on the way.
    Step,
    /// Nothing that counts.
    Other,
}

/// The kind of an event by its source and name (the columns of message tracking).
pub(super) fn event(source: &[u8], name: &[u8]) -> Event {
    let source = Plain::of(source);
    match (Plain::of(name).bytes(), source.bytes()) {
        (b"receive", b"smtp") => Event::Accepted { mailbox: false },
        (b"receive", b"storedriver") => Event::Accepted { mailbox: true },
        (b"deliver" | b"send" | b"sendexternal", _) => Event::Outcome(Status::Delivered),
        (b"fail", _) => Event::Outcome(Status::Bounced),
        (b"defer", _) => Event::Outcome(Status::Open),
        (b"expand", _) => Event::Expanded,
        (b"redirect" | b"resolve" | b"transfer", _) => Event::Step,
        _ => Event::Other,
    }
}

/// Whether a directionality is outbound; `None` where it tells neither. Microsoft's page on historical search
/// says 1 (inbound) and 2 (outbound); real files hold `Incoming` and `Originating`.
pub(super) fn is_outbound(word: &[u8]) -> Option<bool> {
    match Plain::of(word).bytes() {
        b"originating" | b"outbound" | b"sent" | b"2" => Some(true),
        b"incoming" | b"inbound" | b"received" | b"1" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_in_every_spelling() {
        assert_eq!(row_status(b"delivered"), Status::Delivered);
        assert_eq!(row_status(b"Filtered as spam"), Status::Filtered);
        assert_eq!(row_status(b"GettingStatus"), Status::Unknown);
        assert_eq!(row_status("Übermittelt".as_bytes()), Status::Unknown);
        assert_eq!(row_status(&[b'x'; 500]), Status::Unknown);
    }

    #[test]
    fn the_last_word_that_tells_wins() {
        assert_eq!(listed_status(b"Receive, Deliver"), Status::Delivered);
        assert_eq!(listed_status(b"Receive, Defer, Fail"), Status::Bounced);
        assert_eq!(listed_status(b"Receive, Expand, Receive"), Status::Expanded);
        assert_eq!(listed_status(b"Receive, Transfer"), Status::Rerouted);
        assert_eq!(listed_status(b"Receive"), Status::Unknown);
        assert_eq!(listed_status(b""), Status::Unknown);
    }

    #[test]
    fn only_smtp_and_mailboxes_hand_messages_in() {
        assert_eq!(event(b"SMTP", b"RECEIVE"), Event::Accepted { mailbox: false });
        assert_eq!(event(b"STOREDRIVER", b"RECEIVE"), Event::Accepted { mailbox: true });
        assert_eq!(event(b"AGENT", b"RECEIVE"), Event::Other);
        assert_eq!(event(b"SMTP", b"HARECEIVE"), Event::Other);
        assert_eq!(event(b"SMTP", b"SENDEXTERNAL"), Event::Outcome(Status::Delivered));
        assert_eq!(is_outbound(b"Originating"), Some(true));
        assert_eq!(is_outbound(b"1"), Some(false));
        assert_eq!(is_outbound(b"Undefined"), None);
    }
}
