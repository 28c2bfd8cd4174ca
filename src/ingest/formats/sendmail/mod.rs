//! Sendmail logs, in every header that syslog daemons put before them.
//!
//! Queue ids hold the time at which they were given and do not come again, so a message is followed by its id alone;
//! a local mail has two of them (the submission program hands it to the server on the same host) and is joined.
//! `line` reads lines, `follow` gives them to the messages under way.

mod follow;
mod line;

use super::super::syslog::walk::own_header;
use super::super::syslog::{self, Desk, Envelope, Known, Records, walk};
use super::super::{About, Input, Likelihood, LogFormat, ReadError, ReadOptions, Sink};

/// The format `sendmail`.
#[derive(Debug)]
pub struct Sendmail;

impl LogFormat for Sendmail {
    fn name(&self) -> &'static str {
        "sendmail"
    }

    fn about(&self) -> About {
        About {
            title: "Sendmail log (syslog; programs sendmail, sm-mta, sm-msp-queue)",
            size: "size= of each message; the accepted bytes where Exchange Online states them",
            recipients: "to= lines, which can hold many",
            direction: "by mailer and next host: local deliveries are left out, --relay-host narrows further",
            sender: "envelope sender; client name and address, user of local programs",
            limits: "LogLevel 9 or more; no year in the classic header; no SMTP user; give all rotated parts at once",
            export: "copy /var/log/mail.log* (Debian), /var/log/maillog* (Red Hat, BSD) or /var/log/syslog* \
                     (Solaris), compressed or not; with journald: journalctl -t sendmail -t sm-mta -t sm-msp-queue \
                     -o short-iso > mail.log",
        }
    }

    fn detect(&self, head: &[u8]) -> Option<Likelihood> {
        let mut records = Records::new(head, Envelope::of(head));
        while let Ok(Some(record)) = records.next_record() {
            let header = own_header(record.line, line::is_own);
            if header.is_ok_and(|header| line::queue_id(header.message).is_some()) {
                return Some(Likelihood::Certain);
            }
        }
        None
    }

    fn read(&self, inputs: Vec<Input>, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), ReadError> {
        let known = Known { is_own: line::is_own, proof: line::proof };
        let mut parts = syslog::arrange(inputs, options, known, sink)?;
        let hosts: Vec<Vec<u8>> = parts.iter().flat_map(|part| part.hosts.clone()).collect();
        let mut desk = Desk::new(sink);
        let mut follower = follow::Follower::new(options, &hosts);
        for part in &mut parts {
            follower.mail.begin_part(part.first(), &mut desk);
            walk(part, line::is_own, &mut desk, &mut |header, place, clock, desk| {
                follower.line(header, place, clock, desk);
            })?;
        }
        follower.finish(&mut desk);
        syslog::tell_zones(&parts, self.name(), desk.sink);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
