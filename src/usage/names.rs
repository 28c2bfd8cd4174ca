//! Texts that many submissions share, held once: senders, domains, clients, relays and sources.
//!
//! Senders are normalised here (lower case, variable parts of VERP, SRS and BATV addresses masked, since they
//! can hold a recipient), and their number is capped, so that no input makes memory grow without bound.

use std::net::IpAddr;

use encoding_rs::WINDOWS_1252;
use rustc_hash::FxHashMap;

use super::numbering::Numbering;
use super::sender::{masked, one_address, only_domain};

/// Distinct senders that are told apart; later ones count under `(other)` at their domain.
const SENDER_CAP: usize = 100_000;
/// Distinct domains, clients and relays that are told apart; later ones count under `(other)`.
const NAME_CAP: usize = 100_000;
/// Spellings of senders, clients and hosts that are remembered as a shortcut.
const SPELLING_CAP: usize = 50_000;

/// What senders count under once not even every domain has room.
const NO_ROOM: &str = "(other)@(other)";
/// What is shown instead of a text that is not one address.
const NO_ADDRESS: &str = "(not an address)";

/// An envelope sender.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SenderId(pub(crate) u32);

impl SenderId {
    /// The source does not tell.
    pub const UNKNOWN: SenderId = SenderId(0);
    /// The null sender `<>` of bounces.
    pub const NULL: SenderId = SenderId(1);
}

/// The domain of a sender.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DomainId(pub(crate) u32);

/// A submitting host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub(crate) u32);

impl ClientId {
    /// The source does not tell.
    pub const UNKNOWN: ClientId = ClientId(0);
}

/// A connector or the next host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostId(pub(crate) u32);

impl HostId {
    /// The source does not tell.
    pub const UNKNOWN: HostId = HostId(0);
    /// Several: recipients of one message left through different ones.
    pub const SEVERAL: HostId = HostId(1);
}

/// One input: a file, a member of an archive, or standard input.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub(crate) u32);

/// A submitting host as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Client {
    /// Its name, lower case; `None` where it is missing or `unknown`.
    pub name: Option<String>,
    /// Its address without port and zone id.
    pub ip: Option<IpAddr>,
    /// The user it authenticated as, lower case.
    pub user: Option<String>,
}

impl Client {
    /// How the client is shown: user, name and address, as far as known.
    pub fn label(&self) -> String {
        let host = match (&self.name, &self.ip) {
            (Some(name), Some(ip)) => format!("{name} [{ip}]"),
            (Some(name), None) => name.clone(),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => String::new(),
        };
        match &self.user {
            Some(user) if host.is_empty() => user.clone(),
            Some(user) => format!("{user} at {host}"),
            None if host.is_empty() => "(unknown)".to_owned(),
            None => host,
        }
    }
}

/// All shared texts of one run.
#[derive(Debug)]
pub struct Names {
    senders: Vec<(Box<str>, DomainId)>,
    sender_ids: FxHashMap<Box<str>, SenderId>,
    /// Senders by spellings that are more than an address in some case.
    spellings: FxHashMap<Box<[u8]>, SenderId>,
    lower: Vec<u8>,
    domains: Table,
    clients: Vec<Client>,
    client_labels: FxHashMap<String, ClientId>,
    client_spellings: FxHashMap<Box<[u8]>, ClientId>,
    hosts: Table,
    host_spellings: FxHashMap<Box<[u8]>, HostId>,
    sources: Vec<String>,
}

#[derive(Debug, Default)]
struct Table {
    texts: Vec<Box<str>>,
    ids: FxHashMap<Box<str>, u32>,
}

impl Table {
    fn intern(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        if self.texts.len() >= NAME_CAP && text != "(other)" {
            return self.intern("(other)");
        }
        let id = self.texts.len() as u32;
        self.texts.push(text.into());
        self.ids.insert(text.into(), id);
        id
    }
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names {
            senders: Vec::new(),
            sender_ids: FxHashMap::default(),
            spellings: FxHashMap::default(),
            lower: Vec::new(),
            domains: Table::default(),
            clients: vec![Client::default()],
            client_labels: FxHashMap::default(),
            client_spellings: FxHashMap::default(),
            hosts: Table::default(),
            host_spellings: FxHashMap::default(),
            sources: Vec::new(),
        };
        let unknown = DomainId(names.domains.intern("(unknown)"));
        let null = DomainId(names.domains.intern("<>"));
        names.senders.push(("(unknown)".into(), unknown));
        names.senders.push(("<>".into(), null));
        names.hosts.intern("(unknown)");
        names.hosts.intern("(several)");
        names
    }
}

