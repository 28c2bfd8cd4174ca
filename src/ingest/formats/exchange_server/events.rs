//! Events of message tracking by name: which hand a message in, which tell what became of it, which say nothing.

use crate::ingest::grouping::Status;
use crate::usage::Skip;

/// Who handed a message in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    /// A host, by SMTP or by a file in the pickup folder.
    Host,
    /// A mailbox.
    Mailbox,
    /// The server itself: an agent, a journal, an approval.
    Server,
    /// The server itself, with the null sender: a report on another message.
    Report,
}

/// What a row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// The message was accepted.
    Accepted(From),
    /// It was handed to another host; which one decides what that means.
    Sent,
    /// Something became of its recipients.
    Outcome(Status),
    /// A group was expanded; the row names it.
    Expanded,
    /// An address was replaced by another; the row names it.
    Replaced,
    /// Nothing that counts.
    Other(Skip),
}

/// The event of a row. Names that are not listed say nothing of counts: Exchange adds some with every version.
///
/// * `FAIL` of an agent is an event and no more: agents also refuse messages before they are accepted, and such a
///   message must not come to be by its refusal.
/// * `HARECEIVE`, `HADISCARD`, `HAREDIRECT` and `HAREDIRECTFAIL` are of shadow copies, `RESUBMIT` of the safety
///   net's, `DUPLICATE...` of copies that were dropped; `SUBMIT`, `NOTIFYMAPI`, `LOAD`, `AGENTINFO` and others tell
///   of steps.
pub(super) fn event(source: &[u8], name: &[u8]) -> Event {
    match (name, source) {
        (b"RECEIVE", b"SMTP" | b"PICKUP" | b"GATEWAY") => Event::Accepted(From::Host),
        (b"RECEIVE", b"STOREDRIVER" | b"MAILBOXRULE" | b"MEETINGMESSAGEPROCESSOR" | b"PUBLICFOLDER") => {
            Event::Accepted(From::Mailbox)
        }
        (b"RECEIVE", b"DSN") | (b"DSN", _) => Event::Accepted(From::Report),
        (b"RECEIVE", _) => Event::Accepted(From::Server),
        (b"SEND" | b"SENDEXTERNAL", _) => Event::Sent,
        (b"DELIVER", _) => Event::Outcome(Status::Local),
        (b"FAIL", b"AGENT") => Event::Other(Skip::Event),
        (b"FAIL", _) => Event::Outcome(Status::Bounced),
        (b"DEFER", _) => Event::Outcome(Status::Open),
        (b"MODERATORREJECT" | b"MODERATIONEXPIRE", _) => Event::Outcome(Status::Filtered),
        (b"EXPAND", _) => Event::Expanded,
        (b"RESOLVE" | b"REDIRECT", _) => Event::Replaced,
        (b"TRANSFER", _) => Event::Other(Skip::Routing),
        _ => Event::Other(Skip::Event),
    }
}

/// Whether a send connector leads to another server of the organisation: mailbox servers among each other, and the
/// front end to the transport service (ports 475, 2525 and 717 have no connector of their own).
pub(super) fn is_internal_connector(connector: &[u8]) -> bool {
    let holds = |text: &str| memchr::memmem::find(connector, text.as_bytes()).is_some();
    holds("Intra-Organization") || holds("Internal Send Connector") || holds("Client Proxy Send Connector")
}

/// Whether an address is that of a health mailbox, a system mailbox or a probe of managed availability.
pub(super) fn is_probe(address: &[u8]) -> bool {
    let address = address.trim_ascii();
    let address = address.strip_prefix(b"<").unwrap_or(address);
    let begins = |start: &str| {
        address.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
    };
    // Nearly no address begins with one of these letters and goes on like a probe's.
    match address.first().map(u8::to_ascii_lowercase) {
        Some(b'h') => begins("healthmailbox"),
        Some(b's') => begins("systemmailbox{"),
        Some(b'i') => begins("inboundproxy@") || begins("inbound") && has_probe(address),
        Some(b'm') => begins("maildeliveryprobe@"),
        Some(b'e') => begins("extest_"),
        _ => false,
    }
}

fn has_probe(address: &[u8]) -> bool {
    let local = address.split(|byte| *byte == b'@').next().unwrap_or_default();
    local.len() >= 5 && local[local.len() - 5..].eq_ignore_ascii_case(b"probe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_ignored_by_name() {
        for name in [
            "HARECEIVE",
            "HAREDIRECT",
            "HAREDIRECTFAIL",
            "HADISCARD",
            "AGENTINFO",
            "NOTIFYMAPI",
            "SUBMIT",
            "LOAD",
            "RESUBMIT",
            "DUPLICATEDELIVER",
            "DUPLICATEEXPAND",
            "DUPLICATEREDIRECT",
            "NEWINVERSION99",
        ] {
            assert_eq!(event(b"SMTP", name.as_bytes()), Event::Other(Skip::Event), "{name}");
        }
        assert_eq!(event(b"AGENT", b"FAIL"), Event::Other(Skip::Event));
        assert_eq!(event(b"ROUTING", b"FAIL"), Event::Outcome(Status::Bounced));
        assert_eq!(event(b"DSN", b"DSN"), Event::Accepted(From::Report));
        assert_eq!(event(b"STOREDRIVER", b"RECEIVE"), Event::Accepted(From::Mailbox));
    }

    #[test]
    fn probes_are_known_by_their_addresses() {
        for probe in [
            "HealthMailboxff42d4a@contoso.com",
            "<healthmailbox1@contoso.com>",
            "SystemMailbox{1f05a927-0000-0000-0000-000000000000}@contoso.com",
            "InboundProxyProbe@contoso.com",
            "inboundproxy@inboundproxy.com",
            "maildeliveryprobe@maildeliveryprobe.com",
            "extest_0a1b@contoso.com",
        ] {
            assert!(is_probe(probe.as_bytes()), "{probe}");
        }
        for mail in ["", "health@contoso.com", "inbound@contoso.com", "probe@contoso.com", "<>"] {
            assert!(!is_probe(mail.as_bytes()), "{mail}");
        }
    }

    #[test]
    fn connectors_within_the_organisation_are_known() {
        assert!(is_internal_connector(b"Intra-Organization SMTP Send Connector"));
        assert!(is_internal_connector(b"Inbound Proxy Internal Send Connector"));
        assert!(!is_internal_connector(b"Outbound to Office 365 - 1234"));
    }
}
