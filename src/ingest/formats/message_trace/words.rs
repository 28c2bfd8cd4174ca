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

/// The status of a `Get-MessageTrace` or Graph row; `None` where its word is not understood.
pub(super) fn row_status(word: &[u8]) -> Option<Status> {
    if word == b"Delivered" {
        return Some(Status::Delivered); // Nearly every row; the comparison below is a tenth of the time of reading one.
    }
    let plain = Plain::of(word);
    Some(match plain.bytes() {
        b"delivered" | b"sent" => Status::Delivered,
        b"expanded" => Status::Expanded,
        b"failed" => Status::Bounced,
        b"filteredasspam" | b"quarantined" => Status::Filtered,
        b"pending" => Status::Open,
        b"resolved" => Status::Rerouted,
        // "The message has no delivery status" (Microsoft's page on Get-MessageTrace).
        b"gettingstatus" | b"none" | b"" if word.is_ascii() => Status::Unknown,
        translated => return translated_status(translated),
    })
}

/// Words of exports from the portal in German, Italian, French and Spanish, where their meaning leaves no doubt,
/// without their letters beyond ASCII, which exports write in several ways.
fn translated_status(plain: &[u8]) -> Option<Status> {
    Some(match plain {
        b"zugestellt" | b"recapitato" | b"consegnato" | b"remis" | b"entregado" => Status::Delivered,
        b"erweitert" | b"espanso" | b"dvelopp" | b"tendu" | b"expandido" => Status::Expanded,
        b"fehlgeschlagen" | b"nonriuscito" | b"chec" => Status::Bounced,
        b"inquarantne" | b"inquarantena" | b"enquarantaine" | b"encuarentena" => Status::Filtered,
        b"ausstehend" | b"insospeso" | b"enattente" | b"pendiente" => Status::Open,
        _ => return None,
    })
}

/// The status that a list of events ends in: `Receive, Deliver`. The last word that tells wins; `None` where no word
/// is understood.
pub(super) fn listed_status(list: &[u8]) -> Option<Status> {
    let known = |word: &[u8]| match Plain::of(word).bytes() {
        b"deliver" | b"send" | b"sendexternal" => Some(Status::Delivered),
        b"fail" => Some(Status::Bounced),
        b"defer" => Some(Status::Open),
        b"expand" => Some(Status::Expanded),
        b"resolve" | b"transfer" | b"redirect" => Some(Status::Rerouted),
        b"receive" => Some(Status::Unknown),
        _ => row_status(word),
    };
    let mut understood = None;
    for status in list.rsplit(|&b| b == b',').filter_map(known) {
        if status != Status::Unknown {
            return Some(status);
        }
        understood = Some(status);
    }
    understood
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
        assert_eq!(row_status(b"delivered"), Some(Status::Delivered));
        assert_eq!(row_status(b"Filtered as spam"), Some(Status::Filtered));
        for silent in ["GettingStatus", "Getting status", "None", ""] {
            assert_eq!(row_status(silent.as_bytes()), Some(Status::Unknown));
        }
    }

    #[test]
    fn translated_statuses_are_read_or_not_understood() {
        for expanded in ["Erweitert", "Espanso", "Développé", "Étendu", "Expandido"] {
            assert_eq!(row_status(expanded.as_bytes()), Some(Status::Expanded));
        }
        assert_eq!(row_status("In Quarantäne".as_bytes()), Some(Status::Filtered));
        assert_eq!(row_status(b"D\xe9velopp\xe9"), Some(Status::Expanded));
        for unknown in ["Übermittelt", "受信", &"x".repeat(500)] {
            assert_eq!(row_status(unknown.as_bytes()), None);
        }
    }

    #[test]
    fn the_last_word_that_tells_wins() {
        assert_eq!(listed_status(b"Receive, Deliver"), Some(Status::Delivered));
        assert_eq!(listed_status(b"Receive, Defer, Fail"), Some(Status::Bounced));
        assert_eq!(listed_status(b"Receive, Expand, Receive"), Some(Status::Expanded));
        assert_eq!(listed_status(b"Receive, Transfer"), Some(Status::Rerouted));
        assert_eq!(listed_status(b"Receive, Other"), Some(Status::Unknown));
        assert_eq!(listed_status(b""), Some(Status::Unknown));
        assert_eq!(listed_status(b"Empfangen"), None);
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