impl Names {
    /// The sender of an envelope as it stands in the log, with or without angle brackets.
    pub fn sender(&mut self, raw: &[u8]) -> SenderId {
        if let Some(id) = self.sender_of_address(raw).or_else(|| self.spellings.get(raw).copied()) {
            return id;
        }
        let id = self.sender_of_text(&decode(raw));
        if self.sender_of_address(raw).is_some() {
            return id;
        }
        if self.spellings.len() >= SPELLING_CAP {
            self.spellings.clear();
        }
        self.spellings.insert(raw.into(), id);
        id
    }

    /// The sender that is known by just this address in some case, as nearly all are: where it begins and ends
    /// with a letter or digit, there is nothing around it that [`Names::sender_of_text`] would take off.
    fn sender_of_address(&mut self, raw: &[u8]) -> Option<SenderId> {
        let (first, last) = (raw.first()?, raw.last()?);
        if !first.is_ascii_alphanumeric() || !last.is_ascii_alphanumeric() || !raw.is_ascii() {
            return None;
        }
        self.lower.clear();
        self.lower.extend_from_slice(raw);
        self.lower.make_ascii_lowercase();
        self.sender_ids.get(std::str::from_utf8(&self.lower).ok()?).copied()
    }

    fn sender_of_text(&mut self, text: &str) -> SenderId {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase();
        if text.is_empty() {
            return SenderId::NULL;
        }
        let (local, domain) = one_address(&text).unwrap_or_else(|| {
            let domain = only_domain(&text).unwrap_or("(unknown)");
            (NO_ADDRESS, domain)
        });
        let domain = if domain.is_empty() { "(no domain)" } else { domain.trim_end_matches('.') };
        self.sender_at(&format!("{}@{domain}", masked(local)), domain)
    }

    fn sender_at(&mut self, address: &str, domain: &str) -> SenderId {
        if let Some(&id) = self.sender_ids.get(address) {
            return id;
        }
        if self.senders.len() >= SENDER_CAP {
            return self.insert_sender(&format!("(other)@{domain}"), domain);
        }
        self.insert_sender(address, domain)
    }

    fn insert_sender(&mut self, address: &str, domain: &str) -> SenderId {
        if let Some(&id) = self.sender_ids.get(address) {
            return id;
        }
        // Past twice the cap even `(other)` at a domain is one too many: inputs with endless domains.
        if self.senders.len() >= 2 * SENDER_CAP && address != NO_ROOM {
            return self.insert_sender(NO_ROOM, domain);
        }
        let id = SenderId(self.senders.len() as u32);
        let domain = DomainId(self.domains.intern(domain));
        self.senders.push((address.into(), domain));
        self.sender_ids.insert(address.into(), id);
        id
    }

    /// A submitting host by its name, address and authenticated user; empty means unknown. Ports, brackets and
    /// IPv6 zone ids are cut off.
    pub fn client(&mut self, name: &[u8], ip: &[u8], user: &[u8]) -> ClientId {
        let mut key = [0_u8; 512];
        let Some(len) = join(&mut key, [name, ip, user]) else {
            return ClientId::UNKNOWN;
        };
        if let Some(&id) = self.client_spellings.get(&key[..len]) {
            return id;
        }
        let known = |bytes: &[u8]| {
            let text = decode(bytes).trim().to_lowercase();
            (!text.is_empty() && text != "unknown").then_some(text)
        };
        let client = Client {
            name: known(name),
            ip: parse_ip(&decode(ip)),
            user: known(user).map(|user| match user.rsplit_once('@') {
                Some((local, domain)) => format!("{}@{domain}", masked(local)),
                None => user,
            }),
        };
        self.insert_client(key[..len].into(), &client)
    }

    /// The number of a host; the unknown one's where there is no room for more.
    fn known_client(&mut self, client: &Client) -> ClientId {
        if *client == Client::default() {
            return ClientId::UNKNOWN;
        }
        let label = client.label();
        if let Some(&known) = self.client_labels.get(&label) {
            return known;
        }
        if self.clients.len() >= NAME_CAP {
            return ClientId::UNKNOWN;
        }
        let id = ClientId(self.clients.len() as u32);
        self.clients.push(client.clone());
        self.client_labels.insert(label, id);
        id
    }

