//! From what a batch keeps to rows of the ledger: texts in place of numbers, without those of people who are to be
//! left out.

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use super::manifest::Forgotten;
use super::privacy::{Secret, erased, is_meant, kept_sender, pseudonymised, with_user};
use super::row::SubmissionRow;
use super::spool::Noted;
use crate::period::Timestamp;
use crate::usage::{Client, ClientId, HostId, Names, SenderId, SourceId};

/// How texts of a batch are kept in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The texts.
    pub names: &'a Names,
    /// The format as which each input was read, by name.
    pub formats: &'a FxHashMap<String, String>,
    /// The key of digests of senders.
    pub secret: Secret,
    /// Whether senders are replaced by pseudonyms.
    pub pseudonymise: bool,
    /// What is not brought back.
    pub forgotten: &'a Forgotten,
    /// The number of the batch.
    pub batch: u64,
}

/// The texts of some rows, each made once.
#[derive(Debug)]
pub struct Texts<'a> {
    rules: Rules<'a>,
    senders: FxHashMap<SenderId, (Option<String>, bool)>,
    clients: FxHashMap<ClientId, Client>,
}

impl<'a> Texts<'a> {
    /// Texts by these rules.
    pub fn new(rules: Rules<'a>) -> Texts<'a> {
        Texts { rules, senders: FxHashMap::default(), clients: FxHashMap::default() }
    }

    /// The row of a message; its recipients are used up.
    pub fn row(&mut self, noted: Noted) -> SubmissionRow {
        let it = noted.submission;
        let (sender, is_erased) = self.sender(it.sender);
        let keeps = !is_erased && !self.rules.forgotten.recipients;
        SubmissionRow {
            key: it.key,
            leg: noted.leg,
            thread: noted.thread,
            time: it.time,
            last: noted.last,
            time_quality: it.time_quality,
            messages: it.messages,
            message_size: it.message_size,
            size_quality: it.size_quality,
            recipients: it.recipients,
            recipients_upper: it.recipients_upper.max(it.recipients.attempted()),
            sender,
            client: self.client(it.client),
            connector: self.connector(it.relay),
            traffic: it.traffic,
            format: self.format(it.source).to_owned(),
            source: self.rules.names.source_name(it.source).to_owned(),
            line: it.line,
            records: it.records,
            batch: self.rules.batch,
            begun: noted.begun,
            ended: noted.ended,
            stated: noted.stated,
            rest: noted.rest,
            accepted: noted.accepted,
            addressees: if keeps { noted.addressees } else { Vec::new() },
        }
    }

    /// The text of a sender, and whether it is erased.
    pub fn sender(&mut self, id: SenderId) -> (Option<String>, bool) {
        let rules = self.rules;
        self.senders.entry(id).or_insert_with(|| rules.sender(id)).clone()
    }

    /// A submitting host.
    pub fn client(&mut self, id: ClientId) -> Client {
        let rules = self.rules;
        self.clients.entry(id).or_insert_with(|| rules.client(id)).clone()
    }

    /// A connector or next host.
    pub fn connector(&self, id: HostId) -> Option<String> {
        (id != HostId::UNKNOWN).then(|| self.rules.names.host_name(id).to_owned())
    }

    /// The format of an input.
    pub fn format(&self, id: SourceId) -> &str {
        self.rules.formats.get(self.rules.names.source_name(id)).map_or("", String::as_str)
    }

    /// The name of an input.
    pub fn source(&self, id: SourceId) -> &str {
        self.rules.names.source_name(id)
    }

    /// The number of the batch.
    pub fn batch(&self) -> u64 {
        self.rules.batch
    }

    /// Whether a row of this instant is not brought back.
    pub fn is_forgotten(&self, time: Timestamp) -> bool {
        is_before(self.rules.forgotten.before, time)
    }
}

/// Whether an instant is before the day up to which all was forgotten.
pub fn is_before(horizon: Option<NaiveDate>, time: Timestamp) -> bool {
    horizon.is_some_and(|horizon| time.date() < horizon)
}

impl Rules<'_> {
    fn sender(&self, id: SenderId) -> (Option<String>, bool) {
        match id {
            SenderId::UNKNOWN => (None, false),
            SenderId::NULL => (Some("<>".to_owned()), false),
            _ => {
                let (text, is_erased) = self.person(&kept_sender(self.names.sender_address(id)));
                (Some(text), is_erased)
            }
        }
    }

    fn client(&self, id: ClientId) -> Client {
        with_user(self.names.client_of(id), |user| self.person(user).0)
    }

    /// An address, or what stands for it.
    fn person(&self, address: &str) -> (String, bool) {
        if is_forgotten(self.forgotten, &self.secret, address) {
            (erased(address), true)
        } else if self.pseudonymise {
            (pseudonymised(&self.secret, address), false)
        } else {
            (address.to_owned(), false)
        }
    }
}

/// Whether a sender was asked to be forgotten.
fn is_forgotten(forgotten: &Forgotten, secret: &Secret, address: &str) -> bool {
    let of_domain = forgotten.domains.iter().any(|domain| is_meant(address, &format!("@{domain}")));
    of_domain || !forgotten.senders.is_empty() && forgotten.senders.contains(&secret.forgotten(address))
}
