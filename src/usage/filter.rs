//! Which submissions count: clients, sender domains, connectors, a time window, null senders, delivered mail.
//!
//! [`Filters`] says what was asked for; a `Sieve` decides, and remembers its decision for each client, sender
//! and connector, so that patterns are compared once for each of them and never for each submission.

use std::fmt;
use std::net::IpAddr;

use chrono::{NaiveDate, NaiveTime};
use ipnet::IpNet;

use super::accounting::Skip;
use super::names::{Client, Names, SenderId, parse_ip};
use super::submission::Submission;
use crate::period::{Timestamp, Zone};

/// A host, domain or connector as a filter names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// Exactly this name, lower case.
    Name(String),
    /// Any name below a domain: lower case, with the leading point and without the `*`.
    Below(String),
    /// An address or network.
    Network(IpNet),
}

/// A text that is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not an address, network or host name.
    #[error(
        "'{0}' is not a client: expected an address, a network such as '10.0.0.0/8', a host name or '*.example.com'"
    )]
    BadClient(String),
    /// Not a domain.
    #[error("'{0}' is not a sender domain: expected a domain such as 'example.com' or '*.example.com'")]
    BadDomain(String),
    /// Nothing at all.
    #[error("'{0}' is not a connector: expected its name, or '*.example.com' for hosts below a domain")]
    BadConnector(String),
}

impl Pattern {
    /// A submitting host: address, network, name, or `*.` and a domain.
    pub fn client(text: &str) -> Result<Pattern, FilterError> {
        if let Ok(network) = text.trim().parse::<IpNet>() {
            return Ok(Pattern::Network(network));
        }
        if let Some(address) = parse_ip(text) {
            return Ok(Pattern::Network(IpNet::from(address)));
        }
        Pattern::of_name(text).ok_or_else(|| FilterError::BadClient(text.to_owned()))
    }

    /// The domain of a sender, or `*.` and a domain for all below it.
    pub fn sender_domain(text: &str) -> Result<Pattern, FilterError> {
        Pattern::of_name(text).ok_or_else(|| FilterError::BadDomain(text.to_owned()))
    }

    /// A connector or next host by its name, which can hold spaces.
    pub fn connector(text: &str) -> Result<Pattern, FilterError> {
        let name = text.trim().to_lowercase();
        match name.strip_prefix('*') {
            Some(_) => Pattern::of_name(text),
            None => (!name.is_empty()).then_some(Pattern::Name(name)),
        }
        .ok_or_else(|| FilterError::BadConnector(text.to_owned()))
    }

    fn of_name(text: &str) -> Option<Pattern> {
        let name = text.trim().trim_end_matches('.').to_lowercase();
        let below = name.strip_prefix('*');
        let bare = below.map_or(Some(name.as_str()), |rest| rest.strip_prefix('.'))?;
        let foreign = |c: char| c.is_whitespace() || c.is_control() || "*@/,;<>".contains(c);
        if bare.is_empty() || bare.starts_with('.') || bare.contains(foreign) {
            return None;
        }
        Some(match below {
            Some(domain) => Pattern::Below(domain.to_owned()),
            None => Pattern::Name(bare.to_owned()),
        })
    }

    fn matches_name(&self, name: &str) -> bool {
        match self {
            Pattern::Name(own) => own == name,
            Pattern::Below(domain) => name.len() > domain.len() && name.ends_with(domain.as_str()),
            Pattern::Network(network) => parse_ip(name).is_some_and(|ip| network.contains(&ip)),
        }
    }

    fn matches_client(&self, client: &Client) -> bool {
        let in_network = |ip: &IpAddr| matches!(self, Pattern::Network(network) if network.contains(ip));
        client.ip.as_ref().is_some_and(in_network)
            || client.name.as_ref().is_some_and(|name| self.matches_name(name))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Name(name) => f.write_str(name),
            Pattern::Below(domain) => write!(f, "*{domain}"),
            Pattern::Network(network) if network.prefix_len() == network.max_prefix_len() => {
                write!(f, "{}", network.addr())
            }
            Pattern::Network(network) => write!(f, "{network}"),
        }
    }
}

/// What to keep and what to drop; an empty `include` keeps all. What is in both is dropped.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Patterns of which one must match.
    pub include: Vec<Pattern>,
    /// Patterns of which none may match.
    pub exclude: Vec<Pattern>,
}

impl Selection {
    /// Whether it keeps everything.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    fn keeps(&self, matches: impl Fn(&Pattern) -> bool) -> bool {
        (self.include.is_empty() || self.include.iter().any(&matches)) && !self.exclude.iter().any(&matches)
    }
}