    fn insert_client(&mut self, spelling: Box<[u8]>, client: &Client) -> ClientId {
        let id = self.known_client(client);
        if id == ClientId::UNKNOWN {
            return id;
        }
        if self.client_spellings.len() >= SPELLING_CAP {
            self.client_spellings.clear();
        }
        self.client_spellings.insert(spelling, id);
        id
    }

    /// A connector or next host, lower case.
    pub fn host(&mut self, raw: &[u8]) -> HostId {
        if raw.is_empty() {
            return HostId::UNKNOWN;
        }
        if let Some(&id) = self.host_spellings.get(raw) {
            return id;
        }
        let id = HostId(self.hosts.intern(&decode(raw).to_lowercase()));
        if self.host_spellings.len() >= SPELLING_CAP {
            self.host_spellings.clear();
        }
        self.host_spellings.insert(raw.into(), id);
        id
    }

    /// Whether all texts of others have room here, so that none of them ends in `(other)`.
    pub(super) fn has_room_for(&self, other: &Names) -> bool {
        let tables =
            |names: &Names| [names.domains.texts.len(), names.clients.len(), names.hosts.texts.len()];
        let longest = |names: &Names| tables(names).into_iter().fold(names.senders.len(), usize::max);
        longest(self) + longest(other) < SENDER_CAP.min(NAME_CAP)
    }

    /// Takes over the senders, hosts and connectors of others in their order; says what their numbers are here.
    pub(super) fn adopt(&mut self, other: &Names, sources: &[SourceId]) -> Numbering {
        let others = other.senders.iter().skip(2);
        let senders = others.map(|(address, domain)| self.sender_at(address, other.domain(*domain)));
        let senders = [SenderId::UNKNOWN, SenderId::NULL].into_iter().chain(senders).collect();
        let domains = other.domains.texts.iter().map(|text| DomainId(self.domains.intern(text))).collect();
        let clients = other.clients.iter().map(|client| self.known_client(client)).collect();
        let hosts = other.hosts.texts.iter().map(|text| HostId(self.hosts.intern(text))).collect();
        Numbering { senders, domains, clients, hosts, sources: sources.to_vec() }
    }

    /// The inputs by their names, in the order in which they were added.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Adds an input by the name under which it is shown.
    pub fn add_source(&mut self, name: &str) -> SourceId {
        self.sources.push(name.to_owned());
        SourceId(self.sources.len() as u32 - 1)
    }

    /// The address of a sender, with variable parts masked.
    pub fn sender_address(&self, id: SenderId) -> &str {
        &self.senders[id.0 as usize].0
    }

    /// The domain of a sender.
    pub fn sender_domain(&self, id: SenderId) -> DomainId {
        self.senders[id.0 as usize].1
    }

    /// The text of a domain.
    pub fn domain(&self, id: DomainId) -> &str {
        &self.domains.texts[id.0 as usize]
    }

    /// A submitting host.
    pub fn client_of(&self, id: ClientId) -> &Client {
        &self.clients[id.0 as usize]
    }

    /// The name of a connector or next host.
    pub fn host_name(&self, id: HostId) -> &str {
        &self.hosts.texts[id.0 as usize]
    }

    /// The name of an input.
    pub fn source_name(&self, id: SourceId) -> &str {
        &self.sources[id.0 as usize]
    }

    /// The inputs in a few words: the first by name, the others by number.
    pub fn sources_label(&self) -> String {
        match self.sources.as_slice() {
            [] => "no input".to_owned(),
            [only] => only.clone(),
            [first, others @ ..] => format!("{first} and {} more", others.len()),
        }
    }
}

