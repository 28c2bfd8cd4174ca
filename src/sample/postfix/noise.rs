//! Lines that are no part of an accepted message: refused mail, statistics, other programs.

use super::*;

/// Messages between two blocks of statistics.
const STATISTICS_EVERY: u64 = 61;

impl Run<'_> {
    /// A message that is refused, at its recipient or by a filter that looks at it while it comes in.
    pub(super) fn refuse(&mut self, arrival: Arrival, host: u32, sender: usize) {
        self.truth.refused_messages += 1;
        let time = arrival.time + 30_000;
        let pid = 37_000 + self.random.below(400);
        let client = 1 + self.random.below(250);
        if self.random.percent(20) {
            return self.refuse_content(time, host, pid, sender);
        }
        let recipient = Address::draw(&mut self.random);
        let line = self.scribe.daemon(time, host, "smtpd", pid);
        line.text("NOQUEUE: reject: RCPT from unknown[198.51.100.").number(client);
        line.text("]: 554 5.7.1 <");
        recipient.put(line, "@");
        line.text(">: Relay access denied; from=<sales@post.example.org> to=<");
        recipient.put(line, "@");
        line.text("> proto=ESMTP helo=<host").number(client).text(".post.example.org>");
    }

    /// Has an id and a message-id, but never comes to the queue manager.
    fn refuse_content(&mut self, time: u64, host: u32, pid: u64, sender: usize) {
        let id = self.queue(host).open(time);
        let sender = self.cast.sender(sender);
        let line = self.scribe.daemon(time, host, "smtpd", pid);
        line.extend_from_slice(id.text());
        line.text(": client=crm.contoso.com[10.20.0.41]");
        let line = self.scribe.daemon(time + 2_000, host, "cleanup", pid + 1);
        line.extend_from_slice(id.text());
        line.text(": message-id=<").hex(time, 14, LOWER).text("@crm.contoso.com>");
        let line = self.scribe.daemon(time + 4_000, host, "cleanup", pid + 1);
        line.extend_from_slice(id.text());
        line.text(": milter-reject: END-OF-MESSAGE from crm.contoso.com[10.20.0.41]: 5.7.1 Spam message rejected; from=<");
        line.text(&sender.local_part).text("@").text(&sender.domain);
        line.text("> to=<office.1@example.net> proto=ESMTP helo=<crm.contoso.com>");
        self.queue(host).remove(&id, time + 5_000, false);
    }

    /// Now and then what the daemons say about themselves, and others in the same log.
    pub(super) fn statistics(&mut self, arrival: Arrival) {
        let host = self.random.below(self.queues.len() as u64) as u32;
        match arrival.number % STATISTICS_EVERY {
            0 => self.anvil(arrival.time, host),
            20 => self.scache(arrival.time, host),
            33 => self.visitors(arrival.time, host),
            47 => {
                let line = self.scribe.timeline.line(arrival.time, host);
                line.text("opendkim[712]: OpenDKIM Filter: mi_stop=1");
            }
            _ => {}
        }
    }

    fn anvil(&mut self, time: u64, host: u32) {
        let rate = self.random.between(1, 9);
        for (what, value) in [("rate", rate), ("count", 1)] {
            let line = self.scribe.daemon(time, host, "anvil", 18_492);
            line.text("statistics: max connection ").text(what).text(" ").number(value);
            line.text(if what == "rate" {
                "/60s for (smtpd:10.20.0.11) at "
            } else {
                " for (smtpd:10.20.0.11) at "
            });
            self.clock.put_rfc3164(line, time);
        }
        let line = self.scribe.daemon(time, host, "anvil", 18_492);
        line.text("statistics: max cache size ").number(rate).text(" at ");
        self.clock.put_rfc3164(line, time);
    }

    fn scache(&mut self, time: u64, host: u32) {
        let hits = self.random.between(0, 5);
        for what in ["domain", "address"] {
            let line = self.scribe.daemon(time, host, "scache", 18_511);
            line.text("statistics: ").text(what).text(" lookup hits=").number(hits).text(" miss=5 success=");
            line.number(hits * 100 / (hits + 5)).text("%");
        }
        let line = self.scribe.daemon(time, host, "smtp", 18_512);
        line.text("certificate verification failed for mx1.works.example.com[203.0.113.31]:25: untrusted issuer /CN=Example Root CA");
    }

    fn visitors(&mut self, time: u64, host: u32) {
        let client = 1 + self.random.below(250);
        let line = self.scribe.daemon(time, host, "smtpd", 37_512);
        line.text("connect from unknown[198.51.100.").number(client).text("]");
        let line = self.scribe.daemon(time, host, "smtpd", 37_512);
        line.text("lost connection after EHLO from unknown[198.51.100.").number(client).text("]");
        let line = self.scribe.daemon(time, host, "smtpd", 37_512);
        line.text("message repeated 2 times: [ lost connection after EHLO from unknown[198.51.100.")
            .number(client)
            .text("]]");
        let line = self.scribe.daemon(time, host, "smtpd", 37_512);
        line.text("disconnect from unknown[198.51.100.").number(client).text("] ehlo=1 commands=1");
    }
}