/// Which submissions of a run count. The default: all but those with a null sender.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filters {
    /// By submitting host.
    pub clients: Selection,
    /// By domain of the envelope sender.
    pub sender_domains: Selection,
    /// By connector or next host.
    pub connectors: Selection,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Whether messages with a null sender count.
    pub include_null_sender: bool,
    /// Whether only delivered recipients count.
    pub delivered_only: bool,
}

impl Filters {
    /// Whether application mail is told apart from other traffic: something says what it is. To leave some mail
    /// out says nothing about the rest.
    pub fn selects_traffic(&self) -> bool {
        [&self.clients, &self.sender_domains, &self.connectors].iter().any(|by| !by.include.is_empty())
    }
}

/// Filters at work.
#[derive(Debug)]
pub(super) struct Sieve {
    filters: Filters,
    clients: Decisions,
    senders: Decisions,
    connectors: Decisions,
}

impl Sieve {
    pub(super) fn new(filters: Filters) -> Sieve {
        let [clients, senders, connectors] = [(); 3].map(|()| Decisions::default());
        Sieve { filters, clients, senders, connectors }
    }

    /// Why a submission does not count; `None` when it does.
    pub(super) fn skips(&mut self, submission: &Submission, names: &Names) -> Option<Skip> {
        let filters = &self.filters;
        if submission.sender == SenderId::NULL && !filters.include_null_sender {
            return Some(Skip::NullSender);
        }
        if !self.is_within(submission.time) {
            return Some(Skip::OutsideWindow);
        }
        if !self.selects(submission, names) {
            return Some(Skip::Filtered);
        }
        let undelivered = self.filters.delivered_only && submission.recipients.delivered == 0;
        undelivered.then_some(Skip::NotDelivered)
    }

    /// Whether an instant is in the time window.
    pub(super) fn is_within(&self, time: Timestamp) -> bool {
        let Filters { from, to, .. } = &self.filters;
        from.is_none_or(|from| time >= from) && to.is_none_or(|to| time < to)
    }

    /// Whether a day that a provider states is in the window, whose bounds are days too: days are compared, since the
    /// provider's begins at another instant than the day of the same date in the zone of the window.
    pub(super) fn is_day_within(&self, date: NaiveDate, zone: &Zone) -> bool {
        self.is_within(zone.to_utc(date.and_time(NaiveTime::MIN)))
    }

    fn selects(&mut self, submission: &Submission, names: &Names) -> bool {
        let Filters { clients, sender_domains, connectors, .. } = &self.filters;
        let by_client = || {
            let client = names.client_of(submission.client);
            clients.keeps(|pattern| pattern.matches_client(client))
        };
        let by_domain = || {
            let domain = names.domain(names.sender_domain(submission.sender));
            sender_domains.keeps(|pattern| pattern.matches_name(domain))
        };
        let by_connector = || {
            let connector = names.host_name(submission.relay);
            connectors.keeps(|pattern| pattern.matches_name(connector))
        };
        (clients.is_empty() || self.clients.of(submission.client.0, by_client))
            && (sender_domains.is_empty() || self.senders.of(submission.sender.0, by_domain))
            && (connectors.is_empty() || self.connectors.of(submission.relay.0, by_connector))
    }
}

/// Decisions by id: `None` where none was taken yet.
#[derive(Debug, Default)]
struct Decisions(Vec<Option<bool>>);

