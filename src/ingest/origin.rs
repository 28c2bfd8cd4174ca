//! Who handed a message in, and when, as logs of mail servers tell it; and the submission that it becomes.
//!
//! Which lines tell it is left to the formats.

use crate::period::Timestamp;
use crate::usage::{
    ClientId, HostId, Recipients, SenderId, SizeQuality, SourceId, Submission, TimeQuality, Traffic,
};

/// What is known of who handed a message in, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The instant of the arrival; of the first line where the arrival is missing.
    pub started: Timestamp,
    /// How good that instant is.
    pub quality: TimeQuality,
    /// The input of that line.
    pub source: SourceId,
    /// The line in it.
    pub line: u64,
    /// Digest of what identifies the message in its log.
    pub digest: u128,
    /// The submitting host.
    pub client: ClientId,
    /// The envelope sender.
    pub sender: SenderId,
    /// Bytes of one copy, as the server measured them.
    pub size: Option<u64>,
}

impl Origin {
    /// The submission of so many messages and recipients, for which the next host stated these bytes.
    pub fn submission(
        &self,
        accepted: Option<u64>,
        relay: HostId,
        messages: u64,
        recipients: Recipients,
    ) -> Submission {
        Submission {
            time: self.started,
            time_quality: self.quality,
            messages,
            message_size: accepted.or(self.size),
            size_quality: match (accepted, self.size) {
                (Some(_), _) => SizeQuality::Accepted,
                (None, Some(_)) => SizeQuality::Measured,
                (None, None) => SizeQuality::Missing,
            },
            recipients,
            recipients_upper: recipients.attempted(),
            sender: self.sender,
            client: self.client,
            relay,
            traffic: Traffic::Relay,
            source: self.source,
            line: self.line,
            records: 0,
            key: self.digest,
        }
    }
}
