//! What all mail systems that log through syslog share: headers, clocks, wrappers and rotated parts.
//!
//! The lines of one mail system, and what they mean, are left to its format.

use crate::usage::Skip;

pub(in crate::ingest) mod blocks;
pub mod clock;
pub mod envelope;
pub mod frames;
pub mod header;
pub(in crate::ingest) mod message;
pub mod parts;
pub mod stamp;
pub(in crate::ingest) mod under_way;
pub(in crate::ingest) mod walk;

pub use clock::Clock;
pub use envelope::{Envelope, Records};
pub use header::Header;
pub use parts::{Known, Part, arrange, tell_zones};
pub(in crate::ingest) use walk::{Desk, Place, walk};

/// Why a line of a program that is not the mail system's own is skipped: what another one says of its messages is
/// worth a warning.
pub fn not_own(program: &[u8]) -> Skip {
    let is_mail_system = match program {
        b"smtpd" | b"sendmail" | b"sm-mta" | b"sm-msp-queue" | b"exim" | b"exim4" => true,
        _ => program.starts_with(b"postfix") && program.contains(&b'/'),
    };
    if is_mail_system { Skip::OtherMailSystem } else { Skip::OtherProgram }
}

/// Whether a text reads like a system log at all, so that an error can say what was recognised.
pub fn looks_like_syslog(head: &[u8]) -> bool {
    let lines = head.split(|&b| b == b'\n').filter(|line| !line.is_empty()).take(20);
    let headers = lines.clone().filter(|line| Header::parse(line).is_some()).count();
    headers > 0 && headers * 2 >= lines.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_mail_systems_are_told_from_others() {
        for program in ["smtpd", "sm-mta", "sendmail", "exim4", "postfix/qmgr", "postfix-out/smtp"] {
            assert_eq!(not_own(program.as_bytes()), Skip::OtherMailSystem, "{program}");
        }
        for program in ["", "cron", "postfix", "postfix-policyd", "sm-notify", "eximstats", "dovecot"] {
            assert_eq!(not_own(program.as_bytes()), Skip::OtherProgram, "{program}");
        }
    }
}