/// Reads UTF-8, else Windows-1252, in which every byte means something.
pub fn decode(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// Joins texts with a separator that occurs in none of them; `None` where they do not fit.
fn join<const N: usize>(key: &mut [u8; 512], parts: [&[u8]; N]) -> Option<usize> {
    let mut len = 0;
    for part in parts {
        key.get_mut(len..len + part.len())?.copy_from_slice(part);
        len += part.len();
        *key.get_mut(len)? = 0;
        len += 1;
    }
    Some(len)
}

/// Reads an address with or without brackets, port and IPv6 zone id, in canonical form (a mapped IPv4 address
/// becomes IPv4).
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => text,
    };
    let bare = bare.strip_prefix("IPv6:").unwrap_or(bare);
    let bare = bare.split('%').next()?;
    let parsed: Option<IpAddr> = bare.parse().ok();
    let without_port = || bare.rsplit_once(':').and_then(|(host, _)| host.parse::<IpAddr>().ok());
    parsed.or_else(without_port).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_address_in_some_case_is_the_sender_that_its_text_is(
            raws in proptest::collection::vec("[aB<>@@.+= *)é]{0,6}", 1..40),
        ) {
            let mut names = Names::default();
            let ids: Vec<SenderId> = raws.iter().map(|raw| names.sender(raw.as_bytes())).collect();
            for (raw, id) in raws.iter().zip(ids) {
                prop_assert_eq!(names.sender_of_text(raw), id, "{}", raw);
                prop_assert_eq!(names.sender(raw.as_bytes()), id, "{}", raw);
            }
        }
    }

    #[test]
    fn spellings_of_one_sender_are_one() {
        let mut names = Names::default();
        let id = names.sender(b"<App@Contoso.COM>");
        assert_eq!(names.sender(b"app@contoso.com"), id);
        assert_eq!(names.sender_address(id), "app@contoso.com");
        assert_eq!(names.domain(names.sender_domain(id)), "contoso.com");
        assert_eq!(names.sender(b"<>"), SenderId::NULL);
        let root = names.sender(b"root");
        assert_eq!(names.sender_address(root), "root@(no domain)");
    }

    #[test]
    fn variable_senders_hold_no_recipient() {
        let mut names = Names::default();
        let shown = |raw: &[u8], names: &mut Names| {
            let id = names.sender(raw);
            names.sender_address(id).to_owned()
        };
        assert_eq!(shown(b"bounce+7=user=example.net@app.example", &mut names), "bounce*@app.example");
        assert_eq!(shown(b"prvs=123abc=jo@app.example", &mut names), "prvs*@app.example");
        assert_eq!(shown(b"news+42@app.example", &mut names), "news+*@app.example");
    }

    #[test]
    fn what_is_not_one_address_holds_no_recipient() {
        let mut names = Names::default();
        let mut shown = |raw: &str| {
            let id = names.sender(raw.as_bytes());
            names.sender_address(id).to_owned()
        };
        for several in [
            "app@one.example;jo@two.example",
            "app@one.example, jo@two.example",
            "app@one.example##jo@two.example",
            "app@one.example jo@two.example",
            "jo@two.example@one.example",
            "<app@one.example>,<jo@two.example>",
            "\"a\"@one.example;\"b\"@two.example",
            "Jo Smith",
            "app@one.example;jo@",
        ] {
            assert_eq!(shown(several), "(not an address)@(unknown)", "{several}");
        }
        for of_one in [
            "app@one.example;jo@ONE.example",
            "Jo Smith <jo@one.example>",
            "app;jo@one.example",
            "app@one.example (Jo Smith)",
            "jo\u{a0}smith@one.example.",
        ] {
            assert_eq!(shown(of_one), "(not an address)@one.example", "{of_one}");
        }
        for kept in
            ["\"a b\"@x.example", "\"a\\\"b;c\"@x.example", "o'neil#1@x.example", "a@[10.0.0.5]", "a!b%c@x"]
        {
            assert_eq!(shown(kept), kept);
        }
    }

    #[test]
    fn endless_senders_end_in_other() {
        let mut names = Names::default();
        for n in 0..SENDER_CAP + 10 {
            names.sender(format!("m{n}@example.com").as_bytes());
        }
        let last = names.sender(b"one-more@example.com");
        assert_eq!(names.sender_address(last), "(other)@example.com");
    }

    #[test]
    fn inputs_are_named_in_a_few_words() {
        let mut names = Names::default();
        let mut label = |source: &str| {
            names.add_source(source);
            names.sources_label()
        };
        let labels = ["a.log", "b.log", "c.log"].map(&mut label);
        assert_eq!(labels, ["a.log", "a.log and 1 more", "a.log and 2 more"]);
        assert_eq!(Names::default().sources_label(), "no input");
    }

    #[test]
    fn clients_are_canonical() {
        let mut names = Names::default();
        let id = names.client(b"App1.Example", b"[::ffff:10.0.0.5]:2525", b"");
        assert_eq!(names.client_of(id).label(), "app1.example [10.0.0.5]");
        assert_eq!(names.client(b"unknown", b"", b""), ClientId::UNKNOWN);
        assert_eq!(parse_ip("fe80::1%3"), "fe80::1".parse().ok());
        assert_eq!(parse_ip("10.0.0.5:25"), "10.0.0.5".parse().ok());
        assert_eq!(parse_ip("123.456.789.012"), None);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        assert_eq!(decode(b"m\xfcller@example.net"), "müller@example.net");
    }
}
