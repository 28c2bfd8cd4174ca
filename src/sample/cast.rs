//! Who writes to whom: fictitious senders, their hosts and the recipients' domains.
//!
//! Names and addresses are reserved for documentation (RFC 2606, RFC 5737), private (10.0.0.0/8), or of
//! Microsoft's fictitious companies. Only the next hosts of Microsoft are real names: readers know them by it.

use super::Features;
use super::text::Put;
use crate::random::Random;

/// The domains that recipients are at; the index is also the last part of their host's address.
pub(super) const RECIPIENT_DOMAINS: [&str; 12] = [
    "example.com",
    "example.net",
    "example.org",
    "north.example.com",
    "shop.example.net",
    "bank.example.org",
    "city.example.net",
    "clinic.example.org",
    "freight.example.com",
    "school.example.org",
    "post.example.net",
    "works.example.com",
];

/// The first part of a recipient's address; a number follows.
const MAILBOXES: [&str; 8] =
    ["customer", "accounts", "orders", "office", "buyer", "purchasing", "info", "service"];

/// How a message is handed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// By a program on the relay itself.
    Pickup { uid: u64 },
    /// By another host over SMTP.
    Smtp {
        /// The host's name, or `unknown`.
        name: String,
        ip: String,
        /// The user it authenticates as.
        user: Option<String>,
    },
}

/// How large the messages of a sender are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sizes {
    /// A few lines: 1.2 to 4 kB.
    Alert,
    /// A text with a little layout: 3 to 14 kB.
    Letter,
    /// With an attachment: 50 to 500 kB.
    Invoice,
    /// A newsletter with pictures inside: 20 to 70 kB.
    Newsletter,
    /// Scanned pages: 0.3 to 6 MB.
    Scan,
}

/// An envelope sender with its habits.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) local_part: String,
    pub(super) domain: String,
    pub(super) entry: Entry,
    pub(super) sizes: Sizes,
    /// Whether it hands over to Microsoft rather than to the recipients' hosts.
    pub(super) microsoft: bool,
    /// Whether the recipient stands in the sender (VERP).
    pub(super) variable: bool,
    /// Share of all messages in working hours and outside.
    day: u64,
    night: u64,
}

/// All senders of a log.
#[derive(Debug)]
pub(super) struct Cast {
    senders: Vec<Sender>,
    day: u64,
    night: u64,
}

/// A company's usual senders: local part, domain, host (`pickup` or name and last part of its address), user,
/// sizes, whether it sends by Microsoft, weight by day and by night.
type Role = (&'static str, &'static str, &'static str, u8, &'static str, Sizes, bool, u64, u64);
const ROLES: [Role; 8] = [
    ("noreply", "contoso.com", "shop1.contoso.com", 11, "", Sizes::Letter, true, 30, 22),
    ("invoices", "billing.contoso.com", "erp1.contoso.com", 21, "svc-erp", Sizes::Invoice, true, 16, 44),
    ("reports", "contoso.com", "pickup", 0, "", Sizes::Letter, false, 10, 24),
    ("alerts", "contoso.com", "monitor.contoso.com", 31, "", Sizes::Alert, true, 8, 30),
    ("bounces", "news.contoso.com", "crm.contoso.com", 41, "svc-crm", Sizes::Newsletter, false, 12, 4),
    ("scanner", "fabrikam.com", "unknown", 140, "", Sizes::Scan, true, 3, 0),
    ("hr", "fabrikam.com", "hr.fabrikam.com", 51, "svc-hr", Sizes::Letter, true, 6, 2),
    ("tickets", "support.example.com", "desk.example.com", 61, "", Sizes::Letter, false, 12, 6),
];

impl Cast {
    /// So many senders (at least 1): the usual ones first, then small applications.
    pub(super) fn new(count: u32, features: &Features) -> Cast {
        let senders: Vec<Sender> = (0..count.max(1)).map(|index| role(index, features)).collect();
        let day = senders.iter().map(|sender| sender.day).sum();
        let night = senders.iter().map(|sender| sender.night).sum();
        Cast { senders, day, night }
    }

    /// A sender by its share of the messages.
    pub(super) fn choose(&self, night: bool, random: &mut Random) -> usize {
        let weight = |sender: &Sender| if night { sender.night } else { sender.day };
        let mut place = random.below(if night { self.night } else { self.day });
        for (index, sender) in self.senders.iter().enumerate() {
            match place.checked_sub(weight(sender)) {
                Some(rest) => place = rest,
                None => return index,
            }
        }
        0
    }

