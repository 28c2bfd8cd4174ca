//! OpenSMTPD logs, of all releases that name sessions and messages, in every header that syslog daemons put before
//! them.
//!
//! A session tells who hands a message in, `smtp message` its size, `smtp envelope` its sender, and each `mta delivery`
//! the fate of one recipient; the message's number is the first half of the envelope's. `line` reads lines, `follow`
//! gives them to the messages under way.

mod follow;
mod line;

use super::super::syslog::walk::own_header;
use super::super::syslog::{self, Desk, Envelope, Known, Records, walk};
use super::super::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format `opensmtpd`.
#[derive(Debug)]
pub struct OpenSmtpd;

impl LogFormat for OpenSmtpd {
    fn name(&self) -> &'static str {
        "opensmtpd"
    }

    fn about(&self) -> About {
        About {
            title: "OpenSMTPD log (syslog; program smtpd)",
            size: "size= of each message; the accepted bytes where Exchange Online states them",
            recipients: "one mta delivery line each",
            direction: "by agent and next host: mda deliveries are left out, --relay-host narrows further",
            sender: "envelope sender; client name, address and user",
            limits: "no year in the classic header; give all rotated parts at once; mail between relays whose logs \
                     are read together counts at each",
            export: "copy /var/log/maillog* (BSD) or /var/log/mail.log* (Linux), compressed or not; with journald: \
                     journalctl -t smtpd -o short-iso > mail.log",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let mut records = Records::new(head, Envelope::of(head));
        while let Ok(Some(record)) = records.next_record() {
            let header = own_header(record.line, is_own);
            if header.is_ok_and(|header| line::parts(header.message).is_some()) {
                return Some(Likelihood::Certain);
            }
        }
        None
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let known = Known { is_own, proof: |_| None };
        let mut parts = syslog::arrange(inputs, options, known, sink)?;
        let mut desk = Desk::new(sink);
        let mut follower = follow::Follower::new(options);
        for part in &mut parts {
            follower.mail.begin_part(part.first(), &mut desk);
            walk(part, is_own, &mut desk, &mut |header, place, clock, desk| {
                follower.line(header, place, clock, desk);
            })?;
        }
        follower.mail.finish(&mut desk);
        syslog::tell_zones(&parts, self.name(), desk.sink);
        Ok(())
    }
}

fn is_own(program: &[u8]) -> bool {
    matches!(program, b"smtpd" | b"opensmtpd")
}

#[cfg(test)]
mod tests;
