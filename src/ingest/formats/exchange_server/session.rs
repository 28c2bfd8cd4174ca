//! One SMTP session while it is open: who hands in, the message under way, and the commands that wait for replies.
//!
//! What its lines mean is left to `protocol`.

use std::collections::VecDeque;

use super::layout::Column;
use super::side::Side;
use super::smtp::{self, Reply};
use super::tracking::{Record, Taken};
use crate::ingest::grouping::MessageKey;
use crate::usage::{SenderId, Skip};

/// A command that waits for its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pending {
    Mail,
    /// The number of the recipient in its message.
    Recipient(usize),
    Data,
    /// The end of the message.
    Message,
    Other,
}

/// A message from `MAIL FROM` on.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) sender: SenderId,
    pub(super) address: Vec<u8>,
    pub(super) is_own: bool,
    pub(super) is_probe: bool,
    pub(super) declared: Option<u64>,
    /// Bytes of its chunks.
    pub(super) chunks: u64,
    /// Hashes of recipients, and what was answered.
    pub(super) recipients: Vec<(u64, Option<u32>)>,
    /// The number of its first line in the session.
    pub(super) sequence: u64,
}

/// A session that is open.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) last: Option<u64>,
    pub(super) name: Vec<u8>,
    pub(super) ip: Vec<u8>,
    pub(super) user: Vec<u8>,
    /// The id of the front end's session that it goes on with.
    pub(super) proxied: Option<Vec<u8>>,
    pub(super) is_exchange: bool,
    /// The Message-ID of the next message that is sent.
    pub(super) sending: Option<Vec<u8>>,
    pub(super) transaction: Option<Transaction>,
    pub(super) pending: VecDeque<Pending>,
}

impl Session {
    /// A line that says nothing about counts.
    pub(super) fn beside(&self) -> Taken {
        Taken::Skipped(if self.transaction.is_some() { Skip::Event } else { Skip::Session })
    }

    /// What a reply answers. The one that takes a message is told by its text, so that what was not answered, or not
    /// logged, before it does no harm.
    pub(super) fn answered(&mut self, reply: &Reply<'_>) -> Pending {
        let ends = self.pending.iter().position(|pending| *pending == Pending::Message);
        if let (Some(at), true) = (ends, reply.is_queued()) {
            self.pending.drain(..at);
        }
        self.pending.pop_front().unwrap_or(Pending::Other)
    }

    /// Takes up what the server remarks: who logged in, and which message it sends.
    pub(super) fn remark(&mut self, record: &Record<'_>) -> Taken {
        let (data, context) = (record.get(Column::Data), record.get(Column::Context));
        if context == b"authenticated" {
            self.user = data.to_vec();
        }
        if memchr::memmem::find(context, b"InternetMessageId").is_some() {
            self.sending = smtp::message_id(context).map(<[u8]>::to_vec);
        }
        self.beside()
    }
}

/// The key of a message: its place in the queue of the server that took it, which the front end repeats; else its
/// Message-ID in its session; else its place in the session. On the way out, Message-ID and sender.
pub(super) fn key(
    session: &Session,
    transaction: &Transaction,
    reply: &Reply<'_>,
    side: Side,
    own: &[u8],
) -> MessageKey {
    let id = session.sending.as_deref().or_else(|| smtp::message_id(reply.text));
    let begin: &[u8] = session.proxied.as_deref().unwrap_or(own);
    match (side, id, smtp::queue_place(reply.text)) {
        (Side::Send, Some(id), _) => MessageKey::of_parts(&[b"smtp send", id, &transaction.address]),
        (Side::Receive, id, Some(place)) => MessageKey::of_parts(&[b"smtp", id.unwrap_or_default(), place]),
        (_, Some(id), None) => MessageKey::of_parts(&[b"smtp session", begin, id]),
        _ => MessageKey::of_parts(&[b"smtp line", begin, &transaction.sequence.to_le_bytes()]),
    }
}