impl Decisions {
    fn of(&mut self, id: u32, decide: impl FnOnce() -> bool) -> bool {
        let at = id as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        match self.0.get_mut(at) {
            Some(decision) => *decision.get_or_insert_with(decide),
            None => decide(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::submission::tests::submission;
    use super::*;
    use crate::usage::Recipients;

    fn sieve(change: impl FnOnce(&mut Filters)) -> Sieve {
        let mut filters = Filters::default();
        change(&mut filters);
        Sieve::new(filters)
    }

    #[test]
    fn patterns_are_read_and_shown() {
        let shown = ["10.0.0.5", "[10.0.0.5]:25", "10.0.0.0/8", "App1.Example.", "*.Example.com", "fe80::1"]
            .map(|text| Pattern::client(text).unwrap().to_string());
        assert_eq!(shown, ["10.0.0.5", "10.0.0.5", "10.0.0.0/8", "app1.example", "*.example.com", "fe80::1"]);
        assert_eq!(Pattern::connector("From App Relay").unwrap(), Pattern::Name("from app relay".into()));
    }

    #[test]
    fn bad_patterns_say_what_is_expected() {
        let messages = [
            Pattern::client("10.0.0.0/99").unwrap_err().to_string(),
            Pattern::sender_domain("app@example.com").unwrap_err().to_string(),
            Pattern::sender_domain("*example.com").unwrap_err().to_string(),
            Pattern::connector(" ").unwrap_err().to_string(),
        ];
        assert_eq!(
            messages,
            [
                "'10.0.0.0/99' is not a client: expected an address, a network such as '10.0.0.0/8', a host name or '*.example.com'",
                "'app@example.com' is not a sender domain: expected a domain such as 'example.com' or '*.example.com'",
                "'*example.com' is not a sender domain: expected a domain such as 'example.com' or '*.example.com'",
                "' ' is not a connector: expected its name, or '*.example.com' for hosts below a domain",
            ]
        );
    }

    #[test]
    fn clients_match_by_address_network_and_name() {
        let mut names = Names::default();
        let inside = names.client(b"app1.example.com", b"10.1.2.3", b"");
        let outside = names.client(b"other.example.net", b"192.0.2.1", b"");
        for text in ["10.1.2.3", "10.0.0.0/8", "app1.example.com", "*.example.com"] {
            let mut sieve = sieve(|f| f.clients.include = vec![Pattern::client(text).unwrap()]);
            let kept = Submission { client: inside, ..submission() };
            assert_eq!(sieve.skips(&kept, &names), None, "{text}");
            let dropped = Submission { client: outside, ..submission() };
            assert_eq!(sieve.skips(&dropped, &names), Some(Skip::Filtered), "{text}");
            assert_eq!(sieve.skips(&submission(), &names), Some(Skip::Filtered), "{text}: unknown client");
        }
    }

    #[test]
    fn a_domain_is_not_below_itself_and_exclusion_wins() {
        let mut names = Names::default();
        let top = Submission { sender: names.sender(b"a@example.com"), ..submission() };
        let below = Submission { sender: names.sender(b"a@mail.example.com"), ..submission() };
        let star = || Pattern::sender_domain("*.example.com").unwrap();
        let mut only_below = sieve(|f| f.sender_domains.include = vec![star()]);
        assert_eq!(only_below.skips(&top, &names), Some(Skip::Filtered));
        assert_eq!(only_below.skips(&below, &names), None);
        let mut neither =
            sieve(|f| f.sender_domains = Selection { include: vec![star()], exclude: vec![star()] });
        assert_eq!(neither.skips(&below, &names), Some(Skip::Filtered));
    }

    #[test]
    fn only_what_is_chosen_tells_application_mail_apart() {
        let pattern = || vec![Pattern::client("10.0.0.5").unwrap()];
        let chosen = || Selection { include: pattern(), ..Selection::default() };
        let excluded = || Selection { exclude: pattern(), ..Selection::default() };
        assert!(!Filters::default().selects_traffic());
        assert!(Filters { clients: chosen(), ..Filters::default() }.selects_traffic());
        assert!(Filters { sender_domains: chosen(), ..Filters::default() }.selects_traffic());
        assert!(Filters { connectors: chosen(), ..Filters::default() }.selects_traffic());
        let excludes = Filters { clients: excluded(), connectors: excluded(), ..Filters::default() };
        assert!(!excludes.selects_traffic());
    }

    #[test]
    fn connectors_null_senders_windows_and_undelivered_are_skipped_by_name() {
        let mut names = Names::default();
        let relay = names.host(b"From App Relay");
        let mut excluding =
            sieve(|f| f.connectors.exclude = vec![Pattern::connector("from app relay").unwrap()]);
        assert_eq!(excluding.skips(&Submission { relay, ..submission() }, &names), Some(Skip::Filtered));
        assert_eq!(excluding.skips(&submission(), &names), None);

        let null = Submission { sender: SenderId::NULL, ..submission() };
        assert_eq!(sieve(|_| ()).skips(&null, &names), Some(Skip::NullSender));
        assert_eq!(sieve(|f| f.include_null_sender = true).skips(&null, &names), None);

        let now = submission().time;
        let later = Timestamp::from_seconds(now.seconds() + 1);
        assert_eq!(sieve(|f| f.from = Some(later)).skips(&submission(), &names), Some(Skip::OutsideWindow));
        assert_eq!(sieve(|f| f.to = Some(now)).skips(&submission(), &names), Some(Skip::OutsideWindow));
        assert_eq!(sieve(|f| (f.from, f.to) = (Some(now), Some(later))).skips(&submission(), &names), None);

        let bounced =
            Submission { recipients: Recipients { bounced: 1, ..Recipients::default() }, ..submission() };
        let mut delivered = sieve(|f| f.delivered_only = true);
        assert_eq!(delivered.skips(&bounced, &names), Some(Skip::NotDelivered));
        assert_eq!(delivered.skips(&submission(), &names), None);
    }
}