    /// Whom a message of a sender is for, without duplicates: one recipient mostly, else a few, seldom as many
    /// as `max`.
    pub(super) fn addresses(&self, sender: usize, max: u32, random: &mut Random) -> Vec<Address> {
        let max = u64::from(max.max(1));
        let count = match random.below(100) {
            _ if max == 1 || self.sender(sender).variable => 1,
            0..80 => 1,
            80..98 => random.between(2, max.min(5)),
            _ => random.mostly_low(2, max),
        };
        let first = Address::draw(random);
        let address = |further| Address { number: first.number + further, ..Address::draw(random) };
        (0..count).map(address).collect()
    }

    /// A sender that was chosen.
    pub(super) fn sender(&self, index: usize) -> &Sender {
        &self.senders[index]
    }
}

fn role(index: u32, features: &Features) -> Sender {
    let Some(&(local_part, domain, host, ip, user, sizes, microsoft, day, night)) = ROLES.get(index as usize)
    else {
        return small_application(index, features);
    };
    let entry = match host {
        "pickup" => Entry::Pickup { uid: 30 },
        name => Entry::Smtp {
            name: name.to_owned(),
            ip: format!("10.20.0.{ip}"),
            user: (!user.is_empty()).then(|| format!("{user}@contoso.com")),
        },
    };
    Sender {
        local_part: local_part.to_owned(),
        domain: domain.to_owned(),
        entry,
        sizes,
        microsoft: microsoft && features.microsoft,
        variable: local_part == "bounces" && features.variable_senders,
        day,
        night,
    }
}

fn small_application(index: u32, features: &Features) -> Sender {
    let domain = if index.is_multiple_of(3) {
        format!("team{}.example.com", index % 50)
    } else {
        "contoso.com".to_owned()
    };
    Sender {
        local_part: format!("app{index}"),
        domain,
        entry: Entry::Smtp {
            name: format!("app{index}.contoso.com"),
            ip: format!("10.21.{}.{}", index / 250 % 250, index % 250 + 1),
            user: None,
        },
        sizes: [Sizes::Letter, Sizes::Alert, Sizes::Invoice][index as usize % 3],
        microsoft: index.is_multiple_of(2) && features.microsoft,
        variable: false,
        day: 2,
        night: 1,
    }
}

impl Sizes {
    /// The size of one message in bytes.
    pub(super) fn draw(self, random: &mut Random) -> u64 {
        match self {
            Sizes::Alert => random.between(1_200, 4_000),
            Sizes::Letter => random.mostly_low(3_000, 14_000),
            Sizes::Invoice => random.mostly_low(50_000, 500_000),
            Sizes::Newsletter => random.between(20_000, 70_000),
            Sizes::Scan => random.mostly_low(300_000, 6_000_000),
        }
    }
}

/// A recipient by number and domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Address {
    pub(super) number: u64,
    pub(super) domain: usize,
}

impl Address {
    /// A recipient among the thousands that a company writes to.
    pub(super) fn draw(random: &mut Random) -> Address {
        let domain =
            random.below(RECIPIENT_DOMAINS.len() as u64).min(random.below(RECIPIENT_DOMAINS.len() as u64));
        Address { number: random.below(40_000), domain: domain as usize }
    }

    /// Its domain.
    pub(super) fn domain(self) -> &'static str {
        RECIPIENT_DOMAINS.get(self.domain).copied().unwrap_or("example.net")
    }

    /// Appends `customer.4711@example.net`, with another character in place of the `@` where wished.
    pub(super) fn put(self, line: &mut Vec<u8>, at: &str) {
        let mailbox = MAILBOXES[self.number as usize % MAILBOXES.len()];
        line.text(mailbox).text(".").number(self.number).text(at).text(self.domain());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_is_chosen_by_its_share() {
        let cast = Cast::new(12, &Features::ALL);
        let mut random = Random::new(5);
        let mut chosen = [0; 12];
        for _ in 0..10_000 {
            chosen[cast.choose(false, &mut random)] += 1;
        }
        assert!(chosen.iter().all(|&times| times > 50), "{chosen:?}");
        assert!(chosen[0] > 2_000, "{chosen:?}");
        assert_eq!(Cast::new(0, &Features::NONE).choose(true, &mut random), 0);
    }
}
